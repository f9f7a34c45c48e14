//! Check 2: each way a run can end, and the row that is left.

use super::*;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[tokio::test(flavor = "multi_thread")]
async fn success_leaves_a_completed_row() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(kind("succeeds", async |_| Outcome::Complete)));
    let id = bench.insert("succeeds", json!({})).await;
    let row = bench.wait_for_state(id, "completed").await;
    assert_eq!((row.attempt, row.errors, row.finalized), (1, 0, true));
    assert_eq!(row.attempted_by, [process.client_id().to_owned()]);
    assert!(process.client_id().len() <= 100);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_counted_described_and_retried_by_the_fourth_power() {
    let bench = Bench::new().await;
    let fails = kind("fails", async |run: Run| Outcome::Fail(format!("attempt {} refused", run.job.attempt)));
    let process = bench.process(Registry::new().with(fails));
    let id = bench.insert("fails", json!({})).await;
    // The first retry is due after a second and skips `retryable`; the second waits for about 16 s.
    let row = bench.wait_for_state(id, "retryable").await;
    assert_eq!((row.attempt, row.errors, row.finalized), (2, 2, false));
    assert!((13.0..=17.7).contains(&row.due_in), "{row:?}");
    let first = row.error_elements[0].as_object().expect("an object");
    let mut keys: Vec<&String> = first.keys().collect();
    keys.sort();
    assert_eq!(keys, ["at", "attempt", "error", "trace"]);
    assert_eq!(
        (&first["attempt"], &first["error"], &first["trace"]),
        (&json!(1), &json!("attempt 1 refused"), &json!(""))
    );
    OffsetDateTime::parse(first["at"].as_str().expect("text"), &Rfc3339).expect("RFC 3339, or Go cannot fetch the row");
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_failure_discards() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(kind("fails", async |_| Outcome::Fail("no".into()))));
    let mut job = NewJob::new("fails", json!({}));
    (job.queue, job.max_attempts) = ("tests".into(), 1);
    let (id, _) = bench.store.insert(&job).await.expect("inserted");
    let row = bench.wait_for_state(id, "discarded").await;
    assert_eq!((row.attempt, row.errors, row.finalized), (1, 1, true));
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discard_and_cancel_need_no_further_attempt() {
    let bench = Bench::new().await;
    let registry = Registry::new()
        .with(kind("discards", async |_| Outcome::Discard("not an image".into())))
        .with(kind("cancels", async |_| Outcome::Cancel("already paid".into())));
    let process = bench.process(registry);
    let discarded = bench.insert("discards", json!({})).await;
    let cancelled = bench.insert("cancels", json!({})).await;
    let row = bench.wait_for_state(discarded, "discarded").await;
    assert_eq!((row.errors, row.finalized), (1, true));
    let row = bench.wait_for_state(cancelled, "cancelled").await;
    assert_eq!(row.error_elements[0]["error"], "JobCancelError: already paid");
    assert!(row.finalized);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snoozing_gives_the_attempt_back_and_adds_no_error() {
    let bench = Bench::new().await;
    let process =
        bench.process(Registry::new().with(kind("snoozes", async |_| Outcome::Snooze(Duration::from_secs(60)))));
    let id = bench.insert("snoozes", json!({})).await;
    let row = bench.wait_for_state(id, "scheduled").await;
    assert_eq!((row.attempt, row.errors, row.finalized), (0, 0, false));
    assert_eq!(row.metadata["snoozes"], 1);
    assert!((50.0..=60.0).contains(&row.due_in), "{row:?}");
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_and_the_process_lives() {
    let bench = Bench::new().await;
    let registry = Registry::new()
        .with(kind("panics", async |_| -> Outcome { panic!("index out of bounds") }))
        .with(kind("succeeds", async |_| Outcome::Complete));
    let process = bench.process(registry);
    let poison = bench.insert("panics", json!({})).await;
    let row = bench.wait_for(poison, |row| row.errors > 0).await;
    assert_eq!(row.error_elements[0]["error"], "index out of bounds");
    assert_ne!(row.error_elements[0]["trace"], "");
    let healthy = bench.insert("succeeds", json!({})).await;
    bench.wait_for_state(healthy, "completed").await;
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_takes_too_long_is_ended_and_one_that_never_yields_does_not_stop_the_others() {
    let bench = Bench::new().await;
    let slow = TestKind { timeout: Duration::from_millis(200), ..kind("slow", async |_| std::future::pending().await) };
    let endless = TestKind {
        timeout: Duration::from_millis(200),
        ..kind("endless", async |run: Run| {
            let until = std::time::Instant::now() + Duration::from_secs(8);
            while std::time::Instant::now() < until {
                std::hint::spin_loop();
            }
            drop(run);
            Outcome::Complete
        })
    };
    let process =
        bench.process(Registry::new().with(slow).with(endless).with(kind("succeeds", async |_| Outcome::Complete)));
    let slow = bench.insert("slow", json!({})).await;
    let endless = bench.insert("endless", json!({})).await;
    let row = bench.wait_for(slow, |row| row.errors > 0).await;
    assert_eq!(row.error_elements[0]["error"], "the job did not finish within 0.2 s");
    let healthy = bench.insert("succeeds", json!({})).await;
    bench.wait_for_state(healthy, "completed").await;
    bench.wait_for(endless, |row| row.errors > 0).await;
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_of_others_do_no_harm() {
    let bench = Bench::new().await;
    let typed = kind("typed", async |run: Run| match run.args::<(i64, String)>() {
        Ok(_) => Outcome::Complete,
        Err(outcome) => outcome,
    });
    let process = bench.process(Registry::new().with(typed));
    let odd = bench.insert("typed", json!({"unexpected": null})).await;
    let row = bench.wait_for(odd, |row| row.errors > 0).await;
    let error = row.error_elements[0]["error"].as_str().expect("text").to_owned();
    assert!(error.contains("typed"), "{error}");
    // Errors that Go wrote with nanoseconds, and one that nobody can read.
    bench
        .admin
        .execute(
            "update metadata.river_job set state = 'available', scheduled_at = now(), args = '[1, \"x\"]', errors = array[\
             '{\"at\":\"2025-11-23T12:00:00.123456789Z\",\"attempt\":1,\"error\":\"text\",\"trace\":\"\"}', '\"odd\"']::jsonb[] where id = $1",
            &[&odd],
        )
        .await
        .expect("changed by hand");
    let row = bench.wait_for_state(odd, "completed").await;
    assert_eq!(row.errors, 2);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kinds_that_are_not_ours_stay_untouched() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(kind("ours", async |_| Outcome::Complete)));
    let foreign = bench.insert("theirs", json!({})).await;
    let ours = bench.insert("ours", json!({})).await;
    bench.wait_for_state(ours, "completed").await;
    let row = bench.row(foreign).await;
    assert_eq!((row.state.as_str(), row.attempt), ("available", 0));
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn completion_can_be_one_transaction_with_the_kinds_own_writes() {
    let bench = Bench::new().await;
    bench
        .database
        .execute("create table public.done (job bigint); grant insert on public.done to civic_os_worker")
        .await;
    let db = bench.db.clone();
    let writes = kind("writes", move |run: Run| {
        let db = db.clone();
        async move {
            let mut client = db.client(civic_os::db::Lane::Jobs).await.expect("a connection");
            let transaction = client.transaction().await.expect("a transaction");
            transaction.batch_execute("set local role civic_os_worker").await.expect("the role");
            transaction.execute("insert into public.done values ($1)", &[&run.job.id]).await.expect("written");
            assert!(civic_os::jobs::complete_in(&transaction, &run.job).await.expect("completed"));
            transaction.commit().await.expect("committed");
            Outcome::AlreadyCompleted
        }
    });
    let process = bench.process(Registry::new().with(writes));
    let id = bench.insert("writes", json!({})).await;
    bench.wait_for_state(id, "completed").await;
    let count: i64 = bench.admin.query_one("select count(*) from public.done", &[]).await.expect("counted").get(0);
    assert_eq!(count, 1);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_counted_by_kind_queue_and_outcome() {
    let bench = Bench::new().await;
    let registry = Registry::new()
        .with(kind("counted_success", async |_| Outcome::Complete))
        .with(kind("counted_failure", async |_| Outcome::Fail("no".into())))
        .with(kind("counted_snooze", async |_| Outcome::Snooze(Duration::from_secs(600))));
    let process = bench.process(registry);
    let done = bench.insert("counted_success", json!({})).await;
    let failed = bench.insert("counted_failure", json!({})).await;
    let snoozed = bench.insert("counted_snooze", json!({})).await;
    let mut later = NewJob::new("counted_never", json!({}));
    later.queue = "tests".into();
    let (waiting, _) = bench.store.insert(&later).await.expect("inserted");
    bench.wait_for_state(done, "completed").await;
    bench.wait_for(failed, |row| row.errors > 0).await;
    bench.wait_for_state(snoozed, "scheduled").await;
    let started = Instant::now();
    let wanted = [
        r#"civic_os_jobs_runs_total{queue="tests",kind="counted_success",outcome="completed"} 1"#,
        r#"civic_os_jobs_runs_total{queue="tests",kind="counted_failure",outcome="failed"} "#,
        r#"civic_os_jobs_runs_total{queue="tests",kind="counted_snooze",outcome="snoozed"} 1"#,
        r#"civic_os_jobs_start_latency_seconds_count{queue="tests",kind="counted_success"} 1"#,
        r#"civic_os_jobs_run_seconds_count{queue="tests",kind="counted_success"} 1"#,
        r#"civic_os_jobs_attempts_bucket{queue="tests",kind="counted_success",le="1"} 1"#,
        r#"civic_os_jobs_running{queue="tests",kind="counted_success"} 0.0"#,
        r#"civic_os_jobs_depth{queue="tests",kind="counted_never",state="available"} 1.0"#,
        r#"civic_os_jobs_oldest_seconds{queue="tests",kind="counted_never"} "#,
    ];
    loop {
        let text = civic_os::telemetry::metrics::render();
        let missing = wanted.iter().find(|wanted| !text.lines().any(|line| line.starts_with(**wanted)));
        let Some(missing) = missing else { break };
        assert!(started.elapsed() < LIMIT, "no {missing} in\n{text}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    bench.operations.cancel(waiting).await.expect("cancelled");
    process.stop(LIMIT).await;
    assert!(!civic_os::telemetry::metrics::render().contains("counted_never"), "who does not lead shows no depth");
}
