//! What operators do to jobs from outside (WORKERS.md §2.7): list, show, retry, cancel, pause, resume, delete, enqueue. Used by `civic-os jobs` and the
//! administration; same effects as River's own client, so both can be used side by side.

use super::call;
use super::control::{CONTROL_CHANNEL, INSERT_CHANNEL};
use super::model::{Job, JobState};
use super::periodic::{Missed, PeriodicJob};
use super::schedule::Schedule;
use super::store::{NewJob, Store, StoreError};
use crate::db::Lane;
use serde::Serialize;

const LIST: &str = include_str!("../sql/jobs/list.sql");
const COUNT: &str = include_str!("../sql/jobs/count.sql");
const RETRY: &str = include_str!("../sql/jobs/retry.sql");
const CANCEL: &str = include_str!("../sql/jobs/cancel.sql");
const PERIODIC_SET: &str = include_str!("../sql/jobs/periodic_set.sql");
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

/// What an operator changes about a periodic job; none leaves a column as it is. A new name needs cron and kind.
#[derive(Clone, Debug, Default)]
pub struct PeriodicChange {
    /// Cron expression.
    pub cron: Option<String>,
    /// IANA name.
    pub time_zone: Option<String>,
    /// Kind of the jobs.
    pub kind: Option<String>,
    /// Arguments of the jobs.
    pub args: Option<serde_json::Value>,
    /// Queue of the jobs.
    pub queue: Option<String>,
    /// 1 (first) to 4.
    pub priority: Option<i16>,
    /// Attempts in all.
    pub max_attempts: Option<i16>,
    /// What happens to missed times.
    pub missed: Option<Missed>,
    /// Whether it is due at all.
    pub enabled: Option<bool>,
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
    /// No periodic job has this name.
    #[error("there is no periodic job \"{0}\"; a new one needs a cron expression and a kind")]
    NoPeriodicJob(String),
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
        let params = [
            call::optional(filter.id, call::number),
            call::texts(&states),
            call::optional(filter.kind.as_deref(), call::text),
            call::optional(filter.queue.as_deref(), call::text),
            call::number(filter.limit),
        ];
        let rows = self.store.call(Lane::System, "list", LIST, &params).await?;
        Ok(rows.iter().map(|row| call::read_job(row).job).collect())
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
                Ok(QueueCount {
                    queue: call::read(row, 0)?,
                    kind: call::read(row, 1)?,
                    state: call::read(row, 2)?,
                    count: call::read(row, 3)?,
                    oldest_seconds: call::read(row, 4)?,
                    paused: call::read_flag(row, 5)?,
                })
            })
            .collect()
    }

    /// Makes a job available now, with one more attempt when all were used. A running job is left alone.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], [`OperationError::WrongState`], or the database.
    pub async fn retry(&self, id: i64) -> Result<(), OperationError> {
        self.change("retry", RETRY, id, INSERT_CHANNEL, "retried").await
    }

    /// Cancels a job; a running one is told to stop by its process.
    ///
    /// # Errors
    /// [`OperationError::NotFound`], [`OperationError::WrongState`] for a final job, or the database.
    pub async fn cancel(&self, id: i64) -> Result<(), OperationError> {
        self.change("cancel", CANCEL, id, CONTROL_CHANNEL, "cancelled").await
    }

    async fn change(
        &self,
        statement: &'static str,
        sql: &'static str,
        id: i64,
        channel: &str,
        verb: &'static str,
    ) -> Result<(), OperationError> {
        let params = [call::number(id), call::text(channel)];
        let rows = self.store.call(Lane::System, statement, sql, &params).await?;
        let Some(row) = rows.first() else { return Err(OperationError::NotFound(id)) };
        let state: JobState = call::read(row, 1)?;
        match call::read_flag(row, 0)? {
            true => Ok(()),
            false => Err(OperationError::WrongState { id, state: state.as_str(), verb }),
        }
    }

    /// Stops or resumes fetching from a queue (`*` = all) in every process.
    ///
    /// # Errors
    /// The database.
    pub async fn set_paused(&self, queue: &str, paused: bool) -> Result<(), OperationError> {
        let params = [call::text(queue), call::flag(paused), call::text(CONTROL_CHANNEL)];
        self.store.call(Lane::System, "pause", PAUSE, &params).await?;
        Ok(())
    }

    /// Jobs by the clock, by name.
    ///
    /// # Errors
    /// The database.
    pub async fn periodic_jobs(&self) -> Result<Vec<PeriodicJob>, OperationError> {
        Ok(self.store.periodic_jobs().await?.0)
    }

    /// Changes a job by the clock, or makes one. Whoever leads sees it within seconds.
    ///
    /// # Errors
    /// [`OperationError::Invalid`] for a wrong cron expression, time zone, kind or queue, [`OperationError::NoPeriodicJob`], or the database.
    pub async fn set_periodic(&self, name: &str, change: &PeriodicChange) -> Result<(), OperationError> {
        let jobs = self.periodic_jobs().await?;
        let old = jobs.iter().find(|job| job.name == name);
        let cron = change.cron.as_deref().or(old.map(|job| job.cron.as_str()));
        let kind = change.kind.as_deref().or(old.map(|job| job.kind.as_str()));
        let (Some(cron), Some(kind)) = (cron, kind) else { return Err(OperationError::NoPeriodicJob(name.to_owned())) };
        let zone = change.time_zone.as_deref().or(old.map(|job| job.time_zone.as_str())).unwrap_or("UTC");
        // Switching a broken one off must stay possible.
        if change.cron.is_some() || change.time_zone.is_some() || change.enabled == Some(true) {
            let schedule = Schedule::parse(cron, zone).map_err(OperationError::Invalid)?;
            schedule.next(time::OffsetDateTime::now_utc()).map_err(OperationError::Invalid)?;
        }
        let mut sample = NewJob::new(kind, serde_json::Value::Null);
        if let Some(queue) = &change.queue {
            sample.queue.clone_from(queue);
        }
        sample.check().map_err(OperationError::Invalid)?;
        let params = [
            call::text(name),
            call::optional(change.cron.as_deref(), call::text),
            call::optional(change.time_zone.as_deref(), call::text),
            call::optional(change.kind.as_deref(), call::text),
            call::optional(change.args.as_ref(), call::json),
            call::optional(change.queue.as_deref(), call::text),
            call::optional(change.priority, call::number),
            call::optional(change.max_attempts, call::number),
            call::optional(change.missed.map(Missed::as_str), call::text),
            call::optional(change.enabled, call::flag),
        ];
        let rows = self.store.call(Lane::System, "periodic_set", PERIODIC_SET, &params).await?;
        if rows.is_empty() { Err(OperationError::NoPeriodicJob(name.to_owned())) } else { Ok(()) }
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
