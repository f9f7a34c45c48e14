//! A backup from its making to the place where it stays.

use super::retention::tell_newest;
use super::{BackupError, CreateOptions, MANIFEST, Manifest, PruneReport, Remote, create, leave_to_the_bucket, prune};
use std::cell::Cell;
use std::path::Path;
use time::OffsetDateTime;

/// Makes backups and brings them to their place. One that did not reach its bucket waits here: the next try brings that one, instead of filling the disk
/// with more.
pub struct Backups<'a> {
    options: &'a CreateOptions,
    bucket: Option<&'a Remote>,
    keep_days: Option<u32>,
    newest_file: Option<&'a Path>,
    waiting: Cell<Option<(Manifest, OffsetDateTime)>>,
}

/// A backup that reached its place.
pub struct Brought {
    /// What it is.
    pub manifest: Manifest,
    /// Old ones that were removed; none where nothing is to be removed.
    pub pruned: Option<PruneReport>,
    /// When its making began: before a try that did not reach the bucket, where there was one.
    pub began: OffsetDateTime,
}

impl<'a> Backups<'a> {
    /// Backups with these options, which stay in the bucket if there is one; those older than `keep_days` are removed.
    pub fn new(options: &'a CreateOptions, bucket: Option<&'a Remote>, keep_days: Option<u32>) -> Self {
        Self { options, bucket, keep_days, newest_file: None, waiting: Cell::new(None) }
    }

    /// Writes into this file when the newest backup was made.
    #[must_use]
    pub fn telling(self, newest_file: Option<&'a Path>) -> Self {
        Self { newest_file, ..self }
    }

    /// Makes a backup, or takes the one that waits; brings it to its place, and removes old ones.
    ///
    /// # Errors
    /// See [`create`]; the bucket refuses.
    pub async fn make(&self) -> Result<Brought, BackupError> {
        let now = OffsetDateTime::now_utc();
        let folder = &self.options.folder;
        // Somebody may have removed it meanwhile.
        let is_there = |(manifest, _): &(Manifest, _)| folder.join(&manifest.name).join(MANIFEST).is_file();
        let (manifest, began) = match self.waiting.take().filter(is_there) {
            Some(waiting) => waiting,
            None => (create(self.options).await?, now),
        };
        let Some(bucket) = self.bucket else {
            self.tell(&manifest);
            let pruned = self.keep_days.map(|days| prune(folder, days, false, now)).transpose()?;
            return Ok(Brought { manifest, pruned, began });
        };
        if let Err(error) = bucket.upload(folder, &manifest.name).await {
            let here = folder.join(&manifest.name);
            tracing::warn!("The backup did not reach the bucket; it is complete in {}", here.display());
            self.waiting.set(Some((manifest, began)));
            return Err(error);
        }
        leave_to_the_bucket(folder, &manifest.name)?;
        self.tell(&manifest);
        let pruned = match self.keep_days {
            Some(days) => {
                // What other processes made and could not bring: it is nowhere else, but not for ever.
                prune(folder, days, false, now)?;
                Some(bucket.prune(days, false, now).await?)
            }
            None => None,
        };
        Ok(Brought { manifest, pruned, began })
    }

    /// The backup is good all the same where this fails: it is no reason to make another.
    fn tell(&self, manifest: &Manifest) {
        if let Some(file) = self.newest_file
            && let Err(error) = tell_newest(file, &manifest.created_at)
        {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "The age of the newest backup cannot be told (backup.newest_file)");
        }
    }
}
