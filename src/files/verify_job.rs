//! Kind `file_verify`: whether a file without a thumbnail arrived as announced. Files with one are checked by `thumbnail_generate`, with the same function.

use super::Limits;
use super::arrival;
use super::records::{FileRow, Records, RecordsError};
use super::sign_job::chain;
use super::storage::Storage;
use super::thumbnail_job::{Args, Failure, settle};
use crate::jobs::{Kind, Outcome, Run};
use async_trait::async_trait;
use uuid::Uuid;

/// Bytes that sniffing looks at.
const START: u64 = 4096;

/// Checks files that have no thumbnail.
pub struct VerifyFile {
    records: Records,
    storage: Option<Storage>,
    limits: Limits,
}

impl VerifyFile {
    /// On this store.
    pub fn new(records: Records, storage: Option<Storage>, limits: Limits) -> Self {
        Self { records, storage, limits }
    }

    async fn check(&self, id: Uuid, file: &FileRow) -> Result<(), Failure> {
        let Some(storage) = &self.storage else {
            return Err(Failure::Permanent("The store of files is not set up.".to_owned()));
        };
        let size = arrived(storage, file, self.limits).await?;
        self.records.file_arrived(id, size).await?;
        Ok(())
    }

    async fn attempt(&self, run: &Run, id: Uuid) -> Result<Outcome, RecordsError> {
        let Some(file) = self.records.file_begin(id).await? else {
            return Ok(Outcome::Discard(format!("there is no file {id}")));
        };
        match self.check(id, &file).await {
            Ok(()) => {
                super::metrics::file("checked");
                Ok(Outcome::Complete)
            }
            Err(failure) => settle(&self.records, self.storage.as_ref(), run, id, &file, failure).await,
        }
    }
}

/// Looks at what lies in the store: its size, its first bytes, the rules. Returns the real size.
pub(super) async fn arrived(storage: &Storage, file: &FileRow, limits: Limits) -> Result<i32, Failure> {
    let found = storage.head(&file.bucket, &file.key).await?;
    arrival::check(&file.rules, &file.file_type, Some(found.size), limits.largest).map_err(Failure::Rejected)?;
    let size = i32::try_from(found.size)
        .map_err(|_| Failure::Rejected(format!("The file has {}; that is too much.", arrival::bytes(found.size))))?;
    let start = storage.get_start(&file.bucket, &file.key, START).await?;
    arrival::check_content(&file.file_type, &start).map_err(Failure::Rejected)?;
    if i64::from(size) != file.file_size {
        tracing::info!(
            announced = file.file_size,
            size,
            "A file has another size than its row said; the row is corrected"
        );
    }
    Ok(size)
}

#[async_trait]
impl Kind for VerifyFile {
    fn kind(&self) -> &'static str {
        "file_verify"
    }

    fn queue(&self) -> &'static str {
        "thumbnails"
    }

    async fn run(&self, run: Run) -> Outcome {
        let Args { file_id } = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        self.attempt(&run, file_id).await.unwrap_or_else(|error| Outcome::Fail(chain(&error)))
    }
}
