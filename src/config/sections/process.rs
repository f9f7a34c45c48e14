//! `[admin]`, `[backup]`, `[log]`, `[telemetry]` and `[shutdown]`: the process itself.

use crate::config::Secret;
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
    /// File that tells when the newest backup was made, for a process that cannot read the backups; none = `dir` tells.
    pub newest_file: Option<PathBuf>,
    /// Days after which a backup may be removed.
    pub keep_days: u32,
    /// Whether a backup contains the uploaded files, of the embedded store or of the bucket `storage.s3_bucket`.
    pub files: bool,
    /// Public age keys (`age1…`) that backups are encrypted for; none = not encrypted.
    pub age_recipients: Vec<String>,
    /// Bucket that backups are kept in; not set = they stay in `dir`.
    pub s3_bucket: Option<String>,
    /// What precedes the names of objects in that bucket.
    pub s3_prefix: String,
    /// Endpoint; not set = `storage.s3_endpoint`.
    pub s3_endpoint: Option<String>,
    /// Region; not set = `storage.s3_region`.
    pub s3_region: Option<String>,
    /// Key; not set = `storage.s3_access_key_id`.
    pub s3_access_key_id: Secret,
    /// Its secret; not set = `storage.s3_secret_access_key`.
    pub s3_secret_access_key: Secret,
}

impl Default for BackupConfig {
    fn default() -> Self {
        Self {
            dir: None,
            newest_file: None,
            keep_days: 30,
            files: true,
            age_recipients: Vec::new(),
            s3_bucket: None,
            s3_prefix: String::new(),
            s3_endpoint: None,
            s3_region: None,
            s3_access_key_id: Secret::default(),
            s3_secret_access_key: Secret::default(),
        }
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
    /// Milliseconds from which on a statement is logged as slow; 0 = none is.
    pub slow_query_ms: u64,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Pretty, slow_query_ms: 1000 }
    }
}

/// `[telemetry]`: traces for a collector.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Base URL of an OTLP/HTTP collector; not set = no traces.
    pub otlp_endpoint: Option<String>,
    /// Headers for the collector, `name=value,name=value`; often a key.
    pub otlp_headers: Secret,
    /// Share of requests without a trace of their own that are traced, 0 to 1.
    pub sample_ratio: f64,
    /// Name of this service in traces.
    pub service_name: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            otlp_headers: Secret::default(),
            sample_ratio: 1.0,
            service_name: "civic-os".into(),
        }
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
