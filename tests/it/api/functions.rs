//! Calling functions.

use super::schema::{get, send, town};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn arguments_and_results() {
    let app = town().await;
    assert_eq!(get(&app, "/rpc/add?a=1&b=2").await, json!(3));
    assert_eq!(
        get(&app, "/rpc/cheap?below=25&select=id,kinds(name)&order=id.desc&limit=1").await,
        json!([{"id": 2, "kinds": {"name": "toy"}}])
    );
    assert_eq!(get(&app, "/rpc/cheap?below=25&select=id,label&id=gt.1").await, json!([{"id": 2, "label": "No. 2"}]));
    assert_eq!(get(&app, "/rpc/sum_all?numbers=1&numbers=2").await, json!(3));
    for (path, headers, body, status, expected) in [
        ("/rpc/add", &[][..], r#"{"a":"1","b":2}"#, 200, json!(3)),
        ("/rpc/sum_all", &[], r#"{"numbers":[1,2,3]}"#, 200, json!(6)),
        ("/rpc/nothing", &[], "", 204, json!(null)),
        ("/rpc/size", &[("content-type", "application/octet-stream")], "abc", 200, json!(3)),
        ("/rpc/add", &[("content-type", "application/x-www-form-urlencoded")], "a=4&b=5", 200, json!(9)),
        ("/rpc/teapot", &[], "", 418, json!(null)),
    ] {
        let (found, _, answer) = send(&app, Method::POST, path, headers, body).await;
        assert_eq!((found.as_u16(), answer), (status, expected), "{path}");
    }
    let pot = app.request(Method::POST, "/api/rpc/teapot").send().await.expect("teapot");
    assert_eq!(pot.headers()["x-pot"], "tea");
    let (_, headers, _) =
        send(&app, Method::GET, "/rpc/cheap?below=25&limit=1", &[("prefer", "count=exact")], "").await;
    assert_eq!(headers["content-range"], "0-0/2");
}

#[tokio::test]
async fn refusals() {
    let app = town().await;
    for (method, path, body, status, code) in [
        (Method::GET, "/rpc/add?a=1", "", 404, "PGRST202"),
        (Method::GET, "/rpc/ad?a=1&b=2", "", 404, "PGRST202"),
        (Method::POST, "/rpc/same", r#"{"a":1}"#, 300, "PGRST203"),
        (Method::GET, "/rpc/touch", "", 405, "25006"),
        (Method::PATCH, "/rpc/add", "{}", 405, "PGRST101"),
        (Method::GET, "/rpc/add?a=x&b=2", "", 400, "22P02"),
        (Method::POST, "/rpc/add", "{", 400, "PGRST102"),
        (Method::POST, "/rpc/odd_headers", "", 500, "PGRST111"),
        (Method::POST, "/rpc/odd_status", "", 500, "PGRST112"),
    ] {
        let (found, _, answer) = send(&app, method.clone(), path, &[], body).await;
        assert_eq!((found.as_u16(), answer["code"].as_str()), (status, Some(code)), "{method} {path}: {answer}");
    }
    let (_, _, answer) = send(&app, Method::GET, "/rpc/ad?a=1&b=2", &[], "").await;
    assert_eq!(answer["hint"], "Perhaps you meant to call the function shop.add");
}

#[tokio::test]
async fn a_transaction_that_cannot_be_serialized_is_tried_again_but_not_for_ever() {
    let app = town().await;
    let (status, _, answer) = send(&app, Method::POST, "/rpc/collides", &[], r#"{"times":2}"#).await;
    assert_eq!((status.as_u16(), answer), (200, json!(3)));
    let (status, _, answer) = send(&app, Method::POST, "/rpc/collides", &[], r#"{"times":1000}"#).await;
    assert_eq!((status.as_u16(), &answer["code"]), (500, &json!("40001")));
}
