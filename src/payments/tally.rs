//! Counts for `/metrics`: what became of deliveries.

use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family};
use std::sync::LazyLock;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

static EVENTS: LazyLock<Family<Outcome, Counter>> =
    LazyLock::new(|| metrics::counter("civic_os_webhook_events", "Verified events by what became of them"));
static REFUSED: LazyLock<Family<Reason, Counter>> =
    LazyLock::new(|| metrics::counter("civic_os_webhook_refused", "Requests that are not the provider's"));

/// An event of the provider and its outcome; the words are those of `metadata.webhooks.outcome`.
pub(super) fn event(outcome: &str) {
    EVENTS.get_or_create(&Outcome { outcome: outcome.to_owned() }).inc();
}

/// A request that is not the provider's.
pub(super) fn refused(reason: &'static str) {
    REFUSED.get_or_create(&Reason { reason }).inc();
}
