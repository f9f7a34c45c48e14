//! What people and machines get wrong: one clear message, nothing lost.

use crate::support::{TestApp, TestDatabase, binary, free_port, test_config};
use civic_os::config::Config;
use reqwest::Method;
use serde_json::Value;
use std::process::Stdio;

fn refused_start(config: &Config, more: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("folder");
    let mut command = binary();
    command
        .args(["serve", "--role", "api"])
        .current_dir(folder.path())
        .env("CIVIC_OS_WEB__LISTEN", &config.web.listen)
        .env("CIVIC_OS_ADMIN__LISTEN", &config.admin.listen)
        .envs(more.iter().copied())
        .stdin(Stdio::null());
    let output = command.output().expect("run the binary");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn a_busy_port_names_the_key() {
    let config = test_config();
    let url = format!("postgresql://nobody@127.0.0.1:{}/none", free_port());
    let settings = [("CIVIC_OS_DATABASE__URL", url.as_str()), ("CIVIC_OS_AUTH__JWT_SECRET", "x".repeat(32).leak())];
    for (listen, key) in [(&config.web.listen, "web.listen"), (&config.admin.listen, "admin.listen")] {
        let _busy = std::net::TcpListener::bind(listen.as_str()).expect("port");
        let (code, message) = refused_start(&config, &settings);
        assert!(matches!(code, Some(1 | 2)), "{code:?}: {message}");
        assert!(message.contains(key) && message.contains(listen.as_str()), "{message}");
    }
}

#[test]
fn a_missing_database_url_is_named() {
    let (code, message) = refused_start(&test_config(), &[]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("database.url"), "{message}");
}

#[tokio::test]
async fn unknown_routes_and_bodies_are_answered_by_kind() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| config.api.max_body_bytes = 10_000).await;

    let page = app.get("/no/such/page").header("accept", "text/html").send().await.expect("page");
    assert_eq!(page.status(), 200, "the web client shows its own not-found page");
    assert!(page.text().await.expect("text").contains("<html"));
    let other = app.get("/no/such/page").header("accept", "application/json").send().await.expect("other");
    assert_eq!(other.status(), 404, "only browsers get the page");
    let file = app.get("/assets/none.js").header("accept", "text/html").send().await.expect("file");
    assert_eq!(file.status(), 404, "a missing file is no page");

    let unknown = app.get("/api/no_such_table").send().await.expect("table");
    assert_eq!(unknown.status(), 404);
    let body: Value = unknown.json().await.expect("JSON");
    assert_eq!(body["code"], "PGRST205", "{body}");

    let token = app.token_for("admin", &["user", "editor", "admin"]);
    let post = |body: String| {
        app.request(Method::POST, "/api/statuses")
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(body)
            .send()
    };
    let malformed = post("{\"name\": ".into()).await.expect("malformed");
    assert_eq!(malformed.status(), 400);
    let body: Value = malformed.json().await.expect("JSON");
    assert_eq!(body["code"], "PGRST102", "{body}");

    let oversized = post(format!("{{\"description\":\"{}\"}}", "x".repeat(20_000))).await.expect("oversized");
    assert_eq!(oversized.status(), 413);
    let health = app.get("/health").send().await.expect("health");
    assert_eq!(health.text().await.expect("text"), "healthy\n", "it lives on");
}
