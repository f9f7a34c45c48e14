//! `civic-os app apply`: the integrator's application on top of the core.

use super::{Exit, SourceArgs};

/// Load an application's SQL and CSV files into the database, once each
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, _sources: &SourceArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("applications are not part of this build yet")
}
