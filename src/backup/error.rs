//! What goes wrong with backups.

use crate::db::{ConninfoError, DbError};
use crate::files::StorageError;
use crate::store::StoreError;
use std::path::PathBuf;

/// Why a backup could not be made, checked or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No owner's login.
    #[error("database.owner_url cannot be used")]
    Login(#[from] ConninfoError),
    /// The database cannot be reached or refused.
    #[error("cannot {action}")]
    Database {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: Box<DbError>,
    },
    /// A statement failed.
    #[error("cannot {action}")]
    Statement {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: tokio_postgres::Error,
    },
    /// PostgreSQL's client programs are missing.
    #[error(
        "{program} is not on this machine: install PostgreSQL's client programs (Debian: postgresql-client); an image from scratch has none, use the `tools` image or the host"
    )]
    NoTool {
        /// Program.
        program: &'static str,
    },
    /// `pg_dump` is older than the server.
    #[error(
        "pg_dump is version {tool}, but the server is {server}: an older pg_dump refuses a newer server, install postgresql-client-{server}"
    )]
    OldTool {
        /// Major version of the program.
        tool: u32,
        /// Major version of the server.
        server: u32,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed: {message}")]
    Tool {
        /// Program.
        program: &'static str,
        /// Its last words.
        message: String,
    },
    /// A file or folder.
    #[error("cannot {action} {path}")]
    File {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another backup is being made here.
    #[error("{path} is in use by another backup")]
    Busy {
        /// Folder of the backups.
        path: PathBuf,
    },
    /// No such backup.
    #[error("there is no backup {name} in {path}; `civic-os backup list` shows them")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Folder of the backups.
        path: PathBuf,
    },
    /// No backup at all.
    #[error("{path} holds no backup yet; `civic-os backup create` makes one")]
    None {
        /// Folder of the backups.
        path: PathBuf,
    },
    /// The manifest is not one.
    #[error("{path} is no manifest of a backup")]
    Manifest {
        /// File.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A part is not what the manifest says.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// Part.
        file: String,
        /// Difference.
        what: String,
    },
    /// A key is needed.
    #[error("{file} is encrypted: give the file with the key by --identity")]
    NeedsIdentity {
        /// Part.
        file: String,
    },
    /// Encryption or decryption failed.
    #[error("cannot {action}: {message}")]
    Encryption {
        /// What was tried.
        action: &'static str,
        /// Why.
        message: String,
    },
    /// The target holds something.
    #[error(
        "database {database} is not empty ({examples}, …): restore into another with --database NAME, which is made when it does not exist"
    )]
    Occupied {
        /// Database.
        database: String,
        /// A few names.
        examples: String,
    },
    /// The store's folder holds something.
    #[error(
        "the store in {path} is not empty: move it away before its files are restored, or leave them out with --no-files"
    )]
    StoreOccupied {
        /// Folder.
        path: PathBuf,
    },
    /// The embedded store's folder.
    #[error("cannot use the files of the embedded store: {0}")]
    Store(#[source] StoreError),
    /// The bucket of the uploaded files.
    #[error("cannot use the bucket of the uploaded files (backup.files = false or --no-files leaves them out): {0}")]
    Storage(#[source] StorageError),
    /// Nothing to put back.
    #[error("the backup {name} has no files of a store")]
    NoFiles {
        /// Backup.
        name: String,
    },
    /// The bucket of the backups.
    #[error("cannot {action} the bucket {bucket} of the backups: {message}")]
    Bucket {
        /// What was tried.
        action: &'static str,
        /// Bucket.
        bucket: String,
        /// Why.
        message: String,
    },
    /// Rows differ after a restore.
    #[error("the restored database differs from the backup: {0}")]
    Different(String),
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<StorageError> for BackupError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl BackupError {
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    pub(super) fn database(action: &'static str) -> impl FnOnce(DbError) -> Self {
        move |source| Self::Database { action, source: Box::new(source) }
    }

    pub(super) fn statement(action: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Statement { action, source }
    }
}
