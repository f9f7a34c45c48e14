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
