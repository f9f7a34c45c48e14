//! Damaged and malicious files, and processes that go away in the middle: the message, the final state, and that other jobs went on.

use super::Desk;
use super::samples::{flate_bomb, jpeg, one_page, pdf_with_stream, profile_bomb, protected_pdf};
use crate::store::{BUCKET, TestStore, http};
use crate::support::Proxy;
use civic_os::config::Secret;
use civic_os::db::{Db, DbOptions};
use civic_os::files::Storage;
use std::time::{Duration, Instant};

#[tokio::test]
async fn bad_files_end_with_a_reason_and_hold_up_nobody() {
    let desk = Desk::open().await;
    let mut cut = jpeg(1600, 1200, None);
    cut.truncate(cut.len() / 3);
    let laughs = "<?xml version=\"1.0\"?><!DOCTYPE svg [<!ENTITY a \"aaaaaaaaaaaaaaaaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">
        <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">
        <!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g \"&f;&f;&f;&f;&f;&f;&f;&f;\">]><svg xmlns=\"http://www.w3.org/2000/svg\"><text>&g;</text></svg>";
    let files = [
        ("truncated.jpg", "image/jpeg", cut, "The file is damaged"),
        ("renamed.jpg", "image/jpeg", b"I am a text, not a photo".to_vec(), "its contents are something else"),
        ("page.png", "image/png", b"<!DOCTYPE html><html>".to_vec(), "but it is text/html"),
        ("empty.png", "image/png", Vec::new(), "The file is empty."),
        ("phone.heic", "image/heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), "HEIC cannot be drawn here"),
        ("secret.pdf", "application/pdf", protected_pdf(), "protected by a password"),
        ("broken.pdf", "application/pdf", b"%PDF-1.4\nnothing".to_vec(), "The file is damaged"),
        ("laughs.svg", "image/svg+xml", laughs.into(), "The file is damaged"),
    ];
    let mut uploaded = Vec::new();
    for (name, file_type, bytes, wanted) in files {
        uploaded.push((name, wanted, desk.upload(name, file_type, bytes).await));
    }
    let good = desk.upload("good.jpg", "image/jpeg", jpeg(640, 480, None)).await;
    assert_eq!(desk.end(&good).await.status, "completed", "the others hold up nobody");
    for (name, wanted, file) in uploaded {
        let state = desk.end(&file).await;
        assert_eq!((state.status.as_str(), state.job.as_str()), ("failed", "discarded"), "{name}: {state:?}");
        assert!(state.error.contains(wanted), "{name}: {}", state.error);
        assert!(state.keys.is_empty(), "{name}");
    }
    let attempts = desk.owner("select max(attempt)::text from metadata.river_job where state = 'discarded'").await;
    assert_eq!(attempts, "1", "what no retry mends is not retried");
}

#[tokio::test]
async fn a_document_that_draws_itself_ends_in_bounded_time() {
    let desk = Desk::open().await;
    let started = Instant::now();
    let file = desk.upload("loop.pdf", "application/pdf", one_page("/X Do", "")).await;
    let state = desk.end(&file).await;
    // Drawn as far as it goes, or given up: either is an end.
    assert!(matches!(state.status.as_str(), "completed" | "failed"), "{state:?}");
    assert!(started.elapsed() < Duration::from_secs(40));
    let good = desk.upload("good.jpg", "image/jpeg", jpeg(64, 48, None)).await;
    assert_eq!(desk.end(&good).await.status, "completed");
}

#[tokio::test]
async fn what_unpacks_to_gigabytes_ends_in_bounded_time() {
    let desk = Desk::open().await;
    let started = Instant::now();
    let bomb = flate_bomb();
    assert!(bomb.len() < 4 * 1024 * 1024);
    let document = pdf_with_stream("/Filter /FlateDecode", &bomb);
    let twice = desk.upload("bomb.pdf", "application/pdf", document).await;
    let profile = desk.upload("bomb.png", "image/png", profile_bomb(&bomb)).await;
    let good = desk.upload("good.jpg", "image/jpeg", jpeg(64, 48, None)).await;
    assert_eq!(desk.end(&good).await.status, "completed");
    let state = desk.end(&twice).await;
    assert_eq!((state.status.as_str(), state.job.as_str()), ("failed", "discarded"), "{state:?}");
    assert!(state.error.contains("it asks for more than a preview may take"), "{}", state.error);
    // The picture is two pixels; its profile is left alone.
    let state = desk.end(&profile).await;
    assert!(matches!(state.status.as_str(), "completed" | "failed"), "{state:?}");
    assert!(started.elapsed() < Duration::from_secs(50));
}

#[tokio::test]
async fn an_upload_that_never_arrives_fails_after_a_few_looks() {
    let desk = Desk::open().await;
    let [_, url, file, _] = desk.request("ghost.jpg", "image/jpeg").await;
    desk.register(&url, &file, "ghost.jpg", "image/jpeg", 99).await.expect("registered");
    let looks =
        format!("select attempt::text || state::text from metadata.river_job where args ->> 'file_id' = '{file}'");
    for attempt in 1..4 {
        desk.wait(&looks, |value| value.starts_with(&attempt.to_string()) && !value.ends_with("running")).await;
        desk.hurry().await;
    }
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.job.as_str()), ("failed", "discarded"));
    assert_eq!(state.error, "The upload did not arrive in the store.");
    let good = desk.upload("good.jpg", "image/jpeg", jpeg(64, 48, None)).await;
    assert_eq!(desk.end(&good).await.status, "completed");
}

