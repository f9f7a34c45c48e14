//! The pool of the process.
//!
//! `deadpool` hands out slots and bounds their number; a slot opens its connection when it is first needed, so a server
//! that is down costs nothing but an error. In front of it, lanes keep one kind of work from taking everything.
//! Invariant: a connection is gone (the server has closed its side) before its slot opens another one, so the server
//! never sees more than `pool_max` sessions of this pool. One exception: a connection on which nothing comes any more is
//! given up after [`ABANDONED_LIMIT`]; a server that is cut off may still count its session.

mod client;
mod large_value;
mod slots;

pub use client::PooledClient;
pub use large_value::LargeValue;

use super::conninfo::{ConnectionString, ConninfoError};
use super::direct;
use super::handshake;
use super::slow;
use super::statement::StatementCache;
use super::wire::{LargeRows, Wire};
use super::{AccessMode, DbError, DbOptions, Lane, RequestResult, RequestTransaction, ResultRow, Statement};
use crate::config::PreparedStatements;
use crate::memory::Room;
use crate::telemetry::traces;
use deadpool::managed::{Pool, PoolConfig, PoolError, QueueMode, TimeoutType, Timeouts};
use rand::RngExt as _;
use slots::{Checkout, Connection, Slots};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How often a transaction is tried again after a serialization failure (40001).
const SERIALIZATION_RETRIES: u32 = 5;

/// How long a transaction whose caller is gone may still run before it is cancelled.
const ABANDONED_GRACE: Duration = Duration::from_millis(100);
/// A flight that nobody wants and that was cancelled gets this long to land; then its connection is closed.
const ABANDONED_LIMIT: Duration = Duration::from_secs(5);

/// The pool of the process; cheap to clone.
#[derive(Clone)]
pub struct Db {
    shared: Arc<Shared>,
}

struct Shared {
    pool: Pool<Slots>,
    conninfo: ConnectionString,
    tls: Option<Arc<rustls::ClientConfig>>,
    options: DbOptions,
    lanes: [Option<Arc<Semaphore>>; 3],
    generation: AtomicU64,
    timeouts: AtomicU64,
    open: Arc<AtomicUsize>,
    was_pooled: AtomicBool,
    unnamed: AtomicBool,
    /// Connections that may be lent to readers of large values, and room for those that are collected.
    large: LargeRows,
    runtime: Handle,
}

/// Figures of the pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct DbStats {
    /// Most connections.
    pub max: usize,
    /// Open connections.
    pub open: usize,
    /// Connections that could be had without waiting (open and idle, or still to be opened).
    pub available: usize,
    /// Callers waiting for one.
    pub waiting: usize,
    /// Waits that ended in [`DbError::PoolTimeout`] since start.
    pub timeouts: u64,
}

impl Db {
    /// Makes a pool; no connection is opened yet. Must be called on the runtime that shall own background work.
    ///
    /// # Errors
    /// The connection string is unusable. A server that is down is not an error.
    pub fn open(options: DbOptions) -> Result<Self, DbError> {
        let conninfo = ConnectionString::parse(options.url.expose().ok_or(ConninfoError::Missing)?)?;
        let tls = super::tls::client_config(&conninfo)?;
        let max = options.pool_max.max(1);
        let timeouts = Timeouts { wait: Some(options.acquisition_timeout), ..Timeouts::default() };
        let pool = Pool::builder(Slots)
            .config(PoolConfig { max_size: max, timeouts, queue_mode: QueueMode::Lifo })
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(|error| DbError::Protocol(error.to_string()))?;
        let lane = |limit: Option<usize>| {
            limit.filter(|limit| *limit < max).map(|limit| Arc::new(Semaphore::new(limit.max(1))))
        };
        let lanes = [lane(options.lanes.api), lane(options.lanes.jobs), lane(options.lanes.system)];
        let shared = Arc::new(Shared {
            pool,
            conninfo,
            tls,
            lanes,
            generation: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            open: Arc::default(),
            was_pooled: AtomicBool::new(false),
            unnamed: AtomicBool::new(false),
            large: LargeRows {
                readers: Arc::new(Semaphore::new(options.lanes.api.unwrap_or(max).min(max) / 2)),
                room: options.room.clone(),
            },
            runtime: Handle::current(),
            options,
        });
        tokio::spawn(close_idle(Arc::downgrade(&shared)));
        Ok(Self { shared })
    }

