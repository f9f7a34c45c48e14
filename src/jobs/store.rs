//! Every statement of the queue, each in a short transaction under the narrow role `civic_os_worker`. No connection is held between two of them.

use super::call::{self, ReadJob};
use super::control::CONTROL_CHANNEL;
use super::model::{AttemptError, Job, JobState};
use super::unique::Unique;
use crate::db::{
    AccessMode, Db, DbError, IsolationLevel, Lane, Param, RequestTransaction, ResultRow, Statement, TransactionEnd,
};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};

/// The role of all statements here, whatever the login is.
const WORKER_ROLE: &str = "civic_os_worker";
/// A process asks again when the database has not answered for so long: a connection may be dead without a word.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// The same for statements of the housekeeping, which take large batches.
const HOUSEKEEPING_LIMIT: Duration = Duration::from_secs(30);

/// Jobs are claimed in the order of an index, and found by their id. Statistics are hours old when a million jobs arrive at once; without this PostgreSQL
/// then expects one row, and may take another index and sort all that wait on every claim.
const CLAIM_SETTINGS: &[(&str, &str)] =
    &[("role", WORKER_ROLE), ("enable_sort", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")];

const CLAIM: &str = include_str!("../sql/jobs/claim.sql");
const COMPLETE: &str = include_str!("../sql/jobs/complete.sql");
const SETTLE: &str = include_str!("../sql/jobs/settle.sql");
const MERGE_METADATA: &str = include_str!("../sql/jobs/merge_metadata.sql");
const GREET: &str = include_str!("../sql/jobs/greet.sql");
const HAND_BACK_UNKNOWN: &str = include_str!("../sql/jobs/hand_back_unknown.sql");
const INSERT: &str = include_str!("../sql/jobs/insert.sql");
const BEAT: &str = include_str!("../sql/jobs/beat.sql");
const LEAVE: &str = include_str!("../sql/jobs/leave.sql");
const TOUCH_QUEUE: &str = include_str!("../sql/jobs/touch_queue.sql");
const POLL_CONTROL: &str = include_str!("../sql/jobs/poll_control.sql");
const LEADER_ELECT: &str = include_str!("../sql/jobs/leader_elect.sql");
const LEADER_RENEW: &str = include_str!("../sql/jobs/leader_renew.sql");
const LEADER_RESIGN: &str = include_str!("../sql/jobs/leader_resign.sql");
const SCHEDULE: &str = include_str!("../sql/jobs/schedule.sql");
const RESCUE_DEAD: &str = include_str!("../sql/jobs/rescue_dead.sql");
const RESCUE_STUCK: &str = include_str!("../sql/jobs/rescue_stuck.sql");
const REINDEXABLE: &str = include_str!("../sql/jobs/reindexable.sql");
const CLEAN: &str = include_str!("../sql/jobs/clean.sql");
const NOW: &str = include_str!("../sql/jobs/now.sql");
const CLEAN_QUEUES: &str = include_str!("../sql/jobs/clean_queues.sql");

/// A statement of the queue failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection.
    #[error("no connection for the job queue")]
    Connect(#[source] DbError),
    /// The database refused or the connection broke.
    #[error("the statement \"{statement}\" of the job queue failed")]
    Call {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// Cause.
        #[source]
        source: DbError,
    },
    /// The same on a connection of the caller's.
    #[error("the statement \"{statement}\" of the job queue failed")]
    Statement {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// Cause.
        #[source]
        source: tokio_postgres::Error,
    },
    /// No answer; the statement was cancelled, or took effect without our hearing of it.
    #[error("the statement \"{statement}\" of the job queue was not answered within {limit:?}")]
    Late {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// How long was waited.
        limit: Duration,
    },
    /// The insert answered without a row, which no trigger of ours does.
    #[error("the job was not inserted: a trigger on metadata.river_job suppressed the row")]
    NothingInserted,
    /// A column that none of our statements returns like this.
    #[error("column {column} of a row of the job queue cannot be read")]
    Unreadable {
        /// Position from 0.
        column: usize,
    },
}

/// Access to the queue's tables; cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    interposer: Option<Arc<dyn Interposer>>,
}

/// Stands between the queue and the database: tests crash a process, or cut it off, at any of its steps with one.
#[async_trait]
pub trait Interposer: Send + Sync {
    /// Called before a statement is sent (`answered` = false) and after its answer came, before the queue sees it. An error is what the queue then gets.
    async fn step(&self, statement: &'static str, answered: bool) -> Result<(), DbError>;
}

/// A job to be inserted.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Kind.
    pub kind: String,
    /// Arguments.
    pub args: Value,
    /// Queue; River's default is `default`.
    pub queue: String,
    /// 1 (first) to 4.
    pub priority: i16,
    /// Attempts in all.
    pub max_attempts: i16,
    /// Not before this time.
    pub scheduled_at: Option<OffsetDateTime>,
    /// Parked until somebody releases it.
    pub pending: bool,
    /// Notes.
    pub metadata: Value,
    /// Labels.
    pub tags: Vec<String>,
    /// Uniqueness.
    pub unique: Option<Unique>,
}

impl NewJob {
    /// River's defaults (WORKERS.md §2.4).
    pub fn new(kind: impl Into<String>, args: Value) -> Self {
        Self {
            kind: kind.into(),
            args,
            queue: "default".into(),
            priority: 1,
            max_attempts: 25,
            scheduled_at: None,
            pending: false,
            metadata: Value::Object(serde_json::Map::new()),
            tags: Vec::new(),
            unique: None,
        }
    }
}

impl NewJob {
    /// River's rules for names (WORKERS.md §2.4); the text says what is wrong.
    pub(super) fn check(&self) -> Result<(), String> {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let kind_ok = self.kind.len() < 128
            && self.kind.chars().next().is_some_and(word)
            && self.kind.chars().count() > 1
            && self.kind.chars().skip(1).all(|c| word(c) || "-[]<>/.·:+".contains(c));
        if !kind_ok {
            return Err(format!(
                "\"{}\" is no job kind: letters, digits and _ first, then also - [ ] < > / . · : +",
                self.kind
            ));
        }
        if self.queue.is_empty() || self.queue.len() > 64 || !self.queue.chars().all(|c| word(c) || c == '-') {
            return Err(format!("\"{}\" is no queue name: up to 64 letters, digits, _ and -", self.queue));
        }
        if !(1..=4).contains(&self.priority) {
            return Err(format!("priority {} is outside 1 (first) to 4 (last)", self.priority));
        }
        if self.max_attempts < 1 {
            return Err(format!("max attempts {} is below 1", self.max_attempts));
        }
        Ok(())
    }
}

/// How a run ends in the table when it did not simply succeed.
#[derive(Clone, Debug)]
pub(super) struct Settlement {
    pub(super) id: i64,
    pub(super) began: i64,
    pub(super) state: JobState,
    pub(super) due_in: Option<Duration>,
    pub(super) error: Option<AttemptError>,
    pub(super) refund: i16,
    pub(super) counts_as_snooze: bool,
}

/// How a bid for the leadership ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bid {
    /// The term, as the microsecond in which it began.
    Won(i64),
    /// How long the lease of whoever leads lasts without a renewal.
    Lost(Option<Duration>),
}

