//! `civic-os db`: looks into the database as the owner.

use super::migrate::{block_on, owner_url};
use super::{Exit, SourceArgs};
use crate::migrate;
use clap::Subcommand;

/// Look into the database
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print what the database offers to clients, operators and applications, as canonical JSON
    DumpInterface,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let owner_url = owner_url(sources)?;
    block_on(async {
        match args.verb {
            Verb::DumpInterface => {
                say!("{}", migrate::dump_interface(&owner_url).await?.to_json());
                Ok(Exit::Done)
            }
        }
    })
}
