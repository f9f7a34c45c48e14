//! Functions that `/rpc/` can call.

use super::QualifiedIdentifier;
use serde::Serialize;

/// One overload of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Routine {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Comment.
    pub description: Option<String>,
    /// Input parameters in order.
    pub params: Vec<RoutineParam>,
    /// What it returns.
    pub returns: ReturnType,
    /// Volatility; anything but volatile runs read only.
    pub volatility: Volatility,
    /// The last parameter is variadic.
    pub has_variadic: bool,
    /// `default_transaction_isolation` among its own settings.
    pub isolation_level: Option<String>,
    /// Its `SET` clauses (all of them; which ones are hoisted is configuration).
    pub settings: Vec<(String, String)>,
}

/// An input parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoutineParam {
    /// Name; empty when unnamed.
    pub name: String,
    /// Type without length, e.g. `character varying`.
    pub type_name: String,
    /// Type in its widest form: `bit` becomes `bit varying`, `character` becomes `character varying`.
    pub type_max_length: String,
    /// Has no default.
    pub required: bool,
    /// Collects the rest of the arguments.
    pub variadic: bool,
}

/// One row or a set of rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum ReturnType {
    /// One value or row.
    Single(PgType),
    /// `SETOF` or `TABLE`.
    SetOf(PgType),
}

/// What a row of the result is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PgType {
    /// A value of this type (`pg_catalog.void` included).
    Scalar(QualifiedIdentifier),
    /// Columns of a relation's row type, a composite type, or `record` for OUT parameters and TABLE.
    Composite {
        /// The type; for row types the name of the relation.
        name: QualifiedIdentifier,
        /// A domain over a composite type.
        is_alias: bool,
    },
}

/// Volatility of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Volatility {
    /// May write.
    Volatile,
    /// Reads.
    Stable,
    /// Computes.
    Immutable,
}

impl Routine {
    /// Schema and name.
    pub fn identifier(&self) -> QualifiedIdentifier {
        QualifiedIdentifier::new(&self.schema, &self.name)
    }
    /// What a row of the result is.
    pub fn pg_type(&self) -> &PgType {
        match &self.returns {
            ReturnType::Single(pg_type) | ReturnType::SetOf(pg_type) => pg_type,
        }
    }
    /// Returns `SETOF` or `TABLE`.
    pub fn returns_set(&self) -> bool {
        matches!(self.returns, ReturnType::SetOf(_))
    }
    /// Returns values rather than rows with columns.
    pub fn returns_scalar(&self) -> bool {
        matches!(self.returns, ReturnType::Single(PgType::Scalar(_)))
    }
    /// Returns a set of values.
    pub fn returns_set_of_scalar(&self) -> bool {
        matches!(self.returns, ReturnType::SetOf(PgType::Scalar(_)))
    }
    /// Returns `void`.
    pub fn returns_void(&self) -> bool {
        matches!(&self.returns, ReturnType::Single(PgType::Scalar(name)) if name.schema == "pg_catalog" && name.name == "void")
    }
    /// The relation or composite type of its rows.
    pub fn composite(&self) -> Option<&QualifiedIdentifier> {
        match self.pg_type() {
            PgType::Composite { name, .. } => Some(name),
            PgType::Scalar(_) => None,
        }
    }
}
