//! Plans of writes: which columns come from the payload, which rows are concerned, what is returned.
//!
//! Pure. Printed by `sql::mutate`.

use super::build::{column_condition, condition_of_tree};
use super::read::{ColumnExpr, Condition, Embed, Link, OrderTarget, ReadPlan, Source, Term};
use crate::api::error::ApiError;
use crate::api::request::filter::{QuantOperator, Test};
use crate::api::request::payload::Payload;
use crate::api::request::preferences::{Missing, Resolution, Return};
use crate::api::request::{Action, ApiRequest};
use crate::schema_cache::{QualifiedIdentifier, SchemaCache, Table, Text};
use bytes::Bytes;

/// A write.
#[derive(Debug)]
pub(crate) struct MutatePlan {
    /// The relation.
    pub(crate) table: QualifiedIdentifier,
    /// Name of its rows inside the statement.
    pub(crate) alias: String,
    /// What is done.
    pub(crate) kind: MutateKind,
    /// Which rows are concerned; for PUT which row of the payload.
    pub(crate) conditions: Vec<Condition>,
    /// Versions of the row that the client knows (`If-Match`, D-32).
    pub(crate) if_match: Option<Vec<String>>,
    /// What is returned.
    pub(crate) returning: Returning,
}

/// What is done.
#[derive(Debug)]
pub(crate) enum MutateKind {
    /// POST.
    Insert {
        /// The rows.
        body: Body,
        /// Upsert: conflict columns and what to do.
        conflict: Option<(Vec<String>, Resolution)>,
        /// Inserted rows are counted apart from updated ones.
        counts_inserts: bool,
    },
    /// PUT.
    Upsert {
        /// The row.
        body: Body,
        /// Primary key.
        conflict: Vec<String>,
    },
    /// PATCH.
    Update {
        /// The row.
        body: Body,
    },
    /// DELETE.
    Delete,
}

/// Rows from a payload.
#[derive(Debug)]
pub(crate) struct Body {
    /// JSON.
    pub(crate) text: Bytes,
    /// An object rather than an array.
    pub(crate) is_object: bool,
    /// Columns that are taken from it.
    pub(crate) columns: Vec<BodyColumn>,
    /// Absent keys take the column's default.
    pub(crate) with_defaults: bool,
}

/// A column that is taken from a payload.
#[derive(Debug)]
pub(crate) struct BodyColumn {
    /// Name.
    pub(crate) name: String,
    /// Type as the catalogue spells it.
    pub(crate) type_name: String,
    /// Domain representation on the way in.
    pub(crate) parser: Option<QualifiedIdentifier>,
    /// Default expression.
    pub(crate) default: Option<String>,
}

/// What RETURNING has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returning {
    /// All columns.
    pub(crate) star: bool,
    /// Columns by name.
    pub(crate) columns: Vec<String>,
}

/// Builds the plan of a write; `read` is the plan of its representation.
///
/// # Errors
/// PGRST105 and PGRST204.
pub(crate) fn build_mutate(
    cache: &SchemaCache,
    table: &Table,
    request: &ApiRequest,
    read: &ReadPlan,
) -> Result<MutatePlan, ApiError> {
    let identifier = table.identifier();
    let alias = table.name.to_string();
    let preferences = &request.preferences;
    let body = |with_columns: Option<&[String]>| body_of(cache, table, request, with_columns);
    let columns = request.query.columns.as_deref();
    let kind = match request.action {
        Action::Create => {
            let conflict = preferences.resolution.and_then(|resolution| {
                let columns = request.query.on_conflict.clone().unwrap_or_else(|| table.key_names());
                (!columns.is_empty()).then_some((columns, resolution))
            });
            let counts_inserts = matches!(conflict, Some((_, Resolution::MergeDuplicates)));
            MutateKind::Insert { body: body(columns)?, conflict, counts_inserts }
        }
        Action::SingleUpsert => {
            check_put_filters(table, request)?;
            MutateKind::Upsert { body: body(columns)?, conflict: table.key_names() }
        }
        Action::Update => MutateKind::Update { body: body(columns)? },
        _ => MutateKind::Delete,
    };
    let mut conditions: Vec<Condition> = Vec::new();
    if !matches!(kind, MutateKind::Insert { .. }) {
        let root = request.query.filters.iter().filter(|(path, _)| path.is_empty());
        conditions.extend(root.map(|(_, filter)| column_condition(cache, &identifier, filter)));
        // As in v13: logic trees of embeds restrict the write too (POSTGREST.md §6.1). Embeds are no joins here.
        if !request.query.logic.is_empty() {
            let bare = ReadPlan { embeds: Vec::new(), ..read.clone() };
            conditions
                .extend(request.query.logic.iter().map(|(_, tree)| condition_of_tree(cache, &identifier, &bare, tree)));
        }
    }
    let returning = match preferences.representation {
        Some(Return::Representation) => returning_of(read, Some(table)),
        Some(Return::HeadersOnly) if matches!(kind, MutateKind::Insert { .. }) => {
            Returning { star: false, columns: table.key_names() }
        }
        _ => Returning { star: false, columns: Vec::new() },
    };
    let if_match = match kind {
        MutateKind::Update { .. } | MutateKind::Delete => request.if_match.clone(),
        _ => None,
    };
    Ok(MutatePlan { table: identifier, alias, kind, conditions, if_match, returning })
}

