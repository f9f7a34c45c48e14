//! `civic-os doctor`: checks configuration, machine, database and issuer the way the process will use them.
//!
//! It changes nothing: a file is created and removed in the data folder, ports are bound and released, the database is
//! only asked. One file per subject; a subject that grows brings its own check. Tests: `tests/it/config/doctor.rs`.

mod backups;
mod database;
mod files;
mod finding;
mod issuer;
mod machine;
mod mail;
mod payments;
mod safety;
mod token;

use super::{Exit, SourceArgs, block_on, http_probe};
use crate::config::{ConfigError, Loaded, Overrides, RoleSet};
use finding::Findings;
use std::path::PathBuf;
use std::time::Duration;

/// How long the database or the issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Find out why something does not work
///
/// Checks the configuration, the machine, the database and the issuer as the process would use them, and says what to
/// do about each problem. Changes nothing. Exit code 2 when a check failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os doctor
  civic-os doctor --role api --env-file .env
  civic-os doctor --token -                        paste a token that was refused, then Ctrl-D
  civic-os doctor --json | jq '.findings[] | select(.verdict != \"ok\")'")]
pub(crate) struct Args {
    /// Roles of the process that has the problem
    #[arg(long, value_name = "ROLE[,ROLE]", default_value = "all")]
    role: RoleSet,
    /// As `serve --postgrest` would run
    #[arg(long)]
    postgrest: bool,
    /// Also say what is wrong with the access token in this file; - reads standard input
    #[arg(long, value_name = "FILE")]
    token: Option<PathBuf>,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let mut overrides = Overrides::default();
    if args.postgrest {
        overrides.set("api.mode", "postgrest", "--postgrest");
    }
    let token = args.token.as_deref().map(token::read).transpose()?;
    let findings = examine(args.role, overrides, token, sources)?;
    if args.json {
        say!("{:#}", findings.to_json())
    } else {
        findings.print()
    }
    Ok(if findings.has_failures() { Exit::Failed } else { Exit::Done })
}

/// All findings for a process with these roles, as `doctor --json` prints them.
///
/// # Errors
/// The threads of the process could not be started.
pub(super) fn report(role: RoleSet, sources: &SourceArgs) -> anyhow::Result<serde_json::Value> {
    Ok(examine(role, Overrides::default(), None, sources)?.to_json())
}

fn examine(
    role: RoleSet,
    overrides: Overrides,
    token: Option<String>,
    sources: &SourceArgs,
) -> anyhow::Result<Findings> {
    let mut findings = Findings::default();
    if let Some(loaded) = configuration(sources.load(role, overrides), &mut findings) {
        machine::data_dir(&loaded, &mut findings);
        machine::listeners(&loaded, &mut findings);
        findings = block_on(Box::pin(async move {
            database::check(&loaded, &mut findings).await;
            safety::check(&loaded, &mut findings).await;
            let authenticator = issuer::check(&loaded.config, &mut findings).await;
            if let Some(token) = &token {
                token::check(&loaded.config, token, authenticator.as_ref(), &mut findings).await;
            }
            mail::check(&loaded.config, loaded.roles, &mut findings).await;
            payments::check(&loaded, &mut findings).await;
            files::check(&loaded.config, loaded.roles, &mut findings).await;
            backups::check(&loaded.config, loaded.roles, &mut findings);
            Ok(findings)
        }))?;
    }
    Ok(findings)
}

const CONFIGURATION: &str = "configuration";

/// What the configuration says about itself; `None` when it cannot be used at all.
fn configuration(loaded: Result<Loaded, ConfigError>, findings: &mut Findings) -> Option<Loaded> {
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            refused(&error, findings);
            return None;
        }
    };
    for warning in &loaded.warnings {
        findings.warn(CONFIGURATION, warning, "");
    }
    match loaded.require_complete() {
        Ok(()) => {
            let file = loaded.file.as_ref().map_or("variables and defaults".into(), |path| path.display().to_string());
            findings.ok(CONFIGURATION, format!("complete for role {} ({file})", loaded.roles));
        }
        Err(error) => refused(&error, findings),
    }
    Some(loaded)
}

fn refused(error: &ConfigError, findings: &mut Findings) {
    if error.problems().is_empty() {
        let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
        findings.fail(CONFIGURATION, format!("{error}{cause}"), "");
    }
    for problem in error.problems() {
        findings.fail(CONFIGURATION, problem.to_string(), "");
    }
}
