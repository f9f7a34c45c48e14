//! Writing: insert, upsert, update, put, delete, and who may.

use super::schema::{get, send, town};
use reqwest::Method;
use serde_json::json;

const REPRESENTATION: (&str, &str) = ("prefer", "return=representation");

#[tokio::test]
async fn inserts() {
    let app = town().await;
    let (status, headers, body) = send(&app, Method::POST, "/products", &[], r#"{"name":"Saw","price":5}"#).await;
    assert_eq!((status.as_u16(), body), (201, json!(null)));
    assert_eq!(headers["content-range"], "*/*");
    let (status, _, body) = send(
        &app,
        Method::POST,
        "/products?select=name,price,kinds(name)",
        &[REPRESENTATION],
        r#"[{"name":"Ball","kind_id":"2"}]"#,
    )
    .await;
    assert_eq!((status.as_u16(), body), (201, json!([{"name": "Ball", "price": 1.0, "kinds": {"name": "toy"}}])));
    let (status, headers, _) = send(
        &app,
        Method::POST,
        "/kinds",
        &[("prefer", "return=headers-only"), ("authorization", &bearer(&app))],
        r#"{"id":7,"name":"x"}"#,
    )
    .await;
    assert_eq!((status.as_u16(), headers["location"].to_str().expect("text")), (201, "/api/kinds?id=eq.7"));
    let csv = [("content-type", "text/csv"), REPRESENTATION];
    let (status, _, body) =
        send(&app, Method::POST, "/products?select=name,data", &csv, "name,price,data\nNail,1,NULL\n").await;
    assert_eq!((status.as_u16(), body), (201, json!([{"name": "Nail", "data": null}])));
    let form = [("content-type", "application/x-www-form-urlencoded"), REPRESENTATION];
    let (status, _, body) = send(&app, Method::POST, "/products?select=name", &form, "name=Two+words&price=2").await;
    assert_eq!((status.as_u16(), body), (201, json!([{"name": "Two words"}])));
    let defaults = [("prefer", "return=representation, missing=default")];
    let (status, headers, body) =
        send(&app, Method::POST, "/products?select=price&columns=name,price", &defaults, r#"[{"name":"Cheap"}]"#).await;
    assert_eq!((status.as_u16(), body), (201, json!([{"price": 1.0}])));
    assert_eq!(headers["preference-applied"], "missing=default, return=representation");
}

fn bearer(app: &crate::support::TestApp) -> String {
    format!("Bearer {}", app.token_for("ada", &["user"]))
}

#[tokio::test]
async fn upserts_updates_and_deletes() {
    let app = town().await;
    let merge = [("prefer", "resolution=merge-duplicates, return=representation")];
    let (status, _, body) =
        send(&app, Method::POST, "/products?select=id,price", &merge, r#"[{"id":1,"name":"Hammer","price":11}]"#).await;
    assert_eq!((status.as_u16(), body), (200, json!([{"id": 1, "price": 11.0}])));
    let ignore = [("prefer", "resolution=ignore-duplicates, return=representation")];
    let (status, _, body) =
        send(&app, Method::POST, "/products?on_conflict=name&select=id", &ignore, r#"{"name":"Doll","price":1}"#).await;
    assert_eq!((status.as_u16(), body), (201, json!([])));

    let (status, headers, _) =
        send(&app, Method::PATCH, "/products?id=eq.1", &[("prefer", "count=exact")], r#"{"price":12}"#).await;
    assert_eq!((status.as_u16(), headers["content-range"].to_str().expect("text")), (204, "0-0/1"));
    let (status, _, body) =
        send(&app, Method::PATCH, "/products?id=eq.999", &[REPRESENTATION], r#"{"price":12}"#).await;
    assert_eq!((status.as_u16(), body), (200, json!([])));
    assert_eq!(get(&app, "/products?id=eq.1&select=price").await, json!([{"price": 12.0}]));

    let put = r#"{"id":50,"name":"Put","price":1}"#;
    let (status, _, _) = send(&app, Method::PUT, "/products?id=eq.50", &[], put).await;
    assert_eq!(status.as_u16(), 201);
    let (status, _, _) = send(&app, Method::PUT, "/products?id=eq.50", &[], put).await;
    assert_eq!(status.as_u16(), 204);
    for (path, status, code) in [
        ("/products?id=eq.51", 400, "PGRST115"),
        ("/products?name=eq.Put", 405, "PGRST105"),
        ("/products?id=gt.50", 405, "PGRST105"),
        ("/products?id=eq.50&limit=1", 400, "PGRST114"),
    ] {
        let (found, _, body) = send(&app, Method::PUT, path, &[], put).await;
        assert_eq!((found.as_u16(), body["code"].as_str()), (status, Some(code)), "{path}");
    }

    let strict = [("prefer", "handling=strict, max-affected=1")];
    let (status, _, body) = send(&app, Method::DELETE, "/products?id=in.(2,50)", &strict, "").await;
    assert_eq!((status.as_u16(), &body["code"]), (400, &json!("PGRST124")));
    let (status, _, body) = send(&app, Method::DELETE, "/products?id=eq.50&select=id", &[REPRESENTATION], "").await;
    assert_eq!((status.as_u16(), body), (200, json!([{"id": 50}])));
    assert_eq!(get(&app, "/products?id=eq.2&select=id").await, json!([{"id": 2}]), "a refused delete deletes nothing");
}

#[tokio::test]
async fn a_refused_single_object_write_is_undone() {
    let app = town().await;
    let single = [("prefer", "return=representation"), ("accept", "application/vnd.pgrst.object+json")];
    let (status, _, body) = send(&app, Method::PATCH, "/products?id=in.(1,2)", &single, r#"{"price":77}"#).await;
    assert_eq!((status.as_u16(), &body["code"]), (406, &json!("PGRST116")));
    assert_eq!(get(&app, "/products?price=eq.77").await, json!([]));
}

#[tokio::test]
async fn the_role_decides() {
    let app = town().await;
    let (status, headers, body) = send(&app, Method::POST, "/kinds", &[], r#"{"id":9,"name":"x"}"#).await;
    assert_eq!(
        (status.as_u16(), &body["code"], headers["www-authenticate"].to_str().expect("text")),
        (401, &json!("42501"), "Bearer")
    );
    let token = bearer(&app);
    let (status, _, body) = send(&app, Method::GET, "/secrets", &[("authorization", &token)], "").await;
    assert_eq!((status.as_u16(), &body["code"]), (403, &json!("42501")));
    for person in ["ada", "bob"] {
        let token = format!("Bearer {}", app.token_for(person, &["user"]));
        let (status, _, body) = send(
            &app,
            Method::POST,
            "/notes?select=owner",
            &[("authorization", &token), REPRESENTATION],
            r#"{"body":"mine"}"#,
        )
        .await;
        assert_eq!((status.as_u16(), body), (201, json!([{"owner": person}])));
        let (_, _, body) = send(&app, Method::GET, "/notes?select=owner", &[("authorization", &token)], "").await;
        assert_eq!(body, json!([{"owner": person}]), "row security sees the claims of each request");
    }
}
