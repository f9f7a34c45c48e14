//! What goes wrong, through the command as an operator runs it: a clear error, exit code 2, the database as it was, and a
//! second run that succeeds. A full disk is in `disk_full`, Ctrl-C and SIGKILL of the command in `interruption`.

use super::caller::{Door, Who};
use super::command_line::{Ran, run};
use super::deploy_to;
use super::interruption::waiting_backend;
use crate::support::TestDatabase;
use civic_os::cluster::{Cluster, ClusterOptions, Durability};
use civic_os::config::Secret;
use civic_os::migrate::{DeployOptions, Silent, dump_interface, log, status};

/// Everything that a failed command must leave alone, in lines: the catalogue without the server's roles, which other
/// databases share, the history, and what the log counts as done.
pub(super) async fn state(url: &Secret) -> Vec<String> {
    let mut interface = dump_interface(url).await.unwrap();
    interface.categories.remove("roles");
    let deployed =
        status(url).await.map(|status| status.deployed.into_iter().map(|entry| entry.change).collect::<Vec<_>>());
    let done = log(url).await.unwrap().into_iter().filter(|entry| entry.event != "fail").count();
    let mut lines: Vec<String> = interface.to_json().lines().map(str::to_owned).collect();
    lines.extend([format!("{deployed:?}"), format!("{done} events")]);
    lines
}

pub(super) async fn assert_untouched(url: &Secret, before: &[String], what: &str) {
    let after = state(url).await;
    let gone: Vec<&String> = before.iter().filter(|line| !after.contains(line)).collect();
    let new: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    assert!(gone.is_empty() && new.is_empty(), "{what}: gone {gone:#?}, new {new:#?}");
}

/// Runs a command that must fail with these words and touch nothing.
async fn refused(url: &Secret, args: &[&str], words: &[&str]) -> Ran {
    let before = state(url).await;
    let ran = run(Some(url.clone()), args).await;
    assert_eq!(ran.code, Some(2), "{args:?}: {}{}", ran.out, ran.err);
    for word in words {
        assert!(ran.err.contains(word), "{args:?}: {}", ran.err);
    }
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    assert_untouched(url, &before, &format!("{args:?}")).await;
    ran
}

async fn succeeds(url: &Secret, args: &[&str]) {
    let ran = run(Some(url.clone()), args).await;
    assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.out, ran.err);
}

#[tokio::test]
async fn unknown_changes_and_tags() {
    let database = TestDatabase::empty().await;
    deploy_to(&database, "03-timestamps-and-identifiers").await.unwrap();
    let url = database.owner_url();
    for target in ["99-nonsense", "@v9", "@HEAD~9", ""] {
        let words = ["there is no change or tag", "01-roles-and-schemas", "@v0.15.0"];
        refused(&url, &["migrate", "deploy", "--to", target], &words).await;
        refused(&url, &["migrate", "deploy", "--dry-run", "--to", target], &words).await;
        refused(&url, &["migrate", "revert", "-y", "--to", target], &words).await;
    }
    refused(&url, &["migrate", "deploy", "--to", "@HEAD^"], &["already deployed", "migrate revert"]).await;
    refused(&url, &["migrate", "revert", "-y", "--to", "08-statuses"], &["not deployed yet", "migrate deploy"]).await;
    succeeds(&url, &["migrate", "deploy", "--to", "04-request-identity"]).await;
    succeeds(&url, &["migrate", "revert", "-y", "--to", "@HEAD^"]).await;
    succeeds(&url, &["migrate", "deploy"]).await;
}

#[tokio::test]
async fn edited_files_and_registries_of_the_future() {
    let database = TestDatabase::create().await;
    let (url, door) = (database.owner_url(), Door::open(&database).await);
    let history = "civic_os_migrations.schema_history";
    for (break_it, words, mend_it) in [
        (
            format!("update {history} set checksum = '-' || checksum where version = 5"),
            &["05-roles-and-permissions", "never edited"][..],
            format!("update {history} set checksum = substr(checksum, 2) where version = 5"),
        ),
        (
            format!("update {history} set name = 'another' where version = 7"),
            &["07-entity-metadata"],
            format!("update {history} set name = 'entity_metadata' where version = 7"),
        ),
        (
            format!("insert into {history} values (900, 'of_the_future', '2030-01-01T00:00:00Z', '1')"),
            &["900-of-the-future", "newer than this build"],
            format!("delete from {history} where version = 900"),
        ),
    ] {
        door.run_as(&Who::Owner, &break_it).await;
        for args in [
            &["migrate", "deploy"][..],
            &["migrate", "deploy", "--dry-run"],
            &["migrate", "verify", "--full"],
            &["migrate", "revert", "--to", "@ROOT", "-y", "--discard-data"],
            &["migrate", "adopt"],
        ] {
            refused(&url, args, words).await;
        }
        door.run_as(&Who::Owner, &mend_it).await;
        succeeds(&url, &["migrate", "deploy"]).await;
        succeeds(&url, &["migrate", "verify"]).await;
    }
}

