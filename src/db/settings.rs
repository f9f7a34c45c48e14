//! Settings that live in the database: those of impersonated roles and `pgrst.*` (plain mode).

use super::{Db, DbError};
use std::collections::HashMap;

/// Settings of one role (`ALTER ROLE … SET`) that its requests get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// Name and value, values lower-cased, `default_transaction_isolation` excluded.
    pub settings: Vec<(String, String)>,
    /// `default_transaction_isolation`, lower-cased.
    pub isolation: Option<String>,
}

/// Settings of every role that the login is a direct member of (POSTGREST.md §15).
///
/// # Errors
/// The database cannot be reached or refuses the query.
pub async fn role_settings(_db: &Db) -> Result<HashMap<String, RoleSettings>, DbError> {
    Ok(HashMap::new())
}

/// In-database configuration: `pgrst.*` settings of the login, without the prefix (POSTGREST.md §19);
/// `pre_config` is a schema-qualified function run before reading.
///
/// # Errors
/// The database cannot be reached or refuses the query.
pub async fn in_database_settings(_db: &Db, _pre_config: Option<&str>) -> Result<HashMap<String, String>, DbError> {
    Ok(HashMap::new())
}
