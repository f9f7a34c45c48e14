//! Answers of the API are compressed for browsers, and only there, and only where no validator promises exact bytes.

use crate::support::{TestApp, TestDatabase};
use flate2::read::GzDecoder;
use std::io::Read as _;

#[tokio::test]
async fn large_answers_are_compressed_for_who_takes_it() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let bare = reqwest::Client::builder().no_proxy().build().expect("client");
    let ask = async |path: &str, coding: Option<&str>| {
        let mut request = bare.get(format!("{}{path}", app.base_url));
        if let Some(coding) = coding {
            request = request.header("accept-encoding", coding);
        }
        request.send().await.expect("an answer")
    };
    // The API's own description is large in any database.
    let large = "/api/";
    let plain = ask(large, None).await;
    assert!(!plain.headers().contains_key("content-encoding"));
    let plain = plain.bytes().await.expect("body");
    assert!(plain.len() > 2048, "only {} bytes: nothing to compress", plain.len());

    let packed = ask(large, Some("br, gzip")).await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(packed.headers()["vary"], "Accept-Encoding");
    assert_eq!(packed.headers()["content-type"], "application/openapi+json; charset=utf-8");
    let packed = packed.bytes().await.expect("body");
    assert!(packed.len() * 4 < plain.len(), "{} of {} bytes", packed.len(), plain.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, plain);

    for (path, coding) in [(large, "gzip;q=0"), (large, "identity"), ("/api/schema_cache_versions", "gzip")] {
        let answer = ask(path, Some(coding)).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert!(!answer.headers().contains_key("content-encoding"), "{path} with {coding}");
    }
}
