//! The acceptance checks 2 to 6 of WORKERS.md §10 by their numbers.

use super::*;
use serde_json::json;
use tokio::sync::mpsc;

/// Check 2: jobs inserted by the schema's own trigger, each way a run can end, the row that section 2.5 states.
#[tokio::test(flavor = "multi_thread")]
async fn check_2_rows_after_each_outcome_of_a_job_that_sql_inserted() {
    let bench = Bench::new().await;
    let presign = kind("s3_presign", async |run: Run| match run.job.args["file_name"].as_str().unwrap_or_default() {
        "succeeds" => Outcome::Complete,
        "fails" => Outcome::Fail("no connection".into()),
        "discards" => Outcome::Discard("not an image".into()),
        "snoozes" => Outcome::Snooze(Duration::from_secs(60)),
        "cancels" => Outcome::Cancel("already there".into()),
        "panics" => panic!("index out of bounds"),
        other => Outcome::Discard(format!("unexpected {other}")),
    });
    let process = bench.process(Registry::new().with(TestKind { queue: "s3_signer", ..presign }));
    let insert = async |name: &str| {
        let sql = "with request as (insert into metadata.file_upload_requests (entity_type, entity_id, file_name, file_type) \
                   values ('t', '1', $1, 'image/png')) select max(id) from metadata.river_job";
        bench.admin.execute(sql, &[&name]).await.expect("the trigger enqueues");
        let newest = "select max(id) from metadata.river_job";
        bench.admin.query_one(newest, &[]).await.expect("read").get::<_, i64>(0)
    };
    // Name, state, attempt, errors, whether it is final.
    for (name, state, attempt, errors, finalized) in [
        ("succeeds", "completed", 1, 0, true),
        ("discards", "discarded", 1, 1, true),
        ("snoozes", "scheduled", 0, 0, false),
        ("cancels", "cancelled", 1, 1, true),
        ("fails", "retryable", 2, 2, false),
        ("panics", "retryable", 2, 2, false),
    ] {
        let id = insert(name).await;
        let row = bench.wait_for_state(id, state).await;
        assert_eq!((row.attempt, row.errors, row.finalized), (attempt, errors, finalized), "{name}: {row:?}");
        // A snooze gives the attempt back, not the name of who tried.
        assert!(row.attempted_by.iter().all(|by| by == process.client_id()), "{name}");
        assert_eq!(row.attempted_by.len(), usize::try_from(attempt).expect("small").max(1), "{name}");
        for element in row.error_elements.as_array().expect("errors") {
            let keys: Vec<&String> = element.as_object().expect("an object").keys().collect();
            assert_eq!(keys.len(), 4, "{name}: {element}");
        }
    }
    let unknown = bench.insert("nobody_knows", json!({})).await;
    bench.operations.cancel(insert("snoozes").await).await.expect("cancelled");
    let row = bench.row(unknown).await;
    assert_eq!((row.state.as_str(), row.attempt), ("available", 0), "unknown kinds wait for whoever knows them (D-11)");
    process.stop(LIMIT).await;
}

