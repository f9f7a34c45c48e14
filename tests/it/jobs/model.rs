//! Random histories: jobs are inserted, worked on, cancelled, retried and paused while processes are killed between any two steps, stopped, cut off from the
//! database, and the leadership is taken away. Whatever happens, each job ends in one final state, never runs twice at the same time, and its attempts and
//! errors add up. A failure prints its seed; `CIVIC_OS_MODEL_SEED=<seed>` plays it again.
//!
//! A process here is a runtime of its own: ending it drops every future at the await it is in, as kill -9 would. Time passes by hand: what waits becomes due, and
//! a process that is certainly dead looks as if it had been silent for long. Real kills: `kill.rs`.

use super::*;
use civic_os::db::{DbError, Lane};
use civic_os::jobs::Interposer;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::runtime::{Builder, Runtime};

/// Histories of the plain run; `./dev chaos` asks for more.
const FEW: u64 = 32;
const LANES: u64 = 4;
/// Runs of one process at the same time.
const PARALLEL: usize = 3;
/// What a kind writes in the transaction that completes its job.
pub(super) const EFFECTS: &str =
    "create table public.effects (job bigint); grant insert on public.effects to civic_os_worker";

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// Quick beats; nobody counts as dead by the clock, only by hand.
pub(super) fn model_settings() -> QueueSettings {
    QueueSettings {
        poll_interval: Duration::from_millis(15),
        fetch_cooldown: Duration::from_millis(2),
        beat: Duration::from_millis(60),
        lease: Duration::from_millis(600),
        dead_after: Duration::from_secs(3600),
        elect_every: Duration::from_millis(50),
        leader_lease: Duration::from_secs(3600),
        schedule_every: Duration::from_millis(50),
        first_reindex: None,
    }
}

/// What ran where.
#[derive(Default)]
pub(super) struct Recorder {
    jobs: Mutex<HashMap<i64, Runs>>,
    violations: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Runs {
    running_in: Option<usize>,
    starts: usize,
    completions: usize,
}

pub(super) struct RunningHere {
    recorder: Arc<Recorder>,
    job: i64,
}

impl Recorder {
    pub(super) fn start(self: &Arc<Self>, job: i64, process: usize) -> (usize, RunningHere) {
        let mut jobs = self.jobs.lock().expect("not poisoned");
        let runs = jobs.entry(job).or_default();
        if let Some(other) = runs.running_in.replace(process) {
            let text = format!("job {job} runs in process {other} and in process {process} at the same time");
            self.violations.lock().expect("not poisoned").push(text);
        }
        runs.starts += 1;
        (runs.starts, RunningHere { recorder: Arc::clone(self), job })
    }

    fn check_parallel(&self, process: usize) {
        let jobs = self.jobs.lock().expect("not poisoned");
        let at_once = jobs.values().filter(|runs| runs.running_in == Some(process)).count();
        if at_once > PARALLEL {
            let text = format!("process {process} runs {at_once} jobs at once");
            self.violations.lock().expect("not poisoned").push(text);
        }
    }

    fn says_complete(&self, job: i64) {
        if let Some(runs) = self.jobs.lock().expect("not poisoned").get_mut(&job) {
            runs.completions += 1;
        }
    }

    /// What must never happen and did.
    pub(super) fn violations(&self) -> Vec<String> {
        self.violations.lock().expect("not poisoned").clone()
    }

