//! Backups: a consistent dump of the database by the distribution's `pg_dump`, the uploaded files, and a manifest that lets anybody check both.
//!
//! A backup is a folder `civic-os-<time>` with `database.dump` (custom format), `files.tar` with the objects of the embedded store or of the bucket, and `manifest.json` with checksums and
//! the number of rows of each table, counted in the dump's own snapshot. It is written under another name and renamed when everything is on disk: a folder with the
//! right name is complete. Parts are encrypted with age where recipients are configured.
//! With a bucket the folder is where backups are made, and the bucket is where they stay ([`Remote`]). Callers: `cli::backup`. Tests: `tests/it/backup`.

mod archive;
mod bring;
mod collect;
mod create;
mod daily;
mod error;
mod files;
mod manifest;
mod put_back;
mod remote;
mod restore;
mod retention;
mod roles;
mod sums;
mod tools;
mod verify;

pub use bring::{Backups, Brought};
pub use create::{CreateOptions, create};
pub use daily::Daily;
pub use error::BackupError;
pub use files::{Files, FilesFrom};
pub use manifest::{Manifest, Part, Role, Table};
pub use remote::{Fetched, Remote, RemoteOptions, leave_to_the_bucket};
pub use restore::{RestoreOptions, RestoreReport, Source, restore};
pub use retention::{Listed, PruneReport, list, newest, newest_told, prune};
pub use tools::Tools;
pub use verify::{VerifyOptions, VerifyReport, verify};

/// What precedes the time in a backup's name.
const PREFIX: &str = "civic-os-";
/// What a folder is called while it is being written.
const PARTIAL: &str = ".partial-";
/// The manifest's file.
const MANIFEST: &str = "manifest.json";
/// The dump's file; `.age` is added when it is encrypted.
const DUMP: &str = "database.dump";
/// The file with the uploaded files; `.age` is added when it is encrypted.
const FILES: &str = "files.tar";
/// Where a folder remembers the newest backup that went on to a bucket.
const NEWEST: &str = ".newest";