/// Paused queues, cancelled runs and all runs of this process, as polled.
#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    pub(super) paused: Vec<String>,
    pub(super) cancelled: Vec<i64>,
    pub(super) running: Vec<(i64, i64)>,
}

impl Store {
    /// On the pool of the process.
    pub fn new(db: Db) -> Self {
        Self { db, interposer: None }
    }

    /// The same with somebody in between.
    #[must_use]
    pub fn interposed(mut self, interposer: Arc<dyn Interposer>) -> Self {
        self.interposer = Some(interposer);
        self
    }

    async fn step(&self, statement: &'static str, answered: bool) -> Result<(), StoreError> {
        match &self.interposer {
            None => Ok(()),
            Some(interposer) => {
                interposer.step(statement, answered).await.map_err(|source| StoreError::Call { statement, source })
            }
        }
    }

    /// One statement in one transaction under the narrow role, in one round trip. Waits for as long as whoever calls it.
    pub(super) async fn call(
        &self,
        lane: Lane,
        statement: &'static str,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<ResultRow>, StoreError> {
        self.call_within(Duration::MAX, lane, statement, sql, params).await
    }

    /// The same for the queue's own tasks, which nobody ends from outside.
    async fn call_within(
        &self,
        limit: Duration,
        lane: Lane,
        statement: &'static str,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<ResultRow>, StoreError> {
        self.call_with(&[("role", WORKER_ROLE)], limit, lane, statement, sql, params).await
    }

