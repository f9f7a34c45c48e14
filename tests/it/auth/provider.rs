//! The embedded provider over real HTTP, as a browser meets it.

use super::keys::at;
use crate::support::TestDatabase;
use actix_web::{App, HttpServer, dev::ServerHandle};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use civic_os::auth::{AuthOptions, Authenticator, KeySource};
use civic_os::config::Secret;
use civic_os::db::{Db, DbOptions};
use civic_os::identity::{NewPerson, Provider, ProviderOptions};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

pub(super) const PASSWORD: &str = "a good password";

pub(super) struct TestProvider {
    pub(super) provider: Provider,
    pub(super) origin: String,
    pub(super) database: Arc<TestDatabase>,
    server: ServerHandle,
}

pub(super) fn person(username: &str, roles: &[&str]) -> NewPerson {
    NewPerson {
        username: username.into(),
        password: Some(Secret::new(PASSWORD)),
        given_name: "Ann".into(),
        family_name: "Example".into(),
        email: format!("{username}@town.example"),
        phone_number: Some("5551234567".into()),
        roles: roles.iter().map(|role| (*role).into()).collect(),
        ..NewPerson::default()
    }
}

fn people() -> Vec<NewPerson> {
    vec![person("resident", &["user"]), person("staff", &["user", "editor"])]
}

impl TestProvider {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(super) async fn start_with(change: impl FnOnce(&mut ProviderOptions)) -> Self {
        Self::start_on(Arc::new(TestDatabase::create().await), change).await
    }

    /// A provider on a database that others may use too.
    pub(super) async fn start_on(database: Arc<TestDatabase>, change: impl FnOnce(&mut ProviderOptions)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let origin = format!("http://{}", listener.local_addr().expect("address"));
        let mut options = ProviderOptions::new(&origin, "civic-os", "civic-os");
        options.redirect_origins.push("http://spa.example".into());
        options.people = people();
        change(&mut options);
        let db = Db::open(DbOptions { url: database.authenticator_url(), pool_max: 4, ..DbOptions::default() });
        let provider = Provider::new(options, db.expect("pool")).expect("provider");
        provider.start().await.expect("started");
        let served = provider.clone();
        let server = HttpServer::new(move || App::new().configure(|routes| served.configure(routes)))
            .workers(1)
            .disable_signals()
            .listen(listener)
            .expect("listen")
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { provider, origin, database, server: handle }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/realms/civic-os{path}", self.origin)
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("{}/silent-check-sso.html", self.origin)
    }

    pub(super) fn authenticator(&self) -> Authenticator {
        let options = AuthOptions { issuer: Some(self.provider.issuer().into()), ..AuthOptions::default() };
        Authenticator::new(options, KeySource::Local(self.provider.key_set())).expect("authenticator")
    }

