//! Failures of the database, split by who has to act.

use std::sync::Arc;

const UNDEPLOYED: &str = "is the core schema deployed there, and of this release? `civic-os migrate status` tells";

/// Why a database operation failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DbError {
    /// The server refused a statement or the login; SQLSTATE and texts are its own.
    #[error(transparent)]
    Server(Box<ServerError>),
    /// No connection could be opened, or the open one was lost (503).
    #[error("cannot reach the database: {reason}")]
    Unreachable {
        /// Driver text without secrets.
        reason: String,
        /// The cause, if there is one below.
        #[source]
        source: Option<Arc<std::io::Error>>,
    },
    /// No free connection within the configured wait (504).
    #[error("timed out acquiring a connection from the pool")]
    PoolTimeout,
    /// The connection string cannot be used.
    #[error("unusable database URL")]
    Conninfo(#[from] super::ConninfoError),
    /// A TLS root certificate or host name cannot be used.
    #[error("cannot set up TLS: {0}")]
    Tls(String),
    /// The server answered something that the protocol does not allow here.
    #[error("unexpected answer from the database: {0}")]
    Protocol(String),
    /// A value cannot be sent, such as a text with a NUL byte or more than 1 GB.
    #[error("value cannot be sent to the database: {0}")]
    Encode(String),
    /// A statement sent through [`super::connect_direct`]'s client failed on the client's side.
    #[error("database client error")]
    Client(#[source] Arc<tokio_postgres::Error>),
}

/// An error that the server reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{message} (SQLSTATE {code})")]
pub struct ServerError {
    /// `ERROR`, `FATAL` or `PANIC`.
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// Message.
    pub message: String,
    /// Detail.
    pub detail: Option<String>,
    /// Hint.
    pub hint: Option<String>,
    /// Where it happened inside functions.
    pub context: Option<String>,
    /// Constraint involved.
    pub constraint: Option<String>,
    /// Table involved.
    pub table: Option<String>,
    /// Column involved.
    pub column: Option<String>,
    /// Schema involved.
    pub schema: Option<String>,
    /// Function of the server's source that raised it.
    pub routine: Option<String>,
}

impl DbError {
    /// The server's own error, if it was one.
    pub fn server(&self) -> Option<&ServerError> {
        match self {
            Self::Server(error) => Some(error),
            _ => None,
        }
    }
    /// SQLSTATE, if the server gave one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.server().map(|error| error.code.as_str())
    }
    /// The connection failed rather than the statement (503).
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// What can be done about a database that cannot be used; `key` is where its connection string was given. `None` for failures
    /// of a statement alone.
    pub fn remedy(&self, key: &str) -> Option<String> {
        let remedy = match self.refusal() {
            Some("28P01" | "28000") => format!("check user and password in {key} and the server's pg_hba.conf"),
            Some("3D000") => format!("create the database, or correct its name in {key}"),
            Some("53300") => {
                "the server has no connection left: raise max_connections or lower database.pool_max".to_owned()
            }
            // A role, schema, table or function of the core.
            Some("22023") if self.to_string().starts_with("role \"civic_os_") => UNDEPLOYED.to_owned(),
            Some("3F000" | "42P01" | "42883") => UNDEPLOYED.to_owned(),
            Some("57P03") => "the server is starting or stopping: try again in a moment".to_owned(),
            _ if self.is_unreachable() => {
                format!("is the server running, and are host and port in {key} right? `pg_isready` asks it")
            }
            _ => return None,
        };
        Some(remedy)
    }

    /// A login that the server refused, for whoever only wants to know that the database is not there.
    pub(super) fn refused(error: &ServerError) -> Self {
        let reason = format!("{}: {} (SQLSTATE {})", error.severity, error.message, error.code);
        Self::Unreachable { reason, source: None }
    }

    /// SQLSTATE of the server or, of a refused login, the one that [`Self::refused`] wrote down.
    fn refusal(&self) -> Option<&str> {
        match self {
            Self::Unreachable { reason, .. } => reason.rsplit_once(" (SQLSTATE ")?.1.strip_suffix(')'),
            _ => self.sqlstate(),
        }
    }

    pub(super) fn lost(source: std::io::Error) -> Self {
        Self::Unreachable { reason: source.to_string(), source: Some(Arc::new(source)) }
    }
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            return Self::Server(Box::new(ServerError {
                severity: server.severity().into(),
                code: server.code().code().into(),
                message: server.message().into(),
                detail: server.detail().map(Into::into),
                hint: server.hint().map(Into::into),
                context: server.where_().map(Into::into),
                constraint: server.constraint().map(Into::into),
                table: server.table().map(Into::into),
                column: server.column().map(Into::into),
                schema: server.schema().map(Into::into),
                routine: server.routine().map(Into::into),
            }));
        }
        if error.is_closed() || std::error::Error::source(&error).is_some_and(|source| source.is::<std::io::Error>()) {
            let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            return Self::Unreachable { reason, source: None };
        }
        Self::Client(Arc::new(error))
    }
}
