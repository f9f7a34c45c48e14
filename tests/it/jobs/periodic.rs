//! Jobs by the clock: once per due time whoever leads, defaults that operators change, missed times.

use super::*;
use civic_os::jobs::{Missed, Periodic, PeriodicChange};
use serde_json::json;

/// A kind with a default that is due each second.
struct Ticks {
    cron: &'static str,
}

#[async_trait]
impl Kind for Ticks {
    fn kind(&self) -> &'static str {
        "ticks"
    }
    fn queue(&self) -> &'static str {
        "tests"
    }
    fn periodic(&self) -> Vec<Periodic> {
        vec![Periodic { args: json!({"from": "the clock"}), ..Periodic::new("tests_tick", self.cron) }]
    }
    async fn run(&self, _run: Run) -> Outcome {
        Outcome::Complete
    }
}

impl Bench {
    async fn count(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.expect("counted").get(0)
    }

    async fn wait_for_count(&self, sql: &str, wanted: impl Fn(i64) -> bool) -> i64 {
        let started = Instant::now();
        loop {
            let count = self.count(sql).await;
            if wanted(count) {
                return count;
            }
            assert!(started.elapsed() < LIMIT, "{sql}: still {count}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

const TICKS: &str = "select count(*) from metadata.river_job where kind = 'ticks'";

#[tokio::test(flavor = "multi_thread")]
async fn each_due_time_becomes_one_job_while_leaders_come_and_go() {
    let bench = Bench::new().await;
    let registry = || Registry::new().with(Ticks { cron: "* * * * * *" });
    let mut leader = bench.process(registry());
    for wanted in [2, 4, 6] {
        bench.wait_for_count(TICKS, |count| count >= wanted).await;
        // The next one stands by before the first leaves, and takes over at the resignation.
        let next = bench.process(registry());
        leader.stop(LIMIT).await;
        leader = next;
    }
    bench.wait_for_count(TICKS, |count| count >= 8).await;
    leader.stop(LIMIT).await;
    let doubled = "select count(*) - count(distinct scheduled_at) from metadata.river_job where kind = 'ticks'";
    assert_eq!(bench.count(doubled).await, 0, "a due time counts once");
    let odd = "select count(*) from metadata.river_job where kind = 'ticks' and (scheduled_at <> date_trunc('second', scheduled_at) \
               or metadata ->> 'river:periodic_job_id' <> 'tests_tick' or args <> '{\"from\": \"the clock\"}' or queue <> 'tests')";
    assert_eq!(bench.count(odd).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_both_believe_to_lead_still_insert_once() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(Ticks { cron: "* * * * * *" }));
    bench.wait_for_count(TICKS, |count| count >= 1).await;
    // The lease is taken away without a word: the old leader acts on for a while, beside the new one.
    bench.admin.execute("delete from metadata.river_leader", &[]).await.expect("deleted");
    let second = bench.process(Registry::new().with(Ticks { cron: "* * * * * *" }));
    let before = bench.count(TICKS).await;
    bench.wait_for_count(TICKS, |count| count >= before + 3).await;
    let doubled = "select count(*) - count(distinct scheduled_at) from metadata.river_job where kind = 'ticks'";
    assert_eq!(bench.count(doubled).await, 0);
    process.stop(LIMIT).await;
    second.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_changes_stay_and_take_effect() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(Ticks { cron: "0 3 1 1 *" }));
    let known = "select count(*) from metadata.periodic_jobs where name = 'tests_tick' and next_run_at > now()";
    bench.wait_for_count(known, |count| count == 1).await;
    // By SQL, as an operator would.
    bench.admin.execute("update metadata.periodic_jobs set cron = '* * * * * *'", &[]).await.expect("changed");
    bench.wait_for_count(TICKS, |count| count >= 1).await;
    process.stop(LIMIT).await;
    let process = bench.process(Registry::new().with(Ticks { cron: "0 3 1 1 *" }));
    let before = bench.count(TICKS).await;
    bench.wait_for_count(TICKS, |count| count > before).await;

    // Off: what is due then is not made up for.
    let off = PeriodicChange { enabled: Some(false), ..PeriodicChange::default() };
    bench.operations.set_periodic("tests_tick", &off).await.expect("switched off");
    bench
        .wait_for_count("select count(*) from metadata.periodic_jobs where next_run_at is null", |count| count == 1)
        .await;
    let silent = bench.count(TICKS).await;
    let change = PeriodicChange {
        cron: Some("0 0 1 1 *".into()),
        time_zone: Some("Europe/Berlin".into()),
        enabled: Some(true),
        ..PeriodicChange::default()
    };
    bench.operations.set_periodic("tests_tick", &change).await.expect("switched on");
    let new_year = "select count(*) from metadata.periodic_jobs where to_char(next_run_at at time zone 'Europe/Berlin', 'MMDDHH24MI') = '01010000'";
    bench.wait_for_count(new_year, |count| count == 1).await;
    assert_eq!(bench.count(TICKS).await, silent);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_times_run_once_or_not_at_all() {
    let bench = Bench::new().await;
    for (name, missed) in [("makes_up", Missed::Once), ("forgets", Missed::Skip)] {
        let change = PeriodicChange {
            cron: Some("0 * * * *".into()),
            kind: Some(name.into()),
            missed: Some(missed),
            ..PeriodicChange::default()
        };
        bench.operations.set_periodic(name, &change).await.expect("made");
    }
    // As if the leader had last looked three hours ago.
    bench
        .admin
        .execute(
            "update metadata.periodic_jobs set next_run_at = date_trunc('hour', now()) - interval '3 hours', planned_from = '0 * * * * UTC'",
            &[],
        )
        .await
        .expect("changed");
    let process = bench.process(Registry::new().with(kind("succeeds", async |_| Outcome::Complete)));
    bench
        .wait_for_count("select count(*) from metadata.periodic_jobs where next_run_at > now()", |count| count == 2)
        .await;
    assert_eq!(bench.count("select count(*) from metadata.river_job where kind = 'makes_up'").await, 1);
    assert_eq!(bench.count("select count(*) from metadata.river_job where kind = 'forgets'").await, 0);
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_row_says_why_and_leaves_the_others_alone() {
    let bench = Bench::new().await;
    bench
        .admin
        .batch_execute(
            "insert into metadata.periodic_jobs (name, cron, kind) values ('a_wrong_cron', 'every day', 'k1'), ('b_no_kind', '* * * * * *', '')",
        )
        .await
        .expect("written by hand");
    bench
        .admin
        .batch_execute("insert into metadata.periodic_jobs (name, cron, time_zone, kind) values ('c_wrong_zone', '* * * * *', 'Mars', 'k1')")
        .await
        .expect("written by hand");
    let process = bench.process(Registry::new().with(Ticks { cron: "* * * * * *" }));
    bench.wait_for_count(TICKS, |count| count >= 2).await;
    bench
        .wait_for_count(
            "select count(*) from metadata.periodic_jobs where last_error like '%no cron expression%' or last_error like '%no time zone%' \
             or last_error like '%kind_length%'",
            |count| count == 3,
        )
        .await;
    process.stop(LIMIT).await;
    for (change, word) in [
        (PeriodicChange { cron: Some("61 * * * *".into()), ..PeriodicChange::default() }, "cron expression"),
        (PeriodicChange { time_zone: Some("Mars".into()), ..PeriodicChange::default() }, "time zone"),
        (PeriodicChange { kind: Some("no good".into()), ..PeriodicChange::default() }, "kind"),
        (PeriodicChange { queue: Some("no good".into()), ..PeriodicChange::default() }, "queue"),
    ] {
        let refusal = bench.operations.set_periodic("tests_tick", &change).await.expect_err("refused").to_string();
        assert!(refusal.contains(word), "{refusal}");
    }
    let unknown = bench.operations.set_periodic("nobody", &PeriodicChange::default()).await.expect_err("refused");
    assert!(unknown.to_string().contains("no periodic job \"nobody\""), "{unknown}");
}
