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
use tokio::sync::Semaphore;
use tokio_postgres::Client;

/// Bytes of an object that are asked for at once.
const PIECE: u32 = 8 * 1024 * 1024;
/// Objects that are asked for at a time.
const AHEAD: usize = 8;
/// Bytes of first pieces that may be in memory or on their way.
const BUDGET: u32 = 2 * PIECE;
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
    let looked_at = rows.map_err(|error| list("list the files")(error)).map_ok(|row| async move {
        let (bucket, key): (String, String) = (row.get(0), row.get(1));
        let info = look(storage, &bucket, &key).await?;
        Ok::<_, BackupError>((bucket, key, info))
    });
    let budget = &Semaphore::new(BUDGET as usize);
    // One after the other, in the order in which pieces are used up: who waits for room waits for those before it, and they have theirs.
    let with_room = looked_at.try_buffered(AHEAD).and_then(|(bucket, key, info)| async move {
        let first = info.as_ref().map_or(0, |info| u32::try_from(info.size).unwrap_or(PIECE).min(PIECE));
        let room = budget.acquire_many(first).await.ok();
        Ok::<_, BackupError>((bucket, key, info, room))
    });
    let asked = with_room.map_ok(|(bucket, key, info, room)| async move {
        let found = match info {
            Some(info) => {
                let piece = first_piece(storage, &bucket, &key, info.size).await?;
                Some((info, piece))
            }
            None => None,
        };
        Ok::<_, BackupError>((bucket, key, found, room))
    });
    let mut objects = Box::pin(asked.try_buffered(AHEAD));
    let mut missing = 0;
    while let Some((bucket, key, found, _room)) = handle.block_on(objects.try_next())? {
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
        let bytes = Pieces::new(handle, storage, (&bucket, &key), info.size).starting_with(piece);
        let carried = Carried { bucket: bucket.clone(), key: key.clone(), attributes };
        packer.append(&carried, info.size, bytes).map_err(BackupError::file("pack", format!("{bucket}/{key}")))?;
    }
    Ok(missing)
}

/// Size and type of an object; nothing when the store does not have it.
async fn look(storage: &Storage, bucket: &str, key: &str) -> Result<Option<ObjectInfo>, StorageError> {
    match again(|| storage.head(bucket, key)).await {
        Ok(info) => Ok(Some(info)),
        Err(StorageError::NotFound { .. }) => Ok(None),
        // Rows of earlier releases may name a bucket that never was this installation's, or is no more.
        Err(StorageError::Refused { status: 400..500, .. }) if bucket != storage.bucket_name() => Ok(None),
        Err(error) => Err(error),
    }
}

async fn first_piece(storage: &Storage, bucket: &str, key: &str, size: u64) -> Result<Bytes, StorageError> {
    // Nothing has no range.
    if size == 0 {
        return Ok(Bytes::new());
    }
    again(|| storage.get_range(bucket, key, 0, u64::from(PIECE))).await
}

/// Asks a store that did not answer, or could not at the moment, once more.
pub(super) async fn again<T, F: Future<Output = Result<T, StorageError>>>(
    ask: impl Fn() -> F,
) -> Result<T, StorageError> {
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

/// An object as a reader that asks for the next piece when one has been read. For a thread that may wait.
pub(super) struct Pieces<'a> {
    handle: &'a Handle,
    storage: &'a Storage,
    bucket: &'a str,
    key: &'a str,
    size: u64,
    /// Where the next piece starts.
    next: u64,
    piece: Bytes,
}

impl<'a> Pieces<'a> {
    /// The object of a bucket and key, which has `size` bytes.
    pub(super) fn new(handle: &'a Handle, storage: &'a Storage, (bucket, key): (&'a str, &'a str), size: u64) -> Self {
        Self { handle, storage, bucket, key, size, next: 0, piece: Bytes::new() }
    }

    /// The same when its first bytes are there already.
    fn starting_with(self, piece: Bytes) -> Self {
        Self { next: piece.len() as u64, piece, ..self }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.next < self.size {
            let most = u64::from(PIECE).min(self.size - self.next);
            let asked = again(|| self.storage.get_range(self.bucket, self.key, self.next, most));
            self.piece = self.handle.block_on(asked).map_err(io::Error::other)?;
            self.next += self.piece.len() as u64;
        }
        let read = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..read]);
        Ok(read)
    }
}