    /// The address of an authorization request; `changes` replace parameters, an empty value removes one.
    pub(super) fn authorize(&self, changes: &[(&str, &str)]) -> String {
        let redirect = self.redirect_uri();
        let challenge = challenge(VERIFIER);
        let mut parameters = BTreeMap::from([
            ("client_id", "civic-os"),
            ("redirect_uri", redirect.as_str()),
            ("response_type", "code"),
            ("response_mode", "fragment"),
            ("scope", "openid"),
            ("state", "the-state"),
            ("nonce", "the-nonce"),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ]);
        for (name, value) in changes {
            parameters.insert(name, value);
        }
        parameters.retain(|_, value| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        format!("{}?{query}", self.url("/protocol/openid-connect/auth"))
    }

    pub(super) async fn token(&self, form: &[(&str, &str)]) -> (u16, Value) {
        let response = client().post(self.url("/protocol/openid-connect/token")).body(encode(form)).send().await;
        let response = response.expect("answer");
        let status = response.status().as_u16();
        (status, response.json().await.expect("JSON"))
    }

    pub(super) async fn exchange(&self, code: &str) -> (u16, Value) {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("client_id", "civic-os"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri()),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    pub(super) async fn refresh(&self, token: &str) -> (u16, Value) {
        self.token(&[("grant_type", "refresh_token"), ("client_id", "civic-os"), ("refresh_token", token)]).await
    }

    /// Everything from the first page to tokens.
    pub(super) async fn sign_in(&self, browser: &mut Browser, username: &str) -> Value {
        let page = browser.get(&self.authorize(&[])).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let answer = browser.send_form(self, &page, username, PASSWORD).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let (status, tokens) = self.exchange(&answer.parameter("code")).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }
}

impl Drop for TestProvider {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

const VERIFIER: &str = "a-verifier-with-at-least-forty-three-characters-in-it";

fn challenge(verifier: &str) -> String {
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

pub(super) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().expect("client")
}

pub(super) fn encode(form: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

pub(super) fn claims(token: &Value) -> Value {
    let token = token.as_str().expect("token");
    let payload = token.split('.').nth(1).expect("payload");
    serde_json::from_slice(&BASE64.decode(payload).expect("base64url")).expect("JSON")
}

fn header(token: &Value) -> Value {
    let part = token.as_str().expect("token").split('.').next().expect("header");
    serde_json::from_slice(&BASE64.decode(part).expect("base64url")).expect("JSON")
}

/// A browser as far as cookies go.
#[derive(Default)]
pub(super) struct Browser {
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) attributes: BTreeMap<String, String>,
    pub(super) headers: Vec<(&'static str, String)>,
}

pub(super) struct Page {
    pub(super) status: u16,
    pub(super) location: String,
    headers: reqwest::header::HeaderMap,
    pub(super) body: String,
}

impl Page {
    /// A parameter of the redirect, from fragment or query.
    pub(super) fn parameter(&self, name: &str) -> String {
        let url = Url::parse(&self.location).expect("location");
        let text = url.fragment().or(url.query()).unwrap_or_default();
        let found = url::form_urlencoded::parse(text.as_bytes()).find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).unwrap_or_default()
    }

    pub(super) fn form(&self) -> String {
        let (_, rest) = self.body.split_once("name=\"form\" value=\"").expect("form field");
        rest.split('"').next().expect("value").into()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Browser {
    pub(super) async fn get(&mut self, url: &str) -> Page {
        self.send(client().get(url)).await
    }

    pub(super) async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        self.send(client().post(url).body(encode(form))).await
    }

    pub(super) async fn send_form(
        &mut self,
        provider: &TestProvider,
        page: &Page,
        username: &str,
        password: &str,
    ) -> Page {
        let url = provider.url("/login-actions/authenticate");
        let form = page.form();
        self.post(&url, &[("form", &form), ("username", username), ("password", password)]).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = request.header(COOKIE, cookies.join("; "));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let response = request.send().await.expect("answer");
        for cookie in response.headers().get_all(SET_COOKIE) {
            let text = cookie.to_str().expect("ASCII");
            let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').expect("pair");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.into(), value.into());
                self.attributes.insert(name.into(), attributes.into());
            }
        }
        Page {
            status: response.status().as_u16(),
            location: response.headers().get(LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default().into(),
            headers: response.headers().clone(),
            body: response.text().await.expect("text"),
        }
    }
}

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
async fn nobody_is_redirected_to_strangers() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    provider.sign_in(&mut browser, "resident").await;
    let strangers = [
        "https://evil.example/",
        "//evil.example/",
        "http://127.0.0.1/",
        "javascript:alert(1)",
        "http://spa.example.evil.example/",
        "http://spa.example@evil.example/",
        "http://spa.example:81/",
        "https://spa.example/",
        "http://spa.example\\@evil.example",
        "http://spa.example%2f@evil.example",
        "/relative",
    ];
    for stranger in strangers {
        for prompt in ["none", "login"] {
            let answer = browser.get(&provider.authorize(&[("redirect_uri", stranger), ("prompt", prompt)])).await;
            assert_eq!((answer.status, answer.location.as_str()), (400, ""), "{stranger}");
            assert!(!answer.body.contains("evil.example"), "{stranger} is repeated on the page");
        }
        let query = encode(&[("client_id", "civic-os"), ("post_logout_redirect_uri", stranger)]);
        let answer = browser.get(&format!("{}?{query}", provider.url("/protocol/openid-connect/logout"))).await;
        assert_eq!((answer.status, answer.location.as_str()), (400, ""), "logout to {stranger}");
    }
    let answer = browser.get(&provider.authorize(&[("client_id", "other")])).await;
    assert_eq!((answer.status, answer.location.as_str()), (400, ""));
    let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.example%2F", provider.authorize(&[]));
    assert_eq!(browser.get(&twice).await.status, 400);
    // The origins that are configured work.
    let answer = browser
        .get(&provider.authorize(&[
            ("redirect_uri", "http://spa.example/a?b=c"),
            ("prompt", "none"),
            ("response_mode", "query"),
        ]))
        .await;
    assert!(answer.location.starts_with("http://spa.example/a?b=c&state=the-state&"), "{}", answer.location);
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

#[actix_web::test]
async fn a_form_works_only_in_the_browser_it_was_shown_in() {
    let provider = TestProvider::start().await;
    let mut mine = Browser::default();
    let page = mine.get(&provider.authorize(&[])).await;
    // Another site has the form (its own sign-in page) but not the cookie of this browser: login CSRF.
    let mut victim = Browser::default();
    let answer = victim.send_form(&provider, &page, "resident", PASSWORD).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("did not send the cookie"), "{}", answer.body);
    victim.get(&provider.authorize(&[])).await;
    let answer = victim.send_form(&provider, &page, "resident", PASSWORD).await;
    assert_eq!(answer.status, 400, "the cookie of another page does not help");
    assert!(!victim.cookies.contains_key("CIVIC_OS_SESSION"));
    let url = provider.url("/login-actions/authenticate");
    for form in ["", "x", "a.b.c"] {
        let answer = mine.post(&url, &[("form", form), ("username", "resident"), ("password", PASSWORD)]).await;
        assert_eq!((answer.status, answer.location.as_str()), (400, ""));
    }
    for (name, value) in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Origin", "null")] {
        mine.headers = vec![(name, value.into())];
        let answer = mine.send_form(&provider, &page, "resident", PASSWORD).await;
        assert_eq!((answer.status, answer.location.as_str()), (400, ""), "{name}: {value}");
    }
    mine.headers = vec![("Origin", provider.origin.clone()), ("Sec-Fetch-Site", "same-origin".into())];
    let answer = mine.send_form(&provider, &page, "resident", PASSWORD).await;
    assert_eq!(answer.status, 302, "{}", answer.body);
}

#[actix_web::test]
async fn signing_out_without_proof_asks_first() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    provider.sign_in(&mut browser, "resident").await;
    let logout = provider.url("/protocol/openid-connect/logout");
    for query in ["", "?id_token_hint=a.b.c", "?client_id=civic-os"] {
        let answer = browser.get(&format!("{logout}{query}")).await;
        assert!(answer.body.contains("<h1>Sign out?</h1>"), "{query}");
    }
    let silent = provider.authorize(&[("prompt", "none")]);
    assert_eq!(browser.get(&silent).await.parameter("error"), "", "still signed in");
    // A form of another browser does not sign this one out.
    let foreign = {
        let mut other = Browser::default();
        provider.sign_in(&mut other, "staff").await;
        other.get(&logout).await.form()
    };
    browser.post(&logout, &[("form", &foreign)]).await;
    assert_eq!(browser.get(&silent).await.parameter("error"), "", "still signed in");
    let page = browser.get(&logout).await;
    let answer = browser.post(&logout, &[("form", &page.form())]).await;
    assert!(answer.body.contains("<h1>Signed out</h1>"), "{}", answer.body);
    assert_eq!(browser.get(&silent).await.parameter("error"), "login_required");
}

#[actix_web::test]
async fn wrong_passwords_tell_nothing_and_are_braked() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let page = browser.get(&provider.authorize(&[])).await;
    let comparable = |answer: &Page, name: &str| {
        let body = answer.body.replace(&answer.form(), "").replace(name, "");
        (answer.status, body)
    };
    let known = browser.send_form(&provider, &page, "resident", "wrong").await;
    let unknown = browser.send_form(&provider, &page, "nobody", "wrong").await;
    assert_eq!(known.status, 401);
    assert_eq!(comparable(&known, "resident"), comparable(&unknown, "nobody"));
    assert!(known.body.contains("role=\"alert\"") && known.body.contains("aria-describedby=\"problem\""));
    assert!(known.body.contains("value=\"resident\"") && !known.body.contains("wrong\""));

