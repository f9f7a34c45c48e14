//! Brings the tables of release 0.15.0 to ours: columns that are new, and constraints that are new or otherwise, from
//! the facts that the verify scripts state. So a deploy script may extend a table without a word here; only what a
//! catalogue cannot tell (rows to be changed, columns of another type) stands in `migrations/adopt/before.sql`.
//! Called by `adopt` alone. Tests: the foot of this file, and `tests/it/migrate/adopt.rs`.

use crate::migrate::error::{Doing, MigrateError};
use crate::migrate::interface::Interface;
use serde_json::Value;
use std::collections::BTreeMap;
use tokio_postgres::Transaction;

/// Runs what [`statements`] says. The search path must be empty: facts name everything qualified.
pub(super) async fn converge(
    transaction: &Transaction<'_>,
    expected: &Interface,
    found: &Interface,
) -> Result<(), MigrateError> {
    for statement in statements(expected, found) {
        transaction.batch_execute(&statement).await.doing("extending the tables of release 0.15.0")?;
    }
    Ok(())
}

/// Statements in an order that works: columns, then constraints, foreign keys last.
fn statements(expected: &Interface, found: &Interface) -> Vec<String> {
    let mut columns = Vec::new();
    let mut constraints = Vec::new();
    for (key, record) in category(expected, "columns") {
        if category(found, "columns").contains_key(key) {
            continue;
        }
        if let Some((table, name)) = of_table(found, key) {
            columns.push((position(record), format!("alter table {table} add column {name} {}", column(record))));
        }
    }
    for (key, record) in category(expected, "constraints") {
        let Some((table, name)) = of_table(found, key) else { continue };
        let known = category(found, "constraints").get(key);
        if known == Some(record) {
            continue;
        }
        let drop = if known.is_some() { format!("drop constraint {name}, ") } else { String::new() };
        let definition = text(record, "definition");
        let last = text(record, "kind") == "foreign key";
        constraints.push((last, format!("alter table {table} {drop}add constraint {name} {definition}")));
    }
    columns.sort_by_key(|(position, _)| *position);
    constraints.sort_by_key(|(last, _)| *last);
    let columns = columns.into_iter().map(|(_, statement)| statement);
    columns.chain(constraints.into_iter().map(|(_, statement)| statement)).collect()
}

fn category<'a>(interface: &'a Interface, name: &str) -> &'a BTreeMap<String, BTreeMap<String, Value>> {
    static NONE: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    interface.categories.get(name).unwrap_or(&NONE)
}

/// Table and quoted name of a part's key, if the table is there already.
fn of_table<'a>(found: &Interface, key: &'a str) -> Option<(&'a str, String)> {
    let (schema, rest) = key.split_once('.')?;
    let (table, name) = rest.split_once('.')?;
    let table = &key[..=schema.len() + table.len()];
    category(found, "tables").contains_key(table).then(|| (table, format!("\"{}\"", name.replace('"', "\"\""))))
}

fn text<'a>(record: &'a BTreeMap<String, Value>, field: &str) -> &'a str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn position(record: &BTreeMap<String, Value>) -> i64 {
    record.get("position").and_then(Value::as_i64).unwrap_or_default()
}

/// Type, value and NOT NULL of a column.
fn column(record: &BTreeMap<String, Value>) -> String {
    let mut out = text(record, "type").to_owned();
    match (text(record, "generated"), text(record, "identity"), text(record, "default")) {
        ("", "", "") => {}
        ("", "", default) => out.push_str(&format!(" default {default}")),
        ("", identity, _) => out.push_str(&format!(" generated {identity} as identity")),
        (generated, ..) => out.push_str(&format!(" generated always as ({generated}) stored")),
    }
    if record.get("not_null") == Some(&Value::Bool(true)) {
        out.push_str(" not null");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(categories: &str) -> Interface {
        Interface { categories: serde_json::from_str(categories).unwrap(), format: 1, server: 15 }
    }

    #[test]
    fn new_parts_of_known_tables_are_added_in_order() {
        let expected = interface(
            r#"{"columns": {
                 "m.t.a": {"type": "text", "position": 1},
                 "m.t.c": {"type": "text", "generated": "upper(a)", "position": 3, "not_null": false},
                 "m.t.b": {"type": "uuid", "default": "m.f()", "position": 2, "not_null": true},
                 "m.new.a": {"type": "text"}},
                "constraints": {
                 "m.t.a_fkey": {"kind": "foreign key", "definition": "FOREIGN KEY (a) REFERENCES m.u(a)"},
                 "m.t.check": {"kind": "check", "definition": "CHECK (true)"},
                 "m.t.t_pkey": {"kind": "primary key", "definition": "PRIMARY KEY (a)"}}}"#,
        );
        let found = interface(
            r#"{"tables": {"m.t": {}}, "columns": {"m.t.a": {"type": "text"}},
                "constraints": {"m.t.check": {"kind": "check", "definition": "CHECK (false)"},
                 "m.t.t_pkey": {"kind": "primary key", "definition": "PRIMARY KEY (a)"}}}"#,
        );
        assert_eq!(
            statements(&expected, &found),
            [
                r#"alter table m.t add column "b" uuid default m.f() not null"#,
                r#"alter table m.t add column "c" text generated always as (upper(a)) stored"#,
                r#"alter table m.t drop constraint "check", add constraint "check" CHECK (true)"#,
                r#"alter table m.t add constraint "a_fkey" FOREIGN KEY (a) REFERENCES m.u(a)"#,
            ]
        );
    }
}
