//! Which requests are logged, and what of them.

use super::schema::{send, town_database};
use crate::support::TestApp;
use civic_os::config::{LogQuery, RequestLogLevel};
use reqwest::Method;

#[tokio::test]
async fn requests_are_logged_from_the_configured_status_on() {
    for (level, logs_success, logs_refusal) in [
        (Some(RequestLogLevel::Crit), false, false),
        (Some(RequestLogLevel::Error), false, false),
        (Some(RequestLogLevel::Warn), false, true),
        (Some(RequestLogLevel::Info), true, true),
        (None, true, true),
    ] {
        let app = TestApp::spawn(town_database().await, |config| {
            config.api.db_schemas = vec!["shop".into()];
            config.api.log_level = level;
        })
        .await;
        let token = app.token_for("ann", &["user"]);
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("user-agent", "test \"agent\""), ("referer", "http://a/b")];
        send(&app, Method::GET, "/kinds?id=eq.1&select=id", &headers, "").await;
        send(&app, Method::GET, "/nothing", &[], "").await;
        let log = app.log();
        let success = "\"GET /api/kinds?id=eq.1&select=id HTTP/1.1\" 200 10 \"http://a/b\" \"test 'agent'\"";
        assert_eq!(log.contains(success), logs_success, "{level:?}: {log}");
        assert_eq!(
            log.contains("127.0.0.1 - web_anon \"GET /api/nothing HTTP/1.1\" 404"),
            logs_refusal,
            "{level:?}: {log}"
        );
        assert!(!log.contains(&token), "no token in a log");
        assert!(!log.contains("select \""), "no SQL unless asked for: {log}");
    }
}

#[tokio::test]
async fn statements_are_logged_with_their_requests_and_without_values() {
    let app = TestApp::spawn(town_database().await, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.log_level = Some(RequestLogLevel::Warn);
        config.api.log_query = LogQuery::MainQuery;
    })
    .await;
    send(&app, Method::GET, "/kinds?name=eq.tool", &[], "").await;
    assert!(!app.log().contains("sql="), "its request is not logged: {}", app.log());
    send(&app, Method::GET, "/kinds?id=eq.tool", &[], "").await;
    let log = app.log();
    assert!(log.contains(r#"\"shop\".\"kinds\""#) && log.contains("$1") && !log.contains("sql=\"tool"), "{log}");
}

#[tokio::test]
async fn slow_statements_are_logged_with_their_request_and_without_values() {
    let database = town_database().await;
    database
        .execute(
            "create function shop.dawdle(text) returns text language sql volatile as $$ select $1 from pg_sleep(0.06) $$;
             grant execute on function shop.dawdle to web_anon",
        )
        .await;
    for (limit, logs) in [(50, true), (0, false)] {
        let app = TestApp::spawn_on(&database, |config| {
            config.api.db_schemas = vec!["shop".into()];
            config.log.slow_query_ms = limit;
        })
        .await;
        let url = format!("{}/api/rpc/dawdle", app.base_url);
        let request = app.http().post(url).header("content-type", "text/plain").body("a private value");
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", app.log());
        let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
        let log = app.log();
        // On a busy machine others may take as long.
        let line = log.lines().find(|line| line.contains("A statement took") && line.contains("dawdle"));
        assert_eq!(line.is_some(), logs, "{log}");
        if let Some(line) = line {
            for part in ["dawdle", &id, "web_anon", "lane=\"api\""] {
                assert!(line.contains(part), "no {part} in {line}");
            }
            assert!(!line.contains("private value"), "{line}");
        }
    }
}
