//! Reads the uploaded files into a backup: the embedded store's folder, or what the snapshot names in a bucket.

use super::BackupError;
use super::files::{Carried, Packer};
use crate::files::{ObjectInfo, Storage, StorageError};
use crate::store::{self, Attributes};
use bytes::{Buf as _, Bytes};
use futures_util::TryStreamExt as _;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_postgres::Client;

/// Bytes of an object that are asked for at once.
const PIECE: u64 = 8 * 1024 * 1024;
/// Objects that are asked for at a time: as many first pieces may be in memory.
const AHEAD: usize = 8;
/// How often a piece is asked for.
const TRIES: u32 = 3;
/// Before the second try; twice as long before the third.
const PAUSE: Duration = Duration::from_millis(500);
/// Missing objects that are named in the log.
const NAMED: u64 = 20;

/// Everything in the embedded store.
pub(super) fn folder<W: Write>(path: &Path, packer: &mut Packer<W>) -> Result<(), BackupError> {
    store::visit_objects::<BackupError>(path, |object| {
        let carried = Carried { bucket: object.bucket, key: object.key, attributes: object.attributes };
        packer.append(&carried, object.size, object.bytes).map_err(BackupError::file("pack the files of", path))
    })
}

/// The objects that the rows of the snapshot name; returns how many of them the store does not have. For a thread that may wait.
pub(super) fn bucket<W: Write>(
    handle: &Handle,
    client: &Client,
    storage: &Storage,
    packer: &mut Packer<W>,
) -> Result<u64, BackupError> {
    let list = BackupError::statement;
    let known = handle.block_on(client.query_one("select to_regclass('metadata.files') is not null", &[]));
    if !known.map_err(list("list the files"))?.get::<_, bool>(0) {
        return Ok(0);
    }
    let none: [&str; 0] = [];
    let rows = handle
        .block_on(client.query_raw(include_str!("../sql/backup/objects.sql"), none))
        .map_err(list("list the files"))?;
    let asked = rows.map_err(|error| list("list the files")(error)).map_ok(|row| async move {
        let (bucket, key): (String, String) = (row.get(0), row.get(1));
        let found = first_piece(storage, &bucket, &key).await?;
        Ok::<_, BackupError>((bucket, key, found))
    });
    let mut objects = Box::pin(asked.try_buffered(AHEAD));
    let mut missing = 0;
    while let Some((bucket, key, found)) = handle.block_on(objects.try_next())? {
        let Some((info, piece)) = found else {
            missing += 1;
            if missing <= NAMED {
                tracing::warn!(bucket, key, "The database names an object that the store does not have");
            }
            continue;
        };
        let attributes = Attributes {
            content_type: Some(info.content_type).filter(|text| !text.is_empty()),
            ..Attributes::default()
        };
        let bytes =
            Pieces { handle, storage, bucket: &bucket, key: &key, size: info.size, next: piece.len() as u64, piece };
        let carried = Carried { bucket: bucket.clone(), key: key.clone(), attributes };
        packer.append(&carried, info.size, bytes).map_err(BackupError::file("pack", format!("{bucket}/{key}")))?;
    }
    Ok(missing)
}

/// Size, type and first bytes of an object; nothing when the store does not have it.
async fn first_piece(storage: &Storage, bucket: &str, key: &str) -> Result<Option<(ObjectInfo, Bytes)>, StorageError> {
    let info = match again(|| storage.head(bucket, key)).await {
        Ok(info) => info,
        Err(StorageError::NotFound { .. }) => return Ok(None),
        // Rows of earlier releases may name a bucket that never was this installation's, or is no more.
        Err(StorageError::Refused { status: 400..500, .. }) if bucket != storage.bucket_name() => return Ok(None),
        Err(error) => return Err(error),
    };
    // Nothing has no range.
    let piece = if info.size == 0 { Bytes::new() } else { again(|| storage.get_range(bucket, key, 0, PIECE)).await? };
    Ok(Some((info, piece)))
}

/// Asks a store that did not answer, or could not at the moment, once more.
async fn again<T, F: Future<Output = Result<T, StorageError>>>(ask: impl Fn() -> F) -> Result<T, StorageError> {
    let mut tries = 1;
    loop {
        match ask().await {
            Err(error @ (StorageError::Unreachable { .. } | StorageError::Refused { status: 500.., .. }))
                if tries < TRIES =>
            {
                tracing::warn!(%error, "the store is asked again");
                tokio::time::sleep(PAUSE * tries).await;
            }
            other => return other,
        }
        tries += 1;
    }
}

/// An object as a reader that asks for the next piece when one has been read.
struct Pieces<'a> {
    handle: &'a Handle,
    storage: &'a Storage,
    bucket: &'a str,
    key: &'a str,
    size: u64,
    /// Where the next piece starts.
    next: u64,
    piece: Bytes,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.next < self.size {
            let most = PIECE.min(self.size - self.next);
            let asked = again(|| self.storage.get_range(self.bucket, self.key, self.next, most));
            self.piece = self.handle.block_on(asked).map_err(io::Error::other)?;
            self.next += self.piece.len() as u64;
        }
        let read = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..read]);
        Ok(read)
    }
}
