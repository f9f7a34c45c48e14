//! What the catalogue says about the exposed schemas: tables, relationships, routines, representations, media type
//! handlers and time zones (POSTGREST.md §16).
//!
//! [`SchemaCache`] is an immutable snapshot; [`Handle`] loads it aside, swaps it in one step and reloads it when it is
//! told to. Nothing here knows about HTTP, and no table is ever read: introspection touches `pg_catalog` alone.
//! Callers: `app` (spawns the handle), `api` (plans against the snapshot), `admin` (dump). Tests: `tests/it/schema_cache`.

mod builder;
mod catalog;
mod dump;
mod error;
mod handle;
mod identifier;
mod load;
mod lookup;
mod relationship;
mod relationships;
mod routine;
mod saved;
mod table;
mod text;
mod timezones;
mod view;

pub use error::SchemaCacheError;
pub use handle::{ConfigureHook, Handle, SchemaCacheOptions};
pub use identifier::QualifiedIdentifier;
pub use lookup::RoutineLookup;
pub use relationship::{Cardinality, ComputedRelationship, ForeignKeyRelationship, Junction, Relationship};
pub use routine::{PgType, ReturnType, Routine, RoutineParam, Volatility};
pub use table::{Column, Table};
pub use text::Text;
pub use timezones::Timezones;

use indexmap::IndexMap;
use serde::Serialize;
use std::collections::HashMap;

/// An immutable snapshot of the exposed schemas.
#[derive(Debug, Default)]
pub struct SchemaCache {
    /// Tables and views by schema and name.
    pub tables: IndexMap<QualifiedIdentifier, Table>,
    /// Relationships by origin table; the order within an origin is stable.
    pub relationships: HashMap<QualifiedIdentifier, Vec<Relationship>>,
    /// Overloads by schema and name, fewest parameters first.
    pub routines: IndexMap<QualifiedIdentifier, Vec<Routine>>,
    /// Domain representations by (source type, target type).
    pub representations: HashMap<(String, String), DataRepresentation>,
    /// Custom media type handlers.
    pub media_handlers: Vec<MediaHandler>,
    /// Exposed schemas, the first is the default.
    pub schemas: Vec<String>,
    /// Comments of the exposed schemas and those of the search path.
    pub schema_comments: HashMap<String, Option<String>>,
    /// Names that `Prefer: timezone` accepts.
    pub timezones: Timezones,
    /// Major version of the server times ten thousand plus minor, as `server_version_num` says.
    pub server_version_num: u32,
    /// How long the catalogue queries took.
    pub query_time: std::time::Duration,
    /// Counts up with every load of this process, starting at one.
    pub generation: u64,
}

/// An implicit cast between a domain and `json` or `text` (POSTGREST.md §16.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataRepresentation {
    /// Type that the function takes, as `format_type` spells it.
    pub source_type: String,
    /// Type that the function returns.
    pub target_type: String,
    /// The cast function.
    pub function: QualifiedIdentifier,
}

/// A custom handler of a media type (POSTGREST.md §11.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MediaHandler {
    /// What the handler is for.
    pub target: MediaHandlerTarget,
    /// Lower-case media type, or `*/*`.
    pub media_type: String,
    /// The aggregate, or the function itself for [`MediaHandlerTarget::Routine`].
    pub function: QualifiedIdentifier,
}

/// What a media type handler is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum MediaHandlerTarget {
    /// An aggregate over the row type of this relation.
    Relation(QualifiedIdentifier),
    /// An aggregate over `anyelement`.
    AnyElement,
    /// A function whose result is the raw body.
    Routine(QualifiedIdentifier),
}
