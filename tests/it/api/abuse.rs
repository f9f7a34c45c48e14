//! Whatever comes in: a 4xx in bounded time, nothing injected, and the server lives on.

use super::schema::{get, send, town};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

/// SQL in the places where the grammar takes a client's text.
const FRAGMENTS: &[&str] = &[
    "'",
    "\"",
    "';drop table shop.products;--",
    "\\",
    "$1",
    "/*",
    "\";drop table shop.products;--",
    "x'||(select 1)||'",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn sql_in_every_position_stays_text() {
    let app = town().await;
    for fragment in FRAGMENTS {
        let raw = encoded(fragment);
        let quoted = encoded(&format!("\"{}\"", fragment.replace('\\', "\\\\").replace('"', "\\\"")));
        for path in [
            format!("/{raw}"),
            format!("/rpc/{raw}"),
            format!("/rpc/add?{raw}=1"),
            format!("/rpc/add?a={raw}&b=1"),
            format!("/products?{raw}=eq.1"),
            format!("/products?{quoted}=eq.1"),
            format!("/products?name=eq.{raw}"),
            format!("/products?name=in.({raw})"),
            format!("/products?name=in.({quoted})"),
            format!("/products?search=fts({raw}).x"),
            format!("/products?search=fts.{raw}"),
            format!("/products?or=(name.eq.{quoted},id.eq.{raw})"),
            format!("/products?or=({quoted}.eq.1)"),
            format!("/products?select={raw}"),
            format!("/products?select={quoted}"),
            format!("/products?select={quoted}:id"),
            format!("/products?select=id::{raw}"),
            format!("/products?select=data->{raw}"),
            format!("/products?select=data->{quoted}"),
            format!("/products?select={quoted}(id)"),
            format!("/products?select=kinds!{quoted}(id)"),
            format!("/products?order={quoted}"),
            format!("/products?order=kinds({quoted})&select=kinds(id)"),
            format!("/products?limit={raw}&offset={raw}"),
        ] {
            let (status, _, answer) = send(&app, Method::GET, &path, &[], "").await;
            assert!(status.as_u16() < 500, "{path}: {status} {answer}");
            // The name of a type is not quoted, but has nothing but letters, digits, `_`, `$` and blanks. A query for full
            // text has a syntax of its own, with the same code.
            let may = path.contains("::") || path.contains("=fts.");
            assert!(may || answer["code"] != "42601", "{path} reached the statement's text");
        }
        for (path, body) in [
            (format!("/products?columns={quoted}"), json!([{"name": "x"}])),
            (format!("/products?on_conflict={quoted}"), json!({"name": "y"})),
            ("/products".to_owned(), json!({ (*fragment).to_owned(): 1 })),
            ("/products".to_owned(), json!({ "name": fragment })),
        ] {
            let prefer = [("prefer", "resolution=merge-duplicates")];
            let (status, _, answer) = send(&app, Method::POST, &path, &prefer, &body.to_string()).await;
            assert!(status.as_u16() < 500, "{path}: {status} {answer}");
            assert_ne!(answer["code"], "42601", "{path}");
        }
        let stored = get(&app, &format!("/products?select=name&name=eq.{raw}")).await;
        assert_eq!(stored, json!([{ "name": fragment }]), "what was stored is what was sent");
    }
}

#[tokio::test]
async fn odd_bytes_and_sizes_are_refused_in_bounded_time() {
    let app = town().await;
    let deep_json = "[".repeat(50_000);
    let deep_select = format!("/products?select={}id{}", "kinds(products(".repeat(500), "))".repeat(500));
    let deep_logic = format!("/products?or={}(id.eq.1){}", "(and".repeat(2_000), ")".repeat(2_000));
    let many = |item: &str, times: usize| vec![item; times].join(",");
    for (method, path, body) in [
        (Method::GET, "/%ff".to_owned(), ""),
        (Method::GET, "/products?id=eq.%00".to_owned(), ""),
        (Method::GET, "/products?%00=eq.1".to_owned(), ""),
        (Method::GET, "/products?name=eq.%ff".to_owned(), ""),
        (Method::GET, deep_select, ""),
        (Method::GET, deep_logic, ""),
        (Method::GET, format!("/products?select={}", many("id", 9_000)), ""),
        (Method::GET, format!("/products?select={}", many("kinds(id)", 1_000)), ""),
        (Method::POST, "/products".to_owned(), &deep_json),
        (Method::POST, "/products?columns=name".to_owned(), &deep_json),
        (Method::POST, "/products".to_owned(), r#"{"name":"a\u0000b"}"#),
        (Method::POST, "/products?columns=name".to_owned(), "{\"name\": nul}"),
    ] {
        let start = Instant::now();
        let (status, _, answer) = send(&app, method, &path, &[], body).await;
        let shown: String = path.chars().take(60).collect();
        assert!(status.is_client_error(), "{shown}: {status} {answer}");
        assert!(answer["code"].is_string(), "{shown}: {answer}");
        assert!(start.elapsed() < Duration::from_secs(5), "{shown} took {:?}", start.elapsed());
    }
    let filters = format!("/products?select=id&{}", vec!["id=gt.1"; 5_000].join("&"));
    let start = Instant::now();
    let (status, _, answer) = send(&app, Method::GET, &filters, &[], "").await;
    assert!(status.is_success() || status.is_client_error(), "{status} {answer}");
    assert!(start.elapsed() < Duration::from_secs(10), "5,000 filters took {:?}", start.elapsed());
    let (status, _, _) = send(&app, Method::POST, "/products", &[], &format!("[{}]", "1,".repeat(150_000))).await;
    assert_eq!(status.as_u16(), 413);
    assert_eq!(get(&app, "/products?select=id&id=eq.1").await, json!([{"id": 1}]), "it lives on");
}
