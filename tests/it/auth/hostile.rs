//! Tokens and headers nobody honest sends, with the refusal that each gets.

use super::keys::{OTHER_RSA, RSA, TestKey, at};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use civic_os::auth::{AuthOptions, Authenticator, KeySet, KeySource};
use jsonwebtoken::Algorithm::{self, ES256, HS256, PS256, RS256};
use serde_json::{Value, json};

const EMPTY: &str = "Empty JWT is sent in Authorization header";
const NO_KEY: &str = "No suitable key or wrong key type";
const ALGORITHM: &str = "Wrong or unsupported encoding algorithm";
const NOT_DECODED: &str = "JWT couldn't be decoded";
const ENCRYPTED: &str = "Unsupported token type";
const CLAIMS: &str = "Parsing claims failed";

fn three(header: &Value, claims: &Value, signature: &str) -> String {
    format!("{}.{}.{signature}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

/// A genuine token whose header is the given one.
fn headed(header: Value) -> String {
    RSA.sign_with_header(RS256, &header, &good_claims().to_string())
}

/// A genuinely signed token with this payload.
fn payload(text: &str) -> String {
    RSA.sign_with_header(RS256, &json!({"alg": "RS256", "kid": "rsa"}), text)
}

fn good_claims() -> Value {
    json!({"sub": "0b9a4f4e-5a52-4f2e-9d5e-1c3c8d7f6a51", "aud": "account", "exp": at(300)})
}

fn with(member: &str, value: Value) -> String {
    let mut claims = good_claims();
    claims[member] = value;
    RSA.sign(RS256, Some("rsa"), &claims)
}

fn replace_part(token: &str, index: usize, part: &str) -> String {
    let mut parts: Vec<&str> = token.split('.').collect();
    parts[index] = part;
    parts.join(".")
}

#[allow(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<(&'static str, String, u16, &'static str, &'static str)> {
    let good = RSA.sign(RS256, Some("rsa"), &good_claims());
    let parts: Vec<&str> = good.split('.').collect();
    let (ec, small) = (TestKey::p256(), TestKey::rsa(1024));
    let forged = OTHER_RSA.sign(RS256, Some("rsa"), &good_claims());
    let public_as_secret = |text: &str| TestKey::secret(text.as_bytes());
    let modulus = BASE64.decode(RSA.public["n"].as_str().expect("n")).expect("base64url");
    let jwk_text = RSA.public.to_string();
    let claims = good_claims();
    let undecodable = |name, token: String, message| (name, token, 401, "PGRST301", message);
    let refused = |name, token: String, message| (name, token, 401, "PGRST303", message);
    vec![
        undecodable("nothing", String::new(), EMPTY),
        undecodable("spaces", "    ".into(), EMPTY),
        undecodable("one part", "abc".into(), "Expected 3 parts in JWT; got 1"),
        undecodable("two parts", format!("{}.{}", parts[0], parts[1]), "Expected 3 parts in JWT; got 2"),
        undecodable("four parts", format!("{good}.x"), "Expected 3 parts in JWT; got 4"),
        undecodable("five parts that are no JWE", format!("{good}.x.y"), "Expected 3 parts in JWT; got 5"),
        undecodable("many dots", ".".repeat(1000), "Expected 3 parts in JWT; got 1001"),
        undecodable("two dots", "..".into(), NOT_DECODED),
        undecodable("JWE", format!("{}.a.b.c.d", BASE64.encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#)), ENCRYPTED),
        undecodable("enc in a JWS header", headed(json!({"alg": "RS256", "enc": "A256GCM"})), ENCRYPTED),
        undecodable("alg none", three(&json!({"alg": "none"}), &claims, ""), ALGORITHM),
        undecodable("alg None", three(&json!({"alg": "None"}), &claims, ""), ALGORITHM),
        undecodable("alg NONE with a signature", three(&json!({"alg": "NONE"}), &claims, parts[2]), ALGORITHM),
        undecodable("alg nOnE and kid", three(&json!({"alg": "nOnE", "kid": "rsa"}), &claims, ""), ALGORITHM),
        undecodable("alg empty", three(&json!({"alg": ""}), &claims, parts[2]), ALGORITHM),
        undecodable("alg missing", headed(json!({"kid": "rsa"})), ALGORITHM),
        undecodable("alg null", headed(json!({"alg": null})), ALGORITHM),
        undecodable("alg a number", headed(json!({"alg": 256})), NOT_DECODED),
        undecodable("alg a list", headed(json!({"alg": ["RS256"]})), NOT_DECODED),
        undecodable("alg in lower case", headed(json!({"alg": "rs256"})), ALGORITHM),
        undecodable("alg with a space", headed(json!({"alg": "RS256 "})), ALGORITHM),
        undecodable("alg RS1", headed(json!({"alg": "RS1"})), ALGORITHM),
        undecodable("alg HS1", headed(json!({"alg": "HS1"})), ALGORITHM),
        undecodable("alg ES512, not supported", headed(json!({"alg": "ES512"})), ALGORITHM),
        undecodable("alg ES256K", headed(json!({"alg": "ES256K"})), ALGORITHM),
        undecodable("alg dir", headed(json!({"alg": "dir"})), ALGORITHM),
        undecodable("alg very long", headed(json!({"alg": "R".repeat(10_000)})), ALGORITHM),
        undecodable(
            "alg twice",
            format!("{}.{}.{}", BASE64.encode(r#"{"alg":"RS256","alg":"none"}"#), parts[1], parts[2]),
            NOT_DECODED,
        ),
        undecodable(
            "HS256 with the modulus as secret",
            TestKey::secret(&modulus).sign(HS256, Some("rsa"), &claims),
            NO_KEY,
        ),
        undecodable(
            "HS256 with the JWK as secret",
            public_as_secret(&jwk_text).sign(HS256, Some("rsa"), &claims),
            NO_KEY,
        ),
        undecodable("HS256 with the JWK, without kid", public_as_secret(&jwk_text).sign(HS256, None, &claims), NO_KEY),
        undecodable("HS256 with an empty secret", TestKey::secret(b"").sign(HS256, None, &claims), NO_KEY),
        undecodable("ES256 under the RSA key's name", ec.sign(ES256, Some("rsa"), &claims), NO_KEY),
        undecodable("ES256 with an unknown key", ec.sign(ES256, None, &claims), NO_KEY),
        undecodable(
            "a zero ES256 signature",
            three(&json!({"alg": "ES256", "kid": "ec"}), &claims, &BASE64.encode([0; 64])),
            NO_KEY,
        ),
        undecodable("an EdDSA header on an RSA signature", headed(json!({"alg": "EdDSA", "kid": "rsa"})), NO_KEY),
        undecodable("PS256 where the key is bound to RS256", RSA.sign(PS256, Some("rsa"), &claims), NO_KEY),
        undecodable("RS384 where the key is bound to RS256", RSA.sign(Algorithm::RS384, Some("rsa"), &claims), NO_KEY),
        undecodable("RS256 by another key", forged.clone(), NO_KEY),
        undecodable("RS256 by another key, without kid", OTHER_RSA.sign(RS256, None, &claims), NO_KEY),
        undecodable("RS256 by a 1024 bit key", small.sign(RS256, None, &claims), NO_KEY),
        undecodable("unknown kid", RSA.sign(RS256, Some("unknown"), &claims), NO_KEY),
        undecodable("kid that is a path", RSA.sign(RS256, Some("../../etc/passwd"), &claims), NO_KEY),
        undecodable("kid that is SQL", RSA.sign(RS256, Some("' OR 1=1 --"), &claims), NO_KEY),
        undecodable("kid of the encryption key", RSA.sign(RS256, Some("encryption"), &claims), NO_KEY),
        undecodable("kid empty", RSA.sign(RS256, Some(""), &claims), NO_KEY),
        undecodable("kid a number", headed(json!({"alg": "RS256", "kid": 7})), NOT_DECODED),
        undecodable("kid an object", headed(json!({"alg": "RS256", "kid": {"a": 1}})), NOT_DECODED),
        undecodable(
            "own key in the header (jwk)",
            OTHER_RSA.sign_with_header(RS256, &json!({"alg": "RS256", "jwk": OTHER_RSA.public}), &claims.to_string()),
            NO_KEY,
        ),
        undecodable(
            "own key by address (jku)",
            OTHER_RSA.sign_with_header(
                RS256,
                &json!({"alg": "RS256", "jku": "http://127.0.0.1:9/keys"}),
                &claims.to_string(),
            ),
            NO_KEY,
        ),
        undecodable(
            "own certificate (x5c)",
            OTHER_RSA.sign_with_header(RS256, &json!({"alg": "RS256", "x5c": ["MIIB"]}), &claims.to_string()),
            NO_KEY,
        ),
        undecodable("crit", headed(json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"], "exp": 1})), NOT_DECODED),
        undecodable("crit with b64=false", headed(json!({"alg": "RS256", "crit": ["b64"], "b64": false})), NOT_DECODED),
        undecodable("crit empty", headed(json!({"alg": "RS256", "crit": []})), NOT_DECODED),
        undecodable("signature missing", format!("{}.{}.", parts[0], parts[1]), NO_KEY),
        undecodable("signature cut", replace_part(&good, 2, &parts[2][..320]), NO_KEY),
        undecodable("signature with bytes more", format!("{good}AA"), NO_KEY),
        undecodable("signature padded", format!("{good}=="), NOT_DECODED),
        undecodable("signature in the other alphabet", replace_part(&good, 2, "+/+/"), NOT_DECODED),
        undecodable(
            "signature of another token",
            replace_part(
                &good,
                2,
                RSA.sign(RS256, Some("rsa"), &json!({"sub": "x"})).rsplit('.').next().expect("part"),
            ),
            NO_KEY,
        ),
        undecodable("payload changed", replace_part(&good, 1, &BASE64.encode(r#"{"sub":"admin"}"#)), NO_KEY),
        undecodable(
            "payload of another token",
            replace_part(&good, 1, forged.split('.').nth(1).map_or("", |_| "e30")),
            NO_KEY,
        ),
        undecodable(
            "header changed",
            replace_part(&good, 0, &BASE64.encode(r#"{"alg":"RS256","kid":"rsa","x":1}"#)),
            NO_KEY,
        ),
        undecodable("header no JSON", replace_part(&good, 0, &BASE64.encode("RS256")), NOT_DECODED),
        undecodable("header a list", replace_part(&good, 0, &BASE64.encode("[]")), NOT_DECODED),
        undecodable("header not UTF-8", replace_part(&good, 0, &BASE64.encode([0xff, 0xfe])), NOT_DECODED),
        undecodable("header with a NUL", replace_part(&good, 0, "\u{0}"), NOT_DECODED),
        undecodable("header deeply nested", replace_part(&good, 0, &BASE64.encode("[".repeat(5000))), NOT_DECODED),
        undecodable("non-ASCII letters", "é.ü.ß".into(), NOT_DECODED),
        undecodable("two tokens", format!("{good} {good}"), "Expected 3 parts in JWT; got 5"),
        undecodable("two tokens with a comma", format!("{good},{good}"), "Expected 3 parts in JWT; got 5"),
        undecodable("a line break inside", replace_part(&good, 1, "e3\n0"), NO_KEY),
        undecodable("40 kB", format!("{}.{}.{}", parts[0], "A".repeat(40_000), parts[2]), NOT_DECODED),
        undecodable("40 kB without dots", "A".repeat(40_000), NOT_DECODED),
        refused("payload no JSON", payload("hello"), CLAIMS),
        refused("payload empty", payload(""), CLAIMS),
        refused("payload a list", payload("[]"), CLAIMS),
        refused("payload a string", payload("\"x\""), CLAIMS),
        refused("payload null", payload("null"), CLAIMS),
        refused("payload cut", payload("{\"sub\":"), CLAIMS),
        refused("payload with more behind", payload("{}{}"), CLAIMS),
        refused("payload with a lone surrogate", payload(r#"{"sub":"\ud800"}"#), CLAIMS),
        refused("payload deeply nested", payload(&format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500))), CLAIMS),
        refused("expired", with("exp", json!(at(-31))), "JWT expired"),
        refused("expired in 1970", with("exp", json!(0)), "JWT expired"),
        refused("exp as text", with("exp", json!("9999999999")), "The JWT 'exp' claim must be a number"),
        refused("exp as list", with("exp", json!([at(300)])), "The JWT 'exp' claim must be a number"),
        refused("nbf tomorrow", with("nbf", json!(at(86_400))), "JWT not yet valid"),
        refused("iat tomorrow", with("iat", json!(at(86_400))), "JWT issued at future"),
        refused("other audience", with("aud", json!("other")), "JWT not in audience"),
        refused("audience that contains ours", with("aud", json!("account-x")), "JWT not in audience"),
        refused("audiences without ours", with("aud", json!(["a", "b"])), "JWT not in audience"),
        refused(
            "audience an object",
            with("aud", json!({"account": true})),
            "The JWT 'aud' claim must be a string or an array of strings",
        ),
        refused("an ID token", with("typ", json!("ID")), "JWT is not an access token"),
        refused("a refresh token", with("typ", json!("Refresh")), "JWT is not an access token"),
        refused("exp twice, the later counts", payload(&format!(r#"{{"exp":{},"exp":1}}"#, at(300))), "JWT expired"),
    ]
}

#[tokio::test]
async fn hostile_tokens_get_their_refusal_and_nobody_else_notices() {
    let ec = TestKey::p256();
    let keys = json!({"keys": [
        RSA.jwk(json!({"kid": "rsa", "alg": "RS256", "use": "sig"})),
        OTHER_RSA.jwk(json!({"kid": "encryption", "use": "enc", "alg": "RSA-OAEP"})),
        ec.jwk(json!({"kid": "ec", "alg": "ES256"})),
    ]});
    let keys = KeySet::from_jwk_or_set(&keys).expect("keys");
    let auth = Authenticator::new(AuthOptions::default(), KeySource::Fixed(keys)).expect("authenticator");
    let good = format!("Bearer {}", RSA.sign(RS256, Some("rsa"), &good_claims()));
    assert!(auth.authenticate(Some(&good)).await.is_ok());
    let table = table();
    assert!(table.len() >= 60, "{}", table.len());
    for (name, token, status, code, message) in table {
        for _ in 0..2 {
            // The second time shows that no refusal is cached as an acceptance.
            let error = auth.authenticate(Some(&format!("Bearer {token}"))).await.expect_err(name);
            assert_eq!((error.status(), error.code(), error.message().as_str()), (status, code, message), "{name}");
            let told = format!("{:?}{:?}{error:?}", error.details(), error.www_authenticate());
            assert!(token.len() < 20 || !told.contains(&token), "{name}: the answer repeats the token");
            let header = error.www_authenticate().expect("challenge");
            assert!(header.starts_with("Bearer error=\"invalid_token\"") && header.is_ascii(), "{name}: {header}");
        }
        assert!(auth.authenticate(Some(&good)).await.is_ok(), "after {name}");
    }
}
