//! What a backup says about itself.

use super::{BackupError, FilesFrom, MANIFEST};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Number of the format that this program writes.
pub(super) const FORMAT: u32 = 1;

/// `manifest.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Format, 1.
    pub format: u32,
    /// Name of the backup's folder.
    pub name: String,
    /// When the snapshot was taken, RFC 3339 in UTC.
    pub created_at: String,
    /// Version of the program.
    pub program: String,
    /// Database.
    pub database: String,
    /// Version of the server, such as `15.8`.
    pub server: String,
    /// Roles that the dump names; they belong to the server, not to the database.
    pub roles: Vec<Role>,
    /// Rows of each table at the time of the snapshot.
    pub tables: Vec<Table>,
    /// Files of the backup.
    pub parts: Vec<Part>,
    /// Where the uploaded files came from.
    #[serde(default)]
    pub files_from: FilesFrom,
    /// Number of uploaded files and previews; `None` where none are part of it.
    pub stored_files: Option<u64>,
    /// Their bytes.
    #[serde(default)]
    pub stored_bytes: u64,
    /// Objects that the database names and the bucket did not have.
    #[serde(default)]
    pub missing_files: u64,
}

/// A role that the dump names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Name.
    pub name: String,
    /// Whether it may log in; passwords are not part of a backup.
    pub login: bool,
    /// Whether it has the rights of its roles without becoming them.
    pub inherit: bool,
    /// Roles that it is a member of.
    pub member_of: Vec<String>,
}

/// A table and its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Schema.
    pub schema: String,
    /// Table.
    pub name: String,
    /// Rows.
    pub rows: i64,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name.
    pub file: String,
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256 of the file as it lies there, hexadecimal.
    pub sha256: String,
    /// Whether it is encrypted with age.
    pub encrypted: bool,
}

impl Manifest {
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read(&path).map_err(BackupError::file("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| BackupError::Manifest { path, source })
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Rows of all tables.
    pub fn rows(&self) -> i64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    pub(super) fn part(&self, base: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.file.trim_end_matches(".age") == base)
    }
}
