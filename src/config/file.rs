//! `civic-os.toml` → values with line numbers.

use super::error::{ConfigError, Problem};
use super::keys;
use super::loading::Entry;
use super::node::Node;
use super::source::Source;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value};

/// Reads a file into entries; unknown keys become problems.
pub(super) fn read(path: &Path, entries: &mut Vec<Entry>, problems: &mut Vec<Problem>) -> Result<(), ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::ReadFile {
        what: "the configuration file",
        path: path.to_owned(),
        source,
    })?;
    let syntax = |error: toml::de::Error| {
        let (line, column) = position(&text, error.span().map_or(0, |span| span.start));
        ConfigError::Syntax { path: path.to_owned(), line, column, message: without_quotes(error.message()) }
    };
    let values: toml::Table = text.parse().map_err(syntax)?;
    let spans = DeTable::parse(&text).map_err(syntax)?;
    let file = File { path, text: &text };
    file.visit("", &values, spans.get_ref(), entries, problems);
    Ok(())
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    fn visit(
        &self,
        prefix: &str,
        values: &toml::Table,
        spans: &DeTable<'_>,
        entries: &mut Vec<Entry>,
        problems: &mut Vec<Problem>,
    ) {
        for (name, value) in values {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let span = spans.get_key_value(name.as_str());
            let line = position(self.text, span.map_or(0, |(name, _)| name.span().start)).0;
            let source = Source::File { path: self.path.to_owned(), line };
            if keys::is_known(&key) {
                entries.push(Entry { key, value: node(value), source });
            } else if let (true, Value::Table(values)) = (keys::is_section(&key), value) {
                match span.map(|(_, value): (_, &Spanned<DeValue<'_>>)| value.get_ref()) {
                    Some(DeValue::Table(spans)) => self.visit(&key, values, spans, entries, problems),
                    _ => self.visit(&key, values, &DeTable::new(), entries, problems),
                }
            } else {
                let message = match (keys::is_section(&key), value) {
                    (true, _) => format!("is a section: write [{key}] and its keys below"),
                    (false, Value::Table(_)) if prefix.is_empty() => unknown("section", &key),
                    _ => unknown("key", &key),
                };
                problems.push(Problem { key, source: Some(source), message });
            }
        }
    }
}

/// "is no key", with the one that was probably meant.
pub(super) fn unknown(what: &str, key: &str) -> String {
    match keys::closest(key) {
        Some(meant) => format!("is no {what}; did you mean {meant}?"),
        None => format!("is no {what}; civic-os.toml.example lists them all"),
    }
}

fn node(value: &Value) -> Node {
    match value {
        Value::String(text) => Node::Text(text.clone()),
        Value::Integer(number) => Node::Integer(*number),
        Value::Float(number) => Node::Float(*number),
        Value::Boolean(value) => Node::Boolean(*value),
        Value::Datetime(time) => Node::Text(time.to_string()),
        Value::Array(items) => Node::List(items.iter().map(node).collect()),
        Value::Table(entries) => Node::Table(entries.iter().map(|(key, value)| (key.clone(), node(value))).collect()),
    }
}

/// Line and column of a byte, counted from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..byte.min(text.len())];
    let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    (before.iter().filter(|b| **b == b'\n').count() + 1, column)
}

/// A parser's message without anything it cites: the citation may be a secret.
fn without_quotes(message: &str) -> String {
    let mut kept = String::with_capacity(message.len());
    for (position, part) in message.split('`').enumerate() {
        match (position % 2, part.chars().count() <= 3) {
            (0, _) => kept.push_str(part),
            (_, true) => kept.push_str(&format!("`{part}`")),
            (_, false) => kept.push('…'),
        }
    }
    kept
}
