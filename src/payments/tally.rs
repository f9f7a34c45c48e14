//! Counts for `/metrics`: what became of deliveries, what the provider answered, where payments stand.

use super::State;
use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family, Gauge};
use std::sync::LazyLock;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct StateLabel {
    state: &'static str,
}

static EVENTS: LazyLock<Family<Outcome, Counter>> =
    LazyLock::new(|| metrics::counter("civic_os_webhook_events", "Verified events by what became of them"));
static REFUSED: LazyLock<Family<Reason, Counter>> =
    LazyLock::new(|| metrics::counter("civic_os_webhook_refused", "Requests that are not the provider's"));

static PROVIDER: LazyLock<Family<Outcome, Counter>> = LazyLock::new(|| {
    let help = "Requests to the payment provider: ok, refused, busy (it or a proxy asks to come again), unauthorized, unreachable, unreadable";
    metrics::counter("civic_os_payments_provider_requests", help)
});
static PAYMENTS: LazyLock<Family<StateLabel, Gauge>> =
    LazyLock::new(|| metrics::gauge("civic_os_payments", "Payments by state, counted once a minute"));

/// A request to the provider.
pub(super) fn provider(outcome: &str) {
    PROVIDER.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
}

/// All payments by state; states that are not named have none.
pub(super) fn payments(counts: &[(String, i64)]) {
    for state in State::ALL {
        let count = counts.iter().find(|(word, _)| word == state.word()).map_or(0, |(_, count)| *count);
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 payments")]
        PAYMENTS.get_or_create(&StateLabel { state: state.word() }).set(count as f64);
    }
}

/// Shows what alerts look at from the start: a figure that begins at one has not grown, as Prometheus sees it.
pub(super) fn begin() {
    for outcome in ["error", "timeout", "refused", "livemode"] {
        drop(EVENTS.get_or_create(&Outcome { outcome: outcome.to_owned() }));
    }
    drop(REFUSED.get_or_create(&Reason { reason: "signature" }));
}

/// An event of the provider and its outcome; the words are those of `metadata.webhooks.outcome`.
pub(super) fn event(outcome: &str) {
    EVENTS.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
}

/// A request that is not the provider's.
pub(super) fn refused(reason: &'static str) {
    REFUSED.get_or_create(&Reason { reason }).inc();
}
