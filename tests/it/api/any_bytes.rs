//! Any bytes in any place of a request, over a real socket: no 5xx, nothing injected, bounded time and memory.
//!
//! What is HTTP gets PostgREST's form of refusal; what is not gets the HTTP parser's bare 400 (docs/api.md, deviations).

use super::schema::{get, town};
use crate::support::TestApp;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Requests per place.
const ROUNDS: usize = 150;
const LONGEST: Duration = Duration::from_secs(10);

/// What the server said until it closed the connection: status and the rest after the head. A client that closes its side
/// wants no answer, so `is_all` says whether it does.
async fn exchange(app: &TestApp, request: &[u8], is_all: bool) -> Option<(u16, String, Vec<u8>)> {
    let address = app.base_url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await.expect("connect");
    let (mut reader, mut writer) = stream.into_split();
    let mut answer = Vec::new();
    let sending = async {
        // The server may have refused and closed already.
        let _ = writer.write_all(request).await;
        if is_all {
            let _ = writer.shutdown().await;
        }
    };
    let all = async { tokio::join!(sending, reader.read_to_end(&mut answer)) };
    let ended = tokio::time::timeout(LONGEST, all).await;
    assert!(ended.is_ok(), "no end in bounded time: {:?}", String::from_utf8_lossy(&request[..request.len().min(300)]));
    if answer.is_empty() {
        return None;
    }
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status line");
    Some((status, head, answer[end..].to_vec()))
}

/// Sends a request and checks what must hold for every answer of the API.
async fn check(app: &TestApp, place: &str, request: &[u8]) -> u16 {
    let shown = || String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
    let Some((status, head, body)) = exchange(app, request, false).await else {
        panic!("{place}: no answer to {:?}", shown());
    };
    assert!(status < 500, "{place}: {status} to {:?}: {}", shown(), String::from_utf8_lossy(&body));
    if status >= 400 && !request.starts_with(b"HEAD") {
        let answer: Value = serde_json::from_slice(&body)
            .unwrap_or_else(|_| panic!("{place}: {head}{} to {:?}", String::from_utf8_lossy(&body), shown()));
        assert!(answer["code"].is_string() && answer["message"].is_string(), "{place}: {answer}");
        assert!(head.to_ascii_lowercase().contains("content-type: application/json"), "{place}: {head}");
    }
    status
}

fn encoded(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02X}")).collect()
}

fn runner() -> TestRunner {
    // The same bytes each time: a failure can be repeated.
    TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn some<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).expect("a value").current()
}

/// Bytes with a liking for those that grammars care about.
fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"()[]{}\"'\\,.:;!*->=&?%+#/ \0\n\r\t$0129azAZ_\xff\xc3\xa9".to_vec()),
    ];
    prop::collection::vec(byte, 0..most)
}

/// Names of everything that is in the schema, to see that nothing was added or dropped.
async fn relations(app: &TestApp) -> Vec<String> {
    let sql = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where n.nspname in ('shop', 'public') order by 1";
    let rows = app.database().connect().await.query(sql, &[]).await.expect("relations");
    rows.iter().map(|row| row.get(0)).collect()
}

fn peak(app: &TestApp) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches("kB").trim().parse().expect("number")
}

