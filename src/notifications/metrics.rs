//! Figures about deliveries for Prometheus. What waits is the queue's figure: `civic_os_jobs_depth` and `civic_os_jobs_oldest_seconds` of the queue
//! `notifications`.

use super::mail::{Refusal, Stage};
use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family, Histograms};
use std::sync::LazyLock;
use std::time::Duration;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Delivery {
    channel: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Channel {
    channel: &'static str,
}

static DELIVERIES: LazyLock<Family<Delivery, Counter>> = LazyLock::new(|| {
    let help = "Ends of attempts to deliver: sent, failed (for good), retried (may still work), suppressed, declined (not wanted)";
    metrics::counter("civic_os_notifications_deliveries", help)
});
static DURATION: LazyLock<Histograms<Channel>> = LazyLock::new(|| {
    let help = "From the first byte to a mail server or a provider to its last word, without the wait that the configured rate asks for";
    metrics::histogram("civic_os_notifications_delivery_seconds", help, metrics::SECONDS)
});

/// Shows the counters as 0: Prometheus does not see the first step of a series that appears with it.
pub(super) fn announce() {
    for channel in ["email", "sms"] {
        for outcome in ["sent", "failed", "retried", "suppressed", "declined"] {
            drop(DELIVERIES.get_or_create(&Delivery { channel, outcome }));
        }
    }
}

pub(super) fn sent(channel: &'static str) {
    count(channel, "sent");
}

pub(super) fn declined(channel: &'static str) {
    count(channel, "declined");
}

pub(super) fn refused(channel: &'static str, refusal: &Refusal) {
    count(
        channel,
        match (refusal.stage, refusal.is_permanent) {
            (Stage::Suppression, _) => "suppressed",
            (_, true) => "failed",
            (_, false) => "retried",
        },
    );
}

pub(super) fn lasted(channel: &'static str, time: Duration) {
    DURATION.get_or_create(&Channel { channel }).observe(time.as_secs_f64());
}

fn count(channel: &'static str, outcome: &'static str) {
    DELIVERIES.get_or_create(&Delivery { channel, outcome }).inc();
}
