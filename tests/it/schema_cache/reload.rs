//! Loading again: on notification, on request, and not at all when that fails.

use super::{open, options};
use crate::support::{Proxy, TestDatabase};
use civic_os::config::Secret;
use civic_os::db::{Db, DbOptions, Hub};
use civic_os::schema_cache::Handle;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_notification_replaces_the_snapshot_and_the_old_one_stays_whole() {
    let database = TestDatabase::empty().await;
    database.execute("create table public.first (id int)").await;
    let hub = Hub::spawn(&database.authenticator_url(), "test").unwrap();
    let handle = Handle::spawn(open(&database), Some(hub.clone()), options(&["public"]));
    assert!(handle.current().is_none(), "spawning does not wait");
    let before = handle.wait_first(LIMIT).await.unwrap();
    assert!(before.table("public", "first").is_some());
    while !hub.is_connected() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut generation = before.generation;
    for payload in ["reload schema", ""] {
        database.execute(&format!("create table public.\"t{payload}\" (id int); notify pgrst, '{payload}'")).await;
        generation += 1;
        let after = handle.wait_generation(generation, LIMIT).await.unwrap();
        assert!(after.table("public", &format!("t{payload}")).is_some());
    }
    assert!(before.table("public", "t").is_none());
    // Other payloads mean nothing to us.
    database.execute("notify pgrst, 'something else'").await;
    handle.reload();
    let last = handle.wait_generation(generation + 1, LIMIT).await.unwrap();
    assert_eq!(last.generation, generation + 1);
    // `reload config` asks the hook what to load.
    let other = options(&["public", "other"]);
    let hook = std::sync::Arc::new(move |is_first: bool| {
        let options = if is_first { options(&["public"]) } else { other.clone() };
        Box::pin(std::future::ready(Ok(options))) as futures_util::future::BoxFuture<'static, _>
    });
    let (db, hub_again) = (open(&database), Some(hub.clone()));
    let handle = Handle::spawn_configured(db, hub_again, options(&["public"]), Some(hook));
    let last = handle.wait_first(LIMIT).await.unwrap();
    assert!(last.table("other", "x").is_none());
    database.execute("create schema other; create table other.x (id int); notify pgrst, 'reload config'").await;
    let last = handle.wait_generation(last.generation + 1, LIMIT).await.unwrap();
    assert!(last.table("other", "x").is_some());
}

#[tokio::test]
async fn a_failed_reload_keeps_the_last_good_snapshot() {
    let database = TestDatabase::empty().await;
    database.execute("create schema app; create table app.things (id int)").await;
    let url = database.authenticator_url().expose().unwrap().to_owned();
    let proxy = Proxy::cut_in_front_of(&url);
    let db = Db::open(DbOptions { url: Secret::new(proxy.url(&url)), ..DbOptions::default() }).unwrap();
    let handle = Handle::spawn(db, None, options(&["app"]));
    while handle.failures() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(handle.current().is_none());
    assert!(handle.last_error().is_some());
    proxy.resume().await;
    let first = handle.wait_first(LIMIT).await.unwrap();
    assert!(handle.last_error().is_none());
    database.execute("alter schema app rename to elsewhere").await;
    let failures = handle.failures();
    handle.reload();
    while handle.failures() == failures {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(handle.current().unwrap().generation, first.generation);
    assert!(handle.current().unwrap().table("app", "things").is_some());
    database.execute("alter schema elsewhere rename to app").await;
    assert!(handle.wait_generation(first.generation + 1, LIMIT).await.is_some(), "it recovers by itself");
}
