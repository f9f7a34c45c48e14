//! What a pool is made from.

use crate::config::{PreparedStatements, Secret};
use crate::memory::Room;
use std::time::Duration;

/// Everything [`super::Db::open`] needs.
#[derive(Clone, Debug)]
pub struct DbOptions {
    /// libpq URL or key=value string.
    pub url: Secret,
    /// Most connections at any time.
    pub pool_max: usize,
    /// Shares of the lanes.
    pub lanes: LaneLimits,
    /// How statements are prepared.
    pub prepared_statements: PreparedStatements,
    /// Longest wait for a connection, then [`super::DbError::PoolTimeout`].
    pub acquisition_timeout: Duration,
    /// Age at which a connection is replaced (up to a tenth earlier, so that they do not all go at once).
    pub max_lifetime: Duration,
    /// Idle time after which a connection is closed.
    pub max_idletime: Duration,
    /// `application_name` unless the URL names one.
    pub application_name: String,
    /// Named statements kept per connection.
    pub statement_cache_size: usize,
    /// Statements that take this long are logged; `None` = none is.
    pub slow_query: Option<Duration>,
    /// For large values that cannot pass through in parts; by default as much as they want.
    pub room: Room,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            pool_max: 10,
            lanes: LaneLimits::default(),
            prepared_statements: PreparedStatements::Auto,
            acquisition_timeout: Duration::from_secs(10),
            max_lifetime: Duration::from_secs(1800),
            max_idletime: Duration::from_secs(30),
            application_name: "civic-os".into(),
            statement_cache_size: 256,
            slow_query: None,
            room: Room::unbounded(),
        }
    }
}

/// Who asks for a connection; each lane may hold only so many at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// REST requests.
    Api,
    /// Background jobs.
    Jobs,
    /// Schema cache, completer, leader, health checks.
    System,
}

/// Most connections per lane; `None` = the whole pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct LaneLimits {
    /// [`Lane::Api`]
    pub api: Option<usize>,
    /// [`Lane::Jobs`]
    pub jobs: Option<usize>,
    /// [`Lane::System`]
    pub system: Option<usize>,
}