/// A privilege that the prerequisites cannot see, in the middle of a change.
#[tokio::test]
async fn privileges_that_are_missing_before_and_in_the_middle() {
    let _first = TestDatabase::create().await;
    let database = TestDatabase::empty().await;
    let door = Door::open(&database).await;
    let owner = door.value(&Who::Owner, "select current_user").await;
    let role = format!("{}_clerk", database.name());
    door.run_as(&Who::Owner, &format!("create role {role} login password '{}'", database.password())).await;
    let url = database.login_url(&role);
    let remedy = format!("ALTER DATABASE \"{}\" OWNER TO \"{role}\"", database.name());
    refused(&url, &["migrate", "deploy"], &["may not deploy", "cannot create schemas", &remedy]).await;
    door.run_as(&Who::Owner, &remedy).await;
    succeeds(&url, &["migrate", "deploy", "--to", "10-queue"]).await;

    door.run_as(&Who::Owner, &format!("alter table metadata.civic_os_users owner to {owner}")).await;
    let words = [
        "migrations/deploy/11-files.sql line",
        "permission denied",
        "SQLSTATE 42501",
        "Nothing of this file has been kept",
    ];
    refused(&url, &["migrate", "deploy"], &words).await;
    let failed = log(&url).await.unwrap();
    assert_eq!((failed[0].event.as_str(), failed[0].change.as_str()), ("fail", "11-files"));
    door.run_as(&Who::Owner, &format!("alter table metadata.civic_os_users owner to {role}")).await;
    succeeds(&url, &["migrate", "deploy"]).await;

    door.run_as(&Who::Owner, &format!("alter table metadata.notifications owner to {owner}")).await;
    let words = ["migrations/revert/18-notifications.sql line", "must be owner of"];
    refused(&url, &["migrate", "revert", "--to", "14-payments", "-y"], &words).await;
    door.run_as(&Who::Owner, &format!("alter table metadata.notifications owner to {role}")).await;
    succeeds(&url, &["migrate", "revert", "--to", "14-payments", "-y"]).await;
    door.run_as(
        &Who::Owner,
        &format!("alter database {} owner to {owner}; reassign owned by {role} to {owner}; drop owned by {role}; drop role {role}", database.name()),
    )
    .await;
}

#[tokio::test]
async fn connections_that_are_cut_in_the_middle() {
    let database = TestDatabase::empty().await;
    deploy_to(&database, "10-queue").await.unwrap();
    let (url, watcher) = (database.owner_url(), Door::open(&database).await);
    let holder = Door::open(&database).await;
    let cut = async |args: &'static [&'static str], words: &[&str]| {
        let before = state(&url).await;
        holder
            .client
            .batch_execute("begin; lock table metadata.civic_os_users in access exclusive mode")
            .await
            .unwrap();
        let ran = tokio::spawn(run(Some(url.clone()), args));
        let pid = waiting_backend(&watcher).await;
        watcher.run_as(&Who::Owner, &format!("select pg_terminate_backend({pid})")).await;
        let ran = ran.await.unwrap();
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        for word in words {
            assert!(ran.err.contains(word), "{args:?}: {}", ran.err);
        }
        holder.client.batch_execute("rollback").await.unwrap();
        assert_untouched(&url, &before, &format!("{args:?}")).await;
    };
    cut(&["migrate", "deploy"], &["migrations/deploy/11-files.sql line", "administrator command"]).await;
    succeeds(&url, &["migrate", "deploy"]).await;
    cut(&["migrate", "revert", "--to", "05-roles-and-permissions", "-y"], &["migrations/revert/"]).await;
    succeeds(&url, &["migrate", "revert", "--to", "05-roles-and-permissions", "-y"]).await;
}

/// The server itself dies, as on a machine without memory: it comes back, and so does the deploy.
#[tokio::test]
async fn a_killed_server_process_leaves_the_database_as_before_the_change() {
    let folder = tempfile::Builder::new().prefix("civic-os-killed-").tempdir().unwrap();
    let options = ClusterOptions { durability: Durability::None, ..ClusterOptions::new(folder.path()) };
    let cluster = Cluster::start(options).await.unwrap();
    let url = cluster.owner_tcp_url();
    let options = DeployOptions { to: Some("10-queue".into()), ..DeployOptions::default() };
    civic_os::migrate::deploy(&url, &options, &Silent).await.unwrap();
    let before = state(&url).await;
    let connect = async || {
        loop {
            // Recovering servers refuse for a moment.
            if let Ok((client, connection)) =
                tokio_postgres::connect(url.expose().unwrap(), tokio_postgres::NoTls).await
            {
                tokio::spawn(connection);
                return Door { client };
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let (holder, watcher) = (connect().await, connect().await);
    // This server promises nothing about a crash; what stands before it is to be on disk all the same.
    holder.client.batch_execute("checkpoint").await.unwrap();
    holder.client.batch_execute("begin; lock table metadata.civic_os_users in access exclusive mode").await.unwrap();
    let ran = tokio::spawn(run(Some(url.clone()), &["migrate", "deploy"]));
    let pid = waiting_backend(&watcher).await;
    assert!(std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    let ran = ran.await.unwrap();
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(
        ran.err.contains("migrations/deploy/11-files.sql line") && ran.err.contains("connection closed"),
        "{}",
        ran.err
    );
    drop(connect().await);
    assert_untouched(&url, &before, "after the crash").await;
    succeeds(&url, &["migrate", "deploy"]).await;
    succeeds(&url, &["migrate", "verify", "--full"]).await;
    cluster.stop().await.unwrap();
}
