//! A process whose clock is an hour off works and leads beside a healthy one: all times are the database's, so nothing is scheduled, rescued, retried or
//! deleted at a wrong time. The child really has another clock (`clock.c`, preloaded).

use super::kill::{ChildProcess, OVERLAPS, RUNS};
use super::*;
use serde_json::json;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Builds the library with the wrong clock; the C compiler is there because Rust links with it.
fn library(folder: &Path) -> PathBuf {
    let (source, library) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/jobs/clock.c"), folder.join("clock.so"));
    let status = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(source)
        .status()
        .expect("the C compiler");
    assert!(status.success(), "{status}");
    library
}

impl Bench {
    /// A row of kind `model` with these columns as SQL.
    async fn insert_as(&self, columns: &str, values: &str) -> i64 {
        let sql = format!(
            "insert into metadata.river_job (kind, args, queue, max_attempts, {columns}) \
             values ('model', '{{\"plan\": [\"complete\"]}}', 'tests', 25, {values}) returning id"
        );
        self.admin.query_one(&sql, &[]).await.expect("inserted").get(0)
    }

    async fn exists(&self, id: i64) -> bool {
        let sql = "select count(*) from metadata.river_job where id = $1";
        self.admin.query_one(sql, &[&id]).await.expect("counted").get::<_, i64>(0) > 0
    }

    async fn holds(&self, sql: &str, id: i64) -> bool {
        self.admin.query_one(sql, &[&id]).await.expect("read").get(0)
    }
}

