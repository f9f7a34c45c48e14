//! Random histories against `localstripe`, a stand-in for Stripe that we did not write (`./dev test --with localstripe`, which names its
//! interpreter in CIVIC_OS_TEST_PYTHON). Between it and us stands a proxy that drops connections before or after a call, is slow, and
//! answers 409, 429, 500. What the provider holds is read through its API only, past the proxy.
//!
//! Where localstripe lacks what Stripe has, the proxy adds it: idempotency keys, `amount_received`, and parameters that it refuses.
//! docs/payments.md lists the differences.

use super::histories::{AMOUNTS, number};
use super::{Desk, crash_after};
use crate::support::{TestDatabase, free_port, http_client};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use civic_os::config::Secret;
use civic_os::payments::ReconcileOptions;
use futures_util::stream;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use url::form_urlencoded;

const KEY: &str = "sk_test_of_localstripe";
const SIGNING: &str = "whsec_of_localstripe";
const LIMIT: Duration = Duration::from_secs(60);
/// Pays, is declined, asks the bank, asks the bank and is declined then.
const LOCAL_CARDS: [&str; 5] =
    ["4242424242424242", "4242424242424242", "4000000000000341", "4000000000003220", "4000008400001629"];
/// Parameters of Stripe that localstripe does not know and refuses.
const UNKNOWN: [&str; 4] = ["description", "automatic_payment_methods[enabled]", "reason", "created[gte]"];

/// What the proxy does with a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Weather {
    Fair,
    Refuse(u16),
    /// 500, remembered for the key, as Stripe does when it breaks.
    Break,
    DropBefore,
    DropAfter,
    Slow(u64),
}

/// The proxy's memory.
struct Between {
    target: String,
    http: reqwest::Client,
    weather: Mutex<Option<SmallRng>>,
    /// Idempotency key → what was asked and answered.
    answers: Mutex<HashMap<String, (String, u16, Value)>>,
    /// Deliveries of localstripe: signature and body.
    hook: Mutex<Vec<(String, String)>>,
}

impl Between {
    fn next_weather(&self) -> Weather {
        let mut weather = self.weather.lock().expect("weather");
        let Some(rng) = weather.as_mut() else { return Weather::Fair };
        match rng.random_range(0..100) {
            0..8 => Weather::Refuse(*[409, 429, 500, 503].choose(rng).expect("one")),
            8..11 => Weather::Break,
            11..17 => Weather::DropBefore,
            17..25 => Weather::DropAfter,
            25..29 => Weather::Slow(rng.random_range(1..8)),
            _ => Weather::Fair,
        }
    }
}

fn broken() -> HttpResponse {
    let lost = stream::once(async { Err::<web::Bytes, _>(std::io::Error::other("the connection gets lost")) });
    HttpResponse::Ok().streaming(lost)
}

