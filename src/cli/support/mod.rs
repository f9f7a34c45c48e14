//! `civic-os support bundle`: what somebody needs who helps from afar, in one archive without secrets.
//!
//! Every part is made by itself: one that fails is replaced by its error, because bundles are made when things fail. Each
//! text goes through [`scrub::Scrubber`] on its way into the archive. Tests: `tests/it/serve/support_bundle.rs`.

mod collect;
mod log;
mod scrub;

use super::{Exit, SourceArgs, block_on, doctor};
use crate::config::{Overrides, RoleSet};
use anyhow::Context as _;
use clap::Subcommand;
use flate2::Compression;
use flate2::write::GzEncoder;
use scrub::Scrubber;
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use time::macros::format_description;

/// Get help from others
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write what others need to find out what is wrong into one archive
    ///
    /// Configuration with secrets masked, versions, what differs from the expected schema, state of queue and pool, recent
    /// errors. No arguments of jobs, no rows of yours, no addresses of people. Look at it before you pass it on: it is
    /// plain text.
    #[command(after_help = "\
Examples:
  civic-os support bundle
  civic-os support bundle --role api --output /tmp/bundle.tar.gz
  civic-os support bundle --log /var/log/civic-os.log
  tar -xzOf civic-os-support-*.tar.gz --wildcards '*/doctor.json'")]
    Bundle {
        /// Roles of the process that has the problem
        #[arg(long, value_name = "ROLE[,ROLE]", default_value = "all")]
        role: RoleSet,
        /// The archive [default: civic-os-support-<time>.tar.gz in this folder]
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Take errors from this log instead of the journal's units civic-os*
        #[arg(long, value_name = "FILE")]
        log: Option<PathBuf>,
    },
}

/// A file of the bundle.
struct Part {
    name: &'static str,
    text: String,
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let Verb::Bundle { role, output, log } = &args.verb;
    let now = OffsetDateTime::now_utc();
    let stamp = now.format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap_or_default();
    let name = format!("civic-os-support-{stamp}");
    let path = output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.tar.gz")));

    let loaded = sources.load(*role, Overrides::default());
    let scrubber = Scrubber::new(loaded.as_ref().ok().map(|loaded| &loaded.config));
    let mut parts = vec![collect::about(*role, now), log::errors(log.as_deref())];
    match &loaded {
        Ok(loaded) => {
            parts.push(collect::json("configuration.json", &loaded.to_json()));
            parts.extend(collect::process(&loaded.config));
            parts.push(collect::json("doctor.json", &doctor::report(*role, sources)?));
            parts.extend(block_on(async { Ok(collect::database(loaded).await) })?);
        }
        Err(error) => {
            let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            parts.push(Part { name: "configuration.txt", text: format!("{error}{cause}\n") });
        }
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    write(&path, &name, &parts, &scrubber, now).with_context(|| format!("cannot write {}", path.display()))?;
    say!("{}: {}", path.display(), names.join(", "));
    say!("Secrets are masked; look at it before you pass it on.");
    Ok(Exit::Done)
}

/// The archive: its folder, then the parts in their order. Only its owner may read it.
fn write(path: &Path, folder: &str, parts: &[Part], scrubber: &Scrubber, now: OffsetDateTime) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    for part in parts {
        let text = scrubber.scrub(&part.text);
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now.unix_timestamp()).unwrap_or_default());
        archive.append_data(&mut header, format!("{folder}/{}", part.name), text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.sync_all()
}
