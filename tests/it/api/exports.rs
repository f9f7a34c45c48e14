//! Large answers pass through: the process does not hold them, and whoever reads slowly does not hold up others.

use super::schema::{get, town_database};
use crate::support::{TestApp, TestDatabase};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const ROWS: usize = 100_000;
/// The bound of the export, in kB.
const MOST_MEMORY: u64 = 100 * 1024;

/// The town with a table of 100,000 rows of some 250 bytes each.
async fn large_database() -> TestDatabase {
    let database = town_database().await;
    database
        .execute(&format!(
            "create table shop.readings (id int primary key, place text, note text, taken timestamptz, value numeric);
             insert into shop.readings select n, 'Place ' || n % 100, repeat(md5(n::text), 5), now(), n * 1.5
               from generate_series(1, {ROWS}) n;
             create function shop.all_readings() returns setof shop.readings language sql stable as $$
               select * from shop.readings $$;
             grant select on shop.readings to web_anon;
             grant execute on function shop.all_readings to web_anon"
        ))
        .await;
    database
}

async fn serve(database: TestDatabase, connections: u32) -> TestApp {
    serve_with_room(database, connections, None).await
}

/// With so many bytes for large values.
async fn serve_with_room(database: TestDatabase, connections: u32, room: Option<u64>) -> TestApp {
    TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.database.pool_api = connections;
        config.limits.held_bytes = room;
    })
    .await
}

/// Most memory that the process ever had resident, in kB.
fn peak(app: &TestApp) -> u64 {
    memory(app, "VmHWM:")
}

/// A line of the process's status, in kB.
fn memory(app: &TestApp, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.trim().trim_end_matches("kB").trim().parse().expect("number")
}

