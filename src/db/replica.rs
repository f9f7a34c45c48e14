//! A hot standby that answers reads.
//!
//! A task compares both servers' positions in the log once a second. The lag is the age of the newest position of the
//! primary that the standby has reached: exact to a second, without rights, and growing when replication is cut. While the
//! primary cannot be asked nobody writes through us either, and the last comparison holds. Who wrote through this process
//! reads from the primary for as long as the standby may be behind. Tests: `tests/parts/standby.sh`.

use super::{AccessMode, Db, DbError, IsolationLevel, Lane, RequestTransaction, ResultRow, Statement};
use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family};
use moka::sync::Cache;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::{Duration, Instant};

/// Between two comparisons.
const PERIOD: Duration = Duration::from_secs(1);
/// A server that does not say where it is within this time is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// Positions of the primary that are remembered: a quarter of an hour.
const REMEMBERED: usize = 900;
/// People whose last write is remembered.
const MOST_WRITERS: u64 = 100_000;
/// What is stored as the lag while the standby cannot be used.
const AWAY: u64 = u64::MAX;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    server: &'static str,
}

static READS: LazyLock<Family<Labels, Counter>> = LazyLock::new(|| {
    let help = "Reads that the standby could have answered, by the server that did: standby, primary, or fallback after the standby refused";
    metrics::counter("civic_os_db_replica_reads", help)
});

/// A standby beside the primary; cheap to clone.
#[derive(Clone)]
pub struct Replica {
    shared: Arc<Shared>,
}

struct Shared {
    db: Db,
    max_lag: Duration,
    /// Milliseconds, or [`AWAY`].
    lag: AtomicU64,
    writers: Cache<String, ()>,
}

impl Replica {
    /// Watches a standby; reads go there once it was found near enough. Ends when the last clone is gone.
    pub fn watch(primary: Db, standby: Db, max_lag: Duration) -> Self {
        // A second more: the lag is known to a second.
        let writers = Cache::builder().max_capacity(MOST_WRITERS).time_to_live(max_lag + PERIOD).build();
        let shared = Arc::new(Shared { db: standby, max_lag, lag: AtomicU64::new(AWAY), writers });
        tokio::spawn(watch(Arc::downgrade(&shared), primary));
        Self { shared }
    }

    /// How far the standby is behind; `None` while it cannot be used at all.
    pub fn lag(&self) -> Option<Duration> {
        match self.shared.lag.load(Ordering::Relaxed) {
            AWAY => None,
            milliseconds => Some(Duration::from_millis(milliseconds)),
        }
    }

    /// The pool of the standby, for figures and for closing it.
    pub fn db(&self) -> &Db {
        &self.shared.db
    }

    /// Remembers that a person wrote just now.
    pub fn wrote(&self, person: Option<&str>) {
        if let Some(person) = person {
            self.shared.writers.insert(person.to_owned(), ());
        }
    }

    /// Whether the standby may answer this transaction of this person.
    pub fn may_answer(&self, transaction: &RequestTransaction<'_>, person: Option<&str>) -> bool {
        let near = self.lag().is_some_and(|lag| lag <= self.shared.max_lag);
        let reads = transaction.access == AccessMode::ReadOnly && transaction.isolation != IsolationLevel::Serializable;
        let may = near && reads && person.is_none_or(|person| !self.shared.writers.contains_key(person));
        READS.get_or_create(&Labels { server: if may { "standby" } else { "primary" } }).inc();
        may
    }

    /// Whether the primary may know better than this refusal of the standby: it was cut off, cancelled the statement to go
    /// on replaying, cannot do what only a primary can, or does not have yet what was made a moment ago.
    pub fn is_worth_asking_the_primary(&self, error: &DbError) -> bool {
        let worth = match error.sqlstate() {
            None => error.is_unreachable() || matches!(error, DbError::PoolTimeout),
            Some(code) => {
                matches!(code, "40001" | "40P01" | "25006" | "0A000" | "42P01" | "42703" | "42883" | "42704" | "3F000")
                    || code.starts_with("57P")
                    || code.starts_with("08")
            }
        };
        if worth {
            if error.sqlstate().is_none() {
                self.shared.set_lag(None, || error.to_string());
            }
            READS.get_or_create(&Labels { server: "fallback" }).inc();
        }
        worth
    }
}

impl Shared {
    fn set_lag(&self, lag: Option<Duration>, reason: impl FnOnce() -> String) {
        let near = |milliseconds: u64| milliseconds != AWAY && Duration::from_millis(milliseconds) <= self.max_lag;
        let new = lag.map_or(AWAY, |lag| u64::try_from(lag.as_millis()).unwrap_or(AWAY - 1));
        let old = self.lag.swap(new, Ordering::Relaxed);
        match (near(old), near(new)) {
            (false, true) => tracing::info!(lag_ms = new, "The standby answers reads"),
            (true, false) => {
                tracing::warn!(reason = reason(), "The standby answers no reads for now; the primary does")
            }
            _ => {}
        }
    }
}

async fn watch(shared: Weak<Shared>, primary: Db) {
    let mut positions: VecDeque<(Instant, i64)> = VecDeque::new();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(strong) = shared.upgrade() else { return };
        let asked = Instant::now();
        // The standby after the primary: what it has reached by then was written before.
        let of_primary = position(&primary, include_str!("../sql/db/primary_position.sql"), 0).await;
        if let Ok((_, position)) = of_primary {
            positions.push_back((asked, position));
            if positions.len() > REMEMBERED {
                positions.pop_front();
            }
        }
        match position(&strong.db, include_str!("../sql/db/replica_position.sql"), 1).await {
            Ok((row, reached)) if row.text(0) == Some("t") => {
                let newest = positions.back().map(|(at, _)| *at);
                let covered = positions.iter().rev().find(|(_, position)| *position <= reached).map(|(at, _)| *at);
                let lag = newest.zip(covered).map(|(newest, covered)| newest - covered);
                strong.set_lag(lag, || "it is too far behind".to_owned());
            }
            Ok(_) => strong.set_lag(None, || "it is no standby (any more)".to_owned()),
            Err(reason) => strong.set_lag(None, || reason),
        }
    }
}

/// The row and the number in one of its columns.
async fn position(db: &Db, sql: &'static str, column: usize) -> Result<(ResultRow, i64), String> {
    let statement = [Statement { sql, params: &[], reusable: true }];
    let answer = tokio::time::timeout(PATIENCE, db.snapshot(Lane::System, &[], &statement)).await;
    let rows = answer.map_err(|_| "no answer in time".to_owned())?.map_err(|error| error.to_string())?;
    let row = rows.into_iter().flatten().next().ok_or("no row")?;
    let number = row.int(column).ok_or("no position")?;
    Ok((row, number))
}
