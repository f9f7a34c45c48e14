//! Refusals: code, status, message, hint; and what happens while the database is away.

use super::schema::{send, town};
use crate::support::{Proxy, TestApp, TestDatabase};
use civic_os::config::Secret;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn each_refusal_has_its_code() {
    let app = town().await;
    let strict = [("prefer", "handling=strict, odd")];
    for (method, path, headers, body, status, code) in [
        (Method::GET, "/products?select=(", &[][..], "", 400, "PGRST100"),
        (Method::GET, "/products?id=equals.1", &[], "", 400, "PGRST100"),
        (Method::GET, "/products?order=id.up", &[], "", 400, "PGRST100"),
        (Method::GET, "/products?or=(id.eq.1", &[], "", 400, "PGRST100"),
        (Method::POST, "/products", &[], "[1", 400, "PGRST102"),
        (Method::POST, "/products", &[], r#"[{"name":"a"},{"price":1}]"#, 400, "PGRST102"),
        (Method::POST, "/products", &[("content-type", "image/png")], "x", 400, "PGRST102"),
        (Method::GET, "/products?limit=-1", &[], "", 416, "PGRST103"),
        (Method::GET, "/products", &[("range", "5-2")], "", 416, "PGRST103"),
        (Method::GET, "/products", &[("accept-profile", "metadata")], "", 406, "PGRST106"),
        (Method::GET, "/products", &[("accept", "image/png")], "", 406, "PGRST107"),
        (Method::GET, "/products?kinds.id=eq.1", &[], "", 400, "PGRST108"),
        (Method::GET, "/products?order=kinds(id)", &[], "", 400, "PGRST108"),
        (Method::GET, "/products?select=tags(id)&order=tags(id)", &[], "", 400, "PGRST118"),
        (Method::GET, "/products", &strict, "", 400, "PGRST122"),
        (Method::GET, "/a/b", &[], "", 404, "PGRST125"),
        (Method::POST, "/", &[], "{}", 405, "PGRST117"),
        (Method::TRACE, "/products", &[], "", 405, "PGRST117"),
        (Method::GET, "/kinds?select=...products(id.sum())", &[], "", 400, "PGRST127"),
        (Method::GET, "/rpc/add?a=1&b=1", &[("prefer", "handling=strict, max-affected=1")], "", 400, "PGRST128"),
        (Method::GET, "/products?select=nowhere(id)", &[], "", 400, "PGRST200"),
        (Method::POST, "/products", &[], r#"{"colour":1}"#, 400, "PGRST204"),
        (Method::GET, "/product", &[], "", 404, "PGRST205"),
        (Method::GET, "/products", &[("authorization", "Bearer a.b")], "", 401, "PGRST301"),
        (Method::GET, "/products?colour=eq.red", &[], "", 400, "42703"),
        (Method::GET, "/products?id=eq.x", &[], "", 400, "22P02"),
        (Method::POST, "/products", &[], r#"{"name":"Hammer"}"#, 409, "23505"),
        (Method::POST, "/products", &[], r#"{"name":"z","kind_id":99}"#, 409, "23503"),
        (Method::POST, "/products", &[], r#"{"name":"z","price":-1}"#, 400, "23514"),
        (Method::POST, "/products", &[], r#"{"price":1}"#, 400, "23502"),
    ] {
        let (found, answer_headers, answer) = send(&app, method.clone(), path, headers, body).await;
        assert_eq!((found.as_u16(), answer["code"].as_str()), (status, Some(code)), "{method} {path}: {answer}");
        assert_eq!(answer_headers["content-type"], "application/json; charset=utf-8", "{path}");
        assert_eq!(
            answer_headers["proxy-status"].to_str().expect("text"),
            format!("PostgREST; error={code}"),
            "{path}"
        );
    }
    let (_, _, answer) = send(&app, Method::GET, "/product", &[], "").await;
    assert_eq!(answer["hint"], "Perhaps you meant the table 'shop.products'");
}

#[tokio::test]
async fn functions_raise_what_they_like() {
    let app = town().await;
    for (state, status) in
        [("P0001", 400), ("PT404", 404), ("42501", 401), ("23505", 409), ("57014", 500), ("53300", 503)]
    {
        let (found, _, answer) =
            send(&app, Method::POST, "/rpc/refuse", &[], &format!("{{\"state\":\"{state}\"}}")).await;
        assert_eq!(found.as_u16(), status, "{state}: {answer}");
        let expected = json!({"code": state, "message": format!("refused {state}"), "details": "why", "hint": "how"});
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_503_and_comes_back() {
    let database = TestDatabase::create().await;
    let url = database.authenticator_url();
    let proxy = Proxy::cut_in_front_of(url.expose().expect("URL"));
    proxy.resume().await;
    let through = Secret::new(proxy.url(url.expose().expect("URL")));
    let mut app = TestApp::spawn(database, |config| config.database.url = through).await;
    let (status, _, _) = send(&app, Method::GET, "/statuses?limit=1", &[], "").await;
    assert_eq!(status.as_u16(), 200);
    proxy.cut().await;
    let (status, headers, answer) = send(&app, Method::GET, "/statuses?limit=1", &[], "").await;
    assert_eq!(status.as_u16(), 503, "{answer}");
    assert!(matches!(answer["code"].as_str(), Some("PGRST000" | "PGRST001")), "{answer}");
    assert!(headers.contains_key("retry-after"));
    proxy.resume().await;
    app.wait_until("/ready", |status| status == 200).await;
    let (status, _, answer) = send(&app, Method::GET, "/statuses?limit=1", &[], "").await;
    assert_eq!(status.as_u16(), 200, "{answer}");
}
