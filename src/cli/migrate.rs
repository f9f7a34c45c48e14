//! `civic-os migrate`: the core schema's migrations.

use super::{Exit, SourceArgs};

/// Deploy and inspect the core schema's migrations
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, _sources: &SourceArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("migrations are not part of this build yet")
}
