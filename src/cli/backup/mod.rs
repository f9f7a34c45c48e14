//! `civic-os backup`: makes, checks, restores and removes backups; see `docs/operations.md`.

mod daily;

use super::migrate::print_json;
use super::{Exit, SourceArgs, runtime, start_logging};
use crate::app::files::backed_up;
use crate::backup::{
    self, BackupError, Backups, Brought, CreateOptions, Daily, Fetched, Files, FilesFrom, Manifest, PruneReport,
    Remote, RemoteOptions, RestoreOptions, Source, VerifyOptions,
};
use crate::config::{Config, Overrides, Role, RoleSet, Secret};
use crate::db::ConnectionString;
use clap::Subcommand;
use std::path::PathBuf;
use time::{OffsetDateTime, Time};

/// Back up the database and the uploaded files, check backups, restore them
///
/// Works with the owner's login (database.owner_url) and PostgreSQL's own pg_dump and pg_restore, which must be on this
/// machine. Backups lie in backup.dir, or in the bucket backup.s3_bucket.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os backup create                         one now; those older than backup.keep_days go
  civic-os backup list
  civic-os backup verify                         restores the newest into a scratch database
  civic-os backup restore latest --database town_restored     a copy beside the town, without files
  civic-os backup restore latest --database town_new --files  what is to be served from now on
  civic-os backup restore dump.sql.gz            a dump of an earlier installation (pg_dump | gzip)
  civic-os backup prune --dry-run")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a backup, then remove those older than backup.keep_days
    Create {
        /// Stay, and make one every day at this time (UTC); at once where the last one is missing
        #[arg(long, value_name = "HH:MM", value_parser = daily::time_of_day)]
        daily_at: Option<Time>,
        /// Remove nothing
        #[arg(long)]
        no_prune: bool,
        /// Leave the uploaded files out
        #[arg(long)]
        no_files: bool,
    },
    /// List the backups, newest first
    List,
    /// Check the files and restore them into a scratch database, which is dropped again
    Verify {
        /// Name of the backup
        #[arg(default_value = "latest")]
        name: String,
        /// File with the age key of an encrypted backup; without it only the checksums are compared
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    /// Restore into an empty database
    ///
    /// The uploaded files go into a store that holds none yet, and into one in use only where the database is the one that
    /// this installation serves, or by --files. Objects that a bucket has already are compared and never replaced; where
    /// one differs, it is named and the exit code is 2.
    Restore {
        /// Name of a backup, `latest`, or a file of pg_dump (.sql or .sql.gz)
        source: String,
        /// Target on the same server; made when it does not exist [default: the database of database.owner_url]
        #[arg(long, value_name = "NAME")]
        database: Option<String>,
        /// File with the age key of an encrypted backup
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        /// Put the uploaded files into a bucket in use too, when the database is another than the one that is served
        #[arg(long, conflicts_with = "no_files")]
        files: bool,
        /// Leave the uploaded files out
        #[arg(long)]
        no_files: bool,
        /// The database is restored already: put only the uploaded files back
        #[arg(long, conflicts_with = "no_files")]
        only_files: bool,
    },
    /// Remove backups older than backup.keep_days; the newest always stays
    Prune {
        /// Another number of days
        #[arg(long, value_name = "DAYS")]
        keep_days: Option<u32>,
        /// Say what would be removed and do nothing
        #[arg(long)]
        dry_run: bool,
    },
}

