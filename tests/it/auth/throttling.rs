//! Guessing passwords at the embedded provider: braked by account and by address, over restarts and in all processes.

use super::provider::{Browser, PASSWORD, Page, TestProvider, client, encode};
use crate::support::TestDatabase;
use reqwest::header::COOKIE;
use std::net::IpAddr;
use std::sync::Arc;

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

/// A sign-in form that is sent from several addresses: all of 127.0.0.0/8 is this machine.
struct Guesser {
    form: String,
    cookie: String,
}

impl Guesser {
    async fn open(provider: &TestProvider) -> Self {
        let mut browser = Browser::default();
        let page = browser.get(&provider.authorize(&[("redirect_uri", "http://spa.example/")])).await;
        Self { form: page.form(), cookie: format!("CIVIC_OS_FORM={}", browser.cookies["CIVIC_OS_FORM"]) }
    }

    /// The status of one attempt from 127.0.0.`from`.
    async fn tries(&self, provider: &TestProvider, from: u8, username: &str, password: &str) -> u16 {
        let client = reqwest::Client::builder()
            .local_address(IpAddr::from([127, 0, 0, from]))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("client");
        let body = encode(&[("form", &self.form), ("username", username), ("password", password)]);
        let request = client.post(provider.url("/login-actions/authenticate")).header(COOKIE, &self.cookie);
        request.body(body).send().await.expect("answer").status().as_u16()
    }
}

#[actix_web::test]
async fn the_brake_holds_over_restarts_and_in_all_processes() {
    let database = Arc::new(TestDatabase::create().await);
    let start = || {
        TestProvider::start_on(Arc::clone(&database), |options| {
            options.issuer = "http://town.example/realms/civic-os".into();
            options.redirect_origins = vec!["http://spa.example".into()];
        })
    };
    let (one, two) = (start().await, start().await);
    let guesser = Guesser::open(&one).await;
    for n in 0..6 {
        let at = if n % 2 == 0 { &one } else { &two };
        assert_eq!(guesser.tries(at, 2 + n, "Resident", "wrong").await, 401, "{n}");
    }
    for at in [&one, &two] {
        assert_eq!(guesser.tries(at, 20, "resident", PASSWORD).await, 429);
    }
    let later = start().await;
    assert_eq!(guesser.tries(&later, 20, "resident", PASSWORD).await, 429, "a restart forgets nothing");
    assert_eq!(guesser.tries(&later, 20, "staff", PASSWORD).await, 302, "others sign in");
    let client = database.connect().await;
    let kept: String = client
        .query_one("select string_agg(a::text, ' ') from civic_os_identity.attempts a", &[])
        .await
        .expect("attempts")
        .get(0);
    assert!(!kept.contains("esident") && !kept.contains("127.0.0"), "names are not kept: {kept}");

    // Half a minute passes; what is wrong then costs a longer pause.
    let pass = "update civic_os_identity.attempts set blocked_until = blocked_until - interval '31 seconds'";
    database.execute(pass).await;
    assert_eq!(guesser.tries(&one, 21, "resident", "wrong").await, 401);
    database.execute(pass).await;
    assert_eq!(guesser.tries(&two, 21, "resident", PASSWORD).await, 429, "the pause has doubled");
    database.execute(pass).await;
    assert_eq!(guesser.tries(&two, 21, "resident", PASSWORD).await, 302);
    // Success starts anew, and so does peace.
    for n in 0..5 {
        assert_eq!(guesser.tries(&one, 22, "resident", "wrong").await, 401, "{n}");
    }
    database.execute("update civic_os_identity.attempts set last_at = last_at - interval '16 minutes'").await;
    for n in 0..6 {
        assert_eq!(guesser.tries(&one, 23, "resident", "wrong").await, 401, "{n}");
    }
    assert_eq!(guesser.tries(&one, 23, "resident", "wrong").await, 429);
}

#[actix_web::test]
async fn an_address_is_braked_whatever_account_it_tries() {
    let provider = TestProvider::start().await;
    let guesser = Guesser::open(&provider).await;
    for n in 0..31 {
        assert_eq!(guesser.tries(&provider, 9, &format!("user{n}"), "wrong").await, 401, "{n}");
    }
    assert_eq!(guesser.tries(&provider, 9, "resident", PASSWORD).await, 429);
    assert_eq!(guesser.tries(&provider, 10, "resident", PASSWORD).await, 302);
}

/// Many people behind one address who know their passwords.
#[actix_web::test]
async fn right_passwords_never_add_up() {
    let provider = TestProvider::start().await;
    let guesser = Guesser::open(&provider).await;
    for n in 0..33 {
        assert_eq!(guesser.tries(&provider, 9, "resident", PASSWORD).await, 302, "{n}");
    }
}
