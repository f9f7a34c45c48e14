//! What a database offers to clients, operators and applications, as canonical JSON, and the comparison of two of them.
//!
//! The form is format 1 of the contract: category → object → record. Bodies of functions and views are hashes in
//! categories of their own. Read from the catalogue in one query. Used by `verify`, `adopt` and `db dump-interface`.
//! Tests: `tests/it/migrate/interface.rs`, and the foot of the files.

mod canonical;
mod compare;

pub(super) use compare::unexpected;
pub use compare::{Allowed, Difference, Kind, Profile, compare};

use super::error::{Doing, MigrateError};
use super::session::Session;
use crate::config::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio_postgres::Transaction;

pub(super) const FACTS: &str = include_str!("../../sql/migrate/facts.sql");

const SEEDS: &str = include_str!("../../sql/migrate/seeds.sql");

/// Objects of one category by their identity.
pub type Objects = BTreeMap<String, BTreeMap<String, Value>>;

/// The interface of one database.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Interface {
    /// Category → object → record.
    pub categories: BTreeMap<String, Objects>,
    /// Version of this form.
    pub format: u32,
    /// Major version of the server that printed the expressions.
    pub server: u32,
}

impl Interface {
    /// One JSON document, sorted, one line per object: made to be read in a diff.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{\n \"categories\": {");
        for (index, (category, objects)) in self.categories.iter().enumerate() {
            text.push_str(if index == 0 { "\n" } else { ",\n" });
            text.push_str(&format!("  {}: {{", quoted(category)));
            for (index, (key, record)) in objects.iter().enumerate() {
                text.push_str(if index == 0 { "\n" } else { ",\n" });
                let record = serde_json::to_string(record).unwrap_or_default();
                text.push_str(&format!("   {}: {record}", quoted(key)));
            }
            text.push_str(if objects.is_empty() { "}" } else { "\n  }" });
        }
        text.push_str(&format!("\n }},\n \"format\": {},\n \"server\": {}\n}}", self.format, self.server));
        text
    }

    /// What `self` has and `before` has not, or has otherwise; `server` and `format` are those of `self`.
    pub fn since(&self, before: &Interface) -> Interface {
        let mut categories: BTreeMap<String, Objects> = BTreeMap::new();
        for (category, objects) in &self.categories {
            for (key, record) in objects {
                if before.categories.get(category).and_then(|known| known.get(key)) != Some(record) {
                    categories.entry(category.clone()).or_default().insert(key.clone(), record.clone());
                }
            }
        }
        Interface { categories, format: self.format, server: self.server }
    }

    /// Adds what `later` has; its records win.
    pub(super) fn extend(&mut self, later: Interface) {
        for (category, objects) in later.categories {
            self.categories.entry(category).or_default().extend(objects);
        }
        self.format = later.format;
        self.server = later.server;
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// Reads the interface of the owner's database.
///
/// # Errors
/// No connection, or the catalogue cannot be read.
pub async fn dump_interface(owner_url: &Secret) -> Result<Interface, MigrateError> {
    let mut session = Session::connect(owner_url).await?;
    let transaction = session.client.transaction().await.doing("starting a transaction")?;
    let mut interface = read(&transaction).await?;
    // The seed rows need the tables of the last change that has any.
    if interface.categories.get("tables").is_some_and(|tables| tables.contains_key("payments.transactions")) {
        add_records(&transaction, SEEDS, &mut interface).await?;
    }
    transaction.rollback().await.doing("ending the transaction")?;
    Ok(interface)
}

/// Reads the interface inside a transaction; its search path is empty afterwards.
pub(super) async fn read(transaction: &Transaction<'_>) -> Result<Interface, MigrateError> {
    transaction.batch_execute("set local search_path to ''").await.doing("reading the catalogue")?;
    let server: i32 = transaction
        .query_one("select current_setting('server_version_num')::integer / 10000", &[])
        .await
        .doing("reading the server's version")?
        .get(0);
    let mut interface =
        Interface { categories: BTreeMap::new(), format: 1, server: u32::try_from(server).unwrap_or_default() };
    add_records(transaction, FACTS, &mut interface).await?;
    Ok(interface)
}

async fn add_records(
    transaction: &Transaction<'_>,
    query: &str,
    interface: &mut Interface,
) -> Result<(), MigrateError> {
    for row in transaction.query(query, &[]).await.doing("reading the catalogue")? {
        let record: Value = row.get(2);
        let Value::Object(members) = record else { continue };
        let record = members
            .into_iter()
            .map(|(field, value)| {
                let value = canonical::spelling(&field, value);
                (field, value)
            })
            .collect();
        interface.categories.entry(row.get(0)).or_default().insert(row.get(1), record);
    }
    Ok(())
}
