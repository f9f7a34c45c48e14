//! Schema-qualified names and their hash-compatible borrowed form.

use super::Text;
use serde::{Serialize, Serializer};
use std::fmt;

/// A name with its schema, unquoted.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QualifiedIdentifier {
    /// Schema.
    pub schema: Text,
    /// Name within the schema.
    pub name: Text,
}

impl QualifiedIdentifier {
    /// From its two parts.
    pub fn new(schema: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

/// `schema.name`, unquoted, as messages show it.
impl fmt::Display for QualifiedIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

impl Serialize for QualifiedIdentifier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Borrowed key: looks a [`QualifiedIdentifier`] up without allocating.
#[derive(Hash)]
pub(super) struct Key<'a> {
    pub(super) schema: &'a str,
    pub(super) name: &'a str,
}

impl indexmap::Equivalent<QualifiedIdentifier> for Key<'_> {
    fn equivalent(&self, key: &QualifiedIdentifier) -> bool {
        self.schema == key.schema.as_str() && self.name == key.name.as_str()
    }
}
