//! Restoring beside an installation that goes on: its store is left alone unless somebody asks, and what it holds is compared by its contents.

use super::World;
use super::files::{everything, fill, roomy_store};
use crate::store::{ACCESS_KEY, BUCKET, SECRET_KEY, TestStore, http};
use civic_os::backup::{Files, RestoreOptions, Source, create, restore};
use civic_os::files::{Storage, StorageOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

const GONE: &str = "issues/4/thumb-small.jpg";

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_beside_the_original_leaves_the_bucket_in_use_alone() {
    let mut world = World::new(None).await;
    let store = roomy_store();
    let storage = store.storage();
    let objects = fill(&world, &storage).await;
    create(&world.of_bucket(&store.storage_options())).await.expect("a backup");
    storage.delete(BUCKET, GONE).await.expect("deleted since");
    let in_use = everything(&storage).await;

    let names: Vec<String> = (0..4).map(|number| format!("{}_beside_{number}", world.database.name())).collect();
    world.targets.extend(names.clone());
    let served = url_of(&world, &names[3]);
    let run = |arguments: &[&str], more: &[(&str, &str)]| {
        let mut variables = vec![
            ("S3_BUCKET", BUCKET),
            ("S3_ENDPOINT", store.endpoint.as_str()),
            ("S3_ACCESS_KEY_ID", ACCESS_KEY),
            ("S3_SECRET_ACCESS_KEY", SECRET_KEY),
        ];
        variables.extend_from_slice(more);
        let (code, text, error) = world.civic_os(&[&["backup", "restore", "latest"], arguments].concat(), &variables);
        assert_eq!(code, Some(0), "{arguments:?}: {text}{error}");
        text
    };

    // Nothing is put into a bucket that another database uses; what was left out, and how to have it, is said.
    let text = run(&["--database", &names[0]], &[]);
    assert!(text.contains(&format!("{objects} uploaded files and previews were left out")), "{text}");
    let remedy = format!("--database {} --only-files", names[0]);
    assert!(text.contains("--files") && text.contains(&remedy), "{text}");
    assert!(everything(&storage).await == in_use, "the bucket is as it was");
    assert_eq!(world.one(&names[0], "select count(*)::text from metadata.files").await, (objects / 2).to_string());

    // The remedy that it names.
    let text = run(&["--database", &names[0], "--only-files"], &[]);
    assert!(text.contains(&format!("{} of them were there already", objects - 1)), "{text}");
    assert_eq!(everything(&storage).await.len(), objects);

    // As asked for from the beginning; a bucket of its own that is empty takes them without being asked.
    storage.delete(BUCKET, GONE).await.expect("deleted");
    run(&["--database", &names[1], "--files"], &[]);
    assert_eq!(everything(&storage).await.len(), objects);
    run(&["--database", &names[2]], &[("S3_BUCKET", "elsewhere")]);
    let target = StorageOptions { bucket: "elsewhere".into(), ..store.storage_options() };
    assert_eq!(everything(&Storage::new(target).expect("access")).await.len(), objects);

    // The database that is served, and lost: its files belong to it.
    storage.delete(BUCKET, GONE).await.expect("deleted");
    let json = run(&["--database", &names[3], "--json"], &[("CIVIC_OS_DATABASE__URL", &served)]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        (report["left_out_files"].as_u64(), report["files"].as_u64()),
        (Some(0), Some(objects as u64)),
        "{json}"
    );
    assert_eq!(everything(&storage).await.len(), objects);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_beside_the_original_leaves_its_embedded_store_alone() {
    let mut world = World::new(None).await;
    super::store_one(&world.store(), "a/b", b"original");
    create(&world.create_options()).await.expect("a backup");
    let files = Files::Folder { path: world.store(), bucket: BUCKET.into() };
    let options = world.restore_options(Source::Backup("latest".into()));
    let report = restore(&RestoreOptions { files, into_used_store: false, ..options }).await.expect("the database");
    assert_eq!((report.files, report.left_out_files), (None, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_whose_tag_is_no_checksum_are_compared_by_their_bytes() {
    let mut world = World::new(None).await;
    let mut store = roomy_store();
    let objects = fill(&world, &store.storage()).await as u64;
    create(&world.of_bucket(&store.storage_options())).await.expect("a backup");
    // As stores do that encrypt, or that were written to in parts of another size.
    store.store.take().expect("running").stop(Duration::from_secs(5)).await;
    let mut described = Vec::new();
    descriptions(&store.folder.path().join("buckets"), &mut described);
    assert_eq!(described.len() as u64, objects);
    for path in described {
        let mut object: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("read")).expect("JSON");
        object["etag"] = "00000000000000000000000000000000-9".into();
        std::fs::write(&path, object.to_string()).expect("written");
    }
    store.reopen().await;
    let report = world.back(Files::Bucket(store.storage_options())).await;
    assert_eq!((report.files, report.present_files, report.different_files), (Some(objects), objects, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_found_other_contents_says_so_and_does_not_end_well() {
    let mut world = World::new(None).await;
    let store = TestStore::start(true);
    let storage = store.storage();
    storage.put(BUCKET, "t/1", b"as it was", "text/plain").await.expect("stored");
    world
        .database
        .execute(&format!(
            "insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
             values ('t', '1', 'one', 'text/plain', 9, '{BUCKET}', 't/1', 'completed')"
        ))
        .await;
    create(&world.of_bucket(&store.storage_options())).await.expect("a backup");
    storage.put(BUCKET, "t/1", b"as it is!", "text/plain").await.expect("stored");
    let name = format!("{}_different", world.database.name());
    world.targets.push(name.clone());
    let variables = [
        ("S3_BUCKET", BUCKET),
        ("S3_ENDPOINT", store.endpoint.as_str()),
        ("S3_ACCESS_KEY_ID", ACCESS_KEY),
        ("S3_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let arguments = ["backup", "restore", "latest", "--files", "--database", &name];
    let (code, text, error) = world.civic_os(&arguments, &variables);
    assert_eq!(code, Some(2), "{text}{error}");
    assert!(text.contains("1 objects of the bucket differ") && error.contains("t/1"), "{text}{error}");
    let told = http().get(format!("{}/{BUCKET}/t/1", store.endpoint)).send().await.expect("an answer");
    assert_eq!(told.text().await.expect("text"), "as it is!");
}

fn url_of(world: &World, database: &str) -> String {
    let mut url = url::Url::parse(world.database.owner_url().expose().expect("URL")).expect("URL");
    url.set_path(database);
    url.to_string()
}

/// The descriptions of a store's objects.
fn descriptions(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            descriptions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
}
