//! The front door of a real process: rate limits, proxies, odd heads, paths that lead astray, a foreign client's folder.

use crate::support::{TestApp, TestDatabase};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes as they are and returns everything until the server closes.
async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let address = app.base_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connect");
    stream.write_all(bytes).await.expect("send");
    let mut answer = Vec::new();
    // A connection that is kept says nothing further: half a minute is longer than any time-out of a head.
    let _ = tokio::time::timeout(Duration::from_secs(3), stream.read_to_end(&mut answer)).await;
    String::from_utf8_lossy(&answer).into_owned()
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}

#[tokio::test]
async fn one_request_too_many_waits_and_others_do_not() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| {
        config.limits.anonymous_writes = 2;
        config.limits.writes = 6;
        config.limits.anonymous_calls = 8;
    })
    .await;
    let post =
        |path: &str| app.request(reqwest::Method::POST, path).header("Content-Type", "application/json").body("{}");
    let status = async |request: reqwest::RequestBuilder| request.send().await.expect("answer").status().as_u16();
    assert_ne!(status(post("/api/user_settings")).await, 429);
    let refused = post("/api/user_settings").send().await.expect("answer");
    assert_eq!(refused.status(), 429);
    let wait: u64 = refused.headers()["retry-after"].to_str().expect("text").parse().expect("seconds");
    assert!((1..=31).contains(&wait), "{wait}");
    assert!(refused.headers().contains_key("content-security-policy"), "refusals have the headers of all answers");
    let document: serde_json::Value = refused.json().await.expect("JSON");
    assert!(document["message"].as_str().is_some_and(|text| text.contains("Try again")), "{document}");
    // What a stranger writes about addresses changes nothing.
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP"] {
        assert_eq!(status(post("/api/user_settings").header(header, "for=198.51.100.7")).await, 429, "{header}");
    }
    assert_eq!(status(app.get("/api/schema_entities")).await, 200, "reading goes on");
    assert_ne!(status(post("/api/rpc/get_user_roles")).await, 429, "functions have a limit of their own");
    // People who are signed in have counters of their own, wherever they are.
    for person in ["Ann", "Bob"] {
        let bearer = format!("Bearer {}", app.token_for(person, &["user"]));
        let statuses = [0; 4].map(|_| post("/api/rpc/get_user_roles").header("Authorization", &bearer));
        let mut seen = Vec::new();
        for request in statuses {
            seen.push(status(request).await);
        }
        assert!(seen[..3].iter().all(|status| *status != 429) && seen[3] == 429, "{person}: {seen:?}");
    }
    // A token that does not verify is no person.
    assert_eq!(status(post("/api/user_settings").header("Authorization", "Bearer a.b.c")).await, 429);
    assert!(app.log().contains("one too many"), "said once, with the address");
}

#[tokio::test]
async fn a_trusted_proxy_tells_clients_apart() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| {
        config.limits.anonymous_writes = 2;
        config.web.trusted_proxies = vec!["127.0.0.0/8".into()];
    })
    .await;
    let status = async |forwarded: &str| {
        let request = app.request(reqwest::Method::POST, "/api/user_settings").body("{}");
        request.header("X-Forwarded-For", forwarded).send().await.expect("answer").status().as_u16()
    };
    assert_ne!(status("198.51.100.1").await, 429);
    assert_eq!(status("198.51.100.1").await, 429);
    assert_eq!(status("203.0.113.5, 198.51.100.1").await, 429, "only the proxy's own word counts");
    assert_ne!(status("198.51.100.2").await, 429);
}

