//! `migrate revert`: takes changes back, newest first, one transaction per change.
//!
//! Before anything is touched the whole way back is tried in a transaction that is rolled back. What people made is
//! never dropped: objects outside the core that depend on it, and rows that are no seed rows, are listed instead. Rows
//! may be given up with `discard_data`; other people's objects may not. Tests: `tests/it/migrate/revert.rs`.

use super::error::{Doing, MigrateError};
use super::plan::{Change, Plan};
use super::progress::{Event, Progress};
use super::session::{HISTORY_TABLE, Session, failure_of, millis, run_statements};
use super::{registry, statement, verify};
use crate::config::Secret;
use serde::Serialize;
use std::time::Instant;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

/// How to revert.
#[derive(Clone, Debug, Default)]
pub struct RevertOptions {
    /// The change or tag that stays; `@ROOT` reverts everything.
    pub to: String,
    /// Give up rows of core tables.
    pub discard_data: bool,
    /// Try the way back and do nothing.
    pub dry_run: bool,
}

/// What a revert did.
#[derive(Debug, Default, Serialize)]
pub struct RevertReport {
    /// Reverted changes, newest first; with `dry_run` those that would be.
    pub reverted: Vec<String>,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
}

/// The changes that a revert would take back, newest first.
///
/// # Errors
/// No connection, unknown target, or a target that is not deployed.
pub async fn revert_plan(owner_url: &Secret, to: &str) -> Result<Vec<String>, MigrateError> {
    let plan = Plan::embedded()?;
    let session = Session::connect(owner_url).await?;
    let deployed = registry::read(&session.client).await?.deployed(&plan)?;
    let target = target(&plan, to, deployed)?;
    Ok(plan.changes[target..deployed].iter().rev().map(|change| change.name.to_owned()).collect())
}

/// Reverts the owner's database to a change or tag.
///
/// # Errors
/// [`MigrateError::WouldLose`] lists what stands in the way; then nothing was changed.
pub async fn revert(
    owner_url: &Secret,
    options: &RevertOptions,
    progress: &dyn Progress,
) -> Result<RevertReport, MigrateError> {
    let plan = Plan::embedded()?;
    let mut session = Session::connect(owner_url).await?;
    session.lock(progress).await?;
    let deployed = registry::read(&session.client).await?.deployed(&plan)?;
    let target = target(&plan, &options.to, deployed)?;
    let changes: Vec<&Change> = plan.changes[target..deployed].iter().rev().collect();

    let transaction = session.client.transaction().await.doing("starting a transaction")?;
    let objects = dependents(&transaction, &changes).await?;
    transaction.rollback().await.doing("ending the trial")?;
    let rows = if options.discard_data { Vec::new() } else { rows(&session, &changes).await? };
    if !objects.is_empty() {
        return Err(MigrateError::WouldLose {
            losses: objects.into_iter().chain(rows).collect(),
            advice: "These are not part of the core: drop them yourself, or keep the changes they depend on.",
        });
    }
    if !rows.is_empty() {
        return Err(MigrateError::WouldLose {
            losses: rows,
            advice: "Save what you need, then repeat with --discard-data.",
        });
    }

    let mut report = RevertReport { dry_run: options.dry_run, ..RevertReport::default() };
    for (index, change) in changes.iter().enumerate() {
        if !options.dry_run {
            progress.report(&Event::Started { name: change.name, number: index + 1, total: changes.len() });
            let started = Instant::now();
            revert_one(&mut session, change, started).await?;
            progress.report(&Event::Finished { name: change.name, elapsed: started.elapsed(), rows: None });
        }
        report.reverted.push(change.name.to_owned());
    }
    Ok(report)
}

async fn revert_one(session: &mut Session, change: &Change, started: Instant) -> Result<(), MigrateError> {
    let transaction = session.client.transaction().await.doing("starting a transaction")?;
    run_statements(&transaction, &file(change), change.revert).await?;
    transaction
        .execute(&format!("delete from {HISTORY_TABLE} where version = $1::integer"), &[&change.version])
        .await
        .doing("removing the change from the history")?;
    transaction
        .batch_execute(&registry::log_statement("revert", change, millis(started.elapsed()), None))
        .await
        .doing("writing the log")?;
    transaction.batch_execute("notify pgrst, 'reload schema'").await.doing("notifying the API")?;
    transaction.commit().await.doing("committing the revert")
}

fn target(plan: &Plan, to: &str, deployed: usize) -> Result<usize, MigrateError> {
    let target = plan.resolve(to, deployed)?;
    if target > deployed {
        return Err(MigrateError::WrongDirection { asked: to.to_owned(), verb: "deploy" });
    }
    Ok(target)
}

fn file(change: &Change) -> String {
    format!("migrations/revert/{}.sql", change.name)
}

/// Runs all scripts and collects what the server names as depending on them. The transaction is of no use afterwards.
async fn dependents(transaction: &Transaction<'_>, changes: &[&Change]) -> Result<Vec<String>, MigrateError> {
    let mut found = Vec::new();
    for change in changes {
        let name = file(change);
        let statements =
            statement::split(change.revert).map_err(|source| MigrateError::Split { file: name.clone(), source })?;
        for one in &statements {
            transaction.batch_execute("savepoint attempt").await.doing("setting a savepoint")?;
            let Err(error) = transaction.batch_execute(one.text).await else { continue };
            let refused = MigrateError::Statement(Box::new(failure_of(&name, one, &error)));
            let Some(said) = error.as_db_error() else { return Err(refused) };
            if *said.code() != SqlState::DEPENDENT_OBJECTS_STILL_EXIST {
                return Err(refused);
            }
            found.extend(said.detail().unwrap_or(said.message()).lines().map(str::to_owned));
            transaction.batch_execute("rollback to savepoint attempt").await.doing("rolling back an attempt")?;
            if one.text.starts_with("drop") {
                // Only to find the rest: this transaction is rolled back.
                transaction
                    .batch_execute(&format!("{} cascade", one.text))
                    .await
                    .map_err(|error| MigrateError::Statement(Box::new(failure_of(&name, one, &error))))?;
            }
        }
    }
    found.dedup();
    Ok(found)
}

/// Tables of the changes with rows that are no seed rows.
async fn rows(session: &Session, changes: &[&Change]) -> Result<Vec<String>, MigrateError> {
    let mut found = Vec::new();
    for change in changes {
        let seeds = seed_conditions(change.revert);
        for table in verify::tables(change)? {
            let exists: bool = session
                .client
                .query_one("select to_regclass($1::text) is not null", &[&table])
                .await
                .doing("looking for a table")?
                .get(0);
            if !exists {
                continue;
            }
            let seed = seeds.iter().find(|(name, _)| *name == table).map_or("false", |(_, condition)| condition);
            let count: i64 = session
                .client
                .query_one(&format!("select count(*) from {table} where not coalesce(({seed}), false)"), &[])
                .await
                .doing("counting rows")?
                .get(0);
            match count {
                0 => {}
                1 => found.push(format!("1 row of table {table}")),
                many => found.push(format!("{many} rows of table {table}")),
            }
        }
    }
    Ok(found)
}

/// Lines `-- seed <table>: <condition of its seed rows>`.
fn seed_conditions(script: &str) -> Vec<(&str, &str)> {
    script.lines().filter_map(|line| line.strip_prefix("-- seed ")).filter_map(|line| line.split_once(": ")).collect()
}
