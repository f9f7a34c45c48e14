//! Uploaded files: addresses to upload to, thumbnails, the check that what arrived is what was announced, and the end of what nobody finished
//! (WORKERS.md §3.1–3.2, §4; differences D-02, D-03, D-08, D-17).
//!
//! Kinds of jobs: `s3_presign`, `thumbnail_generate`, `file_verify`, `files_cleanup`. `storage` talks to the store, `presign` signs addresses, `records` holds
//! the statements, `pictures` turns bytes into thumbnails and knows neither store nor database. Callers: `app`. Tests: `tests/it/files`.

mod arrival;
mod cleanup;
mod download;
mod key;
mod metrics;
pub mod pictures;
mod presign;
mod records;
mod sign_job;
mod storage;
mod thumbnail_job;
mod verify_job;

pub use cleanup::{Cleanup, CleanupKind, CleanupReport};
pub use download::Downloads;
pub use presign::{Permission, Presigner, SigningKey};
pub use records::{Records, RecordsError};
pub use sign_job::SignUpload;
pub use storage::{ObjectInfo, PART_BYTES, Storage, StorageError, StorageOptions};
pub use thumbnail_job::DrawThumbnails;
pub use verify_job::VerifyFile;

/// What files may be, from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the largest upload.
    pub largest: u64,
}
