//! Photos through three worker processes of which one is killed again and again: every file is completed, none is stuck, and it takes not much longer.
//!
//! A few in the plain run; `./dev test --with photos` takes a thousand (`CIVIC_OS_TEST_PHOTOS`).

use super::samples::jpeg;
use super::{ANNA, Desk};
use crate::store::{ACCESS_KEY, BUCKET, SECRET_KEY, TestStore, http};
use crate::support::{TestApp, test_config};
use civic_os::config::{Config, Secret};
use futures_util::{StreamExt, stream};
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

fn worker(desk: &Desk) -> TestApp {
    let mut config: Config = test_config();
    config.database.url = desk.database.authenticator_url();
    config.database.owner_url = desk.database.owner_url();
    config.storage.s3_bucket = Some(BUCKET.into());
    config.storage.s3_endpoint = Some(desk.store.endpoint.clone());
    config.storage.s3_access_key_id = Secret::new(ACCESS_KEY);
    config.storage.s3_secret_access_key = Secret::new(SECRET_KEY);
    config.log.level = "warn".into();
    TestApp::launch(&config, &["worker"])
}

/// Uploads so many photos and waits until all are drawn; meanwhile `disturb` may do what it wants.
async fn run(desk: &Desk, photos: usize, mut disturb: impl FnMut(Duration)) -> Duration {
    let started = Instant::now();
    let asked = desk
        .anna(&format!("select count(public.request_upload_url('reports', n::text, 'p.jpg', 'image/jpeg'))::text from generate_series(1, {photos}) n"))
        .await;
    assert_eq!(asked.as_deref(), Ok(photos.to_string().as_str()));
    let limit = Duration::from_secs(120 + photos as u64);
    let mut wait = async |sql: &str, wanted: &str| {
        loop {
            let value = desk.owner(sql).await;
            if value == wanted {
                return;
            }
            assert!(started.elapsed() < limit, "{sql}: {value} of {wanted}");
            disturb(started.elapsed());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    wait("select count(*)::text from metadata.file_upload_requests where status = 'completed'", &photos.to_string())
        .await;
    let rows =
        desk.client.query("select presigned_url from metadata.file_upload_requests", &[]).await.expect("addresses");
    let (client, photo) = (http(), jpeg(1600, 1200, None));
    let sent = stream::iter(rows.iter().map(|row| row.get::<_, String>(0)))
        .map(|url| {
            let request = client.put(url).header("content-type", "image/jpeg").body(photo.clone());
            async move { request.send().await.is_ok_and(|answer| answer.status() == 200) }
        })
        .buffer_unordered(8)
        .filter(|sent| std::future::ready(*sent))
        .count()
        .await;
    assert_eq!(sent, photos);
    let registered = desk
        .anna(&format!(
            "with made as (
               insert into files (id, entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
               select file_id, entity_type, entity_id, file_name, file_type, {}, '{BUCKET}', s3_key, 'pending' from metadata.file_upload_requests returning id)
             select count(*)::text from made",
            photo.len()
        ))
        .await;
    assert_eq!(registered.as_deref(), Ok(photos.to_string().as_str()));
    wait(
        "select count(*)::text from metadata.files where thumbnail_status = 'completed' and s3_thumbnail_small_key is not null
           and s3_thumbnail_medium_key is not null and s3_thumbnail_large_key is not null",
        &photos.to_string(),
    )
    .await;
    wait(
        "select count(*)::text from metadata.river_job where kind = 'thumbnail_generate' and state = 'completed'",
        &photos.to_string(),
    )
    .await;
    let (listed, _) = desk.store.storage().list(None).await.expect("a listing");
    assert_eq!(listed.len(), (4 * photos).min(1000), "four objects per file");
    started.elapsed()
}

async fn desk() -> Desk {
    let mut desk = Desk::with(TestStore::start(true), None).await;
    // The work is done by processes that can be killed.
    if let Some(queue) = desk.queue.take() {
        queue.stop(Duration::from_secs(5)).await;
    }
    assert_eq!(ANNA.len(), 36);
    desk
}

#[tokio::test]
async fn photos_survive_a_worker_that_is_killed_again_and_again() {
    let photos = std::env::var("CIVIC_OS_TEST_PHOTOS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    let quiet = desk().await;
    let workers: Vec<TestApp> = (0..3).map(|_| worker(&quiet)).collect();
    let undisturbed = run(&quiet, photos, |_| {}).await;
    drop(workers);

    let desk = desk().await;
    let mut workers: Vec<TestApp> = (0..3).map(|_| worker(&desk)).collect();
    let (mut kills, mut next) = (0, Duration::from_secs(1));
    let disturbed = run(&desk, photos, |elapsed| {
        if elapsed >= next {
            workers[0].signal(Signal::SIGKILL);
            workers[0] = worker(&desk);
            kills += 1;
            next = elapsed + Duration::from_secs(4);
        }
    })
    .await;
    let bound = undisturbed.mul_f64(1.5) + Duration::from_secs(20);
    println!("{photos} photos: undisturbed {undisturbed:.1?}, with {kills} kills {disturbed:.1?}, bound {bound:.1?}");
    assert!(kills > 0, "nobody was killed");
    assert!(disturbed <= bound, "{disturbed:?} is above {bound:?}");
}
