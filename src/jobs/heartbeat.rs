//! Says every few seconds that this process lives, and knows when it can no longer be sure of its jobs.
//!
//! Invariant: a job that another process may have been handed is not running here any more. The database hands jobs of a silent process back after
//! `dead_after`; we stop ours after `lease`, counted from *before* the last beat was sent, and `lease + 2 s of grace < dead_after`.

use super::QueueSettings;
use super::executor::{Executor, StopReason};
use super::store::Store;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

/// Whether the jobs that we run are certainly ours.
#[derive(Clone)]
pub(super) struct Lease {
    last_beat: Arc<Mutex<Option<Instant>>>,
    settings: QueueSettings,
}

impl Lease {
    pub(super) fn new(settings: QueueSettings) -> Self {
        Self { last_beat: Arc::default(), settings }
    }

    /// No jobs are fetched without it.
    pub(super) fn is_held(&self) -> bool {
        self.last_beat
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|at| at.elapsed() < self.settings.lease)
    }

    fn renew(&self, sent: Instant) {
        *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) = Some(sent);
    }
}

/// Who we are.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) client_id: String,
    pub(super) roles: Vec<String>,
    pub(super) host: String,
}

/// Beats until the hard stop: a process that is draining still works on its jobs.
pub(super) async fn run(
    store: Store,
    process: Process,
    lease: Lease,
    executor: Executor,
    settings: QueueSettings,
    stop: CancellationToken,
    first: Arc<tokio::sync::Notify>,
) {
    let mut lost = false;
    loop {
        let sent = Instant::now();
        let beaten =
            tokio::time::timeout(settings.beat, store.beat(&process.client_id, &process.roles, &process.host)).await;
        match beaten {
            Ok(Ok(())) => {
                lease.renew(sent);
                if std::mem::take(&mut lost) {
                    tracing::info!("The job queue is reachable again");
                }
                first.notify_waiters();
            }
            Ok(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "The heartbeat was not written")
            }
            Err(_) => tracing::debug!("The heartbeat was not answered in time"),
        }
        if !lease.is_held() && !lost {
            lost = true;
            let running = executor.count();
            tracing::warn!(
                running,
                "The job queue cannot be reached: stopping {running} running jobs, because another process may be given them"
            );
            executor.cancel_all(StopReason::LeaseLost);
        }
        let rest = if lost { settings.beat / 5 } else { settings.beat }.saturating_sub(sent.elapsed());
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(rest) => {}
        }
    }
}
