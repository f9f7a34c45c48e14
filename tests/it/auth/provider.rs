//! The embedded provider over real HTTP and a browser as far as cookies go: what its tests stand on.

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

pub(super) const VERIFIER: &str = "a-verifier-with-at-least-forty-three-characters-in-it";

pub(super) fn challenge(verifier: &str) -> String {
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

pub(super) fn header(token: &Value) -> Value {
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
