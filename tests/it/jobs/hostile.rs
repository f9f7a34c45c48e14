//! Bad input: what others write into the table, and kinds that misbehave. Each has a stated final state and a readable error, and other jobs go on.

use super::*;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::mpsc;

impl Bench {
    /// One attempt only, so that the first failure is final.
    async fn insert_raw(&self, kind: &str, args: &str) -> i64 {
        let sql = format!(
            "insert into metadata.river_job (kind, args, queue, max_attempts) values ('{kind}', '{args}', 'tests', 1) returning id"
        );
        self.admin.query_one(&sql, &[]).await.expect("PostgreSQL takes it").get(0)
    }

    /// A job of a healthy kind is still done.
    async fn goes_on(&self) {
        let healthy = self.insert("succeeds", json!({})).await;
        self.wait_for_state(healthy, "completed").await;
    }
}

fn succeeds() -> TestKind {
    kind("succeeds", async |_| Outcome::Complete)
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_that_json_allows_and_we_cannot_read_discard_their_job_alone() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(succeeds()));
    let huge = bench.insert_raw("succeeds", r#"{"amount": 1e400}"#).await;
    let deep = format!("{}1{}", "[".repeat(400), "]".repeat(400));
    let deep = bench.insert_raw("succeeds", &deep).await;
    for id in [huge, deep] {
        let row = bench.wait_for_state(id, "discarded").await;
        let error = row.error_elements[0]["error"].as_str().expect("text").to_owned();
        assert!(error.starts_with("the arguments cannot be read: "), "{error}");
        assert_eq!((row.attempt, row.finalized), (1, true));
        bench.operations.show(id).await.expect("operators can look at it");
    }
    bench.goes_on().await;
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_ten_megabytes_are_only_large() {
    let bench = Bench::new().await;
    let measures = kind("measures", async |run: Run| match run.job.args["text"].as_str() {
        Some(text) if text.len() == 10_000_000 => Outcome::Complete,
        other => Outcome::Discard(format!("{:?} bytes", other.map(str::len))),
    });
    let process = bench.process(Registry::new().with(measures).with(succeeds()));
    let id = bench.insert("measures", json!({"text": "x".repeat(10_000_000)})).await;
    bench.goes_on().await;
    bench.wait_for_state(id, "completed").await;
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_others_left_in_odd_shapes_are_worked_on() {
    let bench = Bench::new().await;
    let process =
        bench.process(Registry::new().with(kind("fails", async |_| Outcome::Fail("no".into()))).with(succeeds()));
    let odd = [
        "metadata = '[]'",
        "metadata = '\"text\"'",
        "scheduled_at = '-infinity'",
        "created_at = 'infinity'",
        "errors = array['1e999', 'null', '{\"at\": \"yesterday\"}']::jsonb[]",
        "attempted_by = array_fill('go_client'::text, array[150]), attempted_at = '-infinity'",
        "tags = array['', 'ä']::varchar[]",
        "args = 'null'",
    ];
    for change in odd {
        let id: i64 = bench
            .admin
            .query_one(
                "insert into metadata.river_job (kind, args, queue, max_attempts, state) values ('fails', '{}', 'tests', 1, 'pending') returning id",
                &[],
            )
            .await
            .expect("inserted")
            .get(0);
        let change = format!("update metadata.river_job set {change}, state = 'available' where id = {id}");
        bench.admin.batch_execute(&change).await.expect("PostgreSQL takes it");
        bench
            .admin
            .batch_execute("select pg_notify('metadata.river_insert', '{\"queue\": \"tests\"}')")
            .await
            .expect("told");
        let row = bench.wait_for_state(id, "discarded").await;
        let last = row.error_elements.as_array().and_then(|errors| errors.last().cloned()).expect("an error");
        assert_eq!(last["error"], "no", "{change}");
        assert!(row.attempted_by.len() <= 100, "{change}");
    }
    bench.goes_on().await;
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn queues_that_nobody_serves_keep_their_jobs() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(succeeds()));
    let id: i64 = bench
        .admin
        .query_one(
            "insert into metadata.river_job (kind, args, queue, max_attempts) values ('succeeds', '{}', 'no such; queue', 1) returning id",
            &[],
        )
        .await
        .expect("the column takes any text")
        .get(0);
    bench.goes_on().await;
    let row = bench.row(id).await;
    assert_eq!((row.state.as_str(), row.attempt), ("available", 0));
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn loops_that_never_yield_end_as_errors_and_everything_else_goes_on() {
    let bench = Bench::new().await;
    let (release, looping) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (flag, count) = (release.clone(), looping.clone());
    let endless = TestKind {
        timeout: Duration::from_millis(200),
        ..kind("endless", move |_| {
            let (flag, count) = (flag.clone(), count.clone());
            async move {
                count.fetch_add(1, Ordering::SeqCst);
                while !flag.load(Ordering::SeqCst) {
                    std::thread::yield_now();
                }
                Outcome::Complete
            }
        })
    };
    let process = bench.process(Registry::new().with(endless).with(succeeds()));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(bench.insert_raw("endless", "{}").await);
    }
    bench.goes_on().await;
    for id in ids {
        let row = bench.wait_for_state(id, "discarded").await;
        assert_eq!(row.error_elements[0]["error"], "the job did not finish within 0.2 s");
    }
    assert_eq!(looping.load(Ordering::SeqCst), 3);
    // The loops still take their threads; new runs have others, and the process still beats.
    bench.goes_on().await;
    let beats: bool = bench
        .admin
        .query_one("select max(last_seen_at) > now() - interval '5 seconds' from metadata.job_processes", &[])
        .await
        .expect("read")
        .get(0);
    assert!(beats);
    release.store(true, Ordering::SeqCst);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_times_are_the_databases() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(kind("fails", async |_| Outcome::Fail("no".into()))));
    // Due in a second by the database's clock, whatever ours says: our clock decides nothing.
    let id: i64 = bench
        .admin
        .query_one(
            "insert into metadata.river_job (kind, args, queue, max_attempts, scheduled_at) \
             values ('fails', '{}', 'tests', 3, now() + interval '1 second') returning id",
            &[],
        )
        .await
        .expect("inserted")
        .get(0);
    bench.wait_for(id, |row| row.errors == 1).await;
    let sql = "select attempted_at >= (select created_at + interval '1 second' from metadata.river_job where id = $1), \
               (errors[1] ->> 'at')::timestamptz = attempted_at, \
               extract(epoch from scheduled_at - attempted_at)::float8 between 0.9 and 1.1 + extract(epoch from clock_timestamp() - attempted_at) \
               from metadata.river_job where id = $1";
    let row = bench.admin.query_one(sql, &[&id]).await.expect("read");
    assert_eq!((row.get(0), row.get(1), row.get(2)), (true, true, true));
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_transaction_pooler_jobs_are_polled_for_and_cancelled() {
    let bench = Bench::new().await;
    let Some(pooler) = crate::db::pooler::pooler(bench.database.authenticator_url().expose().expect("a URL")).await
    else {
        return;
    };
    let db = Db::open(DbOptions { url: pooler.url.clone(), pool_max: 4, ..DbOptions::default() }).expect("a pool");
    // PgBouncer takes LISTEN and delivers nothing.
    let hub = Hub::spawn(&pooler.url, "jobs test").expect("a listener");
    let (started, mut starts) = mpsc::channel(1);
    let waits = kind("waits", move |run: Run| {
        let started = started.clone();
        async move {
            started.send(()).await.expect("the test listens");
            run.cancelled.cancelled().await;
            Outcome::Fail("told to stop".into())
        }
    });
    let registry = Registry::new().with(waits).with(succeeds());
    let process = JobQueue::start(Store::new(db), Some(hub), registry, vec![], quick_heartbeat());
    bench.goes_on().await;
    let id = bench.insert("waits", json!({})).await;
    starts.recv().await.expect("started");
    bench.operations.cancel(id).await.expect("cancelled");
    let cancelling = Instant::now();
    bench.wait_for_state(id, "cancelled").await;
    assert!(cancelling.elapsed() < Duration::from_secs(6), "polled each second: {:?}", cancelling.elapsed());
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_on_the_channels_that_nobody_understands_change_nothing() {
    let bench = Bench::new().await;
    // Nobody polls within this test: what starts was heard of after all the noise.
    let deaf = QueueSettings { poll_interval: Duration::from_secs(3600), ..quick_heartbeat() };
    let hub = Some(bench.hub.clone());
    let process = JobQueue::start(bench.store.clone(), hub, Registry::new().with(succeeds()), vec![], deaf);
    // Heard once: the subscription stands.
    let started = Instant::now();
    loop {
        let id = bench.insert("succeeds", json!({})).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        if bench.row(id).await.state == "completed" {
            break;
        }
        assert!(started.elapsed() < LIMIT, "the queue never heard of an insert");
    }
    let long = "x".repeat(7_900);
    let noise = [
        "",
        "{",
        "null",
        "[]",
        "\u{0}\u{1}",
        r#"{"queue": 7}"#,
        r#"{"queue": "no such queue"}"#,
        r#"{"action": "explode"}"#,
        r#"{"action": "cancel", "job_id": "seven", "queue": "tests"}"#,
        r#"{"action": "cancel", "job_id": 9223372036854775807, "queue": "tests"}"#,
        r#"{"action": "pause"}"#,
        r#"{"action": "pause", "queue": "no such queue"}"#,
        r#"{"action": "metadata_changed", "queue": "tests", "metadata": {"a": 1}}"#,
        r#"{"action": "resigned", "leader_id": "nobody"}"#,
        r#"{"leader_id": "nobody", "action": "request_resign"}"#,
        &long,
    ];
    for channel in ["metadata.river_insert", "metadata.river_control", "metadata.river_leadership"] {
        for payload in noise {
            let payload = payload.replace('\u{0}', " ");
            bench.admin.execute("select pg_notify($1, $2)", &[&channel, &payload]).await.expect("PostgreSQL takes it");
        }
    }
    bench.goes_on().await;
    assert!(!bench.operations.count().await.expect("counted").iter().any(|count| count.paused));
    let leaders = "select count(*) from metadata.river_leader";
    assert_eq!(bench.admin.query_one(leaders, &[]).await.expect("counted").get::<_, i64>(0), 1);
    process.stop(LIMIT).await;
}
