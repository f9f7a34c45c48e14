//! The verbs as an operator calls them: exit codes and JSON.

use super::caller::{Door, Who};
use crate::support::{TestDatabase, binary, binary_path};
use civic_os::config::Secret;
use civic_os::migrate::status;
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;

/// How a command ended.
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Ran {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

/// Runs the binary, as the owner of this database if there is one.
pub(super) fn run(url: Option<Secret>, args: &[&str]) -> impl Future<Output = Ran> + Send + use<> {
    let mut command = binary();
    command.args(args);
    let ended = tokio::task::spawn_blocking(move || {
        if let Some(url) = url {
            command.env("CIVIC_OS_DATABASE__OWNER_URL", url.expose().unwrap());
        }
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    });
    async { ended.await.unwrap() }
}

#[tokio::test]
async fn verbs_answer_with_the_documented_exit_codes() {
    let database = TestDatabase::empty().await;
    let url = || Some(database.owner_url());
    let none = run(None, &["migrate", "deploy"]).await;
    assert_eq!(none.code, Some(1), "{}", none.err);
    assert!(none.err.contains("database.owner_url"), "{}", none.err);
    assert_eq!(run(url(), &["migrate", "status"]).await.code, Some(0));
    assert_eq!(run(url(), &["migrate", "status", "--check"]).await.code, Some(3));
    let unknown = run(url(), &["migrate", "deploy", "--to", "@v9"]).await;
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("there is no change or tag `@v9`"), "{}", unknown.err);

    let deployed = run(url(), &["migrate", "deploy", "--verify", "--json"]).await;
    assert_eq!(deployed.code, Some(0), "{}", deployed.err);
    assert_eq!(deployed.json()["deployed"][0]["change"], "01-roles-and-schemas");
    assert_eq!(run(url(), &["migrate", "status", "--check"]).await.code, Some(0));
    assert_eq!(run(url(), &["migrate", "log", "--json"]).await.json()[0]["event"], "deploy");
    let verified = run(url(), &["migrate", "verify", "--full", "--json"]).await;
    assert_eq!((verified.code, verified.json()["drift"].as_array().unwrap().len()), (Some(0), 0), "{}", verified.out);
    assert!(run(url(), &["db", "dump-interface"]).await.json()["categories"]["tables"]["metadata.roles"].is_object());

    let door = Door::open(&database).await;
    door.run_as(&Who::Owner, "drop index metadata.idx_files_created").await;
    let drifted = run(url(), &["migrate", "verify"]).await;
    assert_eq!(drifted.code, Some(2));
    assert!(
        drifted.out.contains("NOT OK  11-files")
            && drifted.out.contains("indexes metadata.files.idx_files_created is missing"),
        "{}",
        drifted.out
    );

    // A history that this build does not know, and one that it knows otherwise: nothing is touched.
    door.run_as(
        &Who::Owner,
        "insert into civic_os_migrations.schema_history values (900, 'of_the_future', '2030-01-01T00:00:00Z', '1')",
    )
    .await;
    for verb in [&["migrate", "deploy"][..], &["migrate", "revert", "--to", "@ROOT", "-y"]] {
        let future = run(url(), verb).await;
        assert_eq!(future.code, Some(2), "{verb:?}");
        assert!(future.err.contains("900-of-the-future"), "{}", future.err);
    }
    door.run_as(
        &Who::Owner,
        "delete from civic_os_migrations.schema_history where version = 900;
         update civic_os_migrations.schema_history set checksum = '-' || checksum where version = 5",
    )
    .await;
    for verb in [&["migrate", "deploy"][..], &["migrate", "revert", "--to", "@ROOT", "-y"]] {
        let edited = run(url(), verb).await;
        assert_eq!(edited.code, Some(2), "{verb:?}");
        assert!(edited.err.contains("05-roles-and-permissions"), "{}", edited.err);
    }
    door.run_as(
        &Who::Owner,
        "update civic_os_migrations.schema_history set checksum = substr(checksum, 2) where version = 5",
    )
    .await;

    let silent = run(url(), &["migrate", "revert", "--to", "@HEAD^"]).await;
    assert_eq!(silent.code, Some(2), "nobody to ask");
    assert!(silent.err.contains("repeat with -y"), "{}", silent.err);
    let reverted = run(url(), &["migrate", "revert", "--to", "@HEAD^", "-y", "--json"]).await;
    assert_eq!(
        (reverted.code, reverted.json()["reverted"].as_array().unwrap().len()),
        (Some(0), 1),
        "{}",
        reverted.err
    );
    assert_eq!(run(url(), &["migrate", "adopt"]).await.code, Some(2));
}

