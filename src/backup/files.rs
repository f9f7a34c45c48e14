//! Uploaded files in a backup: `files.tar`, one entry for each object, the same whether it came from the embedded store or from a bucket.
//!
//! An entry's record `CIVICOS.object` says bucket, key and headers; its path is for people who open the archive with `tar`, and stands for the key only
//! where a key can be a path. Objects pass through in pieces.

use super::BackupError;
use crate::files::StorageOptions;
use crate::store::Attributes;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

/// Record of an entry that says what it is.
const RECORD: &str = "CIVICOS.object";

/// Where uploaded files are read from, or put back to.
#[derive(Clone, Debug)]
pub enum Files {
    /// Nowhere: they are left out.
    LeftOut,
    /// The embedded store's folder; there may be none yet.
    Folder {
        /// Folder.
        path: PathBuf,
        /// Bucket that files are put back into.
        bucket: String,
    },
    /// A bucket.
    Bucket(StorageOptions),
}

impl Files {
    /// The bucket that files are put back into.
    pub fn bucket(&self) -> &str {
        match self {
            Self::LeftOut => "",
            Self::Folder { bucket, .. } => bucket,
            Self::Bucket(options) => &options.bucket,
        }
    }
}

/// Where the files of a backup came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesFrom {
    /// There was no store.
    #[default]
    Nowhere,
    /// They were left out.
    LeftOut,
    /// The embedded store.
    Folder,
    /// A bucket.
    Bucket,
}

/// What an entry says about its object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Carried {
    pub(super) bucket: String,
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) attributes: Attributes,
}

/// Number and size of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) objects: u64,
    pub(super) bytes: u64,
}

/// Writes the archive.
pub(super) struct Packer<W: Write> {
    archive: tar::Builder<W>,
    pub(super) total: Total,
}

impl<W: Write> Packer<W> {
    pub(super) fn new(place: W) -> Self {
        Self { archive: tar::Builder::new(place), total: Total::default() }
    }

    /// Appends an object; `bytes` must have exactly `size` of them.
    pub(super) fn append(&mut self, object: &Carried, size: u64, bytes: impl Read) -> io::Result<()> {
        let record = serde_json::to_vec(object).map_err(io::Error::other)?;
        let path = readable_path(object);
        let mut records = vec![(RECORD, record.as_slice())];
        if let Some(path) = &path {
            records.push(("path", path.as_bytes()));
        }
        self.archive.append_pax_extensions(records)?;
        let mut header = tar::Header::new_gnu();
        header.set_path(format!("objects/{:010}", self.total.objects))?;
        header.set_size(size);
        header.set_mode(0o600);
        header.set_cksum();
        self.archive.append(&header, Exact { inner: bytes, left: size })?;
        self.total.objects += 1;
        self.total.bytes += size;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Total> {
        self.archive.finish()?;
        Ok(self.total)
    }
}

/// Visits the objects of an archive in order. What `visit` leaves unread is skipped.
pub(super) fn visit(
    name: &str,
    archive: impl Read,
    mut visit: impl FnMut(Carried, u64, &mut dyn Read) -> Result<(), BackupError>,
) -> Result<Total, BackupError> {
    let failed = || BackupError::file("read", name);
    let mut archive = tar::Archive::new(archive);
    let mut total = Total::default();
    for entry in archive.entries().map_err(failed())? {
        let mut entry = entry.map_err(failed())?;
        let mut object: Option<Carried> = None;
        for record in entry.pax_extensions().map_err(failed())?.into_iter().flatten() {
            let record = record.map_err(failed())?;
            if record.key_bytes() == RECORD.as_bytes() {
                object = serde_json::from_slice(record.value_bytes()).ok();
            }
        }
        let Some(object) = object else {
            let what = "one of its entries does not say which object it is".to_owned();
            return Err(BackupError::Damaged { file: name.to_owned(), what });
        };
        let size = entry.size();
        visit(object, size, &mut entry)?;
        total.objects += 1;
        total.bytes += size;
    }
    Ok(total)
}

/// `bucket/key` where that is a path below the folder that somebody unpacks into.
fn readable_path(object: &Carried) -> Option<String> {
    let path = format!("{}/{}", object.bucket, object.key);
    let plain = Path::new(&path).components().all(|part| matches!(part, Component::Normal(_)));
    (plain && !path.ends_with('/') && !path.contains(['\n', '\0'])).then_some(path)
}

/// A reader that must not end early, and is not read further than it should.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let read = self.inner.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an object is shorter than its store said"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(key: &str) -> Carried {
        let attributes = Attributes { content_type: Some("text/plain".into()), ..Attributes::default() };
        Carried { bucket: "files".into(), key: key.into(), attributes }
    }

    #[test]
    fn any_key_and_any_bytes_come_back() {
        let long = "ü/".repeat(341);
        let keys = ["a/b", "a/b/c d.txt", "../../etc/passwd", "/root", "a//b", "line\nend", "dir/", ".", &long];
        let mut packer = Packer::new(Vec::new());
        for key in keys {
            packer.append(&object(key), key.len() as u64, key.as_bytes()).expect("packed");
        }
        packer.append(&object("nothing"), 0, io::empty()).expect("packed");
        let bytes = packer.archive.into_inner().expect("archive");
        let mut seen = Vec::new();
        let total = visit("files.tar", bytes.as_slice(), |object, size, bytes| {
            let mut text = String::new();
            bytes.read_to_string(&mut text).expect("text");
            assert_eq!((text.len() as u64, object.attributes.content_type.as_deref()), (size, Some("text/plain")));
            seen.push((object.key, text));
            Ok(())
        });
        let total = total.expect("read");
        assert_eq!(total.objects, keys.len() as u64 + 1);
        assert!(seen.iter().zip(keys).all(|((key, text), expected)| key == expected && text == expected), "{seen:?}");

        // What a person sees who unpacks it: nothing outside of the folder.
        let mut archive = tar::Archive::new(bytes.as_slice());
        for entry in archive.entries().expect("entries") {
            let path = entry.expect("entry").path().expect("path").into_owned();
            assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{}", path.display());
        }
    }

    #[test]
    fn an_object_that_is_shorter_than_announced_is_an_error() {
        let mut packer = Packer::new(Vec::new());
        let error = packer.append(&object("a"), 5, &b"1234"[..]).expect_err("too short");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        packer.append(&object("b"), 3, &b"1234"[..]).expect("the rest is left alone");
    }
}
