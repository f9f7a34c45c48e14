//! Backups: whether this machine can make them, what is in them, how old the newest is.

use super::finding::Findings;
use crate::app::files::backed_up;
use crate::backup::{self, Files, Tools};
use crate::config::{Config, Role, RoleSet};
use time::{Duration, OffsetDateTime};

const BACKUPS: &str = "backups";
/// Daily is the timer's rhythm; a day and a half is late.
const LATE: Duration = Duration::hours(36);

/// Only where the owner's login is: backups are made with it.
pub(super) fn check(config: &Config, roles: RoleSet, findings: &mut Findings) {
    if !roles.contains(Role::Migrate) || !config.database.owner_url.is_set() {
        return;
    }
    match Tools::find() {
        Ok(tools) => findings.ok(BACKUPS, format!("pg_dump {} makes them", tools.major)),
        Err(error) => findings.warn(BACKUPS, error.to_string(), "or run civic-os backup on another machine"),
    }
    let files = backed_up(config);
    match &files {
        Files::Bucket(options) if config.backup.files => {
            findings.ok(BACKUPS, format!("they contain the files in the bucket {}", options.bucket));
        }
        Files::Bucket(options) => findings.warn(
            BACKUPS,
            format!("the files in the bucket {} are in no backup (backup.files = false)", options.bucket),
            "let the bucket keep versions and a copy elsewhere",
        ),
        Files::Folder { path, .. } if path.is_dir() && config.backup.files => {
            findings.ok(BACKUPS, "they contain the files of the embedded store");
        }
        Files::Folder { path, .. } if path.is_dir() => findings.warn(
            BACKUPS,
            "the files of the embedded store are in no backup (backup.files = false)",
            format!("copy {} elsewhere", path.display()),
        ),
        Files::Folder { .. } | Files::LeftOut => {}
    }
    let folder = config.backup_dir();
    let make = "civic-os backup create; daily by civic-os-backup.timer, the service backup of Compose, or --daily-at";
    match backup::newest(&folder, config.backup.s3_bucket.is_some()) {
        None => findings.warn(BACKUPS, format!("none was made into {}", folder.display()), make),
        Some(at) => {
            let age = OffsetDateTime::now_utc() - at;
            let message = format!("the newest is {} hours old", age.whole_hours());
            if age > LATE { findings.warn(BACKUPS, message, make) } else { findings.ok(BACKUPS, message) }
        }
    }
}
