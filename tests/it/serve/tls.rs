//! TLS of the public listeners: certificate files, their change in a running process, the way from http to https.

use crate::support::{TestApp, binary, free_port, test_config};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// An authority once, and a certificate of it for `localhost` under this name.
fn certificate(folder: &Path, name: &str) {
    let script = format!(
        "set -e
        key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        [ -e ca.crt ] || openssl req -x509 $key -keyout ca.key -out ca.crt -subj /CN=authority -days 2
        openssl req $key -keyout {name}.key -out server.csr -subj /CN={name}
        echo subjectAltName=DNS:localhost > names
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out {name}.crt -days 2 -extfile names"
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(folder).output().expect("run openssl");
    assert!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
}

/// Bytes sent over TLS by a client that trusts the authority: the server's certificate, and what it says until it closes.
async fn send(folder: &Path, port: u16, bytes: &[u8]) -> std::io::Result<(CertificateDer<'static>, String)> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("ca.crt")).expect("authority")).expect("usable");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
    let name = ServerName::try_from("localhost").expect("name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first().cloned()).expect("shown");
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    Ok((certificate, String::from_utf8_lossy(&answer).into_owned()))
}

/// One request.
async fn get(folder: &Path, port: u16, path: &str) -> std::io::Result<(CertificateDer<'static>, String)> {
    send(folder, port, format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").as_bytes()).await
}

fn read(folder: &Path, name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(folder.join(name)).expect("certificate")
}

#[tokio::test]
async fn certificates_are_served_exchanged_and_never_lost() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path();
    certificate(path, "first");
    certificate(path, "second");
    for (from, to) in [("first.crt", "server.crt"), ("first.key", "server.key")] {
        std::fs::copy(path.join(from), path.join(to)).expect("copy");
    }
    let mut config = test_config();
    // The listener and its certificate do not need a database.
    config.database.url = civic_os::config::Secret::new("postgres://authenticator:x@127.0.0.1:1/none");
    let (port, redirect) = (free_port(), free_port());
    config.web.listen = format!("localhost:{port}");
    config.tls.certificate = Some(path.join("server.crt"));
    config.tls.key = Some(path.join("server.key"));
    config.tls.redirect_listen = Some(format!("127.0.0.1:{redirect}"));
    let mut app = TestApp::launch(&config, &["api"]);
    app.wait_until("/live", |status| status == 200).await;
    let (shown, answer) = get(path, port, "/health").await.expect("answer");
    assert!(answer.ends_with("healthy\n"), "{answer}");
    assert_eq!(shown, read(path, "first.crt"));
    assert!(answer.to_lowercase().contains("strict-transport-security: max-age=31536000"), "{answer}");
    let (_, script) = get(path, port, "/assets/config.js").await.expect("answer");
    assert!(script.contains(&format!("https://localhost:{port}/api/")), "{script}");

    let metrics = app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("metrics");
    let text = metrics.text().await.expect("text");
    let end = text.lines().find_map(|line| line.strip_prefix("civic_os_tls_certificate_end_timestamp_seconds "));
    let end: i64 = end.expect("the certificate's end").parse().expect("a number");
    let left = end - time::OffsetDateTime::now_utc().unix_timestamp();
    assert!((86_400..=2 * 86_400).contains(&left), "a certificate of two days: {left}");

    // Plain HTTP on this port is no way in, and on the other one leads here.
    let mut plain = TcpStream::connect(("127.0.0.1", port)).await.expect("connect");
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("send");
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), plain.read_to_end(&mut answer)).await;
    assert!(!String::from_utf8_lossy(&answer).contains("healthy"));
    let client =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("client");
    for (host, target) in [("localhost", "/view/issues?a=b"), ("evil.example", "//evil.example/")] {
        let request = client.post(format!("http://127.0.0.1:{redirect}{target}")).header("Host", host);
        let answer = request.send().await.expect("answer");
        assert_eq!(answer.status(), 308);
        let location = answer.headers()["location"].to_str().expect("text").to_owned();
        assert!(location.starts_with(&format!("https://localhost:{port}/")), "{location}");
        assert!(!location.starts_with(&format!("https://localhost:{port}//")), "{location}");
    }

    // A damaged file leaves the old certificate in force, the next good one takes over.
    std::fs::write(path.join("server.crt"), "no certificate").expect("write");
    wait_for_log(&mut app, "the old one stays").await;
    assert_eq!(get(path, port, "/health").await.expect("answer").0, read(path, "first.crt"));
    for (from, to) in [("second.key", "server.key"), ("second.crt", "server.crt")] {
        std::fs::copy(path.join(from), path.join(to)).expect("copy");
    }
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        let (shown, answer) = get(path, port, "/health").await.expect("answer at any time");
        assert!(answer.ends_with("healthy\n"), "{answer}");
        if shown == read(path, "second.crt") {
            break;
        }
        assert!(Instant::now() < limit, "{}", app.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Encrypted listeners are built as the others: odd bytes in addresses are taken, refusals can be read, and whoever does
/// not finish the handshake keeps nobody out.
#[tokio::test]
async fn encrypted_listeners_refuse_as_readably_and_as_patiently_as_the_others() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path();
    certificate(path, "server");
    let mut config = test_config();
    config.database.url = civic_os::config::Secret::new("postgres://authenticator:x@127.0.0.1:1/none");
    let port = free_port();
    config.web.listen = format!("localhost:{port}");
    config.tls.certificate = Some(path.join("server.crt"));
    config.tls.key = Some(path.join("server.key"));
    let mut app = TestApp::launch(&config, &["api"]);
    app.wait_until("/live", |status| status == 200).await;
    let mut silent = Vec::new();
    for _ in 0..700 {
        silent.push(TcpStream::connect(("127.0.0.1", port)).await.expect("connect"));
    }
    let started = Instant::now();
    let (_, answer) = get(path, port, "/health?a=<>").await.expect("answer");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("healthy\n"), "{answer}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());

    let large = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(64 * 1024 - 100));
    for (name, request, status) in [
        ("no HTTP", "GET /health\u{1} HTTP/1.1\r\n\r\n", "400"),
        ("too large", large.as_str(), "431"),
        ("never ends", "GET /health HTTP/1.1\r\nHost: ", "408"),
    ] {
        let (_, answer) = send(path, port, request.as_bytes()).await.expect("answer");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
        let body: serde_json::Value =
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{name}: {error}: {answer}"));
        assert_eq!(body["code"], "PGRST100", "{name}");
    }
    for mut stream in silent {
        let mut answer = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "a handshake that does not come is waited for without end");
    }
    wait_for_log(&mut app, "no TLS handshake").await;
}

