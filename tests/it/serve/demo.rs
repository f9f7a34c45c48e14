//! `civic-os demo` as a stranger meets it.

use crate::support::{ServerProcess, binary, free_port, http_client};
use nix::sys::signal::Signal;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

const LIMIT: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
    folder
}

/// A demo with its data in `data`; the process's own folder holds the log only.
fn start(data: &Path, port: u16, more: &[&str]) -> ServerProcess {
    let mut command = binary();
    command.arg("demo").arg("--data-dir").arg(data).args(["--listen", &format!("127.0.0.1:{port}")]).args(more);
    ServerProcess::spawn(command, tempfile::tempdir().expect("folder"))
}

/// Runs a demo that must not start; its exit code and what it said.
fn refused(data: &Path, listen: &str, more: &[&str]) -> (Option<i32>, String) {
    let output = binary()
        .arg("demo")
        .arg("--data-dir")
        .arg(data)
        .args(["--listen", listen])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .expect("run the binary");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Line of the server's state file, from 1.
fn postmaster_line(data: &Path, line: usize) -> Option<String> {
    let text = std::fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?;
    text.lines().nth(line - 1).map(|line| line.trim().to_owned())
}

async fn owner(data: &Path) -> Client {
    let password = std::fs::read_to_string(data.join("secrets/owner.password")).expect("password");
    let port = postmaster_line(data, 4).expect("port");
    let url = format!("postgresql://civic_os:{password}@127.0.0.1:{port}/civic_os");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("owner's connection");
    tokio::spawn(connection);
    client
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < limit, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_alive(pid: &str) -> bool {
    // A zombie is dead enough: nobody in a container may reap it.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn starts_stops_and_keeps_its_data() {
    let folder = folder();
    let data = folder.path().join("data");
    let port = free_port();
    let base = format!("http://127.0.0.1:{port}");
    let http = http_client();

    let mut demo = start(&data, port, &[]);
    demo.says("Ctrl-C").await;
    let screen = demo.log();
    for part in [&format!("{base}/"), "resident", "staff", "admin", "civic-os", &data.display().to_string(), "--reset"]
    {
        assert!(screen.contains(part), "the screen lacks {part}:\n{screen}");
    }
    let page = http.get(&base).header("accept", "text/html").send().await.expect("page");
    assert_eq!(page.status(), 200);
    let issuer: Value = http
        .get(format!("{base}/realms/civic-os/.well-known/openid-configuration"))
        .send()
        .await
        .expect("discovery")
        .json()
        .await
        .expect("JSON");
    assert_eq!(issuer["issuer"], format!("{base}/realms/civic-os"));
    let entities: Value = http
        .get(format!("{base}/api/schema_entities?select=table_name"))
        .send()
        .await
        .expect("API")
        .json()
        .await
        .expect("JSON");
    assert!(entities.as_array().is_some_and(|rows| !rows.is_empty()), "the example is there: {entities}");

    owner(&data).await.batch_execute("create table public.kept as select 1 as one").await.expect("write");
    let postmaster = postmaster_line(&data, 1).expect("pid");
    demo.signal(Signal::SIGTERM);
    assert!(demo.ended().await.success(), "{}", demo.log());
    assert!(!is_alive(&postmaster), "PostgreSQL has stopped with it");
    assert!(postmaster_line(&data, 1).is_none(), "and in order");

    // Killed outright, it leaves no server behind and no damage.
    let mut demo = start(&data, port, &[]);
    demo.says("Ctrl-C").await;
    let client = owner(&data).await;
    assert!(client.query_one("select one from public.kept", &[]).await.is_ok(), "data of the first start");
    client.batch_execute("insert into public.kept values (2)").await.expect("write");
    let postmaster = postmaster_line(&data, 1).expect("pid");
    demo.signal(Signal::SIGKILL);
    demo.ended().await;
    until("PostgreSQL ends with the killed process", || !is_alive(&postmaster)).await;

    let mut demo = start(&data, port, &[]);
    demo.says("Ctrl-C").await;
    let count: i64 = owner(&data).await.query_one("select count(*) from public.kept", &[]).await.expect("data").get(0);
    assert_eq!(count, 2, "nothing acknowledged was lost");

    // While it runs, another one in its place is refused and harms nothing.
    let (code, message) = refused(&data, &format!("127.0.0.1:{}", free_port()), &[]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("is in use by process") && message.contains("--data-dir"), "{message}");
    let (code, message) = refused(&data, &format!("127.0.0.1:{}", free_port()), &["--reset"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("is in use by process"), "{message}");
    assert_eq!(http.get(format!("{base}/health")).send().await.expect("health").status(), 200);
    demo.signal(Signal::SIGINT);
    assert!(demo.ended().await.success(), "{}", demo.log());

    let (code, message) = refused(&data, &format!("127.0.0.1:{port}"), &["--example", "wildlife-strikes"]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("`town`") && message.contains("--reset"), "{message}");

    let mut demo = start(&data, port, &["--reset"]);
    demo.says("Ctrl-C").await;
    let gone = owner(&data).await.query_one("select to_regclass('public.kept') is null", &[]).await.expect("query");
    assert!(gone.get::<_, bool>(0), "a reset starts from nothing");
    demo.signal(Signal::SIGTERM);
    assert!(demo.ended().await.success(), "{}", demo.log());
}

#[test]
fn a_busy_port_is_said_first() {
    let folder = folder();
    let data = folder.path().join("data");
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("port");
    let address = busy.local_addr().expect("address").to_string();
    let (code, message) = refused(&data, &address, &[]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains(&address) && message.contains("--listen"), "{message}");
    assert!(!data.exists(), "nothing was created for nothing");
}

#[test]
fn an_unwritable_data_folder_is_named() {
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("file");
    let (code, message) = refused(&file.join("data"), &format!("127.0.0.1:{}", free_port()), &[]);
    assert_eq!(code, Some(2), "{message}");
    assert!(message.contains("file/data") && message.contains("--data-dir"), "{message}");
    assert_eq!(message.trim().lines().count(), 1, "one message: {message}");
}

/// Follows "Forgot your password?" as a browser does; the answer of the first page when there is no such way.
async fn forget(http: &reqwest::Client, base: &str, name: &str) -> Option<u16> {
    let page =
        http.get(format!("{base}/realms/civic-os/login-actions/forgotten-password")).send().await.expect("a page");
    let cookies: Vec<String> = page
        .headers()
        .get_all("set-cookie")
        .iter()
        .filter_map(|cookie| cookie.to_str().ok()?.split(';').next().map(str::to_owned))
        .collect();
    let page = page.text().await.expect("text");
    let form = page.split("name=\"form\" value=\"").nth(1)?.split('"').next()?.to_owned();
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("form", &form)
        .append_pair("username", name)
        .finish();
    let request = http.post(format!("{base}/realms/civic-os/login-actions/forgotten-password")).body(body);
    let request =
        request.header("Content-Type", "application/x-www-form-urlencoded").header("Cookie", cookies.join("; "));
    Some(request.header("Origin", base).send().await.expect("an answer").status().as_u16())
}

#[tokio::test]
async fn letters_of_the_provider_lie_in_the_outbox_where_only_this_machine_can_knock() {
    let folder = folder();
    let data = folder.path().join("data");
    let port = free_port();
    let base = format!("http://127.0.0.1:{port}");
    let http = http_client();
    let mut demo = start(&data, port, &[]);
    demo.says("Ctrl-C").await;
    assert_eq!(forget(&http, &base, "resident").await, Some(200));
    let limit = Instant::now() + LIMIT;
    let letter = loop {
        let messages = http.get(format!("{base}/outbox/messages.json")).send().await.expect("outbox");
        let messages: Value = messages.json().await.expect("JSON");
        if let Some(letter) = messages.as_array().and_then(|all| all.first()) {
            break letter.clone();
        }
        assert!(Instant::now() < limit, "no letter in the outbox");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(letter["to"], "resident@example.org");
    let link = letter["links"][0].as_str().expect("a link");
    assert!(link.starts_with(&format!("{base}/realms/civic-os/login-actions/set-password?token=")), "{letter:#}");
    let page = http.get(link).send().await.expect("a page").text().await.expect("text");
    assert!(page.contains("name=\"new_password\""), "the link works: {page}");
    demo.signal(Signal::SIGTERM);
    assert!(demo.ended().await.success(), "{}", demo.log());

    // Reached from elsewhere the people have passwords of their own: nobody reads links to replace them.
    let mut command = binary();
    command.arg("demo").arg("--data-dir").arg(&data).args(["--listen", &format!("0.0.0.0:{port}")]);
    let mut demo = ServerProcess::spawn(command, tempfile::tempdir().expect("folder"));
    demo.says("Ctrl-C").await;
    assert_eq!(forget(&http, &base, "resident").await, None, "no letters");
    let messages = http.get(format!("{base}/outbox/messages.json")).send().await.expect("outbox");
    assert_eq!(messages.text().await.expect("text"), "[]");
    demo.signal(Signal::SIGTERM);
    assert!(demo.ended().await.success(), "{}", demo.log());
}
