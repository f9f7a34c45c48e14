//! The demo's folder: where it is, what it was made for, how it is emptied.

use crate::cluster;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};

/// What a demo creates below its folder beside the cluster; `--reset` deletes these and nothing else.
const OURS: [&str; 5] = ["identity", "examples", "store", EXAMPLE_FILE, RANDOM_PASSWORDS_FILE];
const EXAMPLE_FILE: &str = "example";
/// There when the people's passwords are random ones that were printed.
const RANDOM_PASSWORDS_FILE: &str = "random-passwords";

/// A demo's folder.
pub(super) struct DemoFolder(PathBuf);

impl DemoFolder {
    /// The chosen folder, or one per application below the user's data folder.
    pub(super) fn new(chosen: Option<PathBuf>, default_data_dir: &Path, application: &str) -> Self {
        Self(chosen.unwrap_or_else(|| default_data_dir.join("demo").join(application)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Deletes what an earlier demo left here.
    pub(super) fn reset(&self) -> anyhow::Result<()> {
        cluster::remove(&self.0)?;
        for name in OURS {
            let path = self.0.join(name);
            let result = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match result {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("could not delete {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Creates the folder and remembers what it shows; refuses anything else than the folder was made for.
    pub(super) fn claim(&self, shown: &str) -> anyhow::Result<()> {
        let path = self.0.join(EXAMPLE_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) if text.trim() == shown => return Ok(()),
            Ok(text) => bail!(
                "{} holds the demo `{}`: choose another folder with --data-dir, or start afresh with --reset",
                self.0.display(),
                text.trim()
            ),
            Err(_) => {}
        }
        cluster::create_data_dir(&self.0)?;
        std::fs::write(&path, shown).with_context(|| format!("could not write {}", path.display()))
    }

    /// Whether the people have random passwords, not the well-known one.
    pub(super) fn has_random_passwords(&self) -> bool {
        self.0.join(RANDOM_PASSWORDS_FILE).exists()
    }

    /// Remembers which passwords the people have. To be called before well-known ones are set and after random ones
    /// were, so that an interruption errs on the side of new random ones.
    pub(super) fn set_random_passwords(&self, random: bool) -> anyhow::Result<()> {
        let path = self.0.join(RANDOM_PASSWORDS_FILE);
        let result = if random {
            std::fs::write(&path, "")
        } else {
            std::fs::remove_file(&path).or_else(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })
        };
        result.with_context(|| format!("could not write {}", path.display()))
    }
}
