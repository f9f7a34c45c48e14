//! `civic-os health`: asks the running process on this machine whether it is well.

use super::{Exit, SourceArgs};

/// Ask the running process on this machine whether it is well
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, _sources: &SourceArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("health is not part of this build yet")
}
