//! Figures of the queue for Prometheus: every process counts its own runs, the leader also tells what waits in the database.

use super::call;
use super::completer::Finished;
use super::kind::QueueOptions;
use super::model::Job;
use super::store::{Store, StoreError};
use crate::db::Lane;
use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family, Gauge, Histograms};
use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const DEPTH: &str = include_str!("../sql/jobs/depth.sql");
/// How often the leader looks at what waits; a large table is looked at less often.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// At most a twentieth of the time is spent on it.
const SHARE: u32 = 20;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct KindLabels {
    queue: String,
    kind: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    queue: String,
    kind: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabels {
    queue: String,
    kind: String,
    state: String,
}

static START_LATENCY: LazyLock<Histograms<KindLabels>> = LazyLock::new(|| {
    let help = "From the time a job was due to the start of its run";
    metrics::histogram("civic_os_jobs_start_latency_seconds", help, metrics::SECONDS)
});
static RUN_TIME: LazyLock<Histograms<KindLabels>> =
    LazyLock::new(|| metrics::histogram("civic_os_jobs_run_seconds", "Duration of runs", metrics::SECONDS));
static RUNS: LazyLock<Family<OutcomeLabels, Counter>> = LazyLock::new(|| {
    let help = "Ended runs: completed, failed (runs again), discarded, cancelled, snoozed, handed_back, lost";
    metrics::counter("civic_os_jobs_runs", help)
});
static ATTEMPTS: LazyLock<Histograms<KindLabels>> = LazyLock::new(|| {
    let help = "Attempts that a job had used when it ended for good";
    metrics::histogram("civic_os_jobs_attempts", help, &[1.0, 2.0, 3.0, 5.0, 10.0, 25.0])
});
static RUNNING: LazyLock<Family<KindLabels, Gauge>> =
    LazyLock::new(|| metrics::gauge("civic_os_jobs_running", "Runs of this process at this moment"));
static LEADER: LazyLock<Gauge> =
    LazyLock::new(|| metrics::single_gauge("civic_os_jobs_leader", "1 in the process that leads the queue"));
static DEPTH_GAUGE: LazyLock<Family<StateLabels, Gauge>> = LazyLock::new(|| {
    let help = "Jobs in the database that are not finished, by state; shown by the leader";
    metrics::gauge("civic_os_jobs_depth", help)
});
static OLDEST: LazyLock<Family<KindLabels, Gauge>> = LazyLock::new(|| {
    let help = "How long the oldest due job has been waiting; shown by the leader";
    metrics::gauge("civic_os_jobs_oldest_seconds", help)
});
/// What the leader showed last, so that it can be taken back without a moment in which nothing is shown.
static SHOWN: Mutex<(Vec<StateLabels>, Vec<KindLabels>)> = Mutex::new((Vec::new(), Vec::new()));

/// Shows the counters of these kinds as 0: Prometheus does not see the first step of a series that appears with it.
pub(super) fn announce(queues: &[QueueOptions]) {
    for (queue, kind) in queues.iter().flat_map(|queue| queue.kinds.iter().map(move |kind| (queue.name, kind))) {
        for outcome in ["completed", "failed", "discarded"] {
            drop(RUNS.get_or_create(&OutcomeLabels { queue: queue.to_owned(), kind: kind.clone(), outcome }));
        }
    }
}

/// Counts one run from its start to its end.
pub(super) struct RunFigures {
    labels: KindLabels,
    attempt: i16,
    max_attempts: i16,
    started: std::time::Instant,
}

impl RunFigures {
    pub(super) fn start(job: &Job) -> Self {
        let labels = KindLabels { queue: job.queue.clone(), kind: job.kind.clone() };
        // Both times are the database's; a process' clock may be wrong.
        let waited = job.attempted_at.map_or(0.0, |began| (began - job.scheduled_at).as_seconds_f64());
        START_LATENCY.get_or_create(&labels).observe(waited.max(0.0));
        RUNNING.get_or_create(&labels).inc();
        Self { labels, attempt: job.attempt, max_attempts: job.max_attempts, started: std::time::Instant::now() }
    }

    /// `None` = the kind has recorded it itself.
    pub(super) fn end(self, finished: Option<&Finished>, completed_itself: bool) {
        let outcome = match finished {
            Some(Finished::Completed(_)) => "completed",
            Some(Finished::Failed { .. }) if self.attempt >= self.max_attempts => "discarded",
            Some(Finished::Failed { .. }) => "failed",
            Some(Finished::Discarded { .. }) => "discarded",
            Some(Finished::Cancelled { .. }) => "cancelled",
            Some(Finished::Snoozed { .. }) => "snoozed",
            Some(Finished::HandBack(_)) => "handed_back",
            None if completed_itself => "completed",
            Some(Finished::Lost(_)) | None => "lost",
        };
        let KindLabels { queue, kind } = self.labels.clone();
        RUNS.get_or_create(&OutcomeLabels { queue, kind, outcome }).inc();
        RUN_TIME.get_or_create(&self.labels).observe(self.started.elapsed().as_secs_f64());
        if matches!(outcome, "completed" | "discarded" | "cancelled") {
            ATTEMPTS.get_or_create(&self.labels).observe(f64::from(self.attempt));
        }
        RUNNING.get_or_create(&self.labels).dec();
    }
}

/// The leader's part: looks at the table until the term ends.
pub(super) async fn watch_depth(store: &Store, term: &CancellationToken) {
    LEADER.set(1.0);
    loop {
        let started = std::time::Instant::now();
        if let Err(error) = show_depth(store).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "The depth of the queue is not known");
        }
        let pause = LOOK_EVERY.max(started.elapsed() * SHARE);
        tokio::select! {
            () = term.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Another process shows it from now on.
pub(super) fn stop_showing_depth() {
    LEADER.set(0.0);
    show(Vec::new(), Vec::new());
}

async fn show_depth(store: &Store) -> Result<(), StoreError> {
    let (mut depths, mut ages) = (Vec::new(), Vec::new());
    for row in &store.call(Lane::System, "depth", DEPTH, &[]).await? {
        let (queue, kind): (String, String) = (call::read(row, 0)?, call::read(row, 1)?);
        if let Some(age) = row.text(4).and_then(|age| age.parse::<f64>().ok()) {
            ages.push((KindLabels { queue: queue.clone(), kind: kind.clone() }, age));
        }
        depths.push((StateLabels { queue, kind, state: call::read(row, 2)? }, call::read(row, 3)?));
    }
    show(depths, ages);
    Ok(())
}

fn show(depths: Vec<(StateLabels, f64)>, ages: Vec<(KindLabels, f64)>) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    shown.0 = replace(&DEPTH_GAUGE, &shown.0, depths);
    shown.1 = replace(&OLDEST, &shown.1, ages);
}

fn replace<L: metrics::Labels>(family: &Family<L, Gauge>, old: &[L], new: Vec<(L, f64)>) -> Vec<L> {
    for (labels, value) in &new {
        family.get_or_create(labels).set(*value);
    }
    let kept: HashSet<&L> = new.iter().map(|(labels, _)| labels).collect();
    for labels in old.iter().filter(|labels| !kept.contains(labels)) {
        family.remove(labels);
    }
    new.into_iter().map(|(labels, _)| labels).collect()
}
