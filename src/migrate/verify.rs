//! `migrate verify`: is the database still what the deployed changes made?
//!
//! Each change's script states the objects that the change made and checks behaviour where a statement of facts is not
//! enough; `--full` compares the whole catalogue with all of them together, so that additions show as well. Everything
//! runs in one transaction that is rolled back. Tests: `tests/it/migrate/verify.rs`.

use super::error::{Doing, MigrateError};
use super::interface::{self, Allowed, Difference, FACTS, Interface, Profile};
use super::plan::{Change, Plan};
use super::registry;
use super::session::{Extra, Session, run_statements};
use crate::config::Secret;
use serde::Serialize;
use tokio_postgres::Transaction;

const EXPECT: &str = include_str!("../sql/migrate/expect.sql");

/// How to verify.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerifyOptions {
    /// Compare the whole catalogue as well.
    pub full: bool,
}

/// What a verification found.
#[derive(Debug, Default, Serialize)]
pub struct VerifyReport {
    /// Deployed changes in order.
    pub changes: Vec<VerifiedChange>,
    /// Differences of the whole catalogue; empty without `full`.
    pub drift: Vec<Difference>,
    /// Whether the whole catalogue was compared.
    pub full: bool,
    /// What is missing on purpose.
    pub notices: Vec<String>,
}

impl VerifyReport {
    /// Whether nothing is wrong.
    pub fn is_healthy(&self) -> bool {
        self.drift.is_empty() && self.changes.iter().all(|change| change.problems.is_empty())
    }
}

/// One verified change.
#[derive(Debug, Serialize)]
pub struct VerifiedChange {
    /// Name.
    pub change: String,
    /// What is not as the change made it; empty = as it should be.
    pub problems: Vec<String>,
}

/// Verifies the deployed changes of the owner's database.
///
/// # Errors
/// The verification could not run. What it finds is in the report.
pub async fn verify(owner_url: &Secret, options: VerifyOptions) -> Result<VerifyReport, MigrateError> {
    let plan = Plan::embedded()?;
    let mut session = Session::connect(owner_url).await?;
    let deployed = registry::read(&session.client).await?.deployed(&plan)?;
    let transaction = session.client.transaction().await.doing("starting a transaction")?;
    let mut report = VerifyReport { full: options.full, ..VerifyReport::default() };
    run_statements(&transaction, "expect.sql", &preparation()).await?;
    for change in &plan.changes[..deployed] {
        let problems = problems_of(&transaction, change).await?;
        report.changes.push(VerifiedChange { change: change.name.to_owned(), problems });
    }
    let found = interface::read(&transaction).await?;
    if !found.categories.get("extensions").is_some_and(|known| known.contains_key("postgis")) {
        report.notices.push("PostGIS is not installed in this database: location columns cannot be used".to_owned());
    }
    if options.full {
        let expected = expected(&plan.changes[..deployed])?;
        report.drift = interface::compare(&expected, &found, Profile::Strict, &Allowed::default());
        report.drift.extend(interface::unexpected(&expected, &found));
    }
    transaction.rollback().await.doing("ending the transaction")?;
    Ok(report)
}

/// SQL that a verify script needs before it.
fn preparation() -> String {
    format!("set local search_path to '';\n{}", EXPECT.replace("/*FACTS*/", FACTS))
}

/// What `deploy --verify` runs inside the transaction of a change.
pub(super) fn extras(change: &Change) -> [Extra; 2] {
    [
        Extra { file: "expect.sql".to_owned(), sql: preparation() },
        Extra { file: file(change), sql: change.verify.to_owned() },
    ]
}

fn file(change: &Change) -> String {
    format!("migrations/verify/{}.sql", change.name)
}

async fn problems_of(transaction: &Transaction<'_>, change: &Change) -> Result<Vec<String>, MigrateError> {
    transaction.batch_execute("savepoint verify").await.doing("setting a savepoint")?;
    let outcome = run_statements(transaction, &file(change), change.verify).await;
    transaction.batch_execute("rollback to savepoint verify").await.doing("rolling back a check")?;
    match outcome {
        Ok(_) => Ok(Vec::new()),
        // The facts report one difference per line; any other failure is a problem as a whole.
        Err(MigrateError::Statement(failure)) if failure.sqlstate == "P0004" => {
            Ok(failure.message.lines().map(str::to_owned).collect())
        }
        Err(MigrateError::Statement(failure)) => Ok(vec![failure.to_string()]),
        Err(other) => Err(other),
    }
}

/// The facts of these changes together; those of later ones win.
pub(super) fn expected(changes: &[Change]) -> Result<Interface, MigrateError> {
    let mut expected = Interface::default();
    for change in changes {
        expected.extend(facts(change)?);
    }
    Ok(expected)
}

/// The facts that a change's verify script states.
fn facts(change: &Change) -> Result<Interface, MigrateError> {
    let text = change.verify.split("$facts$").nth(1).unwrap_or_default();
    serde_json::from_str(text).map_err(|source| MigrateError::Facts { file: file(change), source })
}

/// Tables that a change makes, qualified.
pub(super) fn tables(change: &Change) -> Result<Vec<String>, MigrateError> {
    Ok(facts(change)?.categories.remove("tables").unwrap_or_default().into_keys().collect())
}
