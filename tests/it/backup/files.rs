//! Uploaded files in backups: out of a bucket and out of the embedded store, while they are served; back into either.

use super::World;
use crate::store::{ACCESS_KEY, BUCKET, SECRET_KEY, TestStore, http, options};
use civic_os::backup::{
    BackupError, CreateOptions, Files, FilesFrom, RestoreOptions, RestoreReport, Source, create, list, restore, verify,
};
use civic_os::files::{Storage, StorageError, StorageOptions};
use civic_os::store::ObjectStore;
use std::collections::BTreeMap;
use std::net::TcpListener;

/// Larger than what is asked for at once (8 MB), and no multiple of it.
pub(super) const LARGE: usize = 19 * 1024 * 1024 + 7;

/// A store that takes large objects, with two buckets.
pub(super) fn roomy_store() -> TestStore {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let mut settings = options(folder.path(), true);
    settings.largest_object = 64 * 1024 * 1024;
    settings.buckets.push("elsewhere".into());
    let store = ObjectStore::start(settings, vec![listener]).expect("a store");
    TestStore { store: Some(store), endpoint, folder }
}

/// Bytes that differ from piece to piece.
pub(super) fn content(number: usize, size: usize) -> Vec<u8> {
    (0..size).map(|at| (at.wrapping_mul(31) / 7 + number) as u8).collect()
}

/// Everything that a bucket holds: type and bytes by key.
pub(super) async fn everything(storage: &Storage) -> BTreeMap<String, (String, Vec<u8>)> {
    let mut all = BTreeMap::new();
    let mut after = None;
    loop {
        let (page, next) = storage.list(after).await.expect("a listing");
        for object in page {
            let bucket = storage.bucket_name();
            let info = storage.head(bucket, &object.key).await.expect("there");
            let bytes = storage.get(bucket, &object.key).await.expect("readable");
            all.insert(object.key, (info.content_type, bytes.to_vec()));
        }
        match next {
            Some(token) => after = Some(token),
            None => return all,
        }
    }
}

/// Uploads that rows name: ten small ones with previews, a large one, an empty one.
pub(super) async fn fill(world: &World, storage: &Storage) -> usize {
    let (bucket, mut objects) = (storage.bucket_name(), 0);
    for number in 0..12 {
        let size = [5_000, LARGE, 0][usize::from(number == 10) + 2 * usize::from(number == 11)];
        let key = format!("issues/{number}/ünï & more/original.bin");
        let small = format!("issues/{number}/thumb-small.jpg");
        storage.put(bucket, &key, &content(number, size), "application/x-test").await.expect("stored");
        storage.put(bucket, &small, &content(number, 300), "image/jpeg").await.expect("stored");
        objects += 2;
        world
            .database
            .execute(&format!(
                "insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, s3_thumbnail_small_key, thumbnail_status)
                 values ('issues', '{number}', 'original.bin', 'application/x-test', {size}, '{bucket}', '{key}', '{small}', 'completed')"
            ))
            .await;
    }
    objects
}

impl World {
    pub(super) fn of_bucket(&self, storage: &StorageOptions) -> CreateOptions {
        CreateOptions { files: Files::Bucket(storage.clone()), ..self.create_options() }
    }

