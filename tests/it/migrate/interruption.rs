//! Losing the connection, or being told to stop, in the middle of a change.

use super::caller::{Door, Who};
use super::{deploy_all, deploy_to};
use crate::support::{TestDatabase, binary};
use civic_os::migrate::status;
use std::process::{Child, Stdio};
use std::time::Duration;

/// Waits until a command of ours waits for a lock that somebody holds; the id of its server process.
pub(super) async fn waiting_backend(door: &Door) -> String {
    let query = "select pid from pg_stat_activity where application_name = 'civic-os migrate' \
                 and datname = current_database() and wait_event_type = 'Lock'";
    loop {
        if let Some(pid) = door.values(&Who::Owner, query).await.first() {
            return pid.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Holds a table that change 11 needs, so that a deploy stands still in the middle of it.
struct Blocked {
    door: Door,
    watcher: Door,
}

impl Blocked {
    async fn new(database: &TestDatabase) -> Self {
        deploy_to(database, "10-queue").await.unwrap();
        let door = Door::open(database).await;
        door.client.batch_execute("begin; lock table metadata.civic_os_users in access exclusive mode").await.unwrap();
        Self { door, watcher: Door::open(database).await }
    }

    /// Process id of the deploy's backend once it waits.
    async fn waiting_backend(&self) -> String {
        waiting_backend(&self.watcher).await
    }

    /// The server notices by itself that nobody waits for the answer, and releases the lock.
    async fn backend_ends(&self, pid: &str) {
        let query = format!("select 1 from pg_stat_activity where pid = {pid}");
        let end = async {
            while !self.watcher.values(&Who::Owner, &query).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), end).await.expect("the backend of a gone client ends");
    }

    async fn assert_a_second_run_succeeds(self, database: &TestDatabase) {
        assert_eq!(status(&database.owner_url()).await.unwrap().deployed.len(), 10, "change 11 left nothing");
        let objects = "select count(*) from pg_class where relname in ('files', 'file_upload_requests')";
        assert_eq!(self.watcher.value(&Who::Owner, objects).await, "0");
        self.door.client.batch_execute("rollback").await.unwrap();
        deploy_all(database).await.unwrap();
    }
}

#[tokio::test]
async fn a_lost_connection_leaves_the_database_as_before_the_change() {
    let database = TestDatabase::empty().await;
    let blocked = Blocked::new(&database).await;
    let kill = async {
        let pid = blocked.waiting_backend().await;
        blocked.watcher.run_as(&Who::Owner, &format!("select pg_terminate_backend({pid})")).await;
    };
    let (outcome, ()) = tokio::join!(deploy_all(&database), kill);
    let error = outcome.unwrap_err().to_string();
    assert!(error.contains("migrations/deploy/11-files.sql"), "{error}");
    blocked.assert_a_second_run_succeeds(&database).await;
}

#[tokio::test]
async fn an_interrupted_command_ends_with_exit_code_2() {
    let database = TestDatabase::empty().await;
    let blocked = Blocked::new(&database).await;
    for signal in ["INT", "TERM", "KILL"] {
        let child = binary()
            .args(["migrate", "deploy"])
            .env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let backend = blocked.waiting_backend().await;
        send(&child, signal);
        let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        if signal == "KILL" {
            assert_eq!(output.status.code(), None);
        } else {
            assert_eq!(output.status.code(), Some(2), "{signal}: {text}");
            assert!(text.contains("interrupted"), "{signal}: {text}");
        }
        blocked.backend_ends(&backend).await;
    }
    blocked.assert_a_second_run_succeeds(&database).await;
}

fn send(child: &Child, signal: &str) {
    let sent =
        std::process::Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}
