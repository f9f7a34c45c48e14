//! `migrate adopt`: takes over a database that Sqitch deployed at exactly release 0.15.0.
//!
//! That it is one is proven by its registry and by comparing its whole catalogue with the interface of that release.
//! Then the same deploy scripts that make a new database bring it to ours, statement by statement in a form that
//! replaces instead of creating; tables and rows stay. Everything is one transaction, and the result must verify like a
//! new database. Sqitch's registry is kept. Tests: `tests/it/migrate/adopt.rs`.

mod converge;

use super::error::{Doing, MigrateError};
use super::interface::{self, Allowed, Difference, Interface, Profile};
use super::plan::Plan;
use super::progress::{Event, Progress};
use super::session::{HISTORY_TABLE, Session, failure_of, millis, run_statements};
use super::{prerequisites, registry, statement, verify};
use crate::config::Secret;
use serde::Serialize;
use std::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;

const RELEASE: &str = include_str!("../../migrations/adopt/interface-0.15.0.json");
const RELEASE_TAG: &str = "@v0.15.0";
const BEFORE: &str = include_str!("../../migrations/adopt/before.sql");
const NOTE_IN_REGISTRY: &str = include_str!("../sql/migrate/adopt_registry.sql");

/// Changes of release 0.15.0 in Sqitch's plan.
const SQITCH_CHANGES: [&str; 18] = [
    "v0-4-0-baseline",
    "v0-5-0-add-file-storage",
    "v0-6-0-add-phone-jwt-sync",
    "v0-8-2-fix-schema-relations-cross-schema-bug",
    "v0-9-0-add-time-slot-domain",
    "v0-9-0-add-constraint-messages-view",
    "v0-10-0-add-river-queue",
    "v0-10-8-fix-thumbnail-bucket-config",
    "v0-11-0-add-notifications",
    "v0-11-0-add-user-roles",
    "v0-12-0-add-map-widget-type",
    "v0-12-2-add-navigation-widget-type",
    "v0-12-3-add-calendar-widget-type",
    "v0-13-0-add-payments-poc",
    "v0-13-0-fix-dashboards-cascade",
    "v0-13-0-add-payment-metadata",
    "v0-14-0-add-payment-admin",
    "v0-15-0-add-status-type",
];

/// What an adoption did.
#[derive(Debug, Default, Serialize)]
pub struct AdoptReport {
    /// Changes recorded as deployed.
    pub adopted: Vec<String>,
    /// Objects that were replaced or added, or would be with `dry_run`.
    pub changed: Vec<Difference>,
    /// Whether everything was rolled back on purpose.
    pub dry_run: bool,
}

/// Takes over the owner's database.
///
/// # Errors
/// [`MigrateError::NotAdoptable`] says why a database is refused; then nothing was changed.
pub async fn adopt(owner_url: &Secret, dry_run: bool, progress: &dyn Progress) -> Result<AdoptReport, MigrateError> {
    let plan = Plan::embedded()?;
    let mut session = Session::connect(owner_url).await?;
    session.lock(progress).await?;
    check_registries(&session, &plan).await?;
    prerequisites::check(&session, false).await?;

    let release = plan.resolve(RELEASE_TAG, 0)?;
    let started = Instant::now();
    let transaction = session.client.transaction().await.doing("starting a transaction")?;
    let before = prove(&transaction).await?;
    transaction.batch_execute("set local search_path to public").await.doing("setting the search path")?;
    run_statements(&transaction, "migrations/adopt/before.sql", BEFORE).await?;
    let found = interface::read(&transaction).await?;
    converge::converge(&transaction, &verify::expected(&plan.changes[..release])?, &found).await?;
    transaction.batch_execute("set local search_path to public").await.doing("setting the search path")?;
    for (index, change) in plan.changes.iter().enumerate() {
        progress.report(&Event::Started { name: change.name, number: index + 1, total: plan.changes.len() });
        let file = format!("migrations/deploy/{}.sql", change.name);
        if index < release {
            replace(&transaction, &file, change.deploy).await?;
        } else {
            // Of a later release: nothing of it is there.
            run_statements(&transaction, &file, change.deploy).await?;
        }
    }

    let expected = verify::expected(&plan.changes)?;
    let after = interface::read(&transaction).await?;
    let mut wrong = interface::compare(&expected, &after, Profile::Strict, &Allowed::default());
    wrong.extend(interface::unexpected(&expected, &after));
    if !wrong.is_empty() {
        return Err(not_adoptable("bringing it to this release left differences", &wrong));
    }
    let mut report = AdoptReport {
        changed: interface::compare(&expected, &before, Profile::Strict, &Allowed::default()),
        dry_run,
        ..AdoptReport::default()
    };

    transaction.batch_execute(registry::CREATE).await.doing("making the registry")?;
    record(&transaction, &plan, millis(started.elapsed())).await?;
    report.adopted = plan.changes.iter().map(|change| change.name.to_owned()).collect();
    if dry_run {
        transaction.rollback().await.doing("rolling back")?;
        return Ok(report);
    }
    transaction.commit().await.doing("committing the adoption")?;
    Ok(report)
}

