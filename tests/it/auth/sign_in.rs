//! What a browser and a client see of the embedded provider: sign-in, tokens, single sign-on, logout.

use super::keys::at;
use super::provider::{Browser, PASSWORD, TestProvider, claims, client, encode};
use crate::support::TestDatabase;
use civic_os::auth::{AuthOptions, Authenticator, KeySource};
use civic_os::identity::NewPerson;
use serde_json::Value;
use std::sync::Arc;

#[actix_web::test]
async fn a_resident_signs_in_and_the_token_has_keycloaks_claims() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "resident").await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 300);
    let access = claims(&tokens["access_token"]);
    for (claim, expected) in [
        ("iss", Value::from(provider.url(""))),
        ("aud", "account".into()),
        ("typ", "Bearer".into()),
        ("azp", "civic-os".into()),
        ("preferred_username", "resident".into()),
        ("name", "Ann Example".into()),
        ("given_name", "Ann".into()),
        ("family_name", "Example".into()),
        ("email", "resident@town.example".into()),
        ("phone_number", "5551234567".into()),
        ("realm_access", serde_json::json!({"roles": ["user"]})),
        ("scope", "openid profile email".into()),
    ] {
        assert_eq!(access[claim], expected, "{claim}");
    }
    assert!(uuid::Uuid::parse_str(access["sub"].as_str().expect("sub")).is_ok());
    assert_eq!(access["sid"], tokens["session_state"]);
    assert!(access["resource_access"]["account"]["roles"].is_array());
    let id = claims(&tokens["id_token"]);
    assert_eq!(
        (id["nonce"].as_str(), id["aud"].as_str(), id["typ"].as_str()),
        (Some("the-nonce"), Some("civic-os"), Some("ID"))
    );

    let auth = provider.authenticator();
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("token"));
    let identity = auth.authenticate(Some(&bearer)).await.expect("accepted");
    assert_eq!(identity.subject.as_deref(), access["sub"].as_str());
    for other in ["id_token", "refresh_token"] {
        let bearer = format!("Bearer {}", tokens[other].as_str().expect("token"));
        assert!(auth.authenticate(Some(&bearer)).await.is_err(), "{other} is no access token");
    }
}

#[actix_web::test]
async fn discovery_keys_and_user_information_agree_with_the_tokens() {
    let provider = TestProvider::start().await;
    let document: Value = client()
        .get(provider.url("/.well-known/openid-configuration"))
        .send()
        .await
        .expect("answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(document["issuer"], provider.url(""));
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    let keys: Value = client()
        .get(document["jwks_uri"].as_str().expect("address"))
        .send()
        .await
        .expect("answer")
        .json()
        .await
        .expect("JSON");
    assert!(keys["keys"][0]["d"].is_null() && keys["keys"][0]["n"].is_string());
    // Whoever fetches the keys verifies the tokens: the ordinary way of another process.
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "staff").await;
    let issuer = civic_os::auth::IssuerOptions::new(provider.url(""));
    let remote = Authenticator::new(AuthOptions::default(), KeySource::Issuer(issuer)).expect("authenticator");
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("token"));
    assert!(remote.authenticate(Some(&bearer)).await.is_ok());

    let userinfo = document["userinfo_endpoint"].as_str().expect("address");
    let answer = client().get(userinfo).header("Authorization", &bearer).send().await.expect("answer");
    let about: Value = answer.json().await.expect("JSON");
    assert_eq!(about["email"], "staff@town.example");
    assert_eq!(client().get(userinfo).send().await.expect("answer").status(), 401);
}

#[actix_web::test]
async fn single_sign_on_answers_silently_and_ends_with_the_logout() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let silent = provider.authorize(&[("prompt", "none")]);
    let answer = browser.get(&silent).await;
    assert_eq!((answer.status, answer.parameter("error").as_str()), (302, "login_required"));
    assert_eq!(answer.parameter("state"), "the-state");

    let tokens = provider.sign_in(&mut browser, "resident").await;
    let answer = browser.get(&silent).await;
    assert!(answer.location.starts_with(&format!("{}#", provider.redirect_uri())), "{}", answer.location);
    assert_eq!(answer.parameter("session_state"), tokens["session_state"].as_str().expect("sid"));
    assert_eq!(answer.parameter("iss"), provider.url(""));
    let (status, second) = provider.exchange(&answer.parameter("code")).await;
    assert_eq!(status, 200, "{second}");
    // prompt=login asks although somebody is signed in.
    assert!(browser.get(&provider.authorize(&[("prompt", "login")])).await.body.contains("<h1>Sign in</h1>"));
    assert!(browser.get(&provider.authorize(&[("max_age", "0")])).await.status == 302 || at(0) > 0);

    let query = encode(&[
        ("client_id", "civic-os"),
        ("id_token_hint", tokens["id_token"].as_str().expect("token")),
        ("post_logout_redirect_uri", &format!("{}/", provider.origin)),
    ]);
    let answer = browser.get(&format!("{}?{query}", provider.url("/protocol/openid-connect/logout"))).await;
    assert_eq!((answer.status, answer.location.as_str()), (302, format!("{}/", provider.origin).as_str()));
    assert!(!browser.cookies.contains_key("CIVIC_OS_SESSION"), "{:?}", browser.cookies);
    for tokens in [&tokens, &second] {
        let (status, body) = provider.refresh(tokens["refresh_token"].as_str().expect("token")).await;
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
    }
    assert_eq!(browser.get(&silent).await.parameter("error"), "login_required");
}

