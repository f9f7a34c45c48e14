//! Backups in a bucket: `<prefix><name>/<part>`, the manifest last. A backup without a manifest is none.
//!
//! Parts travel in pieces, so that neither memory nor one request's time grows with the database. What comes back lies in a
//! folder that goes with its value, and is checked like any other backup.

use super::manifest::Manifest;
use super::retention::{self, Listed, PruneReport};
use super::{BackupError, MANIFEST, PREFIX};
use crate::config::Secret;
use s3::creds::Credentials;
use s3::error::S3Error;
use s3::{Bucket, Region};
use std::path::{Path, PathBuf};
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;

/// One piece of a part must have travelled by then.
const TIMEOUT: Duration = Duration::from_secs(300);
/// Bytes of a piece on the way back.
const PIECE: u64 = 8 * 1024 * 1024;
/// Pieces of 8 MB that travel at a time on the way there; each is in memory twice.
const AT_A_TIME: usize = 3;
/// How often a piece is asked for.
const TRIES: u32 = 3;

/// Where the bucket is.
#[derive(Clone, Debug)]
pub struct RemoteOptions {
    /// Bucket.
    pub bucket: String,
    /// What precedes every name.
    pub prefix: String,
    /// Endpoint; none = Amazon's.
    pub endpoint: Option<String>,
    /// Region that requests are signed for.
    pub region: String,
    /// Static key; none = environment, container or instance.
    pub access_key_id: Secret,
    /// Its secret.
    pub secret_access_key: Secret,
}

/// A bucket of backups.
pub struct Remote {
    bucket: Box<Bucket>,
    prefix: String,
}

/// A backup that was fetched; its folder goes with this value.
pub struct Fetched {
    parent: PathBuf,
    /// Name of the backup.
    pub name: String,
}

impl Fetched {
    /// The folder that holds the backup under its name.
    pub fn folder(&self) -> &Path {
        &self.parent
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.parent);
    }
}

impl Remote {
    /// Prepares access; no network.
    ///
    /// # Errors
    /// The settings name no store, or there is no key.
    pub fn new(options: &RemoteOptions) -> Result<Self, BackupError> {
        let wrong = |message: String| BackupError::Bucket { action: "use", bucket: options.bucket.clone(), message };
        let credentials = match (options.access_key_id.expose(), options.secret_access_key.expose()) {
            (Some(id), Some(secret)) => Credentials::new(Some(id), Some(secret), None, None, None),
            _ => Credentials::default(),
        };
        let credentials = credentials.map_err(|error| wrong(error.to_string()))?;
        let aws = || format!("https://s3.{}.amazonaws.com", options.region);
        let endpoint = options.endpoint.clone().unwrap_or_else(aws).trim_end_matches('/').to_owned();
        let region = Region::Custom { region: options.region.clone(), endpoint };
        let bucket = Bucket::new(&options.bucket, region, credentials).map_err(|error| wrong(error.to_string()))?;
        let bucket =
            bucket.with_path_style().with_request_timeout(TIMEOUT).map_err(|error| wrong(error.to_string()))?;
        Ok(Self { bucket, prefix: options.prefix.clone() })
    }

    /// Uploads a backup of a folder, its manifest last.
    ///
    /// # Errors
    /// A file cannot be read, or the store refuses.
    pub async fn upload(&self, folder: &Path, name: &str) -> Result<(), BackupError> {
        let folder = folder.join(name);
        let manifest = Manifest::read(&folder)?;
        for file in manifest.parts.iter().map(|part| part.file.as_str()).chain([MANIFEST]) {
            let path = folder.join(file);
            let mut reader = tokio::fs::File::open(&path).await.map_err(BackupError::file("open", &path))?;
            let key = self.key(name, file);
            let request = self.bucket.put_object_stream_builder(&key).with_max_concurrent_chunks(AT_A_TIME);
            let answer = request.execute_stream(&mut reader).await;
            let answer = answer.map_err(|error| self.failed("write to", error))?;
            if !(200..300).contains(&answer.status_code()) {
                return Err(self.refused("write to", answer.status_code()));
            }
        }
        Ok(())
    }

