//! The embedded object store: an S3-compatible endpoint over a folder, for places without a store of their own (SURFACE.md, `store.listen`).
//!
//! It speaks S3 through the s3s crate (signatures, presigned addresses, chunked bodies, XML), so nothing that uses files can tell it from another store.
//! `folder` keeps the objects durably and nothing of them in memory, `service` answers the operations, `server` is the listener with CORS, `copy` reads and writes objects for backups. One process owns the folder; others reach it
//! over HTTP. It knows nothing of the database. Callers: `app`, `backup`. Tests: `tests/it/store`, with boto3 `./dev test --with store`.

mod access;
mod answers;
mod copy;
mod credentials;
mod disk;
mod folder;
mod incoming;
mod keys;
mod layout;
mod leftovers;
mod listing;
mod multipart;
mod object;
mod receiving;
mod server;
mod service;

pub use copy::{StoredObject, is_empty, visit_objects};
pub use credentials::StoreCredentials;
pub use folder::Folder;
pub use object::Attributes;
pub use server::{ObjectStore, StoreOptions};

use std::path::PathBuf;

/// The store cannot be opened, or its folder cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder of the store cannot be used.
    #[error("could not {action} {}", path.display())]
    Folder {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Cause.
        #[source]
        source: std::io::Error,
    },
    /// Another process has the folder open.
    #[error("another process uses the object store in {}: give this one another data_dir, or no store.listen", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file with the generated key was changed to something else.
    #[error("{} is not the key file of an object store: delete it to have a new one made", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
    },
    /// A bucket went away while it was written to.
    #[error("the object store has no bucket {name}")]
    Bucket {
        /// Bucket.
        name: String,
    },
    /// The listener cannot be served.
    #[error("could not serve the object store")]
    Listen(#[source] std::io::Error),
}

impl StoreError {
    fn folder(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { action, path, source }
    }
}
