//! The environment of the process over the variables of `--env-file`.

use super::env_file;
use super::error::ConfigError;
use super::source::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Variables with the file that set them. No `Debug`: many are secrets.
pub(super) struct Variables {
    values: BTreeMap<String, (String, Option<PathBuf>)>,
}

impl Variables {
    /// Reads the files, weakest first; the environment of the process wins over them, as in compose.
    pub(super) fn read(
        process: &[(String, String)],
        files: &[PathBuf],
        warnings: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let mut values = BTreeMap::new();
        let outer = |name: &str| process.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        for path in files {
            let text = read_text("the file of variables", path)?;
            let file = env_file::parse(&text, &outer).map_err(|(line, message)| ConfigError::EnvFileSyntax {
                path: path.clone(),
                line,
                message,
            })?;
            for line in file.unset_references {
                warnings.push(format!(
                    "{}:{line}: refers to a variable that is not set; a literal $ is written $$ or in single quotes",
                    path.display()
                ));
            }
            values.extend(file.variables.into_iter().map(|(name, value)| (name, (value, Some(path.clone())))));
        }
        values.extend(process.iter().map(|(name, value)| (name.clone(), (value.clone(), None))));
        Ok(Self { values })
    }

    /// The value, if it is set and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.trim().is_empty())
    }

    /// A port, unless it is what Kubernetes injects for a service of that name (`tcp://10.0.0.1:5432`).
    pub(super) fn port(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.contains("://"))
    }

    /// The value even if it is empty.
    pub(super) fn get_or_empty(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The source that these names are together.
    pub(super) fn source(&self, names: &[&str]) -> Source {
        let file = names.iter().find_map(|name| self.values.get(*name)).and_then(|(_, file)| file.clone());
        Source::Variables { names: names.iter().map(|name| (*name).to_owned()).collect(), file }
    }
}

/// A text file, or an error that names it.
pub(super) fn read_text(what: &'static str, path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::ReadFile { what, path: path.to_owned(), source })
}
