//! `civic-os.toml.example` is the operators' manual; these tests keep it true.

use super::{Overrides, RoleSet, Sources, aliases, keys, load};
use serde_json::Value;
use std::collections::BTreeMap;

const MANUAL: &str = include_str!("../../civic-os.toml.example");

/// One key as the manual describes it.
struct Described {
    /// The lines above the key.
    text: String,
    /// Variables named there, strongest first.
    variables: Vec<String>,
}

/// The manual's keys, and the manual as a file in which every key is set.
fn read() -> (BTreeMap<String, Described>, String) {
    let mut described = BTreeMap::new();
    let mut uncommented = String::new();
    let (mut section, mut text) = (String::new(), String::new());
    for line in MANUAL.lines() {
        let key = line.strip_prefix('#').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        if let Some(assignment) = key {
            let name = assignment.split(" = ").next().unwrap_or_default();
            let key = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
            let variables = text.lines().filter_map(|line| line.strip_prefix("# Variables: "));
            let variables = variables.flat_map(|list| list.split(", ")).map(str::to_owned).collect();
            assert!(
                described.insert(key, Described { text: std::mem::take(&mut text), variables }).is_none(),
                "{name} twice"
            );
            uncommented.push_str(assignment);
        } else {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            }
            text = if line.starts_with('#') { text + line + "\n" } else { String::new() };
            uncommented.push_str(line);
        }
        uncommented.push('\n');
    }
    (described, uncommented)
}

fn variable(key: &str) -> String {
    let separator = if key.contains('.') { "__" } else { "" };
    let free_name = if keys::TABLES.contains(&key) { "__NAME" } else { "" };
    format!("CIVIC_OS_{}{free_name}", key.replace('.', separator).to_ascii_uppercase())
}

fn load_text(text: &str) -> super::Loaded {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("civic-os.toml");
    std::fs::write(&path, text).unwrap();
    let sources = Sources { file: Some(path), overrides: Overrides::default(), ..Sources::none(RoleSet::ALL) };
    load(&sources).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_manual_describes_every_key_and_no_other() {
    let (described, _) = read();
    let known: Vec<&str> = keys::KEYS.iter().map(|(key, _)| key.as_str()).collect();
    let missing: Vec<&&str> = known.iter().filter(|key| !described.contains_key(**key)).collect();
    let invented: Vec<&String> = described.keys().filter(|key| !known.contains(&key.as_str())).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not described: {missing:?}; described only: {invented:?}");
}

#[test]
fn the_manual_shows_the_defaults() {
    let (described, uncommented) = read();
    let table: toml::Table = uncommented.parse().unwrap();
    for (key, default) in keys::KEYS.iter() {
        let segments = key.split('.');
        let shown = segments.fold(toml::Value::Table(table.clone()), |value, segment| value[segment].clone());
        let shown = serde_json::to_value(shown).unwrap();
        let without = default.is_null() || default.as_object().is_some_and(serde_json::Map::is_empty);
        let said = described[key].text.contains("# Default: ");
        assert_eq!(said, without, "{key}: a line \"Default:\" belongs exactly to keys without one in the code");
        assert!(without || same(&shown, default), "{key}: the manual says {shown}, the code {default}");
    }
}

fn same(shown: &Value, default: &Value) -> bool {
    shown == default || shown.as_f64().is_some_and(|number| default.as_f64() == Some(number))
}

#[test]
fn the_manual_loads_with_every_key_set_and_with_none() {
    let (_, uncommented) = read();
    let loaded = load_text(&uncommented);
    assert!(loaded.require_complete().is_ok());
    for (key, _) in keys::KEYS.iter().filter(|(key, _)| !keys::TABLES.contains(&key.as_str())) {
        assert_ne!(loaded.source_of(key), &super::Source::Default, "{key} was not read");
    }
    let untouched = load_text(MANUAL);
    assert_eq!(format!("{:?}", untouched.config), format!("{:?}", super::Config::default()));
}

#[test]
fn the_manual_names_the_variables_of_each_key() {
    let (described, _) = read();
    for (key, described) in &described {
        assert_eq!(described.variables.first(), Some(&variable(key)), "{key}: first its own variable");
        let accepted = aliases::SAME.iter().chain(aliases::COMPOSED).filter(|(_, set)| set == key);
        // Of a name that ends in `_` the rest is free.
        let written = |name: &str| if name.ends_with('_') { format!("{name}NAME") } else { name.to_owned() };
        let mut accepted: Vec<String> = accepted.map(|(name, _)| written(name)).collect();
        let mut named = described.variables[1..].to_vec();
        let strongest = aliases::SAME.iter().rev().find(|(_, set)| set == key).map(|(name, _)| *name);
        if let Some(strongest) = strongest.filter(|name| accepted.len() > 1 && named.iter().any(|one| one == name)) {
            assert_eq!(named[0], strongest, "{key}: the strongest first");
        }
        accepted.sort_unstable();
        named.sort_unstable();
        assert_eq!(named, accepted, "{key}");
    }
}