async fn an_hour_off(seconds: i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let (library, skew) = (library(folder.path()), seconds.to_string());
    let environment = [("LD_PRELOAD", library.as_os_str()), ("CLOCK_SKEW_SECONDS", std::ffi::OsStr::new(&skew))];
    let bench = Bench::new().await;
    bench.admin.batch_execute(RUNS).await.expect("a table");

    let running = "state, attempt, attempted_by, attempted_at";
    let foreign = |minutes: u32| format!("'running', 1, array['go_client'], now() - interval '{minutes} minutes'");
    let recent = bench.insert_as(running, &foreign(50)).await;
    let stuck = bench.insert_as(running, &foreign(70)).await;
    let finished = |minutes: u32| format!("'completed', now() - interval '{minutes} minutes'");
    let kept = bench.insert_as("state, finalized_at", &finished(24 * 60 - 30)).await;
    let old = bench.insert_as("state, finalized_at", &finished(24 * 60 + 30)).await;
    let later = bench.insert_as("state, scheduled_at", "'scheduled', now() + interval '30 minutes'").await;
    bench
        .admin
        .batch_execute("insert into metadata.periodic_jobs (name, cron, kind, queue) values ('hourly', '0 * * * *', 'model', 'tests')")
        .await
        .expect("inserted");

    // It starts alone, so it leads.
    let child = ChildProcess::start_with(&bench, false, &environment);
    let started = Instant::now();
    let leader = loop {
        let rows = bench.admin.query("select leader_id from metadata.river_leader", &[]).await.expect("read");
        if let Some(row) = rows.first() {
            break row.get::<_, String>(0);
        }
        assert!(started.elapsed() < LIMIT, "the child does not lead");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    // Its name carries its own clock.
    let off = "select extract(epoch from to_timestamp(substring($1 from '\\d{4}_\\d\\d_\\d\\dT\\d\\d_\\d\\d_\\d\\d'), 'YYYY_MM_DD\"T\"HH24_MI_SS') \
               - now() at time zone 'utc' at time zone current_setting('timezone'))::float8";
    let off: f64 = bench.admin.query_one(off, &[&leader]).await.expect("read").get(0);
    assert!((off - seconds as f64).abs() < 120.0, "{leader} is {off} s off");

    // A healthy process beside it, whose job runs for as long as this test.
    let (started, mut starts) = mpsc::channel(1);
    let release = tokio_util::sync::CancellationToken::new();
    let waits = kind("waits", {
        let release = release.clone();
        move |_| {
            let (started, release) = (started.clone(), release.clone());
            async move {
                started.send(()).await.expect("the test listens");
                release.cancelled().await;
                Outcome::Complete
            }
        }
    });
    let settings = QueueSettings::default();
    let healthy = JobQueue::start(bench.store.clone(), None, Registry::new().with(waits), vec![], settings);
    let long = bench.insert("waits", json!({})).await;
    starts.recv().await.expect("started");

    let soon = bench.insert_as("state, scheduled_at", "'scheduled', now() + interval '4 seconds'").await;
    let fails = bench.insert("model", json!({"plan": ["fail", "complete"]})).await;
    let row = bench.wait_for_state(fails, "completed").await;
    assert_eq!((row.attempt, row.errors), (2, 1));
    let retried = "select (errors[1] ->> 'at')::timestamptz between created_at and now() \
                   and scheduled_at - (errors[1] ->> 'at')::timestamptz between interval '0.9 seconds' and interval '10 seconds' \
                   and attempted_at >= scheduled_at and finalized_at between attempted_at and now() from metadata.river_job where id = $1";
    assert!(bench.holds(retried, fails).await, "{row:?}");
    bench.wait_for_state(soon, "completed").await;
    let in_time = "select attempted_at between scheduled_at and scheduled_at + interval '20 seconds' from metadata.river_job where id = $1";
    assert!(bench.holds(in_time, soon).await, "started at its time");

    let row = bench.wait_for(stuck, |row| row.errors > 0).await;
    assert_eq!(row.error_elements[0]["error"], "Stuck job rescued by JobRescuer");
    let started = Instant::now();
    while bench.exists(old).await {
        assert!(started.elapsed() < LIMIT, "what is too old stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let planned = "select count(*) from metadata.periodic_jobs where next_run_at = date_trunc('hour', now() at time zone 'utc') at time zone 'utc' + interval '1 hour' \
                   and (last_run_at is null or last_run_at between now() - interval '2 minutes' and now())";
    let started = Instant::now();
    while bench.number(planned).await == 0 {
        assert!(started.elapsed() < LIMIT, "the next full hour by the database's clock");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // Longer than the time after which a silent process counts as dead: both clients beat by the database's clock.
    let beats = "select count(*) from metadata.job_processes where last_seen_at - started_at > interval '16 seconds' \
                 and last_seen_at between now() - interval '15 seconds' and now()";
    let started = Instant::now();
    while bench.number(beats).await < 2 {
        assert!(started.elapsed() < LIMIT, "both beat");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let row = bench.row(long).await;
    assert_eq!((row.state.as_str(), row.attempt, row.errors), ("running", 1, 0), "nobody took it for dead");
    assert_eq!(bench.row(recent).await.state, "running", "River's hour is not over");
    assert_eq!(bench.row(later).await.state, "scheduled", "half an hour is not over");
    assert!(bench.exists(kept).await, "a day is not over");
    let leads = bench.admin.query_one("select leader_id from metadata.river_leader", &[]).await.expect("read");
    assert_eq!(leads.get::<_, String>(0), leader, "its lease was good all the time");
    release.cancel();
    bench.wait_for_state(long, "completed").await;
    assert_eq!(bench.number(OVERLAPS).await, 0);
    healthy.stop(LIMIT).await;
    drop(child);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_fast_changes_nothing() {
    an_hour_off(3600).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_an_hour_slow_changes_nothing() {
    an_hour_off(-3600).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_unique_within_a_period_goes_by_the_databases_clock() {
    let bench = Bench::new().await;
    let mut job = NewJob::new("once_a_day", json!({}));
    job.unique = Some(civic_os::jobs::Unique { by_period: Some(Duration::from_secs(86_400)), ..Default::default() });
    let (id, _) = bench.store.insert(&job).await.expect("inserted");
    let sql = "select unique_key = sha256(convert_to('&kind=once_a_day&period=' || to_char(date_trunc('day', created_at at time zone 'utc'), 'YYYY-MM-DD\"T00:00:00Z\"'), 'utf8')) \
               from metadata.river_job where id = $1";
    assert!(bench.holds(sql, id).await);
    assert_eq!(bench.store.insert(&job).await.expect("skipped"), (id, true));
}
