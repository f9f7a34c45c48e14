//! Check 4 and the model with real processes: each child is this test program again, working on the same tables until it is killed with -9.
//! What ran when is written down in a table by the children; a run of a killed one ends when its last connection is gone.

use super::model::{EFFECTS, model_settings};
use super::*;
use civic_os::db::Lane;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use std::process::{Child, Command, Stdio};

const FEW: u64 = 3;
pub(super) const RUNS: &str = "create table public.model_runs (job bigint not null, process text not null, began timestamptz not null default clock_timestamp(), \
                    ended timestamptz, completes boolean not null default false)";
/// Two runs of one job that overlap.
pub(super) const OVERLAPS: &str = "select count(*) from public.model_runs as a join public.model_runs as b on a.job = b.job and a.ctid < b.ctid \
                        where a.began < coalesce(b.ended, 'infinity') and b.began < coalesce(a.ended, 'infinity')";

/// The child's side: works until its input ends.
#[test]
#[ignore = "child process of the tests in this file"]
fn child() {
    let url =
        civic_os::config::Secret::new(std::env::var("CIVIC_OS_CHILD_URL").expect("started by a test of this file"));
    let owner = std::env::var("CIVIC_OS_CHILD_OWNER").expect("started by a test of this file");
    let quick = std::env::var_os("CIVIC_OS_CHILD_QUICK").is_some();
    let name = format!("child-{}", std::process::id());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (runs, connection) = tokio_postgres::connect(&format!("{owner}?application_name={name}"), tokio_postgres::NoTls)
            .await
            .expect("a connection");
        tokio::spawn(connection);
        let runs = Arc::new(runs);
        let db = Db::open(DbOptions { url, pool_max: 4, application_name: name.clone(), ..DbOptions::default() }).expect("a pool");
        let own = db.clone();
        let model = kind("model", move |run: Run| {
            let (runs, name, db) = (runs.clone(), name.clone(), own.clone());
            async move {
                let plan = run.job.args["plan"].as_array().cloned().unwrap_or_default();
                let count = "select count(*) from public.model_runs where job = $1";
                let starts: i64 = runs.query_one(count, &[&run.job.id]).await.expect("counted").get(0);
                let step = usize::try_from(starts).ok().and_then(|starts| plan.get(starts)).or(plan.last());
                let step = step.and_then(|step| step.as_str()).unwrap_or("complete").to_owned();
                runs.execute("insert into public.model_runs (job, process) values ($1, $2)", &[&run.job.id, &name])
                    .await
                    .expect("written down");
                let time = Duration::from_millis(run.job.args["ms"].as_u64().unwrap_or(5));
                tokio::select! {
                    () = run.cancelled.cancelled() => {}
                    () = tokio::time::sleep(time) => {}
                }
                let end = "update public.model_runs set ended = clock_timestamp(), completes = $2 where job = $1 and process = $3 and ended is null";
                let completes = matches!(step.as_str(), "complete" | "own");
                runs.execute(end, &[&run.job.id, &completes, &name]).await.expect("written down");
                match step.as_str() {
                    "fail" => Outcome::Fail("refused".into()),
                    "snooze" => Outcome::Snooze(Duration::from_millis(5)),
                    "panic" => panic!("a bad job"),
                    "own" => match complete_with_a_write(&db, &run).await {
                        Ok(true) => Outcome::AlreadyCompleted,
                        Ok(false) => Outcome::Fail("no longer ours".into()),
                        Err(error) => Outcome::Fail(error.to_string()),
                    },
                    _ => Outcome::Complete,
                }
            }
        });
        let settings = if quick { model_settings() } else { QueueSettings::default() };
        let queue = JobQueue::start(Store::new(db), None, Registry::new().with(model), vec![], settings);
        let waits = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        let _ = waits.await;
        queue.stop(Duration::from_millis(50)).await;
    });
}

