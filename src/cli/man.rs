//! `civic-os man`: the manual page.

use super::{Cli, Exit};
use clap::CommandFactory;
use std::io::Write;

/// Print the manual page
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  civic-os man > /usr/local/share/man/man1/civic-os.1")]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> anyhow::Result<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(Exit::Done)
}
