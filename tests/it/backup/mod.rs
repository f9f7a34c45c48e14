//! `civic-os backup`: what is dumped comes back, row by row; what is damaged, locked or occupied is refused.

mod beside;
mod bucket;
mod files;

use crate::store::{ACCESS_KEY, BUCKET, SECRET_KEY};
use crate::support::{ServerProcess, TestApp, TestDatabase};
use civic_os::backup::{
    self, BackupError, CreateOptions, Files, FilesFrom, Manifest, RestoreOptions, Source, VerifyOptions, create, list,
    prune, restore, verify,
};
use civic_os::config::Secret;
use civic_os::db::{ConnectionString, connect_to};
use civic_os::store::{Attributes, Folder, StoreError, visit_objects};
use nix::sys::signal::Signal;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

struct World {
    database: TestDatabase,
    folder: TempDir,
    targets: Vec<String>,
}

impl World {
    async fn new(example: Option<&str>) -> Self {
        let database = match example {
            Some(name) => TestDatabase::with_example(name).await,
            None => TestDatabase::create().await,
        };
        Self { database, folder: tempfile::tempdir().expect("folder"), targets: Vec::new() }
    }

    /// The program with this database and data folder: exit code, output, errors.
    fn civic_os(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_civic-os"))
            .args(arguments)
            .env("CIVIC_OS_DATABASE__OWNER_URL", self.database.owner_url().expose().expect("URL"))
            .env("CIVIC_OS_DATA_DIR", self.folder.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("run");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    fn backups(&self) -> PathBuf {
        self.folder.path().join("backups")
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn create_options(&self) -> CreateOptions {
        CreateOptions {
            owner_url: self.database.owner_url(),
            folder: self.backups(),
            files: Files::Folder { path: self.store(), bucket: BUCKET.into() },
            age_recipients: Vec::new(),
        }
    }

    fn restore_options(&mut self, source: Source) -> RestoreOptions {
        let name = format!("{}_restored_{}", self.database.name(), self.targets.len());
        self.targets.push(name.clone());
        RestoreOptions {
            owner_url: self.database.owner_url(),
            folder: self.backups(),
            source,
            database: Some(name),
            files: Files::Folder { path: self.folder.path().join("restored-store"), bucket: BUCKET.into() },
            into_used_store: true,
            only_files: false,
            identity: None,
        }
    }

    fn verify_options(&self) -> VerifyOptions {
        VerifyOptions {
            owner_url: self.database.owner_url(),
            folder: self.backups(),
            name: "latest".into(),
            identity: None,
        }
    }

    async fn one(&self, database: &str, query: &str) -> String {
        let url = self.database.owner_url();
        let target = ConnectionString::parse(url.expose().expect("URL")).expect("URL").with_database(database);
        connect_to(&target).await.expect("connect").query_one(query, &[]).await.expect("query").get(0)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for target in std::mem::take(&mut self.targets) {
            let url = self.database.owner_url();
            let _ = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
                runtime.block_on(async {
                    let owner = ConnectionString::parse(url.expose().expect("URL")).expect("URL");
                    let client = connect_to(&owner.with_database("postgres")).await.expect("connect");
                    let _ = client.batch_execute(&format!("drop database if exists {target} with (force)")).await;
                });
            })
            .join();
        }
    }
}

fn store_one(folder: &Path, key: &str, mut bytes: &[u8]) {
    let folder = Folder::open(folder).expect("the store's folder");
    folder.put(BUCKET, key, Attributes::default(), &mut bytes).expect("stored");
}

fn part(world: &World, manifest: &Manifest, name: &str) -> PathBuf {
    world.backups().join(&manifest.name).join(name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disaster_and_back_same_rows_same_files_same_rights() {
    let mut world = World::new(Some("town")).await;
    store_one(&world.store(), "a/photo one.jpg", b"not really a photo");
    let manifest = create(&world.create_options()).await.expect("backup");
    assert_eq!((manifest.stored_files, manifest.stored_bytes, manifest.files_from), (Some(1), 18, FilesFrom::Folder));
    assert!(manifest.rows() > 100, "{}", manifest.rows());
    let digest = "select md5(string_agg(t::text, E'\\n' order by t::text)) from metadata.properties t";
    let before = world.one(world.database.name(), digest).await;

    // What happens after the snapshot is not in it.
    world.database.execute("delete from metadata.properties").await;
    let options = world.restore_options(Source::Backup("latest".into()));
    let report = restore(&options).await.expect("restore");
    assert_eq!((report.rows, report.tables, report.files), (manifest.rows(), manifest.tables.len(), Some(1)));
    assert_eq!(world.one(&report.database, digest).await, before);
    let mut restored = Vec::new();
    visit_objects::<StoreError>(&world.folder.path().join("restored-store"), |mut object| {
        let mut text = String::new();
        object.bytes.read_to_string(&mut text).expect("text");
        restored.push((object.bucket, object.key, text));
        Ok(())
    })
    .expect("the store");
    assert_eq!(restored, [(BUCKET.into(), "a/photo one.jpg".into(), "not really a photo".into())]);
    // Rights came along: the schema is what the migrations made, to the letter.
    let mut url = url::Url::parse(world.database.owner_url().expose().expect("URL")).expect("URL");
    url.set_path(&report.database);
    let verified =
        civic_os::migrate::verify(&Secret::new(url.to_string()), civic_os::migrate::VerifyOptions { full: true })
            .await
            .expect("verify");
    assert!(verified.is_healthy(), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_restores_elsewhere_and_leaves_nothing() {
    let world = World::new(None).await;
    let manifest = create(&world.create_options()).await.expect("backup");
    let report = verify(&world.verify_options()).await.expect("verify");
    assert!(report.restored);
    assert_eq!((report.tables, report.rows), (manifest.tables.len(), manifest.rows()));
    let scratch = "select count(*)::text from pg_database where datname like 'civic\\_os\\_verify\\_%' \
                   and datname not in (select datname from pg_stat_activity where datname is not null)";
    assert_eq!(world.one("postgres", scratch).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_and_named() {
    let mut world = World::new(None).await;
    let manifest = create(&world.create_options()).await.expect("backup");
    let dump = part(&world, &manifest, "database.dump");
    let mut bytes = std::fs::read(&dump).expect("dump");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&dump, &bytes).expect("write");
    let error = verify(&world.verify_options()).await.expect_err("one bit");
    assert!(error.to_string().contains("database.dump is damaged"), "{error}");
    let options = world.restore_options(Source::Backup(manifest.name.clone()));
    assert!(matches!(restore(&options).await, Err(BackupError::Damaged { .. })));
    bytes.truncate(middle);
    std::fs::write(&dump, &bytes).expect("write");
    let error = verify(&world.verify_options()).await.expect_err("truncated");
    assert!(error.to_string().contains("bytes instead of"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_or_store_with_something_in_it_is_not_touched() {
    let mut world = World::new(None).await;
    create(&world.create_options()).await.expect("backup");
    let mut options = world.restore_options(Source::Backup("latest".into()));
    options.database = None;
    let error = restore(&options).await.expect_err("the original");
    assert!(matches!(error, BackupError::Occupied { .. }), "{error}");
    assert!(error.to_string().contains("--database"), "{error}");
    let mut options = world.restore_options(Source::Backup("latest".into()));
    store_one(&world.store(), "x", b"x");
    options.files = Files::Folder { path: world.store(), bucket: BUCKET.into() };
    assert!(matches!(restore(&options).await, Err(BackupError::StoreOccupied { .. })));
    let error =
        restore(&world.restore_options(Source::Backup("civic-os-19990101T000000Z".into()))).await.expect_err("unknown");
    assert!(error.to_string().contains("civic-os backup list"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn encrypted_backups_need_the_key_and_nothing_else_opens_them() {
    use age::secrecy::ExposeSecret as _;
    let mut world = World::new(None).await;
    let (key, other) = (age::x25519::Identity::generate(), age::x25519::Identity::generate());
    let identity = world.folder.path().join("key.txt");
    let write = |key: &age::x25519::Identity| {
        std::fs::write(&identity, format!("# public key: {}\n{}\n", key.to_public(), key.to_string().expose_secret()))
            .expect("key");
    };
    let mut options = world.create_options();
    options.age_recipients = vec![key.to_public().to_string()];
    std::fs::create_dir_all(world.store()).expect("folder");
    let manifest = create(&options).await.expect("backup");
    let dump = std::fs::read(part(&world, &manifest, "database.dump.age")).expect("dump");
    assert!(dump.starts_with(b"age-encryption.org/v1"));
    assert!(!part(&world, &manifest, "database.dump").exists());

    assert!(!verify(&world.verify_options()).await.expect("checksums").restored);
    let mut restoring = world.restore_options(Source::Backup("latest".into()));
    assert!(matches!(restore(&restoring).await, Err(BackupError::NeedsIdentity { .. })));
    write(&other);
    let with_key = |world: &World| VerifyOptions { identity: Some(identity.clone()), ..world.verify_options() };
    assert!(matches!(verify(&with_key(&world)).await, Err(BackupError::Encryption { .. })), "a wrong key");
    write(&key);
    assert!(verify(&with_key(&world)).await.expect("verify").restored);
    restoring.identity = Some(identity.clone());
    restoring.database = Some(format!("{}_sealed", world.database.name()));
    world.targets.push(restoring.database.clone().expect("name"));
    assert_eq!(restore(&restoring).await.expect("restore").rows, manifest.rows());

    options.age_recipients = vec!["age1nonsense".into()];
    let error = create(&options).await.expect_err("no key");
    assert!(error.to_string().contains("backup.age_recipients"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_dump_of_an_earlier_installation_comes_back() {
    let mut world = World::new(Some("town")).await;
    let url = world.database.owner_url();
    let owner = ConnectionString::parse(url.expose().expect("URL")).expect("URL");
    let file = world.folder.path().join("civic_os_backup.sql.gz");
    let bin = Path::new(&std::env::var("PG_BIN").unwrap_or_else(|_| newest_bin())).join("pg_dump");
    let script = format!("set -o pipefail; '{}' | gzip > '{}'", bin.display(), file.display());
    let done = Command::new("bash").args(["-c", &script]).envs(owner.libpq_environment()).stdin(Stdio::null()).status();
    assert!(done.expect("pg_dump").success());
    let before = world.one(world.database.name(), "select count(*)::text from metadata.properties").await;
    let options = world.restore_options(Source::PlainDump(file.clone()));
    let report = restore(&options).await.expect("restore");
    assert_eq!(world.one(&report.database, "select count(*)::text from metadata.properties").await, before);

    std::fs::write(&file, b"no gzip").expect("write");
    let options = world.restore_options(Source::PlainDump(file));
    assert!(restore(&options).await.is_err());
    let empty = "select count(*)::text from pg_class where relnamespace = 'public'::regnamespace";
    assert_eq!(world.one(options.database.as_deref().expect("name"), empty).await, "0", "nothing half restored");
}

fn newest_bin() -> String {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| {
            entries.flatten().map(|entry| entry.path().join("bin")).filter(|bin| bin.join("pg_dump").exists()).collect()
        })
        .unwrap_or_default();
    found.sort();
    found.pop().map_or_else(|| "/usr/bin".to_owned(), |bin| bin.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn old_backups_go_the_newest_stays_and_leftovers_are_no_backups() {
    let world = World::new(None).await;
    let first = create(&world.create_options()).await.expect("backup");
    // As a process that was killed would leave it.
    std::fs::create_dir(world.backups().join(".partial-civic-os-20260101T020000.000Z")).expect("folder");
    let second = create(&world.create_options()).await.expect("backup");
    let names = |listed: Vec<backup::Listed>| listed.into_iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(list(&world.backups()).expect("list")), [second.name.clone(), first.name.clone()]);
    assert!(!world.backups().join(".partial-civic-os-20260101T020000.000Z").exists());

    let later = OffsetDateTime::now_utc() + Duration::days(31);
    let rehearsal = prune(&world.backups(), 30, true, later).expect("prune");
    assert_eq!((rehearsal.removed, rehearsal.kept), (vec![first.name.clone()], 1));
    assert_eq!(list(&world.backups()).expect("list").len(), 2);
    prune(&world.backups(), 30, false, later).expect("prune");
    assert_eq!(names(list(&world.backups()).expect("list")), [second.name]);
    assert!(prune(&world.backups(), 30, false, OffsetDateTime::now_utc()).expect("prune").removed.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_what_was_done_in_text_and_json() {
    let world = World::new(None).await;
    let run = |arguments: &[&str]| world.civic_os(&[&["backup"], arguments].concat(), &[]);
    let (code, text, _) = run(&["list"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("holds no backup yet"), "{text}");
    let (code, _, error) = run(&["verify"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("civic-os backup create"), "{error}");
    let (code, text, error) = run(&["create", "--json"]);
    assert_eq!(code, Some(0), "{error}");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let name = document["backup"]["name"].as_str().expect("name").to_owned();
    let (_, text, _) = run(&["list"]);
    assert!(text.contains(&name), "{text}");
    let (code, text, error) = run(&["verify"]);
    assert_eq!((code, text.contains("is good")), (Some(0), true), "{text}{error}");
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(world.backups()).expect("folder"));
    assert_eq!(mode & 0o777, 0o700, "nobody else reads a backup");
}

/// As in Compose: the process that is asked sees a file, and no backup.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_cannot_read_backups_tells_how_old_the_newest_is() {
    let world = World::new(None).await;
    let shared = world.folder.path().join("shared");
    std::fs::create_dir(&shared).expect("folder");
    let file = shared.join("newest-backup");
    let told = file.to_str().expect("path").to_owned();
    let app = TestApp::spawn_roles(TestDatabase::create().await, &["api"], |config| {
        config.backup.newest_file = Some(told.clone().into());
    })
    .await;
    let figure = async || {
        let answer = app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("an answer");
        let text = answer.text().await.expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix("civic_os_backup_newest_timestamp_seconds "));
        line.map(|at| at.parse::<i64>().expect("a number"))
    };
    assert_eq!(figure().await, None, "none was made");
    let variables = [("CIVIC_OS_BACKUP__NEWEST_FILE", told.as_str())];
    let (code, _, error) = world.civic_os(&["backup", "create"], &variables);
    assert_eq!(code, Some(0), "{error}");
    let made = list(&world.backups()).expect("list").remove(0);
    let created = OffsetDateTime::parse(&made.created_at, &Rfc3339).expect("a time");
    assert_eq!(figure().await, Some(created.unix_timestamp()));
    let names: Vec<_> = std::fs::read_dir(&shared).expect("folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["newest-backup"], "nothing else lies there");

    // One that does not reach its bucket changes nothing there; one whose time cannot be told is a backup.
    let nowhere = [
        variables[0],
        ("CIVIC_OS_BACKUP__S3_BUCKET", BUCKET),
        ("CIVIC_OS_BACKUP__S3_ENDPOINT", "http://127.0.0.1:9"),
        ("CIVIC_OS_BACKUP__S3_ACCESS_KEY_ID", ACCESS_KEY),
        ("CIVIC_OS_BACKUP__S3_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    assert_eq!(world.civic_os(&["backup", "create"], &nowhere).0, Some(2));
    assert_eq!(figure().await, Some(created.unix_timestamp()));
    let (code, text, error) =
        world.civic_os(&["backup", "create"], &[("CIVIC_OS_BACKUP__NEWEST_FILE", "/nowhere/newest")]);
    assert_eq!(code, Some(0), "{text}{error}");
    assert!(format!("{text}{error}").contains("backup.newest_file"), "{text}{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_a_day_the_first_at_once_until_it_is_told_to_stop() {
    let world = World::new(None).await;
    // Half a day from now, so that no turn comes up meanwhile.
    let at = OffsetDateTime::now_utc() + Duration::hours(12);
    let at = format!("{:02}:{:02}", at.hour(), at.minute());
    for makes_one in [true, false] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_civic-os"));
        command
            .args(["backup", "create", "--daily-at", &at])
            .env("CIVIC_OS_DATABASE__OWNER_URL", world.database.owner_url().expose().expect("URL"))
            .env("CIVIC_OS_DATA_DIR", world.folder.path());
        let mut process = ServerProcess::spawn(command, tempfile::tempdir().expect("folder"));
        process.says("The next backup is due at").await;
        assert_eq!(process.log().contains(" tables, "), makes_one, "{}", process.log());
        process.signal(Signal::SIGTERM);
        assert_eq!(process.ended().await.code(), Some(0), "{}", process.log());
        assert_eq!(list(&world.backups()).expect("list").len(), 1);
    }
    let (code, _, error) = world.civic_os(&["backup", "create", "--daily-at", "2"], &[]);
    assert!(code == Some(1) && error.contains("as in 02:00"), "{error}");
}
