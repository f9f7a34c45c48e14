//! The page that shows the API: served by the binary itself, within our own security policy.

use crate::support::{TestApp, TestDatabase};
use serde_json::Value;

#[tokio::test]
async fn swagger_ui_is_served_with_our_policy_and_reads_our_document() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let page = app.get("/api-docs/").header("accept", "text/html").send().await.expect("page");
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().expect("text").to_owned();
    let scripts = policy.split("; ").find(|part| part.starts_with("script-src")).expect("scripts").to_owned();
    assert!(!scripts.contains("unsafe"), "{scripts}");
    let html = page.text().await.expect("text");
    assert!(!html.contains("<style") && html.matches("<script").count() == html.matches("src=").count(), "{html}");
    assert!(!html.contains("//"), "nothing from elsewhere: {html}");
    for (file, kind) in [("swagger-ui-bundle.js", "javascript"), ("swagger-ui.css", "css"), ("page.js", "javascript")] {
        assert!(html.contains(file));
        let answer = app.get(&format!("/api-docs/{file}")).send().await.expect("file");
        assert_eq!(answer.status(), 200, "{file}");
        assert!(answer.headers()["content-type"].to_str().expect("text").contains(kind), "{file}");
    }
    let bare =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().expect("client");
    let moved = bare.get(format!("{}/api-docs", app.base_url)).send().await.expect("redirect");
    assert_eq!((moved.status().as_u16(), &moved.headers()["location"]), (308, &"/api-docs/".parse().expect("text")));
    let document = app.get("/api/").header("accept", "application/openapi+json").send().await.expect("document");
    let document: Value = document.json().await.expect("JSON");
    assert_eq!(document["swagger"], "2.0");
    assert_eq!(document["basePath"], "/api", "{}", document["basePath"]);
}
