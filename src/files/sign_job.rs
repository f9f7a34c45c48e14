//! Kind `s3_presign`: an address to upload to for a row of `metadata.file_upload_requests` (WORKERS.md §3.1).
//!
//! Safe to run twice: the file's id is chosen once, and a request that has its address keeps it.

use super::records::{Records, RecordsError, UploadRequest};
use super::storage::Storage;
use super::{Limits, arrival, key, metrics};
use crate::jobs::{Kind, Outcome, Run};
use async_trait::async_trait;
use serde::Deserialize;
use std::error::Error;
use std::time::Duration;
use uuid::Uuid;

/// How long an address may be used.
const VALID_FOR: Duration = Duration::from_secs(15 * 60);
/// Browsers poll for ten seconds; whoever is told later that it worked has long gone.
const ATTEMPTS: i16 = 3;

/// Signs addresses. Without a store every request fails with a text that says so.
pub struct SignUpload {
    records: Records,
    storage: Option<Storage>,
    limits: Limits,
}

#[derive(Deserialize)]
struct Args {
    request_id: Uuid,
}

impl SignUpload {
    /// For uploads to this store.
    pub fn new(records: Records, storage: Option<Storage>, limits: Limits) -> Self {
        Self { records, storage, limits }
    }

    /// The address, or why there is none for this request.
    async fn address(&self, request: &UploadRequest) -> Result<Result<(String, String), String>, String> {
        let Some(storage) = &self.storage else { return Ok(Err("The store of files is not set up.".to_owned())) };
        if let Err(message) = arrival::check(&request.rules, &request.file_type, request.file_size, self.limits.largest)
        {
            tracing::debug!(properties = ?arrival::properties(&request.rules), "An upload is against the rules: {message}");
            return Ok(Err(message));
        }
        let key = match key::original(&request.entity_type, &request.entity_id, request.file_id, &request.file_name) {
            Ok(key) => key,
            Err(message) => return Ok(Err(message)),
        };
        let bound = request.file_size.map(|size| (request.file_type.as_str(), size));
        match storage.presign_put(&key, VALID_FOR, bound).await {
            Ok(url) => Ok(Ok((url, key))),
            Err(error) => Err(chain(&error)),
        }
    }

    async fn sign(&self, run: &Run, id: Uuid) -> Result<Outcome, RecordsError> {
        let Some(request) = self.records.sign_begin(id).await? else {
            return Ok(Outcome::Discard(format!("there is no upload request {id}")));
        };
        if !matches!(request.status.as_str(), "pending" | "processing") {
            return Ok(Outcome::Complete);
        }
        match self.address(&request).await {
            Ok(Ok((url, key))) => {
                metrics::address("signed");
                self.records.sign_done(id, &url, request.file_id, &key).await?;
                Ok(Outcome::Complete)
            }
            Ok(Err(message)) => {
                metrics::address("refused");
                self.records.sign_failed(id, &message, true).await?;
                Ok(Outcome::Discard(message))
            }
            Err(error) => {
                let last = run.job.attempt >= ATTEMPTS.min(run.job.max_attempts);
                self.records.sign_failed(id, "The store of files is not set up.", last).await?;
                Ok(if last { Outcome::Discard(error) } else { Outcome::Fail(error) })
            }
        }
    }
}

#[async_trait]
impl Kind for SignUpload {
    fn kind(&self) -> &'static str {
        "s3_presign"
    }

    fn queue(&self) -> &'static str {
        "s3_signer"
    }

    async fn run(&self, run: Run) -> Outcome {
        let Args { request_id } = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        self.sign(&run, request_id).await.unwrap_or_else(|error| Outcome::Fail(chain(&error)))
    }
}

/// An error with its causes.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}
