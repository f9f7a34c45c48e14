//! What operators do: cancel, retry, pause, and SQL that inserts jobs. With notifications and without.

use super::*;
use serde_json::json;
use tokio::sync::mpsc;

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_can_be_cancelled() {
    let bench = Bench::new().await;
    for listening in [true, false] {
        let (started, mut starts) = mpsc::channel(1);
        let waits = kind("waits", move |run: Run| {
            let started = started.clone();
            async move {
                started.send(()).await.expect("the test listens");
                run.cancelled.cancelled().await;
                Outcome::Fail("told to stop".into())
            }
        });
        let hub = listening.then(|| bench.hub.clone());
        let process = JobQueue::start(bench.store.clone(), hub, Registry::new().with(waits), vec![], quick_heartbeat());
        let id = bench.insert("waits", json!({})).await;
        starts.recv().await.expect("started");
        bench.operations.cancel(id).await.expect("cancelled");
        let row = bench.wait_for_state(id, "cancelled").await;
        assert_eq!(row.error_elements[0]["error"], "JobCancelError: job cancelled remotely");
        assert!(row.finalized && row.metadata["cancel_attempted_at"].is_string());
        process.stop(LIMIT).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_is_cancelled_at_once_and_retry_brings_it_back() {
    let bench = Bench::new().await;
    let id = bench.insert("fails", json!({})).await;
    bench.operations.cancel(id).await.expect("cancelled");
    assert_eq!(bench.row(id).await.state, "cancelled");
    let refusal = bench.operations.cancel(id).await.expect_err("final").to_string();
    assert_eq!(refusal, format!("job {id} is cancelled, so it cannot be cancelled"));
    bench.operations.retry(id).await.expect("retried");
    let row = bench.row(id).await;
    assert_eq!((row.state.as_str(), row.finalized), ("available", false));
    assert!(
        bench.operations.retry(9_999_999).await.expect_err("unknown").to_string().contains("there is no job 9999999")
    );

    // All attempts used: a retry gets one more.
    bench
        .admin
        .execute(
            "update metadata.river_job set state = 'discarded', finalized_at = now(), attempt = 25 where id = $1",
            &[&id],
        )
        .await
        .expect("changed");
    bench.operations.retry(id).await.expect("retried");
    let job = bench.operations.show(id).await.expect("shown");
    assert_eq!((job.max_attempts, job.attempt), (26, 25));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_queue_starts_nothing_until_it_is_resumed() {
    let bench = Bench::new().await;
    bench.operations.set_paused("tests", true).await.expect("paused");
    let process = bench.process(Registry::new().with(kind("succeeds", async |_| Outcome::Complete)));
    let marker = kind("marker", async |_| Outcome::Complete);
    let other = bench.process(Registry::new().with(TestKind { queue: "other", ..marker }));
    let paused = bench.insert("succeeds", json!({})).await;
    let mut job = NewJob::new("marker", json!({}));
    job.queue = "other".into();
    let (marker, _) = bench.store.insert(&job).await.expect("inserted");
    bench.wait_for_state(marker, "completed").await;
    assert_eq!(bench.row(paused).await.state, "available");
    bench.operations.set_paused("tests", false).await.expect("resumed");
    bench.wait_for_state(paused, "completed").await;
    process.stop(LIMIT).await;
    other.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unique_jobs_wait_once() {
    let bench = Bench::new().await;
    let mut job = NewJob::new("once", json!({"id": 7}));
    job.unique = Some(civic_os::jobs::Unique { by_args: true, ..Default::default() });
    let (first, duplicate) = bench.store.insert(&job).await.expect("inserted");
    assert!(!duplicate);
    assert_eq!(bench.store.insert(&job).await.expect("skipped"), (first, true));
    bench.operations.cancel(first).await.expect("cancelled");
    let (second, duplicate) = bench.store.insert(&job).await.expect("inserted again");
    assert!(second != first && !duplicate);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_outside_rivers_rules_are_refused_with_the_rule() {
    let bench = Bench::new().await;
    for (kind, queue, word) in [("x", "tests", "kind"), ("a b", "tests", "kind"), ("good_kind", "bad queue", "queue")] {
        let mut job = NewJob::new(kind, json!({}));
        job.queue = queue.into();
        let refusal = bench.operations.enqueue(&job).await.expect_err("refused").to_string();
        assert!(refusal.contains(word), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_counts_by_queue_kind_and_state() {
    let bench = Bench::new().await;
    bench.insert("counted", json!({})).await;
    let id = bench.insert("counted", json!({})).await;
    bench.operations.cancel(id).await.expect("cancelled");
    let counts = bench.operations.count().await.expect("counted");
    let states: Vec<(&str, i64)> = counts.iter().map(|count| (count.state.as_str(), count.count)).collect();
    assert_eq!(states, [("available", 1), ("cancelled", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_cannot_become_workers() {
    let bench = Bench::new().await;
    // An RPC function running as a person cannot touch the queue, and a person without the admin role sees no job.
    bench.insert("secret", json!({"card": "4242"})).await;
    bench.admin.batch_execute("set role authenticated").await.expect("a person");
    let seen: i64 =
        bench.admin.query_one("select count(*) from metadata.river_job", &[]).await.expect("counted").get(0);
    assert_eq!(seen, 0);
    let refusal =
        bench.admin.batch_execute("update metadata.river_job set state = 'available'").await.expect_err("refused");
    assert_eq!(refusal.code().map(tokio_postgres::error::SqlState::code), Some("42501"));
}
