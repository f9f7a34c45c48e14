//! One producer per queue: takes due jobs while slots are free.
//!
//! Protocol: it registers for the wake-up first and looks for work then, so that an insert between the two is not slept over. A notification is only a
//! hint; the poll finds everything without one. Fetches happen at once, up to ten within River's cool-down (100 jobs a second, each alone); only then
//! they wait for it, unless the last fetch came back full: then there is more, and waiting would only cost.

use super::QueueSettings;
use super::call::ReadJob;
use super::completer::{Completer, Finished};
use super::executor::Executor;
use super::heartbeat::Lease;
use super::kind::{QueueOptions, Registry};
use super::store::Store;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Most jobs of one fetch: each passes over what the ones before it took and vacuum has not cleared yet, so a few large ones are cheaper.
const LARGEST_FETCH: usize = 1_000;
/// Fetches within one cool-down; the next one waits for its end.
const FETCHES_PER_COOLDOWN: usize = 10;
/// How often the row in `river_queue` is touched, so that nobody cleans it up.
const TOUCH_EVERY: Duration = Duration::from_secs(600);

/// The outside of a producer.
#[derive(Clone)]
pub(super) struct Producer {
    pub(super) queue: QueueOptions,
    wake: Arc<Notify>,
    paused: Arc<AtomicBool>,
    free: Arc<AtomicUsize>,
}

pub(super) struct ProducerContext {
    pub(super) store: Store,
    pub(super) registry: Registry,
    pub(super) executor: Executor,
    pub(super) completer: Completer,
    pub(super) lease: Lease,
    pub(super) settings: QueueSettings,
    pub(super) client_id: String,
    pub(super) stop: CancellationToken,
}

impl Producer {
    pub(super) fn new(queue: QueueOptions) -> Self {
        let free = Arc::new(AtomicUsize::new(queue.parallel));
        Self { queue, wake: Arc::new(Notify::new()), paused: Arc::default(), free }
    }

    /// There may be work.
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Stops or resumes fetching; running jobs go on.
    pub(super) fn set_paused(&self, paused: bool) {
        if self.paused.swap(paused, Ordering::SeqCst) != paused {
            tracing::info!(
                queue = self.queue.name,
                "Queue {} is {}",
                self.queue.name,
                if paused { "paused" } else { "resumed" }
            );
            self.wake();
        }
    }

    /// Runs until the soft stop.
    pub(super) async fn run(self, context: ProducerContext) {
        let mut touched: Option<Instant> = None;
        let mut fetches = VecDeque::with_capacity(FETCHES_PER_COOLDOWN);
        loop {
            let woken = self.wake.notified();
            tokio::pin!(woken);
            woken.as_mut().enable();
            if context.stop.is_cancelled() {
                return;
            }
            if touched.is_none_or(|at| at.elapsed() >= TOUCH_EVERY) {
                match context.store.touch_queue(self.queue.name).await {
                    Ok(paused) => {
                        touched = Some(Instant::now());
                        self.set_paused(paused);
                    }
                    Err(error) => tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "Queue {} cannot be registered",
                        self.queue.name
                    ),
                }
            }
            let mut more = false;
            let free = self.free.load(Ordering::SeqCst);
            if free > 0 && !self.paused.load(Ordering::SeqCst) && context.lease.is_held() {
                if fetches.len() == FETCHES_PER_COOLDOWN {
                    fetches.pop_front();
                }
                fetches.push_back(Instant::now());
                more = self.fetch(&context, free.min(LARGEST_FETCH)).await;
            }
            if more && self.free.load(Ordering::SeqCst) > 0 {
                continue;
            }
            let poll = context.settings.poll_interval.mul_f64(0.9 + 0.2 * rand::random::<f64>());
            tokio::select! {
                () = context.stop.cancelled() => return,
                () = &mut woken => {}
                () = tokio::time::sleep(poll) => {}
            }
            // Only a wake-up that follows many fetches closely has to wait for the cool-down.
            let is_full = fetches.len() == FETCHES_PER_COOLDOWN;
            let oldest = fetches.front().filter(|_| is_full).map(Instant::elapsed);
            if let Some(rest) = oldest.and_then(|ago| context.settings.fetch_cooldown.checked_sub(ago))
                && !more
            {
                tokio::time::sleep(rest).await;
            }
        }
    }

    /// Claims and starts; `true` when there is probably more.
    async fn fetch(&self, context: &ProducerContext, limit: usize) -> bool {
        let _claiming = context.executor.in_hand().claims.read().await;
        let jobs = match context.store.claim(self.queue.name, &context.client_id, limit, &self.queue.kinds).await {
            Ok(jobs) => jobs,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "Jobs of queue {} cannot be fetched",
                    self.queue.name
                );
                return false;
            }
        };
        let full = jobs.len() == limit;
        for read in &jobs {
            context.executor.in_hand().take(&read.job);
        }
        for ReadJob { job, unreadable } in jobs {
            if let Some(error) = unreadable {
                context.completer.hand_in(Finished::Failed { job, error, trace: String::new() }).await;
                continue;
            }
            let Some(kind) = context.registry.get(&job.kind) else { continue };
            self.free.fetch_sub(1, Ordering::SeqCst);
            let (free, wake, parallel) = (self.free.clone(), self.wake.clone(), self.queue.parallel);
            context.executor.start(kind, job, context.completer.clone(), move || {
                // A slot became free in a full queue: somebody may be waiting for it.
                if free.fetch_add(1, Ordering::SeqCst) == 0 || parallel == 1 {
                    wake.notify_one();
                }
            });
        }
        full
    }
}
