//! [`ApiError`] and its one mapping to HTTP: status, PostgREST's code, message, details, hint, headers.
//!
//! Nothing else in the API decides about a status of a failure. Database errors are mapped by SQLSTATE in `sqlstate`,
//! `RAISE` with full control in `raise`. Tests: foot of the files and `tests/it/api`.

mod raise;
mod sqlstate;

use super::request::range::RangeRefusal;
use crate::auth::AuthError;
use crate::db::DbError;
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

/// Everything that can go wrong with a request.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ApiError {
    /// A part of the query string does not follow its grammar.
    #[error("{message}")]
    QuerySyntax {
        /// Where, as PostgREST words it.
        message: String,
        /// What was found and what would have been accepted.
        details: String,
    },
    /// PATCH, PUT, DELETE and others on a function.
    #[error("Cannot use the {0} method on RPC")]
    MethodOnFunction(String),
    /// The body is not of its type, or its type is not acceptable.
    #[error("{0}")]
    InvalidBody(String),
    /// The body is larger than the configured limit.
    #[error("Request body too large")]
    BodyTooLarge,
    /// Large bodies and answers of others have all the memory that there is for them.
    #[error("Too many large requests at the same time")]
    NoRoom,
    /// Limit, offset or range cannot be served.
    #[error("Requested range not satisfiable")]
    InvalidRange(RangeRefusal),
    /// The first row is beyond the last one.
    #[error("Requested range not satisfiable")]
    OffsetBeyondTotal {
        /// First row asked for.
        offset: i64,
        /// Rows there are.
        total: i64,
    },
    /// Filters of PUT are not exactly the primary key.
    #[error("Filters must include all and only primary key columns with 'eq' operators")]
    PutFilters,
    /// Profile header with a schema that is not exposed.
    #[error("Invalid schema: {schema}")]
    UnknownSchema {
        /// As the client named it.
        schema: String,
        /// Those there are.
        exposed: Vec<String>,
    },
    /// No handler for any accepted type.
    #[error("None of these media types are available: {0}")]
    NotAcceptable(String),
    /// A filter or order names an embedded relation that `select` does not have.
    #[error("'{0}' is not an embedded resource in this request")]
    NotEmbedded(String),
    /// `response.headers` is malformed.
    #[error("response.headers guc must be a JSON array composed of objects with a single key and a string value")]
    ResponseHeaders,
    /// `response.status` is malformed.
    #[error("response.status guc must be a valid status code")]
    ResponseStatus,
    /// PUT with limit or offset.
    #[error("limit/offset querystring parameters are not allowed for PUT")]
    RangeOnPut,
    /// The row of PUT does not match its filters.
    #[error("Payload values do not match URL in primary key column(s)")]
    PutMismatch,
    /// One row was asked for.
    #[error("Cannot coerce the result to a single JSON object")]
    NotSingular {
        /// Rows there are.
        rows: i64,
    },
    /// A method that nothing supports.
    #[error("Unsupported HTTP method: {0}")]
    UnsupportedMethod(String),
    /// Order by a relation that is not to-one.
    #[error("A related order on '{target}' is not possible")]
    RelatedOrder {
        /// The relation that is ordered.
        origin: String,
        /// The relation it is ordered by.
        target: String,
    },
    /// Unknown preferences under `handling=strict`.
    #[error("Invalid preferences given with handling=strict")]
    InvalidPreferences(Vec<String>),
    /// Aggregates are switched off.
    #[error("Use of aggregate functions is not allowed")]
    AggregatesDisabled,
    /// More rows than `max-affected`.
    #[error("Query result exceeds max-affected preference constraint")]
    MaxAffected {
        /// Rows there are.
        rows: i64,
    },
    /// No resource has such a path.
    #[error("Invalid path specified in request URL")]
    InvalidPath,
    /// The OpenAPI document is switched off.
    #[error("Root endpoint metadata is disabled")]
    RootDisabled,
    /// Something of the grammar that is not offered.
    #[error("Feature not implemented")]
    NotImplemented(&'static str),
    /// `max-affected` on a function that does not return rows.
    #[error("Function must return SETOF or TABLE when max-affected preference is used with handling=strict")]
    MaxAffectedFunction,
    /// No relationship of that name.
    #[error("Could not find a relationship between '{}' and '{}' in the schema cache", .0.origin, .0.target)]
    NoRelationship(Box<NoRelationship>),
    /// Several relationships of that name.
    #[error("Could not embed because more than one relationship was found for '{}' and '{}'", .0.origin, .0.target)]
    AmbiguousRelationship(Box<AmbiguousRelationship>),
    /// No function of that name and arguments.
    #[error("{message}")]
    NoFunction {
        /// What was searched.
        message: String,
        /// How it was searched.
        details: String,
        /// What may have been meant.
        hint: Option<String>,
    },
    /// Several functions match.
    #[error("Could not choose the best candidate function between: {0}")]
    AmbiguousFunction(String),
    /// No column of that name.
    #[error("Could not find the '{column}' column of '{table}' in the schema cache")]
    NoColumn {
        /// The column.
        column: String,
        /// Its table.
        table: String,
    },
    /// No relation of that name.
    #[error("Could not find the table '{schema}.{table}' in the schema cache")]
    NoTable {
        /// Schema in use.
        schema: String,
        /// The relation.
        table: String,
        /// What may have been meant.
        suggestion: Option<String>,
    },
    /// The schema cache has never been loaded.
    #[error("Could not query the database for the schema cache. Retrying.")]
    NoSchemaCache,
    /// The token was refused.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The database refused or is away.
    #[error(transparent)]
    Database(#[from] DbError),
    /// `If-Match` does not fit the row (D-32).
    #[error("The row has changed since it was read")]
    PreconditionFailed {
        /// The row as it is now, JSON.
        current: Option<Bytes>,
        /// Its version.
        etag: Option<String>,
    },
    /// Bug.
    #[error("Internal error")]
    Internal(&'static str),
}

/// What was searched when no relationship was found.
#[derive(Debug, Clone)]
pub(crate) struct NoRelationship {
    /// Where it was searched from.
    pub(crate) origin: String,
    /// What was searched.
    pub(crate) target: String,
    /// Schema of both.
    pub(crate) schema: String,
    /// Hint of the client.
    pub(crate) hint: Option<String>,
    /// What may have been meant.
    pub(crate) suggestion: Option<String>,
}

/// What was searched when several relationships were found.
#[derive(Debug, Clone)]
pub(crate) struct AmbiguousRelationship {
    /// Where it was searched from.
    pub(crate) origin: String,
    /// What was searched.
    pub(crate) target: String,
    /// The candidates, as the answer lists them.
    pub(crate) candidates: Value,
    /// What to write instead.
    pub(crate) alternatives: String,
}

/// A failure as HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ErrorAnswer {
    /// Status.
    pub(crate) status: u16,
    /// Reason phrase when it differs from the standard one.
    pub(crate) reason: Option<String>,
    /// The `code` of the body.
    pub(crate) code: String,
    /// Headers beside `Content-Type` and `Proxy-Status`.
    pub(crate) headers: Vec<(String, String)>,
    /// JSON.
    pub(crate) body: Bytes,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    details: Option<Value>,
    hint: Option<&'a str>,
    message: &'a str,
}

impl ErrorAnswer {
    fn new(status: u16, code: &str, message: &str, details: Option<Value>, hint: Option<&str>) -> Self {
        let body = serde_json::to_vec(&Body { code, details, hint, message }).unwrap_or_default();
        Self { status, reason: None, code: code.to_owned(), headers: Vec::new(), body: body.into() }
    }

    fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl ApiError {
    /// Maps a failure to HTTP; `anonymous` says whether the request ran as the anonymous role.
    pub(crate) fn answer(&self, anonymous: bool) -> ErrorAnswer {
        let message = self.to_string();
        let plain = |status, code| ErrorAnswer::new(status, code, &message, None, None);
        let detailed = |status, code, details: String| {
            ErrorAnswer::new(status, code, &message, Some(Value::String(details)), None)
        };
        match self {
            Self::QuerySyntax { details, .. } => detailed(400, "PGRST100", details.clone()),
            Self::MethodOnFunction(_) => plain(405, "PGRST101"),
            Self::InvalidBody(_) => plain(400, "PGRST102"),
            Self::BodyTooLarge => plain(413, "PGRST102"),
            Self::NoRoom => {
                let hint =
                    "Send it again in a moment, or in smaller parts. The server's share for them is limits.held_bytes.";
                ErrorAnswer::new(503, "CO503", &message, None, Some(hint)).with_header("Retry-After", "2")
            }
            Self::InvalidRange(refusal) => detailed(416, "PGRST103", range_details(*refusal).to_owned()),
            Self::OffsetBeyondTotal { offset, total } => detailed(
                416,
                "PGRST103",
                format!("An offset of {offset} was requested, but there are only {total} rows."),
            ),
            Self::PutFilters => plain(405, "PGRST105"),
            Self::UnknownSchema { exposed, .. } => {
                let hint = format!("Only the following schemas are exposed: {}", exposed.join(", "));
                ErrorAnswer::new(406, "PGRST106", &message, None, Some(&hint))
            }
            Self::NotAcceptable(_) => plain(406, "PGRST107"),
            Self::NotEmbedded(name) => {
                let hint = format!("Verify that '{name}' is included in the 'select' query parameter.");
                ErrorAnswer::new(400, "PGRST108", &message, None, Some(&hint))
            }
            Self::ResponseHeaders => plain(500, "PGRST111"),
            Self::ResponseStatus => plain(500, "PGRST112"),
            Self::RangeOnPut => plain(400, "PGRST114"),
            Self::PutMismatch => plain(400, "PGRST115"),
            Self::NotSingular { rows } => detailed(406, "PGRST116", format!("The result contains {rows} rows")),
            Self::UnsupportedMethod(_) => plain(405, "PGRST117"),
            Self::RelatedOrder { origin, target } => detailed(
                400,
                "PGRST118",
                format!("'{origin}' and '{target}' do not form a many-to-one or one-to-one relationship"),
            ),
            Self::InvalidPreferences(list) => {
                detailed(400, "PGRST122", format!("Invalid preferences: {}", list.join(", ")))
            }
            Self::AggregatesDisabled => plain(400, "PGRST123"),
            Self::MaxAffected { rows } => detailed(400, "PGRST124", format!("The query affects {rows} rows")),
            Self::InvalidPath => plain(404, "PGRST125"),
            Self::RootDisabled => plain(404, "PGRST126"),
            Self::NotImplemented(what) => detailed(400, "PGRST127", (*what).to_owned()),
            Self::MaxAffectedFunction => plain(400, "PGRST128"),
            Self::NoRelationship(searched) => {
                let NoRelationship { origin, target, schema, hint, suggestion } = searched.as_ref();
                let using = hint.as_ref().map(|hint| format!("using the hint '{hint}' ")).unwrap_or_default();
                let details = format!(
                    "Searched for a foreign key relationship between '{origin}' and '{target}' {using}in the schema '{schema}', but no matches were found."
                );
                let hint = suggestion.as_ref().map(|name| format!("Perhaps you meant '{name}' instead of '{target}'."));
                ErrorAnswer::new(400, "PGRST200", &message, Some(Value::String(details)), hint.as_deref())
            }
            Self::AmbiguousRelationship(searched) => {
                let AmbiguousRelationship { target, candidates, alternatives, .. } = searched.as_ref();
                let hint = format!(
                    "Try changing '{target}' to one of the following: {alternatives}. Find the desired relationship in the 'details' key."
                );
                ErrorAnswer::new(300, "PGRST201", &message, Some(candidates.clone()), Some(&hint))
            }
            Self::NoFunction { details, hint, .. } => {
                ErrorAnswer::new(404, "PGRST202", &message, Some(Value::String(details.clone())), hint.as_deref())
            }
            Self::AmbiguousFunction(_) => ErrorAnswer::new(
                300,
                "PGRST203",
                &message,
                None,
                Some(
                    "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
                ),
            ),
            Self::NoColumn { .. } => plain(400, "PGRST204"),
            Self::NoTable { schema, suggestion, .. } => {
                let hint = suggestion.as_ref().map(|name| format!("Perhaps you meant the table '{schema}.{name}'"));
                ErrorAnswer::new(404, "PGRST205", &message, None, hint.as_deref())
            }
            Self::NoSchemaCache => plain(503, "PGRST002").with_header("Retry-After", "1"),
            Self::Auth(error) => auth_answer(error),
            Self::Database(error) => database_answer(error, anonymous),
            Self::PreconditionFailed { current, etag } => precondition_answer(current.as_ref(), etag.as_deref()),
            Self::Internal(_) => plain(500, "PGRSTX00"),
        }
    }
}

fn range_details(refusal: RangeRefusal) -> &'static str {
    match refusal {
        RangeRefusal::NegativeLimit => "Limit should be greater than or equal to zero.",
        RangeRefusal::LowerAboveUpper => {
            "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        }
    }
}

fn auth_answer(error: &AuthError) -> ErrorAnswer {
    let details = error.details().map(|text| Value::String(text.to_owned()));
    let mut answer = ErrorAnswer::new(error.status(), error.code(), &error.message(), details, None);
    if let Some(challenge) = error.www_authenticate() {
        answer = answer.with_header("WWW-Authenticate", challenge);
    }
    if let Some(seconds) = error.retry_after() {
        answer = answer.with_header("Retry-After", seconds.to_string());
    }
    answer
}

fn precondition_answer(current: Option<&Bytes>, etag: Option<&str>) -> ErrorAnswer {
    let row = current.and_then(|row| serde_json::from_slice(row).ok());
    let mut answer = ErrorAnswer::new(
        412,
        "PGRST412",
        "The row has changed since it was read",
        row,
        Some("Read the row again and repeat the change with its new ETag."),
    );
    if let Some(etag) = etag {
        answer = answer.with_header("ETag", etag);
    }
    answer
}

fn database_answer(error: &DbError, anonymous: bool) -> ErrorAnswer {
    let unavailable = |code, message: &str, details: String| {
        ErrorAnswer::new(503, code, message, Some(Value::String(details)), None).with_header("Retry-After", "1")
    };
    match error {
        DbError::Server(server) => {
            if server.code == "PGRST" {
                return raise::answer(server);
            }
            let details = server.detail.clone().map(Value::String);
            let status = sqlstate::status(server, anonymous);
            let mut answer = ErrorAnswer::new(status, &server.code, &server.message, details, server.hint.as_deref());
            if server.code == "42501" && status == 401 {
                answer = answer.with_header("WWW-Authenticate", "Bearer");
            }
            if server.code.starts_with("PT") && server.code.len() == 5 {
                answer.reason = Some(server.message.clone());
            }
            if status == 503 {
                answer = answer.with_header("Retry-After", "1");
            }
            answer
        }
        DbError::PoolTimeout => {
            ErrorAnswer::new(504, "PGRST003", "Timed out acquiring connection from connection pool.", None, None)
        }
        DbError::Encode(what) => ErrorAnswer::new(
            400,
            "22021",
            "invalid byte sequence for encoding \"UTF8\"",
            Some(Value::String(what.clone())),
            None,
        ),
        DbError::Unreachable { source: Some(_), .. } => unavailable(
            "PGRST001",
            "Database client error. Retrying the connection.",
            "the connection was lost".to_owned(),
        ),
        DbError::Unreachable { reason, .. } => {
            unavailable("PGRST000", "Database connection error. Retrying the connection.", reason.clone())
        }
        DbError::Conninfo(_) | DbError::Tls(_) => unavailable(
            "PGRST000",
            "Database connection error. Retrying the connection.",
            "the connection settings cannot be used".to_owned(),
        ),
        DbError::Protocol(_) | DbError::Client(_) => unavailable(
            "PGRST001",
            "Database client error. Retrying the connection.",
            "unexpected answer from the database".to_owned(),
        ),
    }
}
