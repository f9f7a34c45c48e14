//! The command line: the verbs of `civic-os`, one file per verb.
//!
//! This module parses arguments, picks the exit code and nothing else. No runtime, no file and no variable is touched
//! before the arguments are known, so that `--help` answers at once. Tests: the foot of this file and
//! `tests/it/config/command_line.rs`.

/// `println!` for output that may be piped: a reader who has seen enough (`| head`) is no failure.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::print(format_args!($($text)*)) };
}

mod app_apply;
mod backup;
mod completions;
mod config;
mod db;
mod demo;
mod doctor;
mod files;
mod health;
mod http_probe;
mod jobs;
mod man;
mod migrate;
mod payments;
mod serve;
mod sources;
mod support;
mod users;

pub use sources::SourceArgs;
pub(crate) use sources::start_logging;

use crate::activation::{ActivationError, PassedSockets};
use crate::config::{ConfigError, Role};
use crate::db::DbError;
use crate::telemetry::TelemetryError;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

const OVERVIEW: &str = "\
Civic OS turns a PostgreSQL schema into a civic application: REST API, web client, background jobs and migrations in \
one binary.

Start here:
  civic-os demo          a town with a database of its own, nothing to configure
  civic-os serve         all roles on your database
  civic-os config check  is everything set that must be set?
  civic-os doctor        why does it not work?";

/// The end of `--help`, and sections of the manual page. `\x20` because a line that continues loses its first spaces.
const AFTERWORDS: [(&str, &str); 3] = [
    (
        "Examples",
        "\x20 civic-os demo --listen 127.0.0.1:8080
  civic-os --role api          short for `civic-os serve --role api`
  civic-os serve --role worker,payments --config my.toml
  civic-os migrate deploy --env-file .env
  civic-os app apply ./my-town --dry-run",
    ),
    (
        "Configuration, the stronger below the weaker",
        "\x20 defaults
  civic-os.toml
  variables of existing deployments: PGRST_DB_URI, DATABASE_URL, KEYCLOAK_URL, …
  CIVIC_OS_SECTION__KEY, such as CIVIC_OS_DATABASE__URL
  flags
`civic-os config print` shows every value and where it comes from.",
    ),
    (
        "Exit codes",
        "\x20 0  done
  1  usage or configuration is wrong; the message names key and source
  2  the operation failed
  3  `migrate status --check`: changes are pending",
    ),
];

/// A process that migrates at the start uses one login after the other.
const BOTH_LOGINS: &str = "database.owner_url or database.url";

fn after_help() -> String {
    AFTERWORDS.map(|(title, text)| format!("{title}:\n{text}")).join("\n\n")
}

/// Definition of the command line.
#[derive(Debug, Parser)]
#[command(
    name = "civic-os",
    version,
    about = "Civic applications from a PostgreSQL schema",
    long_about = OVERVIEW,
    after_help = after_help(),
    max_term_width = 120,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(flatten)]
    sources: SourceArgs,
    /// Without a verb: what `serve` would take.
    #[command(flatten)]
    serve: serve::Args,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Args),
    Demo(demo::Args),
    Migrate(migrate::Args),
    App(AppArgs),
    Backup(backup::Args),
    Config(config::Args),
    Db(db::Args),
    Doctor(doctor::Args),
    Health(health::Args),
    Files(files::Args),
    Jobs(jobs::Args),
    Users(users::Args),
    Payments(payments::Args),
    Support(support::Args),
    /// Draws a document given on standard input: for the worker, which starts it
    #[command(hide = true)]
    DrawPage,
    Completions(completions::Args),
    Man(man::Args),
}

/// The integrator's application: SQL and CSV files on top of the core.
#[derive(Debug, clap::Args)]
struct AppArgs {
    #[command(subcommand)]
    verb: AppVerb,
}

#[derive(Debug, Subcommand)]
enum AppVerb {
    Apply(app_apply::Args),
}

/// How a verb ended when it could do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Usage or configuration is wrong.
    Usage,
    /// The operation, or a check that was asked for, failed.
    Failed,
    /// `migrate status --check`: changes are pending.
    Pending,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Usage => 1,
            Exit::Failed => 2,
            Exit::Pending => 3,
        })
    }
}

/// Entry point of the binary: parses the arguments, runs the verb, prints its failure, answers with the exit code.
pub fn main() -> ExitCode {
    crate::memory::give_back_large_buffers();
    let passed = PassedSockets::take_over();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Printing fails only when nobody listens any more.
            let _ = error.print();
            let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked_for { Exit::Done } else { Exit::Usage }.into();
        }
    };
    match dispatch(&cli, passed) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("civic-os: {}", explained(&error));
            if let Some(remedy) = remedy(&error, cli.login()) {
                eprintln!("  {remedy}");
            }
            let settings = error.is::<ConfigError>() || error.is::<TelemetryError>() || error.is::<ActivationError>();
            if settings { Exit::Usage } else { Exit::Failed }.into()
        }
    }
}

