//! Processes that leave and processes that die: nothing is stranded, nothing runs twice at the same time (checks 4 and 5).

use super::*;
use serde_json::json;
use tokio::sync::mpsc;

/// A kind that reports its start and never ends by itself.
fn hangs(started: mpsc::Sender<i64>) -> TestKind {
    kind("hangs", move |run: Run| {
        let started = started.clone();
        async move {
            started.send(run.job.id).await.expect("the test listens");
            std::future::pending().await
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_hands_unfinished_jobs_back_with_the_attempt_refunded() {
    let bench = Bench::new().await;
    let (started, mut starts) = mpsc::channel(1);
    let process = bench.process(Registry::new().with(hangs(started)));
    let id = bench.insert("hangs", json!({})).await;
    starts.recv().await.expect("started");
    process.stop(Duration::from_millis(50)).await;
    let row = bench.row(id).await;
    assert_eq!((row.state.as_str(), row.attempt, row.errors), ("available", 0, 0));
    let processes: i64 =
        bench.admin.query_one("select count(*) from metadata.job_processes", &[]).await.expect("counted").get(0);
    assert_eq!(processes, 0, "a process that left is forgotten");
}

/// Found by the model test: a claim that arrived late left a job running under a name that nobody watches, for River's hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_not_registered_is_given_nothing() {
    let bench = Bench::new().await;
    // Its beats are an hour apart, so that it stays forgotten.
    let settings =
        QueueSettings { beat: Duration::from_secs(3600), lease: Duration::from_secs(7200), ..quick_heartbeat() };
    let registry = || Registry::new().with(kind("succeeds", async |_| Outcome::Complete));
    let forgotten = JobQueue::start(bench.store.clone(), None, registry(), vec![], settings);
    let before = bench.insert("succeeds", json!({})).await;
    bench.wait_for_state(before, "completed").await;
    bench.admin.batch_execute("delete from metadata.job_processes").await.expect("forgotten");
    let id = bench.insert("succeeds", json!({})).await;
    // It polls each second; a registered one is given the job at its first look.
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!((bench.row(id).await.state.as_str(), bench.row(id).await.attempt), ("available", 0));
    let registered = bench.process(registry());
    let row = bench.wait_for_state(id, "completed").await;
    assert_eq!(row.attempted_by, [registered.client_id().to_owned()]);
    registered.stop(LIMIT).await;
    forgotten.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_dead_process_are_handed_back_and_finished_by_another() {
    let bench = Bench::new().await;
    let (started, mut starts) = mpsc::channel(1);
    let victim = bench.process(Registry::new().with(hangs(started)));
    let id = bench.insert("hangs", json!({})).await;
    starts.recv().await.expect("started");
    // Dropping without a stop is what kill -9 leaves behind: a running row and no more heartbeats.
    drop(victim);
    let survivor = bench.process(Registry::new().with(kind("hangs", async |_| Outcome::Complete)));
    let row = bench.wait_for_state(id, "completed").await;
    assert_eq!(
        (row.attempt, row.errors),
        (2, 1),
        "the lost attempt stays counted: a job that kills its process must end"
    );
    assert_eq!(row.error_elements[0]["error"], "The process that ran this job stopped beating");
    assert_eq!(row.attempted_by.len(), 2);
    survivor.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_clients_running_job_keeps_rivers_hour() {
    let bench = Bench::new().await;
    let recent = bench.insert("succeeds", json!({})).await;
    let stuck = bench.insert("succeeds", json!({})).await;
    let unknown = bench.insert("theirs", json!({})).await;
    bench
        .admin
        .batch_execute(&format!(
            "update metadata.river_job set state = 'running', attempt = 1, attempted_by = array['go_client'], \
             attempted_at = now() - case when id = {recent} then interval '50 minutes' else interval '61 minutes' end"
        ))
        .await
        .expect("as River leaves them");
    let process = bench.process(Registry::new().with(kind("succeeds", async |_| Outcome::Complete)));
    let row = bench.wait_for(stuck, |row| row.state != "running").await;
    assert_eq!(row.error_elements[0]["error"], "Stuck job rescued by JobRescuer");
    assert_eq!(row.metadata["river:rescue_count"], 1);
    assert_eq!(bench.row(recent).await.state, "running");
    assert_eq!(bench.row(unknown).await.state, "running", "kinds that we do not know are never touched (D-11)");
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_resigns_is_followed_within_a_second() {
    let bench = Bench::new().await;
    let registry = || Registry::new().with(kind("succeeds", async |_| Outcome::Complete));
    let first = bench.process(registry());
    let leader = async || {
        let rows = bench.admin.query("select leader_id from metadata.river_leader", &[]).await.expect("read");
        rows.first().map(|row| row.get::<_, String>(0))
    };
    let started = Instant::now();
    while leader().await.as_deref() != Some(first.client_id()) {
        assert!(started.elapsed() < LIMIT, "nobody leads");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let second = bench.process(registry());
    // The second has to have bid and lost before the first resigns, or it would win as a newcomer.
    let started = Instant::now();
    while second.running().is_empty() && started.elapsed() < Duration::from_secs(2) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let resigning = Instant::now();
    first.stop(LIMIT).await;
    while leader().await.as_deref() != Some(second.client_id()) {
        assert!(resigning.elapsed() < Duration::from_secs(3), "no new leader after a resignation");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    second.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_a_run_that_is_no_longer_ours_changes_nothing() {
    let bench = Bench::new().await;
    let (started, mut starts) = mpsc::channel(1);
    let (finish, finishes) = tokio::sync::watch::channel(false);
    let waits = kind("waits", move |run: Run| {
        let (started, mut finishes) = (started.clone(), finishes.clone());
        async move {
            started.send(run.job.id).await.expect("the test listens");
            finishes.wait_for(|done| *done).await.expect("the test finishes it");
            Outcome::Complete
        }
    });
    let process = bench.process(Registry::new().with(waits));
    let id = bench.insert("waits", json!({})).await;
    starts.recv().await.expect("started");
    // Somebody else took it over meanwhile: another attempt is running.
    bench
        .admin
        .execute("update metadata.river_job set attempt = 2, attempted_at = clock_timestamp() where id = $1", &[&id])
        .await
        .expect("changed");
    finish.send(true).expect("told");
    let later = bench.insert("waits", json!({})).await;
    bench.wait_for_state(later, "completed").await;
    let row = bench.row(id).await;
    assert_eq!((row.state.as_str(), row.finalized), ("running", false));
    process.stop(LIMIT).await;
}
