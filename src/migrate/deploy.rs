//! `migrate deploy`: brings a database up to date, one transaction per change.
//!
//! Any number of processes may start this at once: one works, the others wait for the lock and find nothing to do.
//! Tests: `tests/it/migrate/`.

use super::error::{Doing, MigrateError};
use super::plan::Plan;
use super::progress::{Event, Progress};
use super::session::{Extra, HISTORY_TABLE, Session, millis};
use super::{prerequisites, registry, verify};
use crate::config::Secret;
use serde::Serialize;
use std::time::Instant;

/// How to deploy.
#[derive(Clone, Debug, Default)]
pub struct DeployOptions {
    /// Change or tag to stop at; default: everything.
    pub to: Option<String>,
    /// Run each change's verify script inside its transaction.
    pub verify: bool,
    /// Say what would be done and do nothing.
    pub dry_run: bool,
    /// Create the login `authenticator` if it is missing.
    pub create_login: bool,
}

/// What a deploy did.
#[derive(Debug, Default, Serialize)]
pub struct DeployReport {
    /// Changes deployed by this call, or those that would be with `dry_run`.
    pub deployed: Vec<DeployedChange>,
    /// Number of changes that were there before.
    pub already_deployed: usize,
    /// Whether nothing was changed on purpose.
    pub dry_run: bool,
    /// Things that went on with less than everything.
    pub notices: Vec<String>,
    /// Password of the login that was created. Print it once, never log it.
    #[serde(skip)]
    pub created_login_password: Option<Secret>,
}

/// One deployed change.
#[derive(Debug, Serialize)]
pub struct DeployedChange {
    /// Name.
    pub change: String,
    /// Milliseconds, its transaction's commit included.
    pub duration_ms: i32,
}

/// Deploys the core schema to the owner's database.
///
/// # Errors
/// Names the file, line and statement of a refused statement; the changes before it stay deployed.
pub async fn deploy(
    owner_url: &Secret,
    options: &DeployOptions,
    progress: &dyn Progress,
) -> Result<DeployReport, MigrateError> {
    let plan = Plan::embedded()?;
    let mut session = Session::connect(owner_url).await?;

    // An up-to-date database is told apart without the lock, so that replicas of a running system start at once.
    let state = registry::read(&session.client).await?;
    let deployed = state.deployed(&plan)?;
    let target = target(&plan, options, deployed)?;
    let mut report = DeployReport { already_deployed: deployed, dry_run: options.dry_run, ..DeployReport::default() };
    if deployed == target {
        return Ok(report);
    }
    if options.dry_run {
        report.deployed = plan.changes[deployed..target]
            .iter()
            .map(|change| DeployedChange { change: change.name.to_owned(), duration_ms: 0 })
            .collect();
        return Ok(report);
    }

    session.lock(progress).await?;
    let state = registry::read(&session.client).await?;
    let deployed = state.deployed(&plan)?;
    let target = self::target(&plan, options, deployed)?;
    report.already_deployed = deployed;
    if deployed == 0
        && let Some(last) = state.sqitch
    {
        return Err(MigrateError::NeedsAdoption { last });
    }
    report.created_login_password = prerequisites::check(&session, options.create_login).await?;
    registry::ensure(&session).await?;

    let migrations = plan.changes.iter().map(super::plan::Change::migration).collect::<Result<Vec<_>, _>>()?;
    let pending = &plan.changes[deployed..target];
    for (index, change) in pending.iter().enumerate() {
        progress.report(&Event::Started { name: change.name, number: index + 1, total: pending.len() });
        let started = Instant::now();
        let mut extras = Vec::new();
        if options.verify {
            extras.extend(verify::extras(change));
        }
        if change.version == 1 {
            let sql = format!("grant select on {HISTORY_TABLE} to authenticator");
            extras.push(Extra { file: "registry".into(), sql });
        }
        extras.push(Extra { file: "log".into(), sql: registry::log_statement("deploy", change, 0, None) });
        extras.push(Extra { file: "notification".into(), sql: "notify pgrst, 'reload schema'".into() });
        let file = format!("migrations/deploy/{}.sql", change.name);
        if let Err(error) = session.run_change(&migrations, change.version, file, extras).await {
            let detail = error.to_string();
            let entry = registry::log_statement("fail", change, millis(started.elapsed()), Some(&detail));
            if let Err(second) = session.client.batch_execute(&entry).await {
                tracing::debug!(error = %second, "the failure could not be logged in the database");
            }
            return Err(error);
        }
        let duration_ms = millis(started.elapsed());
        session
            .client
            .execute(
                "update civic_os_migrations.change_log set duration_ms = $1::integer where id = (select max(id) from civic_os_migrations.change_log)",
                &[&duration_ms],
            )
            .await
            .doing("recording the duration")?;
        progress.report(&Event::Finished { name: change.name, elapsed: started.elapsed(), rows: None });
        report.deployed.push(DeployedChange { change: change.name.to_owned(), duration_ms });
    }
    report.notices = notices(&session).await?;
    for message in &report.notices {
        progress.report(&Event::Notice { message });
    }
    Ok(report)
}

fn target(plan: &Plan, options: &DeployOptions, deployed: usize) -> Result<usize, MigrateError> {
    let Some(asked) = &options.to else { return Ok(plan.changes.len()) };
    let target = plan.resolve(asked, deployed)?;
    if target < deployed {
        return Err(MigrateError::WrongDirection { asked: asked.clone(), verb: "revert" });
    }
    Ok(target)
}

/// What the first change may have left out.
async fn notices(session: &Session) -> Result<Vec<String>, MigrateError> {
    let row = session
        .client
        .query_one(
            "select exists (select from pg_catalog.pg_extension where extname = 'postgis'), \
             exists (select from pg_catalog.pg_available_extensions where name = 'postgis')",
            &[],
        )
        .await
        .doing("looking for PostGIS")?;
    Ok(match (row.get(0), row.get(1)) {
        (true, _) => Vec::new(),
        (false, true) => vec![
            "PostGIS is available, but this login may not create it: location columns cannot be used until a superuser \
             runs `CREATE EXTENSION postgis WITH SCHEMA postgis;`"
                .to_owned(),
        ],
        (false, false) => {
            vec![
                "PostGIS is not installed on this server: deployed without it, location columns cannot be used"
                    .to_owned(),
            ]
        }
    })
}
