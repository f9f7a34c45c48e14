//! Check 6 and the sum: jobs start at once, and a crowd of processes runs each job exactly once.

use super::*;
use civic_os::db::HubEvent;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Mutex;
use tokio::sync::mpsc;

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_by_sql_wakes_the_queue_by_itself() {
    let bench = Bench::new().await;
    let (started, mut starts) = mpsc::channel(1);
    let reports = kind("reports", move |_| {
        let started = started.clone();
        async move {
            started.send(()).await.expect("the test listens");
            Outcome::Complete
        }
    });
    // Nobody polls within this test: what starts was heard of.
    let deaf = QueueSettings { poll_interval: Duration::from_secs(3600), ..quick_heartbeat() };
    let hub = Some(bench.hub.clone());
    let process = JobQueue::start(bench.store.clone(), hub, Registry::new().with(reports), vec![], deaf);
    let insert = async || {
        bench
            .admin
            .batch_execute(
                "insert into metadata.river_job (kind, args, queue, max_attempts) values ('reports', '{}', 'tests', 25)",
            )
            .await
            .expect("inserted by an integrator's SQL");
    };
    // Subscribing takes effect a moment later; an insert before that is nobody's to hear.
    let mut inserted = 0;
    loop {
        insert().await;
        inserted += 1;
        if tokio::time::timeout(Duration::from_millis(500), starts.recv()).await.is_ok() {
            break;
        }
        assert!(inserted < 60, "the queue never heard of an insert");
    }
    for _ in 1..inserted {
        tokio::time::timeout(LIMIT, starts.recv()).await.expect("fetched together").expect("started");
    }
    // A retry wakes too, and so does the end of a pause.
    let id: i64 = bench.admin.query_one("select max(id) from metadata.river_job", &[]).await.expect("read").get(0);
    bench.wait_for_state(id, "completed").await;
    bench.operations.retry(id).await.expect("retried");
    tokio::time::timeout(LIMIT, starts.recv()).await.expect("woken by the retry").expect("started");
    bench.operations.set_paused("tests", true).await.expect("paused");
    let paused = "select count(*) from metadata.river_queue where paused_at is not null";
    assert_eq!(bench.admin.query_one(paused, &[]).await.expect("counted").get::<_, i64>(0), 1);
    bench.operations.set_paused("tests", false).await.expect("resumed");
    for _ in 0..20 {
        insert().await;
        tokio::time::timeout(LIMIT, starts.recv()).await.expect("woken by the notification").expect("started");
    }
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_tells_each_queue_once() {
    let bench = Bench::new().await;
    let mut heard = bench.hub.subscribe("metadata.river_insert");
    assert!(bench.hub.wait_until_listening("metadata.river_insert", LIMIT).await);
    bench
        .admin
        .batch_execute(
            "begin; \
             insert into metadata.river_job (kind, args, queue, max_attempts) \
               select 'reports', '{}', case when n % 2 = 0 then 'even' else 'odd' end, 25 from generate_series(1, 50) n; \
             insert into metadata.river_job (kind, args, queue, max_attempts) values ('reports', '{}', 'even', 25); \
             insert into metadata.river_job (kind, args, queue, max_attempts, state, scheduled_at) \
               values ('reports', '{}', 'later', 25, 'scheduled', now() + interval '1 hour'); \
             commit; \
             insert into metadata.river_job (kind, args, queue, max_attempts) values ('reports', '{}', 'last', 25)",
        )
        .await
        .expect("inserted");
    let mut queues = Vec::new();
    while queues.last().is_none_or(|queue| queue != "last") {
        let event = tokio::time::timeout(LIMIT, heard.recv()).await.expect("in time").expect("an event");
        let HubEvent::Notification(payload) = event else { continue };
        let payload: serde_json::Value = serde_json::from_str(&payload).expect("JSON");
        queues.push(payload["queue"].as_str().expect("a queue").to_owned());
    }
    queues.sort();
    assert_eq!(queues, ["even", "last", "odd"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_arrives_at_once_does_not_slow_the_fetch() {
    const WAITING: i64 = 40_000;
    let bench = Bench::new().await;
    // As after a night without work: the statistics know an empty table.
    bench.admin.batch_execute("alter table metadata.river_job set (autovacuum_enabled = off)").await.expect("set");
    bench.admin.batch_execute("vacuum analyze metadata.river_job").await.expect("analysed");
    bench
        .admin
        .execute(
            "insert into metadata.river_job (kind, args, queue, max_attempts) select 'slow', '{}', 'tests', 25 from generate_series(1, $1::int8)",
            &[&WAITING],
        )
        .await
        .expect("inserted");
    // Rows that PostgreSQL looked at on behalf of the queue, wherever it found them.
    let looked_at = async || {
        let sql = "select seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_all_tables where relid = 'metadata.river_job'::regclass";
        bench.admin.query_one(sql, &[]).await.expect("read").get::<_, i64>(0)
    };
    let before = looked_at().await;
    let (done, mut ends) = mpsc::channel(100);
    let slow = kind("slow", move |_| {
        let done = done.clone();
        async move {
            let _ = done.send(()).await;
            Outcome::Complete
        }
    });
    let process = bench.process(Registry::new().with(slow).with_parallel("tests", 1));
    for _ in 0..30 {
        tokio::time::timeout(LIMIT, ends.recv()).await.expect("in time").expect("run");
    }
    drop(ends);
    process.stop(LIMIT).await;
    // A connection reports what it read before it is gone.
    bench.db.close();
    bench.hub.stop();
    let left = "select count(*) from pg_stat_activity where datname = current_database() and usename = 'authenticator'";
    let started = Instant::now();
    while bench.admin.query_one(left, &[]).await.expect("counted").get::<_, i64>(0) > 0 {
        assert!(started.elapsed() < LIMIT, "connections stay open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let rows = looked_at().await - before;
    assert!(rows > 0, "the statistics say nothing");
    assert!(rows < WAITING * 10, "{rows} rows were looked at for some thirty jobs out of {WAITING}");
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
