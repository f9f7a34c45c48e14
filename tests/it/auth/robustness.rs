//! Whatever comes, the answer is a refusal, never a panic and never somebody's identity.

use super::keys::{TestKey, at};
use civic_os::auth::{AuthOptions, Authenticator, KeySet, KeySource, RolePath};
use jsonwebtoken::Algorithm::HS256;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

// A shared secret: signing with RSA would take most of the time of these tests.
static KEY: LazyLock<TestKey> = LazyLock::new(|| TestKey::secret(&[7; 32]));
static AUTH: LazyLock<Authenticator> = LazyLock::new(|| {
    let keys = KeySet::from_jwk_or_set(&KEY.jwk(json!({"kid": "key"}))).expect("keys");
    Authenticator::new(AuthOptions::default(), KeySource::Fixed(keys)).expect("authenticator")
});
static GOOD: LazyLock<String> = LazyLock::new(|| KEY.sign(HS256, Some("key"), &json!({"sub": "1", "exp": at(3600)})));

fn authenticate(header: &str) -> Result<std::sync::Arc<civic_os::auth::Identity>, civic_os::auth::AuthError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("runtime");
    runtime.block_on(AUTH.authenticate(Some(header)))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("sub|aud|exp|nbf|iat|role|typ|iss|azp|.{0,5}", inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_refused(text in "\\PC{0,200}") {
        let header = format!("Bearer .{text}");
        prop_assert!(authenticate(&header).is_err());
    }

    #[test]
    fn one_changed_character_is_refused(position in 0..usize::MAX, replacement in "[A-Za-z0-9_.-]") {
        let mut token = GOOD.clone();
        let at = position % token.len();
        prop_assume!(token[at..=at] != replacement);
        token.replace_range(at..=at, &replacement);
        // The last character of a part may carry unused bits; strict decoding refuses those too.
        let header = format!("Bearer {token}");
        prop_assert!(authenticate(&header).is_err(), "{}", header);
    }

    #[test]
    fn any_signed_payload_is_answered(payload in any_json()) {
        let token = KEY.sign_with_header(HS256, &json!({"alg": "HS256"}), &payload.to_string());
        if let Ok(identity) = authenticate(&format!("Bearer {token}")) {
            let claims: Value = serde_json::from_str(&identity.claims_json).expect("JSON");
            prop_assert!(claims.get("role").is_some_and(|role| !role.is_null()));
            prop_assert_eq!(&identity.role, "web_anon");
        }
    }

    #[test]
    fn any_header_is_answered(header in any_json()) {
        let token = KEY.sign_with_header(HS256, &header, "{\"sub\":\"1\"}");
        let _ = authenticate(&format!("Bearer {token}"));
    }

    #[test]
    fn any_key_document_is_answered(document in any_json(), kty in "RSA|EC|OKP|oct|", n in "[A-Za-z0-9_-]{0,400}") {
        let _ = KeySet::from_jwk_or_set(&document);
        let _ = KeySet::from_jwk_or_set(&json!({"keys": [document, {"kty": kty, "crv": "P-256", "n": n, "e": n, "x": n, "y": n, "k": n}]}));
        let _ = KeySet::from_secret(&n, true);
    }

    #[test]
    fn any_role_path_is_answered(text in "[.\\[\\]?(@=!^*\"a-z0-9) ]{0,30}", claims in any_json()) {
        if let Ok(path) = RolePath::parse(&text) {
            let _ = path.find(&claims);
        }
    }
}