#[tokio::test]
async fn a_hundred_thousand_rows_pass_through_in_bounded_memory() {
    let app = serve(large_database().await, 10).await;
    let before = peak(&app);
    let read = async |path: &str, accept: &str| {
        let answer = app.get(path).header("accept", accept).send().await.expect("answer");
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-range"], format!("0-{}/*", ROWS - 1), "{path}");
        let length: usize = answer.headers()["content-length"].to_str().expect("text").parse().expect("number");
        let bytes = answer.bytes().await.expect("the whole answer");
        assert_eq!(bytes.len(), length, "{path}");
        assert!(length > 20_000_000, "{path} is large: {length}");
        bytes
    };
    for path in ["/api/readings?order=id", "/api/rpc/all_readings?order=id"] {
        let json: Vec<Value> = serde_json::from_slice(&read(path, "application/json").await).expect("JSON");
        assert_eq!((json.len(), &json[ROWS - 1]["id"]), (ROWS, &json!(ROWS)), "{path}");
    }
    let csv = read("/api/readings?order=id", "text/csv").await;
    let text = std::str::from_utf8(&csv).expect("text");
    assert_eq!(text.lines().count(), ROWS + 1);
    assert!(text.starts_with("id,place,note,taken,value\n1,\"Place 1\",") && !text.ends_with('\n'));
    // Several at once.
    let (first, second) =
        tokio::join!(read("/api/readings", "application/json"), read("/api/readings", "application/json"));
    assert_eq!(first, second);
    let after = peak(&app);
    println!("resident at most: {before} kB before, {after} kB after");
    assert!(after < MOST_MEMORY, "{after} kB");
}

/// Asks for everything and reads nothing.
async fn unread(app: &TestApp) -> TcpStream {
    let address = app.base_url.trim_start_matches("http://");
    let mut client = TcpStream::connect(address).await.expect("connect");
    client.write_all(b"GET /api/readings HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("send");
    client
}

/// Backends of this database that wait for somebody to take what they send.
async fn blocked(owner: &tokio_postgres::Client) -> i64 {
    let sql = "select count(*) from pg_stat_activity
               where datname = current_database() and usename = 'authenticator' and wait_event = 'ClientWrite'";
    owner.query_one(sql, &[]).await.expect("activity").get(0)
}

async fn until_blocked(owner: &tokio_postgres::Client, wanted: i64, app: &TestApp) {
    let limit = Instant::now() + Duration::from_secs(60);
    while blocked(owner).await != wanted {
        assert!(Instant::now() < limit, "never {wanted} backends that wait\n{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is left to read: bytes announced and bytes that came.
async fn rest(mut client: TcpStream) -> (usize, usize) {
    let mut all = Vec::new();
    // A connection that is reset is as incomplete as one that is closed.
    let _ = client.read_to_end(&mut all).await;
    let end = all.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("length");
    (length.parse().expect("number"), all.len() - end)
}

#[tokio::test]
async fn a_slow_reader_holds_up_nobody_and_is_given_up() {
    let app = serve(large_database().await, 2).await;
    let owner = app.database().connect().await;
    let slow = unread(&app).await;
    until_blocked(&owner, 1, &app).await;
    // The other connection is not lent to readers, however many come.
    let others = [unread(&app).await, unread(&app).await];
    for _ in 0..20 {
        assert_eq!(get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]));
    }
    assert!(blocked(&owner).await <= 1);
    until_blocked(&owner, 0, &app).await;
    let (announced, came) = rest(slow).await;
    assert!(came < announced, "what was given up looks incomplete: {came} of {announced}");
    drop(others);
    assert_eq!(get(&app, "/readings?select=id&limit=1&order=id").await, json!([{"id": 1}]));
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_leaves_an_incomplete_answer() {
    let app = serve(large_database().await, 2).await;
    let owner = app.database().connect().await;
    let client = unread(&app).await;
    until_blocked(&owner, 1, &app).await;
    let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and usename = 'authenticator' and wait_event = 'ClientWrite'";
    owner.query_one(kill, &[]).await.expect("kill");
    let (announced, came) = rest(client).await;
    assert!(came < announced, "{came} of {announced}");
    assert_eq!(get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]));
    // A reader that leaves gives its connection back.
    let client = unread(&app).await;
    until_blocked(&owner, 1, &app).await;
    drop(client);
    until_blocked(&owner, 0, &app).await;
}

#[tokio::test]
async fn an_answer_that_comes_whole_is_held_once() {
    let app = serve(large_database().await, 2).await;
    let owner = app.database().connect().await;
    // Has the one connection that is lent to readers.
    let slow = unread(&app).await;
    until_blocked(&owner, 1, &app).await;
    let before = peak(&app);
    let answer = app.get("/api/readings?order=id").send().await.expect("answer");
    let length = answer.bytes().await.expect("the whole answer").len() as u64 / 1024;
    let more = peak(&app) - before;
    println!("{length} kB took {more} kB");
    assert!(more > length / 2, "it came whole: {more} kB of {length}");
    assert!(more < length + 12 * 1024, "{more} kB for {length} kB");
    drop(slow);
}

#[tokio::test]
async fn large_bodies_are_held_twice_and_given_back() {
    const BODY: u64 = 9 * 1024;
    let app = serve(large_database().await, 4).await;
    app.database().execute("grant insert on shop.readings to web_anon").await;
    let send = async |id: usize, length: usize| {
        let body = json!([{"id": ROWS + 1 + id, "note": "x".repeat(length)}]);
        let answer =
            app.http().post(format!("{}/api/readings", app.base_url)).json(&body).send().await.expect("answer");
        assert_eq!(answer.status(), 201);
    };
    send(0, 10).await;
    let (before, resident) = (peak(&app), memory(&app, "VmRSS:"));
    for id in (1..=12).step_by(4) {
        futures_util::future::join_all((id..id + 4).map(|id| send(id, BODY as usize * 1024))).await;
    }
    let more = peak(&app) - before;
    println!("bodies of {BODY} kB took {more} kB; resident {resident} kB before, {} kB after", memory(&app, "VmRSS:"));
    assert!(more < 4 * 2 * BODY + 8 * 1024, "{more} kB for four bodies of {BODY} kB");
    let left = memory(&app, "VmRSS:").saturating_sub(resident);
    assert!(left < BODY, "{left} kB are left");
}

#[tokio::test]
async fn answers_wait_for_room_when_others_are_held_whole() {
    let app = serve_with_room(large_database().await, 3, Some(30_000_000)).await;
    let owner = app.database().connect().await;
    // Has the one connection that is lent to readers.
    let slow = unread(&app).await;
    until_blocked(&owner, 1, &app).await;
    // Held whole, and not taken: it has the room.
    let held = unread(&app).await;
    let asked = Instant::now();
    while app.log().matches("\"GET /api/readings HTTP/1.1\" 200").count() < 2 {
        assert!(asked.elapsed() < Duration::from_secs(30), "it never came whole");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = peak(&app);
    let waiting = unread(&app).await;
    until_blocked(&owner, 2, &app).await;
    assert_eq!(get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]), "others are served");
    let more = peak(&app) - before;
    assert!(more < 8 * 1024, "{more} kB for an answer that has to wait");
    let (announced, came) = rest(held).await;
    assert_eq!(announced, came);
    let (announced, came) = rest(waiting).await;
    assert_eq!(announced, came, "it had the room then");
    drop(slow);
}

#[tokio::test]
async fn bodies_for_which_there_is_no_room_are_asked_to_come_again() {
    let database = town_database().await;
    let sql =
        "create table shop.letters (id int primary key, note text); grant select, insert on shop.letters to web_anon";
    database.execute(sql).await;
    let app = serve_with_room(database, 3, Some(1_000_000)).await;
    let send = async |id: usize, length: usize| {
        let body = json!([{"id": id, "note": "x".repeat(length)}]);
        app.http().post(format!("{}/api/letters", app.base_url)).json(&body).send().await.expect("answer")
    };
    assert_eq!(send(1, 900_000).await.status(), 201, "alone it has all of it, though it counts twice");
    // Somebody who sends most of a letter and stops has what there is.
    let address = app.base_url.trim_start_matches("http://");
    let mut slow = TcpStream::connect(address).await.expect("connect");
    let head =
        "POST /api/letters HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 900000\r\n\r\n";
    slow.write_all(format!("{head}[{{\"id\": 2, \"note\": \"{}", "y".repeat(700_000)).as_bytes()).await.expect("sent");
    let refused = loop {
        let answer = send(3, 300_000).await;
        // Until it has arrived there is room.
        if answer.status() != 409 && answer.status() != 201 {
            break answer;
        }
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "2");
    let figures = app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("answer").text().await;
    let figures = figures.expect("figures");
    let figure =
        |name: &str| figures.lines().find_map(|line| line.strip_prefix(name)).and_then(|it| it.trim().parse().ok());
    let (taken, size): (Option<u64>, Option<u64>) =
        (figure("civic_os_held_bytes "), figure("civic_os_held_bytes_max "));
    assert!(
        taken.is_some_and(|taken| taken > 700_000) && size.is_some_and(|size| size <= 1_000_000),
        "{taken:?} of {size:?}"
    );
    let told: Value = refused.json().await.expect("JSON");
    assert_eq!(
        (&told["code"], &told["message"]),
        (&json!("CO503"), &json!("Too many large requests at the same time"))
    );
    assert_eq!(send(4, 10_000).await.status(), 201, "small ones need no room");
    drop(slow);
    let limit = Instant::now() + Duration::from_secs(20);
    while send(5, 300_000).await.status() == 503 {
        assert!(Instant::now() < limit, "the room never came back");
    }
    assert_eq!(get(&app, "/letters?select=id&id=in.(4,5)&order=id").await, json!([{"id": 4}, {"id": 5}]));
}
