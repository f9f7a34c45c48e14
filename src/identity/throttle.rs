//! Brakes on guessing passwords: per account and per address, unknown accounts included, so that the brake tells
//! nobody who exists. Memory is bounded; entries vanish after a quarter of an hour of peace.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures that cost nothing, for an account and for an address (behind which many people may sit).
const FREE_FOR_ACCOUNT: u32 = 5;
const FREE_FOR_ADDRESS: u32 = 30;
/// The pause after that doubles with every further failure.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

type Counters = moka::sync::Cache<String, Arc<Mutex<Counter>>>;

#[derive(Default)]
struct Counter {
    failures: u32,
    blocked_until: Option<Instant>,
}

/// Counters of failed attempts.
#[derive(Clone)]
pub(super) struct Throttle {
    counters: Counters,
}

/// An attempt that counts as failed until [`Attempt::succeeded`] is called: many at once gain nothing.
pub(super) struct Attempt {
    account: Arc<Mutex<Counter>>,
    address: Arc<Mutex<Counter>>,
}

impl Throttle {
    pub(super) fn new() -> Self {
        let counters =
            moka::sync::Cache::builder().max_capacity(50_000).time_to_idle(Duration::from_secs(15 * 60)).build();
        Self { counters }
    }

    /// Starts an attempt, or says how long to wait.
    pub(super) fn begin(&self, account: &str, address: Option<IpAddr>) -> Result<Attempt, Duration> {
        let account = self.counter(format!("account {}", account.to_lowercase()));
        let address = self.counter(format!("address {}", network(address)));
        for counter in [&account, &address] {
            let counter = lock(counter);
            if let Some(wait) = counter.blocked_until.and_then(|until| until.checked_duration_since(Instant::now())) {
                return Err(wait);
            }
        }
        lock(&account).fail(FREE_FOR_ACCOUNT);
        lock(&address).fail(FREE_FOR_ADDRESS);
        Ok(Attempt { account, address })
    }

    fn counter(&self, name: String) -> Arc<Mutex<Counter>> {
        self.counters.get_with(name, Arc::default)
    }
}

impl Attempt {
    /// The password was right: the account's count starts anew, the address gets this attempt back.
    pub(super) fn succeeded(self) {
        *lock(&self.account) = Counter::default();
        let mut address = lock(&self.address);
        address.failures = address.failures.saturating_sub(1);
        address.blocked_until = None;
    }
}

impl Counter {
    fn fail(&mut self, free: u32) {
        self.failures = self.failures.saturating_add(1);
        if self.failures > free {
            let pause = FIRST_PAUSE * (1 << (self.failures - free - 1).min(9));
            self.blocked_until = Some(Instant::now() + pause.min(LONGEST_PAUSE));
        }
    }
}

fn lock(counter: &Mutex<Counter>) -> std::sync::MutexGuard<'_, Counter> {
    counter.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The unit that is throttled: an IPv4 address, or the /64 that a customer gets with IPv6.
fn network(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(v4) => v4.to_string(),
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn an_account_is_braked_whoever_asks_and_freed_by_success() {
        let throttle = Throttle::new();
        for n in 0..=FREE_FOR_ACCOUNT {
            assert!(throttle.begin("Ann", address(n as u8)).is_ok(), "{n}");
        }
        assert!(throttle.begin("ann", address(99)).is_err());
        assert!(throttle.begin("bob", address(99)).is_ok());
    }

    #[test]
    fn an_address_is_braked_whatever_account_it_tries() {
        let throttle = Throttle::new();
        for n in 0..=FREE_FOR_ADDRESS {
            assert!(throttle.begin(&format!("user{n}"), address(1)).is_ok(), "{n}");
        }
        assert!(throttle.begin("another", address(1)).is_err());
        assert!(throttle.begin("another", address(2)).is_ok());
    }

    #[test]
    fn right_passwords_never_add_up() {
        let throttle = Throttle::new();
        for n in 0..200 {
            throttle.begin("ann", address(1)).map(Attempt::succeeded).unwrap_or_else(|_| panic!("{n}"));
        }
    }

    #[test]
    fn ipv6_customers_are_one_network() {
        assert_eq!(network("2001:db8::1".parse().ok()), network("2001:db8::ffff:1".parse().ok()));
        assert_ne!(network("2001:db8::1".parse().ok()), network("2001:db8:0:1::1".parse().ok()));
        assert_eq!(network("::ffff:192.0.2.1".parse().ok()), "192.0.2.1");
    }
}
