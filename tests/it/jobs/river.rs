//! River's own clients on the same tables, run by `./dev test --with river`: its Go client works beside us, its Python client inserts.

use super::*;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use time::OffsetDateTime;
use tokio::sync::mpsc;

fn river(bench: &Bench, arguments: &[&str]) -> Command {
    let program = std::env::var_os("CIVIC_OS_RIVER_GO").expect("./dev test --with river builds the Go client");
    let mut command = Command::new(program);
    command.args(arguments).env("DATABASE_URL", bench.database.owner_url().expose().expect("a URL"));
    command
}

/// One verb of the Go client; its answer, if it has one.
fn ask(bench: &Bench, arguments: &[&str]) -> Value {
    let output = river(bench, arguments).output().expect("run the Go client");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

/// A Go process that works on queue `go` and takes part in elections.
struct GoProcess {
    child: Child,
    input: Option<ChildStdin>,
    id: String,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl GoProcess {
    fn start(bench: &Bench) -> Self {
        let mut child =
            river(bench, &["work"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start the Go client");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let Ok(value) = serde_json::from_str(&line) else { continue };
                if sender.send(value).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        let mut process = Self { child, input, id: String::new(), lines };
        process.id = process.next()["id"].as_str().expect("its id").to_owned();
        process
    }

    fn next(&self) -> Value {
        self.lines.recv_timeout(LIMIT).expect("a line of the Go client")
    }

    fn stop(mut self) {
        drop(self.input.take());
        let status = self.child.wait().expect("the end of the Go client");
        assert!(status.success(), "the Go client ended with {status}");
    }
}

impl Drop for GoProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Bench {
    async fn insert_for_go(&self, kind: &str, max_attempts: i16) -> i64 {
        let mut job = NewJob::new(kind, json!({"text": "from Rust"}));
        (job.queue, job.max_attempts) = ("go".into(), max_attempts);
        self.store.insert(&job).await.expect("inserted").0
    }

    async fn wait_for_leader(&self, id: &str, limit: Duration) {
        let started = Instant::now();
        loop {
            let rows = self.admin.query("select leader_id from metadata.river_leader", &[]).await.expect("read");
            let leader = rows.first().map(|row| row.get::<_, String>(0));
            if leader.as_deref() == Some(id) {
                return;
            }
            assert!(started.elapsed() < limit, "after {limit:?} {leader:?} leads, not {id}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn works() -> TestKind {
    kind("rust_works", async |run: Run| match run.job.args["text"].as_str() {
        Some(_) => Outcome::Complete,
        None => Outcome::Fail("no text".into()),
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "river"]
async fn go_inserts_and_we_work() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(works()));
    let ids = ask(&bench, &["insert", "rust_works", "9"])["ids"].as_array().expect("ids").clone();
    assert_eq!(ids.len(), 9);
    for id in ids {
        let id = id.as_i64().expect("a number");
        bench.wait_for_state(id, "completed").await;
        let seen = ask(&bench, &["show", &id.to_string()]);
        assert_eq!((&seen["state"], &seen["attempt"]), (&json!("completed"), &json!(1)), "as River reads the row");
    }
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "river"]
async fn python_inserts_and_we_work() {
    let bench = Bench::new().await;
    let process = bench.process(Registry::new().with(works()));
    let python = std::env::var_os("CIVIC_OS_RIVER_PYTHON").expect("./dev test --with river installs the Python client");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/river-python/insert.py");
    let url = bench.database.owner_url();
    let output =
        Command::new(python).arg(script).env("DATABASE_URL", url.expose().expect("a URL")).output().expect("run");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let id = serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["id"].as_i64().expect("an id");
    bench.wait_for_state(id, "completed").await;
    let job = bench.operations.show(id).await.expect("shown");
    assert_eq!(
        (job.priority, job.tags.as_slice(), &job.args["text"]),
        (2, &["python".to_owned()][..], &json!("from Python"))
    );
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "river"]
async fn we_insert_and_go_works_and_both_read_each_others_errors() {
    let bench = Bench::new().await;
    let go = GoProcess::start(&bench);
    let good = bench.insert_for_go("go_succeeds", 25).await;
    let bad = bench.insert_for_go("go_fails", 2).await;
    bench.wait_for_state(good, "completed").await;
    bench.wait_for_state(bad, "discarded").await;
    let job = bench.operations.show(bad).await.expect("shown");
    let errors: Vec<(i16, &str)> = job.errors.iter().map(|error| (error.attempt, error.error.as_str())).collect();
    assert_eq!(errors, [(1, "refused in Go"), (2, "refused in Go")]);
    assert_eq!(job.attempted_by, [go.id.clone(), go.id.clone()]);

    // Our errors in a row that Go then works on: it decodes them at its fetch.
    let fails = kind("go_succeeds", async |_| Outcome::Fail("refused in Rust".into()));
    let process = bench.process(Registry::new().with(TestKind { queue: "handed", ..fails }));
    let mut job = NewJob::new("go_succeeds", json!({"text": "from Rust"}));
    job.queue = "handed".into();
    let (id, _) = bench.store.insert(&job).await.expect("inserted");
    bench.wait_for(id, |row| row.errors > 1).await;
    process.stop(LIMIT).await;
    let seen = ask(&bench, &["show", &id.to_string()]);
    assert_eq!(seen["errors"][0]["error"], "refused in Rust", "{seen}");
    bench
        .admin
        .execute(
            "update metadata.river_job set queue = 'go', state = 'available', scheduled_at = now() where id = $1",
            &[&id],
        )
        .await
        .expect("handed over");
    let row = bench.wait_for_state(id, "completed").await;
    assert_eq!((row.attempt, row.errors), (3, 2));
    go.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "river"]
async fn the_leadership_moves_between_go_and_us_both_ways() {
    let bench = Bench::new().await;
    let go = GoProcess::start(&bench);
    bench.wait_for_leader(&go.id, Duration::from_secs(16)).await;
    let process = bench.process(Registry::new().with(works()));
    // We bid once and lose before Go resigns.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    go.stop();
    bench.wait_for_leader(process.client_id(), Duration::from_secs(3)).await;
    let go = GoProcess::start(&bench);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    bench.wait_for_leader(process.client_id(), Duration::ZERO).await;
    // What only the leader does: a job of the future becomes available, whoever leads.
    let mut later = NewJob::new("go_succeeds", json!({"text": "later"}));
    (later.queue, later.scheduled_at) = ("go".into(), Some(OffsetDateTime::now_utc() + Duration::from_secs(1)));
    let (under_us, _) = bench.store.insert(&later).await.expect("inserted");
    bench.wait_for_state(under_us, "completed").await;
    process.stop(LIMIT).await;
    bench.wait_for_leader(&go.id, Duration::from_secs(3)).await;
    later.scheduled_at = Some(OffsetDateTime::now_utc() + Duration::from_secs(1));
    let (under_go, _) = bench.store.insert(&later).await.expect("inserted");
    bench.wait_for_state(under_go, "completed").await;
    go.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "river"]
async fn cancel_retry_pause_and_resume_reach_the_other_side() {
    let bench = Bench::new().await;
    let go = GoProcess::start(&bench);
    let (started, mut starts) = mpsc::channel(1);
    let waits = kind("rust_waits", move |run: Run| {
        let started = started.clone();
        async move {
            started.send(run.job.id).await.expect("the test listens");
            run.cancelled.cancelled().await;
            Outcome::Fail("told to stop".into())
        }
    });
    let process = bench.process(Registry::new().with(waits).with(works()));

    // River cancels what runs here.
    ask(&bench, &["insert", "rust_waits", "1"]);
    let id = starts.recv().await.expect("started");
    ask(&bench, &["cancel", &id.to_string()]);
    let row = bench.wait_for_state(id, "cancelled").await;
    assert_eq!(row.error_elements[0]["error"], "JobCancelError: job cancelled remotely");
    ask(&bench, &["retry", &id.to_string()]);
    assert_eq!(starts.recv().await, Some(id), "River's retry brings it back");
    ask(&bench, &["cancel", &id.to_string()]);
    bench.wait_for_state(id, "cancelled").await;

    // We cancel what runs there.
    let there = bench.insert_for_go("go_waits", 25).await;
    assert_eq!(go.next()["started"], json!(there));
    bench.operations.cancel(there).await.expect("cancelled");
    let row = bench.wait_for_state(there, "cancelled").await;
    assert!(row.error_elements[0]["error"].as_str().expect("text").contains("job cancelled remotely"), "{row:?}");

    // River pauses our queue; a marker in another queue of ours would be fetched by the same wake-ups.
    ask(&bench, &["pause", "tests"]);
    let paused = "select count(*) from metadata.river_queue where name = 'tests' and paused_at is not null";
    assert_eq!(bench.admin.query_one(paused, &[]).await.expect("counted").get::<_, i64>(0), 1);
    let ids = ask(&bench, &["insert", "rust_works", "1"]);
    let held = ids["ids"][0].as_i64().expect("an id");
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(bench.row(held).await.state, "available");
    ask(&bench, &["resume", "tests"]);
    bench.wait_for_state(held, "completed").await;

    // We pause theirs.
    bench.operations.set_paused("go", true).await.expect("paused");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let held = bench.insert_for_go("go_succeeds", 25).await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(bench.row(held).await.state, "available");
    bench.operations.set_paused("go", false).await.expect("resumed");
    bench.wait_for_state(held, "completed").await;
    process.stop(LIMIT).await;
    go.stop();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "river"]
async fn unique_keys_are_the_same_on_both_sides() {
    let bench = Bench::new().await;
    let unique = civic_os::jobs::Unique { by_arg_names: vec!["text".into()], by_queue: true, ..Default::default() };
    let ours = |text: &str| {
        let mut job = NewJob::new("rust_works", json!({"text": text, "number": 7}));
        (job.queue, job.unique) = ("tests".into(), Some(unique.clone()));
        job
    };
    let theirs = ask(&bench, &["insert-unique", "first", "1"]);
    assert_eq!(theirs["duplicate"], false);
    let (id, duplicate) = bench.store.insert(&ours("first")).await.expect("skipped");
    assert_eq!((json!(id), duplicate), (theirs["id"].clone(), true), "Go's job holds the key");
    let (id, duplicate) = bench.store.insert(&ours("second")).await.expect("inserted");
    assert!(!duplicate);
    let theirs = ask(&bench, &["insert-unique", "second", "2"]);
    assert_eq!((&theirs["id"], &theirs["duplicate"]), (&json!(id), &json!(true)), "our job holds the key");
}
