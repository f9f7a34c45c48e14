//! Figures about files for Prometheus.

use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family, Histograms};
use std::sync::LazyLock;
use std::time::Duration;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Format {
    format: &'static str,
}

static ADDRESSES: LazyLock<Family<Outcome, Counter>> = LazyLock::new(|| {
    metrics::counter("civic_os_files_addresses", "Requests for an address to upload to: signed, refused")
});
static FILES: LazyLock<Family<Outcome, Counter>> = LazyLock::new(|| {
    let help = "Ends of jobs about a file: drawn, checked, rejected (the upload is unwanted), undrawable, store (the store is to blame)";
    metrics::counter("civic_os_files_checked", help)
});
static DRAWING: LazyLock<Histograms<Format>> = LazyLock::new(|| {
    metrics::histogram(
        "civic_os_files_drawing_seconds",
        "Decoding, drawing and encoding of thumbnails",
        metrics::SECONDS,
    )
});

pub(super) fn address(outcome: &'static str) {
    ADDRESSES.get_or_create(&Outcome { outcome }).inc();
}

pub(super) fn file(outcome: &'static str) {
    FILES.get_or_create(&Outcome { outcome }).inc();
}

pub(super) fn drawn(format: Option<super::pictures::Format>, time: Duration) {
    let format = format.map_or("unknown", super::pictures::Format::mime);
    DRAWING.get_or_create(&Format { format }).observe(time.as_secs_f64());
}