fn configuration(sources: &SourceArgs) -> anyhow::Result<Config> {
    let loaded = sources.load(RoleSet::only(Role::Migrate), Overrides::default())?;
    loaded.require_complete()?;
    start_logging(&loaded.config.log)?;
    Ok(loaded.config)
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let config = configuration(sources)?;
    let folder = config.backup_dir();
    let remote = remote(&config).map(|options| Remote::new(&options)).transpose()?;
    match &args.verb {
        Verb::Create { daily_at, no_prune, no_files } => {
            let options = CreateOptions {
                owner_url: config.database.owner_url.clone(),
                folder: folder.clone(),
                files: if *no_files || !config.backup.files { Files::LeftOut } else { backed_up(&config) },
                age_recipients: config.backup.age_recipients.clone(),
            };
            let keep_days = (!*no_prune).then_some(config.backup.keep_days);
            let backups =
                Backups::new(&options, remote.as_ref(), keep_days).telling(config.backup.newest_file.as_deref());
            let make = async || {
                let Brought { manifest, pruned, began } = backups.make().await?;
                if args.json {
                    print_json(&serde_json::json!({ "backup": manifest, "pruned": pruned }))?;
                } else {
                    tell_created(&config, &manifest, pruned.as_ref());
                }
                Ok::<_, anyhow::Error>(began)
            };
            if let Some(at) = *daily_at {
                let daily = Daily { at, again: Daily::AGAIN };
                return daily::run(daily.run(|| backup::newest(&folder, remote.is_some()), make));
            }
            interruptible(make())?;
        }
        Verb::List => {
            let listed = match &remote {
                Some(remote) => interruptible(remote.list())?,
                None => backup::list(&folder)?,
            };
            if args.json {
                return print_json(&listed);
            }
            if listed.is_empty() {
                let place = remote.as_ref().map_or(folder, Remote::place);
                say!("{} holds no backup yet; `civic-os backup create` makes one.", place.display());
            }
            for one in listed {
                let files = one.stored_files.map_or_else(String::new, |files| format!(", {files} files"));
                let sealed = if one.encrypted { ", encrypted" } else { "" };
                say!("{}  {:>10}  {} rows of {}{files}{sealed}", one.name, size(one.bytes), one.rows, one.database);
            }
        }
        Verb::Verify { name, identity } => {
            let report = interruptible(async {
                let (fetched, folder, name) = fetch(remote.as_ref(), folder, name).await?;
                let owner_url = config.database.owner_url.clone();
                let options = VerifyOptions { owner_url, folder, name, identity: identity.clone() };
                let report = backup::verify(&options).await;
                drop(fetched);
                report
            })?;
            if args.json {
                return print_json(&report);
            }
            if report.restored {
                say!(
                    "{} is good: {} tables with {} rows restored and compared",
                    report.name,
                    report.tables,
                    report.rows
                );
            } else {
                say!("{}: the checksums are right; it is encrypted, --identity FILE proves the rest", report.name);
            }
        }
        Verb::Restore { source, database, identity, files, no_files, only_files } => {
            let path = PathBuf::from(source);
            let plain = source.ends_with(".sql.gz") || source.ends_with(".sql");
            anyhow::ensure!(!(plain && *only_files), "a dump of pg_dump has no uploaded files");
            let report = interruptible(async {
                let remote = remote.as_ref().filter(|_| !plain);
                let (fetched, folder, name) = fetch(remote, folder, source).await?;
                let options = RestoreOptions {
                    owner_url: config.database.owner_url.clone(),
                    folder,
                    source: if plain { Source::PlainDump(path) } else { Source::Backup(name) },
                    database: database.clone(),
                    files: if *no_files || plain { Files::LeftOut } else { backed_up(&config) },
                    into_used_store: *files || serves(&config, database.as_deref()),
                    only_files: *only_files,
                    identity: identity.clone(),
                };
                let report = backup::restore(&options).await;
                drop(fetched);
                report
            })?;
            let exit = if report.different_files > 0 { Exit::Failed } else { Exit::Done };
            if args.json {
                return print_json(&report).map(|_| exit);
            }
            if !only_files {
                say!("{} restored into {}: {} rows", report.source, report.database, report.rows);
            }
            if let Some(files) = report.files {
                let (present, bytes) = (report.present_files, size(report.file_bytes));
                say!("{files} uploaded files and previews, {bytes}; {present} of them were there already");
            }
            if report.left_out_files > 0 {
                let (files, database, source) = (report.left_out_files, &report.database, &report.source);
                say!(
                    "{files} uploaded files and previews were left out: the store is in use, and {database} is not the database that is served here"
                );
                say!(
                    "--files puts them there too; now: civic-os backup restore {source} --database {database} --only-files"
                );
            }
            if report.different_files > 0 {
                say!(
                    "{} objects of the bucket differ from the backup and stay as they are; the log names them. To have the backup's: delete them, then --only-files",
                    report.different_files
                );
            }
            if report.moved_rows > 0 {
                say!("{} rows name the bucket now that their files were restored into", report.moved_rows);
            }
            if !report.created_roles.is_empty() {
                let names = report.created_roles.join(", ");
                say!("Roles made: {names}. Logins among them need a password: alter role … password '…'");
            }
            return Ok(exit);
        }
        Verb::Prune { keep_days, dry_run } => {
            let days = keep_days.unwrap_or(config.backup.keep_days);
            let now = OffsetDateTime::now_utc();
            let report = match &remote {
                Some(remote) => interruptible(remote.prune(days, *dry_run, now))?,
                None => backup::prune(&folder, days, *dry_run, now)?,
            };
            if args.json {
                return print_json(&report);
            }
            let verb = if report.dry_run { "would be removed" } else { "removed" };
            for name in &report.removed {
                say!("{name} {verb}");
            }
            say!("{} stay", report.kept);
        }
    }
    Ok(Exit::Done)
}

