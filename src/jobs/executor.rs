//! Runs one claimed job: timeout, remote cancel, panic, endless work. Knows nothing of the database; the result goes to the completer.

use super::completer::{Completer, Finished};
use super::kind::{Kind, Outcome, Run};
use super::metrics::RunFigures;
use super::model::Job;
use super::threads::RunThreads;
use crate::telemetry::request::{Place, within};
use crate::telemetry::traces;
use futures_util::FutureExt;
use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Between "please stop" and dropping the future.
const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// A dropped run that still occupies its thread is given up after this time: it cannot be ended, only reported.
const ABORT_GRACE: Duration = Duration::from_secs(5);

/// Why a run was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopReason {
    /// An operator cancelled the job.
    RemoteCancel,
    /// The process is leaving; the job goes back without a trace.
    Shutdown,
    /// We are no longer sure that the job is ours (heartbeat lost).
    LeaseLost,
}

struct Running {
    attempt: i16,
    cancelled: CancellationToken,
    reason: Option<StopReason>,
}

/// What this process was given and whose result is not written yet, each by id and beginning. A claim whose answer was lost is not in here, and that is
/// how it is found: `claims` is shared while a claim is under way and exclusive while the table is compared.
#[derive(Clone, Default)]
pub(super) struct InHand {
    runs: Arc<Mutex<HashSet<(i64, i64)>>>,
    written: Arc<AtomicUsize>,
    pub(super) claims: Arc<tokio::sync::RwLock<()>>,
}

impl InHand {
    pub(super) fn take(&self, job: &Job) {
        self.lock().insert((job.id, job.began()));
    }