#[tokio::test]
async fn smuggled_and_malformed_heads_are_refused_and_nothing_follows() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let second = "GET /health HTTP/1.1\r\nHost: smuggled\r\n\r\n";
    let chunked = format!("0\r\n\r\n{second}");
    for (name, head, body) in [
        (
            "length and chunks",
            format!("Content-Length: {}\r\nTransfer-Encoding: chunked", chunked.len()),
            chunked.as_str(),
        ),
        ("two lengths", "Content-Length: 0\r\nContent-Length: 44".to_owned(), second),
        ("lengths in one", "Content-Length: 0, 44".to_owned(), second),
        ("signed length", "Content-Length: +0".to_owned(), second),
        ("negative length", "Content-Length: -1".to_owned(), second),
        ("hexadecimal length", "Content-Length: 0x0".to_owned(), second),
        ("strange coding", "Transfer-Encoding: xchunked".to_owned(), &*chunked),
        ("coding twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned(), &*chunked),
        ("chunked not last", "Transfer-Encoding: chunked, identity".to_owned(), &*chunked),
        ("space before the colon", "Content-Length : 44".to_owned(), second),
        ("folded line", "X-A: b\r\n Content-Length: 44".to_owned(), second),
        ("no name", ": nothing".to_owned(), second),
        ("control character", "X-A: b\u{1}".to_owned(), second),
        ("NUL", "X-A: b\0c".to_owned(), second),
    ] {
        let request = format!("POST /api/rpc/get_user_roles HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{body}");
        let answer = raw(&app, request.as_bytes()).await;
        assert!(answers(&answer) <= 1, "{name}: a second request was answered:\n{answer}");
        assert!(!answer.contains("healthy"), "{name}: {answer}");
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{name}: {answer}");
    }
    for line in
        ["GET /health\r\n\r\n", "GET /health HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}", "GET http://\0/ HTTP/1.1\r\n\r\n"]
    {
        let answer = raw(&app, line.as_bytes()).await;
        assert!(!answer.contains("healthy"), "{line:?}: {answer}");
    }
    assert_eq!(app.get("/health").send().await.expect("answer").status(), 200);
}

#[tokio::test]
async fn oversized_cookies_and_heads_are_refused_without_reaching_anybody() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    for path in ["/", "/api/schema_entities", "/health"] {
        let cookie = format!("a={}", "x".repeat(20_000));
        let answer = app.get(path).header("Cookie", cookie).send().await.expect("answer");
        assert_eq!(answer.status(), 431, "{path}");
        assert!(answer.headers().contains_key("x-content-type-options"), "{path}");
    }
    let huge = format!("GET /health HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "x".repeat(200_000));
    let answer = raw(&app, huge.as_bytes()).await;
    assert!(!answer.contains("healthy"), "{answer}");
    let many: String = (0..2000).map(|n| format!("X-{n}: a\r\n")).collect();
    let answer = raw(&app, format!("GET /health HTTP/1.1\r\nHost: a\r\n{many}\r\n").as_bytes()).await;
    assert!(!answer.contains("healthy"), "{answer}");
    // The log knows that something happened, not what was in it.
    assert!(!app.log().contains("xxxxxxxx"));
}

const ASTRAY: [&str; 12] = [
    "/../../../../etc/passwd",
    "/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/assets/../../Cargo.toml",
    "/assets/..%2f..%2fCargo.toml",
    "/assets/%2e%2e%5c%2e%2e%5cCargo.toml",
    "//etc/passwd",
    "/etc/passwd",
    "/%00/etc/passwd",
    "/assets/config.js%00.html",
    "/.env",
    "/%c0%ae%c0%ae/etc/passwd",
];

