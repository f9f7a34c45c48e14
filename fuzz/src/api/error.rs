//! The two refusals that the grammars know; the server's type has more.

/// See `src/api/error.rs`.
#[derive(Debug, Clone)]
pub(crate) enum ApiError {
    /// A part of the query string does not follow its grammar.
    QuerySyntax { message: String, details: String },
    /// The body is not of its type.
    InvalidBody(String),
}
