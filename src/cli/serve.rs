//! `civic-os serve`: runs the modules of one or more roles until it is told to stop.

use super::{Exit, SourceArgs, block_on, start_logging};
use crate::activation::PassedSockets;
use crate::app;
use crate::config::{Overrides, RoleSet};
use std::sync::Arc;

/// Run the API, the web client and the workers on your database
///
/// Each role is a module of this one process; they share one connection pool. `api` answers browsers, `worker` and
/// `payments` run background jobs, `migrate` brings the database up to date and ends. Stop with SIGTERM or Ctrl-C:
/// running work is finished first; a second signal stops at once.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os serve                                    everything in one process
  civic-os serve --role api                         only the API and the web client
  civic-os serve --role worker,payments             only background jobs
  civic-os serve --env-file .env                    an existing compose deployment's variables
  PGRST_DB_URI=… civic-os serve --role api --postgrest    a drop-in PostgREST")]
pub(crate) struct Args {
    /// Roles of this process: api, worker, payments, migrate, or all for the four [default: all]
    #[arg(long, value_name = "ROLE[,ROLE]")]
    role: Vec<RoleSet>,
    /// Behave like PostgREST: its defaults, its port, REST at the root, no web client
    #[arg(long)]
    postgrest: bool,
}

impl Args {
    pub(crate) fn is_given(&self) -> bool {
        !self.role.is_empty() || self.postgrest
    }

    pub(crate) fn merged_with(&self, other: &Args) -> Args {
        Args { role: [&self.role[..], &other.role[..]].concat(), postgrest: self.postgrest || other.postgrest }
    }

    /// The roles asked for. A PostgREST has nothing but an API.
    pub(crate) fn roles(&self) -> RoleSet {
        let default = if self.postgrest { RoleSet::only(crate::config::Role::Api) } else { RoleSet::ALL };
        self.role.iter().copied().reduce(RoleSet::union).unwrap_or(default)
    }
}

pub(crate) fn run(args: &Args, sources: &SourceArgs, passed: PassedSockets) -> anyhow::Result<Exit> {
    let mut overrides = Overrides::default();
    if args.postgrest {
        overrides.set("api.mode", "postgrest", "--postgrest");
    }
    let roles = args.roles();
    let loaded = sources.load(roles, overrides.clone())?;
    loaded.require_complete()?;
    start_logging(&loaded.config.log)?;
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    // Before a database is started or migrated.
    app::check_tls(&loaded).map_err(app::AppError::Tls)?;
    let sources = sources.clone();
    let reread: app::ConfigReader = Arc::new(move || sources.load(roles, overrides.clone()).map(|it| it.config));
    block_on(Box::pin(async move {
        Box::pin(app::run(loaded.config, roles, reread, passed)).await?;
        Ok(Exit::Done)
    }))
}
