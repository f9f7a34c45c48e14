//! Connections that cost more than they should: thousands that never become a request, heads and bodies that stop, sizes
//! that are announced and never come.

use crate::support::{TestApp, TestDatabase, http_client, test_config};
use civic_os::config::Secret;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any patience of the server.
const LONGEST: Duration = Duration::from_secs(60);

/// A server that needs no database for what is asked of it here.
async fn door_only() -> TestApp {
    let mut config = test_config();
    config.database.url = Secret::new("postgres://authenticator:x@127.0.0.1:1/none");
    let mut app = TestApp::launch(&config, &["api"]);
    app.wait_until("/live", |status| status == 200).await;
    app
}

fn address(app: &TestApp) -> String {
    app.base_url.trim_start_matches("http://").to_owned()
}

/// What the server says until it closes; `None` when it does not.
async fn rest(stream: &mut TcpStream) -> Option<String> {
    let mut answer = Vec::new();
    tokio::time::timeout(LONGEST, stream.read_to_end(&mut answer)).await.ok()?.ok();
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Lines about closed connections, and how many connections they speak of.
fn closed(log: &str, reason: &str) -> (usize, usize) {
    let of_reason = |line: &&str| line.contains("closed before they were requests") && line.contains(reason);
    let lines: Vec<&str> = log.lines().filter(of_reason).collect();
    let number = |line: &&str| {
        let (_, rest) = line.split_once("number=").expect("a number");
        rest.split(' ').next().and_then(|digits| digits.parse::<usize>().ok()).expect("digits")
    };
    (lines.len(), lines.iter().map(number).sum())
}

/// As many connections as descriptors allow, up to ten thousand, whose heads never end: others are served meanwhile, all of
/// them are refused when their time is up, and the log says it once, not ten thousand times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_do_not_keep_others_out() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let address = address(&app);
    let (soft, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).expect("limit");
    let number = usize::try_from(soft).unwrap_or(usize::MAX).saturating_sub(1500).min(10_000);
    let mut slow = Vec::with_capacity(number);
    let started = Instant::now();
    for _ in 0..number {
        let mut stream = TcpStream::connect(&address).await.expect("connect");
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\nX-Secret: hunter2").await.expect("send");
        slow.push(stream);
    }
    println!("{number} slow connections in {:?}", started.elapsed());
    let client = http_client();
    for _ in 0..20 {
        let started = Instant::now();
        let answer = client.get(format!("{}/health", app.base_url)).send().await.expect("answer");
        assert_eq!(answer.status(), 200);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
    let answers = slow.into_iter().map(|mut stream| tokio::spawn(async move { rest(&mut stream).await }));
    let answers = futures_util::future::join_all(answers).await;
    let refused = |answer: &&Result<Option<String>, _>| {
        answer.as_ref().is_ok_and(|answer| answer.as_ref().is_some_and(|text| text.starts_with("HTTP/1.1 408")))
    };
    assert_eq!(answers.iter().filter(refused).count(), number);
    assert_eq!(app.get("/health").send().await.expect("answer").status(), 200);
    let limit = Instant::now() + LONGEST;
    while closed(&app.log(), "too slow").1 < number {
        assert!(Instant::now() < limit, "{:?} of {number}:\n{}", closed(&app.log(), "too slow"), app.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (lines, told) = closed(&app.log(), "too slow");
    // The client of this test may have opened a connection in advance that it did not need then.
    assert!((number..number + 25).contains(&told) && lines <= 20, "{lines} lines about {told} connections");
    assert!(!app.log().contains("hunter2"));
}

/// Wherever a client stops, its connection ends; the clock is not only for the first head.
#[tokio::test]
async fn nothing_that_stops_holds_a_connection() {
    let app = door_only().await;
    let whole = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
    let chunked = "POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        ("nothing", String::new(), true),
        ("half a head", "GET /health HTTP/1.1\r\nX: ".into(), true),
        ("half a second head", format!("{whole}GET /he"), true),
        ("an empty line after a request", format!("{whole}\r\n"), true),
        ("half a head after chunks", format!("{chunked}1\r\na\r\n0\r\n\r\nGET"), true),
        ("half a chunk", format!("{chunked}10\r\na"), false),
        ("half a body", "POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\na".into(), false),
        (
            "another protocol",
            "GET /health HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".into(),
            false,
        ),
    ];
    let ends = cases.into_iter().map(|(name, sent, is_told)| {
        let address = address(&app);
        tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await.expect("connect");
            stream.write_all(sent.as_bytes()).await.expect("send");
            let answer = rest(&mut stream).await.unwrap_or_else(|| panic!("{name}: still open"));
            let (_, last) = answer.rsplit_once("HTTP/1.1 ").unwrap_or_else(|| panic!("{name}: no answer"));
            assert_eq!(last.starts_with("408 ") && last.contains("PGRST100"), is_told, "{name}: {answer}");
        })
    });
    let trickle = {
        let address = address(&app);
        tokio::spawn(async move {
            let stream = TcpStream::connect(address).await.expect("connect");
            let (mut reader, mut writer) = stream.into_split();
            let trickling = async {
                writer.write_all(whole.as_bytes()).await.expect("send");
                // Until the server has had enough.
                while writer.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                }
            };
            let mut answer = Vec::new();
            let reading = tokio::time::timeout(LONGEST, reader.read_to_end(&mut answer));
            tokio::select! {
                () = trickling => {}
                read = reading => assert!(read.is_ok(), "a byte now and then keeps a connection"),
            }
        })
    };
    for ended in futures_util::future::join_all(ends.chain([trickle])).await {
        ended.expect("as expected");
    }
    assert_eq!(app.get("/health").send().await.expect("answer").status(), 200);
}

