//! `parameters`: what paths refer to.

use crate::schema_cache::Table;
use serde_json::{Map, Value, json};

pub(super) fn parameters(tables: &[&Table]) -> Value {
    let mut all = Map::new();
    let mut header = |key: &str, name: &str, description: &str, values: Option<&[&str]>, default: Option<&str>| {
        let mut parameter = Map::new();
        parameter.insert("name".into(), json!(name));
        parameter.insert("description".into(), json!(description));
        parameter.insert("required".into(), json!(false));
        parameter.insert("in".into(), json!("header"));
        parameter.insert("type".into(), json!("string"));
        if let Some(values) = values {
            parameter.insert("enum".into(), json!(values));
        }
        if let Some(default) = default {
            parameter.insert("default".into(), json!(default));
        }
        all.insert(key.into(), Value::Object(parameter));
    };
    header("preferParams", "Prefer", "Preference", None, None);
    let returns = ["return=representation", "return=minimal", "return=none"];
    header("preferReturn", "Prefer", "Preference", Some(&returns), None);
    header("preferCount", "Prefer", "Preference", Some(&["count=none"]), None);
    let post = [
        "return=representation",
        "return=minimal",
        "return=none",
        "resolution=ignore-duplicates",
        "resolution=merge-duplicates",
    ];
    header("preferPost", "Prefer", "Preference", Some(&post), None);
    header("range", "Range", "Limiting and Pagination", None, None);
    header("rangeUnit", "Range-Unit", "Limiting and Pagination", None, Some("items"));
    for (name, description) in [
        ("select", "Filtering Columns"),
        ("on_conflict", "On Conflict"),
        ("order", "Ordering"),
        ("offset", "Limiting and Pagination"),
        ("limit", "Limiting and Pagination"),
    ] {
        all.insert(name.into(), query(name, Some(description)));
    }
    for table in tables {
        let mut body = Map::new();
        body.insert("name".into(), json!(table.name));
        if let Some(comment) = &table.description {
            body.insert("description".into(), json!(comment));
        }
        body.insert("required".into(), json!(false));
        body.insert("in".into(), json!("body"));
        body.insert("schema".into(), json!({ "$ref": format!("#/definitions/{}", table.name) }));
        all.insert(format!("body.{}", table.name), Value::Object(body));
        for column in table.columns.values() {
            let key = format!("rowFilter.{}.{}", table.name, column.name);
            all.insert(key, query(&column.name, column.description.as_deref()));
        }
    }
    Value::Object(all)
}

fn query(name: &str, description: Option<&str>) -> Value {
    let mut parameter = Map::new();
    parameter.insert("name".into(), json!(name));
    if let Some(description) = description {
        parameter.insert("description".into(), json!(description));
    }
    parameter.insert("required".into(), json!(false));
    parameter.insert("in".into(), json!("query"));
    parameter.insert("type".into(), json!("string"));
    Value::Object(parameter)
}
