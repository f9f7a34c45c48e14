//! The end of abandoned requests and of objects without a file.

use super::Desk;
use super::samples::jpeg;
use crate::store::{BUCKET, http};
use civic_os::files::{Cleanup, Records};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn only_what_is_old_and_nobody_s_goes() {
    let desk = Desk::open().await;
    let kept = desk.upload("kept.jpg", "image/jpeg", jpeg(200, 100, None)).await;
    assert_eq!(desk.end(&kept).await.status, "completed");
    // An upload that nobody registered, and things in the bucket that are not uploads.
    let [_, url, orphan, _] = desk.request("orphan.jpg", "image/jpeg").await;
    http().put(&url).body("never registered").send().await.expect("an answer");
    let storage = desk.store.storage();
    storage.put(BUCKET, "backups/night.tar", b"not ours", "x/y").await.expect("written");
    let cleanup = Cleanup::new(Records::new(desk.db.clone()), Some(storage.clone()), 24 * HOUR);

    let young = cleanup.run(false).await.expect("cleaned");
    assert_eq!((young.requests, young.objects), (0, 0), "everything is young");

    // A day later, as far as the database knows; the store's clock is moved by writing the descriptions anew.
    desk.client
        .batch_execute("update metadata.file_upload_requests set created_at = now() - interval '2 days'")
        .await
        .expect("aged");
    let mut desk = desk;
    desk.age_objects().await;
    let storage = desk.store.storage();
    let cleanup = Cleanup::new(Records::new(desk.db.clone()), Some(storage.clone()), 24 * HOUR);
    let dry = cleanup.run(true).await.expect("looked");
    assert_eq!((dry.requests, dry.objects, dry.bytes, dry.dry_run), (2, 1, 16, true));
    assert_eq!(dry.keys, [format!("reports/7/{orphan}/original.jpg")]);
    let wet = cleanup.run(false).await.expect("cleaned");
    assert_eq!((wet.requests, wet.objects), (2, 1));
    let again = cleanup.run(false).await.expect("cleaned");
    assert_eq!((again.requests, again.objects), (0, 0));
    let (left, _) = storage.list(None).await.expect("a listing");
    let left: Vec<&str> = left.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
    assert!(left.contains(&"backups/night.tar") && left.iter().filter(|key| key.contains(&kept)).count() == 4);
    let requests = desk.owner("select count(*)::text from metadata.file_upload_requests").await;
    assert_eq!(requests, "0");
}

impl Desk {
    /// Objects become three days old: the store is stopped, its descriptions are changed, and it starts again.
    async fn age_objects(&mut self) {
        self.queue.take().expect("working").stop(Duration::from_secs(5)).await;
        self.store.store.take().expect("running").stop(Duration::from_secs(5)).await;
        let keys = self.store.folder.path().join("buckets").join(BUCKET).join("keys");
        for folder in std::fs::read_dir(keys).expect("keys").flatten() {
            for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
                let text = std::fs::read_to_string(file.path()).expect("readable");
                let mut description: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                let modified = description["modified"].as_i64().expect("a time") - 3 * 24 * 3_600_000_000;
                description["modified"] = modified.into();
                std::fs::write(file.path(), description.to_string()).expect("written");
            }
        }
        self.store.reopen().await;
    }
}