/// `--json` everywhere: standard output is one document, and nothing else.
#[tokio::test]
async fn every_verb_answers_in_json() {
    let database = TestDatabase::empty().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("01_things.sql"), "create table things (id int)").unwrap();
    let json = async |args: &[&str]| {
        let ran = run(Some(database.owner_url()), args).await;
        assert_eq!(ran.code, Some(0), "{args:?}: {}{}", ran.out, ran.err);
        ran.json()
    };
    let status = json(&["migrate", "status", "--json"]).await;
    let total = status["pending"].as_array().unwrap().len();
    assert_eq!(status["deployed"], serde_json::json!([]));
    let trial = json(&["migrate", "deploy", "--dry-run", "--json"]).await;
    assert_eq!((trial["deployed"].as_array().unwrap().len(), &trial["dry_run"]), (total, &Value::Bool(true)));
    assert_eq!(json(&["migrate", "status", "--json"]).await, status, "a dry run does nothing");
    let deployed = json(&["migrate", "--json", "deploy"]).await;
    assert_eq!(deployed["deployed"].as_array().unwrap().len(), total);
    assert_eq!(json(&["migrate", "deploy", "--json"]).await["already_deployed"], total);
    assert_eq!(json(&["migrate", "status", "--check", "--json"]).await["pending"], serde_json::json!([]));
    assert_eq!(json(&["migrate", "verify", "--json"]).await["full"], false);
    let full = json(&["migrate", "verify", "--full", "--json"]).await;
    assert_eq!((&full["full"], &full["drift"]), (&Value::Bool(true), &serde_json::json!([])));
    assert_eq!(json(&["migrate", "log", "--json"]).await.as_array().unwrap().len(), total);
    let trial = json(&["app", "apply", folder.path().to_str().unwrap(), "--dry-run", "--json"]).await;
    assert_eq!(trial["applied"][0]["file"], "01_things.sql");
    let applied = json(&["app", "apply", folder.path().to_str().unwrap(), "--json"]).await;
    assert_eq!((&applied["dry_run"], &applied["applied"][0]["statements"]), (&Value::Bool(false), &1.into()));
    let trial = json(&["migrate", "revert", "--to", "@v0.15.0", "--dry-run", "--json"]).await;
    let back = json(&["migrate", "revert", "--to", "@v0.15.0", "-y", "--json"]).await;
    assert_eq!(back["reverted"], trial["reverted"]);
    assert_eq!(
        json(&["migrate", "revert", "--to", "@v0.15.0", "-y", "--json"]).await["reverted"],
        serde_json::json!([])
    );
    assert_eq!(json(&["db", "dump-interface"]).await["format"], 1);
}

/// On a terminal (that `script` makes) the person is asked.
#[tokio::test]
async fn a_revert_asks_and_only_yes_is_consent() {
    let database = TestDatabase::create().await;
    let total = status(&database.owner_url()).await.unwrap().deployed.len();
    for (answer, code, left) in [("n\n", 2, total), ("\n", 2, total), ("y\n", 0, total - 1)] {
        let mut command = std::process::Command::new("script");
        let line = format!("{} migrate revert --to @HEAD^", binary_path().display());
        command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().unwrap());
        let output = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().expect("script of util-linux");
            child.stdin.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
            child.wait_with_output().unwrap()
        });
        let output = output.await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(code), "{answer:?}: {text}");
        assert!(text.contains("21-web") && text.contains("Go on? [y/N]"), "{text}");
        assert_eq!(status(&database.owner_url()).await.unwrap().deployed.len(), left, "{answer:?}");
    }
}

/// `CIVIC_OS_VERIFY_FULL=true`, the name of release 0.15's container: a deploy ends with the comparison of the catalogue.
#[tokio::test]
async fn full_verification_can_be_switched_on_by_the_environment() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let verified = async |args: &[&str]| {
        let mut command = binary();
        command.args(args).env("CIVIC_OS_VERIFY_FULL", "true");
        command.env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().unwrap());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, out) = verified(&["migrate", "verify"]).await;
    assert!(code == Some(0) && out.contains("Whole catalogue: as expected"), "{out}");
    door.run_as(&Who::Owner, "alter table metadata.statuses add column extra text").await;
    for args in [&["migrate", "verify"][..], &["migrate", "deploy"]] {
        let (code, out) = verified(args).await;
        assert!(code == Some(2) && out.contains("+ columns metadata.statuses.extra"), "{args:?}: {out}");
    }
}
