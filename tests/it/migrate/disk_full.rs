//! No space left in the middle of a deploy. Needs root, for a file system of its own, and the server on this machine.

use super::caller::{Door, Who};
use super::{deploy_all, deploy_to};
use crate::support::{TestDatabase, binary};
use civic_os::migrate::{VerifyOptions, dump_interface, log, status, verify};
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

/// A small file system in memory that a tablespace lies on.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// The reason why there is none on this machine.
    async fn mount(door: &Door) -> Result<Self, String> {
        let data = door.value(&Who::Owner, "show data_directory").await;
        let owner = std::fs::metadata(&data).map_err(|error| format!("the server's folder {data}: {error}"))?;
        let folder = tempfile::Builder::new().prefix("civic-os-disk-").tempdir().map_err(|error| error.to_string())?;
        let options = format!("size=48m,mode=700,uid={},gid={}", owner.uid(), owner.gid());
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(folder.path()).output();
        match mounted {
            Ok(output) if output.status.success() => {}
            Ok(output) => return Err(format!("mount: {}", String::from_utf8_lossy(&output.stderr).trim())),
            Err(error) => return Err(format!("mount: {error}")),
        }
        let disk = Self { folder };
        let way = disk.folder.path().parent().unwrap_or(Path::new("/"));
        if std::fs::metadata(way).is_ok_and(|above| above.mode() & 0o001 == 0) {
            return Err(format!("the server may not enter {}", way.display()));
        }
        std::os::unix::fs::chown(disk.folder.path(), Some(owner.uid()), Some(owner.gid())).unwrap();
        Ok(disk)
    }

    /// Takes the space but for `left` bytes; gives it back when the file is removed.
    fn fill(&self, left: u64) -> std::path::PathBuf {
        let path = self.folder.path().join("ballast");
        let mut file = std::fs::File::create(&path).unwrap();
        let block = vec![0_u8; 64 * 1024];
        let mut written = 0_u64;
        while let Ok(count) = file.write(&block) {
            written += u64::try_from(count).unwrap();
            if count < block.len() {
                break;
            }
        }
        file.set_len(written.checked_sub(left).unwrap()).unwrap();
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.folder.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_changes_before_it_and_a_second_run_succeeds() {
    let database = TestDatabase::empty().await;
    let door = Door::open(&database).await;
    let disk = match SmallDisk::mount(&door).await {
        Ok(disk) => disk,
        Err(reason) => {
            eprintln!("left out: a full disk ({reason})");
            return;
        }
    };
    let space = format!("{}_small", database.name());
    let server = TestDatabase::empty().await;
    let outside = Door::open(&server).await;
    let run = async |sql: String| outside.client.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    run(format!("create tablespace {space} location '{}'", disk.folder.path().display())).await;
    drop(door);
    run(format!("alter database {} set tablespace {space}", database.name())).await;
    deploy_to(&database, "08-statuses").await.unwrap();

    let url = database.owner_url();
    let before = dump_interface(&url).await.unwrap();
    let ballast = disk.fill(64 * 1024);
    let output = binary()
        .args(["migrate", "deploy"])
        .env("CIVIC_OS_DATABASE__OWNER_URL", url.expose().unwrap())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("No space left on device") && text.contains("migrations/deploy/"), "{text}");
    std::fs::remove_file(ballast).unwrap();

    let state = status(&url).await.unwrap();
    let deployed = state.deployed.len();
    assert!(deployed >= 8 && !state.pending.is_empty(), "{deployed}");
    let report = verify(&url, VerifyOptions { full: true }).await.unwrap();
    assert!(report.is_healthy(), "what is recorded is there, and nothing else: {report:?}");
    if deployed == 8 {
        assert_eq!(dump_interface(&url).await.unwrap(), before);
    }
    let failures = log(&url).await.unwrap().iter().filter(|entry| entry.event == "fail").count();
    assert!(failures <= 1, "the failure is logged if there was space for it");
    assert_eq!(deploy_all(&database).await.unwrap().already_deployed, deployed);

    drop(database);
    run(format!("drop tablespace {space}")).await;
}
