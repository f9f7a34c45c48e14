//! Where a verb takes its configuration from: the flags that every verb has.

use crate::config::{self, ConfigError, Loaded, LogConfig, LogFormat, Overrides, RoleSet, Sources};
use crate::telemetry::{self, TelemetryError};
use std::path::PathBuf;

/// `--config` and `--env-file`, which every verb accepts.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SourceArgs {
    /// Configuration file [default: ./civic-os.toml, then /etc/civic-os/civic-os.toml, if there is one]
    #[arg(long, value_name = "FILE", global = true, help_heading = "Configuration sources")]
    pub config: Option<PathBuf>,
    /// File with variables in docker compose's syntax; the environment of the process wins over it
    #[arg(long, value_name = "FILE", global = true, help_heading = "Configuration sources")]
    pub env_file: Vec<PathBuf>,
}

impl SourceArgs {
    /// Loads the configuration as a process with these roles sees it. `overrides` are the verb's own flags.
    ///
    /// # Errors
    /// All problems at once, each with key and source.
    pub fn load(&self, roles: RoleSet, overrides: Overrides) -> Result<Loaded, ConfigError> {
        config::load(&Sources::of_process(self.config.clone(), self.env_file.clone(), roles, overrides))
    }
}

/// Starts logging as the configuration says.
///
/// # Errors
/// When the filter cannot be read, or logging was started before.
pub(crate) fn start_logging(log: &LogConfig) -> Result<(), TelemetryError> {
    let format = match log.format {
        LogFormat::Pretty => telemetry::Format::Pretty,
        LogFormat::Json => telemetry::Format::Json,
    };
    telemetry::init(&log.level, format)
}
