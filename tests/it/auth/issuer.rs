//! Keys from an issuer over real HTTP: rotation, outage, a start without the provider, documents that are wrong.

use super::http::TestServer;
use super::keys::{OTHER_RSA, RSA, TestKey};
use crate::support::binary;
use civic_os::auth::{AuthOptions, Authenticator, Clock, IssuerOptions, KeySource};
use jsonwebtoken::Algorithm::RS256;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

const DISCOVERY: &str = "/realms/town/.well-known/openid-configuration";
const CERTS: &str = "/certs";

fn issuer(server: &TestServer) -> String {
    format!("{}/realms/town", server.url)
}

fn publish(server: &TestServer, keys: &[(&TestKey, &str)]) {
    let document = json!({"issuer": issuer(server), "jwks_uri": format!("{}{CERTS}", server.url)});
    server.answer(DISCOVERY, 200, document.to_string());
    let keys: Vec<Value> =
        keys.iter().map(|(key, kid)| key.jwk(json!({"kid": kid, "alg": "RS256", "use": "sig"}))).collect();
    server.answer(CERTS, 200, json!({ "keys": keys }).to_string());
}

fn connect(server: &TestServer, options: impl FnOnce(&mut IssuerOptions)) -> Authenticator {
    let mut issuer_options = IssuerOptions::new(issuer(server));
    issuer_options.refresh_at_most_every = Duration::ZERO;
    options(&mut issuer_options);
    let auth = AuthOptions { issuer: Some(issuer(server)), ..AuthOptions::default() };
    Authenticator::new(auth, KeySource::Issuer(issuer_options)).expect("authenticator")
}

fn bearer(server: &TestServer, key: &TestKey, kid: &str) -> String {
    let claims = json!({"sub": "1", "iss": issuer(server), "aud": "account", "jti": uuid::Uuid::new_v4()});
    format!("Bearer {}", key.sign(RS256, Some(kid), &claims))
}

/// Waits for something that happens soon, failing after ten seconds.
async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !check().await {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn tokens_are_accepted_as_soon_as_the_keys_are_there() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |_| {});
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    let status = auth.key_status();
    assert_eq!(status.keys, ["one: RSA, RS256"]);
    assert!(status.age.is_some() && status.last_error.is_none());
}

#[tokio::test]
async fn a_rotation_needs_no_restart() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |_| {});
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    publish(&server, &[(&OTHER_RSA, "two"), (&RSA, "one")]);
    // The unknown name makes it look; the request itself succeeds.
    assert!(auth.authenticate(Some(&bearer(&server, &OTHER_RSA, "two"))).await.is_ok());
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    // And once the provider has dropped the old key, so have we.
    publish(&server, &[(&OTHER_RSA, "two")]);
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "elsewhere"))).await.is_err());
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_err());
}

#[tokio::test]
async fn the_background_refresh_finds_new_keys_by_itself() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |options| options.refresh_every = Duration::from_millis(30));
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    publish(&server, &[(&OTHER_RSA, "two")]);
    eventually("the new key shows", async || auth.key_status().keys == ["two: RSA, RS256"]).await;
}

#[tokio::test]
async fn an_outage_changes_nothing_for_known_keys() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |options| options.refresh_every = Duration::from_millis(20));
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    for (status, body) in [
        (500, "down".to_owned()),
        (200, "<html>maintenance</html>".to_owned()),
        (200, "{\"keys\":[]}".to_owned()),
        (200, "{\"keys\":[{\"kty\":\"RSA\"}]}".to_owned()),
        (200, "{}".to_owned()),
        (302, String::new()),
        (200, format!("{{\"x\":\"{}\"}}", "y".repeat(600 * 1024))),
    ] {
        let before = server.count(CERTS);
        server.answer(CERTS, status, body.clone());
        // The pause grows with failures; an unknown key asks at once.
        assert!(auth.authenticate(Some(&bearer(&server, &OTHER_RSA, "two"))).await.is_err());
        eventually("it asked", async || server.count(CERTS) > before).await;
        eventually("the failure is known", async || auth.key_status().last_error.is_some()).await;
        assert!(
            auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok(),
            "{status} {}",
            &body[..body.len().min(40)]
        );
    }
    publish(&server, &[(&OTHER_RSA, "two")]);
    assert!(auth.authenticate(Some(&bearer(&server, &OTHER_RSA, "two"))).await.is_ok());
    assert!(auth.key_status().last_error.is_none());
}

