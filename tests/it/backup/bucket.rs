//! Backups in a bucket: there and back, and what becomes of one that does not get there.

use super::World;
use crate::store::{ACCESS_KEY, BUCKET, SECRET_KEY, TestStore};
use civic_os::backup::{self, Backups, Daily, Remote, RemoteOptions, list};
use civic_os::config::Secret;
use std::sync::Mutex;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_keeps_backups_and_gives_them_back() {
    let (world, store) = (World::new(None).await, TestStore::start(true));
    let restored = format!("{}_bucket", world.database.name());
    let mut world = world;
    world.targets.push(restored.clone());
    let variables = [
        ("CIVIC_OS_BACKUP__S3_BUCKET", BUCKET),
        ("CIVIC_OS_BACKUP__S3_PREFIX", "town/"),
        ("S3_ENDPOINT", &store.endpoint),
        ("S3_ACCESS_KEY_ID", ACCESS_KEY),
        ("S3_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let run = |arguments: &[&str]| world.civic_os(&[&["backup"], arguments].concat(), &variables);
    assert!(run(&["list"]).1.contains(&format!("s3://{BUCKET}/town/ holds no backup yet")));
    let name = |text: &str| -> String {
        let document: serde_json::Value = serde_json::from_str(text).expect("JSON");
        document["backup"]["name"].as_str().expect("name").to_owned()
    };
    let (code, text, error) = run(&["create", "--json"]);
    assert_eq!(code, Some(0), "{error}");
    let first = name(&text);
    let second = name(&run(&["create", "--json"]).1);
    let left: Vec<_> =
        std::fs::read_dir(world.backups()).expect("folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains("civic-os-")), "nothing stays here: {left:?}");
    assert!(backup::newest(&world.backups(), true).is_some(), "but the figure of the newest does");
    let (_, text, _) = run(&["list"]);
    assert!(text.find(&second) < text.find(&first), "{text}");
    let (code, text, error) = run(&["verify"]);
    assert_eq!((code, text.contains("is good")), (Some(0), true), "{text}{error}");
    let (code, text, error) = run(&["restore", &first, "--database", &restored, "--no-files"]);
    assert_eq!(code, Some(0), "{text}{error}");
    let count = "select count(*)::text from metadata.roles";
    assert_eq!(world.one(&restored, count).await, world.one(world.database.name(), count).await);

    // A part that changed in the bucket, one that is gone, a name that is a place.
    let storage = store.storage();
    let dump = format!("town/{first}/database.dump");
    let mut bytes = storage.get(BUCKET, &dump).await.expect("the dump").to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    storage.put(BUCKET, &dump, &bytes, "application/octet-stream").await.expect("put");
    assert!(run(&["verify", &first]).2.contains("is damaged"));
    storage.delete(BUCKET, &dump).await.expect("delete");
    assert_eq!(run(&["verify", &first]).0, Some(2));
    assert!(run(&["verify", "../town"]).2.contains("there is no backup"));

    // An upload that never ended is no backup; both go when they are old, the newest stays.
    storage.put(BUCKET, "town/civic-os-20200101T000000.000Z/database.dump", b"half", "text/plain").await.expect("put");
    assert!(!run(&["list"]).1.contains("20200101"));
    let (_, text, _) = run(&["prune", "--keep-days", "0", "--dry-run"]);
    assert!(text.contains(&format!("{first} would be removed")) && text.contains("1 stay"), "{text}");
    run(&["prune", "--keep-days", "0"]);
    let (keys, _) = storage.list(None).await.expect("list");
    assert!(!keys.is_empty() && keys.iter().all(|one| one.key.starts_with(&format!("town/{second}/"))), "{keys:?}");
    let fetched = std::fs::read_dir(world.backups())
        .expect("folder")
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("fetched"));
    assert_eq!(fetched.count(), 0, "what was fetched is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_reach_the_bucket_is_no_backup_and_is_not_lost() {
    let world = World::new(None).await;
    let variables = [
        ("CIVIC_OS_BACKUP__S3_BUCKET", BUCKET),
        ("CIVIC_OS_BACKUP__S3_ENDPOINT", "http://127.0.0.1:9"),
        ("CIVIC_OS_BACKUP__S3_ACCESS_KEY_ID", ACCESS_KEY),
        ("CIVIC_OS_BACKUP__S3_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let (code, _, error) = world.civic_os(&["backup", "create"], &variables);
    let kept = list(&world.backups()).expect("list");
    assert_eq!((code, kept.len()), (Some(2), 1), "{error}");
    assert!(error.contains(&kept[0].name), "it says where the backup lies: {error}");
    assert!(backup::newest(&world.backups(), true).is_none(), "figure and alert do not take it for one");
}

/// Refusals of the bucket come first, its mending next; nothing else makes time pass here but the pause between two tries.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_bucket_is_brought_there_by_the_next_try() {
    let (world, store) = (World::new(None).await, TestStore::start(true));
    let options = world.create_options();
    // A bucket that is not there yet.
    let bucket = |name: &str| {
        let remote = RemoteOptions {
            bucket: name.into(),
            prefix: "town/".into(),
            endpoint: Some(store.endpoint.clone()),
            region: "us-east-1".into(),
            access_key_id: Secret::new(ACCESS_KEY),
            secret_access_key: Secret::new(SECRET_KEY),
        };
        Remote::new(&remote).expect("access")
    };
    let remote = bucket("later");
    let backups = Backups::new(&options, Some(&remote), Some(30));
    let half_a_day = OffsetDateTime::now_utc() + Duration::hours(12);
    let daily = Daily { at: half_a_day.time(), again: std::time::Duration::from_millis(20) };
    let newest = || backup::newest(&world.backups(), true);
    let (tries, done) = (Mutex::new(Vec::new()), tokio::sync::Notify::new());
    let make = async || {
        let made = backups.make().await;
        let here = list(&world.backups()).expect("list");
        let count = {
            let mut tries = tries.lock().expect("tries");
            let outcome = made.as_ref().map(|brought| brought.began).map_err(ToString::to_string);
            tries.push((outcome, here, newest()));
            tries.len()
        };
        match count {
            1 | 2 => {}
            3 => store.create_bucket("later").await,
            _ => done.notify_one(),
        }
        Ok::<_, anyhow::Error>(made?.began)
    };
    tokio::select! {
        never = daily.run(newest, make) => match never {},
        () = done.notified() => {}
    }
    let tries = tries.into_inner().expect("tries");
    assert_eq!(tries.len(), 4);
    let waited = tries[0].1[0].name.clone();
    for (refused, here, newest) in &tries[..3] {
        assert!(refused.as_ref().is_err_and(|error| error.contains("NoSuchBucket")), "{refused:?}");
        assert_eq!(here.iter().map(|one| &one.name).collect::<Vec<_>>(), [&waited], "the same one, and no second");
        assert_eq!(*newest, None, "it does not count yet");
    }
    let (brought, here, newest) = &tries[3];
    assert_eq!(here.len(), 0, "it does not stay here");
    let listed = remote.list().await.expect("list");
    assert_eq!(listed.iter().map(|one| &one.name).collect::<Vec<_>>(), [&waited]);
    let created = OffsetDateTime::parse(&listed[0].created_at, &Rfc3339).expect("a time");
    assert_eq!(*newest, Some(created), "the figure tells when it was made");
    assert!(brought.as_ref().is_ok_and(|began| *began <= created), "it counts from the first try: {brought:?}");

    // One that somebody takes away while it waits is made anew.
    let nowhere = bucket("nowhere");
    let backups = Backups::new(&options, Some(&nowhere), None);
    assert!(backups.make().await.is_err());
    let first = list(&world.backups()).expect("list").remove(0).name;
    std::fs::remove_dir_all(world.backups().join(&first)).expect("removed");
    store.create_bucket("nowhere").await;
    let second = backups.make().await.expect("made anew");
    assert_ne!(second.manifest.name, first);
    assert_eq!(nowhere.list().await.expect("list").len(), 1);

    // What one-shot processes could not bring is kept as long as any other backup, and no longer.
    let made = [backup::create(&options).await.expect("backup"), backup::create(&options).await.expect("backup")];
    let manifest = world.backups().join(&made[0].name).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("manifest");
    let aged = text.replace(&made[0].created_at, "2020-01-01T02:00:00Z");
    assert_ne!(aged, text);
    std::fs::write(&manifest, aged).expect("written");
    Backups::new(&options, Some(&remote), Some(30)).make().await.expect("brought");
    let here = list(&world.backups()).expect("list");
    assert_eq!(here.iter().map(|one| &one.name).collect::<Vec<_>>(), [&made[1].name]);
}
