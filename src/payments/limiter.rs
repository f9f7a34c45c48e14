//! The limit on requests whose signature failed: 100 a minute and address, 10 at once (the operator's guide). Validly signed
//! requests are never counted, so nobody can keep the provider out by sending rubbish from elsewhere.

use lru::LruCache;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::time::Instant;

const BURST: f64 = 10.0;
const PER_SECOND: f64 = 100.0 / 60.0;
/// Addresses remembered; the longest silent one is forgotten first.
const ADDRESSES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// A bucket per address.
pub(super) struct Limiter(Mutex<LruCache<IpAddr, (f64, Instant)>>);

impl Limiter {
    pub(super) fn new() -> Self {
        Self(Mutex::new(LruCache::new(ADDRESSES)))
    }

    /// Counts a failure; `false` = there were too many.
    pub(super) fn count(&self, address: IpAddr, now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (left, since) = buckets.get_or_insert_mut(address, || (BURST, now));
        *left = (*left + now.saturating_duration_since(*since).as_secs_f64() * PER_SECOND).min(BURST);
        *since = now;
        if *left < 1.0 {
            return false;
        }
        *left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn ten_at_once_then_a_hundred_a_minute_for_each_address() {
        let limiter = Limiter::new();
        let start = Instant::now();
        let (one, other) = ("192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap());
        assert_eq!((0..20).filter(|_| limiter.count(one, start)).count(), 10);
        assert!(limiter.count(other, start), "another address has its own");
        let mut passed = 0;
        for tick in 1..=6000 {
            passed += usize::from(limiter.count(one, start + Duration::from_millis(10) * tick));
        }
        assert!((99..=101).contains(&passed), "{passed} in a minute");
        assert_eq!((0..20).filter(|_| limiter.count(one, start + Duration::from_secs(7200))).count(), 10);
    }
}
