//! The bounds on verification: a cached token 5 µs, a new RS256 token 200 µs, 1,000 distinct tokens a second. An
//! unoptimised build gets ten times as long; `cargo test --release auth::timing -- --nocapture` shows the real figures.

use super::keys::RSA;
use civic_os::auth::{AuthOptions, Authenticator, KeySet, KeySource};
use jsonwebtoken::Algorithm::RS256;
use serde_json::json;
use std::time::Duration;

/// Processor time of this thread: what others do on the machine meanwhile does not count.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("schedstat");
    Duration::from_nanos(text.split(' ').next().and_then(|nanos| nanos.parse().ok()).expect("nanoseconds"))
}

#[tokio::test]
async fn verification_is_within_its_bounds() {
    let slack = if cfg!(debug_assertions) { 10 } else { 1 };
    let keys = KeySet::from_jwk_or_set(&RSA.jwk(json!({"kid": "rsa"}))).expect("keys");
    let auth = Authenticator::new(AuthOptions::default(), KeySource::Fixed(keys)).expect("authenticator");
    let tokens: Vec<String> = (0..200)
        .map(|n| {
            let claims = json!({"sub": n, "name": "A person with an ordinary token", "realm_access": {"roles": ["user", "editor"]},
                "email": "person@town.example", "scope": "openid profile email", "resource_access": {"account": {"roles": ["view-profile"]}}});
            format!("Bearer {}", RSA.sign(RS256, Some("rsa"), &claims))
        })
        .collect();
    let measured = async |rounds: u32| {
        let started = processor_time();
        for _ in 0..rounds {
            for token in &tokens {
                auth.authenticate(Some(token)).await.expect("accepted");
            }
        }
        (processor_time() - started) / rounds / tokens.len() as u32
    };
    let (fresh, cached) = (measured(1).await, measured(100).await);
    println!("new token {fresh:?}, cached token {cached:?}");
    assert!(fresh < Duration::from_micros(200) * slack, "new token {fresh:?}");
    assert!(cached < Duration::from_micros(5) * slack, "cached token {cached:?}");
}