#[actix_web::test]
async fn cookies_are_limited_to_the_realm_and_closed_to_scripts() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    provider.sign_in(&mut browser, "resident").await;
    let session = &browser.attributes["CIVIC_OS_SESSION"];
    for part in ["HttpOnly", "SameSite=Lax", "Path=/realms/civic-os/"] {
        assert!(session.contains(part), "{part} in {session}");
    }
    let state = &browser.attributes["CIVIC_OS_SESSION_STATE"];
    assert!(!state.contains("HttpOnly") && state.contains("Path=/realms/civic-os/"), "{state}");
    let provider = TestProvider::start_with(|options| {
        options.issuer = "https://town.example/realms/civic-os".into();
    })
    .await;
    let mut browser = Browser::default();
    browser.get(&provider.authorize(&[])).await;
    assert!(browser.attributes["CIVIC_OS_FORM"].contains("Secure"));
}

#[actix_web::test]
async fn people_without_a_password_get_a_random_one_once() {
    let database = Arc::new(TestDatabase::create().await);
    let people = vec![NewPerson { username: "admin".into(), ..NewPerson::default() }];
    let start = || TestProvider::start_on(Arc::clone(&database), |options| options.people.clone_from(&people));
    let first = start().await;
    assert_eq!(first.provider.made_passwords().len(), 1);
    assert!(first.provider.made_passwords()[0].1.len() >= 16);
    assert!(start().await.provider.made_passwords().is_empty());
}

#[actix_web::test]
async fn frames_of_keycloak_js_work_for_the_client_only() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let step1 = browser.get(&provider.url("/protocol/openid-connect/3p-cookies/step1.html")).await;
    assert_eq!(step1.status, 302);
    let step2 = browser.get(&format!("{}{}", provider.origin, step1.location)).await;
    assert!(step2.body.contains("/cookies-supported.js"), "{}", step2.body);
    let step2 = Browser::default().get(&format!("{}{}", provider.origin, step1.location)).await;
    assert!(step2.body.contains("/cookies-unsupported.js"), "{}", step2.body);
    let status = browser.get(&provider.url("/protocol/openid-connect/login-status-iframe.html")).await;
    let policy = status.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'self'") && policy.contains("http://spa.example"), "{policy}");
    let script = browser.get(&provider.url("/resources/login-status.js")).await;
    assert!(script.header("content-type").starts_with("text/javascript"));
    for path in
        ["/resources/../keys.json", "/resources/..%2f..%2fkeys.json", "/resources/keys.json", "/nothing", "/admin"]
    {
        assert_eq!(browser.get(&provider.url(path)).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn the_account_page_changes_the_password_and_signs_out_everywhere() {
    let provider = TestProvider::start().await;
    let account = provider.url("/account");
    assert_eq!(Browser::default().get(&account).await.status, 401);
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "resident").await;
    let mut elsewhere = Browser::default();
    provider.sign_in(&mut elsewhere, "resident").await;
    let page = browser.get(&format!("{account}?referrer=civic-os&referrer_uri=https%3A%2F%2Fevil.example%2F")).await;
    assert!(page.body.contains("several devices") && !page.body.contains("evil.example"), "{}", page.body);
    let change = provider.url("/account/password");
    let new = "an even better password";
    for (old, one, two, status) in
        [(PASSWORD, "short", "short", 400), (PASSWORD, new, "other than new", 400), ("wrong", new, new, 401)]
    {
        let form = [
            ("form", page.form()),
            ("password", old.into()),
            ("new_password", one.into()),
            ("new_password_again", two.into()),
        ];
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.post(&change, &form).await.status, status, "{old} {one} {two}");
    }
    let form = page.form();
    let fields = [("form", form.as_str()), ("password", PASSWORD), ("new_password", new), ("new_password_again", new)];
    assert_eq!(elsewhere.post(&change, &fields).await.status, 401, "the form belongs to one session");
    assert_eq!(browser.post(&change, &fields).await.status, 200);
    assert_eq!(elsewhere.get(&account).await.status, 401, "all devices are signed out");
    assert_eq!(provider.refresh(tokens["refresh_token"].as_str().expect("token")).await.0, 400);
    let page = browser.get(&provider.authorize(&[])).await;
    assert_eq!(browser.send_form(&provider, &page, "resident", PASSWORD).await.status, 401);
    assert_eq!(browser.send_form(&provider, &page, "resident@town.example", new).await.status, 302);
    let page = browser.get(&account).await;
    let answer = browser.post(&provider.url("/account/sign-out-everywhere"), &[("form", &page.form())]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(browser.get(&account).await.status, 401);
}

#[actix_web::test]
async fn disabled_people_are_out_at_once() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "resident").await;
    let directory = provider.provider.directory();
    let resident = directory.find("resident").await.expect("found");
    assert!(!directory.set_enabled(resident.id, false).await.expect("kept").enabled);
    assert_eq!(provider.refresh(tokens["refresh_token"].as_str().expect("token")).await.0, 400);
    assert_eq!(browser.get(&provider.authorize(&[("prompt", "none")])).await.parameter("error"), "login_required");
    let page = browser.get(&provider.authorize(&[])).await;
    assert_eq!(browser.send_form(&provider, &page, "resident", PASSWORD).await.status, 401);
}
