//! The checks on verified claims, in PostgREST's order: exp, nbf, iat, aud; then those of our own: iss, azp, typ.

use super::AuthError;
use serde_json::{Map, Value};

/// Seconds that clocks may differ.
const SKEW: f64 = 30.0;

/// What claims have to agree with.
pub(super) struct Expected<'o> {
    pub(super) audience: Option<&'o str>,
    pub(super) issuer: Option<&'o str>,
    pub(super) authorized_parties: Option<&'o [String]>,
    /// Whether tokens that say they are no access tokens are refused.
    pub(super) access_tokens_only: bool,
}

/// The validity of verified claims in time, kept with the cached result.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Validity {
    pub(super) expires: Option<f64>,
    not_before: Option<f64>,
    issued: Option<f64>,
}

impl Validity {
    fn of(claims: &Map<String, Value>) -> Result<Self, AuthError> {
        Ok(Self { expires: date(claims, "exp")?, not_before: date(claims, "nbf")?, issued: date(claims, "iat")? })
    }

    /// Checks the moments against `now`, seconds since 1970.
    pub(super) fn check(&self, now: f64) -> Result<(), AuthError> {
        if self.expires.is_some_and(|expires| now > expires + SKEW) {
            return Err(AuthError::claims("JWT expired"));
        }
        if self.not_before.is_some_and(|not_before| now + SKEW < not_before) {
            return Err(AuthError::claims("JWT not yet valid"));
        }
        if self.issued.is_some_and(|issued| now + SKEW < issued) {
            return Err(AuthError::claims("JWT issued at future"));
        }
        Ok(())
    }
}

fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, AuthError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_f64()
            .map(Some)
            .ok_or_else(|| AuthError::claims(format!("The JWT '{name}' claim must be a number"))),
    }
}

/// All checks; the result says until when they hold.
pub(super) fn check(claims: &Map<String, Value>, expected: &Expected<'_>, now: f64) -> Result<Validity, AuthError> {
    let validity = Validity::of(claims)?;
    let audiences = audiences(claims)?;
    validity.check(now)?;
    if let Some(wanted) = expected.audience
        && !audiences.is_empty()
        && !audiences.contains(&wanted)
    {
        return Err(AuthError::claims("JWT not in audience"));
    }
    if let Some(issuer) = expected.issuer
        && claims.get("iss").and_then(Value::as_str) != Some(issuer)
    {
        return Err(AuthError::claims("JWT not from the configured issuer"));
    }
    if let Some(parties) = expected.authorized_parties {
        let party = claims.get("azp").and_then(Value::as_str);
        if !party.is_some_and(|party| parties.iter().any(|known| known == party)) {
            return Err(AuthError::claims("JWT not issued to an accepted client"));
        }
    }
    if expected.access_tokens_only
        && claims.get("typ").and_then(Value::as_str).is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"))
    {
        return Err(AuthError::claims("JWT is not an access token"));
    }
    Ok(validity)
}

fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, AuthError> {
    let malformed = || AuthError::claims("The JWT 'aud' claim must be a string or an array of strings");
    match claims.get("aud") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(audience)) => Ok(vec![audience]),
        Some(Value::Array(members)) => members.iter().map(|member| member.as_str().ok_or_else(malformed)).collect(),
        Some(_) => Err(malformed()),
    }
}
