//! Tables, views and their columns.

use super::{QualifiedIdentifier, Text};
use indexmap::IndexMap;
use serde::Serialize;
use std::sync::Arc;

/// A table, view, materialized view, foreign table or partitioned table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Schema.
    pub schema: Text,
    /// Name.
    pub name: Text,
    /// Comment.
    pub description: Option<String>,
    /// View or materialized view.
    pub is_view: bool,
    /// Rows can be inserted.
    pub insertable: bool,
    /// Rows can be updated.
    pub updatable: bool,
    /// Rows can be deleted.
    pub deletable: bool,
    /// Primary key columns, ordered by name; views have those of their base table when all are visible.
    pub pk_columns: Vec<Text>,
    /// Columns by name in the table's order.
    pub columns: IndexMap<Text, Column>,
}

impl Table {
    /// Schema and name.
    pub fn identifier(&self) -> QualifiedIdentifier {
        QualifiedIdentifier::new(&self.schema, &self.name)
    }
    /// Names of the primary key's columns.
    pub fn key_names(&self) -> Vec<String> {
        self.pk_columns.iter().map(Text::to_string).collect()
    }
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(name)
    }
}

/// A column of a table or view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name.
    pub name: Text,
    /// Comment.
    pub description: Option<Box<str>>,
    /// Null is allowed.
    pub nullable: bool,
    /// Type to cast to: a domain is resolved when its base type lives in `pg_catalog`, and then modifiers are left out.
    pub data_type: Text,
    /// Declared type (a domain stays a domain), with modifiers.
    pub nominal_type: Text,
    /// Length limit of character types.
    pub max_length: Option<i32>,
    /// Default expression; identity columns have `nextval(…)`, stored generated columns none.
    pub default: Option<Text>,
    /// Generated always (identity or stored): never part of an insert with defaults.
    pub generated_always: bool,
    /// Labels of an enum type.
    #[serde(serialize_with = "labels")]
    pub enum_values: Arc<[String]>,
}

fn labels<S: serde::Serializer>(labels: &Arc<[String]>, serializer: S) -> Result<S::Ok, S::Error> {
    labels.as_ref().serialize(serializer)
}
