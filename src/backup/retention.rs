//! The folder of the backups: which there are, which is the newest, which may go.

use super::manifest::Manifest;
use super::{BackupError, MANIFEST, NEWEST, PARTIAL, PREFIX};
use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use std::fs::File;
use std::path::{Path, PathBuf};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// A backup in the folder.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Name.
    pub name: String,
    /// When, RFC 3339.
    pub created_at: String,
    /// Database.
    pub database: String,
    /// Size of all parts, bytes.
    pub bytes: u64,
    /// Rows of all tables.
    pub rows: i64,
    /// Files of the store.
    pub stored_files: Option<u64>,
    /// Whether a key is needed to restore it.
    pub encrypted: bool,
}

/// What was removed.
#[derive(Clone, Debug, Serialize)]
pub struct PruneReport {
    /// Names, oldest first.
    pub removed: Vec<String>,
    /// How many stay.
    pub kept: usize,
    /// Whether nothing was really removed.
    pub dry_run: bool,
}

/// One process at a time writes or removes here.
pub(super) fn lock(folder: &Path) -> Result<Flock<File>, BackupError> {
    let path = folder.join(".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(BackupError::file("open", &path))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| BackupError::Busy { path: folder.to_owned() })
}

/// Leftovers of a process that died while it wrote.
pub(super) fn remove_partial(folder: &Path) -> Result<(), BackupError> {
    for entry in std::fs::read_dir(folder).map_err(BackupError::file("read", folder))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            std::fs::remove_dir_all(entry.path()).map_err(BackupError::file("remove", entry.path()))?;
        }
    }
    Ok(())
}

/// Backups, newest first.
fn manifests(folder: &Path) -> Result<Vec<Manifest>, BackupError> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(BackupError::file("read", folder))?,
    };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.path().join(MANIFEST).is_file() {
            found.push(Manifest::read(&entry.path())?);
        }
    }
    // The name is the time.
    found.sort_by(|a, b| b.name.cmp(&a.name));
    Ok(found)
}

/// The backups of a folder, newest first; a folder that does not exist has none.
///
/// # Errors
/// The folder or a manifest cannot be read.
pub fn list(folder: &Path) -> Result<Vec<Listed>, BackupError> {
    Ok(manifests(folder)?.into_iter().map(Listed::of).collect())
}

impl Listed {
    pub(super) fn of(manifest: Manifest) -> Self {
        Self {
            bytes: manifest.bytes(),
            rows: manifest.rows(),
            encrypted: manifest.parts.iter().any(|part| part.encrypted),
            name: manifest.name,
            created_at: manifest.created_at,
            database: manifest.database,
            stored_files: manifest.stored_files,
        }
    }
}

/// When the newest backup of this machine was made. Where backups belong into a bucket, one that has not arrived there is none.
pub fn newest(folder: &Path, in_bucket: bool) -> Option<OffsetDateTime> {
    let here = || manifests(folder).ok().and_then(|all| all.into_iter().next()).map(|manifest| manifest.created_at);
    let here = if in_bucket { None } else { here() };
    let here = here.and_then(|at| OffsetDateTime::parse(&at, &Rfc3339).ok());
    here.max(newest_told(&folder.join(NEWEST)))
}

/// When the newest backup was made, by a file that only tells that.
pub fn newest_told(file: &Path) -> Option<OffsetDateTime> {
    let text = std::fs::read_to_string(file).ok()?;
    OffsetDateTime::parse(text.trim(), &Rfc3339).ok()
}

/// Remembers a backup that does not stay in the folder.
pub(super) fn remember_newest(folder: &Path, created_at: &str) -> Result<(), BackupError> {
    tell_newest(&folder.join(NEWEST), created_at)
}

/// Writes such a file. Whoever reads meanwhile reads the old one or the new one.
pub(super) fn tell_newest(file: &Path, created_at: &str) -> Result<(), BackupError> {
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".tmp");
    let unfinished = PathBuf::from(unfinished);
    std::fs::write(&unfinished, created_at).map_err(BackupError::file("write", &unfinished))?;
    std::fs::rename(&unfinished, file).map_err(BackupError::file("rename to", file))
}

/// A backup by name; `latest` is the newest.
pub(super) fn find(folder: &Path, name: &str) -> Result<(PathBuf, Manifest), BackupError> {
    let all = manifests(folder)?;
    if all.is_empty() {
        return Err(BackupError::None { path: folder.to_owned() });
    }
    let wanted = if name == "latest" { all.into_iter().next() } else { all.into_iter().find(|one| one.name == name) };
    match wanted {
        Some(manifest) => Ok((folder.join(&manifest.name), manifest)),
        None => Err(BackupError::Unknown { name: name.to_owned(), path: folder.to_owned() }),
    }
}

/// Removes backups that are older than `keep_days`; the newest always stays.
///
/// # Errors
/// The folder cannot be read or changed, or a backup is being made in it.
pub fn prune(folder: &Path, keep_days: u32, dry_run: bool, now: OffsetDateTime) -> Result<PruneReport, BackupError> {
    let all = manifests(folder)?;
    if all.is_empty() {
        return Ok(PruneReport { removed: Vec::new(), kept: 0, dry_run });
    }
    let _lock = lock(folder)?;
    let limit = now - Duration::days(i64::from(keep_days));
    let old = |manifest: &&Manifest| OffsetDateTime::parse(&manifest.created_at, &Rfc3339).is_ok_and(|at| at < limit);
    let mut removed: Vec<String> = all.iter().skip(1).filter(old).map(|manifest| manifest.name.clone()).collect();
    removed.reverse();
    if !dry_run {
        for name in &removed {
            let path = folder.join(name);
            // Half a backup must not look like one.
            let partial = folder.join(format!("{PARTIAL}{name}"));
            std::fs::rename(&path, &partial).map_err(BackupError::file("rename", &path))?;
            std::fs::remove_dir_all(&partial).map_err(BackupError::file("remove", &partial))?;
        }
    }
    Ok(PruneReport { kept: all.len() - removed.len(), removed, dry_run })
}
