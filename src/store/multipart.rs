//! Uploads in parts: a folder per upload with a description and a file per part, joined at the end.

use super::folder::Bucket;
use super::incoming::{Incoming, Stored, hex, sync_folder};
use super::object::Attributes;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};
use uuid::Uuid;

/// An upload that nobody finished in this time is given up.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 60 * 60);
/// Every part but the last has at least this size in S3.
const SMALLEST_PART: u64 = 5 * 1024 * 1024;

/// An upload in parts that was begun.
pub(super) struct Upload {
    folder: PathBuf,
    description: Description,
}

#[derive(Serialize, Deserialize)]
struct Description {
    key: String,
    attributes: Attributes,
}

/// A part that is there.
pub(super) struct PartFile {
    pub(super) number: i32,
    pub(super) size: u64,
    pub(super) etag: String,
    path: PathBuf,
}

/// Why parts cannot be joined.
pub(super) enum JoinError {
    /// A named part is missing or has another ETag.
    InvalidPart,
    /// The list is not in order.
    Order,
    /// A part but the last is below the smallest size.
    TooSmall,
    /// All together are above the limit.
    TooLarge,
    /// Disk.
    Io(io::Error),
}

impl From<io::Error> for JoinError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Upload {
    /// Begins an upload and forgets those of yesterday.
    pub(super) fn begin(bucket: &Bucket, key: String, attributes: Attributes) -> io::Result<Uuid> {
        sweep(bucket)?;
        let id = Uuid::new_v4();
        let folder = bucket.uploads().join(id.simple().to_string());
        fs::create_dir_all(&folder)?;
        let description = Description { key, attributes };
        fs::write(folder.join("upload.json"), serde_json::to_vec(&description).map_err(io::Error::other)?)?;
        Ok(id)
    }

    /// The upload of this id and key.
    pub(super) fn find(bucket: &Bucket, id: &str, key: &str) -> io::Result<Option<Self>> {
        let Ok(id) = Uuid::parse_str(id) else { return Ok(None) };
        let folder = bucket.uploads().join(id.simple().to_string());
        let text = match fs::read(folder.join("upload.json")) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let description: Description = serde_json::from_slice(&text).map_err(io::Error::other)?;
        Ok((description.key == key).then_some(Self { folder, description }))
    }

    /// A file for a part; it becomes one with [`Upload::keep_part`].
    pub(super) fn incoming(&self) -> io::Result<Incoming> {
        let name = Uuid::new_v4();
        Incoming::create(self.folder.join(format!("incoming-{}", name.simple())), name)
    }

    /// The bytes are the part of this number from now on; the name carries the ETag.
    pub(super) fn keep_part(&self, number: i32, stored: Stored) -> io::Result<String> {
        let etag = hex(&stored.md5);
        for earlier in self.parts()?.into_iter().filter(|part| part.number == number && part.etag != etag) {
            fs::remove_file(earlier.path)?;
        }
        stored.rename(&self.folder.join(format!("part-{number:05}-{etag}")))?;
        sync_folder(&self.folder)?;
        Ok(etag)
    }

    /// The parts in order.
    pub(super) fn parts(&self) -> io::Result<Vec<PartFile>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let mut pieces = name.to_str().unwrap_or_default().splitn(3, '-');
            if let (Some("part"), Some(number), Some(etag)) = (pieces.next(), pieces.next(), pieces.next())
                && let Ok(number) = number.parse()
            {
                parts.push(PartFile {
                    number,
                    size: entry.metadata()?.len(),
                    etag: etag.to_owned(),
                    path: entry.path(),
                });
            }
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    /// Joins the named parts into bytes of the bucket; returns them with their ETag.
    pub(super) fn join(
        &self,
        bucket: &Bucket,
        wanted: &[(i32, Option<String>)],
        largest: u64,
    ) -> Result<(Stored, String), JoinError> {
        if wanted.is_empty() {
            return Err(JoinError::InvalidPart);
        }
        if wanted.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return Err(JoinError::Order);
        }
        let parts = self.parts()?;
        let mut chosen = Vec::with_capacity(wanted.len());
        for (number, etag) in wanted {
            let part = parts.iter().find(|part| part.number == *number).ok_or(JoinError::InvalidPart)?;
            if etag.as_ref().is_some_and(|etag| *etag != part.etag) {
                return Err(JoinError::InvalidPart);
            }
            chosen.push(part);
        }
        if chosen.iter().rev().skip(1).any(|part| part.size < SMALLEST_PART) {
            return Err(JoinError::TooSmall);
        }
        if chosen.iter().map(|part| part.size).sum::<u64>() > largest {
            return Err(JoinError::TooLarge);
        }
        let mut whole = bucket.incoming()?;
        let mut sums = Md5::new();
        let mut buffer = vec![0; 256 * 1024];
        for part in &chosen {
            let mut file = File::open(&part.path)?;
            let mut sum = Md5::new();
            loop {
                let read = file.read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                sum.update(&buffer[..read]);
                whole.write(&buffer[..read])?;
            }
            sums.update(sum.finalize());
        }
        let etag = format!("{}-{}", hex(&sums.finalize()), chosen.len());
        Ok((whole.finish()?, etag))
    }

    /// Headers for the finished object.
    pub(super) fn attributes(&self) -> Attributes {
        self.description.attributes.clone()
    }

    /// Forgets the upload and its parts.
    pub(super) fn remove(self) -> io::Result<()> {
        fs::remove_dir_all(self.folder)
    }
}

fn sweep(bucket: &Bucket) -> io::Result<()> {
    let now = SystemTime::now();
    for entry in fs::read_dir(bucket.uploads())?.flatten() {
        let age = entry.metadata().and_then(|data| data.modified()).ok().and_then(|time| now.duration_since(time).ok());
        if age.is_some_and(|age| age > ABANDONED_AFTER) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
