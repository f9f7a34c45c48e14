//! The effective configuration as text: TOML that could be loaded again, each value with its source, secrets masked.

use super::keys;
use super::{Loaded, Source};
use serde_json::{Map, Value, json};
use std::fmt::Write;

impl Loaded {
    /// As TOML. Keys without a value are comments; secrets are masked, so they are comments too.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut section = "";
        let values = keys::flatten(&self.config);
        for (key, value) in &values {
            let (prefix, name) = key.rsplit_once('.').unwrap_or(("", key));
            if prefix != section {
                let _ = write!(text, "\n[{prefix}]\n");
                section = prefix;
            }
            let origin = self.shown_source(key);
            let _ = match value {
                Value::Null => writeln!(text, "# {name} is not set"),
                Value::Object(entries) if entries.is_empty() => writeln!(text, "# {name} is empty"),
                Value::Object(entries) => {
                    let names = entries.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                    writeln!(text, "# {name} has {names}  # {origin}")
                }
                Value::String(_) if keys::is_secret(key) => {
                    writeln!(text, "# {name} = \"{}\"  # {origin}", super::MASK)
                }
                value => writeln!(text, "{name} = {}  # {origin}", toml_value(value)),
            };
        }
        text
    }

    /// As JSON: `{"web.listen": {"value": …, "source": …}, …}`.
    pub fn to_json(&self) -> Value {
        let entry = |(key, value): (String, Value)| {
            let source = self.shown_source(&key);
            (key, json!({ "value": value, "source": source }))
        };
        Value::Object(keys::flatten(&self.config).into_iter().map(entry).collect::<Map<_, _>>())
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

fn toml_value(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(toml_value).collect::<Vec<_>>().join(", ")),
        // JSON's escapes are TOML's too.
        other => other.to_string(),
    }
}
