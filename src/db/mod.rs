//! Everything that talks to PostgreSQL on behalf of other modules.
//!
//! [`Db`] is the pool of the process: lanes in front ([`Lane`]), one pipelined round trip per request
//! ([`RequestTransaction`]), statements cached per connection. [`Hub`] is the one LISTEN connection, and
//! [`connect_direct`] opens a connection outside the pool for migrations and the command line.
//! No statement of an API request runs without a role; nothing here knows about HTTP or about tables.
//! Callers: `api`, `schema_cache`, `app`, `migrate`, `cli`. Tests: `tests/it/db`.

mod conninfo;
mod direct;
mod error;
mod handshake;
mod hub;
mod options;
mod pool;
mod replica;
mod request;
mod settings;
mod slow;
mod statement;
mod tls;
mod transport;
mod wire;

pub use conninfo::{ConnectionString, ConninfoError};
pub use direct::{connect_direct, connect_to};
pub use error::{DbError, ServerError};
pub use hub::{Hub, HubEvent};
pub use options::{DbOptions, Lane, LaneLimits};
pub use pool::{Db, DbStats, LargeValue, PooledClient};
pub use replica::Replica;
pub use request::{
    AccessMode, Decision, IsolationLevel, Param, ParamType, RequestResult, RequestTransaction, ResultRow, Statement,
    TransactionEnd,
};
pub use settings::{RoleSettings, in_database_settings, role_settings};
