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
//! are deleted after the next start (`leftovers`). Descriptions are read when they are asked for; nothing about an object is kept in memory, but for the
//! keys while somebody lists them (`keys`). The folder belongs to one process.

use super::StoreError;
use super::incoming::{Incoming, Stored, sync_folder};
use super::keys::Keys;
use super::layout::{self, data_path, description_path};
use super::leftovers::Leftovers;
use super::object::{Attributes, Object};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Instant;
use uuid::Uuid;

/// The store's folder, open.
pub struct Folder {
    root: PathBuf,
    buckets: RwLock<BTreeMap<String, Arc<Bucket>>>,
    /// The thread that deletes what a crash left, and what ends it.
    sweeping: Option<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    _lock: File,
}

/// One bucket.
pub(super) struct Bucket {
    path: PathBuf,
    keys: Keys,
    /// Held while a description changes place, so that two writers of a key do not both believe to have replaced the same bytes.
    publishing: Mutex<()>,
}

impl Folder {
    /// Opens the folder. What a crash left unfinished is deleted on a thread of its own, which ends with the folder.
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
        let (mut buckets, mut leftovers) = (BTreeMap::new(), Vec::new());
        for entry in fs::read_dir(&buckets_path).map_err(StoreError::folder("read", &buckets_path))?.flatten() {
            if let Some(name) = entry.file_name().to_str()
                && entry.path().is_dir()
            {
                let path = entry.path();
                leftovers.push(Leftovers::of(&path).map_err(StoreError::folder("read", &path))?);
                buckets.insert(name.to_owned(), Arc::new(Bucket::new(path)));
            }
        }
        let closing = Arc::new(AtomicBool::new(false));
        let stop = closing.clone();
        let sweep = move || leftovers.into_iter().for_each(|leftovers| leftovers.sweep(&stop));
        let sweeping = std::thread::Builder::new().name("store-leftovers".into()).spawn(sweep);
        let sweeping = sweeping.map_err(StoreError::folder("start looking for leftovers in", root))?;
        Ok(Self {
            root: root.to_owned(),
            buckets: RwLock::new(buckets),
            sweeping: Some(sweeping),
            closing,
            _lock: lock,
        })
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
            buckets.insert(name.to_owned(), Arc::new(Bucket::new(path)));
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

    /// Forgets the keys of buckets that nobody has listed since then, and gives the memory that they took back to the system: it
    /// grows with the objects of a bucket.
    pub(super) fn forget_keys_unused_since(&self, moment: Instant) {
        let mut forgotten = false;
        for bucket in self.buckets.read().unwrap_or_else(PoisonError::into_inner).values() {
            forgotten |= bucket.keys.forget_unused_since(moment);
        }
        if forgotten {
            crate::memory::trim();
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        if let Some(sweeping) = self.sweeping.take() {
            let _ = sweeping.join();
        }
    }
}

impl Bucket {
    fn new(path: PathBuf) -> Self {
        Self { path, keys: Keys::default(), publishing: Mutex::new(()) }
    }

    pub(super) fn uploads(&self) -> PathBuf {
        self.path.join("uploads")
    }

    /// The object of a key. Reads a file: not for a thread that must not wait.
    pub(super) fn object(&self, key: &str) -> io::Result<Option<Object>> {
        Object::read(&self.description_path(key))
    }

    /// The object and its open file. An overwrite between the two steps shows as a missing file, and the second look finds the new one.
    pub(super) fn open_object(&self, key: &str) -> io::Result<Option<(Object, File)>> {
        for _ in 0..8 {
            let Some(object) = self.object(key)? else { return Ok(None) };
            match File::open(self.data_path(object.data)) {
                Ok(file) => return Ok(Some((object, file))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "the bytes of an object are missing"))
    }

    /// Visits the keys from the first one at or after `from` until told to stop.
    pub(super) fn walk(&self, from: &str, mut visit: impl FnMut(&str) -> bool) -> io::Result<()> {
        let walk = |keys: &BTreeSet<Box<str>>| {
            for key in keys.range::<str, _>((Bound::Included(from), Bound::Unbounded)) {
                if !visit(key) {
                    break;
                }
            }
        };
        self.keys.look(|| self.read_keys(), walk)
    }

    /// A description that cannot be read is an error: who copies a bucket by its listing must not miss an object.
    fn read_keys(&self) -> io::Result<BTreeSet<Box<str>>> {
        let mut keys = BTreeSet::new();
        layout::visit_below(&self.path.join("keys"), |path| {
            if layout::is_description(path)
                && let Some(object) = Object::read(path)?
            {
                keys.insert(object.key.into());
            }
            Ok(())
        })?;
        Ok(keys)
    }

    fn data_path(&self, name: Uuid) -> PathBuf {
        data_path(&self.path.join("data"), name)
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
    ) -> io::Result<Object> {
        let modified = time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
        let path = self.description_path(&key);
        let object = Object {
            key,
            data: bytes.name,
            size: bytes.size,
            etag,
            modified: i64::try_from(modified).unwrap_or_default(),
            attributes,
        };
        let parent = path.parent().unwrap_or(&self.path).to_owned();
        fs::create_dir_all(&parent)?;
        let temporary = parent.join(format!("{}.tmp", object.data.simple()));
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(&object).map_err(io::Error::other)?)?;
        file.sync_all()?;
        sync_folder(bytes.path.parent().unwrap_or(&self.path))?;
        let replaced = {
            let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
            // One that cannot be read is replaced all the same; its bytes are a leftover then.
            let replaced = Object::read(&path).ok().flatten();
            fs::rename(&temporary, &path)?;
            // It names the bytes from here on, even when the next step fails: they must stay.
            bytes.published = true;
            self.keys.changed(&object.key, true);
            sync_folder(&parent)?;
            replaced
        };
        if let Some(replaced) = replaced {
            let _ = fs::remove_file(self.data_path(replaced.data));
        }
        Ok(object)
    }

