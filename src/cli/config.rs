//! `civic-os config`: what the configuration is and where each value comes from.

use super::{Exit, SourceArgs};
use crate::app;
use crate::config::{ConfigError, Loaded, Overrides, Problem, RoleSet};
use crate::telemetry;
use serde_json::json;

/// Check or print the configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Report errors, certificates that cannot be used, sources that disagree and the number of connections; exit code 1 if there are errors
    #[command(after_help = "\
Examples:
  civic-os config check
  civic-os config check --role api --replicas 3 --env-file .env
  civic-os config check --json | jq .errors")]
    Check {
        #[command(flatten)]
        scope: Scope,
        /// How many such processes will run: for the number of connections
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        replicas: u32,
    },
    /// Print every key with its effective value and its source; secrets are masked
    #[command(after_help = "\
Examples:
  civic-os config print
  civic-os config print --json | jq '.\"web.listen\"'")]
    Print {
        #[command(flatten)]
        scope: Scope,
    },
}

#[derive(Debug, clap::Args)]
struct Scope {
    /// Roles of the process: some variables mean different keys for different roles
    #[arg(long, value_name = "ROLE[,ROLE]", default_value = "all")]
    role: RoleSet,
    /// As `serve --postgrest` would see it
    #[arg(long)]
    postgrest: bool,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

impl Scope {
    fn load(&self, sources: &SourceArgs) -> Result<Loaded, ConfigError> {
        let mut overrides = Overrides::default();
        if self.postgrest {
            overrides.set("api.mode", "postgrest", "--postgrest");
        }
        sources.load(self.role, overrides)
    }
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Check { scope, replicas } => Ok(check(scope, sources, *replicas)),
        Verb::Print { scope } => {
            let loaded = scope.load(sources)?;
            if scope.json {
                say!("{:#}", loaded.to_json());
            } else {
                say!("# Effective configuration of role {}; secrets are masked", loaded.roles);
                say!("{}", loaded.to_toml().trim_end());
            }
            Ok(Exit::Done)
        }
    }
}

/// What `check` found.
struct Report {
    loaded: Option<Loaded>,
    errors: Vec<(String, Option<String>, String)>,
}

fn check(scope: &Scope, sources: &SourceArgs, replicas: u32) -> Exit {
    let mut report = Report { loaded: None, errors: Vec::new() };
    match scope.load(sources) {
        Ok(loaded) => {
            report.add(loaded.require_complete().err());
            if let Err(error) = telemetry::parse_filter(&loaded.config.log.level) {
                let source = loaded.source_of("log.level").to_string();
                let message = error.to_string().trim_start_matches("log.level ").to_owned();
                report.errors.push(("log.level".into(), Some(source), message));
            }
            if let Err(problem) = app::check_tls(&loaded) {
                report.add_problem(&problem);
            }
            report.loaded = Some(loaded);
        }
        Err(error) => report.add(Some(error)),
    }
    if scope.json {
        report.print_json(replicas)
    } else {
        report.print(replicas)
    }
    if report.errors.is_empty() { Exit::Done } else { Exit::Usage }
}

impl Report {
    fn add(&mut self, error: Option<ConfigError>) {
        let Some(error) = error else { return };
        if error.problems().is_empty() {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            self.errors.push(("file:".into(), None, format!("{error}{cause}")));
        }
        for problem in error.problems() {
            self.add_problem(problem);
        }
    }

    fn add_problem(&mut self, problem: &Problem) {
        let source = problem.source.as_ref().map(ToString::to_string);
        self.errors.push((problem.key.clone(), source, problem.message.clone()));
    }

    fn print(&self, replicas: u32) {
        if let Some(loaded) = &self.loaded {
            say!("roles          {}", loaded.roles);
            match &loaded.file {
                Some(path) => say!("file           {}", path.display()),
                None => say!("file           none: defaults, variables and flags only"),
            }
            let (pool, listener) = connections(loaded);
            say!("connections    {pool} in the pool + {listener} listening = {} per process", pool + listener);
            if replicas > 1 {
                say!("               {} with {replicas} processes", (pool + listener) * replicas);
            }
            let reading = loaded.config.pool_read(loaded.roles);
            if reading > 0 {
                say!("               {} to the standby of database.read_url", reading * replicas);
            }
            for warning in &loaded.warnings {
                say!("warning        {warning}");
            }
        }
        for (key, source, message) in &self.errors {
            let source = source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
            say!("error          {key}{source} {message}");
        }
        say!("{}", if self.errors.is_empty() { "ok" } else { "not usable: correct the errors above" });
    }

    fn print_json(&self, replicas: u32) {
        let errors: Vec<_> = self
            .errors
            .iter()
            .map(|(key, source, message)| json!({ "key": key, "source": source, "message": message }))
            .collect();
        let mut document = json!({ "ok": errors.is_empty(), "errors": errors });
        if let Some(loaded) = &self.loaded {
            let (pool, listener) = connections(loaded);
            let disagreements: Vec<_> = loaded
                .disagreements
                .iter()
                .map(|one| {
                    let ignored: Vec<_> = one.ignored.iter().map(ToString::to_string).collect();
                    json!({ "key": one.key, "used": one.used.to_string(), "ignored": ignored })
                })
                .collect();
            document["roles"] = json!(loaded.roles.to_string());
            document["file"] = json!(loaded.file);
            document["warnings"] = json!(loaded.warnings);
            document["disagreements"] = json!(disagreements);
            document["connections"] = json!({
                "pool": pool, "listener": listener, "replicas": replicas, "sum": (pool + listener) * replicas,
                "standby": loaded.config.pool_read(loaded.roles) * replicas,
            });
        }
        say!("{document:#}");
    }
}

/// Connections of one process: the pool's maximum, and the one that listens. Migrating needs one at a time, before the
/// pool is filled.
fn connections(loaded: &Loaded) -> (u32, u32) {
    if loaded.roles.is_only(crate::config::Role::Migrate) {
        return (1, 0);
    }
    (loaded.config.pool_max(loaded.roles), 1)
}
