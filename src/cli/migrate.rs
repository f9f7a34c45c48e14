//! `civic-os migrate`: the core schema's migrations.

use super::{Exit, SourceArgs, start_logging};
use crate::config::{Config, Overrides, Role, RoleSet, Secret};
use crate::migrate::{self, DeployOptions, Event, MigrateError, Progress, RevertOptions, VerifyOptions};
use clap::Subcommand;
use serde::Serialize;
use std::io::IsTerminal as _;

/// Deploy and inspect the core schema's migrations
///
/// Works with the owner's login: database.owner_url, DATABASE_URL or PGRST_DB_URI.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os migrate deploy                       bring the database up to date
  civic-os migrate status --check               exit code 3 when changes are pending
  civic-os migrate deploy --to @v0.15.0 --verify")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Bring the database up to date, one transaction per change
    Deploy {
        /// Stop behind this change or tag
        #[arg(long, value_name = "CHANGE|TAG")]
        to: Option<String>,
        /// Run each change's verify script inside its transaction
        #[arg(long)]
        verify: bool,
        /// Say what would be done and do nothing
        #[arg(long)]
        dry_run: bool,
        /// Create the login `authenticator` with a random password if it is missing
        #[arg(long)]
        create_login: bool,
    },
    /// Show deployed and pending changes
    Status {
        /// End with exit code 3 when changes are pending
        #[arg(long)]
        check: bool,
    },
    /// Check that the database is what the deployed changes made; exit code 2 when it is not
    Verify {
        /// Compare the whole catalogue as well (also: CIVIC_OS_VERIFY_FULL=true)
        #[arg(long)]
        full: bool,
    },
    /// Take changes back, newest first; refuses when people's objects or rows would be lost
    Revert {
        /// The change or tag that stays: a name, @tag, @HEAD^, @ROOT
        #[arg(long, value_name = "CHANGE|TAG")]
        to: String,
        /// Do not ask
        #[arg(short = 'y', long)]
        yes: bool,
        /// Give up rows of core tables
        #[arg(long)]
        discard_data: bool,
        /// Try the way back and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Take over a database that Sqitch deployed at release 0.15.0; tables and rows stay as they are
    Adopt {
        /// Show what would be replaced and do nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Show what was deployed, reverted or failed, newest first
    Log,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let config = owner_config(sources)?;
    let (owner_url, settings) = (config.database.owner_url, config.migrate);
    block_on(async {
        match &args.verb {
            Verb::Deploy { to, verify, dry_run, create_login } => {
                let options = DeployOptions {
                    to: to.clone(),
                    verify: *verify || settings.verify,
                    dry_run: *dry_run,
                    create_login: *create_login,
                };
                deploy(&owner_url, &options, settings.verify_full && !dry_run, args.json).await
            }
            Verb::Status { check } => status(&owner_url, *check, args.json).await,
            Verb::Verify { full } => verify(&owner_url, *full || settings.verify_full, args.json).await,
            Verb::Revert { to, yes, discard_data, dry_run } => {
                let options = RevertOptions { to: to.clone(), discard_data: *discard_data, dry_run: *dry_run };
                revert(&owner_url, &options, *yes, args.json).await
            }
            Verb::Adopt { dry_run } => adopt(&owner_url, *dry_run, args.json).await,
            Verb::Log => log(&owner_url, args.json).await,
        }
    })
}

async fn deploy(owner_url: &Secret, options: &DeployOptions, full: bool, json: bool) -> anyhow::Result<Exit> {
    let report = migrate::deploy(owner_url, options, progress(json)).await?;
    if let Some(password) = report.created_login_password.as_ref().and_then(Secret::expose) {
        eprintln!("Created the login authenticator. Its password is shown only now: {password}");
    }
    if json {
        let mut document = serde_json::to_value(&report)?;
        let mut exit = Exit::Done;
        if full {
            let verification = migrate::verify(owner_url, VerifyOptions { full }).await?;
            exit = if verification.is_healthy() { Exit::Done } else { Exit::Failed };
            document["verification"] = serde_json::to_value(&verification)?;
        }
        print_json(&document)?;
        return Ok(exit);
    }
    match (report.deployed.len(), options.dry_run) {
        (0, _) => say!("Nothing to deploy: {} changes are in place.", report.already_deployed),
        (count, true) => {
            say!("{count} changes would be deployed:");
            for change in &report.deployed {
                say!("  {}", change.change);
            }
        }
        (count, false) => say!("Deployed {count} changes."),
    }
    if full { verify(owner_url, full, json).await } else { Ok(Exit::Done) }
}

async fn status(owner_url: &Secret, check: bool, json: bool) -> anyhow::Result<Exit> {
    let report = migrate::status(owner_url).await?;
    if json {
        print_json(&report)?;
    } else {
        for entry in &report.deployed {
            let at = entry.deployed_at.as_deref().unwrap_or_default();
            let tags: String = entry.tags.iter().map(|tag| format!(" @{tag}")).collect();
            say!("deployed  {}{tags}  {}", entry.change, at.get(..19).unwrap_or(at));
        }
        for entry in &report.pending {
            say!("pending   {}  {}", entry.change, entry.note);
        }
        for name in &report.unknown {
            say!("unknown   {name}  (of a later release)");
        }
        match (&report.sqitch, report.deployed.len(), report.pending.len()) {
            (Some(last), 0, _) => {
                say!("Deployed by Sqitch up to {last}: take it over with `civic-os migrate adopt`.")
            }
            (_, _, 0) => say!("Nothing to deploy (up-to-date)"),
            (_, _, pending) => say!("{pending} changes to deploy: run `civic-os migrate deploy`."),
        }
    }
    Ok(if check && !report.pending.is_empty() { Exit::Pending } else { Exit::Done })
}

async fn verify(owner_url: &Secret, full: bool, json: bool) -> anyhow::Result<Exit> {
    let report = migrate::verify(owner_url, VerifyOptions { full }).await?;
    let exit = if report.is_healthy() { Exit::Done } else { Exit::Failed };
    if json {
        print_json(&report)?;
        return Ok(exit);
    }
    for change in &report.changes {
        say!("{}  {}", if change.problems.is_empty() { "ok   " } else { "NOT OK" }, change.change);
        for line in change.problems.iter().flat_map(|problem| problem.lines()) {
            say!("         {line}");
        }
    }
    for notice in &report.notices {
        say!("note   {notice}");
    }
    if report.full {
        say!("Whole catalogue: {}", if report.drift.is_empty() { "as expected" } else { "differs" });
        for difference in &report.drift {
            say!("  {difference}");
        }
    }
    say!("{}", if report.is_healthy() { "Verified." } else { "The database is not what the migrations made." });
    Ok(exit)
}

async fn revert(owner_url: &Secret, options: &RevertOptions, yes: bool, json: bool) -> anyhow::Result<Exit> {
    let changes = migrate::revert_plan(owner_url, &options.to).await?;
    if changes.is_empty() {
        if json {
            return print_json(&migrate::RevertReport::default());
        }
        say!("Nothing to revert.");
        return Ok(Exit::Done);
    }
    if !yes && !options.dry_run && !confirmed(&changes)? {
        eprintln!("Nothing was reverted.");
        return Ok(Exit::Failed);
    }
    let report = migrate::revert(owner_url, options, progress(json)).await?;
    if json {
        return print_json(&report);
    }
    if report.dry_run {
        say!("{} changes would be reverted: {}", report.reverted.len(), report.reverted.join(", "));
    } else {
        say!("Reverted {} changes.", report.reverted.len());
    }
    Ok(Exit::Done)
}

/// Asks on the terminal. Unattended, silence is no consent.
fn confirmed(changes: &[String]) -> anyhow::Result<bool> {
    eprintln!("These changes will be reverted, newest first:");
    for change in changes {
        eprintln!("  {change}");
    }
    if !std::io::stdin().is_terminal() {
        eprintln!("There is nobody to ask: repeat with -y.");
        return Ok(false);
    }
    eprint!("Go on? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

async fn adopt(owner_url: &Secret, dry_run: bool, json: bool) -> anyhow::Result<Exit> {
    let report = migrate::adopt(owner_url, dry_run, progress(json)).await?;
    if json {
        return print_json(&report);
    }
    for change in &report.changed {
        say!("  {change}");
    }
    let verb = if report.dry_run { "would be" } else { "were" };
    say!(
        "{} facts {verb} brought to this release; {} changes {verb} recorded.",
        report.changed.len(),
        report.adopted.len()
    );
    Ok(Exit::Done)
}

async fn log(owner_url: &Secret, json: bool) -> anyhow::Result<Exit> {
    let entries = migrate::log(owner_url).await?;
    if json {
        return print_json(&entries);
    }
    for entry in &entries {
        say!(
            "{}  {:6}  {}  by {}, release {}, {} ms",
            entry.at,
            entry.event,
            entry.change,
            entry.by,
            entry.binary_version,
            entry.duration_ms
        );
        for line in entry.detail.iter().flat_map(|detail| detail.lines()) {
            say!("    {line}");
        }
    }
    Ok(Exit::Done)
}

/// The owner's URL as a process whose only role is `migrate` sees it.
pub(super) fn owner_url(sources: &SourceArgs) -> anyhow::Result<Secret> {
    Ok(owner_config(sources)?.database.owner_url)
}

/// The configuration of such a process.
fn owner_config(sources: &SourceArgs) -> anyhow::Result<Config> {
    let loaded = sources.load(RoleSet::only(Role::Migrate), Overrides::default())?;
    loaded.require_complete()?;
    start_logging(&loaded.config.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    Ok(loaded.config)
}

/// Runs an operation of the owner; Ctrl-C and SIGTERM end it, and the server undoes the transaction in progress.
pub(super) fn block_on(operation: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            outcome = operation => outcome,
            _ = tokio::signal::ctrl_c() => Err(MigrateError::Interrupted.into()),
            _ = terminate.recv() => Err(MigrateError::Interrupted.into()),
        }
    })
}

/// Lines on standard error, so that standard output stays the report.
struct Lines;

impl Progress for Lines {
    fn report(&self, event: &Event<'_>) {
        match event {
            Event::Started { .. } => {}
            Event::Finished { .. } => eprintln!("  + {event}"),
            Event::Waiting => eprintln!("  … {event}"),
            Event::Notice { .. } => eprintln!("  ! {event}"),
        }
    }
}

pub(super) fn progress(json: bool) -> &'static dyn Progress {
    if json { &migrate::Silent } else { &Lines }
}

pub(super) fn print_json(report: &impl Serialize) -> anyhow::Result<Exit> {
    say!("{}", serde_json::to_string_pretty(report)?);
    Ok(Exit::Done)
}
