//! Which keys exist, which of them are secrets, and which one somebody meant who wrote another.

use super::Config;
use serde_json::Value;
use std::sync::LazyLock;

/// Every key with its default, in the order of the sections. Secrets and keys without a default are `null`.
pub(super) static KEYS: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| flatten(&Config::default()));

/// Keys whose values are never shown.
pub(super) const SECRETS: &[&str] = &[
    "auth.jwt_secret",
    "backup.s3_access_key_id",
    "backup.s3_secret_access_key",
    "database.listen_url",
    "database.owner_url",
    "database.read_url",
    "database.url",
    "database.worker_url",
    "notifications.feedback_secret",
    "notifications.sms_token",
    "notifications.smtp_password",
    "payments.stripe_api_key",
    "payments.stripe_webhook_secret",
    "storage.s3_access_key_id",
    "storage.s3_secret_access_key",
    "telemetry.otlp_headers",
];

/// Keys whose value may be `@file`, as in PostgREST.
pub(super) const FROM_FILE: &[&str] = &[
    "auth.jwt_secret",
    "database.listen_url",
    "database.owner_url",
    "database.read_url",
    "database.url",
    "database.worker_url",
];

/// Keys that hold a table of free names; the values are secrets.
pub(super) const TABLES: &[&str] = &["api.app_settings"];

/// A configuration as dotted keys with JSON values, secrets masked.
pub(super) fn flatten(config: &Config) -> Vec<(String, Value)> {
    fn visit(prefix: &str, value: Value, keys: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(entries) if !TABLES.contains(&prefix) => {
                for (name, value) in entries {
                    let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
                    visit(&key, value, keys);
                }
            }
            value => keys.push((prefix.to_owned(), value)),
        }
    }
    let mut keys = Vec::new();
    // Plain structs of texts and numbers always have a JSON form.
    visit("", serde_json::to_value(config).unwrap_or_default(), &mut keys);
    keys
}

pub(super) fn is_known(key: &str) -> bool {
    KEYS.iter().any(|(known, _)| known == key) || is_in_table(key)
}

pub(super) fn is_section(key: &str) -> bool {
    KEYS.iter().any(|(known, _)| known.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key) || is_in_table(key)
}

fn is_in_table(key: &str) -> bool {
    TABLES.iter().any(|table| key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.')))
}

/// The key that was probably meant.
pub(super) fn closest(key: &str) -> Option<&'static str> {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let in_another_section = || KEYS.iter().find(|(known, _)| last(known) == last(key));
    let spelled_alike = || {
        let allowed = (key.len() / 5).clamp(1, 3);
        let distances = KEYS.iter().map(|entry| (distance(&entry.0, key), entry));
        distances.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|pair| pair.1)
    };
    spelled_alike().or_else(in_another_section).map(|(known, _)| known.as_str())
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (position, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = position + 1;
        for (column, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MASK;
    use crate::config::node::Node;
    use serde::Deserialize;

    #[test]
    fn exactly_the_masked_keys_are_listed_as_secrets() {
        let masked: Vec<&str> = KEYS
            .iter()
            .filter(|(key, _)| {
                let probe = Config::deserialize(Node::Variable("probe".into()).below(key));
                let shown = probe.map(|config| flatten(&config)).unwrap_or_default();
                shown.iter().any(|(shown, value)| shown == key && value == MASK)
            })
            .map(|(key, _)| key.as_str())
            .collect();
        let mut listed = SECRETS.to_vec();
        let mut masked = masked;
        listed.sort_unstable();
        masked.sort_unstable();
        assert_eq!(masked, listed);
        for table in TABLES {
            let probe = Config::deserialize(Node::Variable("probe".into()).below(&format!("{table}.x"))).unwrap();
            assert!(!format!("{probe:?}{:?}", flatten(&probe)).contains("probe"), "{table} shows its values");
        }
        for key in SECRETS {
            let config = Config::deserialize(Node::Variable("probe".into()).below(key)).unwrap();
            let known: Vec<_> = config.secrets().into_iter().filter_map(|secret| secret.expose()).collect();
            assert_eq!(known, ["probe"], "{key}: Config::secrets knows it");
        }
        assert!(FROM_FILE.iter().all(|key| SECRETS.contains(key)));
    }

    #[test]
    fn near_misses_are_recognised() {
        for (written, meant) in [
            ("web.listne", Some("web.listen")),
            ("databse.url", Some("database.url")),
            ("database.jwt_secret", Some("auth.jwt_secret")),
            ("api.schemas", None),
            ("colour", None),
        ] {
            assert_eq!(closest(written), meant, "{written}");
        }
    }

    #[test]
    fn keys_and_sections_are_told_apart() {
        assert!(is_known("web.listen") && is_known("data_dir") && is_known("api.app_settings.tenant"));
        assert!(!is_known("web") && !is_known("web.listen.port"));
        assert!(is_section("web") && !is_section("data_dir") && !is_section("we"));
    }
}
