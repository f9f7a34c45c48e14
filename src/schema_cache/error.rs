//! Why a load failed.

use crate::db::DbError;

/// Failure to read the catalogue.
#[derive(Debug, thiserror::Error)]
pub enum SchemaCacheError {
    /// A catalogue query failed.
    #[error("cannot read {what} from the catalogue")]
    Query {
        /// What was read.
        what: &'static str,
        /// The database's answer.
        #[source]
        source: DbError,
    },
    /// The catalogue's answer has an unexpected shape.
    #[error("unexpected shape of {what} in the catalogue's answer")]
    Shape {
        /// What was read.
        what: &'static str,
        /// Where it differs.
        #[source]
        source: serde_json::Error,
    },
    /// An exposed schema does not exist (SQLSTATE 3F000).
    #[error("schema \"{0}\" does not exist")]
    MissingSchema(String),
}
