//! Settings that change in a running process: those in the database, those of roles, those of the file.

use super::schema::{get, send, town_database};
use crate::support::{TestApp, TestDatabase, free_port, http_client, tokens};
use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

/// Sets or resets a parameter of the pool's login in this database alone.
async fn set(database: &TestDatabase, name: &str, value: Option<&str>) {
    let change = match value {
        Some(value) => format!("set pgrst.{name} = '{value}'"),
        None => format!("reset pgrst.{name}"),
    };
    database.execute(&format!("alter role authenticator in database {} {change}", database.name())).await;
}

/// Asks until the answer is as wanted.
async fn until(app: &TestApp, path: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    let limit = Instant::now() + Duration::from_secs(20);
    loop {
        let (status, _, answer) = send(app, Method::GET, path, &[], "").await;
        if wanted(status.as_u16(), &answer) {
            return answer;
        }
        assert!(Instant::now() < limit, "{path} stays {status} {answer}\n{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn rows(count: usize) -> impl Fn(u16, &Value) -> bool {
    move |_, answer| answer.as_array().is_some_and(|rows| rows.len() == count)
}

#[tokio::test]
async fn settings_in_the_database_hold_from_the_first_request_and_change_when_asked() {
    let database = town_database().await;
    set(&database, "db_schemas", Some("shop, public")).await;
    set(&database, "db_max_rows", Some("1")).await;
    set(&database, "db_aggregates_enabled", Some("true")).await;
    set(&database, "server_trace_header", Some("X-Trace")).await;
    set(&database, "server_timing_enabled", Some("often")).await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["public".into()];
        config.api.db_max_rows = Some(100);
    })
    .await;
    assert_eq!(get(&app, "/products?select=id").await, json!([{"id": 1}]), "stronger than the file");
    assert_eq!(get(&app, "/products?select=id.count()").await, json!([{"count": 3}]));
    let (_, headers, _) = send(&app, Method::GET, "/kinds", &[("x-trace", "seven")], "").await;
    assert_eq!(headers["x-trace"], "seven");
    assert!(!headers.contains_key("server-timing"));
    assert!(app.log().contains("pgrst.server_timing_enabled must be true or false"), "{}", app.log());

    set(app.database(), "db_max_rows", Some("2")).await;
    assert_eq!(get(&app, "/products?select=id").await.as_array().map(Vec::len), Some(1), "not before it is asked for");
    app.database().execute("notify pgrst, 'reload config'").await;
    until(&app, "/products?select=id", rows(2)).await;
    set(app.database(), "db_max_rows", None).await;
    app.signal(Signal::SIGUSR2);
    until(&app, "/products?select=id", rows(3)).await;
    // Other schemas need another schema cache.
    set(app.database(), "db_schemas", Some("public")).await;
    app.database().execute("notify pgrst, 'reload config'").await;
    until(&app, "/products?select=id", |status, _| status == 404).await;
}

#[tokio::test]
async fn a_function_may_set_what_the_login_does_not() {
    let database = town_database().await;
    database
        .execute(
            "create function shop.pre_config() returns void language sql as $$
               select set_config('pgrst.db_max_rows', '2', true), set_config('pgrst.db_plan_enabled', 'true', true) $$;
             grant usage on schema shop to authenticator",
        )
        .await;
    let set_up = |config: &mut civic_os::config::Config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_pre_config = Some("shop.pre_config".into());
    };
    set(&database, "db_max_rows", Some("1")).await;
    let app = TestApp::spawn(database, set_up).await;
    assert_eq!(get(&app, "/products?select=id").await.as_array().map(Vec::len), Some(1), "the login's own is stronger");
    let plan = [("accept", "application/vnd.pgrst.plan+json")];
    assert_eq!(send(&app, Method::GET, "/products", &plan, "").await.0.as_u16(), 200);
    set(app.database(), "db_max_rows", None).await;
    app.database().execute("notify pgrst, 'reload config'").await;
    until(&app, "/products?select=id", rows(2)).await;
    // A function that fails keeps nobody from working; what it said before is gone.
    app.database().execute("drop function shop.pre_config(); notify pgrst, 'reload config'").await;
    until(&app, "/products?select=id", rows(3)).await;
    assert!(app.log().contains("Settings in the database could not be read"), "{}", app.log());
}

