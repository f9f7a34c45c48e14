//! Histories with real deaths: `civic-os serve --role payments` is killed with -9 (often while a call to the provider is under way),
//! its PostgreSQL is restarted by `pg_ctl restart -m immediate`, events arrive over HTTP and are answered or not. The provider and
//! the payer live in the test. At rest the two ledgers are equal.
//!
//! A seed decides what happens, not at which microsecond. A plain run plays few; `./dev test --with payments-histories` plays sixty
//! (CIVIC_OS_TEST_KILL_HISTORIES).

use super::histories::{AMOUNTS, CARDS, number};
use super::{Desk, connect};
use crate::support::{TestApp, binary, free_port, http_client, test_config};
use civic_os::cluster::{Cluster, ClusterOptions, ClusterStep};
use civic_os::config::Secret;
use civic_os::migrate::{self, DeployOptions, Silent};
use civic_os::payments::{Fault, Sandbox};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// In a plain run.
const FEW: u64 = 2;
const REST_LIMIT: Duration = Duration::from_secs(60);
const OUR_JOBS: &str = "kind in ('create_payment_intent', 'capture_payment_intent', 'cancel_payment_intent', 'sync_payment', 'process_refund') \
                        and finalized_at is null";

/// A durable PostgreSQL of one test alone, because it is crashed.
pub(super) struct Crashing {
    pub(super) cluster: Cluster,
    folder: PathBuf,
    pg_ctl: PathBuf,
}

impl Crashing {
    pub(super) async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!("civic-os-kills-{}", std::process::id()));
        let binaries = Arc::new(Mutex::new(PathBuf::new()));
        let found = Arc::clone(&binaries);
        let mut options = ClusterOptions::new(&folder);
        options.progress = Arc::new(move |step| {
            if let ClusterStep::Found { directory, .. } = step {
                *found.lock().expect("folder") = directory;
            }
        });
        // Durable: what was acknowledged must be there after the crash.
        let cluster = Cluster::start(options).await.unwrap_or_else(|error| panic!("{error}"));
        migrate::deploy(&cluster.owner_tcp_url(), &DeployOptions::default(), &Silent).await.expect("deploy the core");
        let pg_ctl = binaries.lock().expect("folder").join("pg_ctl");
        Self { cluster, folder, pg_ctl }
    }

    fn pg_ctl(&self, arguments: &[&str]) -> bool {
        let data = self.folder.join("postgres");
        // PostgreSQL does not work for root: as whoever owns the files.
        let owner = std::fs::metadata(&data).expect("the data directory");
        let mut command = Command::new(&self.pg_ctl);
        command.args(arguments).arg("-D").arg(&data).arg("-l").arg(data.join("restarted.log"));
        command.current_dir("/").env_clear().stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        if owner.uid() != nix::unistd::getuid().as_raw() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        command.status().expect("pg_ctl").success()
    }

    fn crash(&self) {
        assert!(self.pg_ctl(&["restart", "-m", "immediate", "-w"]), "pg_ctl restart");
    }
}

