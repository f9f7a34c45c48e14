//! Brakes on guessing passwords: per account and per address, unknown accounts included, so that the brake tells
//! nobody who exists. The counts are in the database: they hold over restarts and in all processes together.

use super::ProviderError;
use super::sessions::hash;
use super::store::Store;
use std::net::IpAddr;
use std::time::Duration;

const BEGIN: &str = include_str!("../sql/identity/attempt_begin.sql");
const SUCCEEDED: &str = include_str!("../sql/identity/attempt_succeeded.sql");

/// Failures that cost nothing, for an account and for an address (behind which many people may sit). The pauses after
/// them are the function's in the database.
const FREE_FOR_ACCOUNT: &str = "5";
const FREE_FOR_ADDRESS: &str = "30";

/// Counters of failed attempts.
#[derive(Clone)]
pub(super) struct Throttle {
    store: Store,
}

/// What became of the wish to try.
pub(super) enum Admission {
    /// Go on.
    Admitted(Attempt),
    /// Try again after this time.
    Wait(Duration),
}

/// An attempt that counts as failed until [`Attempt::succeeded`] is called: many at once gain nothing.
pub(super) struct Attempt {
    store: Store,
    account: String,
    address: String,
}

impl Throttle {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Starts an attempt, or says how long to wait.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn begin(&self, account: &str, address: Option<IpAddr>) -> Result<Admission, ProviderError> {
        let account = hash(&format!("account {}", account.to_lowercase()));
        let address = hash(&format!("address {}", network(address)));
        let values = [Some(&*account), Some(&*address), Some(FREE_FOR_ACCOUNT), Some(FREE_FOR_ADDRESS)];
        let rows = self.store.rows(BEGIN, &values).await?;
        let seconds = rows.first().and_then(|row| row.text(0)).and_then(|text| text.parse().ok());
        Ok(match seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
            Some(wait) => Admission::Wait(wait),
            None => Admission::Admitted(Attempt { store: self.store.clone(), account, address }),
        })
    }
}

impl Attempt {
    /// The password was right: the account's count starts anew, the address gets this attempt back.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn succeeded(self) -> Result<(), ProviderError> {
        self.store.rows(SUCCEEDED, &[Some(&*self.account), Some(&*self.address)]).await.map(drop)
    }
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

    #[test]
    fn ipv6_customers_are_one_network() {
        assert_eq!(network("2001:db8::1".parse().ok()), network("2001:db8::ffff:1".parse().ok()));
        assert_ne!(network("2001:db8::1".parse().ok()), network("2001:db8:0:1::1".parse().ok()));
        assert_eq!(network("::ffff:192.0.2.1".parse().ok()), "192.0.2.1");
    }
}
