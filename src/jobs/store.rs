//! Every statement of the queue, each in a short transaction under the narrow role `civic_os_worker`. No connection is held between two of them.

use super::model::{AttemptError, Job, JobState};
use super::unique::Unique;
use crate::db::{Db, DbError, Lane};
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

/// The role of all statements here, whatever the login is.
const WORKER_ROLE: &str = "civic_os_worker";

const CLAIM: &str = include_str!("../sql/jobs/claim.sql");
const COMPLETE: &str = include_str!("../sql/jobs/complete.sql");
const SETTLE: &str = include_str!("../sql/jobs/settle.sql");
const MERGE_METADATA: &str = include_str!("../sql/jobs/merge_metadata.sql");
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
const CLEAN_QUEUES: &str = include_str!("../sql/jobs/clean_queues.sql");

/// A statement of the queue failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection.
    #[error("no connection for the job queue")]
    Connect(#[source] DbError),
    /// The database refused or the connection broke.
    #[error("the statement \"{statement}\" of the job queue failed")]
    Statement {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// Cause.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The insert answered without a row, which no trigger of ours does.
    #[error("the job was not inserted: a trigger on metadata.river_job suppressed the row")]
    NothingInserted,
    /// A row that River's table cannot hold.
    #[error("a row of metadata.river_job cannot be read")]
    Row(#[source] tokio_postgres::Error),
}

/// A typed parameter; types are given so that no statement needs a round trip of its own to be described.
type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// Access to the queue's tables; cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
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
    pub(super) attempt: i16,
    pub(super) state: JobState,
    pub(super) due_in: Option<Duration>,
    pub(super) error: Option<AttemptError>,
    pub(super) refund: i16,
    pub(super) counts_as_snooze: bool,
}

/// Paused queues and cancelled runs, as polled.
#[derive(Clone, Debug, Default)]
pub(super) struct Control {
    pub(super) paused: Vec<String>,
    pub(super) cancelled: Vec<i64>,
}

impl Store {
    /// On the pool of the process.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// One statement in one transaction, sent as one message group.
    pub(super) async fn call(
        &self,
        lane: Lane,
        statement: &'static str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let client = self.db.client(lane).await.map_err(StoreError::Connect)?;
        in_role(&client, statement, sql, parameters).await
    }

    pub(super) async fn claim(
        &self,
        queue: &str,
        client_id: &str,
        limit: usize,
        kinds: &[String],
    ) -> Result<Vec<Job>, StoreError> {
        let limit = i32::try_from(limit).unwrap_or(i32::MAX);
        let rows = self
            .call(
                Lane::Jobs,
                "claim",
                CLAIM,
                &[(&queue, Type::TEXT), (&client_id, Type::TEXT), (&limit, Type::INT4), (&kinds, Type::TEXT_ARRAY)],
            )
            .await?;
        let mut jobs = rows.iter().map(read_job).collect::<Result<Vec<_>, _>>()?;
        // `update … returning` has no order of its own.
        jobs.sort_by_key(|job| (job.priority, job.scheduled_at, job.id));
        Ok(jobs)
    }

    pub(super) async fn complete(&self, ids: &[i64], attempts: &[i16]) -> Result<usize, StoreError> {
        let rows = self
            .call(Lane::System, "complete", COMPLETE, &[(&ids, Type::INT8_ARRAY), (&attempts, Type::INT2_ARRAY)])
            .await?;
        Ok(rows.len())
    }

    pub(super) async fn settle(&self, settlement: &Settlement) -> Result<Option<JobState>, StoreError> {
        let state = settlement.state.as_str();
        let due_in = settlement.due_in.map(|due| due.as_secs_f64());
        let error = settlement.error.as_ref().map(AttemptError::to_json);
        let notes = Value::Object(serde_json::Map::new());
        let rows = self
            .call(
                Lane::System,
                "settle",
                SETTLE,
                &[
                    (&settlement.id, Type::INT8),
                    (&settlement.attempt, Type::INT2),
                    (&state, Type::TEXT),
                    (&due_in, Type::FLOAT8),
                    (&error, Type::JSONB),
                    (&settlement.refund, Type::INT2),
                    (&notes, Type::JSONB),
                    (&settlement.counts_as_snooze, Type::BOOL),
                ],
            )
            .await?;
        rows.first().map(|row| read_state(row, 0)).transpose()
    }

    /// Merges notes into a row whatever state it is in.
    ///
    /// # Errors
    /// When the database cannot be reached or refuses.
    pub async fn merge_metadata(&self, id: i64, notes: &Value) -> Result<(), StoreError> {
        self.call(Lane::System, "merge_metadata", MERGE_METADATA, &[(&id, Type::INT8), (notes, Type::JSONB)]).await?;
        Ok(())
    }

    /// Inserts a job; the second part of the answer tells whether it was there already (unique conflict).
    ///
    /// # Errors
    /// When the database cannot be reached or refuses the row.
    pub async fn insert(&self, job: &NewJob) -> Result<(i64, bool), StoreError> {
        let state = match (job.pending, job.scheduled_at) {
            (true, _) => JobState::Pending,
            (false, Some(due)) if due > OffsetDateTime::now_utc() => JobState::Scheduled,
            _ => JobState::Available,
        }
        .as_str();
        let due = job.scheduled_at.unwrap_or_else(OffsetDateTime::now_utc);
        let key = job.unique.as_ref().map(|unique| unique.key(&job.kind, &job.args, &job.queue, due));
        let mask = job.unique.as_ref().map(Unique::states_mask);
        let rows = self
            .call(
                Lane::System,
                "insert",
                INSERT,
                &[
                    (&job.kind, Type::TEXT),
                    (&job.args, Type::JSONB),
                    (&job.queue, Type::TEXT),
                    (&job.priority, Type::INT2),
                    (&job.max_attempts, Type::INT2),
                    (&state, Type::TEXT),
                    (&job.scheduled_at, Type::TIMESTAMPTZ),
                    (&job.metadata, Type::JSONB),
                    (&job.tags, Type::TEXT_ARRAY),
                    (&key, Type::BYTEA),
                    (&mask, Type::TEXT),
                ],
            )
            .await?;
        let row = rows.first().ok_or(StoreError::NothingInserted)?;
        Ok((row.try_get(0).map_err(StoreError::Row)?, row.try_get(1).map_err(StoreError::Row)?))
    }

    pub(super) async fn beat(&self, client_id: &str, roles: &[String], host: &str) -> Result<(), StoreError> {
        let pid = i32::try_from(std::process::id()).unwrap_or(0);
        let version = env!("CARGO_PKG_VERSION");
        self.call(
            Lane::System,
            "beat",
            BEAT,
            &[
                (&client_id, Type::TEXT),
                (&roles, Type::TEXT_ARRAY),
                (&host, Type::TEXT),
                (&pid, Type::INT4),
                (&version, Type::TEXT),
            ],
        )
        .await?;
        Ok(())
    }

    pub(super) async fn leave(&self, client_id: &str) -> Result<i64, StoreError> {
        let rows = self.call(Lane::System, "leave", LEAVE, &[(&client_id, Type::TEXT)]).await?;
        rows.first().map_or(Ok(0), |row| row.try_get(0).map_err(StoreError::Row))
    }

    pub(super) async fn touch_queue(&self, queue: &str) -> Result<bool, StoreError> {
        let rows = self.call(Lane::System, "touch_queue", TOUCH_QUEUE, &[(&queue, Type::TEXT)]).await?;
        rows.first().map_or(Ok(false), |row| row.try_get(0).map_err(StoreError::Row))
    }

    pub(super) async fn poll_control(&self, client_id: &str, queues: &[String]) -> Result<Control, StoreError> {
        let rows = self
            .call(Lane::System, "poll_control", POLL_CONTROL, &[(&client_id, Type::TEXT), (&queues, Type::TEXT_ARRAY)])
            .await?;
        let Some(row) = rows.first() else { return Ok(Control::default()) };
        Ok(Control {
            paused: row.try_get(0).map_err(StoreError::Row)?,
            cancelled: row.try_get(1).map_err(StoreError::Row)?,
        })
    }

    pub(super) async fn elect(&self, client_id: &str, lease: Duration) -> Result<Option<OffsetDateTime>, StoreError> {
        let lease = lease.as_secs_f64();
        let rows = self
            .call(Lane::System, "leader_elect", LEADER_ELECT, &[(&client_id, Type::TEXT), (&lease, Type::FLOAT8)])
            .await?;
        rows.first().map(|row| row.try_get(0).map_err(StoreError::Row)).transpose()
    }

    pub(super) async fn renew(
        &self,
        client_id: &str,
        elected_at: OffsetDateTime,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let lease = lease.as_secs_f64();
        let parameters: [Parameter<'_>; 3] =
            [(&client_id, Type::TEXT), (&elected_at, Type::TIMESTAMPTZ), (&lease, Type::FLOAT8)];
        Ok(!self.call(Lane::System, "leader_renew", LEADER_RENEW, &parameters).await?.is_empty())
    }

    pub(super) async fn resign(&self, client_id: &str) -> Result<(), StoreError> {
        self.call(Lane::System, "leader_resign", LEADER_RESIGN, &[(&client_id, Type::TEXT)]).await?;
        Ok(())
    }

    /// Returns how many rows moved and the queues with a job that is due now.
    pub(super) async fn schedule(&self, ahead: Duration, batch: i32) -> Result<usize, StoreError> {
        let ahead = ahead.as_secs_f64();
        Ok(self.call(Lane::System, "schedule", SCHEDULE, &[(&ahead, Type::FLOAT8), (&batch, Type::INT4)]).await?.len())
    }

    pub(super) async fn rescue_dead(&self, silent_for: Duration, batch: i32) -> Result<usize, StoreError> {
        let silent = silent_for.as_secs_f64();
        Ok(self
            .call(Lane::System, "rescue_dead", RESCUE_DEAD, &[(&silent, Type::FLOAT8), (&batch, Type::INT4)])
            .await?
            .len())
    }

    pub(super) async fn rescue_stuck(
        &self,
        running_for: Duration,
        batch: i32,
        kinds: &[String],
    ) -> Result<usize, StoreError> {
        let (running, jitter) = (running_for.as_secs_f64(), rand::random::<f64>());
        let parameters: [Parameter<'_>; 4] =
            [(&running, Type::FLOAT8), (&batch, Type::INT4), (&kinds, Type::TEXT_ARRAY), (&jitter, Type::FLOAT8)];
        Ok(self.call(Lane::System, "rescue_stuck", RESCUE_STUCK, &parameters).await?.len())
    }

    pub(super) async fn clean(&self, batch: i32) -> Result<u64, StoreError> {
        let sql = format!("with gone as ({} returning 1) select count(*) from gone", CLEAN.trim_end());
        let rows = self.call(Lane::System, "clean", &sql, &[(&batch, Type::INT4)]).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0)).map_err(StoreError::Row)?;
        Ok(count.unsigned_abs())
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
        self.call(Lane::System, "clean_queues", CLEAN_QUEUES, &[]).await?;
        Ok(())
    }
}

/// Marks a job as completed inside a transaction of its kind, so that the kind's writes and the completion are one. `false` = the run is no longer ours
/// (cancelled, handed to somebody else): roll back. Return [`super::Outcome::AlreadyCompleted`] after the commit.
///
/// # Errors
/// The database.
pub async fn complete_in(transaction: &tokio_postgres::Transaction<'_>, job: &Job) -> Result<bool, StoreError> {
    let parameters: [Parameter<'_>; 2] = [(&vec![job.id], Type::INT8_ARRAY), (&vec![job.attempt], Type::INT2_ARRAY)];
    let rows = transaction
        .query_typed(COMPLETE, &parameters)
        .await
        .map_err(|source| StoreError::Statement { statement: "complete", source })?;
    Ok(!rows.is_empty())
}

/// Begin with the role, the statement, commit: three messages, one round trip. The first error is the one reported, and it rolls back.
async fn in_role(
    client: &Client,
    statement: &'static str,
    sql: &str,
    parameters: &[Parameter<'_>],
) -> Result<Vec<Row>, StoreError> {
    let failed = |source| StoreError::Statement { statement, source };
    let begin = format!("begin; set local role {WORKER_ROLE}");
    let (begun, rows, committed) = futures_util::join!(
        client.batch_execute(&begin),
        client.query_typed(sql, parameters),
        client.batch_execute("commit")
    );
    begun.map_err(failed)?;
    let rows = rows.map_err(failed)?;
    committed.map_err(failed)?;
    Ok(rows)
}

/// The columns of `claim.sql` and of the operators' statements, in this order.
pub(super) fn read_job(row: &Row) -> Result<Job, StoreError> {
    let get = StoreError::Row;
    let errors: Value = row.try_get(9).map_err(get)?;
    // Rows written by others may hold anything; what does not parse is shown as text instead of failing the fetch.
    let errors = match errors {
        Value::Array(elements) => elements
            .into_iter()
            .map(|element| {
                serde_json::from_value(element.clone()).unwrap_or_else(|_| AttemptError {
                    at: OffsetDateTime::UNIX_EPOCH,
                    attempt: 0,
                    error: element.to_string(),
                    trace: String::new(),
                })
            })
            .collect(),
        _ => Vec::new(),
    };
    Ok(Job {
        id: row.try_get(0).map_err(get)?,
        kind: row.try_get(1).map_err(get)?,
        queue: row.try_get(2).map_err(get)?,
        state: read_state(row, 3)?,
        attempt: row.try_get(4).map_err(get)?,
        max_attempts: row.try_get(5).map_err(get)?,
        priority: row.try_get(6).map_err(get)?,
        args: row.try_get(7).map_err(get)?,
        metadata: row.try_get(8).map_err(get)?,
        errors,
        attempted_by: row.try_get(10).map_err(get)?,
        tags: row.try_get(11).map_err(get)?,
        created_at: row.try_get(12).map_err(get)?,
        scheduled_at: row.try_get(13).map_err(get)?,
        attempted_at: row.try_get(14).map_err(get)?,
        finalized_at: row.try_get(15).map_err(get)?,
    })
}

fn read_state(row: &Row, column: usize) -> Result<JobState, StoreError> {
    let label: String = row.try_get(column).map_err(StoreError::Row)?;
    // The enum in the database has exactly these labels; a newer one would be a state that we must not touch.
    Ok(label.parse().unwrap_or(JobState::Pending))
}