#[tokio::test]
async fn an_answer_that_the_limit_cut_says_so_and_a_whole_one_does_not() {
    let database = town_database().await;
    database
        .execute(
            "create function shop.listed() returns setof shop.products stable language sql as
               $$ select * from shop.products order by id $$",
        )
        .await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_max_rows = Some(2);
    })
    .await;
    for (path, cut) in [
        ("/products?select=id", true),
        ("/products?select=id&limit=3", true),
        ("/products?select=id&limit=2", false),
        ("/products?select=id&order=id&offset=2", false),
        ("/products?select=id&id=lte.1", false),
        ("/products?select=id&id=lt.0", false),
        ("/rpc/listed?select=id", true),
        ("/rpc/listed?select=id&offset=2", false),
    ] {
        for more in [&[][..], &[("prefer", "count=exact")], &[("accept", "text/csv")]] {
            let (status, headers, answer) = send(&app, Method::GET, path, more, "").await;
            assert!(status.is_success(), "{path}: {status} {answer}");
            assert_eq!(headers.get("x-max-rows").map(|it| it.as_bytes()), cut.then_some(&b"2"[..]), "{path} {more:?}");
        }
    }
    // Scripts of other origins may read it where it is.
    for (path, exposed) in [("/products?select=id", true), ("/products?select=id&id=lte.1", false)] {
        let (_, headers, _) = send(&app, Method::GET, path, &[("origin", "https://town.example")], "").await;
        let names = headers["access-control-expose-headers"].to_str().expect("text");
        assert_eq!(names.contains("X-Max-Rows"), exposed, "{path}: {names}");
    }
    // As a client reads on.
    let (_, headers, answer) = send(&app, Method::POST, "/rpc/listed?select=id&offset=2", &[], "{}").await;
    assert_eq!((headers.get("x-max-rows"), answer), (None, json!([{"id": 3}])));
}

