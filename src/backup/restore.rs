//! Restores a backup, or a plain `.sql.gz` dump, into an empty database.

use super::create::count;
use super::manifest::{Manifest, Role};
use super::put_back::{self, PutBack};
use super::tools::{Running, Tools};
use super::{BackupError, DUMP, FILES, Files, archive, retention, roles};
use crate::config::Secret;
use crate::db::{ConnectionString, ConninfoError, connect_to};
use serde::Serialize;
use std::io::{Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio_postgres::Client;

/// What is restored.
#[derive(Clone, Debug)]
pub enum Source {
    /// A backup of this program, by name; `latest` is the newest.
    Backup(String),
    /// A dump of `pg_dump | gzip`, as earlier installations made them.
    PlainDump(PathBuf),
}

/// How to restore.
#[derive(Clone, Debug)]
pub struct RestoreOptions {
    /// The owner's login; its database is the target unless `database` names another.
    pub owner_url: Secret,
    /// Folder of the backups.
    pub folder: PathBuf,
    /// What.
    pub source: Source,
    /// Target on the same server; made when it does not exist.
    pub database: Option<String>,
    /// Where the uploaded files go.
    pub files: Files,
    /// Whether they also go into a store that holds some already. Where the database is not the one that the store's objects belong to,
    /// those that were deleted since would come back.
    pub into_used_store: bool,
    /// The database is there already: only the files are put back.
    pub only_files: bool,
    /// File with the age key.
    pub identity: Option<PathBuf>,
}

/// What was restored.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreReport {
    /// Name of the backup or file.
    pub source: String,
    /// Target.
    pub database: String,
    /// Tables compared with the manifest; 0 for a plain dump.
    pub tables: usize,
    /// Rows in the restored tables.
    pub rows: i64,
    /// Uploaded files and previews that are in their place now; `None` where none were restored.
    pub files: Option<u64>,
    /// Their bytes.
    pub file_bytes: u64,
    /// Those of them that were there already.
    pub present_files: u64,
    /// Objects of other contents under the same name; they stay as they are.
    pub different_files: u64,
    /// Files of the backup that were left out because the store is in use.
    pub left_out_files: u64,
    /// Rows that name another bucket now, because their files lie in it.
    pub moved_rows: u64,
    /// Roles that were made. Logins among them have no password yet.
    pub created_roles: Vec<String>,
}

/// Restores. The database must be empty, and is as before when something fails, but for roles that were made.
///
/// # Errors
/// The target holds something, a part is damaged, PostgreSQL's programs refuse, or rows differ afterwards.
pub async fn restore(options: &RestoreOptions) -> Result<RestoreReport, BackupError> {
    let owner = ConnectionString::parse(options.owner_url.expose().ok_or(ConninfoError::Missing)?)?;
    let database = options.database.clone().unwrap_or_else(|| owner.database().to_owned());
    let target = owner.with_database(&database);
    let tools = Tools::find()?;
    let takes_files = put_back::look(&options.files, options.into_used_store || options.only_files).await?;
    match &options.source {
        Source::PlainDump(path) => {
            let client = open_target(&owner, &target).await?;
            let created_roles = roles::create_missing(&client, &roles::of_the_core()).await?;
            let (path, to) = (path.clone(), target.clone());
            blocking(move || plain(&tools, &to, &path)).await?;
            let rows = count(&client).await?.iter().map(|table| table.rows).sum();
            let source = options.source_name();
            let mut report = RestoreReport::new(source, database);
            (report.rows, report.created_roles) = (rows, created_roles);
            Ok(report)
        }
        Source::Backup(name) => {
            let (folder, manifest) = retention::find(&options.folder, name)?;
            for part in &manifest.parts {
                archive::check(&folder, part)?;
            }
            let mut report = RestoreReport::new(manifest.name.clone(), database);
            let client = if options.only_files {
                if manifest.part(FILES).is_none() {
                    return Err(BackupError::NoFiles { name: manifest.name });
                }
                connect_to(&target).await.map_err(BackupError::database("connect to the database"))?
            } else {
                let client = open_target(&owner, &target).await?;
                report.created_roles = roles::create_missing(&client, &manifest.roles).await?;
                let (to, known, identity) = (target.clone(), manifest.clone(), options.identity.clone());
                let from = folder.clone();
                blocking(move || dump(&tools, &to, &from, &known, identity.as_deref())).await?;
                report.rows = compare(&client, &manifest).await?;
                report.tables = manifest.tables.len();
                client
            };
            let wanted = takes_files || matches!(options.files, Files::LeftOut);
            report.left_out_files = if wanted { 0 } else { manifest.stored_files.unwrap_or_default() };
            if takes_files && let Some(done) = files(options, folder, &manifest).await? {
                report.moved_rows = follow(&client, &done, options.files.bucket()).await?;
                report.files = Some(done.written + done.present);
                report.file_bytes = done.bytes;
                report.present_files = done.present;
                report.different_files = done.different;
            }
            Ok(report)
        }
    }
}

