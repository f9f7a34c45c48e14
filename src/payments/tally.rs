//! Counts for `/metrics`: what became of deliveries.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

/// Counters of this process.
#[derive(Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    events: BTreeMap<String, u64>,
    refused: BTreeMap<&'static str, u64>,
}

impl Tally {
    fn with(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// An event of the provider and its outcome.
    pub(super) fn event(&self, outcome: &str) {
        self.with(|counts| *counts.events.entry(outcome.to_owned()).or_default() += 1);
    }

    /// A request that is not the provider's.
    pub(super) fn refused(&self, reason: &'static str) {
        self.with(|counts| *counts.refused.entry(reason).or_default() += 1);
    }

    /// Appends the counters in Prometheus' text format.
    pub fn print(&self, text: &mut String) {
        self.with(|counts| {
            text.push_str("# HELP civic_os_webhook_events_total Verified events by what became of them\n");
            text.push_str("# TYPE civic_os_webhook_events_total counter\n");
            for (outcome, number) in &counts.events {
                let _ = writeln!(text, "civic_os_webhook_events_total{{outcome=\"{outcome}\"}} {number}");
            }
            text.push_str("# HELP civic_os_webhook_refused_total Requests that are not the provider's\n");
            text.push_str("# TYPE civic_os_webhook_refused_total counter\n");
            for (reason, number) in &counts.refused {
                let _ = writeln!(text, "civic_os_webhook_refused_total{{reason=\"{reason}\"}} {number}");
            }
        });
    }
}