async fn check_registries(session: &Session, plan: &Plan) -> Result<(), MigrateError> {
    let refuse = |reason: String| Err(MigrateError::NotAdoptable { reason });
    let state = registry::read(&session.client).await?;
    if state.deployed(plan)? > 0 {
        return refuse("civic-os deployed it already; see `civic-os migrate status`".to_owned());
    }
    if state.sqitch.is_none() {
        return refuse(
            "schema metadata has no registry of Sqitch with the project civic_os; an empty database needs \
             `civic-os migrate deploy`"
                .to_owned(),
        );
    }
    let rows = session
        .client
        .query("select change::text from metadata.changes where project = 'civic_os' order by committed_at", &[])
        .await
        .doing("reading Sqitch's registry")?;
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if let Some(missing) = SQITCH_CHANGES.iter().find(|name| !found.iter().any(|known| known == *name)) {
        return refuse(format!(
            "it is older than release 0.15.0 (change {missing} is missing): upgrade it to 0.15.0 with the \
             civic-os/migrations container first"
        ));
    }
    if let Some(unknown) = found.iter().find(|name| !SQITCH_CHANGES.contains(&name.as_str())) {
        return refuse(format!(
            "its registry has the change {unknown}, which release 0.15.0 does not know; only exactly 0.15.0 can be taken \
             over"
        ));
    }
    Ok(())
}

/// Compares the catalogue with that of release 0.15.0.
async fn prove(transaction: &Transaction<'_>) -> Result<Interface, MigrateError> {
    let mut release: Interface = serde_json::from_str(RELEASE)
        .map_err(|source| MigrateError::Facts { file: "migrations/adopt/interface-0.15.0.json".to_owned(), source })?;
    release.categories.retain(|category, _| !category.starts_with("seed_"));
    // The operator owns the login, and a server without PostGIS runs everything but maps.
    let allowed = Allowed::parse("roles:authenticator\nextensions:postgis\n");
    let found = interface::read(transaction).await?;
    let mut differences = interface::compare(&release, &found, Profile::Interface, &allowed);
    // Policies and triggers are replaced: what an operator made stricter must not get lost unseen.
    release.categories.retain(|category, _| matches!(category.as_str(), "policies" | "triggers"));
    for difference in interface::compare(&release, &found, Profile::Strict, &allowed) {
        if !differences.contains(&difference) {
            differences.push(difference);
        }
    }
    if !differences.is_empty() {
        return Err(not_adoptable("it is not the schema of release 0.15.0", &differences));
    }
    Ok(found)
}

fn not_adoptable(what: &str, differences: &[Difference]) -> MigrateError {
    const SHOWN: usize = 40;
    let mut lines: Vec<String> = differences.iter().take(SHOWN).map(|difference| format!("  {difference}")).collect();
    if differences.len() > SHOWN {
        lines.push(format!("  … and {} more", differences.len() - SHOWN));
    }
    MigrateError::NotAdoptable { reason: format!("{what}:\n{}", lines.join("\n")) }
}

/// Runs a deploy script in a form that replaces instead of creating.
async fn replace(transaction: &Transaction<'_>, file: &str, sql: &str) -> Result<(), MigrateError> {
    let statements = statement::split(sql).map_err(|source| MigrateError::Split { file: file.to_owned(), source })?;
    for one in &statements {
        let Some(text) = replacing(one.text) else { continue };
        for text in text {
            if !should_run(transaction, &text).await? {
                continue;
            }
            transaction.batch_execute("savepoint replacement").await.doing("setting a savepoint")?;
            let mut outcome = transaction.batch_execute(&text).await;
            // A view whose columns differ in more than their number, such as a collation, is made anew.
            if let Err(error) = &outcome
                && error.code() == Some(&SqlState::INVALID_TABLE_DEFINITION)
                && let Some(anew) = made_anew(one.text)
            {
                transaction.batch_execute("rollback to savepoint replacement").await.doing("rolling back")?;
                outcome = transaction.batch_execute(&anew).await;
            }
            outcome.map_err(|error| MigrateError::Statement(Box::new(failure_of(file, one, &error))))?;
        }
    }
    Ok(())
}