/// The kind's own write and its completion in one transaction.
pub(super) async fn complete_with_a_write(
    db: &Db,
    run: &Run,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let mut client = db.client(Lane::Jobs).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute("set local role civic_os_worker").await?;
    transaction.execute("insert into public.effects values ($1)", &[&run.job.id]).await?;
    if !civic_os::jobs::complete_in(&transaction, &run.job).await? {
        return Ok(false);
    }
    transaction.commit().await?;
    Ok(true)
}

pub(super) struct ChildProcess(Child);

impl ChildProcess {
    fn start(bench: &Bench, quick: bool) -> Self {
        Self::start_with(bench, quick, &[])
    }

    /// With further variables in its environment.
    pub(super) fn start_with(bench: &Bench, quick: bool, environment: &[(&str, &std::ffi::OsStr)]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", "jobs::kill::child", "--ignored", "--nocapture"])
            .env("CIVIC_OS_CHILD_URL", bench.database.authenticator_url().expose().expect("a URL"))
            .env("CIVIC_OS_CHILD_OWNER", bench.database.owner_url().expose().expect("a URL"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.envs(environment.iter().copied());
        if quick {
            command.env("CIVIC_OS_CHILD_QUICK", "1");
        }
        Self(command.spawn().expect("a child"))
    }

    fn name(&self) -> String {
        format!("child-{}", self.0.id())
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bench {
    /// After kill -9: what the child had sent may still be carried out until its connections are gone.
    async fn bury(&self, child: ChildProcess, age: bool) {
        let name = child.name();
        drop(child);
        let alive =
            "select count(*) from pg_stat_activity where application_name = $1 and datname = current_database()";
        let started = Instant::now();
        while self.admin.query_one(alive, &[&name]).await.expect("counted").get::<_, i64>(0) > 0 {
            assert!(started.elapsed() < LIMIT, "the connections of {name} stay");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let end = "update public.model_runs set ended = clock_timestamp() where process = $1 and ended is null";
        self.admin.execute(end, &[&name]).await.expect("written down");
        if age {
            let pid: i32 = name.trim_start_matches("child-").parse().expect("a number");
            let age = "update metadata.job_processes set last_seen_at = now() - interval '2 hours' where pid = $1";
            self.admin.execute(age, &[&pid]).await.expect("aged");
            // It may have been elected before its first beat was written; then nobody knows whose the term is.
            let expire = "update metadata.river_leader set expires_at = now() - interval '1 second' \
                          where leader_id in (select client_id from metadata.job_processes where pid = $1) \
                             or leader_id not in (select client_id from metadata.job_processes)";
            self.admin.execute(expire, &[&pid]).await.expect("aged");
        }
    }

    pub(super) async fn number(&self, sql: &str) -> i64 {
        self.admin.query_one(sql, &[]).await.expect("read").get(0)
    }
}

/// Check 4, the queue's part, with the contract's times.
#[tokio::test(flavor = "multi_thread")]
async fn check_4_after_kill_9_a_job_is_back_after_about_fifteen_seconds() {
    let bench = Bench::new().await;
    bench.admin.batch_execute(&format!("{RUNS}; {EFFECTS}")).await.expect("a table");
    let victim = ChildProcess::start(&bench, false);
    let id = bench.insert("model", json!({"plan": ["complete"], "ms": 30_000})).await;
    bench.wait_for_state(id, "running").await;
    bench
        .admin
        .execute("update metadata.river_job set args = '{\"plan\": [\"complete\"]}' where id = $1", &[&id])
        .await
        .expect("changed");
    let killed = Instant::now();
    bench.bury(victim, false).await;
    let _survivor = ChildProcess::start(&bench, false);
    let started = Instant::now();
    while bench.row(id).await.state != "completed" {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", bench.row(id).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let row = bench.row(id).await;
    assert_eq!((row.attempt, row.errors), (2, 1));
    // Fifteen seconds after its last beat, which was up to five seconds before its end.
    let began: f64 = bench
        .admin
        .query_one(
            "select extract(epoch from job.attempted_at - process.last_seen_at)::float8 from metadata.river_job as job \
             join metadata.job_processes as process on process.client_id = job.attempted_by[1] where job.id = $1",
            &[&id],
        )
        .await
        .expect("read")
        .get(0);
    assert!((15.0..25.0).contains(&began), "given to another {began} s after the last beat");
    assert!(killed.elapsed() < Duration::from_secs(60), "the contract's limit");
    assert_eq!(bench.number(OVERLAPS).await, 0);
}

async fn play(seed: u64) -> Result<(), String> {
    let bench = Bench::new().await;
    bench.admin.batch_execute(&format!("{RUNS}; {EFFECTS}")).await.expect("a table");
    let mut random = StdRng::seed_from_u64(seed);
    let mut children = vec![ChildProcess::start(&bench, true), ChildProcess::start(&bench, true)];
    for _ in 0..random.random_range(4..9) {
        for _ in 0..random.random_range(2..8) {
            let steps = ["fail", "snooze", "panic", "complete", "own"];
            let mut plan: Vec<&str> =
                (0..random.random_range(0..3)).map(|_| *steps.choose(&mut random).expect("a step")).collect();
            plan.push(if random.random_bool(0.5) { "complete" } else { "own" });
            let mut job = NewJob::new("model", json!({"plan": plan, "ms": random.random_range(0..60)}));
            (job.queue, job.max_attempts) = ("tests".into(), 20);
            // The connection may be one that was just ended.
            let _ = bench.store.insert(&job).await;
        }
        tokio::time::sleep(Duration::from_millis(random.random_range(0..400))).await;
        if random.random_bool(0.8) {
            let victim = children.swap_remove(random.random_range(0..children.len()));
            bench.bury(victim, true).await;
            children.push(ChildProcess::start(&bench, true));
        }
        if random.random_bool(0.3) {
            let cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'authenticator'";
            let _ = bench.admin.batch_execute(cut).await;
        }
    }
    let started = Instant::now();
    let unfinished =
        "select count(*) from metadata.river_job where state not in ('completed', 'cancelled', 'discarded')";
    while bench.number(unfinished).await > 0 {
        let due = "update metadata.river_job set scheduled_at = now() where state in ('retryable', 'scheduled', 'available') and scheduled_at > now()";
        bench.admin.batch_execute(due).await.expect("time passes");
        if started.elapsed() > Duration::from_secs(60) {
            return Err(format!("seed {seed}: {} jobs never end", bench.number(unfinished).await));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for (wrong, what) in [
        (OVERLAPS, "runs at the same time"),
        (
            "select count(*) from metadata.river_job where attempt <> coalesce(cardinality(errors), 0) + (state = 'completed')::int",
            "attempts that do not add up",
        ),
        (
            "select count(*) from metadata.river_job as job where state = 'completed' and not exists (select from public.model_runs where job = job.id and completes)",
            "completed jobs that never ran to their end",
        ),
        (
            "select count(*) from (select from metadata.river_job as job left join public.effects on effects.job = job.id group by job.id \
             having count(effects.job) > 1 or count(effects.job) = 1 and job.state <> 'completed' \
             or count(effects.job) = 0 and job.state = 'completed' and not job.args -> 'plan' ? 'complete') as odd",
            "jobs that do not agree with what they wrote",
        ),
        ("select count(*) from metadata.river_job where finalized_at is null", "jobs without an end"),
    ] {
        let count = bench.number(wrong).await;
        if count > 0 {
            return Err(format!("seed {seed}: {count} {what}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn histories_with_real_kills_end_well() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let histories = setting("CIVIC_OS_KILL_HISTORIES").unwrap_or(FEW);
    let first = setting("CIVIC_OS_MODEL_SEED").unwrap_or(1);
    let mut failures = Vec::new();
    for seed in first..first + histories {
        failures.extend(play(seed).await.err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