#[tokio::test]
async fn bytes_in_path_query_header_and_body() {
    let app = town().await;
    // Whoever gets SQL to run can make a table.
    app.database().execute("grant create on schema shop to web_anon").await;
    let before = relations(&app).await;
    let mut runner = runner();
    let (short, long) = (bytes(40), bytes(400));
    let methods = prop::sample::select(vec!["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "LINK"]);
    for _ in 0..ROUNDS {
        let method = some(&mut runner, &methods);
        let (path, more) = (encoded(&some(&mut runner, &short)), encoded(&some(&mut runner, &short)));
        for target in [format!("/api/{path}"), format!("/api/rpc/{path}"), format!("/api/products/{path}?{more}")] {
            let request = format!("{method} {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            check(&app, "path", request.as_bytes()).await;
        }
    }
    let keys = prop::sample::select(vec![
        "select",
        "order",
        "limit",
        "offset",
        "columns",
        "on_conflict",
        "and",
        "or",
        "not.and",
        "id",
        "name",
        "data->a",
        "kinds.order",
        "kinds.name",
        "search",
        "",
    ]);
    let operators = prop::sample::select(vec![
        "",
        "eq.",
        "not.eq.",
        "in.(",
        "like(any).",
        "fts(",
        "wfts.",
        "is.",
        "cs.",
        "isdistinct.",
        "(id.eq.",
        "kinds(",
        "...",
    ]);
    for _ in 0..ROUNDS * 3 {
        let value = some(&mut runner, &short);
        let (key, operator) = (some(&mut runner, &keys), some(&mut runner, &operators));
        let text = encoded(&value);
        for query in [format!("{key}={operator}{text}"), format!("{text}={operator}1"), format!("{operator}{text}")] {
            let request = format!("GET /api/products?{query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            check(&app, "query", request.as_bytes()).await;
        }
    }
    let headers = prop::sample::select(vec![
        "prefer",
        "accept",
        "range",
        "range-unit",
        "content-type",
        "accept-profile",
        "content-profile",
        "authorization",
        "cookie",
        "if-match",
        "origin",
        "x-forwarded-for",
        "x-anything",
        "accept-encoding",
        "content-encoding",
    ]);
    for _ in 0..ROUNDS * 3 {
        let name = some(&mut runner, &headers);
        let mut value = some(&mut runner, &short);
        // What cannot stand in a header's value is no HTTP and has a test of its own.
        value.retain(|byte| !matches!(byte, 0..=8 | 10..=31 | 127));
        for (method, body) in [("GET", ""), ("POST", "{}"), ("DELETE", "")] {
            let length = body.len();
            let head = format!(
                "{method} /api/products?id=eq.0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n{name}: "
            );
            check(&app, name, &[head.as_bytes(), &value, b"\r\n\r\n", body.as_bytes()].concat()).await;
        }
    }
    let types = prop::sample::select(vec![
        "application/json",
        "text/csv",
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/xml",
        "application/octet-stream",
        "application/vnd.pgrst.object+json",
        "a/b",
    ]);
    let targets = prop::sample::select(vec![
        "POST /api/products",
        "POST /api/products?columns=name",
        "PATCH /api/products?id=eq.0",
        "PUT /api/kinds?id=eq.1",
        "POST /api/rpc/add",
        "POST /api/rpc/size",
        "POST /api/rpc/same",
        "DELETE /api/products?id=eq.0",
    ]);
    for _ in 0..ROUNDS * 3 {
        let (body, kind, target) = (some(&mut runner, &long), some(&mut runner, &types), some(&mut runner, &targets));
        let head = format!(
            "{target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        check(&app, target, &[head.as_bytes(), &body].concat()).await;
    }
    assert_eq!(relations(&app).await, before, "no statement came from outside");
    assert_eq!(get(&app, "/products?select=id&id=lte.3&order=id").await, json!([{"id": 1}, {"id": 2}, {"id": 3}]));
    assert!(peak(&app) < 200 * 1024, "{} kB", peak(&app));
}

#[tokio::test]
async fn bytes_that_are_no_http_are_refused_and_nothing_more() {
    let app = town().await;
    let mut runner = runner();
    let (short, long) = (bytes(60), bytes(600));
    for round in 0..ROUNDS {
        let noise = some(&mut runner, &short);
        let _ = exchange(&app, &some(&mut runner, &long), true).await.inspect(|(status, head, _)| {
            assert!(*status < 500, "round {round}: {head}");
        });
        let requests = [
            [b"GET /api/products?", noise.as_slice(), b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"].concat(),
            [b"GET /api/", noise.as_slice(), b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"].concat(),
            [b"GET /api/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\nprefer: ", noise.as_slice(), b"\r\n\r\n"]
                .concat(),
            [b"GET /api/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", noise.as_slice(), b": 1\r\n\r\n"]
                .concat(),
            [noise.as_slice(), b" /api/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"].concat(),
        ];
        for request in requests {
            // A request that ends within the bytes leaves the rest of them for another one, on a connection that is kept.
            let ends = |pattern: &[u8]| request.windows(pattern.len()).filter(|window| *window == pattern).count();
            if ends(b"\n\r\n") == 1 && ends(b"\n\n") == 0 {
                check(&app, &format!("round {round}"), &request).await;
            }
        }
    }
    assert_eq!(get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]), "it lives on");
}

#[tokio::test]
async fn sizes_depths_and_ranges_have_bounds() {
    let app = town().await;
    let get_line = |target: &str, headers: &str| {
        format!("GET /api/{target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n").into_bytes()
    };
    for range in
        ["0-99999999999999999999", "9223372036854775807-", "-1-2", "0-9223372036854775807", "1-0", "x-y", "5-5"]
    {
        check(&app, range, &get_line("products", &format!("range: {range}\r\n"))).await;
    }
    for window in [
        "limit=9223372036854775807",
        "limit=99999999999999999999999",
        "offset=9223372036854775807",
        "offset=-1",
        "limit=-9223372036854775808",
        "limit=1&limit=2&offset=0&offset=1",
        "limit=0x10",
        "limit=1e3",
        "kinds.limit=-1",
    ] {
        check(&app, window, &get_line(&format!("products?select=id,kinds(id)&{window}"), "")).await;
    }
    // As many filters as an address may have (65,534 bytes), and ten thousand, which are more than that or than a head.
    for (count, filter) in [(8_000, "id=gt.0"), (10_000, "id=gt.0"), (10_000, "name=not.like.*x*&id=in.(1,2,3)")] {
        let started = Instant::now();
        let request = get_line(&format!("products?select=id&{}", vec![filter; count].join("&")), "");
        let status = check(&app, "many filters", &request).await;
        println!("{count} filters of {} bytes: {status} in {:?}", filter.len(), started.elapsed());
    }
    // Keys that come twice.
    for (target, body) in [
        ("POST /api/products?columns=name&columns=price", r#"{"name":"one","name":"two","price":1,"price":2}"#),
        ("POST /api/products", r#"{"name":"three","name":"four"}"#),
        ("PATCH /api/products?id=eq.1&id=eq.2&select=id&select=name", r#"{"price":1,"price":"x"}"#),
        ("POST /api/rpc/add", r#"{"a":1,"a":2,"b":3}"#),
    ] {
        let request = format!(
            "{target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nprefer: return=minimal\r\nprefer: return=representation\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        check(&app, target, request.as_bytes()).await;
    }
    // A hundred megabytes, announced and unannounced.
    let piece = vec![b' '; 1 << 20];
    let announced = [b"POST /api/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n".as_slice(), &piece.repeat(100)].concat();
    check(&app, "100 MB", &announced).await;
    let mut chunked = b"POST /api/products HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..100 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.extend_from_slice(&piece);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    assert_eq!(check(&app, "100 MB in chunks", &chunked).await, 413);
    assert!(peak(&app) < 200 * 1024, "{} kB", peak(&app));
    assert_eq!(get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]), "it lives on");
}
