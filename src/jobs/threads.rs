//! Threads of their own for the runs: work that never yields takes one of these and not one of those that beat, listen and answer requests. When a run
//! cannot be ended, the others finish where they are and new ones get fresh threads.

use crate::priority::step_back;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Where runs happen; made when the first one starts.
#[derive(Clone, Default)]
pub(super) struct RunThreads {
    current: Arc<Mutex<Option<Threads>>>,
}

/// One set of threads; ends when its last run has.
#[derive(Clone)]
pub(super) struct Threads {
    runtime: Option<Arc<OwnRuntime>>,
}

struct OwnRuntime(Option<Runtime>);

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl RunThreads {
    pub(super) fn current(&self) -> Threads {
        self.lock().get_or_insert_with(Threads::new).clone()
    }

    /// The next run gets new threads: one of these does not come back.
    pub(super) fn give_up(&self, lost: &Threads) {
        let mut current = self.lock();
        if current.as_ref().is_some_and(|threads| threads.is_same(lost)) {
            *current = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Threads>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Threads {
    fn new() -> Self {
        // Work that blocks for a while (pictures, archives) should not hold up the runs that wait for answers.
        let threads = std::thread::available_parallelism().map_or(2, usize::from) + 2;
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("jobs")
            .on_thread_start(step_back)
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => Self { runtime: Some(Arc::new(OwnRuntime(Some(runtime)))) },
            Err(error) => {
                tracing::warn!(%error, "No threads of their own for jobs; they share those of the process");
                Self { runtime: None }
            }
        }
    }

    pub(super) fn spawn<T: Send + 'static>(&self, run: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        match self.runtime.as_ref().and_then(|runtime| runtime.0.as_ref()) {
            Some(runtime) => runtime.spawn(run),
            None => tokio::spawn(run),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (&self.runtime, &other.runtime) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
