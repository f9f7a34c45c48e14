//! When a failed job runs again (WORKERS.md §2.5): n⁴ seconds ± 10 %, n = failures so far. Snoozes do not count, because they add no error.

use std::time::Duration;

/// A retry due within this time skips `retryable` and is available at once: the scheduler would not look earlier anyway.
pub(super) const SCHEDULER_INTERVAL: Duration = Duration::from_secs(5);

/// Delay before the attempt that follows failure number `failures` (1 = the first). `jitter` is uniform in 0…1.
pub(super) fn delay(failures: usize, jitter: f64) -> Duration {
    let base = (failures.max(1) as f64).powi(4);
    // 25 failures are 4.5 days; the cap only guards against a foreign row with thousands of errors.
    let seconds = (base * (0.9 + 0.2 * jitter.clamp(0.0, 1.0))).min(366.0 * 86_400.0);
    Duration::from_secs_f64(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Acceptance check 3 of WORKERS.md §10.
    #[test]
    fn stays_within_ten_percent_of_the_fourth_power() {
        for n in 1..=24_usize {
            let exact = (n as f64).powi(4);
            for jitter in [0.0, 0.25, 0.5, 1.0] {
                let seconds = delay(n, jitter).as_secs_f64();
                assert!(
                    (exact * 0.9 - 1e-6..=exact * 1.1 + 1e-6).contains(&seconds),
                    "n={n} jitter={jitter}: {seconds}"
                );
            }
        }
    }

    #[test]
    fn the_first_retry_needs_no_scheduler_and_the_second_does() {
        assert!(delay(1, 1.0) <= SCHEDULER_INTERVAL);
        assert!(delay(2, 0.0) > SCHEDULER_INTERVAL);
    }
}