async fn wait_for_log(app: &mut TestApp, text: &str) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !app.log().contains(text) {
        assert!(Instant::now() < limit, "does not say '{text}':\n{}", app.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `config check` with these variables: exit code, text, and the same as JSON.
fn checked(role: &str, variables: &[(&str, String)]) -> (Option<i32>, String, serde_json::Value) {
    let variables = || variables.iter().map(|(name, value)| (*name, value.as_str()));
    let run = |format: &[&str]| {
        let mut command = binary();
        command.args(["config", "check", "--role", role]).args(format).envs(variables());
        command.output().expect("run the binary")
    };
    let (text, json) = (run(&[]), run(&["--json"]));
    assert_eq!(text.status, json.status);
    let document = serde_json::from_slice(&json.stdout).expect("JSON");
    (text.status.code(), String::from_utf8_lossy(&text.stdout).into_owned(), document)
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_named_by_the_check_as_by_the_start() {
    let folder = tempfile::tempdir().expect("folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    certificate(folder.path(), "one");
    certificate(folder.path(), "two");
    std::fs::write(path("half.key"), "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n").expect("write");
    std::fs::write(path("no.crt"), "-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----\n")
        .expect("write");
    let base = [
        ("PGRST_DB_URI", "postgres://authenticator:x@127.0.0.1:1/none".to_owned()),
        ("CIVIC_OS_AUTH__ISSUER", "http://127.0.0.1:1/realms/x".to_owned()),
        ("CIVIC_OS_WEB__LISTEN", "127.0.0.1:0".to_owned()),
        ("CIVIC_OS_ADMIN__LISTEN", "off".to_owned()),
        ("CIVIC_OS_DATA_DIR", path("data")),
    ];
    let with = |more: &[(&'static str, String)]| [&base[..], more].concat();
    let pair =
        |crt: &str, key: &str| with(&[("CIVIC_OS_TLS__CERTIFICATE", path(crt)), ("CIVIC_OS_TLS__KEY", path(key))]);
    let ordered =
        with(&[("CIVIC_OS_TLS__ACME", "town.example".to_owned()), ("CIVIC_OS_TLS__ACME_CA", path("one.key"))]);
    let fits = format!("{}, which does not fit the certificate in {}", path("two.key"), path("one.crt"));
    for (variables, key, source, says) in [
        (pair("one.crt", "two.key"), "tls.key", "CIVIC_OS_TLS__KEY", fits.as_str()),
        (pair("one.crt", "missing.key"), "tls.key", "CIVIC_OS_TLS__KEY", "which cannot be read: No such file"),
        (pair("one.crt", "half.key"), "tls.key", "CIVIC_OS_TLS__KEY", "which is no whole PEM file"),
        (pair("one.crt", "one.crt"), "tls.key", "CIVIC_OS_TLS__KEY", "which has no private key"),
        (
            pair("missing.crt", "one.key"),
            "tls.certificate",
            "CIVIC_OS_TLS__CERTIFICATE",
            "which cannot be read: No such",
        ),
        (pair("one.key", "one.key"), "tls.certificate", "CIVIC_OS_TLS__CERTIFICATE", "which has no certificate"),
        (pair("no.crt", "one.key"), "tls.certificate", "CIVIC_OS_TLS__CERTIFICATE", "which cannot be used"),
        (ordered, "tls.acme_ca", "CIVIC_OS_TLS__ACME_CA", "which has no certificate"),
    ] {
        let (code, text, document) = checked("api", &variables);
        let error = &document["errors"][0];
        assert_eq!(
            (code, &document["ok"], &error["key"], &error["source"]),
            (Some(1), &false.into(), &key.into(), &source.into()),
            "{text}"
        );
        let message = error["message"].as_str().expect("a message");
        assert!(message.contains(says), "{says}: {message}");
        assert!(text.contains(&format!("error          {key} ({source}) {message}")), "{text}");
        let mut start = binary();
        let start = start.args(["serve", "--role", "api"]).envs(variables.iter().map(|(name, value)| (*name, value)));
        let started = start.output().expect("run the binary");
        let said = String::from_utf8_lossy(&started.stderr).into_owned();
        assert!(said.contains(&format!("TLS cannot be switched on: {key} ({source}) {message}")), "{said}");
        assert_eq!(started.status.code(), Some(2), "a file may come later: a service manager tries again");
        assert!(!format!("{text}{document}{said}").contains("PRIVATE"), "{text}{document}{said}");
    }
    assert_eq!(checked("api", &pair("one.crt", "one.key")).0, Some(0));
    // Who only migrates has no listener.
    let owner = [("CIVIC_OS_DATABASE__OWNER_URL", "postgres://owner:x@127.0.0.1:1/none".to_owned())];
    assert_eq!(checked("migrate", &[&pair("one.crt", "two.key")[..], &owner].concat()).0, Some(0));
}
