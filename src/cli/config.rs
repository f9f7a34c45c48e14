//! `civic-os config`: what the configuration is and where each value comes from.

use super::{Exit, SourceArgs};
use crate::config::{Overrides, RoleSet};

/// Check or print the configuration
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Report errors, sources that disagree and the number of connections
    Check {
        /// Roles to check for
        #[arg(long, value_name = "ROLE[,ROLE]", default_value = "all")]
        role: RoleSet,
    },
    /// Print the effective configuration, secrets masked
    Print {
        /// Roles to print for
        #[arg(long, value_name = "ROLE[,ROLE]", default_value = "all")]
        role: RoleSet,
    },
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Check { role } => sources.load(*role, Overrides::default())?.require_complete()?,
        Verb::Print { role } => {
            print!("{}", toml::to_string_pretty(&sources.load(*role, Overrides::default())?.config)?);
        }
    }
    Ok(Exit::Done)
}