/// An hour of the clock that tokens are checked against, in which the provider is asked as often as in ten real ones.
#[tokio::test]
async fn an_hour_without_the_provider_refuses_nobody_with_a_known_key() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let clock = Clock::default();
    let mut issuer_options = IssuerOptions::new(issuer(&server));
    issuer_options.refresh_every = Duration::from_millis(5);
    let auth = AuthOptions { issuer: Some(issuer(&server)), clock: clock.clone(), ..AuthOptions::default() };
    let auth = Authenticator::new(auth, KeySource::Issuer(issuer_options)).expect("authenticator");
    let token = || {
        let now = clock.now() as u64;
        let claims = json!({"sub": "1", "iss": issuer(&server), "aud": "account", "iat": now, "exp": now + 300});
        format!("Bearer {}", RSA.sign(RS256, Some("one"), &claims))
    };
    let mut tokens = vec![token()];
    assert!(auth.authenticate(Some(&tokens[0])).await.is_ok());
    server.answer(CERTS, 503, "");
    server.answer(DISCOVERY, 503, "");
    for step in 1..=120 {
        clock.advance(Duration::from_secs(30));
        let asked = server.count(DISCOVERY);
        eventually("the provider is asked again", async || server.count(DISCOVERY) > asked).await;
        tokens.push(token());
        // New ones, those of the cache, and not those whose time is over.
        for age in [0, 1, 9] {
            let Some(token) = usize::checked_sub(step, age).map(|at| &tokens[at]) else { continue };
            assert!(auth.authenticate(Some(token)).await.is_ok(), "minute {}, {age} steps old", step / 2);
        }
        if let Some(old) = step.checked_sub(12) {
            let refused = auth.authenticate(Some(&tokens[old])).await.expect_err("expired");
            assert_eq!(refused.message(), "JWT expired");
        }
    }
    assert!(auth.key_status().last_error.is_some(), "the whole hour was an outage");
    publish(&server, &[(&RSA, "one")]);
    eventually("the provider is back", async || auth.key_status().last_error.is_none()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_shows_issuer_keys_algorithms_and_age_and_explains_a_token() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let encryption = OTHER_RSA.jwk(json!({"kid": "two", "use": "enc", "alg": "RSA-OAEP"}));
    let signing = RSA.jwk(json!({"kid": "one", "alg": "RS256", "use": "sig"}));
    server.answer(CERTS, 200, json!({"keys": [signing, encryption]}).to_string());
    let doctor = async |token: String| {
        let issuer = issuer(&server);
        let run = move || {
            let folder = tempfile::tempdir().expect("folder");
            std::fs::write(folder.path().join("token"), token).expect("write");
            let output = binary()
                .args(["doctor", "--role", "api", "--token", "-"])
                .env("CIVIC_OS_DATABASE__URL", "postgres://authenticator:x@127.0.0.1:1/none")
                .env("CIVIC_OS_AUTH__ISSUER", issuer)
                .stdin(std::fs::File::open(folder.path().join("token")).expect("open"))
                .current_dir(folder.path())
                .output()
                .expect("run");
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
        };
        tokio::task::spawn_blocking(run).await.expect("doctor")
    };
    let good = bearer(&server, &RSA, "one");
    let said = doctor(good.clone()).await;
    let line = format!("{} answers with 1 usable keys, 0 s ago: one: RSA, RS256", issuer(&server));
    assert!(said.contains(&line), "{line} in\n{said}");
    assert!(said.contains("is not used: key 1"), "{said}");
    assert!(said.contains("is accepted"), "{said}");
    let said = doctor(bearer(&server, &OTHER_RSA, "three")).await;
    assert!(said.contains("is refused") && said.contains("No suitable key"), "{said}");
    let elsewhere = json!({"sub": "1", "iss": "https://elsewhere.example", "aud": "account"});
    let said = doctor(RSA.sign(RS256, Some("one"), &elsewhere)).await;
    assert!(said.contains("JWT not from the configured issuer"), "{said}");
}

