//! The effective configuration as text: TOML that could be loaded again, each value with its source, secrets masked.

use super::secret::without_credentials;
use super::{Config, Loaded, Role, Source, keys};
use serde_json::{Map, Value, json};
use std::fmt::Write;

impl Config {
    /// A file that loads as this configuration, but for the secrets, which are not in it.
    pub fn to_toml(&self) -> String {
        file(self, &|_, _| None)
    }
}

impl Loaded {
    /// As TOML, each value with its source. Keys without a value are comments; secrets are masked, so they are comments
    /// too.
    pub fn to_toml(&self) -> String {
        file(&self.config, &|key, value| match (value, self.effective(key)) {
            (Value::Null, Some(effective)) => Some(format!("{effective} follows from other keys")),
            (Value::Null, None) => None,
            _ => Some(self.shown_source(key)),
        })
    }

    /// As JSON: `{"web.listen": {"value": …, "source": …}, …}`; `effective` where an unset key follows from others.
    pub fn to_json(&self) -> Value {
        let entry = |(key, value): (String, Value)| {
            let value = shown(value);
            let mut entry = json!({ "value": value, "source": self.shown_source(&key) });
            if let (true, Some(effective)) = (value.is_null(), self.effective(&key)) {
                entry["effective"] = effective;
            }
            (key, entry)
        };
        Value::Object(keys::flatten(&self.config).into_iter().map(entry).collect::<Map<_, _>>())
    }

    /// What an unset key means for these roles, if it means anything.
    fn effective(&self, key: &str) -> Option<Value> {
        let (config, roles) = (&self.config, self.roles);
        Some(match key {
            "data_dir" => json!(config.data_dir()),
            "database.pool_max" if !roles.is_only(Role::Migrate) => json!(config.pool_max(roles)),
            "migrate.on_start" => json!(config.migrate_on_start(roles)),
            "web.public_url" if !config.web.listen.is_empty() => json!(config.public_url()),
            "web.postgrest_url" if !config.web.listen.is_empty() => json!(config.postgrest_url()),
            "api.log_level" => json!(config.request_log_level()),
            "auth.issuer" => json!(config.issuer()?),
            "notifications.site_url" if !config.web.listen.is_empty() => json!(config.site_url()),
            "storage.s3_public_endpoint" => json!(config.storage.public_endpoint()?),
            "payments.listen" => json!(config.payments_listen(roles)?),
            _ => return None,
        })
    }

    fn shown_source(&self, key: &str) -> String {
        if keys::TABLES.contains(&key) {
            let prefix = format!("{key}.");
            let sources = self.sources.iter().filter(|(known, _)| *known == key || known.starts_with(&prefix));
            let mut names: Vec<String> = sources.map(|(_, source)| source.to_string()).collect();
            names.dedup();
            return if names.is_empty() { Source::Default.to_string() } else { names.join(", ") };
        }
        self.source_of(key).to_string()
    }
}

/// `remark`: what stands behind a key's line.
fn file(config: &Config, remark: &dyn Fn(&str, &Value) -> Option<String>) -> String {
    let mut text = String::new();
    let mut section = String::new();
    for (key, value) in keys::flatten(config).into_iter().map(|(key, value)| (key, shown(value))) {
        let (prefix, name) = key.rsplit_once('.').unwrap_or(("", &key));
        if prefix != section {
            let _ = write!(text, "\n[{prefix}]\n");
            prefix.clone_into(&mut section);
        }
        let has_default = keys::KEYS.iter().any(|(known, default)| *known == key && !default.is_null());
        text.push_str(&match &value {
            // Without the line the default would come back.
            Value::Null if has_default => format!("{name} = \"\""),
            Value::Null => format!("# {name} is not set"),
            Value::Object(entries) if entries.is_empty() => format!("# {name} is empty"),
            Value::Object(entries) => {
                format!("# {name} has {}", entries.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
            }
            Value::String(_) if keys::is_secret(&key) => format!("# {name} = \"{}\"", super::MASK),
            value => format!("{name} = {}", toml_value(value)),
        });
        if let Some(remark) = remark(&key, &value) {
            let _ = write!(text, "  # {remark}");
        }
        text.push('\n');
    }
    text
}

/// Without passwords of connection strings that were pasted into the wrong key.
fn shown(value: Value) -> Value {
    match value {
        Value::String(text) => Value::from(without_credentials(&text)),
        Value::Array(items) => items.into_iter().map(shown).collect(),
        other => other,
    }
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        // JSON's escapes are TOML's too.
        other => other.to_string(),
    }
}
