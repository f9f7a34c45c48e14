//! The thread on which snapshots are built: pure computing, up to a second for very large schemas.
//!
//! It is always the same one, because the allocator keeps what a thread gives back for that thread: on changing threads the
//! memory of each former snapshot would stay unused, and the process would grow with every reload.

use crate::priority::step_back;
use std::sync::LazyLock;
use std::sync::mpsc::{self, Sender};
use tokio::sync::oneshot;

type Work = Box<dyn FnOnce() + Send>;

static THREAD: LazyLock<Option<Sender<Work>>> = LazyLock::new(|| {
    let (sender, receiver) = mpsc::channel::<Work>();
    let thread = std::thread::Builder::new().name("schema-cache".into());
    let spawned = thread.spawn(move || {
        // Requests go on with the former snapshot.
        step_back();
        for work in receiver {
            // Whoever waits learns of a panic by the lost answer; the next snapshot has nothing to do with it.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        }
    });
    spawned.ok().map(|_| sender)
});

/// Runs `build` there; `None` when it panicked or there is no thread.
pub(super) async fn run<T: Send + 'static>(build: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (answer, built) = oneshot::channel();
    let work: Work = Box::new(move || {
        let _ = answer.send(build());
    });
    THREAD.as_ref()?.send(work).ok()?;
    built.await.ok()
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn a_panic_does_not_end_the_thread() {
        let name = || std::thread::current().name().map(str::to_owned);
        assert_eq!(super::run(name).await.flatten().as_deref(), Some("schema-cache"));
        assert_eq!(super::run(|| -> u8 { std::panic::resume_unwind(Box::new("on purpose")) }).await, None);
        assert_eq!(super::run(|| 7).await, Some(7));
    }
}