    /// Runs one transaction in one pipelined round trip (two with [`super::TransactionEnd::Decide`]). The first error
    /// of any step is the one reported and nothing is kept. Dropping the future never leaks a transaction: what was
    /// sent is finished in the background or, when that takes longer than a moment, cancelled; what was not sent never
    /// happens.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn request(&self, lane: Lane, transaction: &RequestTransaction<'_>) -> Result<RequestResult, DbError> {
        self.run(lane, transaction, None).await.map(|(result, _)| result)
    }

    /// Like [`Self::request`] for a statement whose one row ends with a value that may be large: then the row's last
    /// column is null and the value comes as a [`LargeValue`] in parts, which holds the connection until it has been
    /// read. At most half of the API's lane is lent that way; beyond it values come whole, as far as there is room
    /// ([`super::DbOptions::room`]), or wait some seconds for either.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn request_in_parts(
        &self,
        lane: Lane,
        transaction: &RequestTransaction<'_>,
    ) -> Result<(RequestResult, Option<LargeValue>), DbError> {
        self.run(lane, transaction, Some(&self.shared.large)).await
    }

    async fn run(
        &self,
        lane: Lane,
        transaction: &RequestTransaction<'_>,
        large: Option<&LargeRows>,
    ) -> Result<(RequestResult, Option<LargeValue>), DbError> {
        let mut attempt = 0;
        loop {
            let mut checkout = self.check_out(lane).await?;
            let wire = checkout.wire(&self.shared).await?;
            let was_used = std::mem::replace(&mut wire.is_used, true);
            let began = Instant::now();
            let answer = traced(wire, transaction, large).await;
            let sql = transaction.statement.sql;
            self.shared.judge(began, lane, Some(transaction.role), || std::iter::once(sql));
            let error = match answer {
                Ok(result) if wire.is_in_flight() => {
                    return Ok((result, Some(LargeValue::read(checkout))));
                }
                Ok(result) => return Ok((result, None)),
                Err(error) => error,
            };
            attempt += 1;
            let again = match error.sqlstate() {
                Some("40001") => attempt <= SERIALIZATION_RETRIES,
                // Somebody between us and the server mixes sessions up, or threw our statements away.
                Some("26000" | "42P05") if attempt == 1 => {
                    wire.lose_statements();
                    true
                }
                Some("0A000") if attempt == 1 && is_stale_plan(&error) => {
                    wire.forget_statements();
                    true
                }
                // The server went away while the connection lay idle; only a read can be repeated without doubt.
                None => {
                    attempt == 1
                        && was_used
                        && transaction.access == AccessMode::ReadOnly
                        && error.is_unreachable()
                        && wire.lost_without_answer()
                }
                _ => false,
            };
            if !again {
                return Err(error);
            }
        }
    }

    /// Reads several statements in one repeatable-read, read-only transaction with the login's own rights, in one
    /// round trip; one list of rows per statement.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn snapshot(
        &self,
        lane: Lane,
        settings: &[(&str, &str)],
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<ResultRow>>, DbError> {
        let mut checkout = self.check_out(lane).await?;
        let wire = checkout.wire(&self.shared).await?;
        wire.is_used = true;
        let began = Instant::now();
        let answer = wire.snapshot(settings, statements).await;
        self.shared.judge(began, lane, None, || statements.iter().map(|statement| statement.sql));
        answer
    }

    /// A connection from the pool for other statements; it has the login's rights only and is closed afterwards.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn client(&self, lane: Lane) -> Result<PooledClient, DbError> {
        let mut checkout = self.check_out(lane).await?;
        checkout.close_wire().await;
        let shared = &self.shared;
        let connect =
            direct::connect(&shared.conninfo, shared.tls.as_ref(), &shared.options.application_name, &shared.runtime);
        let (client, driver) = within(shared.connect_timeout(), connect).await?;
        Ok(PooledClient::new(client, driver, checkout))
    }

    /// Asks the server for a sign of life over a pooled connection.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn ping(&self) -> Result<(), DbError> {
        let statement = Statement { sql: "select 1", params: &[], reusable: false };
        self.snapshot(Lane::System, &[], &[statement]).await.map(drop)
    }

    /// Figures of the pool.
    pub fn stats(&self) -> DbStats {
        let status = self.shared.pool.status();
        let busy = status.size.saturating_sub(status.available);
        DbStats {
            max: status.max_size,
            open: self.shared.open.load(Ordering::Relaxed),
            available: status.max_size.saturating_sub(busy),
            waiting: status.waiting,
            timeouts: self.shared.timeouts.load(Ordering::Relaxed),
        }
    }

    /// Names no statement from now on, whatever the options said. Every connection forgets those that it has at its next use.
    pub fn stop_naming_statements(&self) {
        if !self.shared.unnamed.swap(true, Ordering::Relaxed) {
            self.shared.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Room for large values, which requests share with answers.
    pub fn room(&self) -> &Room {
        &self.shared.large.room
    }

    /// Whether statements are named on new connections: `false` with `unnamed`, and with `auto` once a pooler was met.
    pub fn names_statements(&self) -> bool {
        if self.shared.unnamed.load(Ordering::Relaxed) {
            return false;
        }
        match self.shared.options.prepared_statements {
            PreparedStatements::Named => true,
            PreparedStatements::Unnamed => false,
            PreparedStatements::Auto => !self.shared.was_pooled.load(Ordering::Relaxed),
        }
    }

    /// Servers of the connection string, for messages; no secrets.
    pub fn servers(&self) -> String {
        self.shared.conninfo.servers()
    }

    /// Database of the connection string.
    pub fn database(&self) -> &str {
        &self.shared.conninfo.database
    }

    /// Login name of the connection string.
    pub fn login(&self) -> &str {
        self.shared.conninfo.user()
    }

    /// Closes idle connections and refuses new work; what is under way is finished.
    pub fn close(&self) {
        self.shared.pool.close();
    }

    async fn check_out(&self, lane: Lane) -> Result<Checkout, DbError> {
        let started = Instant::now();
        let limit = self.shared.options.acquisition_timeout;
        let permit = match &self.shared.lanes[lane as usize] {
            None => None,
            Some(semaphore) => {
                let wait = tokio::time::timeout(limit, Arc::clone(semaphore).acquire_owned());
                match wait.await {
                    Ok(Ok(permit)) => Some(permit),
                    _ => return Err(self.timed_out()),
                }
            }
        };
        let left = limit.saturating_sub(started.elapsed()).max(Duration::from_millis(1));
        let timeouts = Timeouts { wait: Some(left), ..Timeouts::default() };
        match self.shared.pool.timeout_get(&timeouts).await {
            Ok(object) => Ok(Checkout::new(object, permit, Arc::clone(&self.shared))),
            Err(PoolError::Timeout(TimeoutType::Wait)) => Err(self.timed_out()),
            Err(_) => Err(DbError::Unreachable { reason: "the pool is closed".into(), source: None }),
        }
    }

    fn timed_out(&self) -> DbError {
        self.shared.timeouts.fetch_add(1, Ordering::Relaxed);
        DbError::PoolTimeout
    }
}

/// The transaction as a step of the trace that it belongs to, if it belongs to one; the database learns which.
async fn traced(
    wire: &mut Wire,
    transaction: &RequestTransaction<'_>,
    large: Option<&LargeRows>,
) -> Result<RequestResult, DbError> {
    let Some(mut span) = traces::client("SQL") else { return wire.transact(transaction, large).await };
    span.set("db.system.name", "postgresql");
    span.set("db.query.text", transaction.statement.sql);
    span.set("civic_os.role", transaction.role);
    let parent = span.context().traceparent();
    let settings: Vec<(&str, &str)> =
        transaction.settings.iter().copied().chain([(traces::SETTING, parent.as_str())]).collect();
    let statement = transaction.statement.clone();
    let within = RequestTransaction { settings: &settings, statement, ..*transaction };
    let answer = wire.transact(&within, large).await;
    if let Err(error) = &answer {
        span.fail(error.sqlstate().map_or_else(|| "connection".to_owned(), |code| format!("SQLSTATE {code}")));
    }
    answer
}

/// A named statement's columns are no longer what they were: the server plans again after every other change by itself. Known by
/// the place in its source that says so, because the message is in the server's language.
fn is_stale_plan(error: &DbError) -> bool {
    error.server().is_some_and(|error| error.routine.as_deref() == Some("RevalidateCachedQuery"))
}

impl Shared {
    /// Waits for a flight that nobody wants any more. What is done soon is left to finish; what is not is cancelled.
    async fn land_or_cancel(&self, wire: &mut Wire) -> Result<super::wire::Landed, DbError> {
        if let Ok(landed) = tokio::time::timeout(ABANDONED_GRACE, wire.land()).await {
            return landed;
        }
        if let Some(key) = &wire.cancel_key {
            let cancel = handshake::cancel(key, &self.conninfo, self.tls.as_ref());
            match tokio::time::timeout(self.connect_timeout(), cancel).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "an abandoned statement could not be cancelled"),
                Err(_) => tracing::debug!("an abandoned statement could not be cancelled in time"),
            }
        }
        // A connection that died without a word never lands: its place in the pool is worth more than it.
        let landed = tokio::time::timeout(ABANDONED_LIMIT, wire.land()).await;
        landed.unwrap_or_else(|_| {
            Err(DbError::Unreachable { reason: "an abandoned statement has no answer".to_owned(), source: None })
        })
    }

    /// Reports what took too long.
    fn judge<'a, S: Iterator<Item = &'a str>>(
        &self,
        began: Instant,
        lane: Lane,
        role: Option<&str>,
        statements: impl FnOnce() -> S,
    ) {
        if let Some(limit) = self.options.slow_query {
            let took = began.elapsed();
            if took >= limit {
                slow::report(lane, role, statements(), took);
            }
        }
    }

    fn connect_timeout(&self) -> Duration {
        self.conninfo.connect_timeout.unwrap_or(self.options.acquisition_timeout).max(Duration::from_millis(100))
    }

    async fn connect(&self) -> Result<Connection, DbError> {
        let log_in = handshake::log_in(&self.conninfo, self.tls.as_ref(), &self.options.application_name);
        let session = within(self.connect_timeout(), log_in).await?;
        let named = match self.options.prepared_statements {
            _ if self.unnamed.load(Ordering::Relaxed) => false,
            PreparedStatements::Named => true,
            PreparedStatements::Unnamed => false,
            PreparedStatements::Auto => {
                if session.is_pooled && !self.was_pooled.swap(true, Ordering::Relaxed) {
                    tracing::info!("a connection pooler stands before the database: statements are not named");
                }
                !session.is_pooled
            }
        };
        // Up to a tenth earlier, so that connections opened together are not replaced together.
        let early = rand::rng().random_range(0.0..=0.1);
        let expires = Instant::now() + self.options.max_lifetime.mul_f64(1.0 - early);
        let statements = StatementCache::new(self.options.statement_cache_size, named);
        let wire = Wire::new(session, statements, expires, self.generation.load(Ordering::Acquire));
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(Connection::new(wire, Arc::clone(&self.open)))
    }
}

/// Any failure to open a connection of the pool means that the database is not there for requests, whatever the server
/// says (starting up, too many connections, wrong password).
async fn within<T>(limit: Duration, connect: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    match tokio::time::timeout(limit, connect).await {
        Ok(Err(DbError::Server(error))) => Err(DbError::refused(&error)),
        Ok(Err(DbError::Protocol(reason) | DbError::Tls(reason))) => Err(DbError::Unreachable { reason, source: None }),
        Ok(result) => result,
        Err(_) => Err(DbError::Unreachable { reason: "no answer in time".into(), source: None }),
    }
}

async fn close_idle(shared: std::sync::Weak<Shared>) {
    loop {
        let Some(strong) = shared.upgrade() else { return };
        let limit = strong.options.max_idletime;
        let period = (limit / 4).clamp(Duration::from_millis(100), Duration::from_secs(10));
        let idle = strong.pool.retain(|_, metrics| metrics.last_used() < limit);
        drop(strong);
        for slot in idle.removed {
            if let Some(connection) = slot.connection {
                connection.close().await;
            }
        }
        tokio::time::sleep(period).await;
    }
}
