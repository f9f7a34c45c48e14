//! What operators do to jobs from outside (WORKERS.md §2.7): list, show, retry, cancel, pause, resume, delete, enqueue. Used by `civic-os jobs` and the
//! administration; same effects as River's own client, so both can be used side by side.

use super::control::CONTROL_CHANNEL;
use super::model::{Job, JobState};
use super::store::{NewJob, Store, StoreError, read_job};
use crate::db::Lane;
use serde::Serialize;
use tokio_postgres::types::Type;

const LIST: &str = include_str!("../sql/jobs/list.sql");
const COUNT: &str = include_str!("../sql/jobs/count.sql");
const RETRY: &str = include_str!("../sql/jobs/retry.sql");
const CANCEL: &str = include_str!("../sql/jobs/cancel.sql");
const PAUSE: &str = include_str!("../sql/jobs/pause.sql");

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Only this job.
    pub id: Option<i64>,
    /// Only these states; empty = all.
    pub states: Vec<JobState>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only this queue.
    pub queue: Option<String>,
    /// At most so many, newest first.
    pub limit: i64,
}

/// A line of the overview.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct QueueCount {
    /// Queue.
    pub queue: String,
    /// Kind.
    pub kind: String,
    /// State.
    pub state: JobState,
    /// Rows.
    pub count: i64,
    /// Age of the oldest row in seconds, by the time it was or is due.
    pub oldest_seconds: i64,
    /// Whether the queue is paused.
    pub paused: bool,
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// No row with this id.
    #[error("there is no job {0}; it may have been cleaned up after its keeping time")]
    NotFound(i64),
    /// The state forbids it.
    #[error("job {id} is {state}, so it cannot be {verb}")]
    WrongState {
        /// The job.
        id: i64,
        /// Its state.
        state: &'static str,
        /// What was asked for.
        verb: &'static str,
    },
    /// Names outside River's rules.
    #[error("{0}")]
    Invalid(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Operations on the queue's tables.
#[derive(Clone)]
pub struct Operations {
    store: Store,
}

impl Operations {
    /// On the same tables as the queue.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// The database.
    pub async fn list(&self, filter: &JobFilter) -> Result<Vec<Job>, OperationError> {
        let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
        let rows = self
            .store
            .call(
                Lane::System,
                "list",
                LIST,
                &[
                    (&filter.id, Type::INT8),
                    (&states, Type::TEXT_ARRAY),
                    (&filter.kind, Type::TEXT),
                    (&filter.queue, Type::TEXT),
                    (&filter.limit, Type::INT8),
                ],
            )
            .await?;
        Ok(rows.iter().map(read_job).collect::<Result<_, _>>()?)
    }

    /// One job.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], or the database.
    pub async fn show(&self, id: i64) -> Result<Job, OperationError> {
        let filter = JobFilter { id: Some(id), limit: 1, ..JobFilter::default() };
        self.list(&filter).await?.pop().ok_or(OperationError::NotFound(id))
    }

    /// Rows by queue, kind and state.
    ///
    /// # Errors
    /// The database.
    pub async fn count(&self) -> Result<Vec<QueueCount>, OperationError> {
        let rows = self.store.call(Lane::System, "count", COUNT, &[]).await?;
        rows.iter()
            .map(|row| {
                let label: String = row.try_get(2).map_err(StoreError::Row)?;
                Ok(QueueCount {
                    queue: row.try_get(0).map_err(StoreError::Row)?,
                    kind: row.try_get(1).map_err(StoreError::Row)?,
                    state: label.parse().unwrap_or(JobState::Pending),
                    count: row.try_get(3).map_err(StoreError::Row)?,
                    oldest_seconds: row.try_get(4).map_err(StoreError::Row)?,
                    paused: row.try_get(5).map_err(StoreError::Row)?,
                })
            })
            .collect()
    }

    /// Makes a job available now, with one more attempt when all were used. A running job is left alone.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], [`OperationError::WrongState`], or the database.
    pub async fn retry(&self, id: i64) -> Result<(), OperationError> {
        self.change("retry", RETRY, id, "retried").await
    }

    /// Cancels a job; a running one is told to stop by its process.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], [`OperationError::WrongState`] for a final job, or the database.
    pub async fn cancel(&self, id: i64) -> Result<(), OperationError> {
        self.change("cancel", CANCEL, id, "cancelled").await
    }

    async fn change(
        &self,
        statement: &'static str,
        sql: &'static str,
        id: i64,
        verb: &'static str,
    ) -> Result<(), OperationError> {
        let channel = CONTROL_CHANNEL;
        let rows = self.store.call(Lane::System, statement, sql, &[(&id, Type::INT8), (&channel, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Err(OperationError::NotFound(id)) };
        let changed: bool = row.try_get(0).map_err(StoreError::Row)?;
        let label: String = row.try_get(1).map_err(StoreError::Row)?;
        let state: JobState = label.parse().unwrap_or(JobState::Pending);
        if changed { Ok(()) } else { Err(OperationError::WrongState { id, state: state.as_str(), verb }) }
    }

    /// Stops or resumes fetching from a queue (`*` = all) in every process.
    ///
    /// # Errors
    /// The database.
    pub async fn set_paused(&self, queue: &str, paused: bool) -> Result<(), OperationError> {
        let channel = CONTROL_CHANNEL;
        self.store
            .call(Lane::System, "pause", PAUSE, &[(&queue, Type::TEXT), (&paused, Type::BOOL), (&channel, Type::TEXT)])
            .await?;
        Ok(())
    }

    /// Inserts a job.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] for names outside River's rules, or the database.
    pub async fn enqueue(&self, job: &NewJob) -> Result<(i64, bool), OperationError> {
        job.check().map_err(OperationError::Invalid)?;
        Ok(self.store.insert(job).await?)
    }
}