#[tokio::test]
async fn without_db_config_the_database_says_nothing() {
    let database = town_database().await;
    set(&database, "db_max_rows", Some("1")).await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_config = false;
    })
    .await;
    assert_eq!(get(&app, "/products?select=id").await.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn rules_for_tokens_change_with_the_settings() {
    let database = town_database().await;
    let app = TestApp::spawn(database, |config| config.api.db_schemas = vec!["shop".into()]).await;
    let other = "another-secret-of-more-than-thirty-two-bytes";
    let (old, new) = (app.token_for("ann", &["user"]), tokens::sign_with(&tokens::claims("ann", &["user"]), other));
    let status = async |token: &str| app.get("/api/kinds").bearer_auth(token).send().await.expect("answer").status();
    assert_eq!((status(&old).await, status(&new).await), (200.try_into().unwrap(), 401.try_into().unwrap()));
    set(app.database(), "jwt_secret", Some(other)).await;
    app.database().execute("notify pgrst, 'reload config'").await;
    let limit = Instant::now() + Duration::from_secs(20);
    while status(&new).await != 200 {
        assert!(Instant::now() < limit, "{}", app.log());
    }
    assert_eq!(status(&old).await, 401, "a verified token does not outlive its key");
    assert!(!app.log().contains(other));
    // A key that cannot be used changes nothing.
    set(app.database(), "jwt_secret", Some("{\"kty\": 1}")).await;
    app.database().execute("notify pgrst, 'reload config'").await;
    while !app.log().contains("The rules for tokens could not be changed") {
        assert!(Instant::now() < limit, "{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(status(&new).await, 200);
}

#[tokio::test]
async fn settings_of_roles_are_read_again() {
    let database = town_database().await;
    let role = format!("clerk_{}", database.name());
    database
        .execute(&format!(
            "create role {role}; grant {role} to authenticator; grant usage on schema shop to {role};
             create function shop.seen(name text) returns text language sql stable as $$ select current_setting(name) $$;
             grant execute on function shop.seen to {role};
             alter role {role} set statement_timeout = '77s'; alter role {role} set default_transaction_isolation = 'Repeatable Read'"
        ))
        .await;
    let anonymous = role.clone();
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_anon_role = Some(anonymous);
        config.api.db_pre_request = None;
    })
    .await;
    assert_eq!(get(&app, "/rpc/seen?name=statement_timeout").await, "77s");
    assert_eq!(get(&app, "/rpc/seen?name=transaction_isolation").await, "repeatable read");
    let sql = format!("alter role {role} set statement_timeout = '78s'; notify pgrst, 'reload config'");
    app.database().execute(&sql).await;
    until(&app, "/rpc/seen?name=statement_timeout", |_, answer| answer == "78s").await;
    let database = app.database();
    database.execute(&format!("drop owned by {role}; drop role {role}")).await;
}

#[tokio::test]
async fn the_file_is_read_again_on_sigusr2_and_a_bad_one_changes_nothing() {
    let database = town_database().await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_max_rows = Some(1);
    })
    .await;
    let file = app.folder().join("civic-os.toml");
    let text = std::fs::read_to_string(&file).expect("file");
    let edit = |from: &str, to: &str| {
        let edited = text.replace(from, to);
        assert_ne!(edited, text);
        std::fs::write(&file, edited).expect("write");
        app.signal(Signal::SIGUSR2);
    };
    edit("db_max_rows = 1", "db_max_rows = 2");
    until(&app, "/products?select=id", rows(2)).await;
    edit("db_max_rows = 1", "db_max_rows = \"no number\"");
    let limit = Instant::now() + Duration::from_secs(20);
    while !app.log().contains("The configuration was not reloaded") {
        assert!(Instant::now() < limit, "{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(get(&app, "/products?select=id").await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn settings_of_functions_are_hoisted_as_configured() {
    let database = town_database().await;
    database
        .execute(
            "create function shop.hoisted() returns text language sql stable set work_mem = '5MB' as $$
               select current_setting('work_mem') $$;
             create function shop.outside() returns text language sql stable as $$ select current_setting('work_mem') $$;
             create function shop.slow() returns void language plpgsql set statement_timeout = '50ms' as $$
               begin perform pg_sleep(10); end $$;
             grant execute on all functions in schema shop to web_anon",
        )
        .await;
    let app = TestApp::spawn(database, |config| config.api.db_schemas = vec!["shop".into()]).await;
    // The statement's own timeout cannot be changed by a function that it calls; hoisted it can.
    let (status, _, answer) = send(&app, Method::POST, "/rpc/slow", &[], "{}").await;
    assert_eq!((status.as_u16(), &answer["code"]), (500, &json!("57014")), "{answer}");
    set(app.database(), "db_hoisted_tx_settings", Some("work_mem")).await;
    app.database().execute("notify pgrst, 'reload config'").await;
    let limit = Instant::now() + Duration::from_secs(20);
    while !app.log().contains("Configuration reloaded") {
        assert!(Instant::now() < limit, "{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(get(&app, "/rpc/hoisted").await, "5MB");
    assert_ne!(get(&app, "/rpc/outside").await, "5MB");
    let started = app.request(Method::POST, "/api/rpc/slow").timeout(Duration::from_millis(500)).send().await;
    assert!(started.is_err(), "not hoisted any more, so nothing stops it");
}

#[tokio::test]
async fn a_unix_socket_takes_the_place_of_the_port() {
    let folder = tempfile::tempdir().expect("folder");
    let socket = folder.path().join("api.sock");
    // What a process that died leaves behind.
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("bind"));
    let port = free_port();
    let path = socket.clone();
    let app = TestApp::spawn(town_database().await, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.listen = Some(format!("127.0.0.1:{port}"));
        config.api.server_unix_socket = Some(path);
        config.api.server_unix_socket_mode = "600".into();
    })
    .await;
    let mode = std::fs::metadata(&socket).expect("socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let client = reqwest::Client::builder().unix_socket(socket.as_path()).build().expect("client");
    let answer = client.get("http://localhost/kinds?id=eq.1").send().await.expect("answer");
    assert_eq!(answer.json::<Value>().await.expect("JSON"), json!([{"id": 1, "name": "tool"}]));
    assert!(http_client().get(format!("http://127.0.0.1:{port}/kinds")).send().await.is_err(), "no port");
    assert_eq!(http_client().get(format!("{}/live", app.admin_url)).send().await.expect("live").status(), 200);
}

#[tokio::test]
async fn the_schema_is_read_again_on_sigusr1_and_not_by_itself() {
    let database = town_database().await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_channel_enabled = false;
    })
    .await;
    app.database()
        .execute("create table shop.later (id int); grant select on shop.later to web_anon; notify pgrst")
        .await;
    // The settings are read without the schema, and that takes longer than a notification would.
    app.signal(Signal::SIGUSR2);
    let limit = Instant::now() + Duration::from_secs(20);
    while !app.log().contains("Configuration reloaded") {
        assert!(Instant::now() < limit, "{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(send(&app, Method::GET, "/later", &[], "").await.0, 404, "nobody listens on the channel");
    app.signal(Signal::SIGUSR1);
    until(&app, "/later", |status, _| status == 200).await;
    // What services expect to mean "read again".
    let reloads = || app.log().matches("Configuration reloaded").count();
    let before = reloads();
    app.database().execute("create table shop.last (id int); grant select on shop.last to web_anon").await;
    app.signal(Signal::SIGHUP);
    until(&app, "/last", |status, _| status == 200).await;
    assert_eq!(reloads(), before + 1);
}
