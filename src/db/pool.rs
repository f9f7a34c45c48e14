//! The pool of the process.

use super::{DbError, DbOptions, Lane, RequestResult, RequestTransaction};

/// The pool of the process; cheap to clone.
#[derive(Clone)]
pub struct Db {}

/// A connection from the pool with tokio-postgres' interface.
pub struct PooledClient {
    client: tokio_postgres::Client,
}

impl std::ops::Deref for PooledClient {
    type Target = tokio_postgres::Client;
    fn deref(&self) -> &Self::Target {
        &self.client
    }
}

impl std::ops::DerefMut for PooledClient {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.client
    }
}

/// Figures of the pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct DbStats {
    /// Most connections.
    pub max: usize,
    /// Open connections.
    pub open: usize,
    /// Idle connections.
    pub available: usize,
    /// Callers waiting for one.
    pub waiting: usize,
    /// Waits that ended in [`DbError::PoolTimeout`] since start.
    pub timeouts: u64,
}

impl Db {
    /// Makes a pool; no connection is opened yet. Must be called on the runtime that shall own background work.
    ///
    /// # Errors
    /// The connection string is unusable. A server that is down is not an error.
    pub fn open(_options: DbOptions) -> Result<Self, DbError> {
        Ok(Self {})
    }

    /// Runs one transaction in one pipelined round trip (two with [`super::TransactionEnd::Decide`]). The first error
    /// of any step is the one reported and nothing is kept. Dropping the future never leaks a transaction.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn request(&self, _lane: Lane, _transaction: &RequestTransaction<'_>) -> Result<RequestResult, DbError> {
        Err(DbError::Unreachable { reason: "not implemented yet".into(), source: None })
    }

    /// A connection from the pool for other statements; it has the login's rights only and is closed afterwards.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn client(&self, _lane: Lane) -> Result<PooledClient, DbError> {
        Err(DbError::Unreachable { reason: "not implemented yet".into(), source: None })
    }

    /// Asks the server for a sign of life over a pooled connection.
    ///
    /// # Errors
    /// See [`DbError`].
    pub async fn ping(&self) -> Result<(), DbError> {
        Err(DbError::Unreachable { reason: "not implemented yet".into(), source: None })
    }

    /// Figures of the pool.
    pub fn stats(&self) -> DbStats {
        DbStats::default()
    }

    /// Makes every connection forget its named statements at its next use (after a schema reload).
    pub fn forget_statements(&self) {}

    /// Closes idle connections and refuses new work.
    pub fn close(&self) {}
}
