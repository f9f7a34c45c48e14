//! The transaction of one API request: what goes in, what comes out.

use super::ServerError;
use bytes::Bytes;
use std::borrow::Cow;

/// One transaction that travels as one pipeline: begin │ settings │ pre-request │ statement │ commit.
pub struct RequestTransaction<'a> {
    /// Database role of the request. Statements are cached per (role, SQL), because sharing one between roles makes
    /// PostgreSQL plan again on every switch.
    pub role: &'a str,
    /// Transaction-local settings in order, `search_path`, `role` and `request.jwt.claims` among them.
    pub settings: &'a [(&'a str, &'a str)],
    /// Read only or read write.
    pub access: AccessMode,
    /// Isolation level.
    pub isolation: IsolationLevel,
    /// Statement run before the main one, such as `SELECT "public"."check_jwt"()`.
    pub pre_request: Option<&'a str>,
    /// The main statement.
    pub statement: Statement<'a>,
    /// How the transaction ends.
    pub end: TransactionEnd<'a>,
}

/// A statement with its parameters. All parameters travel as text, all result columns come back as text.
#[derive(Clone, Debug)]
pub struct Statement<'a> {
    /// SQL with `$1`… placeholders.
    pub sql: &'a str,
    /// Values in order.
    pub params: &'a [Param<'a>],
    /// Whether this text is worth a named statement once it is seen again; `false` for texts with client-chosen literals.
    pub reusable: bool,
}

/// A parameter: declared type and text value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Declared type.
    pub param_type: ParamType,
    /// Text form; `None` = null.
    pub value: Option<Cow<'a, [u8]>>,
}

impl<'a> Param<'a> {
    /// A value whose type PostgreSQL infers.
    pub fn unknown(value: impl Into<Cow<'a, str>>) -> Self {
        Self::typed(ParamType::Unknown, value)
    }
    /// A value of a declared type.
    pub fn typed(param_type: ParamType, value: impl Into<Cow<'a, str>>) -> Self {
        let value = match value.into() {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        Self { param_type, value: Some(value) }
    }
    /// A null of a declared type.
    pub fn null(param_type: ParamType) -> Self {
        Self { param_type, value: None }
    }
}

/// Declared type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamType {
    /// Inferred by PostgreSQL from where the parameter stands.
    Unknown,
    /// `text`
    Text,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `bytea` in its text form (`\x…`).
    Bytea,
    /// `xml`
    Xml,
    /// `bigint`
    BigInt,
    /// Any other type by its object identifier.
    Oid(u32),
}

impl ParamType {
    pub(super) fn oid(self) -> u32 {
        match self {
            Self::Unknown => 0,
            Self::Text => 25,
            Self::Json => 114,
            Self::Jsonb => 3802,
            Self::Bytea => 17,
            Self::Xml => 142,
            Self::BigInt => 20,
            Self::Oid(oid) => oid,
        }
    }
}

/// Access mode of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessMode {
    /// A write fails with 25006.
    ReadOnly,
    /// Writes allowed.
    ReadWrite,
}

/// Isolation level of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsolationLevel {
    /// `READ COMMITTED`
    #[default]
    ReadCommitted,
    /// `REPEATABLE READ`
    RepeatableRead,
    /// `SERIALIZABLE`
    Serializable,
}

/// How a transaction ends.
#[derive(Clone, Copy)]
pub enum TransactionEnd<'a> {
    /// Commit, in the same round trip.
    Commit,
    /// Check deferred constraints, then roll back, in the same round trip.
    Rollback,
    /// Look at the result first: a second round trip, only for statements whose result decides.
    Decide(&'a (dyn Fn(&RequestResult) -> Decision + Send + Sync)),
}

/// Answer of [`TransactionEnd::Decide`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Keep the changes.
    Commit,
    /// Check deferred constraints, then undo (`Prefer: tx=rollback`).
    Rollback,
    /// Undo without looking at deferred constraints (the answer is an error anyway).
    Abort,
}

/// Rows of the main statement.
#[derive(Clone, Debug, Default)]
pub struct RequestResult {
    /// Rows in order.
    pub rows: Vec<ResultRow>,
    /// Notices of severity WARNING or above, for the log.
    pub notices: Vec<ServerError>,
}

/// A row whose columns are slices of the buffer that came from the network.
#[derive(Clone, Debug)]
pub struct ResultRow {
    pub(super) buffer: Bytes,
    pub(super) columns: smallvec::SmallVec<[(u32, i32); 6]>,
}

impl ResultRow {
    /// A row from a buffer and where its columns lie in it: start and length, or -1 for null.
    pub(crate) fn from_places(buffer: Bytes, places: Vec<(u32, i32)>) -> Self {
        Self { buffer, columns: smallvec::SmallVec::from_vec(places) }
    }
    /// Number of columns.
    pub fn len(&self) -> usize {
        self.columns.len()
    }
    /// Whether there is no column.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }
    /// Column by position without copying; `None` = null or no such column.
    pub fn bytes(&self, index: usize) -> Option<Bytes> {
        let (start, length) = *self.columns.get(index)?;
        let length = usize::try_from(length).ok()?;
        let start = start as usize;
        Some(self.buffer.slice(start..start + length))
    }
    /// Column by position as text; `None` = null, no such column, or not UTF-8.
    pub fn text(&self, index: usize) -> Option<&str> {
        let (start, length) = *self.columns.get(index)?;
        let length = usize::try_from(length).ok()?;
        let start = start as usize;
        std::str::from_utf8(self.buffer.get(start..start + length)?).ok()
    }
    /// Column by position as an integer.
    pub fn int(&self, index: usize) -> Option<i64> {
        self.text(index)?.parse().ok()
    }
}