    for name in ["resident", "nobody"] {
        let mut statuses = Vec::new();
        for _ in 0..8 {
            let answer = browser.send_form(&provider, &page, name, "wrong").await;
            statuses.push((answer.status, !answer.header("retry-after").is_empty()));
        }
        assert!(statuses.contains(&(429, true)), "{name}: {statuses:?}");
    }
    // The right password has to wait as well; other accounts do not.
    assert_eq!(browser.send_form(&provider, &page, "resident", PASSWORD).await.status, 429);
    assert_eq!(browser.send_form(&provider, &page, "staff", PASSWORD).await.status, 302);
}

#[actix_web::test]
async fn parallel_guesses_gain_nothing() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let page = browser.get(&provider.authorize(&[])).await;
    let (form, cookie) = (page.form(), format!("CIVIC_OS_FORM={}", browser.cookies["CIVIC_OS_FORM"]));
    let guesses = (0..40).map(|n| {
        let body = encode(&[("form", &form), ("username", "resident"), ("password", &format!("guess {n}"))]);
        client().post(provider.url("/login-actions/authenticate")).header(COOKIE, &cookie).body(body).send()
    });
    let answers = futures_util::future::join_all(guesses).await;
    let checked = answers.iter().filter(|answer| answer.as_ref().is_ok_and(|answer| answer.status() == 401)).count();
    assert!(checked <= 6, "{checked} passwords were checked");
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

