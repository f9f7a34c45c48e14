//! `definitions`: one object per relation.

use super::{describe_type, swagger_type, without_modifiers};
use crate::schema_cache::{Cardinality, Column, Relationship, SchemaCache, Table};
use serde_json::{Map, Value, json};

pub(super) fn definitions(cache: &SchemaCache, tables: &[&Table]) -> Value {
    Value::Object(tables.iter().map(|table| (table.name.to_string(), definition(cache, table))).collect())
}

fn definition(cache: &SchemaCache, table: &Table) -> Value {
    let mut definition = Map::new();
    definition.insert("type".into(), json!("object"));
    if let Some(comment) = &table.description {
        definition.insert("description".into(), json!(comment));
    }
    let required: Vec<&str> =
        table.columns.values().filter(|column| !column.nullable).map(|column| &*column.name).collect();
    if !required.is_empty() {
        definition.insert("required".into(), json!(required));
    }
    let properties: Map<String, Value> =
        table.columns.values().map(|column| (column.name.to_string(), property(cache, table, column))).collect();
    definition.insert("properties".into(), Value::Object(properties));
    Value::Object(definition)
}

fn property(cache: &SchemaCache, table: &Table, column: &Column) -> Value {
    let mut property = Map::new();
    describe_type(&mut property, &column.data_type);
    if let Some(description) = description(cache, table, column) {
        property.insert("description".into(), json!(description));
    }
    if let Some(default) = default_value(column) {
        property.insert("default".into(), default);
    }
    if !column.enum_values.is_empty() {
        property.insert("enum".into(), json!(*column.enum_values));
    }
    if let Some(length) = column.max_length {
        property.insert("maxLength".into(), json!(length));
    }
    Value::Object(property)
}

/// The comment, followed by notes about keys.
pub(super) fn description(cache: &SchemaCache, table: &Table, column: &Column) -> Option<String> {
    let mut notes: Vec<String> = Vec::new();
    if table.pk_columns.iter().any(|name| *name == *column.name) {
        notes.push("This is a Primary Key.<pk/>".to_owned());
    }
    if let Some((target, key)) = foreign_key(cache, table, &column.name) {
        notes.push(format!("This is a Foreign Key to `{target}.{key}`.<fk table='{target}' column='{key}'/>"));
    }
    if notes.is_empty() {
        return column.description.as_deref().map(str::to_owned);
    }
    let notes = format!("Note:\n{}", notes.join("\n"));
    Some(column.description.as_ref().map_or_else(|| notes.clone(), |comment| format!("{comment}\n\n{notes}")))
}

/// Where a single-column foreign key points to; a table rather than a view of it.
fn foreign_key<'a>(cache: &'a SchemaCache, table: &Table, column: &str) -> Option<(&'a str, &'a str)> {
    let origin = table.identifier();
    let mut candidates: Vec<(bool, &str, &str)> = cache
        .relationships_from(&origin)
        .iter()
        .filter_map(|relationship| {
            let Relationship::ForeignKey(relationship) = relationship else { return None };
            let columns = match &relationship.cardinality {
                Cardinality::ManyToOne { columns, .. } | Cardinality::OneToOne { columns, is_parent: false, .. } => {
                    columns
                }
                _ => return None,
            };
            let target = &relationship.foreign_table;
            match columns.as_slice() {
                [(own, key)] if own == column => {
                    Some((relationship.foreign_table_is_view, target.name.as_str(), key.as_str()))
                }
                _ => None,
            }
        })
        .collect();
    candidates.sort_by_key(|(is_view, _, _)| *is_view);
    candidates.first().map(|(_, target, key)| (*target, *key))
}

/// A literal default as JSON; expressions have none.
fn default_value(column: &Column) -> Option<Value> {
    let default = column.default.as_deref()?;
    let type_name = without_modifiers(&column.data_type);
    if swagger_type(&type_name) != Some("string") {
        return serde_json::from_str(default).ok();
    }
    let literal = default.split_once("'::").map_or(default, |(literal, _)| literal).trim_matches('\'');
    Some(json!(literal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(data_type: &str, default: &str) -> Column {
        Column {
            name: "c".into(),
            description: None,
            nullable: true,
            data_type: data_type.into(),
            nominal_type: data_type.into(),
            max_length: None,
            default: Some(default.into()),
            generated_always: false,
            enum_values: std::sync::Arc::default(),
        }
    }

    #[test]
    fn reads_literal_defaults() {
        assert_eq!(default_value(&column("text", "'default'::text")), Some(json!("default")));
        assert_eq!(default_value(&column("integer", "42")), Some(json!(42)));
        assert_eq!(default_value(&column("boolean", "false")), Some(json!(false)));
        assert_eq!(default_value(&column("integer", "nextval('s'::regclass)")), None);
        assert_eq!(
            default_value(&column("time without time zone", "'13:00:00'::time without time zone")),
            Some(json!("13:00:00"))
        );
    }
}
