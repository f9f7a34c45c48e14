//! Where what lies in a bucket's folder; `folder` has the picture.

use super::incoming::hex;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Where the description of a key lies: its name is the key's SHA-256, so that no key is a path.
pub(super) fn description_path(keys: &Path, key: &str) -> PathBuf {
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let name = hex(digest.as_ref());
    keys.join(&name[..2]).join(format!("{}.json", &name[2..]))
}

/// Whether a file is a description, and not one that was never finished.
pub(super) fn is_description(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "json")
}

/// Where the bytes of this name lie.
pub(super) fn data_path(data: &Path, name: Uuid) -> PathBuf {
    let text = name.simple().to_string();
    data.join(&text[30..]).join(text)
}

/// Visits the files two levels down; a folder that does not exist has none.
pub(super) fn visit_below(path: &Path, mut visit: impl FnMut(&Path) -> io::Result<()>) -> io::Result<()> {
    if path.exists() {
        for folder in fs::read_dir(path)? {
            let folder = folder?.path();
            if folder.is_dir() {
                for file in fs::read_dir(folder)? {
                    visit(&file?.path())?;
                }
            }
        }
    }
    Ok(())
}