    async fn call_with(
        &self,
        settings: &[(&str, &str)],
        limit: Duration,
        lane: Lane,
        statement: &'static str,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<ResultRow>, StoreError> {
        let transaction = RequestTransaction {
            role: WORKER_ROLE,
            settings,
            access: AccessMode::ReadWrite,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: None,
            statement: Statement { sql, params, reusable: true },
            end: TransactionEnd::Commit,
        };
        self.step(statement, false).await?;
        let result = tokio::time::timeout(limit, self.db.request(lane, &transaction))
            .await
            .map_err(|_| StoreError::Late { statement, limit })?
            .map_err(|source| StoreError::Call { statement, source })?;
        self.step(statement, true).await?;
        Ok(result.rows)
    }

    pub(super) async fn claim(
        &self,
        queue: &str,
        client_id: &str,
        limit: usize,
        kinds: &[String],
    ) -> Result<Vec<ReadJob>, StoreError> {
        let params = [call::text(queue), call::text(client_id), call::number(limit), call::texts(kinds)];
        let rows = self.call_with(CLAIM_SETTINGS, ANSWER_LIMIT, Lane::Jobs, "claim", CLAIM, &params).await?;
        let mut jobs: Vec<ReadJob> = rows.iter().map(call::read_job).collect();
        // `update … returning` has no order of its own.
        jobs.sort_by_key(|read| (read.job.priority, read.job.scheduled_at, read.job.id));
        Ok(jobs)
    }

    pub(super) async fn complete(&self, runs: &[(i64, i64)]) -> Result<usize, StoreError> {
        let (ids, began): (Vec<i64>, Vec<i64>) = runs.iter().copied().unzip();
        let params = [call::numbers(&ids), call::numbers(&began)];
        Ok(self.call_within(ANSWER_LIMIT, Lane::System, "complete", COMPLETE, &params).await?.len())
    }

    /// Ends a run that did not simply succeed; `false` = it is no longer ours.
    pub(super) async fn settle(&self, settlement: &Settlement) -> Result<bool, StoreError> {
        let params = [
            call::number(settlement.id),
            call::number(settlement.began),
            call::text(settlement.state.as_str()),
            call::optional(settlement.due_in, call::seconds),
            call::optional(settlement.error.as_ref().map(AttemptError::to_json).as_ref(), call::json),
            call::number(settlement.refund),
            call::text("{}"),
            call::flag(settlement.counts_as_snooze),
        ];
        Ok(!self.call_within(ANSWER_LIMIT, Lane::System, "settle", SETTLE, &params).await?.is_empty())
    }

    /// Merges notes into a row whatever state it is in.
    ///
    /// # Errors
    /// The database.
    pub async fn merge_metadata(&self, id: i64, notes: &Value) -> Result<(), StoreError> {
        let params = [call::number(id), call::json(notes)];
        self.call(Lane::System, "merge_metadata", MERGE_METADATA, &params).await?;
        Ok(())
    }

    /// Inserts a job; `true` with the id of the existing row when a unique one was already there.
    ///
    /// # Errors
    /// The database.
    pub async fn insert(&self, job: &NewJob) -> Result<(i64, bool), StoreError> {
        let due = match (job.scheduled_at, &job.unique) {
            (Some(due), _) => due,
            // Two processes whose clocks differ have to mean the same period.
            (None, Some(unique)) if unique.by_period.is_some() => self.now().await?,
            (None, _) => OffsetDateTime::UNIX_EPOCH,
        };
        let key = job.unique.as_ref().map(|unique| unique.key(&job.kind, &job.args, &job.queue, due));
        let mask = job.unique.as_ref().map(Unique::states_mask);
        let params = [
            call::text(&job.kind),
            call::json(&job.args),
            call::text(&job.queue),
            call::number(job.priority),
            call::number(job.max_attempts),
            call::flag(job.pending),
            call::optional(job.scheduled_at, call::instant),
            call::json(&job.metadata),
            call::texts(&job.tags),
            call::optional(key.as_deref(), call::bytes),
            call::optional(mask.as_deref(), call::text),
        ];
        let rows = self.call(Lane::System, "insert", INSERT, &params).await?;
        let row = rows.first().ok_or(StoreError::NothingInserted)?;
        Ok((call::read(row, 0)?, call::read_flag(row, 1)?))
    }

