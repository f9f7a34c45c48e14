//! Optimistic concurrency: `ETag` and `If-Match` (D-32).

use super::schema::{send, town};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_change_from_an_old_version_is_refused_with_the_row_as_it_is() {
    let app = town().await;
    let object = [("accept", "application/vnd.pgrst.object+json")];
    let (_, headers, _) = send(&app, Method::GET, "/products?id=eq.1", &object, "").await;
    let etag = headers["etag"].to_str().expect("text").to_owned();
    assert!(etag.starts_with("W/\""), "{etag}");

    let (status, _, _) =
        send(&app, Method::PATCH, "/products?id=eq.1", &[("if-match", &etag)], r#"{"price":11}"#).await;
    assert_eq!(status.as_u16(), 204, "the version is current");
    let (status, headers, body) =
        send(&app, Method::PATCH, "/products?id=eq.1", &[("if-match", &etag)], r#"{"price":12}"#).await;
    assert_eq!((status.as_u16(), &body["details"]["price"]), (412, &json!(11.0)), "{body}");
    let current = headers["etag"].to_str().expect("text").to_owned();
    assert_ne!(current, etag);
    let (status, _, _) = send(&app, Method::DELETE, "/products?id=eq.1", &[("if-match", &etag)], "").await;
    assert_eq!(status.as_u16(), 412);
    let (status, _, _) = send(&app, Method::DELETE, "/products?id=eq.1", &[("if-match", &current)], "").await;
    assert_eq!(status.as_u16(), 204);

    let (_, headers, _) = send(&app, Method::GET, "/products?select=id&id=eq.2", &object, "").await;
    assert!(!headers.contains_key("etag"), "a part of a row has no version");
}
