//! The tree of a read: relations with their columns, conditions, order, window and embedded relations.
//!
//! Types only; `build` makes them, `sql::read` prints them. Everything in them is resolved: printing cannot fail.

use crate::api::request::filter::{LogicOperator, Test};
use crate::api::request::grammar::JsonStep;
use crate::api::request::order::{Direction, Nulls};
use crate::api::request::range::RowRange;
use crate::api::request::select::Aggregate;
use crate::schema_cache::{QualifiedIdentifier, Text};

/// One relation of a read.
#[derive(Debug, Clone)]
pub(crate) struct ReadPlan {
    /// Where rows come from.
    pub(crate) source: Source,
    /// Name of the rows inside the statement.
    pub(crate) alias: String,
    /// Columns of the answer.
    pub(crate) terms: Vec<Term>,
    /// All must hold.
    pub(crate) conditions: Vec<Condition>,
    /// Order of the rows.
    pub(crate) order: Vec<OrderBy>,
    /// Window.
    pub(crate) range: RowRange,
    /// Rows of the window where `api.db_max_rows` made it smaller than what was asked for.
    pub(crate) lowered_to: Option<i64>,
    /// Embedded relations.
    pub(crate) embeds: Vec<Embed>,
}

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A table or view.
    Relation(QualifiedIdentifier),
    /// The statement's `pgrst_source`: rows that were written or returned by a function.
    Written,
}

/// A column as an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnExpr {
    /// Column or computed column.
    pub(crate) name: String,
    /// Arrows.
    pub(crate) json_path: Vec<JsonStep>,
    /// The column is no json, so it is turned into one before the arrows.
    pub(crate) to_jsonb: bool,
    /// Domain representation on the way out.
    pub(crate) formatter: Option<QualifiedIdentifier>,
}

impl ColumnExpr {
    /// A plain column.
    pub(crate) fn plain(name: impl Into<String>) -> Self {
        Self { name: name.into(), json_path: Vec::new(), to_jsonb: false, formatter: None }
    }
}

/// One item of the select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// `*`
    Star,
    /// A column or an aggregate of it.
    Column {
        /// The column; none for `count()`.
        column: Option<ColumnExpr>,
        /// Cast before the aggregate.
        cast: Option<String>,
        /// The aggregate with the cast after it.
        aggregate: Option<(Aggregate, Option<String>)>,
        /// Name in the answer.
        name: String,
    },
}

impl Term {
    /// Whether this is an aggregate.
    pub(crate) fn is_aggregate(&self) -> bool {
        matches!(self, Self::Column { aggregate: Some(_), .. })
    }
}

/// A condition on rows.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    /// Several conditions.
    Group {
        /// The opposite.
        negated: bool,
        /// How the parts are joined.
        operator: LogicOperator,
        /// The parts.
        parts: Vec<Condition>,
    },
    /// A test of a column.
    Test {
        /// The column.
        column: ColumnExpr,
        /// The opposite.
        negated: bool,
        /// The test.
        test: Test,
        /// Domain representation of the value on the way in.
        parser: Option<QualifiedIdentifier>,
        /// The column is wrapped in `to_tsvector` for full text.
        to_tsvector: bool,
    },
    /// Whether an embedded relation has rows.
    Embedded {
        /// Position among the embeds.
        embed: usize,
        /// Has none.
        is_null: bool,
    },
}

/// A term of ORDER BY.
#[derive(Debug, Clone)]
pub(crate) struct OrderBy {
    /// What is ordered by.
    pub(crate) target: OrderTarget,
    /// Direction when given.
    pub(crate) direction: Option<Direction>,
    /// Null order when given.
    pub(crate) nulls: Option<Nulls>,
}

/// What is ordered by.
#[derive(Debug, Clone)]
pub(crate) enum OrderTarget {
    /// A column of the relation.
    Column(ColumnExpr),
    /// A column that a to-one embed selects.
    Selected {
        /// Position among the embeds.
        embed: usize,
        /// Its name in the embedded row.
        name: String,
    },
    /// A hidden column of a to-one embed.
    Hidden {
        /// Position among the embeds.
        embed: usize,
        /// Position among the hidden columns of that embed.
        hidden: usize,
    },
}

/// An embedded relation.
#[derive(Debug, Clone)]
pub(crate) struct Embed {
    /// The embedded rows.
    pub(crate) plan: ReadPlan,
    /// Key in the answer, and the name that filters use.
    pub(crate) key: String,
    /// How it hangs together with the parent.
    pub(crate) link: Link,
    /// Parents without rows here disappear.
    pub(crate) inner: bool,
    /// Columns are lifted into the parent.
    pub(crate) spread: bool,
    /// At most one row per parent.
    pub(crate) to_one: bool,
    /// Name of the joined rows in the parent's FROM.
    pub(crate) alias: String,
    /// Columns that the parent orders by.
    pub(crate) hidden: Vec<ColumnExpr>,
    /// Columns lifted into the parent, for spreads: names in the answer.
    pub(crate) lifted: Vec<Lifted>,
}

/// A column that a spread lifts into its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lifted {
    /// Name in the embedded row.
    pub(crate) inner: String,
    /// Name in the parent's row.
    pub(crate) name: String,
    /// Aggregate done by the parent, with the cast after it.
    pub(crate) aggregate: Option<(Aggregate, Option<String>)>,
    /// `count()`: there is no inner column.
    pub(crate) counts_rows: bool,
}

/// How an embedded relation hangs together with its parent.
#[derive(Debug, Clone)]
pub(crate) enum Link {
    /// Along a foreign key: (parent column, own column).
    Columns(Vec<(Text, Text)>),
    /// Through a junction.
    Junction {
        /// The junction.
        table: QualifiedIdentifier,
        /// (parent column, junction column)
        parent: Vec<(Text, Text)>,
        /// (own column, junction column)
        own: Vec<(Text, Text)>,
    },
    /// Along a function of the parent's row.
    Function {
        /// The function.
        function: QualifiedIdentifier,
        /// Row type of the parent.
        parent_type: QualifiedIdentifier,
    },
}

impl ReadPlan {
    /// Whether nothing is selected here and below.
    pub(crate) fn selects_nothing(&self) -> bool {
        self.terms.is_empty() && self.embeds.iter().all(|embed| embed.plan.selects_nothing())
    }

    /// Whether this node groups its rows.
    pub(crate) fn aggregates(&self) -> bool {
        self.terms.iter().any(Term::is_aggregate)
            || self.embeds.iter().any(|embed| embed.lifted.iter().any(|lifted| lifted.aggregate.is_some()))
    }

    /// Whether all columns of the relation are selected and nothing is embedded.
    pub(crate) fn is_default_select(&self) -> bool {
        self.terms == [Term::Star] && self.embeds.is_empty()
    }
}
