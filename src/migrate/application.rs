//! `app apply`: an integrator's own schema and data on top of the core.
//!
//! Files of one folder in name order, each once and in one transaction: `*.sql`, and `NN_table.csv` or
//! `NN_table.csv.gz` (COPY with header into `public.table`). What was applied is remembered with a checksum. It does not
//! look into sub-folders and never runs psql. Tests: `tests/it/migrate/application.rs`.

mod csv_file;
mod folder;

use self::folder::{Content, File};
use super::error::{Doing, MigrateError};
use super::plan::Plan;
use super::progress::{Event, Progress};
use super::registry;
use super::session::{Session, millis, run_statements};
use crate::config::Secret;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;
use tokio_postgres::Transaction;

/// How to apply an application.
#[derive(Clone, Copy, Debug, Default)]
pub struct ApplyOptions {
    /// Run everything in one transaction and roll it back.
    pub dry_run: bool,
}

/// What was applied.
#[derive(Debug, Default, Serialize)]
pub struct ApplyReport {
    /// Files applied by this call.
    pub applied: Vec<AppliedFile>,
    /// Files that had been applied before.
    pub skipped: Vec<String>,
    /// Whether everything was rolled back on purpose.
    pub dry_run: bool,
}

/// One applied file.
#[derive(Debug, Serialize)]
pub struct AppliedFile {
    /// File name.
    pub file: String,
    /// Statements of an SQL file.
    pub statements: usize,
    /// Rows of a CSV file.
    pub rows: Option<u64>,
    /// Milliseconds.
    pub duration_ms: i32,
}

/// Applies the files of `directory` to the owner's database.
///
/// # Errors
/// Names the file, line and statement; files before it stay applied, the file itself leaves nothing behind.
pub async fn apply_application(
    owner_url: &Secret,
    directory: &Path,
    options: ApplyOptions,
    progress: &dyn Progress,
) -> Result<ApplyReport, MigrateError> {
    let files = folder::read(directory)?;
    let mut session = Session::connect(owner_url).await?;
    session.lock(progress).await?;
    let plan = Plan::embedded()?;
    if registry::read(&session.client).await?.deployed(&plan)? < plan.changes.len() {
        return Err(MigrateError::CoreMissing);
    }
    // The registry may be older than the table of applied files.
    registry::ensure(&session).await?;

    let known = applied_before(&session).await?;
    let mut report = ApplyReport { dry_run: options.dry_run, ..ApplyReport::default() };
    let mut pending = Vec::new();
    for file in files {
        match known.get(&file.name) {
            Some((checksum, _)) if *checksum == file.checksum => report.skipped.push(file.name),
            Some((_, applied_at)) => {
                return Err(MigrateError::EditedFile { file: file.name, applied_at: applied_at.clone() });
            }
            None => pending.push(file),
        }
    }
    if options.dry_run {
        let transaction = session.client.transaction().await.doing("starting a transaction")?;
        for (index, file) in pending.iter().enumerate() {
            progress.report(&Event::Started { name: &file.name, number: index + 1, total: pending.len() });
            report.applied.push(run(&transaction, file).await?);
        }
        transaction.rollback().await.doing("rolling back")?;
        return Ok(report);
    }
    for (index, file) in pending.iter().enumerate() {
        progress.report(&Event::Started { name: &file.name, number: index + 1, total: pending.len() });
        let started = Instant::now();
        let transaction = session.client.transaction().await.doing("starting a transaction")?;
        let mut applied = run(&transaction, file).await?;
        applied.duration_ms = millis(started.elapsed());
        transaction
            .execute(
                "insert into civic_os_migrations.application_files (name, checksum, duration_ms, row_count) \
                 values ($1::text, $2::text, $3::integer, $4::bigint)",
                &[
                    &file.name,
                    &file.checksum,
                    &applied.duration_ms,
                    &applied.rows.map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)),
                ],
            )
            .await
            .doing("recording the file")?;
        transaction.batch_execute("notify pgrst, 'reload schema'").await.doing("notifying the API")?;
        transaction.commit().await.doing("committing the file")?;
        progress.report(&Event::Finished { name: &file.name, elapsed: started.elapsed(), rows: applied.rows });
        report.applied.push(applied);
    }
    Ok(report)
}

/// Name → checksum and time of the files that this database has.
async fn applied_before(session: &Session) -> Result<HashMap<String, (String, String)>, MigrateError> {
    let rows = session
        .client
        .query(
            "select name, checksum, to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"') \
             from civic_os_migrations.application_files",
            &[],
        )
        .await
        .doing("reading which files were applied")?;
    Ok(rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect())
}

async fn run(transaction: &Transaction<'_>, file: &File) -> Result<AppliedFile, MigrateError> {
    let started = Instant::now();
    let (statements, rows) = match &file.content {
        Content::Sql(sql) => {
            let statements = run_statements(transaction, &file.name, sql).await?;
            // A script's session settings must not reach the next file; a search path or a role would.
            transaction.batch_execute("reset role; set search_path to public").await.doing("resetting the session")?;
            (statements, None)
        }
        Content::Csv { table, compressed } => {
            (0, Some(csv_file::copy(transaction, &file.name, &file.path, table, *compressed).await?))
        }
    };
    Ok(AppliedFile { file: file.name.clone(), statements, rows, duration_ms: millis(started.elapsed()) })
}
