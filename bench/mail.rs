//! The work of `bench/mail.sh`: a mail server that counts, requests at a fixed rate whatever the answers do, and the figures.
//!
//! Environment: `BINARY`, `OWNER_URL` (a database with the core and the town's example), `DATABASE_URL` (the pool's login).
#![allow(clippy::disallowed_methods, clippy::print_stdout, missing_docs)]

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic_os::cluster::end_with_parent;
use civic_os::notifications::templates::{Data, Engine, Limits, NumberFormat, Renderer};
use nix::sys::signal::Signal;
use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const SECRET: &str = "bench-secret-of-more-than-thirty-two-bytes";
/// Requests a second, open loop.
const RATE: u32 = 200;

#[tokio::main]
async fn main() -> Result<()> {
    for phase in std::env::args().skip(1) {
        match phase.as_str() {
            "render" => render()?,
            "drain" => drain().await?,
            "bulk" => bulk().await?,
            other => anyhow::bail!("no phase {other} (render, drain, bulk)"),
        }
    }
    Ok(())
}

/// The four parts of the town's own template, with the data that its trigger gives.
fn render() -> Result<()> {
    const ROUNDS: u32 = 20_000;
    let source = std::fs::read_to_string("examples/town/07_notifications.sql")?;
    let parts: Vec<&str> = source.split('\'').filter(|part| part.contains("{{")).collect();
    ensure!(parts.len() == 4, "the town's template has changed");
    let renderer = Renderer::new("America/New_York", NumberFormat::Go, Limits::default())?;
    let entity = serde_json::json!({
        "id": 4711, "display_name": "Pothole <deep> in front of the bakery", "status": "In progress", "color": "#2563eb", "reporter": "Anna Exämple"
    });
    let data = Data::new(&entity, &[("site_url", "https://town.example")])?;
    let engines = [Engine::Text, Engine::Html, Engine::Text, Engine::Text];
    let first = Instant::now();
    for (part, engine) in parts.iter().zip(engines) {
        renderer.render(engine, part, &data)?;
    }
    let first = first.elapsed();
    let mut rounds = Vec::new();
    for _ in 0..5 {
        let started = Instant::now();
        for _ in 0..ROUNDS / 5 {
            for (part, engine) in parts.iter().zip(engines) {
                std::hint::black_box(renderer.render(engine, part, &data)?);
            }
        }
        rounds.push(started.elapsed() / (ROUNDS / 5));
    }
    rounds.sort();
    println!(
        "render: subject, HTML, text and SMS of one notification {:.1} µs (median of 5 rounds; fastest {:.1}, slowest {:.1}), the first time with compiling {:.0} µs",
        micros(rounds[2]),
        micros(rounds[0]),
        micros(rounds[4]),
        micros(first)
    );
    ensure!(rounds[2] < Duration::from_micros(100), "rendering takes longer than 100 µs");
    Ok(())
}

/// 10,000 notifications of one statement while the API is asked.
async fn drain() -> Result<()> {
    const COUNT: usize = 10_000;
    let admin = connect().await?;
    people(&admin, COUNT).await?;
    let sink = Sink::start().await?;
    let server = Server::start(&sink, 0).await?;
    let load = Load::new(&server.base)?;
    load.run(Duration::from_secs(3), || false).await; // warm
    let before = load.run(Duration::from_secs(20), || false).await;
    println!("before: {before}");
    let started = Instant::now();
    enqueue(&admin, COUNT).await?;
    println!("{COUNT} notifications enqueued by one statement in {:.2} s", started.elapsed().as_secs_f64());
    let during = load.run(Duration::from_secs(240), || sink.count() >= COUNT).await;
    println!("while they drain: {during}");
    let seconds = sink.seconds();
    let per_second = COUNT as f64 / seconds;
    println!("{COUNT} messages in {seconds:.1} s: {per_second:.0} a second over {} connections", sink.connections());
    finished(&admin, COUNT).await?;
    ensure!(sink.recipients() == COUNT, "{} recipients", sink.recipients());
    ensure!(before.failures + during.failures == 0, "requests failed");
    ensure!(per_second >= 200.0, "fewer than 200 messages a second");
    let ratio = during.p99().as_secs_f64() / before.p99().as_secs_f64();
    println!("p99 while they drain / before: {ratio:.2}");
    ensure!(ratio < 3.0, "p99 is {ratio:.2} times as long");
    Ok(())
}

