//! Bytes on their way into the store: written and hashed, then synced, then published or gone.

use md5::{Digest, Md5};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Bytes on their way in.
pub(super) struct Incoming {
    file: File,
    hash: Md5,
    stored: Stored,
}

/// Bytes that are on disk, synced, and belong to nobody yet.
pub(super) struct Stored {
    pub(super) path: PathBuf,
    pub(super) name: Uuid,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    /// Whether the file stays.
    pub(super) published: bool,
}

impl Incoming {
    pub(super) fn create(path: PathBuf, name: Uuid) -> io::Result<Self> {
        let file = File::options().write(true).create_new(true).open(&path)?;
        let stored = Stored { path, name, size: 0, md5: [0; 16], published: false };
        Ok(Self { file, hash: Md5::new(), stored })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.stored.size += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn size(&self) -> u64 {
        self.stored.size
    }

    pub(super) fn finish(self) -> io::Result<Stored> {
        let Self { file, hash, mut stored } = self;
        file.sync_all()?;
        stored.md5 = hash.finalize().into();
        Ok(stored)
    }
}

impl Stored {
    /// Keeps the file under another name although no description names it: a part of a multipart upload.
    pub(super) fn rename(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A rename is durable when its folder is.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