fn tell_created(config: &Config, manifest: &Manifest, pruned: Option<&PruneReport>) {
    let tables = manifest.tables.len();
    say!("{}: {tables} tables, {} rows, {}", manifest.name, manifest.rows(), size(manifest.bytes()));
    if let Some(files) = manifest.stored_files {
        say!("{files} uploaded files and previews, {}", size(manifest.stored_bytes));
    } else if manifest.files_from == FilesFrom::LeftOut {
        say!("The uploaded files are not part of it: let their store keep versions or copies of its own.");
    }
    if manifest.missing_files > 0 {
        let missing = manifest.missing_files;
        say!("{missing} objects that the database names are not in the bucket {}", backed_up(config).bucket());
    }
    for name in pruned.iter().flat_map(|report| &report.removed) {
        say!("removed {name}");
    }
}

/// The bucket of the backups, where one is configured; what it does not say, the uploads' store says.
fn remote(config: &Config) -> Option<RemoteOptions> {
    let (backup, storage) = (&config.backup, &config.storage);
    Some(RemoteOptions {
        bucket: backup.s3_bucket.clone()?,
        prefix: backup.s3_prefix.clone(),
        endpoint: backup.s3_endpoint.clone().or_else(|| storage.s3_endpoint.clone()),
        region: backup.s3_region.clone().unwrap_or_else(|| storage.s3_region.clone()),
        access_key_id: backup.s3_access_key_id.or(&storage.s3_access_key_id).clone(),
        secret_access_key: backup.s3_secret_access_key.or(&storage.s3_secret_access_key).clone(),
    })
}

/// Whether the target of a restore is the database that this installation serves: the files in its store are that one's.
fn serves(config: &Config, database: Option<&str>) -> bool {
    let parsed = |url: &Secret| url.expose().and_then(|text| ConnectionString::parse(text).ok());
    // Without an owner's login there is no restore either.
    let Some(owner) = parsed(&config.database.owner_url) else { return false };
    let served = parsed(&config.database.url).unwrap_or_else(|| owner.clone());
    let target = database.map_or_else(|| owner.clone(), |name| owner.with_database(name));
    target.is_same_database(&served)
}

/// Where a backup lies: in the folder, or in one that is fetched from the bucket and goes with the first value.
async fn fetch(
    remote: Option<&Remote>,
    folder: PathBuf,
    name: &str,
) -> Result<(Option<Fetched>, PathBuf, String), BackupError> {
    let Some(remote) = remote else { return Ok((None, folder, name.to_owned())) };
    let fetched = remote.fetch(&folder, name).await?;
    let (folder, name) = (fetched.folder().to_owned(), fetched.name.clone());
    Ok((Some(fetched), folder, name))
}

/// Ctrl-C and SIGTERM end the operation; what it had begun is cleaned up by the values that it drops.
fn interruptible<T, E: Into<anyhow::Error>>(operation: impl Future<Output = Result<T, E>>) -> anyhow::Result<T> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            outcome = operation => outcome.map_err(Into::into),
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted; nothing with the name of a backup was left behind"),
            _ = terminate.recv() => anyhow::bail!("terminated; nothing with the name of a backup was left behind"),
        }
    });
    // A thread may still wait for pg_dump or the disk; the process does not wait for it.
    runtime.shutdown_background();
    outcome
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
