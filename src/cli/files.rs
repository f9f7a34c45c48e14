//! `civic-os files`: what lies in the store and belongs to nobody. See `docs/files.md`.

use super::{Exit, SourceArgs, block_on, start_logging};
use crate::app::files::{cleanup, painter, point_at_store};
use crate::config::{Overrides, Role, RoleSet};
use crate::db::{Db, DbOptions};
use crate::files::pictures::RENDITIONS;
use anyhow::Context;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Look after uploaded files
///
/// Works with the pool's login (database.url, or database.worker_url) and the store of `[storage]`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os files prune --dry-run     what would be deleted
  civic-os files prune               delete it now; the worker does so every night
  civic-os files preview photo.jpg   the thumbnails of a file on this machine, or why there are none")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Delete abandoned upload requests and objects that no file names, older than files.grace_hours
    Prune {
        /// Only say what would be deleted
        #[arg(long)]
        dry_run: bool,
        /// Print one JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Draw the thumbnails of a file on this machine as the worker would; needs no database
    Preview {
        /// Picture or document
        file: PathBuf,
        /// Where thumb-small.jpg, thumb-medium.jpg and thumb-large.jpg are written
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    match &args.verb {
        Verb::Prune { dry_run, json } => prune(*dry_run, *json, sources),
        Verb::Preview { file, out } => preview(file, out),
    }
}

fn preview(file: &Path, out: &Path) -> anyhow::Result<Exit> {
    let bytes = std::fs::read(file).with_context(|| format!("could not read {}", file.display()))?;
    let painter = painter()?;
    block_on(async move {
        let thumbnails = painter.thumbnails(bytes.into()).await?;
        for (rendition, bytes) in RENDITIONS.iter().zip(&thumbnails) {
            let path = out.join(format!("thumb-{}.jpg", rendition.name));
            std::fs::write(&path, bytes).with_context(|| format!("could not write {}", path.display()))?;
            say!("{} ({} bytes)", path.display(), bytes.len());
        }
        Ok(Exit::Done)
    })
}

fn prune(dry_run: bool, json: bool, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let loaded = sources.load(RoleSet::only(Role::Worker), Overrides::default())?;
    loaded.require_complete()?;
    start_logging(&loaded.config.log)?;
    let mut config = loaded.config;
    point_at_store(&mut config)?;
    block_on(async {
        let options = DbOptions {
            url: config.pool_url(RoleSet::only(Role::Worker)).clone(),
            pool_max: 1,
            acquisition_timeout: Duration::from_secs(5),
            application_name: "civic-os files".into(),
            ..DbOptions::default()
        };
        let report = cleanup(&config, Db::open(options)?)?.run(dry_run).await?;
        if json {
            say!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            let verb = if dry_run { "Would delete" } else { "Deleted" };
            say!("{verb} {} upload requests and {} objects ({} bytes).", report.requests, report.objects, report.bytes);
            for key in &report.keys {
                say!("  {key}");
            }
        }
        Ok(Exit::Done)
    })
}