impl Drop for Crashing {
    fn drop(&mut self) {
        self.pg_ctl(&["stop", "-m", "immediate", "-w"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// All that a history needs.
struct Scene {
    desk: Desk,
    sandbox: Sandbox,
    server: actix_web::dev::ServerHandle,
    base: String,
    app: Option<TestApp>,
    listen: String,
    http: reqwest::Client,
    /// Process id of the victim, and whether a call to the provider may kill it.
    victim: Arc<(AtomicI32, AtomicBool)>,
    kills: Arc<AtomicU32>,
    crashes: u32,
    // Dropped last.
    database: Crashing,
}

impl Scene {
    async fn open() -> Self {
        let sandbox = Sandbox::new(None);
        let (base, server) = sandbox.serve().expect("the sandbox's port");
        let database = Crashing::start().await;
        let (owner, pool) = (database.cluster.owner_tcp_url(), database.cluster.authenticator_url());
        let desk = Desk::on(&owner, &pool, &base, sandbox.api_key(), sandbox.signing_secret()).await;
        let mut scene = Self {
            desk,
            sandbox,
            server,
            base,
            app: None,
            listen: String::new(),
            http: http_client(),
            victim: Arc::default(),
            kills: Arc::default(),
            crashes: 0,
            database,
        };
        scene.start().await;
        scene
    }

    /// A process where there is none any more; it does not die before it is ready.
    async fn start(&mut self) {
        let mut config = test_config();
        config.database.url = self.database.cluster.authenticator_url();
        config.database.owner_url = self.database.cluster.owner_tcp_url();
        config.payments.stripe_api_base = self.base.clone();
        config.payments.stripe_api_key = self.sandbox.api_key();
        config.payments.stripe_webhook_secret = self.sandbox.signing_secret();
        self.listen = format!("127.0.0.1:{}", free_port());
        config.payments.listen = Some(self.listen.clone());
        let mut app = TestApp::launch(&config, &["payments"]);
        app.wait_until("/ready", |status| status == 200).await;
        self.victim.0.store(app.pid().cast_signed(), Ordering::SeqCst);
        self.app = Some(app);
    }

    fn arm(&self, armed: bool) {
        self.victim.1.store(armed, Ordering::SeqCst);
    }

    /// Kills the process if it still lives, and lets the others see at once what they would see within a minute.
    async fn kill(&mut self) {
        self.arm(false);
        let Some(app) = self.app.take() else { return };
        let pid = app.pid().cast_signed();
        app.signal(Signal::SIGKILL);
        drop(app);
        self.kills.fetch_add(1, Ordering::SeqCst);
        let age = "update metadata.job_processes set last_seen_at = now() - interval '2 hours' where pid = $1";
        self.desk.admin.execute(age, &[&pid]).await.expect("aged");
        let expire = "update metadata.river_leader set expires_at = now() - interval '1 second'";
        self.desk.admin.execute(expire, &[]).await.expect("aged");
    }

    /// Kills it if a call to the provider has not done so before, and starts the next.
    async fn replace(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// The fault plan killed it.
    fn is_dead(&self) -> bool {
        self.victim.0.load(Ordering::SeqCst) == 0
    }

    /// Delivers an event over HTTP; the status, 0 without an answer.
    async fn deliver(http: reqwest::Client, listen: String, header: String, event: String) -> u16 {
        let request = http.post(format!("http://{listen}/webhooks/stripe")).header("Stripe-Signature", header);
        request.body(event).send().await.map_or(0, |answer| answer.status().as_u16())
    }

    fn delivery(&self, event: &str) -> impl Future<Output = u16> + Send + 'static {
        Self::deliver(self.http.clone(), self.listen.clone(), self.sandbox.sign(event), event.to_owned())
    }

    /// Calls to the provider fail, are slow, and kill whoever makes them.
    fn make_faults(&self, seed: u64) {
        let mut rng = SmallRng::seed_from_u64(seed ^ 0xfa17);
        let (victim, kills) = (Arc::clone(&self.victim), Arc::clone(&self.kills));
        self.sandbox.set_faults(Some(Box::new(move || {
            let fault = match rng.random_range(0..100) {
                0..6 => Fault::Refuse(*[409, 429, 500, 503].choose(&mut rng).expect("one")),
                6..14 => Fault::LoseAnswer,
                14..18 => Fault::Break,
                18..40 => Fault::Delay(rng.random_range(5..120)),
                _ => Fault::None,
            };
            let dies = rng.random_bool(0.2);
            if dies && victim.1.load(Ordering::SeqCst) {
                let pid = victim.0.swap(0, Ordering::SeqCst);
                // Not reaped before `replace` drops it, so the number is still its own.
                if pid != 0 && kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
                    kills.fetch_add(1, Ordering::SeqCst);
                }
            }
            fault
        })));
    }

    /// The database crashes while events are on their way.
    async fn crash(&mut self, rng: &mut SmallRng, events: &mut Vec<String>, seen: &mut Vec<String>) -> usize {
        let mut under_way = Vec::new();
        for _ in 0..events.len().min(4) {
            let event = events.swap_remove(rng.random_range(0..events.len()));
            let delivery = self.delivery(&event);
            under_way.push((event, tokio::spawn(delivery)));
        }
        // Somewhere in the middle of them.
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..25))).await;
        self.database.crash();
        self.crashes += 1;
        self.desk.admin = connect(&self.database.cluster.owner_tcp_url()).await;
        let mut answered = 0;
        for (event, delivery) in under_way {
            if delivery.await.expect("delivered") == 200 {
                seen.push(event);
                answered += 1;
            } else {
                events.push(event);
            }
        }
        answered
    }

