//! Who runs PostgreSQL: this user, or `postgres` when this process is root (PostgreSQL refuses root).
//!
//! `/etc/passwd` is read directly: the C library's look-up may load plug-ins, which a static binary must not do.

use super::ClusterError;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The user that stands in for root.
const STAND_IN: &str = "postgres";

/// The user that runs PostgreSQL's programs and owns its files.
#[derive(Clone, Debug)]
pub(super) struct Account {
    /// Set when it differs from this process's user.
    stand_in: Option<StandIn>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct StandIn {
    uid: u32,
    gid: u32,
}

impl Account {
    /// The account for this process.
    pub(super) fn current() -> Result<Self, ClusterError> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Self { stand_in: None });
        }
        let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        match find_user(&passwd, STAND_IN) {
            Some(stand_in) => Ok(Self { stand_in: Some(stand_in) }),
            None => Err(ClusterError::NoAccount { user: STAND_IN }),
        }
    }

    /// Whether another user than this process's runs PostgreSQL.
    pub(super) fn differs(&self) -> bool {
        self.stand_in.is_some()
    }

    /// Lets a program run under this account.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Some(StandIn { uid, gid }) = self.stand_in {
            command.gid(gid).uid(uid);
        }
    }

    /// Gives a file or folder to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), ClusterError> {
        match self.stand_in {
            Some(StandIn { uid, gid }) => std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .map_err(|source| ClusterError::File { operation: "change the owner of", path: path.into(), source }),
            None => Ok(()),
        }
    }

    /// The first folder on the way to `directory` (itself included) that this account may not enter.
    pub(super) fn blocked_by(&self, directory: &Path) -> Option<PathBuf> {
        let StandIn { uid, gid } = self.stand_in?;
        let mut ancestors: Vec<_> = directory.ancestors().filter(|path| !path.as_os_str().is_empty()).collect();
        ancestors.reverse();
        ancestors
            .into_iter()
            .find(|path| {
                std::fs::metadata(path).is_ok_and(|metadata| {
                    let bit = match (metadata.uid() == uid, metadata.gid() == gid) {
                        (true, _) => 0o100,
                        (false, true) => 0o010,
                        (false, false) => 0o001,
                    };
                    metadata.mode() & bit == 0
                })
            })
            .map(Path::to_owned)
    }

    /// Name for messages.
    pub(super) fn name(&self) -> String {
        if self.differs() { STAND_IN.to_owned() } else { "this user".to_owned() }
    }
}

fn find_user(passwd: &str, name: &str) -> Option<StandIn> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(StandIn { uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_user_in_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\npostgres:x:104:111:PostgreSQL:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_user(passwd, "postgres"), Some(StandIn { uid: 104, gid: 111 }));
        assert_eq!(find_user(passwd, "postgre"), None);
        assert_eq!(find_user("postgres:x:broken:1::/:/bin/sh", "postgres"), None);
    }

    #[test]
    fn a_closed_folder_blocks() {
        let closed = Account { stand_in: Some(StandIn { uid: u32::MAX - 1, gid: u32::MAX - 1 }) };
        let folder = tempfile::tempdir().expect("folder");
        let owner_alone = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(folder.path(), owner_alone).expect("mode");
        assert_eq!(closed.blocked_by(&folder.path().join("below")), Some(folder.path().to_owned()));
        assert_eq!(closed.blocked_by(Path::new("/")), None);
    }
}