fn check_put_filters(table: &Table, request: &ApiRequest) -> Result<(), ApiError> {
    let filters = &request.query.filters;
    let mut names: Vec<&str> = filters.iter().map(|(_, filter)| filter.field.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut keys: Vec<&str> = table.pk_columns.iter().map(Text::as_str).collect();
    keys.sort_unstable();
    let only_eq = filters.iter().all(|(path, filter)| {
        path.is_empty()
            && !filter.negated
            && filter.field.json_path.is_empty()
            && matches!(filter.test, Test::Quantified(QuantOperator::Equal, None, _))
    });
    if keys.is_empty() || names != keys || !only_eq || !request.query.logic.is_empty() || filters.len() != keys.len() {
        return Err(ApiError::PutFilters);
    }
    Ok(())
}

fn body_of(
    cache: &SchemaCache,
    table: &Table,
    request: &ApiRequest,
    columns: Option<&[String]>,
) -> Result<Body, ApiError> {
    let Some(Payload::Json { text, keys, is_object }) = &request.payload else {
        return Err(ApiError::Internal("a write has a JSON payload"));
    };
    let names = columns.or(keys.as_deref()).unwrap_or_default();
    let mut body_columns: Vec<BodyColumn> = Vec::with_capacity(names.len());
    for name in names {
        if body_columns.iter().any(|known| known.name == *name) {
            continue;
        }
        let column = table
            .column(name)
            .ok_or_else(|| ApiError::NoColumn { column: name.clone(), table: table.name.to_string() })?;
        let parser = if cache.representations.is_empty() {
            None
        } else {
            let key = ("json".to_owned(), column.nominal_type.to_string());
            cache.representations.get(&key).map(|representation| representation.function.clone())
        };
        let default = if column.generated_always { None } else { column.default.as_deref().map(str::to_owned) };
        let type_name = column.nominal_type.to_string();
        body_columns.push(BodyColumn { name: name.clone(), type_name, parser, default });
    }
    Ok(Body {
        text: text.clone(),
        is_object: *is_object,
        columns: body_columns,
        with_defaults: request.preferences.missing == Some(Missing::Default),
    })
}

/// Columns that the representation needs.
pub(super) fn returning_of(read: &ReadPlan, table: Option<&Table>) -> Returning {
    let mut needs = Needs { star: false, columns: Vec::new() };
    needs.node(read);
    if let Some(table) = table {
        for name in &table.pk_columns {
            needs.add(name);
        }
        if needs.star {
            // Computed columns are not part of `*`.
            needs.columns.retain(|name| table.column(name).is_none());
        }
    }
    Returning { star: needs.star, columns: needs.columns }
}

struct Needs {
    star: bool,
    columns: Vec<String>,
}

impl Needs {
    fn add(&mut self, name: &str) {
        if !self.columns.iter().any(|known| known == name) {
            self.columns.push(name.to_owned());
        }
    }

    fn column(&mut self, column: &ColumnExpr) {
        self.add(&column.name);
    }

    fn node(&mut self, plan: &ReadPlan) {
        for term in &plan.terms {
            match term {
                Term::Star => self.star = true,
                Term::Column { column: Some(column), .. } => self.column(column),
                Term::Column { column: None, .. } => {}
            }
        }
        for term in &plan.order {
            if let OrderTarget::Column(column) = &term.target {
                self.column(column);
            }
        }
        for condition in &plan.conditions {
            self.condition(condition);
        }
        for embed in &plan.embeds {
            self.link(embed);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Group { parts, .. } => parts.iter().for_each(|part| self.condition(part)),
            Condition::Test { column, .. } => self.column(column),
            Condition::Embedded { .. } => {}
        }
    }

    fn link(&mut self, embed: &Embed) {
        match &embed.link {
            Link::Columns(pairs) => pairs.iter().for_each(|(parent, _)| self.add(parent)),
            Link::Junction { parent, .. } => parent.iter().for_each(|(column, _)| self.add(column)),
            // The function takes the whole row.
            Link::Function { .. } => self.star = true,
        }
    }
}

/// Makes `*` a list of columns where a computed column is returned beside it, which would otherwise come twice.
pub(super) fn expand_written_star(read: &mut ReadPlan, table: Option<&Table>) {
    let Some(table) = table else { return };
    if read.source != Source::Written || !read.terms.contains(&Term::Star) {
        return;
    }
    let needed = returning_of(read, Some(table));
    if needed.columns.is_empty() {
        return;
    }
    let terms = std::mem::take(&mut read.terms);
    for term in terms {
        match term {
            Term::Star => read.terms.extend(table.columns.keys().map(|name| Term::Column {
                column: Some(ColumnExpr::plain(&**name)),
                cast: None,
                aggregate: None,
                name: name.to_string(),
            })),
            other => read.terms.push(other),
        }
    }
}
