//! Restarts, rotated keys, and several processes that are one provider.

use super::provider::{Browser, PASSWORD, TestProvider, VERIFIER, claims, client, encode, header};
use crate::support::TestDatabase;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

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