#[tokio::test]
async fn a_process_that_dies_in_the_middle_leaves_the_file_to_another() {
    let mut desk = Desk::with(TestStore::start(true), None).await;
    let storage = desk.store.storage();
    // The row says that somebody is at work, and nobody is.
    desk.work(Some(storage));
    let [_, url, file, _] = desk.request("photo.jpg", "image/jpeg").await;
    http().put(&url).body(jpeg(320, 240, None)).send().await.expect("an answer");
    desk.register(&url, &file, "photo.jpg", "image/jpeg", 9).await.expect("registered");
    desk.client
        .batch_execute(&format!("update metadata.files set thumbnail_status = 'processing' where id = '{file}' and thumbnail_status = 'pending'"))
        .await
        .expect("updated");
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.keys.len()), ("completed", 3));
}

/// Makes the only object of the store as large as this, with a hole: nobody has to send it.
async fn grow(desk: &mut Desk, size: u64) {
    desk.store.store.take().expect("running").stop(Duration::from_secs(5)).await;
    let bucket = desk.store.folder.path().join("buckets").join(BUCKET);
    let only = |part: &str| {
        let folder = std::fs::read_dir(bucket.join(part)).expect("folder").next().expect("one").expect("entry").path();
        std::fs::read_dir(folder).expect("folder").next().expect("one").expect("entry").path()
    };
    std::fs::OpenOptions::new().write(true).open(only("data")).expect("bytes").set_len(size).expect("grown");
    let mut description: serde_json::Value =
        serde_json::from_slice(&std::fs::read(only("keys")).expect("description")).expect("JSON");
    description["size"] = size.into();
    std::fs::write(only("keys"), description.to_string()).expect("written");
    desk.store.reopen().await;
}

#[tokio::test]
async fn two_gibibytes_are_refused_unread() {
    const TWO_GIB: u64 = 2 * 1024 * 1024 * 1024;
    // The configured limit, and one above what the contract's column of sizes can hold.
    for (largest, reason) in [(6 * 1024 * 1024, "at most 6.0 MB can be uploaded"), (4 * TWO_GIB, "that is too much")] {
        let mut desk = Desk::open().await;
        desk.largest = largest;
        let announced = desk
            .anna(&format!(
                "select public.request_upload('reports', '7', 'film.jpg', 'image/jpeg', {TWO_GIB}, 'photo')::text"
            ))
            .await
            .expect("asked");
        let [status, url, _, error] = desk.address(&announced).await;
        if largest < TWO_GIB {
            assert_eq!((status.as_str(), url.as_str()), ("failed", ""));
            assert!(error.contains("2048.0 MB"), "{error}");
        }
        // Announced as small, and 2 GiB when it is there.
        let [_, url, file, _] = desk.request("film.jpg", "image/jpeg").await;
        let answer = http().put(&url).header("content-type", "image/jpeg").body("x").send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        if let Some(queue) = desk.queue.take() {
            queue.stop(Duration::from_secs(5)).await;
        }
        grow(&mut desk, TWO_GIB).await;
        let storage = desk.store.storage();
        desk.work(Some(storage));
        let started = Instant::now();
        desk.register(&url, &file, "film.jpg", "image/jpeg", 1).await.expect("registered");
        let state = desk.end(&file).await;
        assert_eq!((state.status.as_str(), state.job.as_str()), ("failed", "discarded"), "{state:?}");
        assert!(state.error.contains(reason), "{}", state.error);
        assert!(started.elapsed() < Duration::from_secs(30), "its bytes are not read");
        let good = desk.upload("good.jpg", "image/jpeg", jpeg(64, 48, None)).await;
        assert_eq!(desk.end(&good).await.status, "completed");
    }
}

#[tokio::test]
async fn a_database_that_restarts_in_the_middle_of_a_job_gets_its_result() {
    let mut desk = Desk::with(TestStore::start(true), None).await;
    let (database, store) = (desk.database.authenticator_url(), desk.store.endpoint.clone());
    let database = database.expose().expect("URL");
    let to_database = Proxy::cut_in_front_of(database);
    let to_store = Proxy::cut_in_front_of(&store);
    to_database.resume().await;
    to_store.hold();
    let [_, url, file, _] = {
        let storage = desk.store.storage();
        desk.work(Some(storage));
        desk.request("photo.jpg", "image/jpeg").await
    };
    http().put(&url).header("content-type", "image/jpeg").body(jpeg(320, 240, None)).send().await.expect("an answer");
    if let Some(queue) = desk.queue.take() {
        queue.stop(Duration::from_secs(5)).await;
    }
    // From here on the worker reaches both through proxies.
    desk.url = Secret::new(to_database.url(database));
    desk.db = Db::open(DbOptions { url: desk.url.clone(), pool_max: 8, ..DbOptions::default() }).expect("a pool");
    let mut options = desk.store.storage_options();
    options.endpoint = Some(to_store.url(&store).trim_end_matches('/').to_owned());
    desk.work(Some(Storage::new(options).expect("access")));
    desk.register(&url, &file, "photo.jpg", "image/jpeg", 9).await.expect("registered");
    desk.state_when(&file, |job| job == "running").await;
    to_database.cut().await;
    to_store.resume().await;
    // Whether the run ends meanwhile and cannot record it, or is given up: the result is the same.
    to_database.resume().await;
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.keys.len(), state.error.as_str()), ("completed", 3, ""), "{state:?}");
    let good = desk.upload("good.jpg", "image/jpeg", jpeg(64, 48, None)).await;
    assert_eq!(desk.end(&good).await.status, "completed", "and other jobs go on");
}
