//! `[admin]`, `[backup]`, `[log]` and `[shutdown]`: the process itself.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[admin]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Listener of `/live`, `/ready`, `/metrics`, `/schema_cache`, `host:port`; empty = off.
    pub listen: String,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:3001".into() }
    }
}

/// `[backup]`: what `civic-os backup` does without options.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BackupConfig {
    /// Folder of the backups; default: [`crate::config::Config::backup_dir`].
    pub dir: Option<PathBuf>,
    /// Days after which a backup may be removed.
    pub keep_days: u32,
    /// Public age keys (`age1…`) that backups are encrypted for; none = not encrypted.
    pub age_recipients: Vec<String>,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self { dir: None, keep_days: 30, age_recipients: Vec::new() }
    }
}

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// A level, or a filter such as `info,civic_os=debug`.
    pub level: String,
    /// `pretty` or `json`.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Pretty }
    }
}

/// Shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// `[shutdown]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Seconds between "not ready" and closing the listener.
    pub grace: u64,
    /// Seconds until the process stops whatever is left.
    pub deadline: u64,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { grace: 0, deadline: 30 }
    }
}
