//! The job queue on River's tables `metadata.river_*` (WORKERS.md §2; differences D-09…D-12). This core knows no kind: kinds register themselves in [`crate::app`].
//!
//! `producer` takes due jobs, `executor` runs them, `completer` writes results, `heartbeat` says that we live, `leader` and `maintenance` do the
//! housekeeping, `control` hears cancel, pause and resume. Execution is at least once; no connection is held while a job runs. How to add a kind:
//! `docs/jobs.md`. Tests: `tests/it/jobs`.

mod benchmark;
mod call;
mod completer;
mod control;
mod executor;
mod heartbeat;
mod kind;
mod leader;
mod maintenance;
mod metrics;
mod model;
mod operations;
mod periodic;
mod producer;
mod retry;
mod schedule;
mod store;
mod threads;
mod unique;

pub use benchmark::{BenchmarkOptions, BenchmarkReport, benchmark};
pub use kind::{Kind, Outcome, QueueOptions, Registry, Run};
pub use model::{AttemptError, Job, JobState, UnknownState};
pub use operations::{JobFilter, OperationError, Operations, PeriodicChange, QueueCount};
pub use periodic::{Missed, Periodic, PeriodicJob};
pub use store::{Interposer, NewJob, Store, StoreError, complete_in};
pub use unique::Unique;

use crate::db::Hub;
use completer::Completer;
use executor::{Executor, StopReason};
use heartbeat::{Lease, Process};
use producer::{Producer, ProducerContext};
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Times of the queue; the defaults are the contract's.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// Look for work this often without a notification (± 10 %).
    pub poll_interval: Duration,
    /// Between two fetches that found less than asked for.
    pub fetch_cooldown: Duration,
    /// Between two heartbeats.
    pub beat: Duration,
    /// Without a beat for this long our jobs are stopped.
    pub lease: Duration,
    /// Without a beat for this long a process counts as dead.
    pub dead_after: Duration,
    /// Between two bids for the leadership (+ up to a fifth), and between two renewals.
    pub elect_every: Duration,
    /// Length of a term without renewal.
    pub leader_lease: Duration,
    /// How often, and how far ahead, due jobs are made available.
    pub schedule_every: Duration,
    /// When the leader rebuilds the indexes for the first time; none = at the next midnight (UTC).
    pub first_reindex: Option<Duration>,
}

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_secs(1),
            fetch_cooldown: Duration::from_millis(100),
            beat: Duration::from_secs(5),
            lease: Duration::from_secs(11),
            dead_after: Duration::from_secs(15),
            elect_every: Duration::from_secs(5),
            leader_lease: Duration::from_secs(15),
            schedule_every: retry::SCHEDULER_INTERVAL,
            first_reindex: None,
        }
    }
}

/// A running queue of one process.
pub struct JobQueue {
    store: Store,
    client_id: String,
    executor: Executor,
    soft: CancellationToken,
    hard: CancellationToken,
    silence: CancellationToken,
    producers: Vec<JoinHandle<()>>,
    services: Vec<JoinHandle<()>>,
    heartbeat: JoinHandle<()>,
    completer: Option<Completer>,
    writer: JoinHandle<()>,
}

impl JobQueue {
    /// Starts working on the registry's kinds. The database may be away: work begins when it answers.
    pub fn start(
        store: Store,
        hub: Option<Hub>,
        registry: Registry,
        roles: Vec<String>,
        settings: QueueSettings,
    ) -> Self {
        let process = Process { client_id: client_id(), roles, host: host_name() };
        let (soft, hard, silence) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let executor = Executor::default();
        let lease = Lease::new(settings.clone());
        let (completer, writer) = Completer::start(store.clone(), executor.in_hand().clone(), hard.clone());
        let first_beat = Arc::new(Notify::new());
        let producers: Vec<Producer> = registry.queues().into_iter().map(Producer::new).collect();

        let hears = control::Hears::default();
        let mut services = Vec::new();
        if let Some(hub) = &hub {
            services.push(tokio::spawn(control::watch_inserts(hub.clone(), producers.clone(), soft.clone())));
            services.push(tokio::spawn(control::watch_control(
                hub.clone(),
                process.client_id.clone(),
                hears.clone(),
                producers.clone(),
                executor.clone(),
                hard.clone(),
            )));
        }
        services.push(tokio::spawn(control::poll(
            store.clone(),
            hub.clone(),
            hears,
            process.client_id.clone(),
            producers.clone(),
            executor.clone(),
            settings.clone(),
            hard.clone(),
        )));
        let kinds: Vec<String> = registry.kinds().into_iter().map(str::to_owned).collect();
        services.push(tokio::spawn(leader::run(
            store.clone(),
            hub,
            process.client_id.clone(),
            kinds,
            settings.clone(),
            soft.clone(),
        )));
        services.push(tokio::spawn(periodic::declare(store.clone(), registry.periodic(), soft.clone())));
        services.push(tokio::spawn(wake_after_beat(first_beat.clone(), producers.clone(), soft.clone())));
        let producers = producers
            .into_iter()
            .map(|producer| {
                tokio::spawn(producer.run(ProducerContext {
                    store: store.clone(),
                    registry: registry.clone(),
                    executor: executor.clone(),
                    completer: completer.clone(),
                    lease: lease.clone(),
                    settings: settings.clone(),
                    client_id: process.client_id.clone(),
                    stop: soft.clone(),
                }))
            })
            .collect();
        let client_id = process.client_id.clone();
        let heartbeat = tokio::spawn(heartbeat::run(
            store.clone(),
            process,
            lease,
            executor.clone(),
            settings,
            silence.clone(),
            first_beat,
        ));
        let queues = registry.queues();
        metrics::announce(&queues);
        tracing::info!(
            client_id,
            "Working on {}",
            if queues.is_empty() {
                "no queue of its own, only on the housekeeping".to_owned()
            } else {
                queues.iter().map(|queue| queue.name).collect::<Vec<_>>().join(", ")
            }
        );
        Self {
            store,
            client_id,
            executor,
            soft,
            hard,
            silence,
            producers,
            services,
            heartbeat,
            completer: Some(completer),
            writer,
        }
    }

