//! File work of an operation: where it may block, and what its failure is for the caller.

use s3s::{S3Result, s3_error};
use std::io;

/// The disk failed us: the cause goes to the log, not to the caller.
fn disk(error: io::Error) -> s3s::S3Error {
    tracing::error!(error = &error as &dyn std::error::Error, "The object store could not use its folder");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            s3_error!(ServiceUnavailable, "The store has no space left")
        }
        _ => s3_error!(InternalError, "The store could not use its folder"),
    }
}

/// Runs file work where it may block.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(disk),
        Err(_) => Err(s3_error!(InternalError, "The store stopped working on this request")),
    }
}
