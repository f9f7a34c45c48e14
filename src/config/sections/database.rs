//! `[database]`, `[migrate]` and `[app]`: PostgreSQL and what is deployed into it.

use crate::config::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[database]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Login of the pool (NOINHERIT), libpq URL or key=value string.
    pub url: Secret,
    /// Login for migrations and `app apply`; never used by the pool.
    pub owner_url: Secret,
    /// Separate login of the worker and payments roles.
    pub worker_url: Secret,
    /// Direct URL for LISTEN behind a transaction pooler; default: `url`.
    pub listen_url: Secret,
    /// A hot standby that answers GET requests; not set = the primary answers them.
    pub read_url: Secret,
    /// Seconds that the standby may be behind; then the primary answers.
    pub read_max_lag: u64,
    /// `external` or `managed` (a private cluster under `data_dir`).
    pub mode: DatabaseMode,
    /// Pool maximum; default: the sum of the active roles' parts ([`crate::config::Config::pool_max`]).
    pub pool_max: Option<u32>,
    /// The API's part of the pool, which is also its lane.
    pub pool_api: u32,
    /// The worker's part of the pool, which is also its lane.
    pub pool_worker: u32,
    /// The payments role's part of the pool, which is also its lane.
    pub pool_payments: u32,
    /// Seconds a request waits for a connection (then 504 PGRST003).
    pub pool_acquisition_timeout: u64,
    /// Seconds after which a connection is replaced.
    pub pool_max_lifetime: u64,
    /// Seconds after which an idle connection is closed.
    pub pool_max_idletime: u64,
    /// Whether a lost database is waited for; otherwise its loss ends the process.
    pub pool_automatic_recovery: bool,
    /// `auto`, `named` or `unnamed`.
    pub prepared_statements: PreparedStatements,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            owner_url: Secret::default(),
            worker_url: Secret::default(),
            listen_url: Secret::default(),
            read_url: Secret::default(),
            read_max_lag: 5,
            mode: DatabaseMode::External,
            pool_max: None,
            pool_api: 10,
            pool_worker: 4,
            pool_payments: 4,
            pool_acquisition_timeout: 10,
            pool_max_lifetime: 1800,
            pool_max_idletime: 30,
            pool_automatic_recovery: true,
            prepared_statements: PreparedStatements::Auto,
        }
    }
}

/// Who runs PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseMode {
    /// Somebody else.
    External,
    /// This process, from the distribution's binaries.
    Managed,
}

/// How statements are prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PreparedStatements {
    /// Named, unless a transaction pooler is detected at start.
    Auto,
    /// Named, cached per connection.
    Named,
    /// Never named: right behind any transaction pooler.
    Unnamed,
}

/// `[migrate]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MigrateConfig {
    /// Deploy before serving; default: true for role `all`, otherwise false ([`crate::config::Config::migrate_on_start`]).
    pub on_start: Option<bool>,
    /// Verify each change right after it was deployed.
    pub verify: bool,
    /// Compare the whole schema with the expected one after deploying.
    pub verify_full: bool,
}

/// `[app]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppConfig {
    /// Folder whose SQL and CSV files are applied after the core.
    pub init_dir: Option<PathBuf>,
}
