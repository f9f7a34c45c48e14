//! The thread on which the catalogue is read and snapshots are built and taken apart: half a second of computing for very
//! large schemas, which requests must not wait for.
//!
//! It is the same one for all snapshots of a handle, because the allocator keeps what a thread gives back for that thread: on
//! changing threads the memory of each former snapshot would stay unused, and the process would grow with every reload.

use crate::priority::step_back;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

/// How long a former snapshot waits for the requests that use it. The next load waits behind it.
const LONGEST_FAREWELL: Duration = Duration::from_secs(1);

/// Hands work to the thread, which ends when this is dropped and the work is done.
pub(super) struct Builder {
    work: Option<Sender<Work>>,
}

impl Builder {
    /// Starts the thread. Without one (no memory, too many threads) every [`Self::run`] answers `None`.
    pub(super) fn start() -> Self {
        let (work, receiver) = mpsc::channel::<Work>();
        let spawned = std::thread::Builder::new().name("schema-cache".into()).spawn(move || {
            // Requests go on with the former snapshot.
            step_back();
            for work in receiver {
                // Whoever waits learns of a panic by the lost answer; the next snapshot has nothing to do with it.
                let _ = catch_unwind(AssertUnwindSafe(work));
            }
        });
        if let Err(error) = &spawned {
            tracing::error!(%error, "cannot start the thread that reads the schema");
        }
        Self { work: spawned.ok().map(|_| work) }
    }

    /// Runs `build` there; `None` when it panicked or there is no thread.
    pub(super) async fn run<T: Send + 'static>(&self, build: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (answer, built) = oneshot::channel();
        let work: Work = Box::new(move || {
            let _ = answer.send(build());
        });
        self.work.as_ref()?.send(work).ok()?;
        built.await.ok()
    }

    /// Takes `former` apart there once nobody else uses it. Whoever drops the last reference pays for it: tens of
    /// milliseconds for a large schema, in the middle of a request if that were the last.
    pub(super) fn take_apart<T: Send + Sync + 'static>(&self, former: Arc<T>) {
        const LOOK: Duration = Duration::from_millis(10);
        let work: Work = Box::new(move || {
            let deadline = Instant::now() + LONGEST_FAREWELL;
            while Arc::strong_count(&former) > 1 && Instant::now() < deadline {
                std::thread::sleep(LOOK);
            }
        });
        if let Some(thread) = &self.work {
            // Without a thread it is dropped here.
            let _ = thread.send(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Builder;
    use std::sync::{Arc, mpsc};

    fn thread_name() -> Option<String> {
        std::thread::current().name().map(str::to_owned)
    }

    #[tokio::test]
    async fn a_panic_does_not_end_the_thread() {
        let builder = Builder::start();
        assert_eq!(builder.run(thread_name).await.flatten().as_deref(), Some("schema-cache"));
        assert_eq!(builder.run(|| -> u8 { std::panic::resume_unwind(Box::new("on purpose")) }).await, None);
        assert_eq!(builder.run(|| 7).await, Some(7));
    }

    #[test]
    fn a_former_snapshot_is_taken_apart_by_the_thread_and_not_by_its_last_reader() {
        struct Snapshot(mpsc::Sender<Option<String>>);
        impl Drop for Snapshot {
            fn drop(&mut self) {
                let _ = self.0.send(thread_name());
            }
        }
        let (dropped, dropped_by) = mpsc::channel();
        let (builder, former) = (Builder::start(), Arc::new(Snapshot(dropped)));
        let reader = Arc::clone(&former);
        builder.take_apart(former);
        assert!(dropped_by.try_recv().is_err(), "a reader still uses it");
        drop(reader);
        assert_eq!(dropped_by.recv().expect("it is dropped").as_deref(), Some("schema-cache"));
    }
}
