//! `civic-os demo`: everything embedded, nothing to configure.

use super::{Exit, SourceArgs};

/// Show a complete application with a database of its own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args, _sources: &SourceArgs) -> anyhow::Result<Exit> {
    anyhow::bail!("the demo is not part of this build yet")
}