fn reply(status: u16, body: &Value, is_replay: bool) -> HttpResponse {
    let mut response = HttpResponse::build(actix_web::http::StatusCode::from_u16(status).expect("a status"));
    if is_replay {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.json(body)
}

/// What localstripe leaves out of an intent.
fn with_received(mut object: Value) -> Value {
    let add = |intent: &mut Value| {
        if intent["object"] == "payment_intent" {
            intent["amount_received"] =
                if intent["status"] == "succeeded" { intent["amount"].clone() } else { 0.into() };
        }
    };
    if let Some(list) = object.get_mut("data").and_then(Value::as_array_mut) {
        list.iter_mut().for_each(add);
    } else {
        add(&mut object);
    }
    object
}

fn known_parameters(text: &[u8]) -> String {
    let pairs = form_urlencoded::parse(text).filter(|(name, _)| !UNKNOWN.contains(&name.as_ref()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn pass(between: web::Data<Arc<Between>>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if request.path() == "/hook" {
        let delivery = (header("Stripe-Signature").unwrap_or_default(), String::from_utf8_lossy(&body).into_owned());
        between.hook.lock().expect("hook").push(delivery);
        return HttpResponse::Ok().finish();
    }
    let weather = between.next_weather();
    let trouble = json!({"error": {"type": "api_error", "message": "Try again later."}});
    match weather {
        Weather::Refuse(status) => return reply(status, &trouble, false),
        Weather::DropBefore => return broken(),
        Weather::Slow(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        _ => {}
    }
    let is_post = request.method() == actix_web::http::Method::POST;
    let asked = format!("{} {}", request.path(), String::from_utf8_lossy(&body));
    let key = header("Idempotency-Key").filter(|_| is_post);
    let before = key.as_ref().and_then(|key| between.answers.lock().expect("answers").get(key).cloned());
    let (status, answer, is_replay) = match before {
        Some((same, ..)) if same != asked => {
            (400, json!({"error": {"type": "idempotency_error", "message": "Another request under this key."}}), false)
        }
        Some((_, status, answer)) => (status, answer, true),
        None if weather == Weather::Break && is_post => (500, trouble, false),
        None => {
            let url =
                format!("{}{}?{}", between.target, request.path(), known_parameters(request.query_string().as_bytes()));
            let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).expect("a method");
            let mut call =
                between.http.request(method, url).header("Authorization", header("Authorization").unwrap_or_default());
            if is_post {
                let form = known_parameters(&body);
                call = call.header("Content-Type", "application/x-www-form-urlencoded").body(form);
            }
            let response = call.send().await.expect("localstripe answers");
            let status = response.status().as_u16();
            let answer = response.json().await.unwrap_or(Value::Null);
            (status, with_received(answer), false)
        }
    };
    if let Some(key) = key.filter(|_| !is_replay && status != 400) {
        between.answers.lock().expect("answers").insert(key, (asked, status, answer.clone()));
    }
    if weather == Weather::DropAfter { broken() } else { reply(status, &answer, is_replay) }
}

/// The proxy on a free port: its URL and what stops it.
fn serve(between: &Arc<Between>) -> (String, actix_web::dev::ServerHandle) {
    let data = Arc::clone(between);
    let server =
        HttpServer::new(move || App::new().app_data(web::Data::new(Arc::clone(&data))).default_service(web::to(pass)))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(1)
            .bind(("127.0.0.1", 0))
            .expect("a port");
    let base = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    (base, handle)
}

/// localstripe, the proxy, and our side.
struct Shop {
    desk: Desk,
    between: Arc<Between>,
    proxy: actix_web::dev::ServerHandle,
    localstripe: Child,
}

impl Shop {
    async fn open() -> Self {
        let python = std::env::var("CIVIC_OS_TEST_PYTHON").expect("CIVIC_OS_TEST_PYTHON");
        let port = free_port();
        let mut command = Command::new(python);
        command.args(["-m", "localstripe", "--from-scratch", "--port", &port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let localstripe = command.spawn().expect("localstripe");
        let between = Arc::new(Between {
            target: format!("http://127.0.0.1:{port}"),
            http: http_client(),
            weather: Mutex::default(),
            answers: Mutex::default(),
            hook: Mutex::default(),
        });
        let (base, proxy) = serve(&between);
        let database = TestDatabase::create().await;
        let (owner, pool) = (database.owner_url(), database.authenticator_url());
        let mut desk = Desk::on(&owner, &pool, &base, Secret::new(KEY), Secret::new(SIGNING)).await;
        desk._database = Some(database);
        let shop = Self { desk, between, proxy, localstripe };
        let started = Instant::now();
        while shop.ask("GET", "payment_intents", &[]).await.0 != 200 {
            assert!(started.elapsed() < LIMIT, "localstripe does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let hook = format!("{base}/hook");
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("url", hook.as_str()), ("secret", SIGNING)])
            .finish();
        let url = format!("{}/_config/webhooks/ours", shop.between.target);
        let request =
            shop.between.http.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form);
        assert_eq!(request.send().await.expect("configured").status(), 200);
        shop
    }

    /// A call past the proxy: status and body.
    async fn ask(&self, method: &str, path: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let url = format!("{}/v1/{path}", self.between.target);
        let request = match method {
            "GET" => self.between.http.get(format!("{url}?{form}")),
            _ => self.between.http.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(form),
        };
        match request.bearer_auth(KEY).send().await {
            Ok(answer) => (answer.status().as_u16(), with_received(answer.json().await.unwrap_or(Value::Null))),
            Err(_) => (0, Value::Null),
        }
    }

    /// All objects of a kind.
    async fn all(&self, path: &str) -> Vec<Value> {
        let (status, page) = self.ask("GET", path, &[("limit", "1000")]).await;
        assert_eq!((status, &page["has_more"]), (200, &json!(false)), "{path}");
        page["data"].as_array().cloned().unwrap_or_default()
    }

    /// What the payer's browser does with a card.
    async fn confirm(&self, secret: &str, card: &str) -> u16 {
        let id = secret.split("_secret_").next().unwrap_or_default();
        let pairs = [
            ("type", "card"),
            ("card[number]", card),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2030"),
            ("card[cvc]", "123"),
        ];
        let (_, method) = self.ask("POST", "payment_methods", &pairs).await;
        let method = method["id"].as_str().expect("a card");
        // localstripe would let a card be put under an intent that is over; Stripe does not.
        let (_, intent) = self.ask("GET", &format!("payment_intents/{id}"), &[]).await;
        if intent["status"] != "requires_payment_method" || !intent["latest_charge"].is_null() {
            return 400;
        }
        self.ask("POST", &format!("payment_intents/{id}"), &[("payment_method", method)]).await;
        self.ask("POST", &format!("payment_intents/{id}/confirm"), &[]).await.0
    }

    /// The bank's page.
    async fn authenticate(&self, secret: &str, success: bool) -> u16 {
        let id = secret.split("_secret_").next().unwrap_or_default();
        let success = if success { "true" } else { "false" };
        let path = format!("payment_intents/{id}/_authenticate");
        self.ask("POST", &path, &[("client_secret", secret), ("success", success)]).await.0
    }

    fn arrivals(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.between.hook.lock().expect("hook"))
    }

    /// Waits until localstripe has sent what it has to tell; it does so after a second.
    async fn all_arrived(&self, known: &mut Vec<(String, String)>, seen: &BTreeSet<String>) {
        let started = Instant::now();
        loop {
            known.extend(self.arrivals());
            let here: BTreeSet<String> = known.iter().map(|(_, body)| id_of(body)).collect();
            let told = self.all("events").await;
            let is_here = |event: &Value| {
                let id = event["id"].as_str().unwrap_or_default();
                here.contains(id) || seen.contains(id)
            };
            if told.iter().all(is_here) {
                return;
            }
            assert!(started.elapsed() < LIMIT, "events of localstripe do not arrive");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn come_to_rest(
        &self,
        mut events: Vec<(String, String)>,
        mut delivered: Vec<String>,
        story: &str,
    ) -> Vec<String> {
        *self.between.weather.lock().expect("weather") = None;
        for _ in 0..40 {
            let seen: BTreeSet<String> = delivered.iter().map(|body| id_of(body)).collect();
            self.all_arrived(&mut events, &seen).await;
            let mut busy = !events.is_empty();
            for (header, body) in std::mem::take(&mut events) {
                match self.desk.webhook.accept(None, Some(&header), body.clone().into_bytes()).await {
                    200 => delivered.push(body),
                    500 => events.push((header, body)),
                    status => panic!("{status}: {body}"),
                }
            }
            for job in self.desk.jobs().await {
                busy = true;
                self.desk.work(&job, None).await;
            }
            if !busy && self.desk.compare().await && self.desk.jobs().await.is_empty() {
                return delivered;
            }
        }
        panic!("does not come to rest: {:?}\n{story}", self.desk.jobs().await);
    }

    async fn play(&self, seed: u64) {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut story = format!("seed {seed}\n");
        *self.between.weather.lock().expect("weather") = Some(SmallRng::seed_from_u64(seed ^ 0xfa17));
        self.desk.capture_later(rng.random_bool(0.25)).await;
        let (mut events, mut seen): (Vec<(String, String)>, Vec<String>) = (Vec::new(), Vec::new());
        for _ in 0..rng.random_range(10..32) {
            events.extend(self.arrivals());
            self.step(&mut rng, &mut events, &mut seen, &mut story).await;
        }
        let delivered = self.come_to_rest(events, seen, &story).await;
        let (intents, refunds) = (self.all("payment_intents").await, self.all("refunds").await);
        self.desk.assert_ledger(&intents, &refunds, &delivered, &story).await;
        let told: BTreeSet<String> =
            self.all("events").await.iter().map(|event| event["id"].as_str().unwrap_or_default().to_owned()).collect();
        let recorded: BTreeSet<String> =
            self.desk.texts("select provider_event_id from metadata.webhooks").await.into_iter().collect();
        assert_eq!(recorded, told, "{story}");
        self.desk.empty().await;
        self.between.answers.lock().expect("answers").clear();
        let url = format!("{}/_config/data", self.between.target);
        self.between.http.delete(url).send().await.expect("emptied");
    }

    async fn step(
        &self,
        rng: &mut SmallRng,
        events: &mut Vec<(String, String)>,
        seen: &mut Vec<String>,
        story: &mut String,
    ) {
        let desk = &self.desk;
        match rng.random_range(0..100) {
            0..18 => {
                let permit = rng.random_range(1..=2);
                let pressed = desk.press_pay(permit, AMOUNTS[permit as usize]).await;
                let _ = writeln!(story, "pay {permit}: {pressed:?}");
            }
            18..48 => {
                let jobs = desk.jobs().await;
                let Some(job) = jobs.choose(rng) else { return };
                let crash = rng.random_bool(0.4).then(|| rng.random_range(0..14));
                let done = desk.work(job, crash).await;
                let _ = writeln!(story, "job {} {} crash {crash:?} done {done}", job.1, job.2);
            }
            48..66 => {
                let sql = "select provider_client_secret from payments.transactions where provider_client_secret is not null order by id";
                let secrets = desk.texts(sql).await;
                let Some(secret) = secrets.choose(rng) else { return };
                let outcome = if rng.random_bool(0.35) {
                    self.authenticate(secret, rng.random_bool(0.7)).await
                } else {
                    self.confirm(secret, LOCAL_CARDS.choose(rng).expect("one")).await
                };
                let _ = writeln!(story, "browser {secret}: {outcome}");
            }
            66..80 => {
                if events.is_empty() {
                    return;
                }
                let at = rng.random_range(0..events.len());
                let event = if rng.random_bool(0.7) { events.swap_remove(at) } else { events[at].clone() };
                let accept = desk.webhook.accept(None, Some(&event.0), event.1.clone().into_bytes());
                // The process may die over it.
                let crash = if rng.random_bool(0.2) { rng.random_range(0..3) } else { 1000 };
                let status = crash_after(crash, accept).await;
                let _ = writeln!(story, "event {}: {status:?}", id_of(&event.1));
                if status == Some(200) { seen.push(event.1) } else { events.push(event) }
            }
            80..88 => {
                let paid =
                    desk.texts("select id from payments.transactions where status = 'succeeded' order by id").await;
                let Some(payment) = paid.choose(rng) else { return };
                let amount = *["0.20", "0.58", "5", "19.99"].choose(rng).expect("one");
                let ordered = desk.order_refund(payment, amount).await;
                let _ = writeln!(story, "refund of {payment}: {ordered:?}");
            }
            88..93 => {
                let all = desk.texts("select id from payments.transactions order by id").await;
                let Some(payment) = all.choose(rng) else { return };
                let kind = if rng.random_bool(0.5) { "cancel_payment_intent" } else { "capture_payment_intent" };
                let _ = desk.ledger.enqueue(kind, &json!({ "payment_id": payment }), 8).await;
                let _ = writeln!(story, "{kind} {payment}");
            }
            93..95 => {
                let known: BTreeSet<String> = seen.iter().map(|body| id_of(body)).collect();
                self.all_arrived(events, &known).await;
                let _ = writeln!(story, "events arrive");
            }
            95..98 => {
                let options = ReconcileOptions { patience: 0.0, days: 3 };
                let crash = rng.random_range(0..40);
                let done = crash_after(crash, desk.cashier.reconcile(&options)).await.is_some();
                let _ = writeln!(story, "reconciliation crash {crash} done {done}");
            }
            _ => {
                desk.admin
                    .batch_execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
                    .await
                    .expect("cut");
                let _ = writeln!(story, "connections break");
            }
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let _ = self.localstripe.kill();
        let _ = self.localstripe.wait();
        drop(self.proxy.stop(false));
    }
}

fn id_of(body: &str) -> String {
    let event: Value = serde_json::from_str(body).expect("an event");
    event["id"].as_str().expect("an id").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "localstripe"]
async fn localstripes_ledger_equals_ours_whatever_happened() {
    if let Some(seed) = number("CIVIC_OS_TEST_SEED") {
        return Shop::open().await.play(seed).await;
    }
    let histories = number("CIVIC_OS_TEST_HISTORIES").unwrap_or(300);
    let lanes: u64 = 3;
    let mut playing = Vec::new();
    for lane in 0..lanes {
        playing.push(tokio::spawn(async move {
            let shop = Shop::open().await;
            for seed in (lane..histories).step_by(lanes as usize) {
                shop.play(seed).await;
            }
        }));
    }
    for lane in playing {
        lane.await.expect("a history failed; its seed is above");
    }
    println!("{histories} histories against localstripe");
}
