//! What the queue knows of a kind: its name, its queue, how it runs, how it ended. The core knows nothing else, and kinds register themselves in `app`.

use super::model::Job;
use super::periodic::Periodic;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// One kind of job: a file and a line in the registry. It must be safe to run twice (execution is at least once) and holds no connection between
/// statements of its own.
#[async_trait]
pub trait Kind: Send + Sync + 'static {
    /// The name in the `kind` column.
    fn kind(&self) -> &'static str;

    /// The queue that its enqueuers write.
    fn queue(&self) -> &'static str;

    /// After this time the run is dropped and counts as failed.
    fn timeout(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Jobs by the clock that this kind wants. Each is inserted once under its name; what operators change later stays (`docs/jobs.md`).
    fn periodic(&self) -> Vec<Periodic> {
        Vec::new()
    }

    /// Does the work. Dropping the future must be harmless: it happens at the timeout, at a remote cancel and at shutdown.
    async fn run(&self, run: Run) -> Outcome;
}

/// One attempt at one job.
pub struct Run {
    /// The row as fetched.
    pub job: Job,
    /// Cancelled when somebody asked for this job to stop or the process is about to leave; the future is dropped shortly after.
    pub cancelled: CancellationToken,
}

impl Run {
    /// The arguments as the kind's own type.
    ///
    /// # Errors
    /// [`Outcome::Fail`] with a text that names the kind and what did not fit: to River, unfitting arguments are an ordinary error.
    pub fn args<T: serde::de::DeserializeOwned>(&self) -> Result<T, Outcome> {
        serde_json::from_value(self.job.args.clone())
            .map_err(|error| Outcome::Fail(format!("the arguments do not fit the kind {}: {error}", self.job.kind)))
    }
}

/// How an attempt ended (WORKERS.md §2.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Complete,
    /// Done, and the kind has marked the row itself, in the transaction of its own writes (see [`super::complete_in`]).
    AlreadyCompleted,
    /// Failed; retried with back-off while attempts are left.
    Fail(String),
    /// Failed in a way that no retry mends: discarded at once.
    Discard(String),
    /// The kind decided that it must not run: cancelled.
    Cancel(String),
    /// Not now: runs again after this time, the attempt is not counted.
    Snooze(Duration),
}

/// The kinds that this process runs.
#[derive(Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
    parallel: BTreeMap<&'static str, usize>,
}

impl Registry {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a kind.
    #[must_use]
    pub fn with(mut self, kind: impl Kind) -> Self {
        self.kinds.insert(kind.kind(), Arc::new(kind));
        self
    }

    /// Runs at most this many jobs of a queue at the same time; the default is 10.
    #[must_use]
    pub fn with_parallel(mut self, queue: &'static str, jobs: usize) -> Self {
        self.parallel.insert(queue, jobs.max(1));
        self
    }

    /// The code of a kind.
    pub fn get(&self, kind: &str) -> Option<Arc<dyn Kind>> {
        self.kinds.get(kind).cloned()
    }

    /// All kinds by name.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.kinds.keys().copied().collect()
    }

    /// The periodic jobs of all kinds, each with its kind's name and queue.
    pub(super) fn periodic(&self) -> Vec<(&'static str, &'static str, Periodic)> {
        let of = |kind: &Arc<dyn Kind>| {
            kind.periodic().into_iter().map(|job| (kind.kind(), kind.queue(), job)).collect::<Vec<_>>()
        };
        self.kinds.values().flat_map(of).collect()
    }

    /// Each served queue with its bound and the kinds in it.
    pub fn queues(&self) -> Vec<QueueOptions> {
        let mut queues: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for kind in self.kinds.values() {
            queues.entry(kind.queue()).or_default().push(kind.kind().to_owned());
        }
        queues
            .into_iter()
            .map(|(name, kinds)| QueueOptions { name, kinds, parallel: self.parallel.get(name).copied().unwrap_or(10) })
            .collect()
    }
}

/// One queue as a producer needs it.
#[derive(Clone, Debug)]
pub struct QueueOptions {
    /// Name in the `queue` column.
    pub name: &'static str,
    /// Kinds to fetch.
    pub kinds: Vec<String>,
    /// Upper bound of runs at the same time.
    pub parallel: usize,
}