/// The statements that stand for one of a deploy script; `None`: what it makes is there already.
fn replacing(text: &str) -> Option<Vec<String>> {
    let words: Vec<&str> = text.split_whitespace().take(3).collect();
    match words.as_slice() {
        ["create", "function", ..] => Some(vec![text.replacen("create function", "create or replace function", 1)]),
        ["create", "view", ..] => Some(vec![text.replacen("create view", "create or replace view", 1)]),
        ["create", "trigger", ..] => Some(vec![text.replacen("create trigger", "create or replace trigger", 1)]),
        ["create", "policy", ..] => {
            let (name, relation) = policy(text)?;
            Some(vec![format!("drop policy if exists {name} on {relation}"), text.to_owned()])
        }
        // Indexes and tables are made where they are missing; see `should_run`.
        ["create", "index" | "unique" | "table" | "unlogged", ..] => Some(vec![text.to_owned()]),
        ["create", "extension" | "schema" | "domain" | "type", ..] | ["insert", ..] | ["with", ..] => None,
        _ => Some(vec![text.to_owned()]),
    }
}

/// The statement for a view that cannot be replaced. Views of other people on it make it fail.
fn made_anew(text: &str) -> Option<String> {
    let name = text.strip_prefix("create view ")?.split_whitespace().next()?;
    Some(format!("drop view {name}; {text}"))
}

/// Name and table of a policy's statement.
fn policy(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("create policy ")?;
    let end = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"')? + 2,
        None => rest.find(char::is_whitespace)?,
    };
    let relation = rest[end..].trim_start().strip_prefix("on ")?;
    Some((&rest[..end], relation.split_whitespace().next()?))
}

/// Whether the statement should run: tables and indexes only where they are missing.
async fn should_run(transaction: &Transaction<'_>, text: &str) -> Result<bool, MigrateError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let name = match words.as_slice() {
        ["create", "unlogged", "table", name, ..] | ["create", "table", name, ..] => (*name).to_owned(),
        ["create", "unique", "index", name, "on", table, ..] | ["create", "index", name, "on", table, ..] => {
            let schema = table.split('.').next().unwrap_or("public");
            format!("{schema}.{name}")
        }
        _ => return Ok(true),
    };
    let exists: bool = transaction
        .query_one("select to_regclass($1::text) is not null", &[&name])
        .await
        .doing("looking for a relation")?
        .get(0);
    Ok(!exists)
}

/// Records every change as deployed, for refinery, for our log and for Sqitch.
async fn record(transaction: &Transaction<'_>, plan: &Plan, duration_ms: i32) -> Result<(), MigrateError> {
    let now = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
    transaction
        .batch_execute(&format!(
            "create table {HISTORY_TABLE} (version int4 primary key, name varchar(255), applied_on varchar(255), \
             checksum varchar(255)); grant select on {HISTORY_TABLE} to authenticator"
        ))
        .await
        .doing("making the history")?;
    for change in &plan.changes {
        let migration = change.migration()?;
        transaction
            .execute(
                &format!(
                    "insert into {HISTORY_TABLE} (version, name, applied_on, checksum) \
                     values ($1::integer, $2::text, $3::text, $4::text)"
                ),
                &[&change.version, &migration.name(), &now, &migration.checksum().to_string()],
            )
            .await
            .doing("recording a change")?;
        transaction
            .batch_execute(&registry::log_statement("adopt", change, duration_ms, None))
            .await
            .doing("writing the log")?;
    }
    let note = format!("Taken over by civic-os {}", env!("CARGO_PKG_VERSION"));
    transaction.execute(NOTE_IN_REGISTRY, &[&note]).await.doing("writing to Sqitch's registry")?;
    transaction.batch_execute("notify pgrst, 'reload schema'").await.doing("notifying the API")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_replace_what_is_there() {
        let one = |text: &str| replacing(text).unwrap().join("; ");
        assert_eq!(one("create function f()"), "create or replace function f()");
        assert_eq!(
            one("create policy \"All can read\" on m.t\n  for select"),
            "drop policy if exists \"All can read\" on m.t; create policy \"All can read\" on m.t\n  for select"
        );
        assert_eq!(
            one("create policy p on m.t for all"),
            "drop policy if exists p on m.t; create policy p on m.t for all"
        );
        assert!(replacing("insert into m.t values (1)").is_none());
        assert_eq!(one("grant select on m.t to r"), "grant select on m.t to r");
    }
}