#[tokio::test]
async fn paths_do_not_lead_out_of_the_client() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    for path in ASTRAY {
        let answer = raw(&app, format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_foreign_client_gets_its_configuration_by_nonce_and_stays_in_its_folder() {
    let outer = tempfile::tempdir().expect("folder");
    let root = outer.path().join("client");
    std::fs::create_dir_all(root.join("assets")).expect("folder");
    std::fs::write(outer.path().join("secret.txt"), "root:secret").expect("file");
    let page = "<!doctype html><html><head><title>Foreign</title>\
        <link rel=\"stylesheet\" href=\"styles.css\" media=\"print\" onload=\"this.media='all'\"></head>\
        <body><script src=\"main-AB12CD34.js\" type=\"module\"></script></body></html>";
    std::fs::write(root.join("index.html"), page).expect("file");
    std::fs::write(root.join("main-AB12CD34.js"), "console.log(1)").expect("file");
    std::fs::write(root.join("silent-check-sso.html"), "<html>silent</html>").expect("file");
    let folder = root.clone();
    let app = TestApp::spawn(TestDatabase::create().await, |config| config.web.root = Some(folder)).await;
    let mut nonces = Vec::new();
    for path in ["/", "/view/issues/1", "/?code=1"] {
        let answer = app.get(path).header("Accept", "text/html").send().await.expect("answer");
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
        let (_, rest) = policy.split_once("'nonce-").expect("a nonce");
        let nonce = rest.split('\'').next().expect("nonce").to_owned();
        let scripts = policy.split("; ").find(|directive| directive.starts_with("script-src")).expect("scripts");
        assert!(!scripts.contains("unsafe-inline") && scripts.contains("unsafe-hashes"), "{scripts}");
        assert!(!policy.contains("?'"), "{policy}");
        let html = answer.text().await.expect("text");
        assert!(html.contains(&format!("<head><script nonce=\"{nonce}\">window.civicOsConfig = {{")), "{html}");
        assert!(html.contains(&format!("<script nonce=\"{nonce}\" src=\"main-AB12CD34.js\"")), "{html}");
        nonces.push(nonce);
    }
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2], "a nonce is for one page: {nonces:?}");
    let script = app.get("/main-AB12CD34.js").send().await.expect("answer");
    assert_eq!(script.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(script.headers()["content-type"], "text/javascript; charset=utf-8");
    let etag = script.headers()["etag"].clone();
    assert_eq!(app.get("/main-AB12CD34.js").header("If-None-Match", etag).send().await.expect("answer").status(), 304);
    assert_eq!(app.get("/missing.js").send().await.expect("answer").status(), 404);
    assert!(
        app.get("/silent-check-sso.html").send().await.expect("answer").text().await.expect("text").contains("silent")
    );
    assert!(
        app.get("/assets/config.js")
            .send()
            .await
            .expect("answer")
            .text()
            .await
            .expect("text")
            .contains("civicOsConfig")
    );
    for path in ASTRAY.into_iter().chain(["/../secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt"]) {
        let answer = raw(&app, format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes()).await;
        assert!(!answer.contains("root:") && !answer.contains("[package]"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn every_answer_has_a_name_and_the_log_has_the_same() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| {
        config.web.trusted_proxies = vec!["127.0.0.1/32".into()];
        config.log.format = civic_os::config::LogFormat::Json;
    })
    .await;
    let name = async |path: &str, given: Option<&str>| {
        let mut request = app.get(path);
        if let Some(given) = given {
            request = request.header("X-Request-Id", given);
        }
        let answer = request.send().await.expect("answer");
        answer.headers()["x-request-id"].to_str().expect("text").to_owned()
    };
    let (first, second) = (name("/api/schema_entities", None).await, name("/", None).await);
    assert_eq!(first.len(), 32);
    assert_ne!(first, second);
    assert_eq!(name("/api/no_such_table", Some("proxy-1.a:b")).await, "proxy-1.a:b", "a trusted proxy's name stays");
    assert_eq!(name("/api/schema_entities", Some("forged\"name")).await.len(), 32, "but only a plain one");
    let lines: Vec<serde_json::Value> = app.log().lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for (name, path) in [(first.as_str(), "/api/schema_entities"), ("proxy-1.a:b", "/api/no_such_table")] {
        let line = lines.iter().find(|line| line["request_id"] == name).unwrap_or_else(|| panic!("no line of {name}"));
        assert!(line["message"].as_str().is_some_and(|text| text.contains(path)), "{line}");
    }
}

#[tokio::test]
async fn strangers_do_not_name_requests() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let answer = app.get("/health").header("X-Request-Id", "mine").send().await.expect("answer");
    assert_ne!(answer.headers()["x-request-id"], "mine");
}
