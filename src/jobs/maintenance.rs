//! What the leader does: due jobs become available, periodic ones are inserted, jobs of dead processes go back, old rows go, indexes are rebuilt at midnight (WORKERS.md §2.6).
//! Every statement takes a bounded batch; a step that fails is tried again at its next turn.

use super::QueueSettings;
use super::store::{Store, StoreError};
use super::{metrics, periodic};
use crate::db::Lane;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const BATCH: i32 = 10_000;
/// Between two full batches, so that the database has room for others.
const BATCH_PAUSE: Duration = Duration::from_millis(50);
const RESCUE_STUCK_EVERY: Duration = Duration::from_secs(30);
const CLEAN_EVERY: Duration = Duration::from_secs(30);
const CLEAN_QUEUES_EVERY: Duration = Duration::from_secs(3600);
/// River's rule for clients without a heartbeat.
const STUCK_AFTER: Duration = Duration::from_secs(3600);
const REINDEX_LIMIT: Duration = Duration::from_secs(60);
/// After a question for the time that the database did not answer.
const ASK_AGAIN: Duration = Duration::from_secs(60);
const INDEXES: [&str; 7] = [
    "river_job_args_index",
    "river_job_kind",
    "river_job_metadata_index",
    "river_job_pkey",
    "river_job_prioritized_fetching_index",
    "river_job_state_and_finalized_at_index",
    "river_job_unique_idx",
];

/// Runs all services until the term ends.
pub(super) async fn run(store: Store, kinds: Vec<String>, settings: QueueSettings, term: CancellationToken) {
    // Often enough that a dead process' jobs are back right after its time.
    let rescue_every = settings.beat / 5;
    tokio::join!(
        every("scheduler", settings.schedule_every, &term, || drain(|| store.schedule(settings.schedule_every, BATCH))),
        every("rescuer of dead processes", rescue_every, &term, || drain(
            || store.rescue_dead(settings.dead_after, BATCH)
        )),
        every("rescuer", RESCUE_STUCK_EVERY, &term, || drain(|| store.rescue_stuck(STUCK_AFTER, BATCH, &kinds))),
        every("cleaner", CLEAN_EVERY, &term, || drain(|| store.clean(BATCH))),
        every("queue cleaner", CLEAN_QUEUES_EVERY, &term, || store.clean_queues()),
        reindex_at_midnight(&store, settings.first_reindex, &term),
        periodic::run(&store, &term),
        metrics::watch_depth(&store, &term),
    );
}

/// Repeats a step; the first turn comes after up to a second, so that several services do not start at once.
async fn every<F, T>(name: &'static str, interval: Duration, term: &CancellationToken, mut step: impl FnMut() -> F)
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut pause = Duration::from_secs_f64(rand::random::<f64>()).min(interval);
    loop {
        tokio::select! {
            () = term.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Err(error) = step().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "The {name} of the job queue failed; it runs again in {interval:?}"
            );
        }
        pause = interval;
    }
}

/// Repeats a batch while it comes back full.
async fn drain<F>(mut batch: impl FnMut() -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<usize, StoreError>>,
{
    while batch().await? >= BATCH as usize {
        tokio::time::sleep(BATCH_PAUSE).await;
    }
    Ok(())
}

async fn reindex_at_midnight(store: &Store, mut first: Option<Duration>, term: &CancellationToken) {
    loop {
        let wait = match first.take() {
            Some(wait) => Ok(wait),
            // A second later, so that one night is certainly not used twice.
            None => store.until_midnight().await.map(|wait| wait + Duration::from_secs(1)),
        };
        tokio::select! {
            () = term.cancelled() => return,
            () = tokio::time::sleep(*wait.as_ref().unwrap_or(&ASK_AGAIN)) => {}
        }
        if wait.is_err() {
            continue;
        }
        for index in INDEXES {
            if term.is_cancelled() {
                return;
            }
            match tokio::time::timeout(REINDEX_LIMIT, store.reindex(Lane::System, index)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "Index {index} was not rebuilt")
                }
                Err(_) => tracing::warn!("Index {index} was not rebuilt within {REINDEX_LIMIT:?}"),
            }
        }
    }
}
