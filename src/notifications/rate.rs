//! So many a second and no more, per process.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Gives everybody a moment of their own.
pub(super) struct Rate {
    interval: Option<Duration>,
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// 0 = no limit.
    pub(super) fn per_second(count: u32) -> Self {
        let interval = (count > 0).then(|| Duration::from_secs(1) / count);
        Self { interval, next: Mutex::default() }
    }

    /// Waits for the next moment.
    pub(super) async fn wait(&self) {
        let Some(interval) = self.interval else { return };
        let moment = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let moment = next.map_or(now, |next| next.max(now));
            *next = Some(moment + interval);
            moment
        };
        tokio::time::sleep_until(moment).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn moments_are_apart() {
        let (rate, unlimited) = (Rate::per_second(200), Rate::per_second(0));
        let started = Instant::now();
        for _ in 0..21 {
            rate.wait().await;
            unlimited.wait().await;
        }
        assert!(started.elapsed() >= Duration::from_millis(100), "{:?}", started.elapsed());
    }
}