    pub(super) async fn back(&mut self, files: Files) -> RestoreReport {
        let options = RestoreOptions { files, ..self.restore_options(Source::Backup("latest".into())) };
        restore(&options).await.expect("restored")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_bucket_go_into_the_backup_and_into_another_bucket_or_store() {
    let mut world = World::new(None).await;
    let store = roomy_store();
    let storage = store.storage();
    let objects = fill(&world, &storage).await;
    let before = everything(&storage).await;
    // What no row names is not this application's; what a row names may be gone.
    storage.put(BUCKET, "somebody/else.txt", b"foreign", "text/plain").await.expect("stored");
    world
        .database
        .execute(&format!(
            "insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
             values ('issues', '99', 'gone', 'text/plain', 1, '{BUCKET}', 'issues/99/gone', 'completed'),
                    ('issues', '98', 'foreign', 'text/plain', 1, 'not-this-one', 'issues/98/foreign', 'completed')"
        ))
        .await;
    let manifest = create(&world.of_bucket(&store.storage_options())).await.expect("a backup");
    let bytes: usize = before.values().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!(
        (manifest.stored_files, manifest.stored_bytes, manifest.missing_files, manifest.files_from),
        (Some(objects as u64), bytes as u64, 2, FilesFrom::Bucket)
    );
    assert_eq!(verify(&world.verify_options()).await.expect("verified").files, Some(objects as u64));

    // The disaster: database and store are lost. Another store, where the bucket has another name.
    drop(store);
    let other = roomy_store();
    let target = StorageOptions { bucket: "elsewhere".into(), ..other.storage_options() };
    let elsewhere = Storage::new(target.clone()).expect("access");
    let report = world.back(Files::Bucket(target.clone())).await;
    assert_eq!((report.rows, report.files, report.moved_rows), (manifest.rows(), Some(objects as u64), 13));
    assert_eq!(everything(&elsewhere).await, before, "same keys, types and bytes");
    let named = "select string_agg(b, ',' order by b) from (select distinct s3_bucket::text b from metadata.files) x";
    assert_eq!(world.one(&report.database, named).await, "elsewhere,not-this-one");

    // Once more, files only: nothing is written twice, nothing that differs is replaced, what is missing comes back.
    elsewhere.put("elsewhere", "issues/3/thumb-small.jpg", b"drawn anew", "image/jpeg").await.expect("stored");
    elsewhere.delete("elsewhere", "issues/4/thumb-small.jpg").await.expect("deleted");
    // Of the same size, but not the same: a small one, and a large one that differs in its last byte.
    let (small, large) = ("issues/5/thumb-small.jpg", "issues/10/ünï & more/original.bin");
    elsewhere.put("elsewhere", small, &content(77, 300), "image/jpeg").await.expect("stored");
    let mut changed = before[large].1.clone();
    changed[LARGE - 1] ^= 1;
    elsewhere.put("elsewhere", large, &changed, "application/x-test").await.expect("stored");
    let again = RestoreOptions {
        files: Files::Bucket(target),
        only_files: true,
        database: Some(report.database.clone()),
        ..world.restore_options(Source::Backup("latest".into()))
    };
    let again = restore(&again).await.expect("restored");
    let all = objects as u64;
    assert_eq!((again.files, again.present_files, again.different_files), (Some(all - 3), all - 4, 3));
    let after = everything(&elsewhere).await;
    assert_eq!(after["issues/3/thumb-small.jpg"].1, b"drawn anew");
    assert!(after[small].1 == content(77, 300) && after[large].1 == changed, "they stay as they are");

    // The same backup into the folder of an embedded store, which then serves it.
    let folder = tempfile::tempdir().expect("a folder");
    let report = world.back(Files::Folder { path: folder.path().to_owned(), bucket: BUCKET.into() }).await;
    assert_eq!((report.files, report.moved_rows), (Some(all), 0));
    let mut embedded = TestStore { store: None, endpoint: String::new(), folder };
    embedded.reopen().await;
    assert_eq!(everything(&embedded.storage()).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_is_backed_up_while_it_is_written_to() {
    let mut world = World::new(None).await;
    let store = TestStore::start(true);
    let storage = store.storage();
    for number in 0..50 {
        let key = format!("t/{number}/original");
        storage.put(BUCKET, &key, &content(number, 2_000), "image/png").await.expect("stored");
    }
    let before = everything(&storage).await;
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let writer = {
        let storage = storage.clone();
        tokio::spawn(async move {
            let mut written = 0;
            while !*stopped.borrow_and_update() {
                let key = format!("w/{}", written % 7);
                storage.put(BUCKET, &key, &content(written, 500), "image/png").await.expect("stored");
                storage.delete(BUCKET, &format!("w/{}", (written + 3) % 7)).await.expect("deleted");
                written += 1;
            }
            written
        })
    };
    let mut options = world.create_options();
    options.files = Files::Folder { path: store.folder.path().to_owned(), bucket: BUCKET.into() };
    for _ in 0..3 {
        let manifest = create(&options).await.expect("a backup of a busy store");
        assert!(manifest.stored_files >= Some(50), "{:?}", manifest.stored_files);
    }
    stop.send(true).expect("the writer listens");
    assert!(writer.await.expect("the writer") > 0);

    let folder = tempfile::tempdir().expect("a folder");
    let target = Files::Folder { path: folder.path().to_owned(), bucket: BUCKET.into() };
    world.back(target.clone()).await;
    let mut restored = TestStore { store: None, endpoint: String::new(), folder };
    restored.reopen().await;
    let mut after = everything(&restored.storage()).await;
    after.retain(|key, _| key.starts_with("t/"));
    assert_eq!(after, before);

    // A folder that a process serves is not written to.
    let busy = RestoreOptions { files: target, ..world.restore_options(Source::Backup("latest".into())) };
    assert!(matches!(restore(&busy).await, Err(BackupError::StoreOccupied { .. } | BackupError::Store(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_leaves_no_backup_and_a_switch_leaves_files_out() {
    let world = World::new(None).await;
    let store = roomy_store();
    fill(&world, &store.storage()).await;
    let mut wrong = store.storage_options();
    wrong.secret_access_key = civic_os::config::Secret::new("another");
    let error = create(&world.of_bucket(&wrong)).await.expect_err("a wrong key");
    assert!(matches!(&error, BackupError::Storage(StorageError::Refused { .. })), "{error:?}");
    assert!(error.to_string().contains("backup.files"), "{error}");
    assert!(list(&world.backups()).expect("list").is_empty());
    let left = std::fs::read_dir(world.backups()).expect("folder").flatten();
    assert_eq!(left.filter(|entry| entry.path().is_dir()).count(), 0, "no half of a backup");

    let run = |arguments: &[&str], files: &str| {
        let variables = [
            ("CIVIC_OS_BACKUP__FILES", files),
            ("S3_BUCKET", BUCKET),
            ("S3_ENDPOINT", &store.endpoint),
            ("S3_ACCESS_KEY_ID", ACCESS_KEY),
            ("S3_SECRET_ACCESS_KEY", SECRET_KEY),
        ];
        world.civic_os(arguments, &variables)
    };
    let (code, text, error) = run(&["backup", "create"], "true");
    assert_eq!(code, Some(0), "{error}");
    assert!(text.contains("24 uploaded files and previews"), "{text}");
    let (code, text, error) = run(&["backup", "create", "--json"], "false");
    assert_eq!(code, Some(0), "{error}");
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let (from, number) = (&document["backup"]["files_from"], &document["backup"]["stored_files"]);
    assert_eq!((from.as_str(), number.is_null()), (Some("left_out"), true), "{text}");
    let (code, _, error) = run(&["backup", "restore", "latest", "--only-files"], "true");
    assert_eq!((code, error.contains("has no files of a store")), (Some(2), true), "{error}");
    assert_eq!(run(&["backup", "create", "--no-files", "--no-prune"], "true").0, Some(0));

    let doctor = |files: &str| run(&["doctor", "--role", "migrate", "--json"], files).1;
    assert!(doctor("false").contains("are in no backup (backup.files = false)"), "{}", doctor("false"));
    let report = doctor("true");
    assert!(
        report.contains("they contain the files in the bucket") && report.contains("the newest is 0 hours old"),
        "{report}"
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "store: needs moto"]
async fn files_of_a_foreign_store_go_into_the_backup_and_back() {
    let endpoint = std::env::var("CIVIC_OS_TEST_S3").expect("CIVIC_OS_TEST_S3");
    let bucket = "files-of-a-backup";
    let made = http().put(format!("{endpoint}/{bucket}")).send().await.expect("an answer");
    assert!(made.status().is_success(), "{}", made.status());
    let options =
        StorageOptions { bucket: bucket.into(), endpoint: Some(endpoint), ..TestStore::start(true).storage_options() };
    let (mut world, storage) = (World::new(None).await, Storage::new(options.clone()).expect("access"));
    let objects = fill(&world, &storage).await as u64;
    let before = everything(&storage).await;
    let manifest = create(&world.of_bucket(&options)).await.expect("a backup");
    assert_eq!((manifest.stored_files, manifest.missing_files), (Some(objects), 0));
    for key in before.keys() {
        storage.delete(bucket, key).await.expect("deleted");
    }
    let report = world.back(Files::Bucket(options)).await;
    assert_eq!((report.files, report.present_files, report.moved_rows), (Some(objects), 0, 0));
    assert_eq!(everything(&storage).await, before);
}
