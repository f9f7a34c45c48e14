//! Connections outside the pool.

use super::DbError;
use crate::config::Secret;

/// Opens a connection outside the pool and spawns its driver on the current runtime; for migrations and the command
/// line. `application_name` comes from the URL, else `civic-os`.
///
/// # Errors
/// The URL is unusable, the server cannot be reached, or it refuses the login.
pub async fn connect_direct(_url: &Secret) -> Result<tokio_postgres::Client, DbError> {
    Err(DbError::Unreachable { reason: "not implemented yet".into(), source: None })
}