#[tokio::test]
async fn it_starts_without_the_provider_and_recovers_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    drop(listener);
    let issuer = format!("http://{address}/realms/town");
    let auth =
        Authenticator::new(AuthOptions::default(), KeySource::Issuer(IssuerOptions::new(&issuer))).expect("starts");
    assert!(auth.authenticate(None).await.expect("anonymous works").anonymous);
    let claims = json!({"sub": "1"});
    let token = format!("Bearer {}", RSA.sign(RS256, Some("one"), &claims));
    let error = auth.authenticate(Some(&token)).await.expect_err("keys are missing");
    assert_eq!((error.status(), error.code()), (503, "PGRST300"));
    assert!(error.retry_after().is_some_and(|seconds| seconds >= 1));
    assert!(auth.key_status().last_error.is_some_and(|text| text.contains("cannot reach")));

    let server = TestServer::start_at(TcpListener::bind(address).await.expect("bind again"));
    publish(&server, &[(&RSA, "one")]);
    eventually("the keys arrive", async || auth.authenticate(Some(&token)).await.is_ok()).await;
}

#[tokio::test]
async fn unknown_keys_cause_few_requests() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |options| options.refresh_at_most_every = Duration::from_secs(3600));
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    let before = server.count(CERTS);
    let attempts = (0..200).map(|n| {
        let (auth, token) = (auth.clone(), bearer(&server, &OTHER_RSA, &format!("made up {n}")));
        async move { auth.authenticate(Some(&token)).await }
    });
    let refused = futures_util::future::join_all(attempts).await;
    assert!(refused.iter().all(Result::is_err));
    assert!(server.count(CERTS) <= before + 1, "{} fetches", server.count(CERTS) - before);
}

#[tokio::test]
async fn a_key_that_is_new_right_after_a_refresh_is_found_at_once() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |options| options.refresh_at_most_every = Duration::from_secs(3600));
    eventually("the background has fetched", async || !auth.key_status().keys.is_empty()).await;
    publish(&server, &[(&OTHER_RSA, "two")]);
    assert!(auth.authenticate(Some(&bearer(&server, &OTHER_RSA, "two"))).await.is_ok());
}

#[tokio::test]
async fn many_requests_with_a_new_key_share_one_fetch() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |options| options.refresh_at_most_every = Duration::from_millis(500));
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    publish(&server, &[(&OTHER_RSA, "two")]);
    let before = server.count(CERTS);
    eventually("the pause is over", async || {
        auth.authenticate(Some(&bearer(&server, &OTHER_RSA, "two"))).await.is_ok()
    })
    .await;
    let attempts = (0..50).map(|_| auth.clone()).map(|auth| {
        let token = bearer(&server, &OTHER_RSA, "two");
        async move { auth.authenticate(Some(&token)).await }
    });
    assert!(futures_util::future::join_all(attempts).await.iter().all(Result::is_ok));
    assert_eq!(server.count(CERTS), before + 1);
}

#[tokio::test]
async fn discovery_for_another_issuer_gives_no_keys() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let document = json!({"issuer": "https://other.example", "jwks_uri": format!("{}{CERTS}", server.url)});
    server.answer(DISCOVERY, 200, document.to_string());
    let auth = connect(&server, |_| {});
    let error = auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.expect_err("no keys");
    assert_eq!(error.status(), 503);
    assert_eq!(server.count(CERTS), 0);
    assert!(auth.key_status().last_error.is_some_and(|text| text.contains("says its issuer is")));
}

#[tokio::test]
async fn keys_can_be_fetched_from_an_address_of_their_own() {
    let server = TestServer::start().await;
    publish(&server, &[(&RSA, "one")]);
    let auth = connect(&server, |options| {
        options.jwks_url = Some(format!("{}{CERTS}", server.url));
    });
    assert!(auth.authenticate(Some(&bearer(&server, &RSA, "one"))).await.is_ok());
    assert_eq!(server.count(DISCOVERY), 0);
}

#[tokio::test]
async fn an_issuer_must_be_an_address() {
    for text in ["", "town", "ftp://id.example", "file:///etc/passwd"] {
        let source = KeySource::Issuer(IssuerOptions::new(text));
        assert!(Authenticator::new(AuthOptions::default(), source).is_err(), "{text}");
    }
}