    /// Fetches a backup into a folder below `parent`; `latest` is the newest.
    ///
    /// # Errors
    /// There is no such backup, the store refuses, or the disk is full.
    pub async fn fetch(&self, parent: &Path, name: &str) -> Result<Fetched, BackupError> {
        let name = match name {
            "latest" => {
                self.names().await?.into_iter().next().ok_or_else(|| BackupError::None { path: self.place() })?
            }
            name => name.to_owned(),
        };
        let unknown = || BackupError::Unknown { name: name.clone(), path: self.place() };
        if !name.starts_with(PREFIX) || name.contains(['/', '\\']) {
            return Err(unknown());
        }
        let manifest = self.manifest(&name).await?.ok_or_else(unknown)?;
        let fetched = Fetched { parent: parent.join(format!(".fetched-{}", uuid::Uuid::new_v4().simple())), name };
        let folder = fetched.parent.join(&fetched.name);
        super::create::private_folder(&folder)?;
        for part in &manifest.parts {
            // A manifest names files, not places.
            if part.file.contains(['/', '\\']) {
                return Err(BackupError::Damaged { file: part.file.clone(), what: "its name is none".to_owned() });
            }
            self.get(&self.key(&fetched.name, &part.file), &folder.join(&part.file), part.bytes).await?;
        }
        let path = folder.join(MANIFEST);
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|source| BackupError::Manifest { path: path.clone(), source })?;
        tokio::fs::write(&path, text).await.map_err(BackupError::file("write", &path))?;
        Ok(fetched)
    }

    /// The backups, newest first.
    ///
    /// # Errors
    /// The store refuses, or a manifest is none.
    pub async fn list(&self) -> Result<Vec<Listed>, BackupError> {
        let mut listed = Vec::new();
        for name in self.names().await? {
            // One that is removed meanwhile is no backup any more.
            if let Some(manifest) = self.manifest(&name).await? {
                listed.push(Listed::of(manifest));
            }
        }
        Ok(listed)
    }

    /// Removes backups older than `keep_days`, and what is left of uploads of that age that never ended; the newest backup
    /// always stays.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn prune(&self, keep_days: u32, dry_run: bool, now: OffsetDateTime) -> Result<PruneReport, BackupError> {
        let limit = now - time::Duration::days(i64::from(keep_days));
        // The name is the time.
        let oldest = limit
            .format(format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:3]Z"))
            .map(|stamp| format!("{PREFIX}{stamp}"))
            .unwrap_or_default();
        let keys = self.keys().await?;
        let names = complete(&keys);
        let mut removed: Vec<String> = names.iter().skip(1).filter(|name| **name < oldest).cloned().collect();
        removed.reverse();
        let kept = names.len() - removed.len();
        if !dry_run {
            let gone = |name: &str| {
                removed.iter().any(|one| one == name) || (!names.contains(&name.to_owned()) && *name < *oldest)
            };
            let mut doomed: Vec<&(String, String)> = keys.iter().filter(|(name, _)| gone(name)).collect();
            // Half a backup must not look like one.
            doomed.sort_by_key(|(_, file)| file != MANIFEST);
            for (name, file) in doomed {
                let answer = self.bucket.delete_object(self.key(name, file)).await;
                let status = answer.map_err(|error| self.failed("delete from", error))?.status_code();
                if !(200..300).contains(&status) && status != 404 {
                    return Err(self.refused("delete from", status));
                }
            }
        }
        Ok(PruneReport { removed, kept, dry_run })
    }

    /// Where the backups are, for people.
    pub fn place(&self) -> PathBuf {
        PathBuf::from(format!("s3://{}/{}", self.bucket.name(), self.prefix))
    }

    fn key(&self, name: &str, file: &str) -> String {
        format!("{}{name}/{file}", self.prefix)
    }

    /// Backup and file of every object below the prefix.
    async fn keys(&self) -> Result<Vec<(String, String)>, BackupError> {
        let pages = self.bucket.list(format!("{}{PREFIX}", self.prefix), None).await;
        let pages = pages.map_err(|error| self.failed("list", error))?;
        let objects = pages.into_iter().flat_map(|page| page.contents);
        let split = objects.filter_map(|object| {
            let (name, file) = object.key.strip_prefix(&self.prefix)?.split_once('/')?;
            Some((name.to_owned(), file.to_owned()))
        });
        Ok(split.collect())
    }

    async fn names(&self) -> Result<Vec<String>, BackupError> {
        Ok(complete(&self.keys().await?))
    }

    async fn manifest(&self, name: &str) -> Result<Option<Manifest>, BackupError> {
        let key = self.key(name, MANIFEST);
        let bytes = match self.bucket.get_object(&key).await {
            Ok(answer) if (200..300).contains(&answer.status_code()) => answer.into_bytes(),
            Ok(answer) if answer.status_code() == 404 => return Ok(None),
            Ok(answer) => return Err(self.refused("read from", answer.status_code())),
            Err(S3Error::HttpFailWithBody(404, _)) => return Ok(None),
            Err(error) => return Err(self.failed("read from", error)),
        };
        let manifest = serde_json::from_slice(&bytes);
        manifest.map(Some).map_err(|source| BackupError::Manifest { path: self.place().join(key), source })
    }

    /// One object into a file, piece by piece.
    async fn get(&self, key: &str, path: &Path, size: u64) -> Result<(), BackupError> {
        use tokio::io::AsyncWriteExt as _;
        let mut file = tokio::fs::File::create_new(path).await.map_err(BackupError::file("create", path))?;
        let mut start = 0;
        while start < size {
            let end = (start + PIECE).min(size) - 1;
            let mut tries = 1;
            let piece = loop {
                match self.bucket.get_object_range(key, start, Some(end)).await {
                    Ok(answer) if (200..300).contains(&answer.status_code()) => break answer.into_bytes(),
                    Ok(answer) => return Err(self.refused("read from", answer.status_code())),
                    Err(error) if tries >= TRIES => return Err(self.failed("read from", error)),
                    Err(error) => tracing::warn!(%error, "a piece of the backup is asked for again"),
                }
                tries += 1;
            };
            if piece.is_empty() {
                break;
            }
            file.write_all(&piece).await.map_err(BackupError::file("write", path))?;
            start += piece.len() as u64;
        }
        file.sync_all().await.map_err(BackupError::file("write", path))
    }

    fn failed(&self, action: &'static str, error: S3Error) -> BackupError {
        let message = match error {
            S3Error::HttpFailWithBody(status, body) => {
                let code = body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
                format!("{} (HTTP {status})", code.map_or("no reason given", |(code, _)| code))
            }
            error => error.to_string(),
        };
        BackupError::Bucket { action, bucket: self.bucket.name(), message }
    }

    fn refused(&self, action: &'static str, status: u16) -> BackupError {
        BackupError::Bucket { action, bucket: self.bucket.name(), message: format!("HTTP {status}") }
    }
}

/// Backups with a manifest, newest first.
fn complete(keys: &[(String, String)]) -> Vec<String> {
    let mut names: Vec<String> =
        keys.iter().filter(|(_, file)| file == MANIFEST).map(|(name, _)| name.clone()).collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    names
}

/// Takes a backup that was uploaded out of the folder, and remembers that there is one.
///
/// # Errors
/// The folder cannot be changed.
pub fn leave_to_the_bucket(folder: &Path, name: &str) -> Result<(), BackupError> {
    let path = folder.join(name);
    let manifest = Manifest::read(&path)?;
    retention::remember_newest(folder, &manifest.created_at)?;
    let partial = folder.join(format!("{}{name}", super::PARTIAL));
    std::fs::rename(&path, &partial).map_err(BackupError::file("rename", &path))?;
    std::fs::remove_dir_all(&partial).map_err(BackupError::file("remove", &partial))
}
