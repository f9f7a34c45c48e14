//! `civic-os doctor`: checks configuration, database, issuer and machine.

use super::{Exit, SourceArgs};

/// Find out why something does not work
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, _sources: &SourceArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("doctor is not part of this build yet")
}
