//! The parts of the bundle, each with what went wrong where it could not be made.

use super::Part;
use crate::cli::http_probe;
use crate::config::{Config, Loaded, Role, RoleSet, Secret};
use crate::db::{ConnectionString, Db, DbOptions, connect_to};
use crate::jobs::{Job, JobFilter, JobState, Operations, Store};
use crate::migrate::{self, VerifyOptions};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How long one part may take that asks the database.
const PATIENCE: Duration = Duration::from_secs(30);
/// Jobs whose errors are told.
const FAILED_JOBS: i64 = 50;
/// Entries of the migrations' log that are told, the newest.
const LOG_ENTRIES: usize = 100;

pub(super) fn json(name: &'static str, value: &impl Serialize) -> Part {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string());
    Part { name, text: text + "\n" }
}

/// Program and machine.
pub(super) fn about(roles: RoleSet, now: OffsetDateTime) -> Part {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let line = |text: &str, start: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(start)).unwrap_or_default();
        found.trim().trim_matches('"').to_owned()
    };
    let (memory, system) = (file("/proc/meminfo"), file("/etc/os-release"));
    let (soft, hard) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE).unwrap_or_default();
    let document = json!({
        "program": env!("CARGO_PKG_VERSION"),
        "made_at": now.format(&Rfc3339).unwrap_or_default(),
        "roles": roles.to_string(),
        "system": line(&system, "PRETTY_NAME="),
        "kernel": file("/proc/sys/kernel/osrelease").trim(),
        "processors": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        "memory": { "total": line(&memory, "MemTotal:"), "available": line(&memory, "MemAvailable:") },
        "open_files": { "soft": soft, "hard": hard },
        "memory_limit_of_the_group": file("/sys/fs/cgroup/memory.max").trim(),
        "load": file("/proc/loadavg").trim(),
        "uptime_s": file("/proc/uptime").split('.').next().unwrap_or_default(),
    });
    json("about.json", &document)
}

/// What the running process says of itself.
pub(super) fn process(config: &Config) -> Vec<Part> {
    let listen = &config.admin.listen;
    let ask = |path: &str| match listen.as_str() {
        "" => "admin.listen is off\n".to_owned(),
        listen => match http_probe::get_all(listen, path) {
            Ok(answer) => format!("HTTP {}\n{}", answer.status, answer.body),
            Err(error) => format!("http://{listen}{path} does not answer: {error}\n"),
        },
    };
    vec![Part { name: "ready.txt", text: ask("/ready") }, Part { name: "metrics.txt", text: ask("/metrics") }]
}

/// Database, migrations and queue.
pub(super) async fn database(loaded: &Loaded) -> Vec<Part> {
    let config = &loaded.config;
    let owner = config.database.owner_url.or(config.pool_url(loaded.roles));
    let jobs = config.pool_url(RoleSet::only(Role::Worker)).or(owner);
    vec![
        json("database.json", &within(server(owner)).await),
        json("migrations.json", &within(migrations(owner)).await),
        json("queue.json", &within(queue(jobs)).await),
    ]
}

/// The value, or why there is none.
async fn within(part: impl Future<Output = anyhow::Result<Value>>) -> Value {
    match tokio::time::timeout(PATIENCE, part).await {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => json!({ "error": format!("{error:#}") }),
        Err(_) => json!({ "error": format!("no answer within {} s", PATIENCE.as_secs()) }),
    }
}

fn exposed(url: &Secret) -> anyhow::Result<&str> {
    url.expose().ok_or_else(|| anyhow::anyhow!("neither database.owner_url nor database.url is set"))
}

async fn server(url: &Secret) -> anyhow::Result<Value> {
    let client = connect_to(&ConnectionString::parse(exposed(url)?)?).await?;
    let row = client.query_one(include_str!("../../sql/cli/support_database.sql"), &[]).await?;
    Ok(serde_json::from_str(row.try_get(0)?)?)
}

/// What is deployed, what happened to it, and what differs from what this program expects.
async fn migrations(url: &Secret) -> anyhow::Result<Value> {
    exposed(url)?;
    let shown = |result: Result<Value, migrate::MigrateError>| match result {
        Ok(value) => value,
        Err(error) => json!({ "error": format!("{:#}", anyhow::Error::from(error)) }),
    };
    Ok(json!({
        "status": shown(migrate::status(url).await.map(|report| json!(report))),
        "verified": shown(migrate::verify(url, VerifyOptions { full: true }).await.map(|report| json!(report))),
        "log": shown(migrate::log(url).await.map(|entries| json!(entries[..entries.len().min(LOG_ENTRIES)]))),
    }))
}

/// How much waits, what is done by the clock, and why jobs failed. Their arguments are people's and stay here.
async fn queue(url: &Secret) -> anyhow::Result<Value> {
    exposed(url)?;
    let options = DbOptions {
        url: url.clone(),
        pool_max: 1,
        acquisition_timeout: Duration::from_secs(5),
        application_name: "civic-os support".into(),
        ..DbOptions::default()
    };
    let operations = Operations::new(Store::new(Db::open(options)?));
    let filter = JobFilter {
        states: vec![JobState::Discarded, JobState::Retryable],
        limit: FAILED_JOBS,
        ..JobFilter::default()
    };
    let failed: Vec<Value> = operations.list(&filter).await?.iter().map(failure).collect();
    let mut periodic = json!(operations.periodic_jobs().await?);
    for job in periodic.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        job.remove("args");
    }
    Ok(json!({ "counts": operations.count().await?, "failed": failed, "periodic": periodic }))
}

fn failure(job: &Job) -> Value {
    json!({
        "id": job.id,
        "kind": job.kind,
        "queue": job.queue,
        "state": job.state.as_str(),
        "attempt": job.attempt,
        "max_attempts": job.max_attempts,
        "errors": job.errors.iter().rev().take(3).map(|error| &error.error).collect::<Vec<_>>(),
    })
}