#[actix_web::test]
async fn a_restart_keeps_keys_people_and_sessions() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let tokens = provider.sign_in(&mut browser, "resident").await;
    let client = provider.database.connect().await;
    for table in ["people", "sessions", "token_families", "codes", "links"] {
        let query = format!("select coalesce(string_agg(t::text, ' '), '') from civic_os_identity.{table} t");
        let text: String = client.query_one(&query, &[]).await.expect(table).get(0);
        for secret in [PASSWORD, &browser.cookies["CIVIC_OS_SESSION"], tokens["refresh_token"].as_str().expect("token")]
        {
            assert!(!text.contains(secret), "{table} holds a secret in clear");
        }
    }
    let issuer = provider.url("");
    let again = TestProvider::start_on(Arc::clone(&provider.database), |options| options.issuer = issuer).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("token"));
    assert!(again.authenticator().authenticate(Some(&bearer)).await.is_ok(), "old tokens are still good");
    let (status, renewed) = again.refresh(tokens["refresh_token"].as_str().expect("token")).await;
    assert_eq!(status, 200, "{renewed}");
    assert_eq!(claims(&renewed["access_token"])["sub"], claims(&tokens["access_token"])["sub"]);
    assert!(again.provider.made_passwords().is_empty());
}

/// Behind a load balancer every request of a sign-in may meet another process.
#[actix_web::test]
async fn two_processes_are_one_provider() {
    let database = Arc::new(TestDatabase::create().await);
    let issuer = "http://town.example/realms/civic-os";
    let start = || {
        TestProvider::start_on(Arc::clone(&database), |options| {
            options.issuer = issuer.into();
            options.redirect_origins = vec!["http://spa.example".into()];
        })
    };
    // Both find an empty database at the same moment and agree on one key.
    let (one, two) = futures_util::future::join(start(), start()).await;
    let redirect = ("redirect_uri", "http://spa.example/");
    let mut browser = Browser::default();
    let page = browser.get(&one.authorize(&[redirect])).await;
    let answer = browser.send_form(&two, &page, "resident", PASSWORD).await;
    assert_eq!(answer.status, 302, "{}", answer.body);
    let exchange = |provider: &TestProvider, code: String| {
        let url = provider.url("/protocol/openid-connect/token");
        async move {
            let form = [
                ("grant_type", "authorization_code"),
                ("client_id", "civic-os"),
                ("code", &code),
                redirect,
                ("code_verifier", VERIFIER),
            ];
            let response = client().post(url).body(encode(&form)).send().await.expect("answer");
            (response.status().as_u16(), response.json::<Value>().await.expect("JSON"))
        }
    };
    let code = answer.parameter("code");
    let (status, tokens) = exchange(&one, code.clone()).await;
    assert_eq!(status, 200, "{tokens}");
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("token"));
    for provider in [&one, &two] {
        assert!(provider.authenticator().authenticate(Some(&bearer)).await.is_ok());
    }
    let token = tokens["refresh_token"].as_str().expect("token");
    let (first, second) = futures_util::future::join(one.refresh(token), two.refresh(token)).await;
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "one token, two processes, one success");
    assert_eq!(exchange(&two, code).await.0, 400, "the other process knows that the code is spent");
    // The next key is known everywhere before it signs.
    let kid = one.provider.rotate_keys(Duration::from_secs(60)).await.expect("rotated").expect("made");
    let published: Value = client()
        .get(one.url("/protocol/openid-connect/certs"))
        .send()
        .await
        .expect("answer")
        .json()
        .await
        .expect("JSON");
    let kids: Vec<&Value> = published["keys"].as_array().expect("keys").iter().map(|key| &key["kid"]).collect();
    assert!(kids.len() == 2 && kids.contains(&&Value::from(kid.clone())), "{kids:?}");
    let mut other = Browser::default();
    let page = other.get(&one.authorize(&[redirect])).await;
    let code = other.send_form(&one, &page, "staff", PASSWORD).await.parameter("code");
    let (_, tokens) = exchange(&one, code).await;
    assert_ne!(header(&tokens["access_token"])["kid"], kid, "announced, not used yet");
    // Signing out here is signing out there.
    let sid = tokens["session_state"].as_str().expect("sid");
    assert!(!sid.is_empty());
    let query = encode(&[("client_id", "civic-os"), ("id_token_hint", tokens["id_token"].as_str().expect("token"))]);
    other.get(&format!("{}?{query}", two.url("/protocol/openid-connect/logout"))).await;
    assert_eq!(one.refresh(tokens["refresh_token"].as_str().expect("token")).await.0, 400);
}

