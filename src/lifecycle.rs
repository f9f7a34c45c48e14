//! When to stop, in which order, and what the service manager hears about it.
//!
//! One [`Lifecycle`] per process. Signals and dying modules cancel the *soft* token: stop accepting, finish what runs.
//! A second signal or the deadline cancels the *hard* token: leave at once. Nothing here knows what the modules do.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Shared by all modules of a process; cheap to clone.
#[derive(Clone, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    crashed: Arc<AtomicBool>,
    serving: Arc<AtomicBool>,
}

impl Lifecycle {
    /// A process that was not asked to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all modules to finish their work and stop.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Stops the process because a module ended on its own; the exit code will say so.
    pub fn crash(&self, module: &str) {
        tracing::error!(module, "Module {module} ended unexpectedly; stopping");
        self.crashed.store(true, Ordering::SeqCst);
        self.soft.cancel();
    }

    /// Whether a module ended on its own.
    pub fn has_crashed(&self) -> bool {
        self.crashed.load(Ordering::SeqCst)
    }

    /// Cancelled when the process should finish its work.
    pub fn soft_stop(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when the process should leave at once.
    pub fn hard_stop(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Called once all listeners accept connections: tells the service manager, and feeds its watchdog from then on.
    pub fn serving(&self) {
        self.serving.store(true, Ordering::SeqCst);
        if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
            tracing::debug!(%error, "The service manager was not told that we are ready");
        }
        if let Some(interval) = sd_notify::watchdog_enabled() {
            let soft = self.soft.clone();
            tokio::spawn(async move {
                let mut beat = tokio::time::interval(interval / 2);
                loop {
                    tokio::select! {
                        () = soft.cancelled() => break,
                        _ = beat.tick() => { let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]); }
                    }
                }
            });
        }
    }

    /// Whether [`Lifecycle::serving`] was called and no stop was asked for: what readiness starts from.
    pub fn is_serving(&self) -> bool {
        self.serving.load(Ordering::SeqCst) && !self.soft.is_cancelled()
    }

    /// Watches SIGTERM, SIGINT and SIGQUIT until the process ends: the first asks to stop, the second insists, and so does the deadline.
    /// SIGHUP asks to stop where a terminal was closed; elsewhere it means, like SIGUSR1 and SIGUSR2, to read something again, which
    /// is the business of who reads it and must not end those that have nothing to read.
    ///
    /// # Errors
    /// When the kernel refuses a signal handler.
    pub fn watch_signals(&self, deadline: Duration) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut quit = signal(SignalKind::quit())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        // Once somebody listens, the kernel does not end the process any more.
        for kind in [SignalKind::user_defined1(), SignalKind::user_defined2()] {
            drop(signal(kind)?);
        }
        let has_terminal = std::io::stdin().is_terminal();
        let lifecycle = self.clone();
        tokio::spawn(async move {
            let mut received = async || {
                tokio::select! {
                    _ = hang_up.recv(), if has_terminal => "SIGHUP",
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                    _ = quit.recv() => "SIGQUIT",
                }
            };
            tokio::select! {
                name = received() => tracing::info!("Received {name}: finishing running work, a second signal stops at once"),
                () = lifecycle.soft.cancelled() => {}
            }
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
            lifecycle.soft.cancel();
            tokio::select! {
                name = received() => tracing::warn!("Received {name} again: stopping at once"),
                () = tokio::time::sleep(deadline) => tracing::warn!("Work did not finish within {} s: stopping at once", deadline.as_secs()),
            }
            lifecycle.hard.cancel();
        });
        Ok(())
    }
}
