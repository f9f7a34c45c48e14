//! Objects in a folder. Bytes lie in files with random names, a small description per key says which: whatever bytes a key consists of, it is never a path.
//!
//! ```text
//! <root>/lock
//! <root>/buckets/<bucket>/keys/<2 hex>/<62 hex>.json   the description; the name is the key's SHA-256
//! <root>/buckets/<bucket>/data/<2 hex>/<uuid>          the bytes
//! <root>/buckets/<bucket>/uploads/<uuid>/              parts of an unfinished multipart upload
//! ```
//!
//! An object exists from the rename of its description on, after bytes and description were synced; a crash leaves at most bytes without a description, which
//! the next start deletes. All descriptions are in memory: the folder belongs to one process.

use super::StoreError;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use uuid::Uuid;

/// What is remembered of an object beside its bytes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) key: String,
    /// Name of the file with the bytes.
    pub(super) data: Uuid,
    pub(super) size: u64,
    pub(super) etag: String,
    /// Microseconds since 1970.
    pub(super) modified: i64,
    #[serde(flatten)]
    pub(super) attributes: Attributes,
}

/// Headers that come back with the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// `Content-Type`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Cache-Control`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `x-amz-meta-*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<HashMap<String, String>>,
}

/// The store's folder, open.
pub struct Folder {
    root: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    _lock: File,
}

/// One bucket.
pub(super) struct Bucket {
    path: PathBuf,
    objects: RwLock<BTreeMap<String, Arc<Object>>>,
    /// Held while a description changes place, so that disk and memory agree.
    publishing: Mutex<()>,
}

impl Folder {
    /// Opens the folder and reads all descriptions; deletes what a crash left unfinished.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Folder`].
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let buckets_path = root.join("buckets");
        fs::create_dir_all(&buckets_path).map_err(StoreError::folder("create", &buckets_path))?;
        let lock_path = root.join("lock");
        let lock = File::create(&lock_path).map_err(StoreError::folder("create", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StoreError::InUse { path: root.to_owned() }),
            Err(fs::TryLockError::Error(source)) => {
                return Err(StoreError::Folder { action: "lock", path: lock_path, source });
            }
        }
        let mut buckets = BTreeMap::new();
        for entry in fs::read_dir(&buckets_path).map_err(StoreError::folder("read", &buckets_path))?.flatten() {
            if let Some(name) = entry.file_name().to_str()
                && entry.path().is_dir()
            {
                buckets.insert(name.to_owned(), Arc::new(Bucket::open(entry.path())?));
            }
        }
        Ok(Self { root: root.to_owned(), buckets: RwLock::new(buckets), _lock: lock })
    }

    /// Creates a bucket; one that exists stays as it is.
    ///
    /// # Errors
    /// [`StoreError::Folder`].
    pub fn create_bucket(&self, name: &str) -> Result<(), StoreError> {
        let mut buckets = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if !buckets.contains_key(name) {
            let path = self.root.join("buckets").join(name);
            for part in ["keys", "data", "uploads"] {
                let path = path.join(part);
                fs::create_dir_all(&path).map_err(StoreError::folder("create", path))?;
            }
            buckets.insert(name.to_owned(), Arc::new(Bucket::open(path)?));
        }
        Ok(())
    }

    pub(super) fn bucket(&self, name: &str) -> Option<Arc<Bucket>> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn bucket_names(&self) -> Vec<String> {
        self.buckets.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }
}

impl Bucket {
    fn open(path: PathBuf) -> Result<Self, StoreError> {
        let mut objects = BTreeMap::new();
        let mut used = HashSet::new();
        for description in files_below(&path.join("keys")).map_err(StoreError::folder("read", &path))? {
            if description.extension().is_some_and(|extension| extension == "json") {
                let text = fs::read(&description).map_err(StoreError::folder("read", &description))?;
                let object: Object = serde_json::from_slice(&text).map_err(|error| StoreError::Folder {
                    action: "understand",
                    path: description,
                    source: io::Error::new(io::ErrorKind::InvalidData, error),
                })?;
                used.insert(object.data);
                objects.insert(object.key.clone(), Arc::new(object));
            } else {
                let _ = fs::remove_file(description);
            }
        }
        for data in files_below(&path.join("data")).map_err(StoreError::folder("read", &path))? {
            let name = data.file_name().and_then(|name| name.to_str()).and_then(|name| Uuid::parse_str(name).ok());
            if name.is_some_and(|name| !used.contains(&name)) {
                let _ = fs::remove_file(data);
            }
        }
        Ok(Self { path, objects: RwLock::new(objects), publishing: Mutex::new(()) })
    }

    pub(super) fn uploads(&self) -> PathBuf {
        self.path.join("uploads")
    }

