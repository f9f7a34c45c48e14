//! libpq connection strings: URLs and key=value pairs, with libpq's defaults.

/// A parsed connection string.
#[derive(Clone)]
pub struct ConnectionString {}

/// What is wrong with a connection string.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConninfoError {
    /// Neither a URL nor key=value pairs.
    #[error("connection string: {0}")]
    Syntax(String),
}
