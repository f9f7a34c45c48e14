//! Statements that took long: a line in the log for each, with its text and without its values, and a figure.

use super::Lane;
use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family};
use crate::telemetry::request::{self, RequestId};
use std::sync::LazyLock;
use std::time::Duration;

/// Longer texts are cut: the line is for finding the statement.
const LONGEST_TEXT: usize = 4096;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    lane: &'static str,
}

static SLOW: LazyLock<Family<Labels, Counter>> = LazyLock::new(|| {
    metrics::counter(
        "civic_os_db_slow_statements",
        "Statements that took at least log.slow_query_ms, by lane of the pool",
    )
});

/// Reports a statement that took `took`, from its first byte to its last answer; waits for a connection not counted.
pub(super) fn report<'a>(lane: Lane, role: Option<&str>, statements: impl Iterator<Item = &'a str>, took: Duration) {
    let lane = match lane {
        Lane::Api => "api",
        Lane::Jobs => "jobs",
        Lane::System => "system",
    };
    SLOW.get_or_create(&Labels { lane }).inc();
    let mut sql = statements.collect::<Vec<_>>().join("; ");
    if sql.len() > LONGEST_TEXT {
        sql.truncate(sql.floor_char_boundary(LONGEST_TEXT));
        sql.push('…');
    }
    let request = request::current();
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::warn!(
        target: "civic_os::slow_query",
        duration_ms,
        lane,
        role,
        request_id = request.as_ref().map(RequestId::as_str),
        sql,
        "A statement took {duration_ms} ms"
    );
}