    async fn come_to_rest(&mut self, mut events: Vec<String>, story: &str) -> Vec<String> {
        self.sandbox.set_faults(None);
        self.arm(false);
        if self.is_dead() {
            self.replace().await;
        }
        let mut delivered = Vec::new();
        let started = Instant::now();
        loop {
            self.sandbox.settle();
            events.extend(self.sandbox.take_events());
            for event in std::mem::take(&mut events) {
                match self.delivery(&event).await {
                    200 => delivered.push(event),
                    _ => events.push(event),
                }
            }
            // Time passes: what waits for its next try is due.
            let due = format!(
                "update metadata.river_job set state = 'available', scheduled_at = now() where state in ('retryable', 'scheduled') and {OUR_JOBS}"
            );
            self.desk.admin.batch_execute(&due).await.expect("time passes");
            let open = self.desk.text(&format!("select count(*) from metadata.river_job where {OUR_JOBS}")).await;
            if open == "0" && events.is_empty() && self.desk.compare().await {
                events.extend(self.sandbox.take_events());
                let open = self.desk.text(&format!("select count(*) from metadata.river_job where {OUR_JOBS}")).await;
                if events.is_empty() && open == "0" {
                    return delivered;
                }
            }
            if started.elapsed() > REST_LIMIT {
                let log = self.app.as_ref().map(TestApp::log).unwrap_or_default();
                panic!("does not come to rest: {:?}\n{story}\n{log}", self.desk.jobs().await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn play(&mut self, seed: u64) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut story = format!("seed {seed}\n");
        self.make_faults(seed);
        let (mut events, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        self.desk.capture_later(rng.random_bool(0.25)).await;
        let (kill_at, crash_at) = (rng.random_range(4..11), rng.random_range(11..18));
        for step in 0..18 {
            if self.is_dead() {
                let _ = writeln!(story, "died in a call to the provider");
                self.replace().await;
            }
            self.arm(true);
            events.extend(self.sandbox.take_events());
            if step == kill_at {
                self.desk.press_pay(rng.random_range(1..=2), "19.99").await;
                tokio::time::sleep(Duration::from_millis(rng.random_range(0..40))).await;
                let _ = writeln!(story, "killed");
                self.replace().await;
                continue;
            }
            if step == crash_at {
                let answered = self.crash(&mut rng, &mut events, &mut seen).await;
                let _ = writeln!(story, "the database crashed; {answered} events were answered before");
                continue;
            }
            self.step(&mut rng, &mut events, &mut seen, &mut story).await;
            // The process works meanwhile, now more, now less.
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..60))).await;
        }
        let mut delivered = self.come_to_rest(events, &story).await;
        delivered.extend(seen);
        let page =
            |path: &str| self.sandbox.look(path, &[("limit", "100")]).1["data"].as_array().cloned().unwrap_or_default();
        self.desk.assert_ledger(&page("payment_intents"), &page("refunds"), &delivered, &story).await;
        if seed == 0 {
            self.assert_the_command_line_agrees(&story);
        }
        self.sandbox.forget();
        self.desk.empty().await;
    }

    /// `civic-os payments reconcile`, at rest: compared, and nothing left to do.
    fn assert_the_command_line_agrees(&self, story: &str) {
        let mut command = binary();
        command.args(["payments", "reconcile", "--patience", "0", "--json"]);
        for (name, value) in [
            ("CIVIC_OS_DATABASE__URL", self.database.cluster.authenticator_url()),
            ("CIVIC_OS_PAYMENTS__STRIPE_API_KEY", self.sandbox.api_key()),
            ("CIVIC_OS_PAYMENTS__STRIPE_API_BASE", Secret::new(self.base.clone())),
        ] {
            command.env(name, value.expose().expect("set"));
        }
        let output = command.output().expect("run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let problem = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}{problem}\n{story}");
        let report: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{problem}"));
        assert_eq!(
            (&report["problems"], &report["repaired"]),
            (&serde_json::json!([]), &serde_json::json!(0)),
            "{said}"
        );
    }

    async fn step(&self, rng: &mut SmallRng, events: &mut Vec<String>, seen: &mut Vec<String>, story: &mut String) {
        match rng.random_range(0..100) {
            0..30 => {
                let permit = rng.random_range(1..=2);
                let pressed = self.desk.press_pay(permit, AMOUNTS[permit as usize]).await;
                let _ = writeln!(story, "pay {permit}: {pressed:?}");
            }
            30..55 => {
                let sql = "select provider_client_secret from payments.transactions where provider_client_secret is not null order by id";
                let secrets = self.desk.texts(sql).await;
                let Some(secret) = secrets.choose(rng) else { return };
                let outcome = if rng.random_bool(0.3) {
                    self.sandbox.authenticate(secret, rng.random_bool(0.7)).0
                } else {
                    self.sandbox.confirm(secret, CARDS.choose(rng).expect("one")).0
                };
                let _ = writeln!(story, "browser {secret}: {outcome}");
            }
            55..80 => {
                if events.is_empty() {
                    return;
                }
                let at = rng.random_range(0..events.len());
                let event = if rng.random_bool(0.7) { events.swap_remove(at) } else { events[at].clone() };
                let status = self.delivery(&event).await;
                let _ = writeln!(story, "event {}: {status}", event.get(..60).unwrap_or_default());
                if status == 200 { seen.push(event) } else { events.push(event) }
            }
            80..90 => {
                let paid = self
                    .desk
                    .texts("select id from payments.transactions where status = 'succeeded' order by id")
                    .await;
                let Some(payment) = paid.choose(rng) else { return };
                let amount = *["0.20", "0.58", "5", "19.99"].choose(rng).expect("one");
                let ordered = self.desk.order_refund(payment, amount).await;
                let _ = writeln!(story, "refund of {payment}: {ordered:?}");
            }
            90..96 => {
                let all = self.desk.texts("select id from payments.transactions order by id").await;
                let Some(payment) = all.choose(rng) else { return };
                let kind = if rng.random_bool(0.5) { "cancel_payment_intent" } else { "capture_payment_intent" };
                let _ = self.desk.ledger.enqueue(kind, &serde_json::json!({ "payment_id": payment }), 8).await;
                let _ = writeln!(story, "{kind} {payment}");
            }
            _ => {
                self.sandbox.settle();
                let _ = writeln!(story, "time passes");
            }
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Before its database.
        self.app = None;
        drop(self.server.stop(false));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_and_a_crashed_database_cost_no_cent() {
    let mut scene = Scene::open().await;
    if let Some(seed) = number("CIVIC_OS_TEST_SEED") {
        return scene.play(seed).await;
    }
    let histories = number("CIVIC_OS_TEST_KILL_HISTORIES").unwrap_or(FEW);
    for seed in 0..histories {
        scene.play(seed).await;
    }
    let (kills, crashes) = (scene.kills.load(Ordering::SeqCst), scene.crashes);
    println!("{histories} histories, {kills} processes killed with -9, {crashes} immediate restarts of PostgreSQL");
    assert!(u64::from(kills) >= histories && u64::from(crashes) == histories);
}
