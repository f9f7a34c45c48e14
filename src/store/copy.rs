//! Objects as backups carry them: read beside a process that serves them, written into a folder that nobody has open.

use super::StoreError;
use super::folder::Folder;
use super::incoming::hex;
use super::layout::{data_path, is_description};
use super::object::{Attributes, Object};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Looks at an object that is being replaced.
const LOOKS: u32 = 8;
/// Bytes that are copied at once.
const STEP: usize = 1 << 16;

/// An object with its open file: whoever deletes or replaces it now does not change what is read.
pub struct StoredObject {
    /// Bucket.
    pub bucket: String,
    /// Key.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// Headers that come back with it.
    pub attributes: Attributes,
    /// The bytes.
    pub bytes: File,
}

/// Visits all objects of a store's folder; a folder that does not exist has none. No lock is taken: a process may serve the folder meanwhile, and what it
/// deletes before its turn is not visited.
///
/// # Errors
/// A folder, a description or an object cannot be read, or what `visit` says.
pub fn visit_objects<E: From<StoreError>>(
    root: &Path,
    mut visit: impl FnMut(StoredObject) -> Result<(), E>,
) -> Result<(), E> {
    for bucket in entries(&root.join("buckets"))? {
        let Some(name) = bucket.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        for shelf in entries(&bucket.join("keys"))? {
            for description in entries(&shelf)? {
                if is_description(&description)
                    && let Some(object) = open(&bucket, &name, &description)?
                {
                    visit(object)?;
                }
            }
        }
    }
    Ok(())
}

/// Whether a store's folder holds no object. It may have been started already: its key and its empty buckets do not count.
///
/// # Errors
/// As [`visit_objects`].
pub fn is_empty(root: &Path) -> Result<bool, StoreError> {
    for bucket in entries(&root.join("buckets"))? {
        for shelf in entries(&bucket.join("keys"))? {
            if !entries(&shelf)?.is_empty() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

impl Folder {
    /// Stores one object and returns its size; its bucket is made where it is missing.
    ///
    /// # Errors
    /// [`StoreError::Folder`]; also when `bytes` cannot be read.
    pub fn put(
        &self,
        bucket: &str,
        key: &str,
        attributes: Attributes,
        bytes: &mut dyn Read,
    ) -> Result<u64, StoreError> {
        self.create_bucket(bucket)?;
        let Some(open) = self.bucket(bucket) else { return Err(StoreError::Bucket { name: bucket.to_owned() }) };
        let write = || {
            let mut incoming = open.incoming()?;
            let mut buffer = vec![0; STEP];
            loop {
                match bytes.read(&mut buffer)? {
                    0 => break,
                    read => incoming.write(&buffer[..read])?,
                }
            }
            let stored = incoming.finish()?;
            let etag = hex(&stored.md5);
            open.publish(key.to_owned(), attributes, stored, etag).map(|object| object.size)
        };
        write().map_err(StoreError::folder("write an object below", self.root()))
    }
}

/// What is in a folder, in order; nothing where there is none.
fn entries(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(path) {
        Ok(listed) => listed,
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(StoreError::folder("read", path)(error)),
    };
    let paths: io::Result<Vec<PathBuf>> = listed.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(StoreError::folder("read", path))?;
    paths.sort_unstable();
    Ok(paths)
}

/// The object of a description, or nothing when it was deleted meanwhile.
fn open(bucket: &Path, name: &str, description: &Path) -> Result<Option<StoredObject>, StoreError> {
    for _ in 0..LOOKS {
        let Some(object) = Object::read(description).map_err(StoreError::folder("read", description))? else {
            return Ok(None);
        };
        match File::open(data_path(&bucket.join("data"), object.data)) {
            Ok(bytes) => {
                let Object { key, size, attributes, .. } = object;
                return Ok(Some(StoredObject { bucket: name.to_owned(), key, size, attributes, bytes }));
            }
            // Replaced between the two steps: the next look finds the new one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::folder("read an object of", description)(error)),
        }
    }
    let missing = io::Error::new(io::ErrorKind::NotFound, "the bytes of an object are missing");
    Err(StoreError::folder("read the object of", description)(missing))
}
