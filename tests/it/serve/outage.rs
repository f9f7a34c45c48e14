//! PostgreSQL is away: at the start, later, for good. Answers are PostgREST's, and recovery needs nobody.

use crate::support::{Proxy, TestApp, TestDatabase, test_config};
use civic_os::config::Secret;
use serde_json::Value;

/// What every API answer looks like while the database is away.
async fn assert_unavailable(app: &TestApp) {
    let answer = app.get("/api/schema_entities").send().await.expect("an answer");
    assert_eq!(answer.status(), 503);
    assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("application/json"));
    let body: Value = answer.json().await.expect("JSON");
    let code = body["code"].as_str().unwrap_or_default();
    assert!(matches!(code, "PGRST000" | "PGRST001" | "PGRST002"), "{body}");
    for field in ["message", "details", "hint"] {
        assert!(body.as_object().expect("object").contains_key(field), "{body}");
    }
    let text = body.to_string();
    assert!(!text.contains("127.0.0.1:") && !text.contains("password"), "no address or secret: {text}");

    let page = app.get("/").header("accept", "text/html").send().await.expect("page");
    assert_eq!(page.status(), 200, "the web client loads all the same");
    let live = app.http().get(format!("{}/live", app.admin_url)).send().await.expect("live");
    assert_eq!(live.status(), 200, "the process is well");
}

async fn assert_works(app: &TestApp) {
    let answer = app.get("/api/schema_entities").send().await.expect("an answer");
    assert_eq!(answer.status(), 200, "{}", app.log());
}

#[tokio::test]
async fn a_database_that_is_away_comes_back_by_itself() {
    let database = TestDatabase::create().await;
    let direct = database.authenticator_url();
    let proxy = Proxy::cut_in_front_of(direct.expose().expect("URL"));
    let mut config = test_config();
    config.database.url = Secret::new(proxy.url(direct.expose().expect("URL")));

    // Down at the start.
    let mut app = TestApp::launch(&config, &["api"]);
    app.wait_until("/live", |status| status == 200).await;
    app.wait_until("/ready", |status| status == 503).await;
    assert_unavailable(&app).await;

    proxy.resume().await;
    app.wait_until("/ready", |status| status == 200).await;
    assert_works(&app).await;

    // And later.
    proxy.cut().await;
    app.wait_until("/ready", |status| status == 503).await;
    assert_unavailable(&app).await;
    proxy.resume().await;
    app.wait_until("/ready", |status| status == 200).await;
    assert_works(&app).await;
}

#[tokio::test]
async fn a_server_restart_ends_sessions_but_no_request_afterwards() {
    let mut app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    assert_works(&app).await;
    let client = app.database().connect().await;
    let ended = client
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
            &[],
        )
        .await
        .expect("end sessions");
    assert!(ended > 0, "there were sessions to end");
    app.wait_until("/ready", |status| status == 200).await;
    // The pool may hand out one more dead connection; it must notice that by itself.
    assert_works(&app).await;
}
