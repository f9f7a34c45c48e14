//! Jobs by the clock, kept in `metadata.periodic_jobs`, where operators change them. Each process inserts the defaults of its kinds once; the leader inserts
//! the jobs. Each due time counts once whoever leads: the row's `next_run_at` is compared and moved in the statement that inserts the job.
//! The clock is the database's. Tests: `tests/it/jobs/periodic.rs`.

use super::call;
use super::schedule::Schedule;
use super::store::{Store, StoreError};
use crate::db::{Lane, ResultRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

const DECLARE: &str = include_str!("../sql/jobs/periodic_declare.sql");
const LIST: &str = include_str!("../sql/jobs/periodic_list.sql");
const PLAN: &str = include_str!("../sql/jobs/periodic_plan.sql");
const FIRE: &str = include_str!("../sql/jobs/periodic_fire.sql");

/// Changes of operators are seen this soon.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A due time that is over for longer was missed; a change of the leader takes less.
const MISSED_AFTER: time::Duration = time::Duration::seconds(60);

/// What happens to due times at which no leader was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missed {
    /// The job runs once, however many were missed.
    #[default]
    Once,
    /// They are forgotten.
    Skip,
}

impl Missed {
    /// The text in the `missed` column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
        }
    }
}

impl std::str::FromStr for Missed {
    type Err = &'static str;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "once" => Ok(Self::Once),
            "skip" => Ok(Self::Skip),
            _ => Err("it is one of once, skip"),
        }
    }
}

/// A kind's default for a job by the clock; see [`super::Kind::periodic`].
#[derive(Clone, Debug)]
pub struct Periodic {
    /// Its name in `metadata.periodic_jobs`, unique in the database.
    pub name: &'static str,
    /// Five fields, or six with seconds in front.
    pub cron: &'static str,
    /// IANA name of the time zone that the fields mean.
    pub time_zone: &'static str,
    /// Arguments of each job.
    pub args: Value,
    /// 1 (first) to 4.
    pub priority: i16,
    /// Attempts of each job in all.
    pub max_attempts: i16,
    /// What happens to due times at which nobody worked.
    pub missed: Missed,
}

impl Periodic {
    /// In UTC, without arguments, priority 1, 25 attempts, missed times run once.
    pub fn new(name: &'static str, cron: &'static str) -> Self {
        let args = Value::Object(serde_json::Map::new());
        Self { name, cron, time_zone: "UTC", args, priority: 1, max_attempts: 25, missed: Missed::Once }
    }
}

/// A row of `metadata.periodic_jobs`.
#[derive(Clone, Debug, Serialize)]
pub struct PeriodicJob {
    /// Primary key.
    pub name: String,
    /// Cron expression.
    pub cron: String,
    /// IANA name.
    pub time_zone: String,
    /// Kind of the jobs.
    pub kind: String,
    /// Arguments of the jobs.
    pub args: Value,
    /// Queue of the jobs.
    pub queue: String,
    /// 1 (first) to 4.
    pub priority: i16,
    /// Attempts in all.
    pub max_attempts: i16,
    /// `once` or `skip`.
    pub missed: String,
    /// Whether it is due at all.
    pub enabled: bool,
    /// When it is due next; none until the leader has looked.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_run_at: Option<OffsetDateTime>,
    /// The last due time that became a job.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_run_at: Option<OffsetDateTime>,
    /// Why it cannot be due.
    pub last_error: Option<String>,
    #[serde(skip)]
    planned_from: Option<String>,
}

impl PeriodicJob {
    fn schedule(&self) -> String {
        format!("{} {}", self.cron, self.time_zone)
    }
}

fn read_row(row: &ResultRow) -> Result<PeriodicJob, StoreError> {
    Ok(PeriodicJob {
        name: call::read(row, 0)?,
        cron: call::read(row, 1)?,
        time_zone: call::read(row, 2)?,
        kind: call::read(row, 3)?,
        // Only shown; PostgreSQL copies them into the job itself.
        args: call::read_json(row, 4).unwrap_or_default(),
        queue: call::read(row, 5)?,
        priority: call::read(row, 6)?,
        max_attempts: call::read(row, 7)?,
        missed: call::read(row, 8)?,
        enabled: call::read_flag(row, 9)?,
        next_run_at: call::read_instant(row, 10),
        last_run_at: call::read_instant(row, 11),
        last_error: row.text(12).map(str::to_owned),
        planned_from: row.text(13).map(str::to_owned),
    })
}

impl Store {
    /// All rows, and the database's clock where there is any.
    pub(super) async fn periodic_jobs(&self) -> Result<(Vec<PeriodicJob>, Option<OffsetDateTime>), StoreError> {
        let rows = self.call(Lane::System, "periodic_list", LIST, &[]).await?;
        let now = rows.first().and_then(|row| call::read_instant(row, 14));
        Ok((rows.iter().map(read_row).collect::<Result<_, _>>()?, now))
    }

