//! Check 6 and the sum: jobs start at once, and a crowd of processes runs each job exactly once.

use super::*;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::mpsc;

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_by_sql_starts_in_milliseconds() {
    let bench = Bench::new().await;
    let (started, mut starts) = mpsc::channel(1);
    let process = bench.process(Registry::new().with(kind("reports", move |_| {
        let started = started.clone();
        async move {
            started.send(Instant::now()).await.expect("the test listens");
            Outcome::Complete
        }
    })));
    let mut waits = Vec::new();
    for _ in 0..20 {
        // Beyond River's cool-down, so that each is a leading edge.
        tokio::time::sleep(Duration::from_millis(120)).await;
        let inserting = Instant::now();
        bench
            .admin
            .batch_execute("insert into metadata.river_job (kind, args, queue, max_attempts) values ('reports', '{}', 'tests', 25)")
            .await
            .expect("inserted by an integrator's SQL");
        waits.push(starts.recv().await.expect("started").duration_since(inserting));
    }
    waits.sort();
    // Well below what polling each second could do, even where the machine is busy; the figure itself is in docs/performance.md.
    assert!(waits[waits.len() / 2] < Duration::from_millis(300), "{waits:?}");
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notifications_polling_finds_everything() {
    let bench = Bench::new().await;
    let process = JobQueue::start(
        bench.store.clone(),
        None,
        Registry::new().with(kind("succeeds", async |_| Outcome::Complete)),
        vec![],
        quick_heartbeat(),
    );
    let first = bench.insert("succeeds", json!({})).await;
    bench.wait_for_state(first, "completed").await;
    let inserting = Instant::now();
    let second = bench.insert("succeeds", json!({})).await;
    bench.wait_for_state(second, "completed").await;
    assert!(inserting.elapsed() < Duration::from_secs(5), "{:?}", inserting.elapsed());
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_run_each_of_3000_jobs_once() {
    const JOBS: usize = 3_000;
    let bench = Bench::new().await;
    let runs: Arc<Mutex<HashMap<i64, usize>>> = Arc::default();
    let counted = |runs: Arc<Mutex<HashMap<i64, usize>>>| {
        kind("counted", move |run: Run| {
            *runs.lock().expect("not poisoned").entry(run.job.id).or_default() += 1;
            async { Outcome::Complete }
        })
    };
    let processes: Vec<JobQueue> =
        (0..3).map(|_| bench.process(Registry::new().with(counted(runs.clone())).with_parallel("tests", 50))).collect();
    bench
        .admin
        .execute(
            "insert into metadata.river_job (kind, args, queue, max_attempts) \
             select 'counted', '{}', 'tests', 25 from generate_series(1, $1::int8)",
            &[&(JOBS as i64)],
        )
        .await
        .expect("inserted");
    let started = Instant::now();
    loop {
        let done: i64 = bench
            .admin
            .query_one("select count(*) from metadata.river_job where state = 'completed'", &[])
            .await
            .expect("counted")
            .get(0);
        if done == JOBS as i64 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{done} of {JOBS}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let runs = runs.lock().expect("not poisoned").clone();
    assert_eq!(runs.len(), JOBS);
    assert!(runs.values().all(|count| *count == 1));
    for process in processes {
        process.stop(LIMIT).await;
    }
}