    /// The database's clock.
    async fn now(&self) -> Result<OffsetDateTime, StoreError> {
        let rows = self.call(Lane::System, "now", NOW, &[]).await?;
        rows.first().and_then(|row| call::read_instant(row, 0)).ok_or(StoreError::Unreadable { column: 0 })
    }

    /// How long it is until the next midnight in UTC, by the database's clock.
    pub(super) async fn until_midnight(&self) -> Result<Duration, StoreError> {
        let now = self.now().await?.to_offset(time::UtcOffset::UTC);
        let midnight = now.replace_time(time::Time::MIDNIGHT) + time::Duration::days(1);
        Ok(Duration::try_from(midnight - now).unwrap_or_default())
    }

    pub(super) async fn beat(&self, client_id: &str, roles: &[String], host: &str) -> Result<(), StoreError> {
        let params = [
            call::text(client_id),
            call::texts(roles),
            call::text(host),
            call::number(std::process::id()),
            call::text(env!("CARGO_PKG_VERSION")),
        ];
        self.call_within(ANSWER_LIMIT, Lane::System, "beat", BEAT, &params).await?;
        Ok(())
    }

    pub(super) async fn leave(&self, client_id: &str) -> Result<i64, StoreError> {
        let rows = self.call_within(ANSWER_LIMIT, Lane::System, "leave", LEAVE, &[call::text(client_id)]).await?;
        rows.first().map_or(Ok(0), |row| call::read(row, 0))
    }

    pub(super) async fn touch_queue(&self, queue: &str) -> Result<bool, StoreError> {
        let rows =
            self.call_within(ANSWER_LIMIT, Lane::System, "touch_queue", TOUCH_QUEUE, &[call::text(queue)]).await?;
        rows.first().map_or(Ok(false), |row| call::read_flag(row, 0))
    }

    pub(super) async fn poll_control(&self, client_id: &str, queues: &[String]) -> Result<Control, StoreError> {
        let params = [call::text(client_id), call::texts(queues)];
        let rows = self.call_within(ANSWER_LIMIT, Lane::System, "poll_control", POLL_CONTROL, &params).await?;
        let Some(row) = rows.first() else { return Ok(Control::default()) };
        Ok(Control {
            paused: call::read_json(row, 0)?,
            cancelled: call::read_json(row, 1)?,
            running: call::read_json(row, 2)?,
        })
    }

    pub(super) async fn greet(&self, client_id: &str) -> Result<(), StoreError> {
        let params = [call::text(client_id), call::text(CONTROL_CHANNEL)];
        self.call_within(ANSWER_LIMIT, Lane::System, "greet", GREET, &params).await?;
        Ok(())
    }

    /// `false` = it is not that run any more.
    pub(super) async fn hand_back_unknown(&self, run: (i64, i64)) -> Result<bool, StoreError> {
        let params = [call::number(run.0), call::number(run.1)];
        Ok(!self
            .call_within(ANSWER_LIMIT, Lane::System, "hand_back_unknown", HAND_BACK_UNKNOWN, &params)
            .await?
            .is_empty())
    }

    pub(super) async fn elect(&self, client_id: &str, lease: Duration) -> Result<Bid, StoreError> {
        let params = [call::text(client_id), call::seconds(lease)];
        let rows = self.call_within(ANSWER_LIMIT, Lane::System, "leader_elect", LEADER_ELECT, &params).await?;
        let row = rows.first();
        let left =
            row.and_then(|row| row.text(1)?.parse().ok()).and_then(|left| Duration::try_from_secs_f64(left).ok());
        Ok(row.and_then(|row| row.int(0)).map_or(Bid::Lost(left), Bid::Won))
    }

