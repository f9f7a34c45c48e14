//! The provider's files: JSON, readable by the owner only, replaced as a whole so that a crash leaves the old one.

use super::ProviderError;
use serde::{Serialize, de::DeserializeOwned};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Creates the provider's folder with access for the owner only.
pub(super) fn create_folder(path: &Path) -> Result<(), ProviderError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| ProviderError::Write { path: path.into(), source })
}

/// Reads a file; `None` when it does not exist.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, ProviderError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ProviderError::Read { path: path.into(), source }),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| ProviderError::Damaged { path: path.into(), reason: format!("line {}", error.line()) })
}

/// Writes beside the file, then takes its name.
pub(super) fn write<T: Serialize>(path: &Path, content: &T) -> Result<(), ProviderError> {
    let failed = |source| ProviderError::Write { path: path.into(), source };
    let text = serde_json::to_vec_pretty(content).map_err(|error| failed(error.into()))?;
    let beside = path.with_extension("new");
    // A leftover of a crash may have other permissions.
    let _ = std::fs::remove_file(&beside);
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside).map_err(failed)?;
    file.write_all(&text).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&beside, path).map_err(failed)
}
