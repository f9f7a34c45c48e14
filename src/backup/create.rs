//! Makes a backup.

use super::files::{Files, FilesFrom, Packer, Total};
use super::manifest::{FORMAT, Manifest, Table};
use super::tools::{Running, Tools};
use super::{BackupError, DUMP, FILES, MANIFEST, PARTIAL, PREFIX, archive, collect, retention, roles};
use crate::config::Secret;
use crate::db::{ConnectionString, ConninfoError, connect_to};
use crate::files::Storage;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use tokio_postgres::Client;

/// What a backup needs.
#[derive(Clone, Debug)]
pub struct CreateOptions {
    /// The owner's login: it sees every row.
    pub owner_url: Secret,
    /// Folder of the backups; made when it is missing.
    pub folder: PathBuf,
    /// Where the uploaded files are.
    pub files: Files,
    /// Public keys; none = not encrypted.
    pub age_recipients: Vec<String>,
}

/// Makes a backup and returns its manifest. Nothing with the name of a backup appears before everything is on disk.
///
/// # Errors
/// The database, PostgreSQL's programs or the disk fail; what was written so far is removed.
pub async fn create(options: &CreateOptions) -> Result<Manifest, BackupError> {
    let owner = ConnectionString::parse(options.owner_url.expose().ok_or(ConninfoError::Missing)?)?;
    let recipients = archive::recipients(&options.age_recipients)?;
    let tools = Tools::find()?;
    let store = Store::of(&options.files)?;
    private_folder(&options.folder)?;
    let _lock = retention::lock(&options.folder)?;
    retention::remove_partial(&options.folder)?;

    let client = connect_to(&owner).await.map_err(BackupError::database("connect to the database"))?;
    // Everything is counted and dumped as of one moment.
    client
        .batch_execute("set timezone to 'UTC'; begin isolation level repeatable read read only")
        .await
        .map_err(BackupError::statement("begin a snapshot"))?;
    let row = client
        .query_one("select pg_export_snapshot(), now(), current_setting('server_version'), current_setting('server_version_num')::int", &[])
        .await
        .map_err(BackupError::statement("export a snapshot"))?;
    let snapshot: String = row.get(0);
    let created_at: OffsetDateTime = row.get(1);
    let server: String = row.get(2);
    let major = u32::try_from(row.get::<_, i32>(3) / 10_000).unwrap_or_default();
    if tools.major < major {
        return Err(BackupError::OldTool { tool: tools.major, server: major });
    }
    let tables = count(&client).await?;
    let roles = roles::read(&client).await?;

    // Milliseconds: two backups of one second have two names.
    let stamp = created_at
        .format(format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z"))
        .unwrap_or_default();
    let name = format!("{PREFIX}{stamp}");
    let partial = options.folder.join(format!("{PARTIAL}{name}"));
    let task = {
        let (partial, handle) = (partial.clone(), tokio::runtime::Handle::current());
        tokio::task::spawn_blocking(move || {
            private_folder(&partial)?;
            let mut parts = vec![dump(&tools, &owner, &snapshot, &partial, &recipients)?];
            // In the same snapshot: what the dump names is what is looked for.
            let collected = pack(&store, &handle, &client, &partial, &recipients)?;
            parts.extend(collected.part.clone());
            Ok::<_, BackupError>((parts, collected, owner))
        })
    };
    let outcome = match task.await {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let written = outcome.and_then(|(parts, collected, owner)| {
        let manifest = Manifest {
            format: FORMAT,
            name: name.clone(),
            created_at: created_at.format(&Rfc3339).unwrap_or_default(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            database: owner.database().to_owned(),
            server,
            roles,
            tables,
            parts,
            files_from: collected.from,
            stored_files: collected.part.is_some().then_some(collected.total.objects),
            stored_bytes: collected.total.bytes,
            missing_files: collected.missing,
        };
        publish(&options.folder, &partial, &manifest)?;
        Ok(manifest)
    });
    if written.is_err() {
        let _ = std::fs::remove_dir_all(&partial);
    }
    written
}

/// Only the account of the process may read what is in here.
pub(super) fn private_folder(path: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(BackupError::file("create", path))
}

pub(super) async fn count(client: &Client) -> Result<Vec<Table>, BackupError> {
    let rows = client
        .query(include_str!("../sql/backup/tables.sql"), &[])
        .await
        .map_err(BackupError::statement("list the tables"))?;
    let mut tables = Vec::with_capacity(rows.len());
    for row in rows {
        let (schema, name): (String, String) = (row.get(0), row.get(1));
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let statement = format!("select count(*) from {}.{}", quoted(&schema), quoted(&name));
        let count = client.query_one(&statement, &[]).await.map_err(BackupError::statement("count rows"))?;
        tables.push(Table { schema, name, rows: count.get(0) });
    }
    Ok(tables)
}

fn dump(
    tools: &Tools,
    owner: &ConnectionString,
    snapshot: &str,
    folder: &Path,
    recipients: &[age::x25519::Recipient],
) -> Result<super::Part, BackupError> {
    archive::write(folder, DUMP, recipients, |place| {
        let mut command = tools.command("pg_dump", owner);
        command
            .args(["--format=custom", "--no-password", "--lock-wait-timeout=60s"])
            .arg(format!("--snapshot={snapshot}"));
        let mut running = Running::start("pg_dump", command.stdin(Stdio::null()).stdout(Stdio::piped()))?;
        if let Some(mut output) = running.child.stdout.take() {
            std::io::copy(&mut output, place).map_err(BackupError::file("write", folder))?;
        }
        running.finish()
    })
}

/// Where the uploaded files are, ready to be read.
enum Store {
    None,
    LeftOut,
    Folder(PathBuf),
    Bucket(Box<Storage>),
}

impl Store {
    fn of(files: &Files) -> Result<Self, BackupError> {
        Ok(match files {
            Files::LeftOut => Self::LeftOut,
            Files::Folder { path, .. } if path.is_dir() => Self::Folder(path.clone()),
            Files::Folder { .. } => Self::None,
            Files::Bucket(options) => Self::Bucket(Box::new(Storage::new(options.clone())?)),
        })
    }
}

/// The part with the files, and what is in it.
#[derive(Default)]
struct Collected {
    part: Option<super::Part>,
    from: FilesFrom,
    total: Total,
    missing: u64,
}

fn pack(
    store: &Store,
    handle: &tokio::runtime::Handle,
    client: &Client,
    folder: &Path,
    recipients: &[age::x25519::Recipient],
) -> Result<Collected, BackupError> {
    let from = match store {
        Store::None => return Ok(Collected::default()),
        Store::LeftOut => return Ok(Collected { from: FilesFrom::LeftOut, ..Collected::default() }),
        Store::Folder(_) => FilesFrom::Folder,
        Store::Bucket(_) => FilesFrom::Bucket,
    };
    let mut collected = Collected { from, ..Collected::default() };
    let part = archive::write(folder, FILES, recipients, |place| {
        let mut packer = Packer::new(place);
        match store {
            Store::Folder(path) => collect::folder(path, &mut packer)?,
            Store::Bucket(storage) => collected.missing = collect::bucket(handle, client, storage, &mut packer)?,
            Store::None | Store::LeftOut => {}
        }
        collected.total = packer.finish().map_err(BackupError::file("write", folder))?;
        Ok(())
    })?;
    collected.part = Some(part);
    Ok(collected)
}

/// The manifest last, then the name.
fn publish(folder: &Path, partial: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let path = partial.join(MANIFEST);
    let text =
        serde_json::to_vec_pretty(manifest).map_err(|source| BackupError::Manifest { path: path.clone(), source })?;
    let mut file = std::fs::File::create(&path).map_err(BackupError::file("create", &path))?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(BackupError::file("write", &path))?;
    let sync = |path: &Path| std::fs::File::open(path).and_then(|folder| folder.sync_all());
    sync(partial).map_err(BackupError::file("write", partial))?;
    let target = folder.join(&manifest.name);
    std::fs::rename(partial, &target).map_err(BackupError::file("rename to", &target))?;
    sync(folder).map_err(BackupError::file("write", folder))
}
