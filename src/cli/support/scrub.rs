//! The last gate before a text leaves: the configuration's secrets wherever they stand, and what looks like one.

use crate::config::{Config, MASK};
use crate::db::ConnectionString;
use std::borrow::Cow;

/// Shorter values would take ordinary words away with them.
const SHORTEST: usize = 4;
/// Beginnings of keys that services hand out.
const KEY_PREFIXES: [&str; 11] = [
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "whsec_",
    "pk_live_",
    "eyJ",
    "AKIA",
    "AGE-SECRET-KEY-",
    "Bearer ",
    "Basic ",
];

/// Knows what must not be seen.
pub(super) struct Scrubber {
    /// Longest first: one may contain another.
    secrets: Vec<String>,
}

impl Scrubber {
    /// Knows the secrets of this configuration, whole and as parts of connection strings.
    pub(super) fn new(config: Option<&Config>) -> Self {
        let mut secrets = Vec::new();
        for secret in config.into_iter().flat_map(Config::secrets).filter_map(|secret| secret.expose()) {
            secrets.extend(passwords(secret));
            secrets.push(secret.to_owned());
            // Escaped as it would stand in JSON.
            secrets.push(serde_json::Value::from(secret).to_string().trim_matches('"').to_owned());
        }
        secrets.retain(|secret| secret.len() >= SHORTEST);
        secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// The text without them.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            text = text.replace(secret.as_str(), MASK);
        }
        for prefix in KEY_PREFIXES {
            text = without_keys(&text, prefix).into_owned();
        }
        without_addresses(&without_credentials(&text))
    }
}

/// The password of a connection string, as it stands there and as it is meant.
fn passwords(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if let Some((_, rest)) = text.split_once("://")
        && let Some((credentials, _)) = rest.rsplit_once('@')
        && let Some((_, password)) = credentials.split_once(':')
    {
        found.push(password.to_owned());
    }
    if let Ok(connection) = ConnectionString::parse(text) {
        let variables = connection.libpq_environment().into_iter().filter(|(name, _)| *name == "PGPASSWORD");
        found.extend(variables.filter_map(|(_, value)| value.into_string().ok()));
    }
    // Headers: name=value, name=value.
    if !text.contains("://") {
        found.extend(text.split(',').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value.trim().to_owned()));
    }
    found
}

fn ends_key(character: char) -> bool {
    !(character.is_ascii_alphanumeric() || "-_.+/=~".contains(character))
}

/// Whatever begins like a key and is long enough to be one.
fn without_keys<'a>(text: &'a str, prefix: &str) -> Cow<'a, str> {
    if !text.contains(prefix) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let (before, from) = rest.split_at(at);
        let body = &from[prefix.len()..];
        let end = body.find(ends_key).unwrap_or(body.len());
        kept.push_str(before);
        kept.push_str(prefix);
        kept.push_str(if end >= 8 { MASK } else { &body[..end] });
        rest = &body[end..];
    }
    kept.push_str(rest);
    Cow::Owned(kept)
}

/// `scheme://user:password@host` without user and password.
fn without_credentials(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        kept.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/?#\"'<>`".contains(c)).unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(at) => {
                kept.push_str(MASK);
                kept.push_str(&after[at..end]);
            }
            None => kept.push_str(&after[..end]),
        }
        rest = &after[end..];
    }
    kept.push_str(rest);
    kept
}

/// Mail addresses: people's.
fn without_addresses(text: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        let (before, after) = rest.split_at(at);
        let local = before
            .rfind(|c: char| !part(c))
            .map_or(0, |end| end + before[end..].chars().next().map_or(1, char::len_utf8));
        let domain = after[1..].find(|c: char| !part(c)).map_or(after.len(), |end| end + 1);
        let is_address = local < before.len() && after[1..domain].contains('.') && !before[local..].contains(MASK);
        kept.push_str(if is_address { &before[..local] } else { before });
        kept.push_str(if is_address { "<address>" } else { "@" });
        rest = if is_address { &after[domain..] } else { &after[1..] };
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn secrets_go_wherever_they_stand() {
        let mut config = Config::default();
        config.database.url = Secret::new("postgres://authenticator:p%40ss-word@db:5432/town");
        config.database.owner_url = Secret::new("host=db user=owner password='quoted pass' dbname=town");
        config.auth.jwt_secret = Secret::new("a \"quoted\" secret");
        config.telemetry.otlp_headers = Secret::new("x-api-key=header-key,x-tenant=town-7");
        let scrubber = Scrubber::new(Some(&config));
        let text = "p@ss-word p%40ss-word quoted pass a \\\"quoted\\\" secret header-key";
        let scrubbed = scrubber.scrub(text);
        for hidden in ["ss-word", "quoted", "header-key"] {
            assert!(!scrubbed.contains(hidden), "{scrubbed}");
        }
        assert!(!scrubber.scrub("postgres://u:unknown@other/x").contains("unknown"));
    }

    #[test]
    fn what_looks_like_a_key_or_a_person_goes_too() {
        let scrubber = Scrubber::new(None);
        for (given, kept) in [
            ("key sk_live_abcdefgh1234 used", "key sk_live_******** used"),
            ("Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln", "Authorization: Bearer eyJ********"),
            ("mail to ann.smith+x@example.org failed", "mail to <address> failed"),
            ("550 <bob@example.org>: no such user", "550 <<address>>: no such user"),
            (
                "http://user:pw@host/path and https://plain.example/x",
                "http://********@host/path and https://plain.example/x",
            ),
            ("é@x.org, user@localhost and @ alone", "é@x.org, user@localhost and @ alone"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(scrubber.scrub(given), kept);
        }
    }
}
