//! Puts the files of a backup back: into the folder of an embedded store that does not run, or into a bucket.

use super::BackupError;
use super::files::{self, Carried, Files};
use crate::files::{Storage, StorageError};
use crate::store::{self, Folder};
use futures_util::future::try_join_all;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Handle;

/// Objects up to this size travel together, bytes.
const SMALL: u64 = 4 * 1024 * 1024;
/// How many of them.
const TOGETHER: usize = 8;

/// What was put back.
#[derive(Clone, Debug, Default)]
pub(super) struct PutBack {
    /// Objects written.
    pub(super) written: u64,
    /// Their bytes, and those of the present ones.
    pub(super) bytes: u64,
    /// Objects that were there already, with the same size.
    pub(super) present: u64,
    /// Objects that were there with another size; they stay as they are.
    pub(super) different: u64,
    /// Buckets that the objects came from.
    pub(super) buckets: BTreeSet<String>,
}

/// Whether files can be put there, before anything else is done.
pub(super) async fn look(target: &Files) -> Result<(), BackupError> {
    match target {
        Files::LeftOut => Ok(()),
        Files::Folder { path, .. } if store::is_empty(path)? => Ok(()),
        Files::Folder { path, .. } => Err(BackupError::StoreOccupied { path: path.clone() }),
        Files::Bucket(options) => Storage::new(options.clone())?.list(None).await.map(drop).map_err(BackupError::from),
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
            let mut target = Bucket { handle, storage, waiting: Vec::new(), outcome: PutBack::default() };
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
    outcome: PutBack,
}

enum Put {
    Written,
    Present,
    Different,
}

impl Bucket<'_> {
    fn take(&mut self, object: Carried, size: u64, bytes: &mut dyn Read) -> Result<(), BackupError> {
        self.outcome.buckets.insert(object.bucket.clone());
        self.outcome.bytes += size;
        if size <= SMALL {
            let mut content = Vec::new();
            bytes.read_to_end(&mut content).map_err(BackupError::file("read", &object.key))?;
            self.waiting.push((object, content));
            return if self.waiting.len() < TOGETHER { Ok(()) } else { self.flush() };
        }
        // The archive is read inside of the transfer: this thread has nothing else to do.
        let put = self.handle.block_on(async {
            match self.there(&object.key, size).await? {
                Put::Written => {
                    let mut reader = Waiting(bytes);
                    let kind = content_type(&object);
                    self.storage.put_stream(self.storage.bucket_name(), &object.key, &mut reader, kind).await?;
                    Ok::<_, BackupError>(Put::Written)
                }
                other => Ok(other),
            }
        })?;
        self.count(&put);
        Ok(())
    }

    /// Writes the small ones that wait.
    fn flush(&mut self) -> Result<(), BackupError> {
        let waiting = std::mem::take(&mut self.waiting);
        let puts = self.handle.block_on(try_join_all(waiting.iter().map(async |(object, content)| {
            match self.there(&object.key, content.len() as u64).await? {
                Put::Written => {
                    let bucket = self.storage.bucket_name();
                    self.storage.put(bucket, &object.key, content, content_type(object)).await?;
                    Ok::<_, BackupError>(Put::Written)
                }
                other => Ok(other),
            }
        })))?;
        puts.iter().for_each(|put| self.count(put));
        Ok(())
    }

    /// What to do with a key: an object that is there is never replaced.
    async fn there(&self, key: &str, size: u64) -> Result<Put, StorageError> {
        match self.storage.head(self.storage.bucket_name(), key).await {
            Ok(info) if info.size == size => Ok(Put::Present),
            Ok(info) => {
                tracing::warn!(
                    key,
                    there = info.size,
                    backup = size,
                    "The bucket has this object with another size; it stays"
                );
                Ok(Put::Different)
            }
            Err(StorageError::NotFound { .. }) => Ok(Put::Written),
            Err(error) => Err(error),
        }
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