#[actix_web::test]
async fn keys_rotate_without_cutting_anybody_off() {
    let provider = TestProvider::start().await;
    let mut browser = Browser::default();
    let old = provider.sign_in(&mut browser, "resident").await;
    let kid = provider.provider.rotate_keys(Duration::ZERO).await.expect("rotated").expect("made");
    let new = provider.sign_in(&mut Browser::default(), "staff").await;
    assert_eq!(header(&new["access_token"])["kid"], kid);
    for tokens in [&old, &new] {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("token"));
        assert!(provider.authenticator().authenticate(Some(&bearer)).await.is_ok());
    }
    assert_eq!(provider.refresh(old["refresh_token"].as_str().expect("token")).await.0, 200);
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
async fn only_the_client_may_read_tokens_across_origins() {
    let provider = TestProvider::start().await;
    let token = provider.url("/protocol/openid-connect/token");
    for (origin, allowed) in [("http://spa.example", true), ("https://evil.example", false), ("null", false)] {
        for request in [client().request(reqwest::Method::OPTIONS, &token), client().post(&token).body("x=1")] {
            let answer = request.header("Origin", origin).send().await.expect("answer");
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
            assert_eq!(header("access-control-allow-origin"), allowed.then_some(origin), "{origin}");
            assert_eq!(header("access-control-allow-credentials"), allowed.then_some("true"), "{origin}");
            assert_eq!(header("vary"), Some("Origin"));
        }
    }
}

#[actix_web::test]
async fn pages_have_no_scripts_and_cannot_be_framed() {
    let provider = TestProvider::start().await;
    let page = Browser::default().get(&provider.authorize(&[("login_hint", "\"><script>alert(1)</script>")])).await;
    assert!(!page.body.contains("<script"), "{}", page.body);
    assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("<label for=\"username\">"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains(&format!("form-action 'self' {}", provider.origin)), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(!page.body.contains(PASSWORD), "accounts are shown in demonstrations only");
    let demo = TestProvider::start_with(|options| options.shown_password = Some(PASSWORD.into())).await;
    assert!(Browser::default().get(&demo.authorize(&[])).await.body.contains(PASSWORD));
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
async fn oversized_and_repeated_input_is_refused() {
    let provider = TestProvider::start().await;
    let big = "x".repeat(20_000);
    let answer = client().post(provider.url("/protocol/openid-connect/token")).body(format!("a={big}")).send().await;
    assert_eq!(answer.expect("answer").status(), 413);
    let (status, body) = provider
        .token(&[("grant_type", "refresh_token"), ("grant_type", "refresh_token"), ("client_id", "civic-os")])
        .await;
    assert_eq!((status, body["error"].as_str()), (400, Some("invalid_request")));
    let mut browser = Browser::default();
    let page = browser.get(&provider.authorize(&[])).await;
    let answer = browser.send_form(&provider, &page, "resident", &"p".repeat(300)).await;
    assert_eq!(answer.status, 401);
}
