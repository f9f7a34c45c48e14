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
    #[error("unexpected shape of {what} in the catalogue's answer (column {column})")]
    Shape {
        /// What was read.
        what: &'static str,
        /// Position of the column.
        column: usize,
    },
    /// The process is stopping.
    #[error("stopped while loading")]
    Stopped,
    /// An exposed schema does not exist (SQLSTATE 3F000).
    #[error("schema \"{0}\" does not exist")]
    MissingSchema(String),
}
