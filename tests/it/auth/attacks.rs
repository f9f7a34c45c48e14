//! What other sites and strangers try at the embedded provider: open redirects, forms of others, framing, guesses.

use super::provider::{Browser, PASSWORD, TestProvider, client, encode};

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
