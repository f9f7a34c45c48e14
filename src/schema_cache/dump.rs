//! The snapshot as JSON, for `/schema_cache` and `--dump-schema`.

use super::SchemaCache;
use serde_json::{Value, json};

impl SchemaCache {
    /// All of it under PostgREST's keys. Lists are sorted, so two dumps of the same schema are equal.
    pub fn dump(&self) -> Value {
        let mut origins: Vec<_> = self.relationships.iter().collect();
        origins.sort_unstable_by_key(|(origin, _)| *origin);
        let relationships: Vec<_> = origins.into_iter().map(|(origin, list)| json!([origin, list])).collect();
        let mut representations: Vec<_> = self.representations.values().collect();
        representations.sort_unstable_by_key(|it| (&it.source_type, &it.target_type));
        json!({
            "dbTables": self.tables.iter().map(|(name, table)| json!([name, table])).collect::<Vec<_>>(),
            "dbRelationships": relationships,
            "dbRoutines": self.routines.iter().map(|(name, overloads)| json!([name, overloads])).collect::<Vec<_>>(),
            "dbRepresentations": representations,
            "dbMediaHandlers": self.media_handlers,
            "dbTimezones": self.timezones,
        })
    }
}
