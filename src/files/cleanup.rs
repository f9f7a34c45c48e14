//! The end of what nobody finished: requests for addresses that were never used, and objects that no file names. Both only after a grace period, and
//! `civic-os files prune --dry-run` says first what would go. Kind `files_cleanup`, by the clock at night; the verb does the same at once.

use super::records::{Records, RecordsError};
use super::sign_job::chain;
use super::storage::{Storage, StorageError};
use crate::jobs::{Kind, Outcome, Periodic, Run};
use async_trait::async_trait;
use serde::Serialize;
use std::time::Duration;
use time::OffsetDateTime;

/// Objects whose keys are asked about at once.
const BATCH: usize = 500;

/// Finds and deletes.
#[derive(Clone)]
pub struct Cleanup {
    records: Records,
    storage: Option<Storage>,
    grace: Duration,
}

/// What a clean-up found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CleanupReport {
    /// Requests older than the grace period.
    pub requests: usize,
    /// Objects that no file names.
    pub objects: usize,
    /// Their bytes.
    pub bytes: u64,
    /// The first of their keys.
    pub keys: Vec<String>,
    /// Nothing was deleted.
    pub dry_run: bool,
}

/// A clean-up failed on the way; what it deleted stays deleted.
#[derive(Debug, thiserror::Error)]
pub enum CleanupError {
    /// The database.
    #[error("the clean-up of files could not use the database")]
    Records(#[from] RecordsError),
    /// The store.
    #[error("the clean-up of files could not use the store")]
    Storage(#[from] StorageError),
}

impl Cleanup {
    /// `grace` = age below which nothing is touched.
    pub fn new(records: Records, storage: Option<Storage>, grace: Duration) -> Self {
        // Addresses are good for 15 minutes, and an upload may take its time: below an hour, what is running could look abandoned.
        Self { records, storage, grace: grace.max(Duration::from_secs(60 * 60)) }
    }

    /// Deletes old requests and orphan objects; with `dry_run` only counts them.
    ///
    /// # Errors
    /// [`CleanupError`].
    pub async fn run(&self, dry_run: bool) -> Result<CleanupReport, CleanupError> {
        let mut report = CleanupReport { dry_run, ..CleanupReport::default() };
        self.requests(dry_run, &mut report).await?;
        if let Some(storage) = &self.storage {
            self.orphans(storage, dry_run, &mut report).await?;
        }
        Ok(report)
    }

    /// Rows only: their objects, where they have no file, are orphans from now on.
    async fn requests(&self, dry_run: bool, report: &mut CleanupReport) -> Result<(), CleanupError> {
        loop {
            let expired = self.records.requests_expired(self.grace).await?;
            if dry_run || expired.is_empty() {
                report.requests += expired.len();
                return Ok(());
            }
            let deleted = self.records.requests_delete(&expired).await?;
            report.requests += deleted;
            if deleted == 0 {
                return Ok(());
            }
        }
    }

    async fn orphans(&self, storage: &Storage, dry_run: bool, report: &mut CleanupReport) -> Result<(), CleanupError> {
        let young = OffsetDateTime::now_utc() - self.grace;
        let mut after = None;
        loop {
            let (page, next) = storage.list(after).await?;
            let old: Vec<_> =
                page.into_iter().filter(|object| object.modified < young && is_ours(&object.key)).collect();
            for batch in old.chunks(BATCH) {
                let keys: Vec<String> = batch.iter().map(|object| object.key.clone()).collect();
                let used = self.records.keys_in_use(&keys, storage.bucket_name(), self.grace).await?;
                for object in batch.iter().filter(|object| !used.contains(&object.key)) {
                    if !dry_run {
                        storage.delete(storage.bucket_name(), &object.key).await?;
                    }
                    report.objects += 1;
                    report.bytes += object.size;
                    if report.keys.len() < 20 {
                        report.keys.push(object.key.clone());
                    }
                }
            }
            match next {
                Some(token) => after = Some(token),
                None => return Ok(()),
            }
        }
    }
}

/// Only what looks like an upload of this application, in case the bucket holds other things too: `<type>/<id>/<uuid>/<original or thumb>…`.
fn is_ours(key: &str) -> bool {
    let mut parts = key.rsplit('/');
    let name = parts.next().unwrap_or_default();
    let id = parts.next().unwrap_or_default();
    (name.starts_with("original") || name.starts_with("thumb-"))
        && uuid::Uuid::parse_str(id).is_ok()
        && parts.count() == 2
}

/// The clean-up by the clock.
pub struct CleanupKind(Cleanup);

impl CleanupKind {
    /// Of this clean-up.
    pub fn new(cleanup: Cleanup) -> Self {
        Self(cleanup)
    }
}

#[async_trait]
impl Kind for CleanupKind {
    fn kind(&self) -> &'static str {
        "files_cleanup"
    }

    fn queue(&self) -> &'static str {
        "files_cleanup"
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(30 * 60)
    }

    fn periodic(&self) -> Vec<Periodic> {
        vec![Periodic { max_attempts: 3, ..Periodic::new("files_cleanup", "17 3 * * *") }]
    }

    async fn run(&self, _run: Run) -> Outcome {
        match self.0.run(false).await {
            Ok(report) => {
                if report.requests + report.objects > 0 {
                    tracing::info!(
                        requests = report.requests,
                        objects = report.objects,
                        bytes = report.bytes,
                        "Deleted abandoned upload requests and objects without a file"
                    );
                }
                Outcome::Complete
            }
            Err(error) => Outcome::Fail(chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_of_uploads_are_ours() {
        let id = "01941f29-7c00-7000-8000-000000000001";
        assert!(is_ours(&format!("Issue/1/{id}/original.png")));
        assert!(is_ours(&format!("Issue/1/{id}/thumb-small.jpg")));
        for key in ["backup/db.tar", "original.png", &format!("{id}/original.png"), &format!("a/b/c/{id}/original.png")]
        {
            assert!(!is_ours(key), "{key}");
        }
    }
}
