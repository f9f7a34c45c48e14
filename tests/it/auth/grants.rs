//! Codes and refresh tokens of the embedded provider: once, by whom they were meant for, and what the standard asks.

use super::provider::{Browser, TestProvider, VERIFIER};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};

#[actix_web::test]
async fn refresh_tokens_rotate_and_a_replay_revokes_the_family() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let first = provider.sign_in(&mut browser, "resident").await;
    let (status, second) = provider.refresh(first["refresh_token"].as_str().expect("token")).await;
    assert_eq!(status, 200, "{second}");
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    let (status, third) = provider.refresh(second["refresh_token"].as_str().expect("token")).await;
    assert_eq!(status, 200, "{third}");
    // Somebody has kept a copy of the first one.
    let (status, body) = provider.refresh(first["refresh_token"].as_str().expect("token")).await;
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
    // Now the newest one is worthless too.
    let (status, body) = provider.refresh(third["refresh_token"].as_str().expect("token")).await;
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
    // The browser itself is still signed in.
    let answer = browser.get(&provider.authorize(&[("prompt", "none")])).await;
    assert_eq!(provider.exchange(&answer.parameter("code")).await.0, 200);
}

#[actix_web::test]
async fn one_refresh_token_used_by_many_at_once_works_for_one() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "resident").await;
    let token = tokens["refresh_token"].as_str().expect("token");
    let answers = futures_util::future::join_all((0..8).map(|_| provider.refresh(token))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
}

#[actix_web::test]
async fn forged_and_foreign_refresh_tokens_are_refused() {
    let provider = TestProvider::start().await;
    let other = TestProvider::start().await;
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "resident").await;
    let foreign = other.sign_in(&mut Browser::default(), "resident").await;
    let page = Browser::default().get(&provider.authorize(&[])).await;
    let genuine = tokens["refresh_token"].as_str().expect("token");
    let mut parts: Vec<&str> = genuine.split('.').collect();
    let none = BASE64.encode(r#"{"alg":"none"}"#);
    parts[0] = &none;
    for (name, token) in [
        ("nothing", String::new()),
        ("garbage", "x.y.z".into()),
        ("another provider's", foreign["refresh_token"].as_str().expect("token").into()),
        ("an access token", tokens["access_token"].as_str().expect("token").into()),
        ("an ID token", tokens["id_token"].as_str().expect("token").into()),
        ("a form of ours", page.form()),
        ("another header", parts.join(".")),
        ("cut", genuine[..genuine.len() - 4].into()),
    ] {
        let (status, body) = provider.refresh(&token).await;
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")), "{name}");
    }
    assert_eq!(provider.refresh(genuine).await.0, 200);
}

#[actix_web::test]
async fn codes_work_once_with_their_verifier_and_address() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    provider.sign_in(&mut browser, "resident").await;
    let silent = provider.authorize(&[("prompt", "none")]);
    let redirect = provider.redirect_uri();
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", "civic-os"),
        ("redirect_uri", redirect.as_str()),
        ("code_verifier", VERIFIER),
    ];
    for (name, value, error) in [
        ("code_verifier", "another-verifier-with-at-least-forty-three-characters", "invalid_grant"),
        ("code_verifier", "", "invalid_grant"),
        ("redirect_uri", "http://spa.example/", "invalid_grant"),
        ("redirect_uri", "", "invalid_grant"),
        ("client_id", "other", "invalid_client"),
        ("grant_type", "password", "unsupported_grant_type"),
        ("grant_type", "client_credentials", "unsupported_grant_type"),
        ("grant_type", "", "invalid_request"),
    ] {
        let code = browser.get(&silent).await.parameter("code");
        let mut form: Vec<(&str, &str)> = good.iter().filter(|(key, _)| *key != name).copied().collect();
        form.extend([(name, value), ("code", code.as_str())]);
        let (_, body) = provider.token(&form).await;
        assert_eq!(body["error"], error, "{name}={value}");
        if error == "invalid_grant" {
            assert_eq!(provider.exchange(&code).await.0, 400, "{name}={value}: the code is spent");
        }
    }
    let code = browser.get(&silent).await.parameter("code");
    let (status, tokens) = provider.exchange(&code).await;
    assert_eq!(status, 200);
    // A code that comes twice was stolen by one of the two: what came from it is revoked.
    assert_eq!(provider.exchange(&code).await.0, 400);
    assert_eq!(provider.refresh(tokens["refresh_token"].as_str().expect("token")).await.0, 400);
    assert_eq!(provider.exchange("made-up").await.0, 400);
}

#[actix_web::test]
async fn requests_outside_the_standard_are_refused_to_the_client() {
    let provider = TestProvider::start().await;
    for (changes, error) in [
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("response_type", "code id_token")], "unsupported_response_type"),
        (vec![("response_type", "")], "unsupported_response_type"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("response_mode", "form_post")], "invalid_request"),
        (vec![("prompt", "none login")], "invalid_request"),
        (vec![("request", "eyJ")], "request_not_supported"),
        (vec![("request_uri", "https://evil.example/")], "request_not_supported"),
    ] {
        let answer = Browser::default().get(&provider.authorize(&changes)).await;
        assert_eq!((answer.status, answer.parameter("error").as_str()), (302, error), "{changes:?}");
        assert!(answer.location.starts_with(&provider.redirect_uri()), "{changes:?}");
        assert_eq!(answer.parameter("state"), "the-state");
    }
}
