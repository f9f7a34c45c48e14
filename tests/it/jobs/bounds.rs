//! What a process takes and what it leaves to others: the order of jobs, the bound of a queue, connections, the lane of the API.

use super::*;
use civic_os::db::{AccessMode, IsolationLevel, Lane, LaneLimits, RequestTransaction, Statement, TransactionEnd};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Barrier, mpsc};

#[tokio::test(flavor = "multi_thread")]
async fn lower_numbers_of_priority_come_first_then_earlier_times_then_lower_ids() {
    let bench = Bench::new().await;
    // Label, priority, seconds overdue; the order of insertion is none of the wanted ones.
    let labels: [(&str, i16, f64); 6] =
        [("c", 2, 60.0), ("f", 4, 600.0), ("a", 1, 0.0), ("d", 2, 30.0), ("e", 3, 300.0), ("b", 1, 0.0)];
    for (label, priority, overdue) in labels {
        bench
            .admin
            .execute(
                "insert into metadata.river_job (kind, args, queue, max_attempts, priority, scheduled_at) \
                 values ('notes', jsonb_build_object('label', $1::text), 'tests', 1, $2, \
                   date_trunc('day', now()) - make_interval(secs => $3))",
                &[&label, &priority, &overdue],
            )
            .await
            .expect("inserted");
    }
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (done, mut ends) = mpsc::channel(10);
    let notes = kind("notes", {
        let seen = seen.clone();
        move |run: Run| {
            seen.lock().expect("not poisoned").push(run.job.args["label"].as_str().expect("a label").to_owned());
            let done = done.clone();
            async move {
                done.send(()).await.expect("the test listens");
                Outcome::Complete
            }
        }
    });
    let process = bench.process(Registry::new().with(notes).with_parallel("tests", 1));
    for _ in labels {
        tokio::time::timeout(LIMIT, ends.recv()).await.expect("in time").expect("run");
    }
    assert_eq!(seen.lock().expect("not poisoned").concat(), "abcdef");
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_runs_as_many_at_once_as_it_may_and_not_one_more() {
    let bench = Bench::new().await;
    let (running, most, free_run) =
        (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = kind("counts", {
        let (running, most, free_run) = (running.clone(), most.clone(), free_run.clone());
        move |_| {
            let (running, most, free_run) = (running.clone(), most.clone(), free_run.clone());
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                free_run.fetch_add(1, Ordering::SeqCst);
                Outcome::Complete
            }
        }
    });
    let process = bench.process(Registry::new().with(counts).with_parallel("tests", 3));
    let mut last = 0;
    for _ in 0..30 {
        last = bench.insert("counts", json!({})).await;
    }
    bench.wait_for_state(last, "completed").await;
    let unfinished = "select count(*) from metadata.river_job where state <> 'completed'";
    let started = Instant::now();
    while bench.admin.query_one(unfinished, &[]).await.expect("counted").get::<_, i64>(0) > 0 {
        assert!(started.elapsed() < LIMIT);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((most.load(Ordering::SeqCst), free_run.load(Ordering::SeqCst)), (3, 30));
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn running_jobs_hold_no_connection() {
    const JOBS: usize = 20;
    let bench = Bench::new().await;
    let db = Db::open(DbOptions { url: bench.database.authenticator_url(), pool_max: 2, ..DbOptions::default() })
        .expect("a pool");
    // None ends before all of them run.
    let barrier = Arc::new(Barrier::new(JOBS));
    let meets = kind("meets", move |_| {
        let barrier = barrier.clone();
        async move {
            barrier.wait().await;
            Outcome::Complete
        }
    });
    let registry = Registry::new().with(meets).with_parallel("tests", JOBS);
    let process = JobQueue::start(Store::new(db), None, registry, vec![], quick_heartbeat());
    let mut ids = Vec::new();
    for _ in 0..JOBS {
        ids.push(bench.insert("meets", json!({})).await);
    }
    for id in ids {
        let row = bench.wait_for_state(id, "completed").await;
        assert_eq!(row.attempt, 1);
    }
    process.stop(LIMIT).await;
}

/// Jobs that keep all connections of their lane busy: requests of the API are answered all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_lane_of_the_api_is_not_starved_by_jobs() {
    let bench = Bench::new().await;
    let lanes = LaneLimits { api: Some(2), jobs: Some(2), system: None };
    let db = Db::open(DbOptions {
        url: bench.database.authenticator_url(),
        pool_max: 6,
        lanes,
        acquisition_timeout: Duration::from_secs(60),
        ..DbOptions::default()
    })
    .expect("a pool");
    let (started, mut starts) = mpsc::channel(40);
    let release = tokio_util::sync::CancellationToken::new();
    let hog = kind("hog", {
        let (db, release) = (db.clone(), release.clone());
        move |_| {
            let (db, release, started) = (db.clone(), release.clone(), started.clone());
            async move {
                let ask = db.client(Lane::Jobs);
                started.send(()).await.expect("the test listens");
                let client = tokio::select! {
                    client = ask => client.expect("a connection"),
                    () = release.cancelled() => return Outcome::Complete,
                };
                release.cancelled().await;
                drop(client);
                Outcome::Complete
            }
        }
    });
    let registry = Registry::new().with(hog).with_parallel("tests", 20);
    let process = JobQueue::start(Store::new(db.clone()), None, registry, vec![], quick_heartbeat());
    let mut last = 0;
    for _ in 0..20 {
        last = bench.insert("hog", json!({})).await;
    }
    // The producer itself may wait for its lane once two hogs have it, so not all of them start.
    for _ in 0..2 {
        tokio::time::timeout(LIMIT, starts.recv()).await.expect("in time").expect("started");
    }
    let busy = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'authenticator' and state is not null";
    let waiting = Instant::now();
    while bench.admin.query_one(busy, &[]).await.expect("counted").get::<_, i64>(0) < 2 {
        assert!(waiting.elapsed() < LIMIT);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..50 {
        let request = RequestTransaction {
            role: "web_anon",
            settings: &[("role", "web_anon")],
            access: AccessMode::ReadOnly,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: None,
            statement: Statement { sql: "select 1", params: &[], reusable: true },
            end: TransactionEnd::Commit,
        };
        let answer = tokio::time::timeout(Duration::from_secs(10), db.request(Lane::Api, &request)).await;
        answer.expect("the API does not wait for jobs").expect("answered");
    }
    let beats = "select max(last_seen_at) > now() - interval '4 seconds' from metadata.job_processes";
    assert!(bench.admin.query_one(beats, &[]).await.expect("read").get::<_, bool>(0), "nor does the heartbeat");
    release.cancel();
    bench.wait_for_state(last, "completed").await;
    process.stop(LIMIT).await;
}
