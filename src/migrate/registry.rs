//! The runner's own bookkeeping, in schema `civic_os_migrations`: refinery's history, a log of events, applied files.
//!
//! The schema stays when everything is reverted, since the log is in it. Nothing here is exposed to clients. Sqitch's
//! registry (schema `metadata`) is only read; see `adopt`. Tests: `tests/it/migrate/`.

use super::error::{Doing, MigrateError};
use super::plan::{Change, Plan};
use super::session::{HISTORY_TABLE, Session};
use serde::Serialize;
use tokio_postgres::Client;

/// Makes the registry.
pub(super) const CREATE: &str = include_str!("../sql/migrate/registry.sql");
const LOG: &str = include_str!("../sql/migrate/log.sql");

/// A row of refinery's history.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    pub(super) version: i32,
    pub(super) name: String,
    pub(super) applied_on: String,
    pub(super) checksum: String,
}

/// What a database says about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) applied: Vec<Applied>,
    /// Last change of Sqitch's registry, if there is one with our project.
    pub(super) sqitch: Option<String>,
    /// Unknown changes that are marked as breaking in the log.
    pub(super) breaking: Vec<String>,
}

/// One event of the log.
#[derive(Clone, Debug, Serialize)]
pub struct LogEntry {
    /// `deploy`, `revert`, `fail` or `adopt`.
    pub event: String,
    /// Name of the change.
    pub change: String,
    /// RFC 3339.
    pub at: String,
    /// Login that ran it.
    pub by: String,
    /// Milliseconds.
    pub duration_ms: i32,
    /// Release of the binary.
    pub binary_version: String,
    /// Error text of a failure.
    pub detail: Option<String>,
}

/// Makes the registry unless it is there.
pub(super) async fn ensure(session: &Session) -> Result<(), MigrateError> {
    if exists(&session.client, "civic_os_migrations", "change_log").await? {
        return Ok(());
    }
    session.client.batch_execute(CREATE).await.doing("making the registry")
}

/// Reads what the pool's login may read: the history, and which unknown changes are breaking.
pub(super) async fn read_history(client: &Client) -> Result<State, MigrateError> {
    let mut state = State::default();
    if exists(client, "civic_os_migrations", "schema_history").await? {
        let rows = client
            .query(&format!("select version, name, applied_on, checksum from {HISTORY_TABLE} order by version"), &[])
            .await
            .doing("reading the history")?;
        state.applied = rows
            .iter()
            .map(|row| Applied { version: row.get(0), name: row.get(1), applied_on: row.get(2), checksum: row.get(3) })
            .collect();
    }
    if exists(client, "civic_os_migrations", "change_log").await? {
        let rows = client
            .query(
                "select distinct change from civic_os_migrations.change_log where event = 'deploy' and breaking",
                &[],
            )
            .await
            .doing("reading the log")?;
        state.breaking = rows.iter().map(|row| row.get(0)).collect();
    }
    Ok(state)
}

/// Reads the whole state as the owner; each registry may be absent.
pub(super) async fn read(client: &Client) -> Result<State, MigrateError> {
    let mut state = read_history(client).await?;
    if exists(client, "metadata", "changes").await? {
        state.sqitch = client
            .query_opt(
                "select change::text from metadata.changes where project = 'civic_os' order by committed_at desc limit 1",
                &[],
            )
            .await
            .doing("reading Sqitch's registry")?
            .map(|row| row.get(0));
    }
    Ok(state)
}

/// `to_regclass` would need privileges on the schema.
pub(super) async fn exists(client: &Client, schema: &str, table: &str) -> Result<bool, MigrateError> {
    let found = client
        .query_opt(
            "select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
             where n.nspname = $1 and c.relname = $2",
            &[&schema, &table],
        )
        .await
        .doing("looking for the registry")?;
    Ok(found.is_some())
}

impl State {
    /// How many changes of `plan` are deployed.
    ///
    /// # Errors
    /// The history does not fit the plan: edited, or of a later release.
    pub(super) fn deployed(&self, plan: &Plan) -> Result<usize, MigrateError> {
        for (applied, change) in self.applied.iter().zip(&plan.changes) {
            let expected = change.migration()?;
            if applied.version != change.version
                || applied.name != expected.name()
                || applied.checksum != expected.checksum().to_string()
            {
                return Err(MigrateError::Edited {
                    change: change.name.to_owned(),
                    deployed_at: applied.applied_on.clone(),
                });
            }
        }
        if self.applied.len() > plan.changes.len() {
            return Err(MigrateError::Future { changes: self.unknown(plan).join(", ") });
        }
        Ok(self.applied.len())
    }

    /// Changes of a later release.
    pub(super) fn unknown(&self, plan: &Plan) -> Vec<String> {
        self.applied
            .iter()
            .skip(plan.changes.len())
            .map(|applied| format!("{:02}-{}", applied.version, applied.name.replace('_', "-")))
            .collect()
    }
}

/// An event as SQL, to run in the transaction that it describes.
pub(super) fn log_statement(event: &str, change: &Change, duration_ms: i32, detail: Option<&str>) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    format!(
        "insert into civic_os_migrations.change_log (event, change, version, checksum, breaking, duration_ms, binary_version, detail) \
         values ({}, {}, {}, {}, {}, {duration_ms}, {}, {})",
        quote(event),
        quote(change.name),
        change.version,
        quote(&change.checksum()),
        !change.compatible,
        quote(env!("CARGO_PKG_VERSION")),
        detail.map_or_else(|| "null".to_owned(), quote),
    )
}

/// The log, newest first.
pub(super) async fn log(client: &Client) -> Result<Vec<LogEntry>, MigrateError> {
    if !exists(client, "civic_os_migrations", "change_log").await? {
        return Ok(Vec::new());
    }
    let rows = client.query(LOG, &[]).await.doing("reading the log")?;
    Ok(rows
        .iter()
        .map(|row| LogEntry {
            event: row.get(0),
            change: row.get(1),
            at: row.get(2),
            by: row.get(3),
            duration_ms: row.get(4),
            binary_version: row.get(5),
            detail: row.get(6),
        })
        .collect())
}
