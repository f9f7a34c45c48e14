//! Kind `thumbnail_generate`: the three thumbnails of a file (WORKERS.md §3.2; D-08): pending → processing → completed | failed, with a reason for people.
//!
//! What no retry mends is discarded at once. A store that is away is tried again; after a few tries the row says so, and a later success says otherwise.
//! Safe to run twice: the same thumbnails at the same keys.

use super::arrival;
use super::key;
use super::pictures::{Format, Painter, PictureError, RENDITIONS};
use super::records::{FileRow, Records, RecordsError};
use super::sign_job::chain;
use super::storage::{Storage, StorageError};
use super::{Limits, metrics, verify_job};
use crate::jobs::{Kind, Outcome, Run};
use async_trait::async_trait;
use serde::Deserialize;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Bytes of the largest file that is read for a preview.
const LARGEST_SOURCE: u64 = 128 * 1024 * 1024;
/// From this attempt on the row says `failed` while the store is still tried.
const PATIENCE: i16 = 4;
/// About four hours after the first.
const ATTEMPTS: i16 = 9;

/// Draws thumbnails.
pub struct DrawThumbnails {
    records: Records,
    storage: Option<Storage>,
    painter: Painter,
    limits: Limits,
}

#[derive(Deserialize)]
pub(super) struct Args {
    pub(super) file_id: Uuid,
}

/// How a file's job fails.
pub(super) enum Failure {
    /// The upload itself is unwanted.
    Rejected(String),
    /// No retry mends it.
    Permanent(String),
    /// The store is to blame.
    Storage(StorageError),
    /// The database is to blame.
    Records(RecordsError),
    /// The process is leaving.
    Stopped,
}

impl From<RecordsError> for Failure {
    fn from(error: RecordsError) -> Self {
        Self::Records(error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<PictureError> for Failure {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Cancelled => Self::Stopped,
            other => Self::Permanent(other.to_string()),
        }
    }
}

impl DrawThumbnails {
    /// On this store, with this painter.
    pub fn new(records: Records, storage: Option<Storage>, painter: Painter, limits: Limits) -> Self {
        Self { records, storage, painter, limits }
    }

    async fn draw(&self, id: Uuid, file: &FileRow) -> Result<(), Failure> {
        let Some(storage) = &self.storage else {
            return Err(Failure::Permanent("The store of files is not set up.".to_owned()));
        };
        let size = verify_job::arrived(storage, file, self.limits).await?;
        if u64::from(size.unsigned_abs()) > LARGEST_SOURCE {
            let text = arrival::bytes(u64::from(size.unsigned_abs()));
            return Err(PictureError::TooLarge(text).into());
        }
        let bytes = storage.get(&file.bucket, &file.key).await?;
        let (format, started) = (Format::of(&bytes), Instant::now());
        let thumbnails = self.painter.thumbnails(bytes).await?;
        metrics::drawn(format, started.elapsed());
        let keys = RENDITIONS.map(|rendition| key::thumbnail(&file.key, rendition.name));
        for (key, bytes) in keys.iter().zip(&thumbnails) {
            storage.put(&file.bucket, key, bytes, "image/jpeg").await?;
        }
        self.records.file_done(id, &keys, size).await?;
        Ok(())
    }

    async fn attempt(&self, run: &Run, id: Uuid) -> Result<Outcome, RecordsError> {
        let Some(file) = self.records.file_begin(id).await? else {
            return Ok(Outcome::Discard(format!("there is no file {id}")));
        };
        if matches!(file.thumbnail_status.as_str(), "completed" | "not_applicable") {
            return Ok(Outcome::Complete);
        }
        if !self.records.file_processing(id).await? {
            return Ok(Outcome::Complete);
        }
        match self.draw(id, &file).await {
            Ok(()) => {
                metrics::file("drawn");
                Ok(Outcome::Complete)
            }
            Err(failure) => settle(&self.records, self.storage.as_ref(), run, id, &file, failure).await,
        }
    }
}

/// Writes what went wrong into the row and says what becomes of the job.
pub(super) async fn settle(
    records: &Records,
    storage: Option<&Storage>,
    run: &Run,
    id: Uuid,
    file: &FileRow,
    failure: Failure,
) -> Result<Outcome, RecordsError> {
    let attempt = run.job.attempt;
    match failure {
        Failure::Rejected(message) => {
            metrics::file("rejected");
            records.file_failed(id, &message, "failed", true).await?;
            // It must not stay readable under its address. What the store keeps, `files_cleanup` cannot know: the row still names it.
            if let Some(Err(error)) = match storage {
                Some(storage) => Some(storage.delete(&file.bucket, &file.key).await),
                None => None,
            } {
                return Ok(retry_or_discard(attempt, format!("{message} It could not be deleted: {}", chain(&error))));
            }
            Ok(Outcome::Discard(message))
        }
        Failure::Permanent(message) => {
            metrics::file("undrawable");
            records.file_failed(id, &message, "failed", false).await?;
            Ok(Outcome::Discard(message))
        }
        Failure::Storage(error) => {
            metrics::file("store");
            // An upload that is still on its way when its row is there gets a little time.
            let missing = matches!(error, StorageError::NotFound { .. });
            let last = attempt >= if missing { PATIENCE } else { ATTEMPTS }.min(run.job.max_attempts);
            let status = if last || attempt >= PATIENCE { "failed" } else { "pending" };
            records.file_failed(id, &error.for_people(), status, false).await?;
            let text = chain(&error);
            Ok(if last { Outcome::Discard(text) } else { Outcome::Fail(text) })
        }
        Failure::Records(error) => Err(error),
        Failure::Stopped => {
            records.file_failed(id, "", "pending", false).await?;
            Ok(Outcome::Fail("the work was stopped".to_owned()))
        }
    }
}

fn retry_or_discard(attempt: i16, text: String) -> Outcome {
    if attempt >= ATTEMPTS { Outcome::Discard(text) } else { Outcome::Fail(text) }
}

#[async_trait]
impl Kind for DrawThumbnails {
    fn kind(&self) -> &'static str {
        "thumbnail_generate"
    }

    fn queue(&self) -> &'static str {
        "thumbnails"
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(120)
    }

    async fn run(&self, run: Run) -> Outcome {
        let Args { file_id } = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        self.attempt(&run, file_id).await.unwrap_or_else(|error| Outcome::Fail(chain(&error)))
    }
}