    pub(super) async fn renew(&self, client_id: &str, term: i64, lease: Duration) -> Result<bool, StoreError> {
        let params = [call::text(client_id), call::number(term), call::seconds(lease)];
        Ok(!self.call_within(ANSWER_LIMIT, Lane::System, "leader_renew", LEADER_RENEW, &params).await?.is_empty())
    }

    pub(super) async fn resign(&self, client_id: &str) -> Result<(), StoreError> {
        self.call_within(ANSWER_LIMIT, Lane::System, "leader_resign", LEADER_RESIGN, &[call::text(client_id)]).await?;
        Ok(())
    }

    /// Makes due jobs available; returns how many rows moved.
    pub(super) async fn schedule(&self, ahead: Duration, batch: i32) -> Result<usize, StoreError> {
        let params = [call::seconds(ahead), call::number(batch)];
        Ok(self.call_within(HOUSEKEEPING_LIMIT, Lane::System, "schedule", SCHEDULE, &params).await?.len())
    }

    pub(super) async fn rescue_dead(&self, silent_for: Duration, batch: i32) -> Result<usize, StoreError> {
        let params = [call::seconds(silent_for), call::number(batch)];
        Ok(self.call_within(HOUSEKEEPING_LIMIT, Lane::System, "rescue_dead", RESCUE_DEAD, &params).await?.len())
    }

    pub(super) async fn rescue_stuck(
        &self,
        running_for: Duration,
        batch: i32,
        kinds: &[String],
    ) -> Result<usize, StoreError> {
        let jitter: f64 = rand::random();
        let params = [call::seconds(running_for), call::number(batch), call::texts(kinds), call::number(jitter)];
        Ok(self.call_within(HOUSEKEEPING_LIMIT, Lane::System, "rescue_stuck", RESCUE_STUCK, &params).await?.len())
    }

    pub(super) async fn clean(&self, batch: i32) -> Result<usize, StoreError> {
        let rows = self.call_within(HOUSEKEEPING_LIMIT, Lane::System, "clean", CLEAN, &[call::number(batch)]).await?;
        rows.first().map_or(Ok(0), |row| call::read(row, 0))
    }

    /// Rebuilds one index without blocking writers. Skipped where the login does not own the table (the narrow role never does: then an operator's
    /// own maintenance is in charge), and when leftovers of an interrupted rebuild are there. Not possible inside a transaction.
    pub(super) async fn reindex(&self, lane: Lane, index: &'static str) -> Result<(), StoreError> {
        let client = self.db.client(lane).await.map_err(StoreError::Connect)?;
        let failed = |source| StoreError::Statement { statement: "reindexable", source };
        let rows = client.query_typed(REINDEXABLE, &[(&index, Type::TEXT)]).await.map_err(failed)?;
        if !rows.is_empty() {
            let failed = |source| StoreError::Statement { statement: "reindex", source };
            client.batch_execute(&format!("reindex index concurrently metadata.{index}")).await.map_err(failed)?;
        }
        Ok(())
    }

    pub(super) async fn clean_queues(&self) -> Result<(), StoreError> {
        self.call_within(HOUSEKEEPING_LIMIT, Lane::System, "clean_queues", CLEAN_QUEUES, &[]).await?;
        Ok(())
    }
}

/// Marks a job as completed inside a transaction of its kind, so that the kind's writes and the completion are one. `false` = the run is no longer ours
/// (cancelled, handed to somebody else): roll back. Return [`super::Outcome::AlreadyCompleted`] after the commit.
///
/// # Errors
/// The database.
pub async fn complete_in(transaction: &tokio_postgres::Transaction<'_>, job: &Job) -> Result<bool, StoreError> {
    let parameters: [(&(dyn ToSql + Sync), Type); 2] =
        [(&vec![job.id], Type::INT8_ARRAY), (&vec![job.began()], Type::INT8_ARRAY)];
    let rows = transaction
        .query_typed(COMPLETE, &parameters)
        .await
        .map_err(|source| StoreError::Statement { statement: "complete", source })?;
    Ok(!rows.is_empty())
}
