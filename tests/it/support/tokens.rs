//! Bearer tokens as the identity provider would issue them, signed with a key that only tests know.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};
use uuid::Uuid;

/// What [`super::TestApp`] sets as `auth.jwt_secret`.
pub(crate) const SECRET: &str = "only-tests-know-this-secret-of-more-than-32-bytes";

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// The `sub` of a person of this name: the same in every test.
pub(crate) fn subject(name: &str) -> Uuid {
    let digest = Sha256::digest(name.as_bytes());
    uuid::Builder::from_random_bytes(digest[..16].try_into().expect("16 of 32 bytes")).into_uuid()
}

/// The claims of a person with application roles, valid for five minutes, in Keycloak's shape.
pub(crate) fn claims(name: &str, roles: &[&str]) -> Value {
    json!({
        "iss": "http://localhost/realms/civic-os",
        "aud": "account",
        "azp": "civic-os",
        "sub": subject(name),
        "iat": now(),
        "exp": now() + 300,
        "preferred_username": name,
        "email": format!("{name}@example.org"),
        "name": format!("{name} Example"),
        "given_name": name,
        "family_name": "Example",
        "realm_access": { "roles": roles },
    })
}

/// Signs claims with [`SECRET`].
pub(crate) fn sign(claims: &Value) -> String {
    sign_with(claims, SECRET)
}

/// Signs claims with any secret, for tokens that must be refused.
pub(crate) fn sign_with(claims: &Value, secret: &str) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("sign")
}
