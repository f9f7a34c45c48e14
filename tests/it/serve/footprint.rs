//! What a process takes: connections, memory, processes, time.

use crate::support::{TestApp, TestDatabase, binary};
use std::time::{Duration, Instant};

const POOL: u32 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_connections_than_the_pool_and_one_listener() {
    let app = TestApp::spawn(TestDatabase::create().await, |config| config.database.pool_max = Some(POOL)).await;
    let watcher = app.database().connect().await;
    let name = app.database().name().to_owned();
    let count = async || -> i64 {
        let sql = "select count(*) from pg_stat_activity where datname = $1 and usename = 'authenticator'";
        watcher.query_one(sql, &[&name]).await.expect("count").get(0)
    };

    let mut load = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let http = app.http().clone();
        let url = format!("{}/api/schema_properties?limit=50", app.base_url);
        load.spawn(async move {
            for _ in 0..25 {
                let status = http.get(&url).send().await.expect("answer").status();
                assert!(status.is_success(), "{status}");
            }
        });
    }
    let mut most = 0;
    let mut samples = 0;
    while !load.is_empty() {
        most = most.max(count().await);
        samples += 1;
        while let Some(done) = load.try_join_next() {
            done.expect("requests");
        }
        tokio::task::yield_now().await;
    }
    assert!(samples > 10, "the load was watched while it lasted");
    assert!(most > 1, "the pool was used");
    assert!(most <= i64::from(POOL) + 1, "{most} connections with a pool of {POOL} and a listener");
}

#[tokio::test]
async fn all_roles_in_one_small_process() {
    let app = TestApp::spawn_roles(TestDatabase::create().await, &["all"], |_| {}).await;
    assert_eq!(app.get("/api/schema_entities").send().await.expect("API").status(), 200);
    let pid = app.pid();
    let children = std::fs::read_dir(format!("/proc/{pid}/task"))
        .expect("threads")
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok())
        .collect::<String>();
    assert_eq!(children.trim(), "", "no copy of itself is spawned");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("status");
    let resident_kb: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
        .expect("VmRSS");
    // A development binary carries its symbols and the embedded files uncompressed.
    let limit = if cfg!(debug_assertions) { 96 } else { 60 };
    assert!(resident_kb < limit * 1024, "{resident_kb} kB resident");
}

#[test]
fn help_answers_at_once() {
    // Other tests run at the same time, so one quick answer among many proves what the program needs.
    let answer = || {
        let start = Instant::now();
        assert!(binary().arg("--help").output().expect("run the binary").status.success());
        start.elapsed()
    };
    let limit = Duration::from_millis(20);
    let best = (0..200).map(|_| answer()).find(|time| *time < limit);
    assert!(best.is_some(), "200 times --help, each slower than {limit:?}");
}