    /// River's name for this process, as it stands in `attempted_by`.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Ids and attempts of what runs now.
    pub fn running(&self) -> Vec<(i64, i16)> {
        self.executor.running()
    }

    /// Runs whose result is in the table, since the start.
    pub(crate) fn written(&self) -> usize {
        self.executor.in_hand().written()
    }

    /// Stops in order: no new jobs, the leadership is given up, running jobs get until the deadline, the rest goes back with the attempt refunded,
    /// all results are written.
    pub async fn stop(mut self, deadline: Duration) {
        self.soft.cancel();
        for producer in self.producers.drain(..) {
            let _ = producer.await;
        }
        if tokio::time::timeout(deadline, self.executor.idle()).await.is_err() {
            tracing::warn!(running = self.executor.count(), "Jobs did not finish in time and are handed back");
            self.executor.cancel_all(StopReason::Shutdown);
            let _ = tokio::time::timeout(Duration::from_secs(8), self.executor.idle()).await;
        }
        // The last handle but those of lost runs: the writer ends when everything is written.
        self.completer = None;
        if tokio::time::timeout(Duration::from_secs(5), &mut self.writer).await.is_err() {
            tracing::warn!("Not all results of jobs could be written; those jobs will run again");
        }
        // A beat after the good-bye would bring the process back as one that died.
        self.silence.cancel();
        let _ = tokio::time::timeout(Duration::from_secs(6), &mut self.heartbeat).await;
        match tokio::time::timeout(Duration::from_secs(5), self.store.leave(&self.client_id)).await {
            Ok(Ok(0)) => {}
            Ok(Ok(jobs)) => tracing::info!(jobs, "Handed {jobs} unfinished jobs back"),
            Ok(Err(error)) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "Unfinished jobs could not be handed back; the leader does it"
            ),
            Err(_) => tracing::warn!("Unfinished jobs could not be handed back in time; the leader does it"),
        }
        self.hard.cancel();
        for service in self.services.drain(..) {
            let _ = service.await;
        }
    }
}

impl Drop for JobQueue {
    /// Without [`JobQueue::stop`] this is the end of a process that dies: nothing is handed back, others notice the missing heartbeat.
    fn drop(&mut self) {
        self.soft.cancel();
        self.hard.cancel();
        self.silence.cancel();
        self.heartbeat.abort();
        self.writer.abort();
        self.producers.iter().chain(&self.services).for_each(JoinHandle::abort);
        self.executor.cancel_all(StopReason::LeaseLost);
    }
}

/// Producers wait for the lease; the beat that gives it wakes them, so that a start does not cost a poll interval.
async fn wake_after_beat(beat: Arc<Notify>, producers: Vec<Producer>, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = beat.notified() => producers.iter().for_each(Producer::wake),
    }
}

/// `<host>_<time>` as River builds it, unique per process and at most 100 bytes.
fn client_id() -> String {
    let host: String = host_name().replace('.', "_").chars().take(60).collect();
    let format = format_description!("[year]_[month]_[day]T[hour]_[minute]_[second]_[subsecond digits:6]");
    let now = OffsetDateTime::now_utc()
        .format(&format)
        .unwrap_or_else(|_| OffsetDateTime::now_utc().unix_timestamp_nanos().to_string());
    // Two processes of one host may start within a microsecond, and tests start several in one.
    format!("{host}_{now}_{:08x}", rand::random::<u32>())
}

fn host_name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_else(|| "unknown".to_owned())
}