impl RestoreReport {
    fn new(source: String, database: String) -> Self {
        Self {
            source,
            database,
            tables: 0,
            rows: 0,
            files: None,
            file_bytes: 0,
            present_files: 0,
            different_files: 0,
            left_out_files: 0,
            moved_rows: 0,
            created_roles: Vec::new(),
        }
    }
}

impl RestoreOptions {
    fn source_name(&self) -> String {
        match &self.source {
            Source::Backup(name) => name.clone(),
            Source::PlainDump(path) => path.display().to_string(),
        }
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// A connection to the target, which is made when it is missing and must be empty.
async fn open_target(owner: &ConnectionString, target: &ConnectionString) -> Result<Client, BackupError> {
    const ACTION: &str = "connect to the database";
    let client = match connect_to(target).await {
        // invalid_catalog_name
        Err(error) if error.sqlstate() == Some("3D000") => {
            create_database(owner, target.database()).await?;
            connect_to(target).await.map_err(BackupError::database(ACTION))?
        }
        other => other.map_err(BackupError::database(ACTION))?,
    };
    let rows = client
        .query(include_str!("../sql/backup/occupied.sql"), &[])
        .await
        .map_err(BackupError::statement("look into the database"))?;
    if rows.is_empty() {
        return Ok(client);
    }
    let examples = rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join(", ");
    Err(BackupError::Occupied { database: target.database().to_owned(), examples })
}

/// Makes a database through one that every server has.
pub(super) async fn create_database(owner: &ConnectionString, name: &str) -> Result<(), BackupError> {
    let client = connect_to(&owner.with_database("postgres"))
        .await
        .map_err(BackupError::database("connect to the database `postgres`"))?;
    let statement = format!("create database \"{}\" template template0", name.replace('"', "\"\""));
    client.batch_execute(&statement).await.map_err(BackupError::statement(
        "create a database: the login of database.owner_url needs CREATEDB (alter role … createdb)",
    ))
}

/// `pg_restore` in one transaction.
pub(super) fn dump(
    tools: &Tools,
    target: &ConnectionString,
    folder: &Path,
    manifest: &Manifest,
    identity: Option<&Path>,
) -> Result<(), BackupError> {
    let part = manifest.part(DUMP).ok_or_else(|| BackupError::Damaged {
        file: manifest.name.clone(),
        what: format!("its manifest names no {DUMP}"),
    })?;
    let list = contents(tools, target, folder, part, identity)?;
    let mut command = tools.command("pg_restore", target);
    command.args(["--exit-on-error", "--single-transaction", "--no-password", "--dbname="]);
    command.arg("--use-list").arg(list.path());
    feed("pg_restore", command, &mut *archive::open(folder, part, identity)?)
}

/// The dump's contents without the comments of extensions, which only a superuser may set.
fn contents(
    tools: &Tools,
    target: &ConnectionString,
    folder: &Path,
    part: &super::Part,
    identity: Option<&Path>,
) -> Result<ListFile, BackupError> {
    let mut command = tools.command("pg_restore", target);
    let mut running = Running::start("pg_restore", command.arg("--list").stdin(Stdio::piped()).stdout(Stdio::piped()))?;
    let mut plain = archive::open(folder, part, identity)?;
    let reader = running.child.stdout.take().map(|mut output| {
        std::thread::spawn(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).map(|_| text)
        })
    });
    if let Some(mut input) = running.child.stdin.take() {
        // It has seen enough after the header and closes its end.
        let _ = std::io::copy(&mut plain, &mut input);
    }
    let text = reader.and_then(|thread| thread.join().ok()).and_then(Result::ok).unwrap_or_default();
    running.finish()?;
    let kept: Vec<&str> = text.lines().filter(|line| !line.contains(" COMMENT - EXTENSION ")).collect();
    ListFile::write(&kept.join("\n"))
}