    fn is_idle(&self, process: usize) -> bool {
        self.jobs.lock().expect("not poisoned").values().all(|runs| runs.running_in != Some(process))
    }
}

impl Drop for RunningHere {
    fn drop(&mut self) {
        if let Some(runs) = self.recorder.jobs.lock().expect("not poisoned").get_mut(&self.job) {
            runs.running_in = None;
        }
    }
}

/// Every step at which a process of the model can die: before a statement is sent, and when it was answered.
const CRASH_POINTS: &[(&str, bool)] = &[
    ("beat", false),
    ("beat", true),
    ("touch_queue", false),
    ("touch_queue", true),
    ("claim", false),
    ("claim", true),
    ("body", false),
    ("body", true),
    ("own_begin", false),
    ("own_write", true),
    ("own_commit", false),
    ("own_commit", true),
    ("complete", false),
    ("complete", true),
    ("settle", false),
    ("settle", true),
    ("poll_control", false),
    ("poll_control", true),
    ("greet", false),
    ("greet", true),
    ("leader_elect", false),
    ("leader_elect", true),
    ("leader_renew", false),
    ("leader_renew", true),
    ("schedule", false),
    ("schedule", true),
    ("rescue_dead", false),
    ("rescue_dead", true),
    ("rescue_stuck", false),
    ("rescue_stuck", true),
    ("clean", false),
    ("clean", true),
    ("periodic_list", false),
    ("periodic_list", true),
    ("depth", false),
    ("depth", true),
    ("leader_resign", false),
    ("leader_resign", true),
    ("leave", false),
    ("leave", true),
];

/// When a process dies, and whether it reaches the database.
#[derive(Default)]
struct Faults {
    steps: AtomicUsize,
    crash_at: AtomicUsize,
    /// The first step of this name, wherever in the history it comes.
    crash_on: Mutex<Option<(&'static str, bool)>>,
    is_dead: AtomicBool,
    is_cut: AtomicBool,
    crashed_at: Mutex<Option<(&'static str, bool)>>,
}

impl Faults {
    async fn pass(&self, point: &'static str, answered: bool) {
        let step = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        let is_meant = *self.crash_on.lock().expect("not poisoned") == Some((point, answered));
        if is_meant || step == self.crash_at.load(Ordering::SeqCst) {
            *self.crashed_at.lock().expect("not poisoned") = Some((point, answered));
            self.is_dead.store(true, Ordering::SeqCst);
        }
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Interposer for Faults {
    async fn step(&self, statement: &'static str, answered: bool) -> Result<(), DbError> {
        self.pass(statement, answered).await;
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(DbError::Unreachable { reason: "cut off by the test".into(), source: None });
        }
        Ok(())
    }
}

/// The kind's own write and its completion in one transaction; the process may die or be cut off between any two steps.
async fn complete_with_a_write(
    db: &Db,
    run: &Run,
    recorder: &Recorder,
    faults: &Faults,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    faults.step("own_begin", false).await?;
    let mut client = db.client(Lane::Jobs).await?;
    let transaction = client.transaction().await?;
    transaction.batch_execute("set local role civic_os_worker").await?;
    transaction.execute("insert into public.effects values ($1)", &[&run.job.id]).await?;
    faults.step("own_write", true).await?;
    if !civic_os::jobs::complete_in(&transaction, &run.job).await? {
        return Ok(false);
    }
    faults.step("own_commit", false).await?;
    recorder.says_complete(run.job.id);
    transaction.commit().await?;
    faults.step("own_commit", true).await?;
    Ok(true)
}

/// The kind of the model: its arguments say how each run ends.
fn model_kind(db: Db, recorder: Arc<Recorder>, faults: Arc<Faults>, process: usize) -> TestKind {
    kind("model", move |run: Run| {
        let (db, recorder, faults) = (db.clone(), recorder.clone(), faults.clone());
        async move {
            let (start, _running) = recorder.start(run.job.id, process);
            recorder.check_parallel(process);
            faults.pass("body", false).await;
            let plan = run.job.args["plan"].as_array().cloned().unwrap_or_default();
            let step =
                plan.get(start - 1).or(plan.last()).and_then(|step| step.as_str()).unwrap_or("complete").to_owned();
            tokio::time::sleep(Duration::from_millis(start as u64 % 3)).await;
            match step.as_str() {
                "fail" => Outcome::Fail(format!("run {start} refused")),
                // Without the panic hook, which would fill the log.
                "panic" => std::panic::resume_unwind(Box::new(format!("run {start} panicked"))),
                "discard" => Outcome::Discard("never".into()),
                "cancel" => Outcome::Cancel("not needed".into()),
                "snooze" => Outcome::Snooze(Duration::from_millis(5)),
                "hold" => {
                    let until = tokio::time::sleep(Duration::from_millis(60));
                    tokio::select! {
                        () = run.cancelled.cancelled() => Outcome::Fail("told to stop".into()),
                        () = until => Outcome::Fail("held".into()),
                    }
                }
                "own" => match complete_with_a_write(&db, &run, &recorder, &faults).await {
                    Ok(true) => Outcome::AlreadyCompleted,
                    Ok(false) => Outcome::Fail("no longer ours".into()),
                    Err(error) => Outcome::Fail(error.to_string()),
                },
                _ => {
                    faults.pass("body", true).await;
                    recorder.says_complete(run.job.id);
                    Outcome::Complete
                }
            }
        }
    })
}

struct Process {
    number: usize,
    runtime: Option<Runtime>,
    queue: Option<JobQueue>,
    faults: Arc<Faults>,
    client_id: String,
    cut_at: Option<std::time::Instant>,
}

struct History<'a> {
    seed: u64,
    harness: &'a Runtime,
    bench: &'a Bench,
    random: StdRng,
    recorder: Arc<Recorder>,
    processes: Vec<Process>,
    /// Ended processes whose rows have to age.
    dead: Vec<(usize, String)>,
    started: usize,
    crash_points: BTreeSet<(&'static str, bool)>,
}

impl History<'_> {
    fn start_process(&mut self, may_crash: bool) {
        self.started += 1;
        let number = self.started;
        let faults = Arc::new(Faults::default());
        if may_crash && self.random.random_bool(0.7) {
            faults.crash_at.store(self.random.random_range(1..90), Ordering::SeqCst);
        } else if may_crash && self.random.random_bool(0.8) {
            // Steps that are rare, or late in a history, are not left to chance.
            *faults.crash_on.lock().expect("not poisoned") = CRASH_POINTS.choose(&mut self.random).copied();
        }
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let url = self.bench.database.authenticator_url();
        let application_name = self.application_name(number);
        let listens = self.random.random_bool(0.5);
        let queue = runtime.block_on(async {
            let db = Db::open(DbOptions { url: url.clone(), pool_max: 3, application_name, ..DbOptions::default() })
                .expect("a pool");
            let hub = listens.then(|| Hub::spawn(&url, "model").expect("a listener"));
            let registry = Registry::new()
                .with(model_kind(db.clone(), self.recorder.clone(), faults.clone(), number))
                .with_parallel("tests", PARALLEL);
            JobQueue::start(Store::new(db).interposed(faults.clone()), hub, registry, vec![], model_settings())
        });
        let client_id = queue.client_id().to_owned();
        self.processes.push(Process {
            number,
            runtime: Some(runtime),
            queue: Some(queue),
            faults,
            client_id,
            cut_at: None,
        });
    }

    /// Drops every future of the process where it is.
    fn kill(&mut self, index: usize) {
        let mut process = self.processes.swap_remove(index);
        process.faults.is_dead.store(true, Ordering::SeqCst);
        self.crash_points.extend(process.faults.crashed_at.lock().expect("not poisoned").take());
        if let Some(runtime) = process.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(20));
        }
        drop(process.queue.take());
        self.dead.push((process.number, process.client_id.clone()));
    }

