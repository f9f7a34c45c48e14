//! How fast the queue is on this database: what `civic-os jobs bench` and `./dev bench jobs` measure, as `river bench` does for River. Jobs of a kind and a
//! queue of their own; they are deleted afterwards.

use super::kind::{Kind, Outcome, Registry, Run};
use super::store::{NewJob, Store, StoreError};
use super::{JobQueue, QueueSettings, call};
use crate::db::{Hub, Lane};
use async_trait::async_trait;
use serde::Serialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const FILL: &str = include_str!("../sql/jobs/bench_fill.sql");
const CLEAR: &str = include_str!("../sql/jobs/bench_clear.sql");
const KIND: &str = "civic_os_bench";
/// Rows of one statement while filling or clearing.
const BATCH: usize = 100_000;

/// What to measure.
#[derive(Clone, Copy, Debug)]
pub struct BenchmarkOptions {
    /// Jobs of the throughput phase.
    pub jobs: usize,
    /// Further jobs that wait in the same queue while these run.
    pub waiting: usize,
    /// Runs at the same time.
    pub parallel: usize,
    /// Jobs of the latency phase.
    pub samples: usize,
    /// Jobs per second of the latency phase.
    pub rate: f64,
}

/// What was measured; times in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct BenchmarkReport {
    /// Jobs of the throughput phase.
    pub jobs: usize,
    /// Jobs that waited behind them.
    pub waiting: usize,
    /// From the start of the process until the last of these jobs is completed in the table.
    pub seconds: f64,
    /// Jobs per second.
    pub per_second: f64,
    /// Whether notifications were used.
    pub listens: bool,
    /// From before the insert to the start of the run, half of the jobs.
    pub start_p50_ms: f64,
    /// The same, 99 of 100.
    pub start_p99_ms: f64,
    /// The longest.
    pub start_max_ms: f64,
}

#[derive(Default)]
struct Tally {
    inserted: Mutex<HashMap<i64, Instant>>,
    latencies: Mutex<Vec<f64>>,
}

struct NoWork(Arc<Tally>);

#[async_trait]
impl Kind for NoWork {
    fn kind(&self) -> &'static str {
        KIND
    }
    fn queue(&self) -> &'static str {
        KIND
    }
    async fn run(&self, run: Run) -> Outcome {
        let now = Instant::now();
        if let Some(number) = run.job.args["number"].as_i64()
            && let Some(inserted) = self.0.inserted.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
        {
            let latency = now.duration_since(inserted).as_secs_f64() * 1000.0;
            self.0.latencies.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
        }
        Outcome::Complete
    }
}

/// Measures. Without a hub the queue polls.
///
/// # Errors
/// The database.
pub async fn benchmark(
    store: &Store,
    hub: Option<Hub>,
    options: BenchmarkOptions,
) -> Result<BenchmarkReport, StoreError> {
    clear(store).await?;
    let measured = measure(store, hub, options).await;
    clear(store).await?;
    measured
}

async fn measure(store: &Store, hub: Option<Hub>, options: BenchmarkOptions) -> Result<BenchmarkReport, StoreError> {
    let tally = Arc::new(Tally::default());
    let start = || {
        let registry = Registry::new().with(NoWork(Arc::clone(&tally))).with_parallel(KIND, options.parallel);
        JobQueue::start(store.clone(), hub.clone(), registry, vec!["bench".into()], QueueSettings::default())
    };
    let mut left = options.jobs + options.waiting;
    while left > 0 {
        let rows = left.min(BATCH);
        store.call(Lane::System, "bench_fill", FILL, &[call::text(KIND), call::number(rows)]).await?;
        left -= rows;
    }
    let started = Instant::now();
    let queue = start();
    // As River's benchmark counts: a job is done when the table says so.
    while queue.written() < options.jobs {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let elapsed = started.elapsed().as_secs_f64();
    queue.stop(Duration::from_secs(10)).await;
    clear(store).await?;

    let queue = start();
    let listens = hub.is_some();
    // Elections, first beats and subscriptions are over.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut turn = tokio::time::interval(Duration::from_secs_f64(1.0 / options.rate.max(0.1)));
    for number in 0..options.samples {
        turn.tick().await;
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let mut job = NewJob::new(KIND, serde_json::json!({ "number": number }));
        job.queue = KIND.to_owned();
        tally.inserted.lock().unwrap_or_else(PoisonError::into_inner).insert(number, Instant::now());
        store.insert(&job).await?;
    }
    let limit = Instant::now() + Duration::from_secs(10);
    while !tally.inserted.lock().unwrap_or_else(PoisonError::into_inner).is_empty() && Instant::now() < limit {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    queue.stop(Duration::from_secs(10)).await;
    let mut latencies = tally.latencies.lock().unwrap_or_else(PoisonError::into_inner).clone();
    latencies.sort_by(f64::total_cmp);
    let at = |part: f64| {
        // A position in a list: small and not negative.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a position in a list")]
        let position = (latencies.len() as f64 * part) as usize;
        latencies.get(position.min(latencies.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
    };
    Ok(BenchmarkReport {
        jobs: options.jobs,
        waiting: options.waiting,
        seconds: elapsed,
        per_second: options.jobs as f64 / elapsed,
        listens,
        start_p50_ms: at(0.5),
        start_p99_ms: at(0.99),
        start_max_ms: at(1.0),
    })
}

async fn clear(store: &Store) -> Result<(), StoreError> {
    loop {
        let rows = store.call(Lane::System, "bench_clear", CLEAR, &[call::text(KIND), call::number(BATCH)]).await?;
        let gone: usize = rows.first().map_or(Ok(0), |row| call::read(row, 0))?;
        if gone < BATCH {
            return Ok(());
        }
    }
}