    async fn declare_periodic(&self, kind: &str, queue: &str, job: &Periodic) -> Result<(), StoreError> {
        let params = [
            call::text(job.name),
            call::text(job.cron),
            call::text(job.time_zone),
            call::text(kind),
            call::json(&job.args),
            call::text(queue),
            call::number(job.priority),
            call::number(job.max_attempts),
            call::text(job.missed.as_str()),
        ];
        self.call(Lane::System, "periodic_declare", DECLARE, &params).await?;
        Ok(())
    }

    async fn plan_periodic(
        &self,
        name: &str,
        planned_from: Option<&str>,
        due: Option<OffsetDateTime>,
        error: Option<&str>,
    ) -> Result<(), StoreError> {
        let params = [
            call::text(name),
            call::optional(planned_from, call::text),
            call::optional(due, call::instant),
            call::optional(error, call::text),
        ];
        self.call(Lane::System, "periodic_plan", PLAN, &params).await?;
        Ok(())
    }

    async fn fire_periodic(&self, job: &PeriodicJob, firing: &Firing) -> Result<Option<i64>, StoreError> {
        let params = [
            call::text(&job.name),
            call::text(&firing.planned_from),
            call::instant(firing.due),
            call::optional(firing.next, call::instant),
            call::flag(firing.runs),
        ];
        let rows = self.call(Lane::System, "periodic_fire", FIRE, &params).await?;
        rows.first().map(|row| call::read(row, 0)).transpose()
    }
}

struct Firing {
    planned_from: String,
    due: OffsetDateTime,
    next: Option<OffsetDateTime>,
    runs: bool,
}

/// Inserts the defaults of this process' kinds; tries until the database takes them.
pub(super) async fn declare(store: Store, jobs: Vec<(&'static str, &'static str, Periodic)>, stop: CancellationToken) {
    for (kind, queue, job) in jobs {
        while let Err(error) = store.declare_periodic(kind, queue, &job).await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "The periodic job {} cannot be registered yet",
                job.name
            );
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }
}

/// The leader's part, until its term ends.
pub(super) async fn run(store: &Store, term: &CancellationToken) {
    loop {
        let pause = match turn(store).await {
            Ok(until_due) => until_due.min(LOOK_EVERY),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "Periodic jobs cannot be looked at");
                LOOK_EVERY
            }
        };
        tokio::select! {
            () = term.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Inserts what is due and says how long nothing will be. A row that cannot be inserted keeps its due time and carries the error; others go on.
async fn turn(store: &Store) -> Result<Duration, StoreError> {
    let (jobs, now) = store.periodic_jobs().await?;
    let Some(now) = now else { return Ok(LOOK_EVERY) };
    let mut rest = LOOK_EVERY;
    for job in jobs {
        let planned_from = job.schedule();
        if !job.enabled {
            // What passes while it is off was not missed.
            if job.next_run_at.is_some() {
                store.plan_periodic(&job.name, None, None, None).await?;
            }
            continue;
        }
        let next = Schedule::parse(&job.cron, &job.time_zone).and_then(|schedule| schedule.next(now));
        let due = job.next_run_at.filter(|_| job.planned_from.as_ref() == Some(&planned_from));
        let Some(due) = due else {
            let error = next.as_ref().err().map(String::as_str);
            if error.is_none() || job.last_error.as_deref() != error {
                store.plan_periodic(&job.name, Some(&planned_from), next.as_ref().ok().copied(), error).await?;
            }
            if let Ok(next) = next {
                rest = rest.min(until(now, next));
            }
            continue;
        };
        if due > now {
            rest = rest.min(until(now, due));
            continue;
        }
        let runs = job.missed == Missed::Once.as_str() || now - due <= MISSED_AFTER;
        let firing = Firing { planned_from, due, next: next.ok(), runs };
        match store.fire_periodic(&job, &firing).await {
            Ok(Some(id)) => tracing::debug!(job_id = id, "The periodic job {} is due: job {id}", job.name),
            Ok(None) if !runs => tracing::info!("The periodic job {} missed its time {due} and skips it", job.name),
            // Another leader was faster, or somebody changed the row.
            Ok(None) => {}
            Err(error) => {
                let text = readable(&error);
                tracing::warn!(error = text, "The periodic job {} cannot be inserted", job.name);
                store.plan_periodic(&job.name, Some(&firing.planned_from), Some(due), Some(&text)).await?;
            }
        }
        if let Some(next) = firing.next {
            rest = rest.min(until(now, next));
        }
    }
    Ok(rest)
}

fn readable(error: &StoreError) -> String {
    use std::error::Error as _;
    error.source().map_or_else(|| error.to_string(), |source| source.to_string())
}

fn until(now: OffsetDateTime, due: OffsetDateTime) -> Duration {
    // A hair later, so that the database's clock has certainly passed it.
    Duration::try_from(due - now).unwrap_or_default() + Duration::from_millis(2)
}