    /// Deletes; a key that does not exist is deleted already.
    pub(super) fn delete(&self, key: &str) -> io::Result<()> {
        let _publishing = self.publishing.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.description_path(key);
        let object = Object::read(&path).ok().flatten();
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        }
        self.keys.changed(key, false);
        sync_folder(path.parent().unwrap_or(&self.path))?;
        if let Some(object) = object {
            let _ = fs::remove_file(self.data_path(object.data));
        }
        Ok(())
    }

    fn description_path(&self, key: &str) -> PathBuf {
        description_path(&self.path.join("keys"), key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::incoming::hex;
    use super::*;

    fn put(bucket: &Bucket, key: &str, bytes: &[u8]) -> io::Result<Object> {
        let mut incoming = bucket.incoming()?;
        incoming.write(bytes)?;
        let stored = incoming.finish()?;
        let etag = hex(&stored.md5);
        bucket.publish(key.to_owned(), Attributes::default(), stored, etag)
    }

    fn files_of_bytes(bucket: &Bucket) -> usize {
        let mut count = 0;
        let counted = layout::visit_below(&bucket.path.join("data"), |_| {
            count += 1;
            Ok(())
        });
        counted.map(|()| count).expect("data")
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
        let mut folder = Folder::open(place.path()).expect("opened again");
        folder.sweeping.take().expect("a thread").join().expect("swept");
        let bucket = folder.bucket("files").expect("the bucket");
        assert!(!leftover.exists(), "the unpublished bytes are still there");
        assert_eq!(bucket.object("a").expect("readable").expect("a").size, 6);
        for key in ["a/b", "../../etc/passwd", "ünïcode und leer.png", &"k".repeat(1024)] {
            let (object, mut file) = bucket.open_object(key).expect("readable").expect("there");
            let mut text = String::new();
            io::Read::read_to_string(&mut file, &mut text).expect("text");
            assert_eq!((text.as_str(), object.key.as_str()), (key, key));
        }
        assert_eq!(files_of_bytes(&bucket), 5, "one file of bytes per object");
        bucket.delete("a").expect("deleted");
        bucket.delete("a").expect("deleted already");
        let exists = |key| bucket.object(key).expect("readable").is_some();
        assert!(!exists("a") && exists("a/b"));
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
        assert_eq!(files_of_bytes(&bucket), 0);
    }

    #[test]
    fn a_damaged_description_is_told_costs_nobody_else_and_can_be_replaced() {
        let place = tempfile::tempdir().expect("a folder");
        {
            let folder = Folder::open(place.path()).expect("opened");
            folder.create_bucket("files").expect("a bucket");
            let bucket = folder.bucket("files").expect("the bucket");
            for key in ["good", "damaged"] {
                put(&bucket, key, key.as_bytes()).expect("stored");
            }
            fs::write(bucket.description_path("damaged"), "{\"key\":").expect("damaged");
        }
        let mut folder = Folder::open(place.path()).expect("opened again");
        folder.sweeping.take().expect("a thread").join().expect("swept");
        let bucket = folder.bucket("files").expect("the bucket");
        assert_eq!(files_of_bytes(&bucket), 2, "whose bytes these are is not known: they stay");
        assert!(bucket.open_object("good").expect("readable").is_some());
        let error = bucket.object("damaged").expect_err("refused");
        assert!(error.to_string().contains("is not the description of an object"), "{error}");
        assert!(bucket.walk("", |_| true).is_err(), "a listing would miss an object");
        put(&bucket, "damaged", b"whole again").expect("replaced");
        let mut keys = Vec::new();
        bucket
            .walk("", |key| {
                keys.push(key.to_owned());
                true
            })
            .expect("listed");
        assert_eq!(keys, ["damaged", "good"]);
    }
}
