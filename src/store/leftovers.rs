//! What a crash left: descriptions that never got their name, and bytes that no description names.

use super::layout::{data_path, is_description, visit_below};
use super::object::Object;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use uuid::Uuid;

/// Files that were there before the first request. Only these are ever deleted: what is being written now is not among them, however long the look takes.
pub(super) struct Leftovers {
    /// In order.
    bytes: Vec<Uuid>,
    keys: PathBuf,
    data: PathBuf,
}

impl Leftovers {
    /// Lists the files of a bucket, before anything is written to it, and deletes unfinished descriptions.
    pub(super) fn of(bucket: &Path) -> io::Result<Self> {
        let (keys, data) = (bucket.join("keys"), bucket.join("data"));
        visit_below(&keys, |path| {
            if !is_description(path) {
                let _ = fs::remove_file(path);
            }
            Ok(())
        })?;
        let mut bytes = Vec::new();
        visit_below(&data, |path| {
            let name = path.file_name().and_then(|name| name.to_str());
            bytes.extend(name.and_then(|name| Uuid::parse_str(name).ok()));
            Ok(())
        })?;
        bytes.sort_unstable();
        Ok(Self { bytes, keys, data })
    }

    /// Reads all descriptions and deletes bytes that none of them names; nothing when one of them cannot be read, or when told to stop.
    pub(super) fn sweep(self, stop: &AtomicBool) {
        let mut named = vec![false; self.bytes.len()];
        let looked = visit_below(&self.keys, |path| {
            if stop.load(Ordering::Relaxed) {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            if is_description(path)
                && let Some(object) = Object::read(path)?
                && let Ok(at) = self.bytes.binary_search(&object.data)
            {
                named[at] = true;
            }
            Ok(())
        });
        match looked {
            Ok(()) => {}
            Err(_) if stop.load(Ordering::Relaxed) => return,
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "The object store does not look for leftovers"
                );
                return;
            }
        }
        for (name, _) in self.bytes.iter().zip(named).filter(|(_, named)| !named) {
            let _ = fs::remove_file(data_path(&self.data, *name));
        }
    }
}