    fn stop(&mut self, index: usize) {
        let mut process = self.processes.swap_remove(index);
        let deadline = Duration::from_millis(self.random.random_range(0..40));
        if let (Some(runtime), Some(queue)) = (process.runtime.take(), process.queue.take()) {
            let crashed = runtime.block_on(async {
                tokio::select! {
                    () = queue.stop(deadline) => false,
                    () = async {
                        while !process.faults.is_dead.load(Ordering::SeqCst) {
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                    } => true,
                }
            });
            if crashed {
                self.crash_points.extend(process.faults.crashed_at.lock().expect("not poisoned").take());
            }
            runtime.shutdown_timeout(Duration::from_secs(20));
        }
        self.dead.push((process.number, process.client_id.clone()));
    }

    fn sql(&self, sql: &str) {
        self.harness.block_on(self.bench.admin.batch_execute(sql)).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    fn ids(&self, condition: &str) -> Vec<i64> {
        let sql = format!("select id from metadata.river_job where {condition} order by id");
        let rows = self.harness.block_on(self.bench.admin.query(&sql, &[])).expect("read");
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn application_name(&self, process: usize) -> String {
        format!("model-{}-{process}", self.seed)
    }

    /// What a dead process had sent is still carried out until the server has noticed its end.
    fn is_heard_of(&self, process: usize) -> bool {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and application_name = $1";
        let name = self.application_name(process);
        self.harness.block_on(self.bench.admin.query_one(sql, &[&name])).expect("counted").get::<_, i64>(0) > 0
    }

    /// Statements that processes of the last history had sent must not arrive in this one.
    fn wait_for_silence(&self) {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and application_name like 'model-%'";
        let started = std::time::Instant::now();
        while self.harness.block_on(self.bench.admin.query_one(sql, &[])).expect("counted").get::<_, i64>(0) > 0 {
            assert!(started.elapsed() < LIMIT, "connections of dead processes stay");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Buries processes that crashed by themselves, and lets time pass for the dead and for those cut off for longer than their lease.
    fn time_passes(&mut self) {
        while let Some(index) = self.processes.iter().position(|process| process.faults.is_dead.load(Ordering::SeqCst))
        {
            self.kill(index);
        }
        let mut silent: Vec<String> = Vec::new();
        let recorder = self.recorder.clone();
        let (gone, dying): (Vec<_>, Vec<_>) = std::mem::take(&mut self.dead)
            .into_iter()
            .partition(|(number, _)| recorder.is_idle(*number) && !self.is_heard_of(*number));
        self.dead = dying;
        silent.extend(gone.into_iter().map(|(_, client_id)| client_id));
        // Its lease is over, so it has nothing running any more; another process may be given its jobs.
        let lease = model_settings().lease;
        for process in &self.processes {
            if process.cut_at.is_some_and(|at| at.elapsed() > lease * 2) && recorder.is_idle(process.number) {
                silent.push(process.client_id.clone());
            }
        }
        for client_id in silent {
            self.sql(&format!(
                "update metadata.job_processes set last_seen_at = now() - interval '2 hours' where client_id = '{client_id}'; \
                 update metadata.river_leader set expires_at = now() - interval '1 second' where leader_id = '{client_id}'"
            ));
        }
        self.sql("update metadata.river_job set scheduled_at = now() where state in ('retryable', 'scheduled', 'available') and scheduled_at > now()");
    }

    fn insert(&mut self) {
        for _ in 0..self.random.random_range(1..4) {
            let steps = ["fail", "panic", "snooze", "hold", "complete", "own", "discard", "cancel"];
            let mut plan: Vec<&str> =
                (0..self.random.random_range(0..3)).map(|_| *steps.choose(&mut self.random).expect("a step")).collect();
            // Whatever a plan repeats at its end must end.
            plan.push(*["complete", "complete", "own", "own", "fail"].choose(&mut self.random).expect("a step"));
            let mut job = NewJob::new("model", json!({"plan": plan}));
            job.queue = "tests".into();
            job.priority = self.random.random_range(1..5);
            job.max_attempts = self.random.random_range(1..6);
            if self.random.random_bool(0.2) {
                job.scheduled_at = Some(time::OffsetDateTime::now_utc() + Duration::from_millis(80));
            }
            // The connection may be one that a restart has just ended.
            let _ = self.harness.block_on(self.bench.store.insert(&job));
        }
    }

    fn act(&mut self) {
        match self.random.random_range(0..100) {
            0..35 => self.insert(),
            35..45 => {
                if let Some(id) = self.ids("true").choose(&mut self.random) {
                    let _ = self.harness.block_on(self.bench.operations.cancel(*id));
                }
            }
            45..52 => {
                if let Some(id) = self.ids("state in ('cancelled', 'discarded')").choose(&mut self.random) {
                    let _ = self.harness.block_on(self.bench.operations.retry(*id));
                }
            }
            52..58 => {
                let paused = self.random.random_bool(0.5);
                let _ = self.harness.block_on(self.bench.operations.set_paused("tests", paused));
            }
            58..66 if !self.processes.is_empty() => {
                let index = self.random.random_range(0..self.processes.len());
                self.kill(index);
            }
            66..70 if !self.processes.is_empty() => {
                let index = self.random.random_range(0..self.processes.len());
                self.stop(index);
            }
            70..78 if self.processes.len() < 3 => self.start_process(true),
            78..84 if !self.processes.is_empty() => {
                let index = self.random.random_range(0..self.processes.len());
                let process = &mut self.processes[index];
                let cut = !process.faults.is_cut.fetch_xor(true, Ordering::SeqCst);
                process.cut_at = cut.then(std::time::Instant::now);
            }
            // The database comes back after a restart: every connection is gone.
            84..88 => self.sql(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = 'authenticator'",
            ),
            88..92 => self.sql("delete from metadata.river_leader"),
            _ => self.time_passes(),
        }
        std::thread::sleep(Duration::from_millis(self.random.random_range(0..25)));
    }

    /// Everything works again: every job has to end.
    fn quiesce(&mut self) -> Result<(), String> {
        while self.harness.block_on(self.bench.operations.set_paused("tests", false)).is_err() {}
        for process in &mut self.processes {
            process.faults.crash_at.store(0, Ordering::SeqCst);
            *process.faults.crash_on.lock().expect("not poisoned") = None;
            process.faults.is_cut.store(false, Ordering::SeqCst);
            process.cut_at = None;
        }
        self.start_process(false);
        let started = std::time::Instant::now();
        loop {
            self.time_passes();
            if self.ids("state not in ('completed', 'cancelled', 'discarded')").is_empty() {
                return Ok(());
            }
            if started.elapsed() > Duration::from_secs(60) {
                return Err("jobs that never end".into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn check(&self) -> Result<(), String> {
        if let Some(violation) = self.recorder.violations.lock().expect("not poisoned").first() {
            return Err(violation.clone());
        }
        let sql = "select id, state::text, attempt, coalesce(cardinality(errors), 0), finalized_at is not null, \
                   (select coalesce(array_agg((error ->> 'attempt')::int order by position), '{}') \
                    from unnest(errors) with ordinality as list (error, position)) from metadata.river_job";
        for row in self.harness.block_on(self.bench.admin.query(sql, &[])).expect("read") {
            let (id, state, attempt, errors): (i64, String, i16, i32) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            if !row.get::<_, bool>(4) {
                return Err(format!("job {id} is {state} without an end"));
            }
            let jobs = self.recorder.jobs.lock().expect("not poisoned");
            let none = Runs::default();
            let runs = jobs.get(&id).unwrap_or(&none);
            let is_completed = state == "completed";
            if is_completed && runs.completions == 0 {
                return Err(format!("job {id} is completed and never said so"));
            }
            if i32::from(attempt) != errors + i32::from(is_completed) {
                return Err(format!("job {id} is {state} with attempt {attempt} and {errors} errors"));
            }
            let attempts: Vec<i32> = row.get(5);
            if attempts != (1..=errors).collect::<Vec<_>>() {
                return Err(format!("job {id}: errors of the attempts {attempts:?}"));
            }
        }
        let wrong = "select job.id from metadata.river_job as job left join public.effects on effects.job = job.id group by job.id \
                     having count(effects.job) > 1 or count(effects.job) = 1 and job.state <> 'completed' \
                     or count(effects.job) = 0 and job.state = 'completed' and not job.args -> 'plan' ? 'complete'";
        match self.harness.block_on(self.bench.admin.query(wrong, &[])).expect("read").first() {
            Some(row) => Err(format!("job {} and what it wrote do not agree", row.get::<_, i64>(0))),
            None => Ok(()),
        }
    }

    fn describe(&self) -> String {
        let sql = "select id, state::text, attempt, max_attempts, args::text, coalesce(errors::text, ''), metadata::text, coalesce(attempted_by::text, '') \
                   from metadata.river_job order by id";
        let rows = self.harness.block_on(self.bench.admin.query(sql, &[])).expect("read");
        let jobs = self.recorder.jobs.lock().expect("not poisoned");
        let leads = "select leader_id from metadata.river_leader";
        let leads = self.harness.block_on(self.bench.admin.query(leads, &[])).expect("read");
        let leader: Option<String> = leads.first().map(|row| row.get(0));
        let alive: Vec<&str> = self.processes.iter().map(|process| process.client_id.as_str()).collect();
        let who = format!("leader {leader:?}, alive {alive:?}\n");
        let jobs = rows
            .iter()
            .map(|row| {
                let id: i64 = row.get(0);
                let (attempt, max): (i16, i16) = (row.get(2), row.get(3));
                let texts: Vec<String> = [1, 4, 5, 6, 7].map(|column| row.get::<_, String>(column)).into();
                let starts = jobs.get(&id).map_or(0, |runs| runs.starts);
                format!("{id} {attempt}/{max} starts {starts}: {}\n", texts.join(" | "))
            })
            .collect::<String>();
        who + &jobs
    }
}

impl Drop for History<'_> {
    fn drop(&mut self) {
        while !self.processes.is_empty() {
            self.kill(0);
        }
    }
}

fn play(seed: u64, harness: &Runtime, bench: &Bench) -> Result<BTreeSet<(&'static str, bool)>, String> {
    let mut history = History {
        seed,
        harness,
        bench,
        random: StdRng::seed_from_u64(seed),
        recorder: Arc::default(),
        processes: Vec::new(),
        dead: Vec::new(),
        started: 0,
        crash_points: BTreeSet::new(),
    };
    history.wait_for_silence();
    history.sql("truncate metadata.river_job, metadata.river_leader, metadata.river_queue, metadata.job_processes, public.effects");
    history.start_process(true);
    history.start_process(true);
    history.insert();
    for _ in 0..history.random.random_range(15..45) {
        history.act();
    }
    let result = history.quiesce().and_then(|()| history.check());
    match result {
        Ok(()) => Ok(std::mem::take(&mut history.crash_points)),
        Err(error) => Err(format!("seed {}: {error}\n{}", history.seed, history.describe())),
    }
}

#[test]
fn every_history_ends_well() {
    let only = setting("CIVIC_OS_MODEL_SEED");
    let histories = setting("CIVIC_OS_MODEL_HISTORIES").unwrap_or(FEW);
    let first = only.unwrap_or(1);
    let seeds: Vec<u64> = (first..first + if only.is_some() { 1 } else { histories }).collect();
    let crash_points = Mutex::new(BTreeSet::new());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (seeds, crash_points, failures) = (&seeds, &crash_points, &failures);
            scope.spawn(move || {
                let harness = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
                let bench = harness.block_on(Bench::new());
                harness.block_on(bench.database.execute(EFFECTS));
                for seed in seeds.iter().filter(|seed| *seed % LANES == lane) {
                    match play(*seed, &harness, &bench) {
                        Ok(points) => crash_points.lock().expect("not poisoned").extend(points),
                        Err(failure) => failures.lock().expect("not poisoned").push(failure),
                    }
                }
                harness.block_on(async { drop(bench) });
            });
        }
    });
    let failures = failures.into_inner().expect("not poisoned");
    assert!(failures.is_empty(), "{} of {} histories failed\n{}", failures.len(), seeds.len(), failures.join("\n"));
    let crash_points = crash_points.into_inner().expect("not poisoned");
    println!("{} histories, crashed at {} different points: {crash_points:?}", seeds.len(), crash_points.len());
    if seeds.len() >= 500 {
        for point in CRASH_POINTS {
            assert!(crash_points.contains(point), "no crash at {point:?}");
        }
    }
}
