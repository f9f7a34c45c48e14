//! Questions that planning asks the snapshot.

use super::identifier::Key;
use super::{QualifiedIdentifier, Relationship, Routine, SchemaCache, Table};

/// Overloads of one function name.
pub type RoutineLookup<'a> = &'a [Routine];

impl SchemaCache {
    /// The table or view of this name.
    pub fn table(&self, schema: &str, name: &str) -> Option<&Table> {
        self.tables.get(&Key { schema, name })
    }

    /// All overloads of a function; empty when there is none.
    pub fn routines_named(&self, schema: &str, name: &str) -> RoutineLookup<'_> {
        self.routines.get(&Key { schema, name }).map(Vec::as_slice).unwrap_or_default()
    }

    /// All relationships that start at this relation.
    pub fn relationships_from(&self, origin: &QualifiedIdentifier) -> &[Relationship] {
        self.relationships.get(origin).map(Vec::as_slice).unwrap_or_default()
    }

    /// Candidates for `/origin?select=target!hint(…)` with a target in the same schema (POSTGREST.md §5.3): none is
    /// `PGRST200`, more than one `PGRST201`.
    pub fn find_relationships(
        &self,
        origin: &QualifiedIdentifier,
        target: &str,
        hint: Option<&str>,
    ) -> Vec<&Relationship> {
        self.relationships_from(origin)
            .iter()
            .filter(|relationship| relationship.target_schema() == origin.schema && relationship.matches(target, hint))
            .collect()
    }

    /// Names of the relations in a schema, for fuzzy hints.
    pub fn table_names<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a str> {
        self.tables.keys().filter(move |name| name.schema == schema).map(|name| name.name.as_str())
    }

    /// Names of the functions in a schema, for fuzzy hints.
    pub fn routine_names<'a>(&'a self, schema: &'a str) -> impl Iterator<Item = &'a str> {
        self.routines.keys().filter(move |name| name.schema == schema).map(|name| name.name.as_str())
    }

    /// Names of the targets that can be embedded under an origin, for fuzzy hints.
    pub fn relationship_target_names<'a>(&'a self, origin: &'a QualifiedIdentifier) -> impl Iterator<Item = &'a str> {
        self.relationships_from(origin)
            .iter()
            .filter(|relationship| relationship.target_schema() == origin.schema)
            .map(|relationship| relationship.foreign_table().name.as_str())
    }
}
