//! Relationships between exposed relations. The derived order is the order in which ambiguous candidates are listed.

use super::{QualifiedIdentifier, Text};
use serde::Serialize;

/// A way from one relation to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Relationship {
    /// Along foreign keys, also seen through views.
    ForeignKey(ForeignKeyRelationship),
    /// Along a function.
    Computed(ComputedRelationship),
}

/// A relationship along one foreign key, or two through a junction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ForeignKeyRelationship {
    /// Origin.
    pub table: QualifiedIdentifier,
    /// Target.
    pub foreign_table: QualifiedIdentifier,
    /// Origin and target are the same relation.
    pub is_self: bool,
    /// Which side has many, and by which constraint.
    pub cardinality: Cardinality,
    /// The origin is a view.
    pub table_is_view: bool,
    /// The target is a view.
    pub foreign_table_is_view: bool,
}

/// Cardinality seen from the origin. Column pairs are (origin column, target column).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Cardinality {
    /// One origin row, many target rows; the target has the foreign key.
    OneToMany {
        /// Constraint name.
        constraint: Text,
        /// Column pairs.
        columns: Vec<(Text, Text)>,
    },
    /// Many origin rows, one target row; the origin has the foreign key.
    ManyToOne {
        /// Constraint name.
        constraint: Text,
        /// Column pairs.
        columns: Vec<(Text, Text)>,
    },
    /// At most one on both sides.
    OneToOne {
        /// Constraint name.
        constraint: Text,
        /// Column pairs.
        columns: Vec<(Text, Text)>,
        /// The origin is the referenced side.
        is_parent: bool,
    },
    /// Through a junction.
    ManyToMany(Box<Junction>),
}

/// The table in the middle of a many-to-many relationship.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Junction {
    /// The junction.
    pub table: QualifiedIdentifier,
    /// Constraint from the junction to the origin.
    pub constraint_source: Text,
    /// Constraint from the junction to the target.
    pub constraint_target: Text,
    /// Pairs (origin column, junction column).
    pub columns_source: Vec<(Text, Text)>,
    /// Pairs (target column, junction column).
    pub columns_target: Vec<(Text, Text)>,
}

/// A function that takes a row of the origin and returns rows of the target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ComputedRelationship {
    /// The function; its name is the target name in `select`.
    pub function: QualifiedIdentifier,
    /// Origin.
    pub table: QualifiedIdentifier,
    /// Target.
    pub foreign_table: QualifiedIdentifier,
    /// Returns at most one row.
    pub single: bool,
    /// Origin and target are the same relation.
    pub is_self: bool,
}

impl Relationship {
    /// Origin.
    pub fn table(&self) -> &QualifiedIdentifier {
        match self {
            Self::ForeignKey(relationship) => &relationship.table,
            Self::Computed(relationship) => &relationship.table,
        }
    }
    /// Target.
    pub fn foreign_table(&self) -> &QualifiedIdentifier {
        match self {
            Self::ForeignKey(relationship) => &relationship.foreign_table,
            Self::Computed(relationship) => &relationship.foreign_table,
        }
    }
    /// Origin and target are the same relation.
    pub fn is_self(&self) -> bool {
        match self {
            Self::ForeignKey(relationship) => relationship.is_self,
            Self::Computed(relationship) => relationship.is_self,
        }
    }
    /// At most one target row per origin row.
    pub fn is_to_one(&self) -> bool {
        match self {
            Self::ForeignKey(relationship) => relationship.cardinality.is_to_one(),
            Self::Computed(relationship) => relationship.single,
        }
    }
}

impl Cardinality {
    /// At most one target row per origin row.
    pub fn is_to_one(&self) -> bool {
        matches!(self, Self::ManyToOne { .. } | Self::OneToOne { .. })
    }
    /// Name of the foreign key, except for many-to-many.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::OneToMany { constraint, .. }
            | Self::ManyToOne { constraint, .. }
            | Self::OneToOne { constraint, .. } => Some(constraint),
            Self::ManyToMany(_) => None,
        }
    }
    /// Pairs (origin column, target column), except for many-to-many.
    pub fn columns(&self) -> Option<&[(Text, Text)]> {
        match self {
            Self::OneToMany { columns, .. } | Self::ManyToOne { columns, .. } | Self::OneToOne { columns, .. } => {
                Some(columns)
            }
            Self::ManyToMany(_) => None,
        }
    }
    /// `one-to-many` and so on, as error details show it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::OneToMany { .. } => "one-to-many",
            Self::ManyToOne { .. } => "many-to-one",
            Self::OneToOne { .. } => "one-to-one",
            Self::ManyToMany(_) => "many-to-many",
        }
    }
}

impl Relationship {
    /// Whether `select=target!hint(…)` on the origin means this relationship (POSTGREST.md §5.3).
    pub(super) fn matches(&self, target: &str, hint: Option<&str>) -> bool {
        match self {
            Self::Computed(relationship) => relationship.function.name == target,
            Self::ForeignKey(relationship) => relationship.matches(target, hint),
        }
    }

    /// Schema under which the origin finds it: a computed relationship lives where its function lives.
    pub(super) fn target_schema(&self) -> &str {
        match self {
            Self::ForeignKey(relationship) => &relationship.foreign_table.schema,
            Self::Computed(relationship) => &relationship.function.schema,
        }
    }
}

impl ForeignKeyRelationship {
    fn matches(&self, target: &str, hint: Option<&str>) -> bool {
        let by_table = self.foreign_table.name == target;
        let cardinality = &self.cardinality;
        match (self.is_self, hint) {
            // One foreign key gives two relationships here: the table's name means the many side, the column the one side.
            (true, None) => match cardinality {
                Cardinality::OneToMany { .. } => by_table,
                Cardinality::ManyToOne { .. } => cardinality.single_column() == Some(target),
                _ => false,
            },
            (true, Some(hint)) => {
                by_table
                    && matches!(cardinality, Cardinality::OneToMany { .. })
                    && cardinality.single_foreign_column() == Some(hint)
            }
            (false, None) => {
                by_table
                    || (!self.foreign_table_is_view
                        && (cardinality.constraint() == Some(target) || cardinality.single_column() == Some(target)))
            }
            (false, Some(hint)) => {
                by_table
                    && match cardinality {
                        Cardinality::ManyToMany(junction) => junction.table.name == hint,
                        _ => {
                            cardinality.constraint() == Some(hint)
                                || cardinality.single_column() == Some(hint)
                                || cardinality.single_foreign_column() == Some(hint)
                        }
                    }
            }
        }
    }
}

impl Cardinality {
    /// The origin's column when the key has just one.
    fn single_column(&self) -> Option<&str> {
        match self.columns() {
            Some([(column, _)]) => Some(column),
            _ => None,
        }
    }
    /// The target's column when the key has just one.
    fn single_foreign_column(&self) -> Option<&str> {
        match self.columns() {
            Some([(_, column)]) => Some(column),
            _ => None,
        }
    }
}
