//! Writes results down. Successes that arrive together go in one statement: while one batch is being written the next one gathers, so a lone job is
//! recorded at once and a storm costs one statement per thousand.
//!
//! A result is kept until it is written or the process leaves: a database that is away for a minute must not make work run twice.

use super::executor::InHand;
use super::model::{AttemptError, Job, JobState};
use super::retry;
use super::store::{Settlement, Store};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Results waiting to be written; when full, runs wait with their slot taken.
const WAITING: usize = 2_000;
/// Most results in one statement.
const BATCH: usize = 1_000;

/// The end of a run as the table will show it.
#[derive(Debug)]
pub(super) enum Finished {
    Completed(Job),
    Failed {
        job: Job,
        error: String,
        trace: String,
    },
    Discarded {
        job: Job,
        error: String,
    },
    Cancelled {
        job: Job,
        error: String,
    },
    Snoozed {
        job: Job,
        time: Duration,
    },
    HandBack(Job),
    /// The database was out of reach for so long that the run was ended here, because somebody else may have been given the job.
    Lost(Job),
}

/// Where runs hand in their results.
#[derive(Clone)]
pub(super) struct Completer {
    sender: mpsc::Sender<Finished>,
}

impl Completer {
    /// Starts the writing task. It ends when all handles are gone and everything is written, or at the hard stop.
    pub(super) fn start(store: Store, in_hand: InHand, hard_stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, tokio::spawn(write_all(store, in_hand, receiver, hard_stop)))
    }

    /// Waits for room when the database is slower than the work.
    pub(super) async fn hand_in(&self, finished: Finished) {
        if self.sender.send(finished).await.is_err() {
            tracing::warn!("A job ended after the process stopped writing results; it will run again");
        }
    }
}

async fn write_all(
    store: Store,
    in_hand: InHand,
    mut receiver: mpsc::Receiver<Finished>,
    hard_stop: CancellationToken,
) {
    let mut batch = Vec::new();
    while receiver.recv_many(&mut batch, BATCH).await > 0 {
        let mut runs = Vec::new();
        let mut settlements = Vec::new();
        for finished in batch.drain(..) {
            match finished {
                Finished::Completed(job) => {
                    tracing::debug!(job_id = job.id, kind = %job.kind, attempt = job.attempt, "Job {} ({}) completed", job.id, job.kind);
                    runs.push((job.id, job.began()));
                }
                other => settlements.push(settlement(other)),
            }
        }
        if !runs.is_empty() && !persist(&hard_stop, || store.complete(&runs)).await {
            return;
        }
        runs.into_iter().for_each(|run| in_hand.release(run));
        for settlement in settlements {
            if !persist(&hard_stop, || store.settle(&settlement)).await {
                return;
            }
            in_hand.release((settlement.id, settlement.began));
        }
    }
}

/// Tries until it is written; `false` = the process leaves without having written it.
async fn persist<T, F>(hard_stop: &CancellationToken, mut write: impl FnMut() -> F) -> bool
where
    F: Future<Output = Result<T, super::StoreError>>,
{
    let mut wait = Duration::from_millis(250);
    loop {
        match write().await {
            Ok(_) => return true,
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "Results of jobs cannot be written; trying again in {wait:?}"
            ),
        }
        tokio::select! {
            () = hard_stop.cancelled() => return false,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(4)),
        }
    }
}

/// The table of WORKERS.md §2.5.
fn settlement(finished: Finished) -> Settlement {
    match finished {
        Finished::Failed { job, error, trace } => {
            let failures = job.errors.len() + 1;
            let gives_up = job.attempt >= job.max_attempts;
            let delay = retry::delay(failures, rand::random());
            let state = match gives_up {
                true => JobState::Discarded,
                false if delay <= retry::SCHEDULER_INTERVAL => JobState::Available,
                false => JobState::Retryable,
            };
            if gives_up {
                tracing::error!(job_id = job.id, kind = %job.kind, attempt = job.attempt, error, "Job {} ({}) failed for the last time", job.id, job.kind);
            } else {
                tracing::warn!(job_id = job.id, kind = %job.kind, attempt = job.attempt, error, "Job {} ({}) failed and runs again in {:.0} s", job.id, job.kind, delay.as_secs_f64());
            }
            let error = AttemptError::new(&job, error, trace);
            Settlement { state, due_in: (!gives_up).then_some(delay), error: Some(error), ..plain(&job) }
        }
        Finished::Discarded { job, error } => {
            tracing::error!(job_id = job.id, kind = %job.kind, error, "Job {} ({}) cannot succeed and was discarded", job.id, job.kind);
            Settlement { state: JobState::Discarded, error: Some(AttemptError::new(&job, error, "")), ..plain(&job) }
        }
        Finished::Cancelled { job, error } => {
            let error = AttemptError::new(&job, format!("JobCancelError: {error}"), "");
            Settlement { state: JobState::Cancelled, error: Some(error), ..plain(&job) }
        }
        Finished::Snoozed { job, time } => {
            let state = if time <= retry::SCHEDULER_INTERVAL { JobState::Available } else { JobState::Scheduled };
            Settlement { state, due_in: Some(time), refund: 1, counts_as_snooze: true, ..plain(&job) }
        }
        Finished::HandBack(job) => {
            Settlement { state: JobState::Available, due_in: Some(Duration::ZERO), refund: 1, ..plain(&job) }
        }
        Finished::Lost(job) => {
            // Only written when contact is back and nobody else has been given the job: counted like the end of a process that died.
            let gives_up = job.attempt >= job.max_attempts;
            let state = if gives_up { JobState::Discarded } else { JobState::Available };
            let error = AttemptError::new(&job, "The process that ran this job could not reach the database", "");
            Settlement { state, due_in: (!gives_up).then_some(Duration::ZERO), error: Some(error), ..plain(&job) }
        }
        Finished::Completed(job) => Settlement { state: JobState::Completed, ..plain(&job) },
    }
}

fn plain(job: &Job) -> Settlement {
    Settlement {
        id: job.id,
        began: job.began(),
        state: JobState::Available,
        due_in: None,
        error: None,
        refund: 0,
        counts_as_snooze: false,
    }
}
