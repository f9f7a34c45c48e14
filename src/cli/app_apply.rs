//! `civic-os app apply`: the integrator's application on top of the core.

use super::migrate::{block_on, owner_url, print_json, progress};
use super::{Exit, SourceArgs};
use crate::migrate::{ApplyOptions, apply_application};
use std::path::PathBuf;

/// Load an application's SQL and CSV files into the database, once each
///
/// `*.sql` files and `NN_table.csv[.gz]` files (rows of public.table, first line = column names) in name order, one
/// transaction per file. A file that was applied is skipped the next time and must not be edited.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder with the files
    dir: PathBuf,
    /// Run everything in one transaction and roll it back
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let owner_url = owner_url(sources)?;
    block_on(async {
        let options = ApplyOptions { dry_run: args.dry_run };
        let report = apply_application(&owner_url, &args.dir, options, progress(args.json)).await?;
        if args.json {
            return print_json(&report);
        }
        let verb = if args.dry_run { "would be applied" } else { "applied" };
        say!("{} files {verb}, {} already in place.", report.applied.len(), report.skipped.len());
        Ok(Exit::Done)
    })
}
