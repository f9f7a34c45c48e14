//! What genuine tokens give: role, claims, who it is; and which keys they may be signed with.

use super::keys::{OTHER_RSA, RSA, TestKey, at};
use civic_os::auth::{AuthError, AuthOptions, Authenticator, KeySet, KeySource, SetupError, SharedKeySet};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

const SECRET: &str = "a secret of more than thirty-two characters";

fn authenticator(options: AuthOptions, keys: Value) -> Authenticator {
    let keys = KeySet::from_jwk_or_set(&keys).expect("keys");
    Authenticator::new(options, KeySource::Fixed(keys)).expect("authenticator")
}

fn with_secret(options: AuthOptions) -> Authenticator {
    let source = KeySource::from_secret(SECRET, false).expect("secret");
    Authenticator::new(options, source).expect("authenticator")
}

fn hs256(claims: &Value) -> String {
    format!("Bearer {}", TestKey::secret(SECRET.as_bytes()).sign(Algorithm::HS256, None, claims))
}

fn no_audience() -> AuthOptions {
    AuthOptions { audience: None, ..AuthOptions::postgrest() }
}

#[tokio::test]
async fn without_a_token_a_request_is_anonymous() {
    let auth = with_secret(AuthOptions::default());
    for header in [None, Some("Basic dXNlcjpwYXNz"), Some("Token abc"), Some("bearer-like x"), Some("")] {
        let identity = auth.authenticate(header).await.expect("anonymous");
        assert_eq!(identity.role, "web_anon");
        assert_eq!(identity.claims_json, r#"{"role":"web_anon"}"#);
        assert!(identity.anonymous && identity.subject.is_none());
    }
}

#[tokio::test]
async fn without_an_anonymous_role_a_token_is_required() {
    let auth = with_secret(AuthOptions::postgrest());
    let error = auth.authenticate(None).await.expect_err("refused");
    assert_eq!(error, AuthError::AnonymousDisabled);
    assert_eq!(
        (error.status(), error.code(), error.message().as_str()),
        (401, "PGRST302", "Anonymous access is disabled")
    );
    assert_eq!(error.www_authenticate().as_deref(), Some("Bearer"));
    assert_eq!(auth.authenticate(Some(&hs256(&json!({"role": "author"})))).await.expect("author").role, "author");
    assert_eq!(auth.authenticate(Some(&hs256(&json!({"id": 1})))).await, Err(AuthError::AnonymousDisabled));
}

#[tokio::test]
async fn civic_os_starts_as_anonymous_and_leaves_the_role_to_check_jwt() {
    let auth = with_secret(AuthOptions::default());
    let token = hs256(&json!({"sub": "e8f1", "name": "Ann", "aud": "account"}));
    let identity = auth.authenticate(Some(&token)).await.expect("identity");
    assert_eq!(identity.role, "web_anon");
    assert_eq!(identity.subject.as_deref(), Some("e8f1"));
    assert!(!identity.anonymous);
    let claims: Value = serde_json::from_str(&identity.claims_json).expect("JSON");
    assert_eq!(claims, json!({"sub": "e8f1", "name": "Ann", "aud": "account", "role": "web_anon"}));

    // D-25: a role claim does not choose the database role.
    let token = hs256(&json!({"sub": "e8f1", "role": "postgres"}));
    let identity = auth.authenticate(Some(&token)).await.expect("identity");
    assert_eq!(identity.role, "web_anon");

    let nobody = auth.authenticate(Some(&hs256(&json!({"sub": null})))).await.expect("identity");
    assert!(nobody.anonymous && nobody.subject.is_none());
}

#[tokio::test]
async fn a_role_claim_is_honoured_where_asked_for() {
    let options = AuthOptions { anonymous_role: Some("anon".into()), ..AuthOptions::postgrest() };
    let auth = with_secret(options.clone());
    let identity = auth.authenticate(Some(&hs256(&json!({"role": "author", "id": "jdoe"})))).await.expect("author");
    assert_eq!((identity.role.as_str(), identity.anonymous), ("author", false));
    let identity = auth.authenticate(Some(&hs256(&json!({"id": "jdoe"})))).await.expect("anonymous");
    assert_eq!((identity.role.as_str(), identity.anonymous), ("anon", true));
    assert_eq!(identity.claims_json, r#"{"id":"jdoe","role":"anon"}"#);

    let nested = AuthOptions { role_claim_key: ".app.roles[?(@ ^== \"db_\")]".into(), ..options.clone() };
    let auth = with_secret(nested);
    let token = hs256(&json!({"app": {"roles": ["staff", "db_editor"]}, "role": "other"}));
    let identity = auth.authenticate(Some(&token)).await.expect("editor");
    assert_eq!(identity.role, "db_editor");
    assert!(identity.claims_json.contains(r#""role":"db_editor""#), "{}", identity.claims_json);

    let limited = AuthOptions { allowed_roles: Some(vec!["author".into()]), ..options };
    let auth = with_secret(limited);
    assert!(auth.authenticate(Some(&hs256(&json!({"role": "author"})))).await.is_ok());
    let refused = auth.authenticate(Some(&hs256(&json!({"role": "editor"})))).await.expect_err("not listed");
    assert_eq!((refused.status(), refused.code()), (403, "42501"));
}

#[tokio::test]
async fn the_roles_of_the_workers_are_never_given_to_requests() {
    for allowed in [None, Some(vec!["civic_os_worker".into(), "civic_os_payments".into(), "civic_os_identity".into()])]
    {
        let auth = with_secret(AuthOptions { allowed_roles: allowed, ..AuthOptions::postgrest() });
        for role in ["civic_os_worker", "civic_os_payments", "civic_os_identity"] {
            let refused = auth.authenticate(Some(&hs256(&json!({ "role": role })))).await.expect_err(role);
            assert_eq!(refused, AuthError::RoleNotAllowed { role: role.into() });
        }
    }
}

#[tokio::test]
async fn every_supported_algorithm_verifies_and_only_with_its_key() {
    let (p256, p384, ed) = (TestKey::p256(), TestKey::p384(), TestKey::ed25519());
    let secret = TestKey::secret(&[7; 64]);
    let set = json!({"keys": [
        RSA.jwk(json!({"kid": "rsa"})), p256.jwk(json!({"kid": "p256", "alg": "ES256"})),
        p384.jwk(json!({"kid": "p384"})), ed.jwk(json!({"kid": "ed", "use": "sig"})),
        secret.jwk(json!({"kid": "oct"})), OTHER_RSA.jwk(json!({"kid": "only-ps", "alg": "PS256"})),
    ]});
    let auth = authenticator(no_audience(), set);
    use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
    let cases: [(&TestKey, &str, &[Algorithm]); 6] = [
        (&RSA, "rsa", &[RS256, RS384, RS512, PS256, PS384, PS512]),
        (&p256, "p256", &[ES256]),
        (&p384, "p384", &[ES384]),
        (&ed, "ed", &[EdDSA]),
        (&secret, "oct", &[HS256, HS384, HS512]),
        (&OTHER_RSA, "only-ps", &[PS256]),
    ];
    let claims = json!({"role": "author"});
    for (key, kid, algorithms) in cases {
        for algorithm in algorithms {
            let token = key.sign(*algorithm, Some(kid), &claims);
            let identity = auth.authenticate(Some(&format!("Bearer {token}"))).await;
            assert_eq!(identity.map(|identity| identity.role.clone()), Ok("author".into()), "{kid} {algorithm:?}");
            // Without a name every key is tried.
            let token = key.sign(*algorithm, None, &claims);
            assert!(
                auth.authenticate(Some(&format!("Bearer {token}"))).await.is_ok(),
                "{kid} {algorithm:?} without kid"
            );
        }
    }
    // The key is bound to PS256.
    let token = OTHER_RSA.sign(RS256, Some("only-ps"), &claims);
    assert!(auth.authenticate(Some(&format!("Bearer {token}"))).await.is_err());
}

#[tokio::test]
async fn all_forms_of_the_secret_work() {
    let token = hs256(&json!({"role": "author"}));
    let standard = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, SECRET);
    let url_safe = standard.replace('+', "-").replace('/', "_").replace('=', ".");
    let jwk = TestKey::secret(SECRET.as_bytes()).public;
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).expect("write");
    for (setting, is_base64) in [
        (SECRET.to_owned(), false),
        (standard.clone(), true),
        (url_safe, true),
        (jwk.to_string(), false),
        (json!({"keys": [jwk]}).to_string(), false),
        (format!("@{}", file.display()), false),
    ] {
        let source = KeySource::from_secret(&setting, is_base64).expect(&setting);
        let auth = Authenticator::new(no_audience(), source).expect("authenticator");
        assert!(auth.authenticate(Some(&token)).await.is_ok(), "{setting}");
    }
}

#[tokio::test]
async fn unusable_secrets_stop_the_start() {
    let weak = TestKey::rsa(1024).public;
    for (setting, is_base64, expected) in [
        ("short".to_owned(), false, "at least 32 characters"),
        (String::new(), false, "at least 32 characters"),
        ("%%%%".repeat(10), true, "not valid base64"),
        ("{\"kty\":\"RSA\"}".to_owned(), false, "member \"n\" missing"),
        ("{\"keys\":[]}".to_owned(), false, "empty"),
        ("{\"keys\":7}".to_owned(), false, "no array"),
        (json!({"keys": [weak]}).to_string(), false, "1024 bits"),
        ("{\"kty\":\"oct\",\"k\":\"c2hvcnQ\"}".to_owned(), false, "shorter than 32"),
        (json!({"keys": [RSA.jwk(json!({"use": "enc"}))]}).to_string(), false, "not a signature key"),
        (RSA.jwk(json!({"alg": "HS256"})).to_string(), false, "does not fit"),
        (RSA.jwk(json!({"alg": "none"})).to_string(), false, "not supported"),
        ("@/nonexistent/secret".to_owned(), false, "cannot read"),
    ] {
        let error = KeySource::from_secret(&setting, is_base64).err().expect(&setting).to_string();
        assert!(error.contains(expected), "{setting}: {error}");
        assert!(!error.contains("c2hvcnQ"), "key material in {error}");
    }
    let path = AuthOptions { role_claim_key: "role".into(), ..AuthOptions::default() };
    assert!(matches!(Authenticator::new(path, KeySource::None), Err(SetupError::RoleClaimKey(_))));
}

#[tokio::test]
async fn without_any_key_a_token_is_a_fault_of_the_server() {
    let options = AuthOptions { anonymous_role: Some("anon".into()), ..AuthOptions::postgrest() };
    let auth = Authenticator::new(options, KeySource::None).expect("authenticator");
    let error = auth.authenticate(Some(&hs256(&json!({})))).await.expect_err("refused");
    assert_eq!((error.status(), error.code(), error.message().as_str()), (500, "PGRST300", "Server lacks JWT secret"));
    assert_eq!(error.www_authenticate(), None);
    assert!(auth.authenticate(None).await.is_ok());
}

#[tokio::test]
async fn time_has_thirty_seconds_of_tolerance() {
    let auth = with_secret(no_audience());
    for (claims, expected) in [
        (json!({"exp": at(60)}), None),
        (json!({"exp": at(-20)}), None),
        (json!({"exp": at(-40)}), Some("JWT expired")),
        (json!({"exp": at(-40) as f64 + 0.5}), Some("JWT expired")),
        (json!({"nbf": at(20)}), None),
        (json!({"nbf": at(40)}), Some("JWT not yet valid")),
        (json!({"iat": at(20)}), None),
        (json!({"iat": at(40)}), Some("JWT issued at future")),
        (json!({"exp": null, "nbf": null, "iat": null}), None),
        (json!({"exp": at(-40), "nbf": at(40), "aud": "other"}), Some("JWT expired")),
        (json!({"exp": 1e300}), None),
        (json!({"exp": -1e300}), Some("JWT expired")),
        (json!({"exp": "soon"}), Some("The JWT 'exp' claim must be a number")),
        (json!({"nbf": true}), Some("The JWT 'nbf' claim must be a number")),
        (json!({"iat": []}), Some("The JWT 'iat' claim must be a number")),
    ] {
        let mut claims = claims;
        claims["role"] = "author".into();
        let outcome = auth.authenticate(Some(&hs256(&claims))).await;
        assert_eq!(outcome.err().map(|error| error.message()), expected.map(Into::into), "{claims}");
    }
}

#[tokio::test]
async fn a_cached_token_still_expires() {
    let auth = with_secret(no_audience());
    // Valid for about one more second of the tolerance.
    let token = hs256(&json!({"role": "author", "exp": at(-28)}));
    assert!(auth.authenticate(Some(&token)).await.is_ok());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    loop {
        match auth.authenticate(Some(&token)).await {
            Err(error) => break assert_eq!(error.message(), "JWT expired"),
            Ok(_) => assert!(std::time::Instant::now() < deadline, "never expired"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_audience_must_fit_where_the_token_has_one() {
    let auth = with_secret(AuthOptions { audience: Some("youraudience".into()), ..AuthOptions::postgrest() });
    let anything = with_secret(no_audience());
    const MALFORMED: &str = "The JWT 'aud' claim must be a string or an array of strings";
    for (aud, expected, without_setting) in [
        (json!("youraudience"), None, None),
        (json!("other"), Some("JWT not in audience"), None),
        (json!(""), Some("JWT not in audience"), None),
        (json!(["other", "youraudience"]), None, None),
        (json!(["other"]), Some("JWT not in audience"), None),
        (json!([]), None, None),
        (json!(null), None, None),
        (json!({"a": 1}), Some(MALFORMED), Some(MALFORMED)),
        (json!(7), Some(MALFORMED), Some(MALFORMED)),
        (json!(["youraudience", 7]), Some(MALFORMED), Some(MALFORMED)),
    ] {
        let token = hs256(&json!({"role": "author", "aud": aud}));
        let outcome = auth.authenticate(Some(&token)).await.err().map(|error| error.message());
        assert_eq!(outcome.as_deref(), expected, "{aud}");
        let outcome = anything.authenticate(Some(&token)).await.err().map(|error| error.message());
        assert_eq!(outcome.as_deref(), without_setting, "{aud} without jwt-aud");
    }
}

#[tokio::test]
async fn issuer_client_and_kind_are_checked_where_configured() {
    let options = AuthOptions {
        issuer: Some("https://id.example/realms/town".into()),
        authorized_parties: Some(vec!["civic-os".into()]),
        ..AuthOptions::default()
    };
    let auth = with_secret(options);
    let good = json!({"sub": "1", "iss": "https://id.example/realms/town", "azp": "civic-os", "typ": "Bearer"});
    assert!(auth.authenticate(Some(&hs256(&good))).await.is_ok());
    for (member, value, message) in [
        ("iss", json!("https://id.example/realms/town/"), "JWT not from the configured issuer"),
        ("iss", json!(null), "JWT not from the configured issuer"),
        ("azp", json!("other"), "JWT not issued to an accepted client"),
        ("azp", json!(null), "JWT not issued to an accepted client"),
        ("typ", json!("ID"), "JWT is not an access token"),
        ("typ", json!("Refresh"), "JWT is not an access token"),
    ] {
        let mut claims = good.clone();
        claims[member] = value.clone();
        let error = auth.authenticate(Some(&hs256(&claims))).await.expect_err(member);
        assert_eq!((error.code(), error.message().as_str()), ("PGRST303", message), "{member} {value}");
    }
}

#[tokio::test]
async fn a_removed_key_is_refused_at_once_even_for_tokens_seen_before() {
    let set = |key: &TestKey, kid: &str| {
        KeySet::from_jwk_or_set(&json!({"keys": [key.jwk(json!({"kid": kid}))]})).expect("set")
    };
    let shared = SharedKeySet::new(set(&RSA, "old"));
    let auth = Authenticator::new(no_audience(), KeySource::Local(shared.clone())).expect("authenticator");
    let token = format!("Bearer {}", RSA.sign(Algorithm::RS256, Some("old"), &json!({"role": "author"})));
    assert!(auth.authenticate(Some(&token)).await.is_ok());
    assert!(auth.authenticate(Some(&token)).await.is_ok());
    shared.replace(set(&OTHER_RSA, "new"));
    assert!(auth.authenticate(Some(&token)).await.is_err());
    let token = format!("Bearer {}", OTHER_RSA.sign(Algorithm::RS256, Some("new"), &json!({"role": "author"})));
    assert!(auth.authenticate(Some(&token)).await.is_ok());
}

#[tokio::test]
async fn the_scheme_is_read_in_any_case_and_spacing() {
    let auth = with_secret(no_audience());
    let token = hs256(&json!({"role": "author"}));
    let token = token.trim_start_matches("Bearer ");
    for header in
        [format!("bearer {token}"), format!("BEARER {token}"), format!("Bearer   {token}"), format!(" Bearer {token} ")]
    {
        assert!(auth.authenticate(Some(&header)).await.is_ok(), "{header}");
    }
}
