//! What is wrong with a token that somebody was refused with. It is checked as the process would; neither the token nor
//! its signature is repeated.

use super::finding::Findings;
use crate::auth::Authenticator;
use crate::config::Config;
use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::Value;
use std::io::Read;
use std::path::Path;
use time::OffsetDateTime;

const TOKEN: &str = "token";
/// Longest input that is read, bytes.
const LONGEST: u64 = 64 * 1024;

/// Reads a token from a file, or from standard input for `-`. A header or quotes around it are taken off.
pub(super) fn read(place: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    if place == Path::new("-") {
        std::io::stdin().take(LONGEST).read_to_string(&mut text).context("cannot read the token")?;
    } else {
        let file = std::fs::File::open(place).with_context(|| format!("cannot read {}", place.display()))?;
        file.take(LONGEST).read_to_string(&mut text).context("cannot read the token")?;
    }
    let text = text.trim().trim_matches('"');
    let text = text.strip_prefix("Authorization:").unwrap_or(text).trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim();
    if text.is_empty() {
        bail!("there is no token: paste it and end the input with Ctrl-D");
    }
    Ok(text.to_owned())
}

/// What the token says, and what the process would say to it.
pub(super) async fn check(
    config: &Config,
    token: &str,
    authenticator: Option<&Authenticator>,
    findings: &mut Findings,
) {
    let part = |index: usize| -> Option<Value> {
        let bytes = BASE64.decode(token.split('.').nth(index)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    match (part(0), part(1)) {
        (Some(header), Some(claims)) => {
            findings.ok(TOKEN, format!("says (not verified): {}", summary(&header, &claims)));
            remarks(config, &claims, findings);
        }
        _ => findings.fail(TOKEN, "is no JSON Web Token", "copy what follows `Bearer ` in the Authorization header"),
    }
    let Some(authenticator) = authenticator else {
        findings.warn(TOKEN, "cannot be verified without keys", "see the finding about the issuer");
        return;
    };
    match authenticator.authenticate(Some(&format!("Bearer {token}"))).await {
        Ok(identity) => {
            let subject = identity.subject.as_deref().unwrap_or("nobody in particular");
            findings.ok(TOKEN, format!("is accepted: {subject}, starting as {}", identity.role));
        }
        Err(error) => {
            let details = error.details().map(|details| format!(" ({details})")).unwrap_or_default();
            findings.fail(
                TOKEN,
                format!("is refused: {} {}{details}", error.code(), error.message()),
                advice(&error.message()),
            );
        }
    }
}

fn summary(header: &Value, claims: &Value) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let word = |value: &Value| match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.chars().take(200).collect(),
        other => other.to_string().chars().take(200).collect(),
    };
    let expires = match claims["exp"].as_i64() {
        Some(at) if at >= now => format!("in {} s", at - now),
        Some(at) => format!("{} s ago", now - at),
        None => "never".into(),
    };
    format!(
        "alg {}, kid {}, iss {}, aud {}, azp {}, typ {}, sub {}, expires {expires}",
        word(&header["alg"]),
        word(&header["kid"]),
        word(&claims["iss"]),
        word(&claims["aud"]),
        word(&claims["azp"]),
        word(&claims["typ"]),
        word(&claims["sub"]),
    )
}

/// Things that are no refusal and still not what people expect.
fn remarks(config: &Config, claims: &Value, findings: &mut Findings) {
    if config.auth.user_id_claim_path.is_none() && claims["sub"].as_str().is_none_or(str::is_empty) {
        findings.warn(
            TOKEN,
            "has no sub: whoever sends it is treated as not signed in",
            "add the scope or mapper that brings it (Keycloak: scope basic), or set auth.user_id_claim_path",
        );
    }
    let client = &config.auth.client_id;
    let usual = ["realm_access.roles".to_owned(), format!("resource_access.{client}.roles"), "roles".to_owned()];
    let paths = if config.auth.role_claim_paths.is_empty() { &usual[..] } else { &config.auth.role_claim_paths };
    let found = paths.iter().find_map(|path| {
        let mut parts = path.split('.').map(|part| if part == "<client>" { client.as_str() } else { part });
        parts.try_fold(claims, |value, part| value.get(part)).map(|value| (path, value))
    });
    match found {
        Some((path, Value::Array(roles))) if !roles.is_empty() => {
            let names: Vec<&str> = roles.iter().filter_map(Value::as_str).collect();
            findings.ok(TOKEN, format!("has roles at {path}: {}", names.join(", ")));
        }
        Some((path, Value::Array(_))) => {
            findings.warn(TOKEN, format!("lists no roles at {path}"), "give the person roles")
        }
        Some((path, _)) => {
            findings.warn(TOKEN, format!("{path} is no list: the person has no roles"), "correct the mapper");
        }
        None => findings.warn(
            TOKEN,
            format!("has roles at none of {}", paths.join(", ")),
            "add the scope or mapper that brings them (Keycloak: scope roles), or set auth.role_claim_paths",
        ),
    }
}

fn advice(message: &str) -> &'static str {
    match message {
        "JWT expired" => "get a new one; if this is new, compare the clocks of provider and server",
        "JWT not yet valid" | "JWT issued at future" => "compare the clocks of provider and server",
        "JWT not in audience" => {
            "set auth.audience to one of aud, or add the audience at the provider (Keycloak: scope roles brings account)"
        }
        "JWT not from the configured issuer" => "set auth.issuer, letter by letter, to iss",
        "No suitable key or wrong key type" => "the token is of another realm, was changed, or its key was withdrawn",
        _ => "see docs/authentication.md",
    }
}