    pub(super) fn object(&self, key: &str) -> Option<Arc<Object>> {
        self.objects.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The object and its open file. An overwrite between the two steps shows as a missing file, and the second look finds the new one.
    pub(super) fn open_object(&self, key: &str) -> io::Result<Option<(Arc<Object>, File)>> {
        for _ in 0..8 {
            let Some(object) = self.object(key) else { return Ok(None) };
            match File::open(self.data_path(object.data)) {
                Ok(file) => return Ok(Some((object, file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "the bytes of an object are missing"))
    }

    /// Visits the objects from the first key at or after `from` until told to stop.
    pub(super) fn walk(&self, from: &str, mut visit: impl FnMut(&Arc<Object>) -> bool) {
        let objects = self.objects.read().unwrap_or_else(PoisonError::into_inner);
        for (_, object) in objects.range(from.to_owned()..) {
            if !visit(object) {
                break;
            }
        }
    }

    fn data_path(&self, name: Uuid) -> PathBuf {
        let text = name.simple().to_string();
        self.path.join("data").join(&text[30..]).join(text)
    }

    /// A file for new bytes; gone again unless it is published.
    pub(super) fn incoming(&self) -> io::Result<Incoming> {
        let name = Uuid::new_v4();
        let path = self.data_path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Incoming::create(path, name)
    }

    /// Makes synced bytes the object of this key.
    pub(super) fn publish(
        &self,
        key: String,
        attributes: Attributes,
        mut bytes: Stored,
        etag: String,
    ) -> io::Result<Arc<Object>> {
        let modified = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
        let object = Arc::new(Object {
            key: key.clone(),
            data: bytes.name,
            size: bytes.size,
            etag,
            modified: i64::try_from(modified).unwrap_or_default(),
            attributes,
        });
        let path = self.description_path(&key);
        let parent = path.parent().unwrap_or(&self.path).to_owned();
        fs::create_dir_all(&parent)?;
        let temporary = parent.join(format!("{}.tmp", object.data.simple()));
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(object.as_ref()).map_err(io::Error::other)?)?;
        file.sync_all()?;
        sync_folder(bytes.path.parent().unwrap_or(&self.path))?;
        let replaced = {
            let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
            fs::rename(&temporary, &path)?;
            sync_folder(&parent)?;
            bytes.published = true;
            self.objects.write().unwrap_or_else(PoisonError::into_inner).insert(key, object.clone())
        };
        if let Some(replaced) = replaced {
            let _ = fs::remove_file(self.data_path(replaced.data));
        }
        Ok(object)
    }

    /// Deletes; a key that does not exist is deleted already.
    pub(super) fn delete(&self, key: &str) -> io::Result<()> {
        let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(object) = self.object(key) {
            let path = self.description_path(key);
            fs::remove_file(&path)?;
            sync_folder(path.parent().unwrap_or(&self.path))?;
            self.objects.write().unwrap_or_else(PoisonError::into_inner).remove(key);
            let _ = fs::remove_file(self.data_path(object.data));
        }
        Ok(())
    }

    fn description_path(&self, key: &str) -> PathBuf {
        let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
        let name = hex(digest.as_ref());
        self.path.join("keys").join(&name[..2]).join(format!("{}.json", &name[2..]))
    }
}

/// Bytes on their way in.
pub(super) struct Incoming {
    file: File,
    hash: Md5,
    stored: Stored,
}

/// Bytes that are on disk, synced, and belong to nobody yet.
pub(super) struct Stored {
    path: PathBuf,
    name: Uuid,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
    published: bool,
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

/// Files two levels down.
fn files_below(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if path.exists() {
        for folder in fs::read_dir(path)? {
            let folder = folder?.path();
            if folder.is_dir() {
                for file in fs::read_dir(folder)? {
                    files.push(file?.path());
                }
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(bucket: &Bucket, key: &str, bytes: &[u8]) -> io::Result<Arc<Object>> {
        let mut incoming = bucket.incoming()?;
        incoming.write(bytes)?;
        let stored = incoming.finish()?;
        let etag = hex(&stored.md5);
        bucket.publish(key.to_owned(), Attributes::default(), stored, etag)
    }

    #[test]
    fn objects_survive_and_leftovers_do_not() {
        let place = tempfile::tempdir().expect("a folder");
        let leftover;
        {
            let folder = Folder::open(place.path()).expect("opened");
            folder.create_bucket("files").expect("a bucket");
            let bucket = folder.bucket("files").expect("the bucket");
            for key in ["a", "a/b", "../../etc/passwd", "ünïcode und leer.png", &"k".repeat(1024)] {
                put(&bucket, key, key.as_bytes()).expect("stored");
            }
            put(&bucket, "a", b"second").expect("replaced");
            // A process that dies between the bytes and the description.
            let mut incoming = bucket.incoming().expect("a file");
            incoming.write(b"half").expect("written");
            let stored = incoming.finish().expect("synced");
            leftover = stored.path.clone();
            std::mem::forget(stored);
            assert!(matches!(Folder::open(place.path()), Err(StoreError::InUse { .. })));
        }
        let folder = Folder::open(place.path()).expect("opened again");
        let bucket = folder.bucket("files").expect("the bucket");
        assert!(!leftover.exists(), "the unpublished bytes are still there");
        assert_eq!(bucket.object("a").expect("a").size, 6);
        for key in ["a/b", "../../etc/passwd", "ünïcode und leer.png", &"k".repeat(1024)] {
            let (object, mut file) = bucket.open_object(key).expect("readable").expect("there");
            let mut text = String::new();
            io::Read::read_to_string(&mut file, &mut text).expect("text");
            assert_eq!((text.as_str(), object.key.as_str()), (key, key));
        }
        assert_eq!(files_below(&bucket.path.join("data")).expect("data").len(), 5, "one file of bytes per object");
        bucket.delete("a").expect("deleted");
        bucket.delete("a").expect("deleted already");
        assert!(bucket.object("a").is_none() && bucket.object("a/b").is_some());
    }

    #[test]
    fn bytes_without_an_end_leave_nothing() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = Folder::open(place.path()).expect("opened");
        folder.create_bucket("files").expect("a bucket");
        let bucket = folder.bucket("files").expect("the bucket");
        let mut incoming = bucket.incoming().expect("a file");
        incoming.write(b"half").expect("written");
        drop(incoming);
        assert!(files_below(&bucket.path.join("data")).expect("data").is_empty());
    }
}