/// 50,000 recipients of one statement at a configured rate, with progress.
async fn bulk() -> Result<()> {
    const COUNT: usize = 50_000;
    let rate: u32 = std::env::var("MAIL_RATE").ok().and_then(|text| text.parse().ok()).unwrap_or(400);
    let admin = connect().await?;
    people(&admin, COUNT).await?;
    let sink = Sink::start().await?;
    let server = Server::start(&sink, rate).await?;
    let started = Instant::now();
    enqueue(&admin, COUNT).await?;
    println!("{COUNT} notifications enqueued by one statement in {:.2} s", started.elapsed().as_secs_f64());
    let http = client()?;
    let url = format!(
        "{}/api/notification_batches?select=total,sent,failed,pending&order=created_at.desc&limit=1",
        server.base
    );
    let mut looks = tokio::time::interval(Duration::from_secs(10));
    while sink.count() < COUNT {
        looks.tick().await;
        let asked = Instant::now();
        let answer = http.get(&url).bearer_auth(token()).send().await?.text().await?;
        println!(
            "  {:5.1} s: {answer} ({:.0} ms)",
            started.elapsed().as_secs_f64(),
            asked.elapsed().as_secs_f64() * 1e3
        );
        ensure!(started.elapsed() < Duration::from_secs(285), "too slow: {} of {COUNT}", sink.count());
    }
    let seconds = sink.seconds();
    println!(
        "{COUNT} messages in {seconds:.1} s: {:.1} a second (configured: {rate}), most in any second {}, {} connections",
        COUNT as f64 / seconds,
        sink.most_in_a_second(),
        sink.connections()
    );
    finished(&admin, COUNT).await?;
    ensure!(sink.recipients() == COUNT, "{} recipients", sink.recipients());
    ensure!(COUNT as f64 / seconds < f64::from(rate) * 1.02, "faster than configured");
    Ok(())
}

async fn connect() -> Result<tokio_postgres::Client> {
    let url = std::env::var("OWNER_URL").context("OWNER_URL")?;
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn people(admin: &tokio_postgres::Client, count: usize) -> Result<()> {
    admin
        .batch_execute(&format!(
            "truncate metadata.river_job; delete from metadata.notification_batches; delete from metadata.notifications;
             insert into metadata.civic_os_users (id, display_name)
             select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, 'P' || n from generate_series(1, {count}) n
             on conflict do nothing;
             insert into metadata.civic_os_users_private (id, display_name, email)
             select id, display_name, lower(display_name) || '@town.example' from metadata.civic_os_users where id::text like '00000000-0000-4000-9000-%'
             on conflict do nothing"
        ))
        .await
        .context("people")?;
    admin.batch_execute("vacuum analyze").await.context("vacuum")
}

async fn enqueue(admin: &tokio_postgres::Client, count: usize) -> Result<()> {
    let sql = format!(
        "select metadata.notify_users(
           array(select id from metadata.civic_os_users where id::text like '00000000-0000-4000-9000-%' order by id limit {count}),
           'request_status_changed', 'service_requests', '1',
           '{{\"id\": 1, \"display_name\": \"Pothole\", \"status\": \"New\", \"color\": \"#2563eb\", \"reporter\": \"Anna\"}}')"
    );
    admin.batch_execute(&sql).await.context("notify_users")
}

/// The last message arrives before its row is written.
async fn finished(admin: &tokio_postgres::Client, count: usize) -> Result<()> {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        let row = admin
            .query_one("select count(*) filter (where status = 'sent'), count(*) from metadata.notifications", &[])
            .await?;
        let (sent, all): (i64, i64) = (row.get(0), row.get(1));
        if sent == i64::try_from(count)? && all == sent {
            return Ok(());
        }
        ensure!(Instant::now() < limit, "{sent} of {all} notifications are sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn client() -> Result<reqwest::Client> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?)
}

/// Of an administrator, for an hour.
fn token() -> String {
    let expires =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs()) + 3600;
    let claims = serde_json::json!({
        "sub": "00000000-0000-4000-9000-000000000001", "exp": expires, "email": "p1@town.example",
        "realm_access": {"roles": ["user", "admin"]}
    });
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, signed.as_bytes())))
}

/// The process under test.
struct Server {
    child: Child,
    base: String,
}