/// The message and those causes that it does not tell itself.
fn explained(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// What to do about a database that cannot be used with the login of this key.
fn remedy(error: &anyhow::Error, key: &str) -> Option<String> {
    let database = |cause: &(dyn std::error::Error + 'static)| {
        let boxed = || cause.downcast_ref::<Box<DbError>>().map(|error| &**error);
        cause.downcast_ref::<DbError>().or_else(boxed).cloned()
    };
    error.chain().find_map(database)?.remedy(key)
}

impl Cli {
    /// Where the login of the verb is configured.
    fn login(&self) -> &'static str {
        let migrates = |args: &serve::Args| args.roles().contains(Role::Migrate);
        match &self.verb {
            Some(Verb::Migrate(_) | Verb::App(_) | Verb::Backup(_) | Verb::Db(_)) => "database.owner_url",
            Some(Verb::Serve(args)) if migrates(&self.serve.merged_with(args)) => BOTH_LOGINS,
            None if migrates(&self.serve) => BOTH_LOGINS,
            _ => "database.url",
        }
    }
}

/// Only `serve` has a use for the service manager's sockets, and only there they can be wrong.
fn dispatch(cli: &Cli, passed: Result<PassedSockets, ActivationError>) -> anyhow::Result<Exit> {
    let sources = &cli.sources;
    if let Some(verb) = &cli.verb
        && !matches!(verb, Verb::Serve(_))
        && cli.serve.is_given()
    {
        eprintln!("civic-os: --role and --postgrest belong to `serve`; leave them out or leave out the verb");
        return Ok(Exit::Usage);
    }
    match &cli.verb {
        None if cli.serve.is_given() => serve::run(&cli.serve, sources, passed?),
        None => {
            eprintln!("{}", Cli::command().render_help().ansi());
            Ok(Exit::Usage)
        }
        Some(Verb::Serve(args)) => serve::run(&cli.serve.merged_with(args), sources, passed?),
        Some(Verb::Demo(args)) => demo::run(args, sources),
        Some(Verb::Migrate(args)) => migrate::run(args, sources),
        Some(Verb::App(AppArgs { verb: AppVerb::Apply(args) })) => app_apply::run(args, sources),
        Some(Verb::Backup(args)) => backup::run(args, sources),
        Some(Verb::Config(args)) => config::run(args, sources),
        Some(Verb::Db(args)) => db::run(args, sources),
        Some(Verb::Doctor(args)) => doctor::run(args, sources),
        Some(Verb::Health(args)) => health::run(args, sources),
        Some(Verb::Files(args)) => files::run(args, sources),
        Some(Verb::Jobs(args)) => jobs::run(args, sources),
        Some(Verb::Users(args)) => users::run(args, sources),
        Some(Verb::Payments(args)) => payments::run(args, sources),
        Some(Verb::Support(args)) => support::run(args, sources),
        Some(Verb::DrawPage) => Ok(if crate::files::pictures::draw_page() == 0 { Exit::Done } else { Exit::Failed }),
        Some(Verb::Completions(args)) => completions::run(args),
        Some(Verb::Man(args)) => man::run(args),
    }
}

/// What [`say!`] stands for.
fn print(text: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let mut output = std::io::stdout().lock();
    let _ = output.write_fmt(text).and_then(|()| output.write_all(b"\n"));
}

/// Runs a verb that waits for sockets. Only such verbs pay for threads.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    runtime()?.block_on(future)
}

/// The threads of the process.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    use anyhow::Context;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("civic-os")
        .build()
        .context("could not start the threads of the process")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_role_without_a_verb_is_serve() {
        let cli = Cli::try_parse_from(["civic-os", "--role", "api", "--role", "worker,payments"]).unwrap();
        assert!(cli.verb.is_none());
        assert_eq!(cli.serve.roles().to_string(), "api,worker,payments");
        let cli = Cli::try_parse_from(["civic-os", "serve", "--role=migrate"]).unwrap();
        let Some(Verb::Serve(args)) = cli.verb else { panic!("serve expected") };
        assert_eq!(args.roles().to_string(), "migrate");
        let cli = Cli::try_parse_from(["civic-os", "serve"]).unwrap();
        let Some(Verb::Serve(args)) = cli.verb else { panic!("serve expected") };
        assert!(args.roles().is_all());
    }

    #[test]
    fn examples_and_afterwords_stay_as_they_were_written() {
        fn visit(command: &clap::Command, path: &str) {
            let help = command.clone().render_long_help().to_string();
            let written = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in written.lines() {
                assert!(help.lines().any(|shown| shown == line), "{path}: wrapped or moved: {line}");
            }
            command.get_subcommands().for_each(|verb| visit(verb, &format!("{path} {}", verb.get_name())));
        }
        let mut command = Cli::command();
        command.build();
        visit(&command, "civic-os");
        let text = after_help();
        let inner = |line: &&str| !line.is_empty() && !line.ends_with(':') && !line.starts_with('`');
        assert!(text.lines().filter(inner).all(|line| line.starts_with("  ")), "{text}");
    }

    #[test]
    fn every_verb_explains_itself() {
        fn visit(command: &clap::Command, path: &str) {
            for verb in command.get_subcommands() {
                let path = format!("{path} {}", verb.get_name());
                assert!(verb.get_about().is_some(), "{path} has no description");
                for argument in verb.get_arguments() {
                    assert!(argument.get_help().is_some(), "{path}: {} has no description", argument.get_id());
                }
                visit(verb, &path);
            }
        }
        let mut command = Cli::command();
        command.build();
        visit(&command, "civic-os");
    }
}