/// A body that never comes holds nothing for long, and no connection to the database.
#[tokio::test]
async fn a_body_that_never_comes_is_given_up() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| config.database.pool_max = Some(3)).await;
    let mut waiting = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(address(&app)).await.expect("connect");
        let head = "POST /api/rpc/get_user_roles HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.expect("send");
        waiting.push(stream);
    }
    assert_eq!(app.get("/api/schema_entities").send().await.expect("answer").status(), 200, "the pool is free");
    for mut stream in waiting {
        let text = rest(&mut stream).await.expect("given up within a minute");
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{text}");
    }
}

/// A line of `/proc/PID/status` in kilobytes.
fn memory(app: &TestApp, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("line");
    line.trim_matches([':', '\t', ' ', 'k', 'B']).parse().expect("number")
}

/// A thousand strangers announce gigabytes and send the beginning: neither memory in use nor memory that is only
/// reserved grows by more than 64 kB for each, at any moment.
#[tokio::test]
async fn what_strangers_announce_reserves_nothing() {
    const EACH: usize = 64;
    let app = TestApp::spawn(TestDatabase::create().await, |config| config.identity.enabled = true).await;
    let paths = [
        "/api/schema_entities",
        "/api/rpc/get_user_roles",
        "/realms/civic-os/protocol/openid-connect/token",
        "/realms/civic-os/login-actions/authenticate",
        "/auth/users",
        "/webhooks/stripe",
        "/files/upload",
        "/nothing",
    ];
    let body = "x".repeat(32 * 1024);
    let lengths = ["Content-Length: 9000000", "Content-Length: 4000000000", "Transfer-Encoding: chunked"];
    // The first of each kind brings what is made once.
    let mut before = (0, 0);
    let mut open = Vec::new();
    for n in 0..1100 {
        if n == 100 {
            assert_eq!(app.get("/health").send().await.expect("answer").status(), 200);
            before = (memory(&app, "VmHWM"), memory(&app, "VmPeak"));
        }
        let (path, length) = (paths[n % paths.len()], lengths[n % lengths.len()]);
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{length}\r\n");
        let request = match n % 4 {
            // A head that does not end.
            0 => format!("{head}X: {body}"),
            _ if length.starts_with('T') => format!("{head}\r\n3fffffff\r\n{body}"),
            _ => format!("{head}\r\n{body}"),
        };
        let mut stream = TcpStream::connect(address(&app)).await.expect("connect");
        // Those that are refused at once may be closed already.
        let _ = stream.write_all(request.as_bytes()).await;
        open.push(stream);
    }
    for _ in 0..10 {
        assert_eq!(app.get("/health").send().await.expect("answer").status(), 200);
    }
    let grown = (memory(&app, "VmHWM") - before.0, memory(&app, "VmPeak") - before.1);
    println!("a thousand announcements: {} kB in use, {} kB reserved", grown.0, grown.1);
    assert!(grown.0 < 1000 * EACH, "{} kB in use", grown.0);
    assert!(grown.1 < 1000 * EACH, "{} kB reserved", grown.1);
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_before_it_comes() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let mut stream = TcpStream::connect(address(&app)).await.expect("connect");
    let head = "POST /api/rpc/get_user_roles HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 11000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.expect("send");
    let started = Instant::now();
    let answer = rest(&mut stream).await.expect("closed");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}
