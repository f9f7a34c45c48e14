//! The whole way of an upload on a store that somebody else wrote; `./dev test --with store` starts it and names it in `CIVIC_OS_TEST_S3`.

use super::Desk;
use super::samples::jpeg;
use crate::store::{BUCKET, TestStore, http};
use civic_os::files::{Cleanup, Records, Storage, StorageError};
use std::time::Duration;

#[tokio::test]
#[ignore = "store: needs moto"]
async fn uploads_work_on_a_foreign_store() {
    let endpoint = std::env::var("CIVIC_OS_TEST_S3").expect("CIVIC_OS_TEST_S3");
    let made = http().put(format!("{endpoint}/{BUCKET}")).send().await.expect("an answer");
    assert!(made.status().is_success(), "{}", made.status());
    let mut store = TestStore::start(true);
    store.endpoint = endpoint;
    let storage = Storage::new(store.storage_options()).expect("access");
    let desk = Desk::with(store, Some(storage.clone())).await;

    let file = desk.upload("photo.jpg", "image/jpeg", jpeg(1600, 1200, None)).await;
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.error.as_str(), state.keys.len()), ("completed", "", 3));
    for key in &state.keys {
        assert!(storage.get(BUCKET, key).await.expect("a thumbnail").starts_with(b"\xff\xd8\xff"));
    }
    let key = "mit leer/ünï+&=/k.txt";
    storage.put(BUCKET, key, b"text", "text/plain").await.expect("written");
    assert_eq!(storage.get_start(BUCKET, key, 2).await.expect("read").as_ref(), b"te");
    let signed = storage.presign_get(key, Duration::from_secs(60), None).await.expect("signed");
    assert_eq!(http().get(signed).send().await.expect("an answer").text().await.expect("text"), "text");
    storage.delete(BUCKET, key).await.expect("deleted");
    assert!(matches!(storage.head(BUCKET, key).await, Err(StorageError::NotFound { .. })));
    let report = Cleanup::new(Records::new(desk.db.clone()), Some(storage), Duration::from_secs(3600));
    assert_eq!(report.run(true).await.expect("looked").objects, 0, "everything is young");
}
