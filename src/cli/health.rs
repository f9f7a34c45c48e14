//! `civic-os health`: asks the running process on this machine whether it is well; the check of containers and scripts.

use super::{Exit, SourceArgs, http_probe};
use crate::config::{Config, Overrides, RoleSet};

/// Ask the running process on this machine whether it is well
///
/// Asks the admin listener, or the web, webhook or API listener where the admin listener is off, and answers within a
/// second. "Live" means that the process works, even while its database is away; `--ready` also wants the database.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os health                                   exit code 0 or 2
  civic-os health --ready || echo 'do not send requests yet'
  HEALTHCHECK CMD [\"civic-os\", \"health\"]")]
pub(crate) struct Args {
    /// Roles of the running process, if it is not all of them
    #[arg(long, value_name = "ROLE[,ROLE]", default_value = "all")]
    role: RoleSet,
    /// Ask for readiness instead of life; needs the admin listener
    #[arg(long)]
    ready: bool,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let config = sources.load(args.role, Overrides::default())?.config;
    let Some((listen, path)) = target(&config, args) else {
        eprintln!("civic-os: there is no listener to ask; set admin.listen");
        return Ok(Exit::Usage);
    };
    match http_probe::get(&listen, path) {
        Ok(answer) if answer.status < 400 => {
            say!("{}", if args.ready { "ready" } else { "healthy" });
            Ok(Exit::Done)
        }
        Ok(answer) => {
            let said = answer.body.lines().next().unwrap_or_default().trim();
            eprintln!("http://{listen}{path} answers {} {said}", answer.status);
            Ok(Exit::Failed)
        }
        Err(error) => {
            eprintln!("http://{listen}{path} does not answer: {error}");
            Ok(Exit::Failed)
        }
    }
}

fn target(config: &Config, args: &Args) -> Option<(String, &'static str)> {
    let some = |listen: &str, path| (!listen.is_empty()).then(|| (listen.to_owned(), path));
    let admin = some(&config.admin.listen, if args.ready { "/ready" } else { "/live" });
    if args.ready {
        return admin;
    }
    admin
        .or_else(|| some(&config.web.listen, "/health"))
        .or_else(|| config.payments_listen(args.role).map(|listen| (listen, "/health")))
        .or_else(|| config.api.listen.clone().map(|listen| (listen, "/")))
}