impl Server {
    async fn start(sink: &Sink, mail_rate: u32) -> Result<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let base = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(std::env::var("BINARY").context("BINARY")?);
        command
            .args(["serve", "--role", "api,worker"])
            .env("CIVIC_OS_WEB__LISTEN", format!("127.0.0.1:{port}"))
            .env("CIVIC_OS_ADMIN__LISTEN", "off")
            .env("CIVIC_OS_DATABASE__URL", std::env::var("DATABASE_URL").context("DATABASE_URL")?)
            .env("CIVIC_OS_AUTH__JWT_SECRET", SECRET)
            .env("CIVIC_OS_LOG__LEVEL", "warn")
            // One address asks for everything here.
            .env("CIVIC_OS_LIMITS__ANONYMOUS_CALLS", "0")
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_HOST", "127.0.0.1")
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_PORT", sink.port.to_string())
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_SECURITY", "none")
            .env("CIVIC_OS_NOTIFICATIONS__SMTP_FROM", "Town <town@town.example>")
            .env("CIVIC_OS_NOTIFICATIONS__MAIL_RATE", mail_rate.to_string())
            .stdin(Stdio::null());
        end_with_parent(&mut command, Signal::SIGKILL);
        let child = command.spawn().context("start the server")?;
        let server = Self { child, base };
        let http = client()?;
        let limit = Instant::now() + Duration::from_secs(60);
        while !http
            .get(format!("{}/api/service_requests?id=eq.1", server.base))
            .send()
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {
            ensure!(Instant::now() < limit, "the server does not answer");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Requests at fixed moments; a late answer does not delay the next request, and counts from its moment.
struct Load {
    http: reqwest::Client,
    urls: [String; 2],
}

struct Latencies {
    sorted: Vec<Duration>,
    failures: usize,
}

impl Latencies {
    fn at(&self, share: f64) -> Duration {
        let index = (self.sorted.len() as f64 * share) as usize;
        self.sorted.get(index.min(self.sorted.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    fn p99(&self) -> Duration {
        self.at(0.99)
    }
}

impl std::fmt::Display for Latencies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |share| self.at(share).as_secs_f64() * 1e3;
        write!(
            f,
            "{} requests at {RATE} a second, {} failures, p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, longest {:.1} ms",
            self.sorted.len(),
            self.failures,
            ms(0.5),
            ms(0.9),
            ms(0.99),
            ms(1.0)
        )
    }
}

impl Load {
    fn new(base: &str) -> Result<Self> {
        let urls = [
            format!("{base}/api/service_requests?id=eq."),
            format!("{base}/api/service_requests?select=id,display_name,created_at&order=id.desc&limit=25&id=lt."),
        ];
        Ok(Self { http: client()?, urls })
    }

    /// Until the time is over or the condition holds.
    async fn run(&self, longest: Duration, is_over: impl Fn() -> bool) -> Latencies {
        let started = tokio::time::Instant::now();
        let mut running = tokio::task::JoinSet::new();
        let mut number = 0u32;
        while started.elapsed() < longest && !is_over() {
            let moment = started + Duration::from_secs(1) / RATE * number;
            tokio::time::sleep_until(moment).await;
            let url = format!("{}{}", self.urls[(number % 2) as usize], 100 + number % 4000);
            let request = self.http.get(url);
            running.spawn(async move {
                let is_good = match request.send().await {
                    Ok(answer) => answer.status() == 200 && answer.bytes().await.is_ok_and(|body| body.len() > 2),
                    Err(_) => false,
                };
                (is_good, moment.elapsed())
            });
            number += 1;
        }
        let answers = running.join_all().await;
        let failures = answers.iter().filter(|(is_good, _)| !is_good).count();
        let mut sorted: Vec<Duration> = answers.into_iter().map(|(_, time)| time).collect();
        sorted.sort();
        Latencies { sorted, failures }
    }
}

/// A mail server that takes everything and remembers for whom and when.
struct Sink {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    times: Vec<Instant>,
    recipients: HashSet<String>,
    connections: usize,
}

impl Sink {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let seen = Arc::<Mutex<Seen>>::default();
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                lock(&shared).connections += 1;
                tokio::spawn(converse(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { port, seen })
    }

    fn count(&self) -> usize {
        lock(&self.seen).times.len()
    }

    fn recipients(&self) -> usize {
        lock(&self.seen).recipients.len()
    }

    fn connections(&self) -> usize {
        lock(&self.seen).connections
    }

    /// From the first message to the last.
    fn seconds(&self) -> f64 {
        let seen = lock(&self.seen);
        match (seen.times.first(), seen.times.last()) {
            (Some(first), Some(last)) => (*last - *first).as_secs_f64(),
            _ => f64::NAN,
        }
    }

    fn most_in_a_second(&self) -> usize {
        let seen = lock(&self.seen);
        let (mut first, mut most) = (0, 0);
        for (index, time) in seen.times.iter().enumerate() {
            while *time - seen.times[first] >= Duration::from_secs(1) {
                first += 1;
            }
            most = most.max(index - first + 1);
        }
        most
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn converse(stream: TcpStream, seen: Arc<Mutex<Seen>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 sink ESMTP\r\n").await?;
    let (mut line, mut recipient) = (String::new(), String::new());
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer: &[u8] = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => b"250-sink\r\n250 8BITMIME\r\n",
            "RCPT" => {
                recipient = line.trim().to_owned();
                b"250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go ahead\r\n").await?;
                loop {
                    line.clear();
                    if stream.read_line(&mut line).await? == 0 {
                        return Ok(());
                    }
                    if line == ".\r\n" {
                        break;
                    }
                }
                let mut seen = lock(&seen);
                seen.times.push(Instant::now());
                seen.recipients.insert(std::mem::take(&mut recipient));
                b"250 taken\r\n"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => b"250 ok\r\n",
        };
        stream.write_all(answer).await?;
    }
}