/// A temporary file that goes with this value.
struct ListFile(PathBuf);

impl ListFile {
    fn write(text: &str) -> Result<Self, BackupError> {
        let path = std::env::temp_dir().join(format!("civic-os-restore-{}", uuid::Uuid::new_v4()));
        let mut file = std::fs::File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(BackupError::file("create", &path))?;
        file.write_all(text.as_bytes()).map_err(BackupError::file("write", &path))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for ListFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn feed(program: &'static str, mut command: std::process::Command, from: &mut dyn Read) -> Result<(), BackupError> {
    let mut running = Running::start(program, command.stdin(Stdio::piped()).stdout(Stdio::null()))?;
    let copied = match running.child.stdin.take() {
        Some(mut input) => std::io::copy(from, &mut input).map(|_| ()),
        None => Ok(()),
    };
    // A program that gave up closes its end: what it says is the reason, not the broken pipe.
    running.finish()?;
    copied.map_err(BackupError::file("read", "the backup"))
}

fn plain(tools: &Tools, target: &ConnectionString, path: &Path) -> Result<(), BackupError> {
    let file = std::fs::File::open(path).map_err(BackupError::file("open", path))?;
    let mut command = tools.command("psql", target);
    command.args([
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--single-transaction",
        "--set=ON_ERROR_STOP=1",
        "--file=-",
    ]);
    if path.extension().is_some_and(|extension| extension == "gz") {
        feed("psql", command, &mut flate2::read::MultiGzDecoder::new(std::io::BufReader::new(file)))
    } else {
        feed("psql", command, &mut std::io::BufReader::new(file))
    }
}

/// Rows of all tables, which must be the manifest's.
pub(super) async fn compare(client: &Client, manifest: &Manifest) -> Result<i64, BackupError> {
    let found = count(client).await?;
    if found == manifest.tables {
        return Ok(manifest.rows());
    }
    let name = |table: &super::Table| format!("{}.{}", table.schema, table.name);
    let mut differences: Vec<String> = Vec::new();
    for table in &manifest.tables {
        match found.iter().find(|other| other.schema == table.schema && other.name == table.name) {
            None => differences.push(format!("{} is missing", name(table))),
            Some(other) if other.rows != table.rows => {
                differences.push(format!("{} has {} rows instead of {}", name(table), other.rows, table.rows));
            }
            Some(_) => {}
        }
    }
    let unknown = found.iter().filter(|table| !manifest.tables.iter().any(|known| name(known) == name(table)));
    differences.extend(unknown.map(|table| format!("{} is not in the backup", name(table))));
    Err(BackupError::Different(differences.join("; ")))
}

/// Puts the files back, where there are some and a place for them.
async fn files(options: &RestoreOptions, folder: PathBuf, manifest: &Manifest) -> Result<Option<PutBack>, BackupError> {
    let Some(part) = manifest.part(FILES).cloned() else { return Ok(None) };
    let (target, identity) = (options.files.clone(), options.identity.clone());
    let handle = tokio::runtime::Handle::current();
    let (wanted, bytes) = (manifest.stored_files.unwrap_or_default(), manifest.stored_bytes);
    let done = blocking(move || {
        let archive = archive::open(&folder, &part, identity.as_deref())?;
        put_back::put_back(&handle, &part.file, archive, &target)
    })
    .await?;
    let found = done.written + done.present + done.different;
    if (found, done.bytes) != (wanted, bytes) {
        return Err(BackupError::Different(format!("{found} files instead of {wanted}")));
    }
    Ok(Some(done))
}

/// Rows name the bucket of their file: they follow it into another one.
async fn follow(client: &Client, done: &PutBack, bucket: &str) -> Result<u64, BackupError> {
    let others: Vec<&str> = done.buckets.iter().map(String::as_str).filter(|name| *name != bucket).collect();
    if others.is_empty() {
        return Ok(0);
    }
    let statement = include_str!("../sql/backup/bucket_renamed.sql");
    client
        .execute(statement, &[&bucket, &others])
        .await
        .map_err(BackupError::statement("let the rows of files name their new bucket"))
}

/// Roles that a backup needs on the server of `client`.
pub(super) async fn prepare_roles(client: &Client, wanted: &[Role]) -> Result<Vec<String>, BackupError> {
    roles::create_missing(client, wanted).await
}
