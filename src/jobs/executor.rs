//! Runs one claimed job: timeout, remote cancel, panic, endless work. Knows nothing of the database; the result goes to the completer.

use super::completer::{Completer, Finished};
use super::kind::{Kind, Outcome, Run};
use super::metrics::RunFigures;
use super::model::Job;
use futures_util::FutureExt;
use std::any::Any;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
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

/// All runs of this process.
#[derive(Clone, Default)]
pub(super) struct Executor {
    running: Arc<Mutex<HashMap<i64, Running>>>,
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
            let finished = executor.finish(job, end);
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
        let mut task = tokio::spawn(AssertUnwindSafe(async move { kind.run(run).await }).catch_unwind());
        let mut end = tokio::select! {
            result = &mut task => return RunEnd::from_task(result),
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
            }
        }
        end
    }

    /// Translates the end of a run; `None` = nothing to record here, the job is handed back by `leave` or belongs to somebody else.
    fn finish(&self, job: Job, end: RunEnd) -> Option<Finished> {
        let reason = self.lock().remove(&job.id).and_then(|running| running.reason);
        let outcome = match (end, reason) {
            (RunEnd::Ended(outcome @ (Outcome::Complete | Outcome::AlreadyCompleted)), _) => outcome,
            (_, Some(StopReason::LeaseLost)) => return None,
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