    pub(super) fn release(&self, run: (i64, i64)) {
        if self.lock().remove(&run) {
            self.written.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Runs whose result is in the table.
    pub(super) fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    pub(super) fn holds(&self, run: (i64, i64)) -> bool {
        self.lock().contains(&run)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<(i64, i64)>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All runs of this process.
#[derive(Clone, Default)]
pub(super) struct Executor {
    running: Arc<Mutex<HashMap<i64, Running>>>,
    threads: RunThreads,
    in_hand: InHand,
    finished: Arc<Notify>,
}

impl Executor {
    /// Starts a run; `on_end` is called when its slot is free again.
    pub(super) fn start(
        &self,
        kind: Arc<dyn Kind>,
        job: Job,
        completer: Completer,
        on_end: impl FnOnce() + Send + 'static,
    ) {
        let cancelled = CancellationToken::new();
        let running = Running { attempt: job.attempt, cancelled: cancelled.clone(), reason: None };
        self.lock().insert(job.id, running);
        let executor = self.clone();
        let figures = RunFigures::start(&job);
        tokio::spawn(async move {
            let end = executor.supervise(kind, &job, cancelled).await;
            let completed_itself = matches!(end, RunEnd::Ended(Outcome::AlreadyCompleted));
            let run = (job.id, job.began());
            let finished = executor.finish(job, end);
            if finished.is_none() {
                executor.in_hand.release(run);
            }
            figures.end(finished.as_ref(), completed_itself);
            if let Some(finished) = finished {
                completer.hand_in(finished).await;
            }
            on_end();
            executor.finished.notify_waiters();
        });
    }

    /// The run has a task of its own, so that work which never yields cannot keep its supervisor from noticing.
    async fn supervise(&self, kind: Arc<dyn Kind>, job: &Job, cancelled: CancellationToken) -> RunEnd {
        let timeout = kind.timeout();
        let run = Run { job: job.clone(), cancelled: cancelled.clone() };
        let parent = job.metadata.get("traceparent").and_then(serde_json::Value::as_str);
        let mut span = traces::consumer(parent, || format!("job {}", job.kind));
        if let Some(span) = &mut span {
            span.set("messaging.destination.name", job.queue.as_str());
            span.set("civic_os.job_id", job.id);
            span.set("civic_os.attempt", i64::from(job.attempt));
        }
        let place = Place { request: None, span: span.as_ref().map(traces::Span::context) };
        let threads = self.threads.current();
        let mut task =
            threads.spawn(AssertUnwindSafe(within(place, async move { kind.run(run).await })).catch_unwind());
        let mut end = tokio::select! {
            result = &mut task => {
                let end = RunEnd::from_task(result);
                if let (Some(span), Some(reason)) = (&mut span, end.failure()) {
                    span.fail(reason);
                }
                return end;
            }
            () = tokio::time::sleep(timeout) => RunEnd::TimedOut(timeout),
            () = cancelled.cancelled() => RunEnd::Stopped,
        };
        cancelled.cancel();
        if matches!(end, RunEnd::Stopped) {
            tokio::select! {
                result = &mut task => return RunEnd::from_task(result),
                () = tokio::time::sleep(CANCEL_GRACE) => {}
            }
        }
        task.abort();
        match tokio::time::timeout(ABORT_GRACE, &mut task).await {
            // It finished while we were about to drop it: what it says counts.
            Ok(Ok(result)) => end = RunEnd::from_task(Ok(result)),
            Ok(Err(_)) => {}
            Err(_) => {
                tracing::error!(job_id = job.id, kind = %job.kind, "Job {} ({}) does not yield and cannot be ended; its thread is lost", job.id, job.kind);
                self.threads.give_up(&threads);
            }
        }
        end
    }

    /// Translates the end of a run; `None` = nothing to record here, the kind has done it itself.
    fn finish(&self, job: Job, end: RunEnd) -> Option<Finished> {
        let reason = self.lock().remove(&job.id).and_then(|running| running.reason);
        let outcome = match (end, reason) {
            (RunEnd::Ended(outcome @ (Outcome::Complete | Outcome::AlreadyCompleted)), _) => outcome,
            (_, Some(StopReason::LeaseLost)) => return Some(Finished::Lost(job)),
            (RunEnd::Ended(outcome), Some(StopReason::Shutdown))
                if matches!(outcome, Outcome::Discard(_) | Outcome::Cancel(_)) =>
            {
                outcome
            }
            (_, Some(StopReason::Shutdown)) => return Some(Finished::HandBack(job)),
            (_, Some(StopReason::RemoteCancel)) => Outcome::Cancel("job cancelled remotely".into()),
            (RunEnd::Ended(outcome), None) => outcome,
            (RunEnd::Panicked(message, trace), None) => return Some(Finished::Failed { job, error: message, trace }),
            (RunEnd::TimedOut(limit), None) => {
                Outcome::Fail(format!("the job did not finish within {} s", limit.as_secs_f64()))
            }
            (RunEnd::Stopped, None) => Outcome::Fail("the job was stopped".into()),
        };
        Some(match outcome {
            Outcome::AlreadyCompleted => return None,
            Outcome::Complete => Finished::Completed(job),
            Outcome::Fail(error) => Finished::Failed { job, error, trace: String::new() },
            Outcome::Discard(error) => Finished::Discarded { job, error },
            Outcome::Cancel(error) => Finished::Cancelled { job, error },
            Outcome::Snooze(time) => Finished::Snoozed { job, time },
        })
    }

    pub(super) fn in_hand(&self) -> &InHand {
        &self.in_hand
    }

    /// Asks one run to stop; `false` when it is not ours.
    pub(super) fn cancel(&self, id: i64, reason: StopReason) -> bool {
        match self.lock().get_mut(&id) {
            Some(running) => {
                running.reason.get_or_insert(reason);
                running.cancelled.cancel();
                true
            }
            None => false,
        }
    }

    /// Asks all runs to stop.
    pub(super) fn cancel_all(&self, reason: StopReason) {
        for running in self.lock().values_mut() {
            running.reason.get_or_insert(reason);
            running.cancelled.cancel();
        }
    }

    /// How many runs there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Ids and attempts, for tests and diagnosis.
    pub(super) fn running(&self) -> Vec<(i64, i16)> {
        self.lock().iter().map(|(id, running)| (*id, running.attempt)).collect()
    }

    /// Waits until nothing runs.
    pub(super) async fn idle(&self) {
        loop {
            let notified = self.finished.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            if self.count() == 0 {
                return;
            }
            notified.await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum RunEnd {
    Ended(Outcome),
    Panicked(String, String),
    TimedOut(Duration),
    Stopped,
}

impl RunEnd {
    /// How a run that ended by itself failed, without its own words: they may name people.
    fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Ended(Outcome::Fail(_)) => Some("failed"),
            Self::Ended(Outcome::Discard(_)) => Some("given up"),
            Self::Ended(Outcome::Cancel(_)) => Some("cancelled"),
            Self::Panicked(..) => Some("panicked"),
            _ => None,
        }
    }

    fn from_task(result: Result<Result<Outcome, Box<dyn Any + Send>>, tokio::task::JoinError>) -> Self {
        match result {
            Ok(Ok(outcome)) => Self::Ended(outcome),
            Ok(Err(panic)) => Self::Panicked(panic_text(panic.as_ref()), "the job panicked".into()),
            Err(error) if error.is_panic() => {
                Self::Panicked(panic_text(error.into_panic().as_ref()), "the job panicked".into())
            }
            Err(_) => Self::Stopped,
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a text".to_owned())
}
