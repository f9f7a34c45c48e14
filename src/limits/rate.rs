//! Rate limits by the generic cell rate algorithm: so many a minute, with a burst, per key.

use actix_web::HttpResponse;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Checks between two rounds of forgetting keys that have their whole burst again.
const CHECKS_PER_CLEANING: u32 = 4096;
/// More keys than this share one counter: memory stays bounded whatever addresses a flood invents.
const MOST_KEYS: usize = 200_000;

/// Whose counter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LimitKey(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    V4(u32),
    /// The /64 that a customer gets.
    V6(u64),
    Person(u64),
    Unknown,
}

impl LimitKey {
    /// An address; `None` where there is none (a unix socket).
    pub fn address(address: Option<IpAddr>) -> Self {
        Self(match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(v4)) => Kind::V4(v4.to_bits()),
            Some(IpAddr::V6(v6)) => Kind::V6((v6.to_bits() >> 64) as u64),
            None => Kind::Unknown,
        })
    }

    /// A person, by the verified claim `sub`.
    pub fn person(subject: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        Self(Kind::Person(hasher.finish()))
    }
}

/// A limit with its counters; the default limits nothing.
#[derive(Default)]
pub struct RateLimit {
    limiter: Option<DefaultKeyedRateLimiter<LimitKey>>,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl RateLimit {
    /// `rate` a minute, `burst` at once; a rate of 0 limits nothing.
    pub fn per_minute(rate: u32, burst: u32) -> Self {
        let quota = NonZeroU32::new(rate)
            .map(|rate| Quota::per_minute(rate).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)));
        Self {
            limiter: quota.map(DefaultKeyedRateLimiter::keyed),
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts one; refused with the time after which the next one is taken.
    ///
    /// # Errors
    /// How long to wait.
    pub fn check(&self, key: LimitKey) -> Result<(), Duration> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if self.checks.fetch_add(1, Ordering::Relaxed) % CHECKS_PER_CLEANING == CHECKS_PER_CLEANING - 1 {
            limiter.retain_recent();
        }
        let key = if limiter.len() > MOST_KEYS { LimitKey(Kind::Unknown) } else { key };
        limiter.check_key(&key).map_err(|refused| refused.wait_time_from(self.clock.now()))
    }
}

/// The refusal: 429 with `Retry-After` and a body for programs and people alike.
pub fn too_many_requests(wait: Duration) -> HttpResponse {
    let seconds = wait.as_secs() + 1;
    let document = serde_json::json!({
        "code": "CO429",
        "message": format!("Too many requests. Try again in {seconds} seconds."),
        "details": null,
        "hint": null,
    });
    HttpResponse::TooManyRequests()
        .insert_header(("Retry-After", seconds.to_string()))
        .insert_header(("Cache-Control", "no-store"))
        .json(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(address: &str) -> LimitKey {
        LimitKey::address(address.parse().ok())
    }

    #[test]
    fn a_burst_passes_and_the_next_one_waits() {
        let limit = RateLimit::per_minute(60, 5);
        for _ in 0..5 {
            assert!(limit.check(key("192.0.2.1")).is_ok());
        }
        let wait = limit.check(key("192.0.2.1")).expect_err("one too many");
        assert!(wait <= Duration::from_secs(1) && wait > Duration::ZERO, "{wait:?}");
        assert!(limit.check(key("192.0.2.2")).is_ok(), "another address");
        assert!(limit.check(LimitKey::person("ann")).is_ok());
    }

    #[test]
    fn a_customer_of_ipv6_is_one_key_and_mapped_addresses_are_ipv4() {
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }

    #[test]
    fn zero_switches_a_limit_off() {
        let limit = RateLimit::per_minute(0, 0);
        assert!((0..100_000).all(|_| limit.check(key("192.0.2.1")).is_ok()));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let limit = RateLimit::per_minute(1, 1);
        for number in 0..(MOST_KEYS as u32 + 10_000) {
            let _ = limit.check(LimitKey::address(Some(IpAddr::V4(number.into()))));
        }
        assert!(limit.limiter.as_ref().is_some_and(|limiter| limiter.len() <= MOST_KEYS + 2));
    }
}
