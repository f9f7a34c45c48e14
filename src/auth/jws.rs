//! Compact JWS: three parts, one header, a signature that some key of the set verifies.

use super::{AuthError, KeySet, keys::Algorithm, keys::decode_base64url_strict};
use serde::Deserialize;

/// Longest token that is looked at, in bytes. Providers that put many groups into tokens reach about 10 kB.
pub(super) const LONGEST_TOKEN: usize = 32 * 1024;

const NO_KEY: &str = "No suitable key or wrong key type";
const NOT_DECODED: &str = "JWT couldn't be decoded";

/// A token taken apart, not yet verified.
pub(super) struct Parts<'t> {
    message: &'t str,
    payload: &'t str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    pub(super) kid: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    enc: Option<serde_json::Value>,
    crit: Option<serde_json::Value>,
}

impl<'t> Parts<'t> {
    /// Splits and reads the header; nothing in it is trusted beyond the choice of key and algorithm. `jku`, `x5u`,
    /// `jwk` and the like are ignored.
    pub(super) fn parse(token: &'t str) -> Result<Self, AuthError> {
        if token.is_empty() {
            return Err(AuthError::undecodable("Empty JWT is sent in Authorization header"));
        }
        if token.len() > LONGEST_TOKEN {
            let details = format!("The token is longer than {LONGEST_TOKEN} bytes");
            return Err(AuthError::undecodable_because(NOT_DECODED, details));
        }
        let parts: Vec<&str> = token.split('.').collect();
        if parts.len() == 5 && header(parts[0]).is_ok_and(|header| header.enc.is_some()) {
            return Err(AuthError::undecodable("Unsupported token type"));
        }
        let &[encoded_header, payload, signature] = parts.as_slice() else {
            return Err(AuthError::undecodable(format!("Expected 3 parts in JWT; got {}", parts.len())));
        };
        let header = header(encoded_header)?;
        if header.enc.is_some() {
            return Err(AuthError::undecodable("Unsupported token type"));
        }
        if header.crit.is_some() {
            let details = "The header has critical extensions, none is supported";
            return Err(AuthError::undecodable_because(NOT_DECODED, details));
        }
        let name = header.alg.unwrap_or_default();
        let Some(algorithm) = Algorithm::from_name(&name) else {
            let details = if name.eq_ignore_ascii_case("none") {
                "The token is not signed".to_owned()
            } else {
                format!("Algorithm {:?} is not supported", name.chars().take(20).collect::<String>())
            };
            return Err(AuthError::undecodable_because("Wrong or unsupported encoding algorithm", details));
        };
        let signature = decode_base64url_strict(signature).ok_or_else(|| AuthError::undecodable(NOT_DECODED))?;
        let message = &token[..encoded_header.len() + 1 + payload.len()];
        Ok(Self { message, payload, signature, algorithm, kid: header.kid })
    }

    /// Whether the set cannot know the key, so that looking for newer keys is worth it. No issuer publishes keys for
    /// HMAC: a refresh token that was sent by mistake must not use up the next look.
    pub(super) fn names_unknown_key(&self, keys: &KeySet) -> bool {
        let is_public = !matches!(self.algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
        is_public && self.kid.as_deref().is_some_and(|kid| !keys.has_kid(kid))
    }

    /// Checks the signature and returns the decoded payload.
    pub(super) fn verify(&self, keys: &KeySet) -> Result<Vec<u8>, AuthError> {
        let mut named = keys.keys.iter().filter(|key| key.answers_to(self.kid.as_deref())).peekable();
        if named.peek().is_none() {
            return Err(AuthError::undecodable_because(NO_KEY, "No suitable key was found to decode the JWT"));
        }
        let mut fitting = named.filter(|key| key.accepts(self.algorithm)).peekable();
        if fitting.peek().is_none() {
            let details = format!("None of the keys can be used with {}", self.algorithm.name());
            return Err(AuthError::undecodable_because(NO_KEY, details));
        }
        if !fitting.any(|key| key.verifies(self.algorithm, self.message.as_bytes(), &self.signature)) {
            return Err(AuthError::undecodable_because(NO_KEY, "None of the keys was able to decode the JWT"));
        }
        decode_base64url_strict(self.payload).ok_or_else(|| AuthError::undecodable(NOT_DECODED))
    }
}

/// The claims of a token that a key of the set has signed, whatever their dates and audience say. For whoever has to
/// recognise a token of the past; requests go through [`super::Authenticator`].
pub fn verified_claims(keys: &KeySet, token: &str) -> Option<serde_json::Value> {
    let payload = Parts::parse(token).and_then(|parts| parts.verify(keys)).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn header(encoded: &str) -> Result<Header, AuthError> {
    decode_base64url_strict(encoded)
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| AuthError::undecodable(NOT_DECODED))
}
