//! Bounds of the pool.

use super::{open, prepared, run, value};
use crate::support::{Proxy, TestDatabase};
use civic_os::config::Secret;
use civic_os::db::{Db, DbError, DbOptions, Lane, LaneLimits};
use futures_util::future::join_all;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_connections_than_the_maximum() {
    let (database, db) = prepared(|options| {
        options.pool_max = 3;
        options.max_lifetime = Duration::from_millis(30);
        options.max_idletime = Duration::from_millis(200);
    })
    .await;
    let watcher = database.connect().await;
    let count =
        "select count(*) from pg_stat_activity where datname = current_database() and usename = 'authenticator'";
    let work = async {
        for round in 0..15 {
            let requests = (0..20).map(|_| run(&db, "select pg_sleep(0.002)"));
            for result in join_all(requests).await {
                result.unwrap();
            }
            if round % 5 == 0 {
                let client = db.client(Lane::System).await.unwrap();
                client.query_one("select 1", &[]).await.unwrap();
            }
        }
    };
    let mut most = 0;
    let watch = async {
        loop {
            most = most.max(watcher.query_one(count, &[]).await.unwrap().get::<_, i64>(0));
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = work => {}
        () = watch => {}
    }
    assert!((1..=3).contains(&most), "{most} connections");
}

#[tokio::test]
async fn an_exhausted_pool_times_out_instead_of_hanging() {
    let (_database, db) = prepared(|options| {
        options.pool_max = 1;
        options.acquisition_timeout = Duration::from_millis(150);
    })
    .await;
    run(&db, "select 1").await.unwrap();
    let started = Instant::now();
    let (slow, waiting) = tokio::join!(run(&db, "select pg_sleep(1)"), run(&db, "select 1"));
    slow.unwrap();
    assert!(matches!(waiting, Err(DbError::PoolTimeout)), "{waiting:?}");
    assert!(started.elapsed() < Duration::from_secs(3));
    assert_eq!(db.stats().timeouts, 1);
    run(&db, "select 1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_died_without_a_word_gives_its_place_back() {
    let database = TestDatabase::create().await;
    let direct = database.authenticator_url();
    let direct = direct.expose().expect("URL");
    let proxy = Proxy::cut_in_front_of(direct);
    proxy.resume().await;
    let url = Secret::new(proxy.url(direct));
    let db = Db::open(DbOptions { url, pool_max: 1, ..DbOptions::default() }).expect("a pool");
    run(&db, "select 1").await.unwrap();
    proxy.freeze();
    // The caller gives up; the answer never comes, not even to the request to cancel.
    let given_up = tokio::time::timeout(Duration::from_millis(50), run(&db, "select 2")).await;
    assert!(given_up.is_err(), "nothing passes the proxy");
    let started = Instant::now();
    while let Err(error) = run(&db, "select 3").await {
        assert!(matches!(error, DbError::PoolTimeout), "{error}");
        assert!(started.elapsed() < Duration::from_secs(60), "the only place is never free again");
    }
}

#[tokio::test]
async fn a_lane_leaves_room_for_the_others() {
    let (_database, db) = prepared(|options| {
        options.pool_max = 2;
        options.lanes = LaneLimits { api: Some(1), ..LaneLimits::default() };
        options.acquisition_timeout = Duration::from_millis(200);
    })
    .await;
    let (slow, other_api, ping) = tokio::join!(run(&db, "select pg_sleep(0.6)"), run(&db, "select 1"), db.ping());
    slow.unwrap();
    assert!(matches!(other_api, Err(DbError::PoolTimeout)));
    ping.unwrap();
}

#[tokio::test]
async fn idle_connections_are_closed() {
    let (database, db) = prepared(|options| options.max_idletime = Duration::from_millis(100)).await;
    run(&db, "select 1").await.unwrap();
    assert_eq!(db.stats().open, 1);
    let watcher = database.connect().await;
    let gone = "select count(*) = 0 from pg_stat_activity
                 where datname = current_database() and usename = 'authenticator'";
    let limit = Instant::now() + Duration::from_secs(10);
    // The server knows of it a moment before the pool counts it.
    while !watcher.query_one(gone, &[]).await.unwrap().get::<_, bool>(0) || db.stats().open > 0 {
        assert!(Instant::now() < limit, "the idle connection stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(value(&db, "select 1").await, "1");
}

#[tokio::test]
async fn a_client_from_the_pool_works_and_gives_its_place_back() {
    let (_database, db) = prepared(|options| {
        options.pool_max = 1;
        options.acquisition_timeout = Duration::from_secs(5);
    })
    .await;
    for _ in 0..3 {
        let mut client = db.client(Lane::System).await.unwrap();
        let transaction = client.transaction().await.unwrap();
        assert_eq!(transaction.query_one("select 5", &[]).await.unwrap().get::<_, i32>(0), 5);
        drop(transaction);
        drop(client);
        assert_eq!(value(&db, "select 1").await, "1");
    }
}

#[tokio::test]
async fn connections_move_between_runtimes() {
    let (_database, db) = prepared(|options| options.pool_max = 1).await;
    assert_eq!(value(&db, "select 1").await, "1");
    let backend = value(&db, "select pg_backend_pid()").await;
    for _ in 0..3 {
        let db = db.clone();
        let elsewhere = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { value(&db, "select pg_backend_pid()").await })
        });
        let elsewhere = tokio::task::spawn_blocking(|| elsewhere.join().unwrap()).await.unwrap();
        assert_eq!(elsewhere, backend);
    }
    // The other runtimes are gone, and the connection is not.
    assert_eq!(value(&db, "select pg_backend_pid()").await, backend);
}

#[tokio::test]
async fn a_closed_pool_refuses_work() {
    let (database, db) = prepared(|_| {}).await;
    run(&db, "select 1").await.unwrap();
    db.close();
    assert!(run(&db, "select 1").await.unwrap_err().is_unreachable());
    assert!(open(database.authenticator_url(), |_| {}).ping().await.is_ok());
}
