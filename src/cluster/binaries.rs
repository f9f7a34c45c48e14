//! Finds the distribution's PostgreSQL: `PATH` first, then the folders that packages use.

use super::ClusterError;
use std::path::{Path, PathBuf};

/// Oldest major version that the core schema works with (D-05).
const MINIMUM: u32 = 15;

/// Where to look for PostgreSQL's server binaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BinarySearch {
    /// Folders that may hold `initdb` and `postgres`.
    folders: Vec<PathBuf>,
}

/// A usable set of binaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    /// Folder with `initdb` and `postgres`.
    pub(super) directory: PathBuf,
    /// Major version.
    pub(super) major: u32,
}

impl Binaries {
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

impl BinarySearch {
    /// `PATH`, then the folders of the Debian, Red Hat and source packages.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "PATH is the system's, not a setting of ours")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
        folders.extend(versioned("/usr/lib/postgresql", "", "bin"));
        folders.extend(versioned("/usr", "pgsql-", "bin"));
        folders.push("/usr/local/pgsql/bin".into());
        Self { folders }
    }

    /// Only these folders.
    pub fn folders(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { folders: folders.into_iter().collect() }
    }

    /// The newest usable version, or exactly `wanted` (the one that made an existing database).
    pub(super) fn find(&self, wanted: Option<(u32, PathBuf)>) -> Result<Binaries, ClusterError> {
        let mut found: Vec<Binaries> = Vec::new();
        for folder in &self.folders {
            if !folder.join("initdb").is_file() || found.iter().any(|known| known.directory == *folder) {
                continue;
            }
            if let Some(major) = version_of(&folder.join("postgres")).filter(|major| *major >= MINIMUM) {
                found.push(Binaries { directory: folder.clone(), major });
            }
        }
        // Stable: among equals the earlier folder wins.
        found.sort_by_key(|binaries| std::cmp::Reverse(binaries.major));
        if found.is_empty() {
            return Err(ClusterError::NoBinaries { minimum: MINIMUM, looked_in: self.describe() });
        }
        match wanted {
            None => Ok(found.swap_remove(0)),
            Some((data, directory)) => {
                let majors = found.iter().map(|binaries| binaries.major.to_string()).collect::<Vec<_>>().join(", ");
                found.into_iter().find(|binaries| binaries.major == data).ok_or(ClusterError::OtherVersion {
                    directory,
                    data,
                    found: majors,
                })
            }
        }
    }

    fn describe(&self) -> String {
        let mut names: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
        names.dedup();
        if names.is_empty() { "no folder".to_owned() } else { names.join(", ") }
    }
}

/// Folders `root/<prefix><number>/<leaf>`, newest first; a placeholder when there is none, so that messages name it.
fn versioned(root: &str, prefix: &str, leaf: &str) -> Vec<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path().join(leaf)))
        })
        .collect();
    folders.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    if folders.is_empty() {
        return vec![Path::new(root).join(format!("{prefix}*")).join(leaf)];
    }
    folders.into_iter().map(|(_, path)| path).collect()
}

/// Major version that `postgres --version` reports.
fn version_of(postgres: &Path) -> Option<u32> {
    let output = std::process::Command::new(postgres).arg("--version").env("LC_ALL", "C").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(text: &str) -> Option<u32> {
    let number = text.trim().strip_prefix("postgres (PostgreSQL) ")?;
    let digits = number.split(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(parse_version("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(parse_version("something else 15"), None);
    }

    #[test]
    fn nothing_found_names_the_places() {
        let error = BinarySearch::folders(["/nonexistent/bin".into()]).find(None).expect_err("no binaries");
        let message = error.to_string();
        assert!(message.contains("/nonexistent/bin") && message.contains("apt-get install"), "{message}");
    }
}
