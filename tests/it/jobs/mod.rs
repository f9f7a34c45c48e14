//! The job queue against a real database: rows as River would leave them, nothing lost, nothing twice at the same time (WORKERS.md §10, checks 2–6).

mod bounds;
mod checks;
mod command_line;
mod crash;
mod hostile;
mod housekeeping;
mod kill;
mod lost_answers;
mod model;
mod outcomes;
mod periodic;
mod restart;
mod river;
mod skew;
mod steering;
mod throughput;

use crate::support::TestDatabase;
use async_trait::async_trait;
use civic_os::db::{Db, DbOptions, Hub};
use civic_os::jobs::{JobQueue, Kind, NewJob, Operations, Outcome, QueueSettings, Registry, Run, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for something that has to happen, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(30);

type Body = dyn Fn(Run) -> futures_util::future::BoxFuture<'static, Outcome> + Send + Sync;

/// A kind whose work the test writes down.
struct TestKind {
    kind: &'static str,
    queue: &'static str,
    timeout: Duration,
    body: Arc<Body>,
}

#[async_trait]
impl Kind for TestKind {
    fn kind(&self) -> &'static str {
        self.kind
    }
    fn queue(&self) -> &'static str {
        self.queue
    }
    fn timeout(&self) -> Duration {
        self.timeout
    }
    async fn run(&self, run: Run) -> Outcome {
        (self.body)(run).await
    }
}

fn kind<F>(name: &'static str, body: impl Fn(Run) -> F + Send + Sync + 'static) -> TestKind
where
    F: Future<Output = Outcome> + Send + 'static,
{
    TestKind {
        kind: name,
        queue: "tests",
        timeout: Duration::from_secs(60),
        body: Arc::new(move |run| Box::pin(body(run))),
    }
}

/// A database with the means to insert and look.
struct Bench {
    database: TestDatabase,
    store: Store,
    operations: Operations,
    admin: tokio_postgres::Client,
    hub: Hub,
    db: Db,
}

impl Bench {
    async fn new() -> Self {
        let database = TestDatabase::create().await;
        let url = database.authenticator_url();
        let db = Db::open(DbOptions { url: url.clone(), pool_max: 8, ..DbOptions::default() }).expect("a pool");
        let hub = Hub::spawn(&url, "jobs test").expect("a listener");
        let store = Store::new(db.clone());
        let admin = database.connect().await;
        Self { operations: Operations::new(store.clone()), database, store, admin, hub, db }
    }

    /// A process that works on these kinds, with a quick heartbeat.
    fn process(&self, registry: Registry) -> JobQueue {
        JobQueue::start(self.store.clone(), Some(self.hub.clone()), registry, vec!["worker".into()], quick_heartbeat())
    }

    async fn insert(&self, kind: &str, args: serde_json::Value) -> i64 {
        let mut job = NewJob::new(kind, args);
        job.queue = "tests".into();
        self.store.insert(&job).await.expect("inserted").0
    }

    /// Columns of a job as text, as an operator's SQL sees them.
    async fn row(&self, id: i64) -> Row {
        let row = self
            .admin
            .query_one(
                "select state::text, attempt, coalesce(cardinality(errors), 0), finalized_at is not null, \
                 coalesce(attempted_by, '{}'), metadata, case when isfinite(scheduled_at) then extract(epoch from scheduled_at - now())::float8 else 0 end, \
                 to_jsonb(array_remove(coalesce(errors, '{}'), '1e999'::jsonb)) from metadata.river_job where id = $1",
                &[&id],
            )
            .await
            .expect("the job's row");
        Row {
            state: row.get(0),
            attempt: row.get(1),
            errors: row.get(2),
            finalized: row.get(3),
            attempted_by: row.get(4),
            metadata: row.get(5),
            due_in: row.get(6),
            error_elements: row.get(7),
        }
    }

    /// Waits until the row is as wanted.
    async fn wait_for(&self, id: i64, wanted: impl Fn(&Row) -> bool) -> Row {
        let started = Instant::now();
        loop {
            let row = self.row(id).await;
            if wanted(&row) {
                return row;
            }
            assert!(started.elapsed() < LIMIT, "job {id} stays {row:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn wait_for_state(&self, id: i64, state: &str) -> Row {
        self.wait_for(id, |row| row.state == state).await
    }
}

/// A heartbeat that makes a dead process show within seconds, with room for a machine that is busy.
fn quick_heartbeat() -> QueueSettings {
    QueueSettings {
        beat: Duration::from_millis(1000),
        lease: Duration::from_millis(4000),
        dead_after: Duration::from_millis(7000),
        ..QueueSettings::default()
    }
}

#[derive(Debug)]
struct Row {
    state: String,
    attempt: i16,
    errors: i32,
    finalized: bool,
    attempted_by: Vec<String>,
    metadata: serde_json::Value,
    due_in: f64,
    error_elements: serde_json::Value,
}
