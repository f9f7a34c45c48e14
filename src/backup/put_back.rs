//! Puts the files of a backup back: into the folder of an embedded store that does not run, or into a bucket.

use super::BackupError;
use super::collect::{Pieces, again};
use super::files::{self, Carried, Files};
use super::sums::Sums;
use crate::files::{ObjectInfo, PART_BYTES, Storage, StorageError};
use crate::store::{self, Folder};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Handle;

/// Objects below this size travel together, bytes: what is not sent in parts.
const SMALL: u64 = PART_BYTES as u64;
/// How many of them.
const TOGETHER: usize = 8;
/// Their bytes, when no more of them are waited for. Each is in memory twice while it travels.
const TOGETHER_BYTES: usize = 12 * 1024 * 1024;

/// What was put back.
#[derive(Clone, Debug, Default)]
pub(super) struct PutBack {
    /// Objects written.
    pub(super) written: u64,
    /// Their bytes, and those of the present ones.
    pub(super) bytes: u64,
    /// Objects that were there already, with the same contents.
    pub(super) present: u64,
    /// Objects that were there with other contents; they stay as they are.
    pub(super) different: u64,
    /// Buckets that the objects came from.
    pub(super) buckets: BTreeSet<String>,
}

/// Whether files are put there, before anything else is done. A store that holds some already takes more only where that was asked for.
pub(super) async fn look(target: &Files, into_used_store: bool) -> Result<bool, BackupError> {
    match target {
        Files::LeftOut => Ok(false),
        Files::Folder { path, .. } if store::is_empty(path)? => Ok(true),
        Files::Folder { path, .. } if into_used_store => Err(BackupError::StoreOccupied { path: path.clone() }),
        Files::Folder { .. } => Ok(false),
        Files::Bucket(options) => {
            let (objects, _) = Storage::new(options.clone())?.list(None).await?;
            Ok(objects.is_empty() || into_used_store)
        }
    }
}

/// Puts the objects of an archive into a target. For a thread that may wait.
pub(super) fn put_back(
    handle: &Handle,
    name: &str,
    archive: impl Read,
    target: &Files,
) -> Result<PutBack, BackupError> {
    match target {
        Files::LeftOut => Ok(PutBack::default()),
        Files::Folder { path, bucket } => into_folder(name, archive, path, bucket),
        Files::Bucket(options) => {
            let storage = Storage::new(options.clone())?;
            let mut target =
                Bucket { handle, storage, waiting: Vec::new(), waiting_bytes: 0, outcome: PutBack::default() };
            files::visit(name, archive, |object, size, bytes| target.take(object, size, bytes))?;
            target.flush()?;
            Ok(target.outcome)
        }
    }
}

fn into_folder(name: &str, archive: impl Read, path: &Path, bucket: &str) -> Result<PutBack, BackupError> {
    std::fs::create_dir_all(path).map_err(BackupError::file("create", path))?;
    // Locked as long as this value lives: no process can begin to serve half of it.
    let folder = Folder::open(path)?;
    let mut outcome = PutBack::default();
    files::visit(name, archive, |object, _, bytes| {
        outcome.buckets.insert(object.bucket);
        outcome.bytes += folder.put(bucket, &object.key, object.attributes, bytes)?;
        outcome.written += 1;
        Ok(())
    })?;
    Ok(outcome)
}

struct Bucket<'a> {
    handle: &'a Handle,
    storage: Storage,
    waiting: Vec<(Carried, Vec<u8>)>,
    waiting_bytes: usize,
    outcome: PutBack,
}

enum Put {
    Written,
    Present,
    Different,
}

impl Put {
    /// Of an object that is there: it is never replaced.
    fn compared(is_same: bool, key: &str) -> Self {
        if is_same {
            return Self::Present;
        }
        tracing::warn!(key, "The bucket has this object with other contents than the backup; it stays");
        Self::Different
    }
}

impl Bucket<'_> {
    fn take(&mut self, object: Carried, size: u64, bytes: &mut dyn Read) -> Result<(), BackupError> {
        self.outcome.buckets.insert(object.bucket.clone());
        self.outcome.bytes += size;
        if size < SMALL {
            let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
            bytes.read_to_end(&mut content).map_err(BackupError::file("read", &object.key))?;
            self.waiting_bytes += content.len();
            self.waiting.push((object, content));
            let is_full = self.waiting.len() >= TOGETHER || self.waiting_bytes >= TOGETHER_BYTES;
            return if is_full { self.flush() } else { Ok(()) };
        }
        let put = match self.handle.block_on(self.there(&object.key))? {
            None => {
                // The archive is read inside of the transfer: this thread has nothing else to do.
                let (bucket, mut reader) = (self.storage.bucket_name(), Waiting(bytes));
                let written = self.storage.put_stream(bucket, &object.key, &mut reader, content_type(&object));
                self.handle.block_on(written)?;
                Put::Written
            }
            Some(info) if info.size != size => Put::compared(false, &object.key),
            Some(info) => {
                let sums = Sums::of(bytes, info.etag.as_deref()).map_err(BackupError::file("read", &object.key))?;
                let is_same = sums.is_tagged || self.sums(&object.key, size)?.sha256 == sums.sha256;
                Put::compared(is_same, &object.key)
            }
        };
        self.count(&put);
        Ok(())
    }

    /// Writes the small ones that wait.
    fn flush(&mut self) -> Result<(), BackupError> {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let puts = self.handle.block_on(try_join_all(waiting.iter().map(async |(object, content)| {
            let (bucket, key) = (self.storage.bucket_name(), &object.key);
            let Some(info) = self.there(key).await? else {
                self.storage.put(bucket, key, content, content_type(object)).await?;
                return Ok::<_, BackupError>(Put::Written);
            };
            if info.size != content.len() as u64 {
                return Ok(Put::compared(false, key));
            }
            let sums = Sums::of(content.as_slice(), info.etag.as_deref()).map_err(BackupError::file("read", key))?;
            let is_same =
                sums.is_tagged || again(|| self.storage.get(bucket, key)).await?.as_ref() == content.as_slice();
            Ok(Put::compared(is_same, key))
        })))?;
        puts.iter().for_each(|put| self.count(put));
        Ok(())
    }

    /// What the bucket has under a key.
    async fn there(&self, key: &str) -> Result<Option<ObjectInfo>, StorageError> {
        match again(|| self.storage.head(self.storage.bucket_name(), key)).await {
            Ok(info) => Ok(Some(info)),
            Err(StorageError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Checksums of what the bucket has.
    fn sums(&self, key: &str, size: u64) -> Result<Sums, BackupError> {
        let pieces = Pieces::new(self.handle, &self.storage, (self.storage.bucket_name(), key), size);
        Sums::of(pieces, None).map_err(BackupError::file("compare the object", key))
    }

    fn count(&mut self, put: &Put) {
        match put {
            Put::Written => self.outcome.written += 1,
            Put::Present => self.outcome.present += 1,
            Put::Different => self.outcome.different += 1,
        }
    }
}

/// A reader that lets its thread wait.
struct Waiting<'a>(&'a mut dyn Read);

impl AsyncRead for Waiting<'_> {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let read = self.get_mut().0.read(buffer.initialize_unfilled());
        Poll::Ready(read.map(|read| buffer.advance(read)))
    }
}

fn content_type(object: &Carried) -> &str {
    object.attributes.content_type.as_deref().unwrap_or("application/octet-stream")
}
