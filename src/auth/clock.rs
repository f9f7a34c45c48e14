//! The time of day that tokens are checked against.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The machine's clock, or one ahead of it: hours pass in a test while it runs. Clones are one clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.ahead.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Seconds since 1970.
    pub fn now(&self) -> f64 {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (time + Duration::from_millis(self.ahead.load(Ordering::Relaxed))).as_secs_f64()
    }
}