/// Check 3: the wait after failure n, n = 1…24, as the table shows it.
#[tokio::test(flavor = "multi_thread")]
async fn check_3_retry_times_are_the_fourth_power_within_ten_percent() {
    let bench = Bench::new().await;
    bench
        .admin
        .batch_execute(
            "insert into metadata.river_job (kind, args, queue, max_attempts, attempt, errors) \
             select 'fails', jsonb_build_object('n', n), 'tests', 25, n - 1, \
               array(select jsonb_build_object('at', '2026-01-01T00:00:00Z', 'attempt', m, 'error', 'no', 'trace', '') from generate_series(1, n - 1) as m) \
             from generate_series(1, 24) as n",
        )
        .await
        .expect("jobs that have failed n - 1 times");
    // One run each: the first retry comes after a second.
    let process = bench.process(Registry::new().with(kind("fails", async |_| Outcome::Fail("no".into()))));
    let sql = "select (args ->> 'n')::int, state::text, extract(epoch from scheduled_at - attempted_at)::float8 from metadata.river_job \
               where cardinality(errors) = (args ->> 'n')::int";
    let mut seen: std::collections::BTreeMap<i32, (String, f64)> = std::collections::BTreeMap::new();
    let started = Instant::now();
    while seen.len() < 24 {
        for row in bench.admin.query(sql, &[]).await.expect("read") {
            seen.entry(row.get(0)).or_insert_with(|| (row.get(1), row.get(2)));
        }
        assert!(started.elapsed() < LIMIT, "{seen:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for (n, (state, seconds)) in seen {
        let exact = f64::from(n).powi(4);
        // The wait counts from the end of the run, a moment after its beginning.
        assert!((exact * 0.9..=exact * 1.1 + 3.0).contains(&seconds), "failure {n}: {seconds} s");
        assert_eq!(state, if n == 1 { "available" } else { "retryable" }, "failure {n}");
    }
    process.stop(LIMIT).await;
}

/// Check 5 with the contract's times; check 4 is `kill.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn check_5_a_killed_leader_is_followed_within_16_seconds_and_one_that_resigns_within_one() {
    let bench = Bench::new().await;
    let process = || {
        let registry = Registry::new().with(kind("succeeds", async |_| Outcome::Complete));
        JobQueue::start(bench.store.clone(), Some(bench.hub.clone()), registry, vec![], QueueSettings::default())
    };
    let leader = async || {
        let rows = bench.admin.query("select leader_id from metadata.river_leader where expires_at > now()", &[]).await;
        rows.expect("read").first().map(|row| row.get::<_, String>(0))
    };
    let wait_for = async |id: &str, limit: Duration| {
        let started = Instant::now();
        while leader().await.as_deref() != Some(id) {
            assert!(started.elapsed() < limit, "{id} does not lead after {limit:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let first = process();
    wait_for(first.client_id(), LIMIT).await;
    let unknown = bench.insert("nobody_knows", json!({})).await;
    bench
        .admin
        .execute(
            "update metadata.river_job set state = 'running', attempt = 1, attempted_by = array['go_client'], \
             attempted_at = now() - interval '2 hours' where id = $1",
            &[&unknown],
        )
        .await
        .expect("as a River client leaves it");
    let second = process();
    // It has bid and lost.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    // As kill -9: no resignation.
    drop(first);
    wait_for(second.client_id(), Duration::from_secs(16)).await;
    let third = process();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    tokio::join!(second.stop(LIMIT), wait_for(third.client_id(), Duration::from_secs(1)));
    assert_eq!(bench.row(unknown).await.state, "running", "unknown kinds survive the rescuer");
    third.stop(LIMIT).await;
}

/// Check 6: the time from an SQL insert to the start of the run, with LISTEN and without. The strict figures are `./dev bench jobs`.
#[tokio::test(flavor = "multi_thread")]
async fn check_6_an_sql_insert_starts_at_once_with_listen_and_within_a_poll_without() {
    let bench = Bench::new().await;
    for (listens, limit) in [(true, Duration::from_millis(50)), (false, Duration::from_millis(1100))] {
        let (started, mut starts) = mpsc::channel(1);
        let reports = kind("reports", move |_| {
            let started = started.clone();
            async move {
                started.send(Instant::now()).await.expect("the test listens");
                Outcome::Complete
            }
        });
        let hub = listens.then(|| bench.hub.clone());
        let process =
            JobQueue::start(bench.store.clone(), hub, Registry::new().with(reports), vec![], QueueSettings::default());
        let mut times = Vec::new();
        for round in 0..12 {
            let inserting = Instant::now();
            bench
                .admin
                .batch_execute("insert into metadata.river_job (kind, args, queue, max_attempts) values ('reports', '{}', 'tests', 25)")
                .await
                .expect("inserted by an integrator's SQL");
            let start = starts.recv().await.expect("started");
            // The first two find a process that is still starting.
            if round >= 2 {
                times.push(start.duration_since(inserting));
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        times.sort();
        // The half: a busy machine may delay some.
        assert!(times[times.len() / 2] < limit, "with LISTEN {listens}: {times:?}");
        process.stop(LIMIT).await;
    }
}

/// The operator's guide, verbatim, and the queries that the reference's documents print.
#[tokio::test(flavor = "multi_thread")]
async fn operators_queries_work_as_they_are_printed() {
    let bench = Bench::new().await;
    let process = bench.process(
        Registry::new().with(kind("create_payment_intent", async |_| Outcome::Discard("card refused".into()))),
    );
    let id = bench.insert("create_payment_intent", json!({"payment_id": "1"})).await;
    bench.wait_for_state(id, "discarded").await;
    let printed = "SELECT id, kind, state, errors FROM metadata.river_job WHERE kind = 'create_payment_intent' ORDER BY created_at DESC LIMIT 10;";
    let rows = bench.admin.simple_query(printed).await.expect("the guide's query");
    let row = rows.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.expect("a row");
    assert_eq!((row.get("kind"), row.get("state")), (Some("create_payment_intent"), Some("discarded")));
    assert!(row.get("errors").expect("errors").contains("card refused"));
    for sql in [
        "select queue, state, count(*) from metadata.river_job group by 1, 2 order by 1, 2",
        "select id, kind, args, errors, attempt, max_attempts from metadata.river_job where state = 'discarded' order by finalized_at desc",
        "select count(*), avg(finalized_at - scheduled_at) from metadata.river_job where state = 'completed' and finalized_at > now() - interval '1 hour'",
    ] {
        bench.admin.simple_query(sql).await.expect(sql);
    }
    process.stop(LIMIT).await;
}
