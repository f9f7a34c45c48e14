//! `paths`: one item per relation and per function, and the root.

use super::{describe_type, split_comment};
use crate::schema_cache::{Routine, RoutineParam, Table, Volatility};
use serde_json::{Map, Value, json};

pub(super) fn paths(tables: &[&Table], routines: &[&Routine]) -> Value {
    let mut paths = Map::new();
    paths.insert(
        "/".into(),
        json!({ "get": {
            "tags": ["Introspection"],
            "summary": "OpenAPI description (this document)",
            "produces": ["application/openapi+json", "application/json"],
            "responses": { "200": { "description": "OK" } },
        } }),
    );
    for table in tables {
        paths.insert(format!("/{}", table.name), relation(table));
    }
    for routine in routines {
        paths.insert(format!("/rpc/{}", routine.name), function(routine));
    }
    Value::Object(paths)
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/parameters/{name}") })
}

fn operation(tag: &str, comment: Option<&str>, parameters: Vec<Value>, responses: Value) -> Map<String, Value> {
    let (summary, description) = split_comment(comment);
    let mut operation = Map::new();
    operation.insert("tags".into(), json!([tag]));
    if let Some(summary) = summary {
        operation.insert("summary".into(), json!(summary));
    }
    if let Some(description) = description {
        operation.insert("description".into(), json!(description));
    }
    operation.insert("parameters".into(), Value::Array(parameters));
    operation.insert("responses".into(), responses);
    operation
}

fn relation(table: &Table) -> Value {
    let filters: Vec<Value> =
        table.columns.keys().map(|column| reference(&format!("rowFilter.{}.{column}", table.name))).collect();
    let with = |names: &[&str], filters: &[Value]| -> Vec<Value> {
        filters.iter().cloned().chain(names.iter().map(|name| reference(name))).collect()
    };
    let body = format!("body.{}", table.name);
    let comment = table.description.as_deref();
    let mut item = Map::new();
    let mut add = |method: &str, parameters: Vec<Value>, responses: Value| {
        item.insert(method.into(), Value::Object(operation(&table.name, comment, parameters, responses)));
    };
    let rows = json!({ "type": "array", "items": { "$ref": format!("#/definitions/{}", table.name) } });
    add(
        "get",
        with(&["select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"], &filters),
        json!({
            "200": { "description": "OK", "schema": rows },
            "206": { "description": "Partial Content" },
        }),
    );
    if table.insertable || table.updatable || table.deletable {
        add("post", with(&[&body, "select", "preferPost"], &[]), json!({ "201": { "description": "Created" } }));
        add("patch", with(&[&body, "preferReturn"], &filters), json!({ "204": { "description": "No Content" } }));
        add("delete", with(&["preferReturn"], &filters), json!({ "204": { "description": "No Content" } }));
    }
    Value::Object(item)
}

fn function(routine: &Routine) -> Value {
    let tag = format!("(rpc) {}", routine.name);
    let produces = json!([
        "application/json",
        "application/vnd.pgrst.object+json;nulls=stripped",
        "application/vnd.pgrst.object+json"
    ]);
    let mut item = Map::new();
    let mut add = |method: &str, parameters: Vec<Value>| {
        let responses = json!({ "200": { "description": "OK" } });
        let mut operation = operation(&tag, routine.description.as_deref(), parameters, responses);
        operation.insert("produces".into(), produces.clone());
        item.insert(method.into(), Value::Object(operation));
    };
    if routine.volatility != Volatility::Volatile {
        add("get", routine.params.iter().map(query_argument).collect());
    }
    add("post", vec![arguments(routine), reference("preferParams")]);
    Value::Object(item)
}

fn query_argument(param: &RoutineParam) -> Value {
    let mut argument = Map::new();
    argument.insert("name".into(), json!(param.name));
    argument.insert("required".into(), json!(param.required));
    argument.insert("in".into(), json!("query"));
    if param.variadic {
        describe_type(&mut argument, &param.type_name);
        argument.insert("collectionFormat".into(), json!("multi"));
    } else {
        describe_type(&mut argument, &param.type_name);
        // A query argument is a text, whatever it is read as.
        argument.entry("type").or_insert_with(|| json!("string"));
        if argument.get("type") == Some(&json!("array")) {
            argument.insert("type".into(), json!("string"));
            argument.remove("items");
        }
    }
    Value::Object(argument)
}

fn arguments(routine: &Routine) -> Value {
    let properties: Map<String, Value> = routine
        .params
        .iter()
        .map(|param| {
            let mut property = Map::new();
            describe_type(&mut property, &param.type_name);
            (param.name.clone(), Value::Object(property))
        })
        .collect();
    let required: Vec<&str> =
        routine.params.iter().filter(|param| param.required).map(|param| param.name.as_str()).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    if let Some(comment) = &routine.description {
        schema.insert("description".into(), json!(comment));
    }
    if !required.is_empty() {
        schema.insert("required".into(), json!(required));
    }
    schema.insert("properties".into(), Value::Object(properties));
    json!({ "name": "args", "required": true, "in": "body", "schema": schema })
}
