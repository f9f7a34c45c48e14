//! Time zone names. The server reads some 600 files to list them, five times as long as all else together, so they are
//! listed once per process and after the first snapshot is there.

use super::SchemaCacheError;
use crate::db::{Db, Lane, Statement};
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// Names that `Prefer: timezone` accepts; shared by all snapshots of a process.
#[derive(Clone, Debug, Default)]
pub struct Timezones {
    names: Arc<OnceLock<BTreeSet<String>>>,
}

impl Timezones {
    /// Whether the server knows this name. Until the names are listed every name passes, and the server judges.
    pub fn contains(&self, name: &str) -> bool {
        self.names.get().is_none_or(|names| names.contains(name))
    }

    /// The names as far as they are listed.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.get().into_iter().flatten().map(String::as_str)
    }

    /// Lists the names unless that is done already.
    pub(super) async fn list(&self, db: &Db) -> Result<(), SchemaCacheError> {
        if self.names.get().is_some() {
            return Ok(());
        }
        let statement =
            Statement { sql: include_str!("../sql/schema_cache/timezones.sql"), params: &[], reusable: false };
        let rows = db.snapshot(Lane::System, &[], &[statement]).await;
        let rows = rows.map_err(|source| SchemaCacheError::Query { what: "time zones", source })?;
        let names = rows.iter().flatten().filter_map(|row| row.text(0).map(Into::into)).collect();
        // Somebody else's list would be the same.
        let _ = self.names.set(names);
        Ok(())
    }
}

impl Serialize for Timezones {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
