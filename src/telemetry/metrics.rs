//! Figures for Prometheus. A process has one registry, as it has one log: a module declares its metrics as `static` [`LazyLock`]s and counts; `admin` shows
//! all of them at `/metrics`. A family appears there with its first value.
//!
//! Names begin with `civic_os_`, units are base units and part of the name (`_seconds`, `_bytes`). A label takes few values that do not come from outside
//! (queue, kind, outcome: yes; paths, people, ids: never), because each combination is kept for the life of the process.
//!
//! ```
//! use civic_os::telemetry::metrics::{self, Counter, EncodeLabelSet, Family};
//! use std::sync::LazyLock;
//!
//! #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
//! struct Labels {
//!     channel: &'static str,
//! }
//! static SENT: LazyLock<Family<Labels, Counter>> =
//!     LazyLock::new(|| metrics::counter("civic_os_postcards_sent", "Postcards that were handed to the post office"));
//!
//! SENT.get_or_create(&Labels { channel: "air" }).inc();
//! assert!(metrics::render().contains("civic_os_postcards_sent_total{channel=\"air\"} 1"));
//! ```

pub use prometheus_client::encoding::EncodeLabelSet;
pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::family::Family;
pub use prometheus_client::metrics::histogram::Histogram;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::family::MetricConstructor;
use prometheus_client::registry::Registry;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex, PoisonError};

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

/// A figure that goes up and down.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, AtomicU64>;

/// Distributions with these upper bounds per bucket.
pub type Histograms<L> = Family<L, Histogram, Buckets>;

/// From a millisecond to ten minutes.
pub const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0];

/// What can be a set of labels: a struct that derives [`EncodeLabelSet`].
pub trait Labels: EncodeLabelSet + Clone + Debug + Hash + Eq + Send + Sync + 'static {}
impl<L: EncodeLabelSet + Clone + Debug + Hash + Eq + Send + Sync + 'static> Labels for L {}

/// Upper bounds of a histogram's buckets.
#[derive(Clone, Copy, Debug)]
pub struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// Declares a figure that only grows; it is shown as `<name>_total`.
pub fn counter<L: Labels>(name: &'static str, help: &'static str) -> Family<L, Counter> {
    let family = Family::default();
    registry().register(name, help, family.clone());
    family
}

/// Declares a figure that goes up and down.
pub fn gauge<L: Labels>(name: &'static str, help: &'static str) -> Family<L, Gauge> {
    let family = Family::default();
    registry().register(name, help, family.clone());
    family
}

/// Declares one figure without labels that goes up and down.
pub fn single_gauge(name: &'static str, help: &'static str) -> Gauge {
    let gauge = Gauge::default();
    registry().register(name, help, gauge.clone());
    gauge
}

/// Declares a distribution, for durations with the bounds [`SECONDS`].
pub fn histogram<L: Labels>(name: &'static str, help: &'static str, bounds: &'static [f64]) -> Histograms<L> {
    let family = Family::new_with_constructor(Buckets(bounds));
    registry().register(name, help, family.clone());
    family
}

/// All figures in Prometheus' text format 0.0.4.
pub fn render() -> String {
    let mut text = String::new();
    // Writing to a string does not fail; what is there is shown in any case.
    let _ = prometheus_text::encode(&mut text, &registry());
    text
}

fn registry() -> std::sync::MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
    struct Kind {
        kind: String,
    }

    #[test]
    fn families_are_shown_with_their_labels_escaped() {
        let kind = Kind { kind: "a\"b\\c\nd".into() };
        let counted: Family<Kind, Counter> = counter("civic_os_test_counted", "Counted things");
        counted.get_or_create(&kind).inc_by(2);
        let level: Family<Kind, Gauge> = gauge("civic_os_test_level", "Level");
        level.get_or_create(&kind).set(1.5);
        let lasted: Histograms<Kind> = histogram("civic_os_test_lasted_seconds", "Durations", SECONDS);
        lasted.get_or_create(&kind).observe(0.003);
        let text = render();
        for line in [
            "# TYPE civic_os_test_counted_total counter",
            r#"civic_os_test_counted_total{kind="a\"b\\c\nd"} 2"#,
            r#"civic_os_test_level{kind="a\"b\\c\nd"} 1.5"#,
            r#"civic_os_test_lasted_seconds_bucket{kind="a\"b\\c\nd",le="0.005"} 1"#,
        ] {
            assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
        }
        assert!(!text.contains("# EOF"), "other figures follow");
    }
}
