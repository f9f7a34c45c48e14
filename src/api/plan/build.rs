//! Builds a [`ReadPlan`] from a request and the schema cache; everything that can be refused is refused here.
//!
//! Pure. Called by the plan module for reads, for the representation of writes and for results of functions.

use super::read::{ColumnExpr, Condition, Embed, Lifted, Link, OrderBy, OrderTarget, ReadPlan, Source, Term};
use super::relationship::find_relationship;
use crate::api::error::ApiError;
use crate::api::request::filter::{Filter, IsValue, LogicTree, Test};
use crate::api::request::grammar::{Field, JsonOperand};
use crate::api::request::order::OrderTerm;
use crate::api::request::query::QueryParams;
use crate::api::request::range::RowRange;
use crate::api::request::select::{JoinType, SelectField, SelectItem, SelectRelation};
use crate::schema_cache::{Cardinality, QualifiedIdentifier, Relationship, SchemaCache, Table};

/// Largest number of embedded relations of one request.
const MAX_EMBEDS: usize = 200;
/// Deepest embedding: every to-many level multiplies the rows.
const MAX_EMBED_DEPTH: usize = 16;
/// Largest number of items of one select list; PostgreSQL itself stops at 1,664.
const MAX_TERMS: usize = 1600;

/// What a read is about.
pub(crate) struct Root<'a> {
    /// The relation, or the row type of a function's result.
    pub(crate) relation: QualifiedIdentifier,
    /// Where rows come from.
    pub(crate) source: Source,
    /// Name of the rows inside the statement.
    pub(crate) alias: String,
    /// Window at the root.
    pub(crate) range: RowRange,
    /// Windows, filters and logic at the root apply here (not for writes, which have them already).
    pub(crate) with_filters: bool,
    /// Windows of embedded relations apply (not for writes).
    pub(crate) with_ranges: bool,
    /// Upper limit of rows.
    pub(crate) max_rows: Option<u64>,
    /// Aggregates are allowed.
    pub(crate) aggregates_enabled: bool,
    /// The query string.
    pub(crate) query: &'a QueryParams,
}

/// Builds the tree.
///
/// # Errors
/// PGRST108, 118, 123, 127, 200, 201.
pub(crate) fn build_read(cache: &SchemaCache, root: &Root<'_>) -> Result<ReadPlan, ApiError> {
    let mut builder = Builder { cache, root, embeds: 0 };
    let mut plan = builder.node(&root.relation, root.source.clone(), root.alias.clone(), &root.query.select, 0)?;
    plan.range = root.range;
    builder.attach(&mut plan)?;
    check_aggregates(&plan, root.aggregates_enabled)?;
    hoist(&mut plan, cache, false)?;
    if let Some(max) = root.max_rows {
        cap(&mut plan, max);
    }
    Ok(plan)
}

struct Builder<'a> {
    cache: &'a SchemaCache,
    root: &'a Root<'a>,
    embeds: usize,
}

impl Builder<'_> {
    fn node(
        &mut self,
        relation: &QualifiedIdentifier,
        source: Source,
        alias: String,
        items: &[SelectItem],
        depth: usize,
    ) -> Result<ReadPlan, ApiError> {
        if items.len() > MAX_TERMS {
            return Err(too_much(&format!("more than {MAX_TERMS} items in one select list")));
        }
        let table = self.cache.table(&relation.schema, &relation.name);
        let mut plan = ReadPlan {
            source,
            alias,
            terms: Vec::new(),
            conditions: Vec::new(),
            order: Vec::new(),
            range: RowRange::ALL,
            lowered_to: None,
            embeds: Vec::new(),
        };
        for item in items {
            match item {
                SelectItem::Field(field) => select_field(self.cache, table, field, &mut plan.terms),
                SelectItem::Relation(embed) => {
                    let embed = self.embed(relation, embed, false, depth)?;
                    plan.embeds.push(embed);
                }
                SelectItem::Spread(embed) => {
                    let embed = self.embed(relation, embed, true, depth)?;
                    plan.embeds.push(embed);
                }
            }
        }
        Ok(plan)
    }

    fn embed(
        &mut self,
        origin: &QualifiedIdentifier,
        select: &SelectRelation,
        spread: bool,
        depth: usize,
    ) -> Result<Embed, ApiError> {
        self.embeds += 1;
        if self.embeds > MAX_EMBEDS {
            return Err(too_much(&format!("more than {MAX_EMBEDS} embedded relations")));
        }
        if depth >= MAX_EMBED_DEPTH {
            return Err(too_much(&format!("relations embedded more than {MAX_EMBED_DEPTH} deep")));
        }
        let relationship = find_relationship(self.cache, origin, &select.name, select.hint.as_deref())?;
        let target = relationship.foreign_table().clone();
        let depth = depth + 1;
        let key = select.alias.clone().unwrap_or_else(|| select.name.clone());
        // PostgreSQL cuts names at 63 bytes; the number must survive.
        let short: String = target.name.chars().take(if target.name.len() > 58 { 14 } else { 58 }).collect();
        let own_alias = format!("{short}_{depth}");
        let plan = self.node(&target, Source::Relation(target.clone()), own_alias, &select.items, depth)?;
        // Siblings of one table are told apart by their number.
        let alias = format!("pgrst_{}_{key}", self.embeds);
        Ok(Embed {
            plan,
            key,
            link: link(relationship),
            inner: select.join == Some(JoinType::Inner),
            spread,
            to_one: relationship.is_to_one(),
            alias,
            hidden: Vec::new(),
            lifted: Vec::new(),
        })
    }

    /// Hangs filters, logic, order and windows on the nodes that their paths name.
    fn attach(&self, plan: &mut ReadPlan) -> Result<(), ApiError> {
        let query = self.root.query;
        let root_relation = &self.root.relation;
        for (path, filter) in &query.filters {
            if path.is_empty() && !self.root.with_filters {
                continue;
            }
            visit(plan, root_relation, path, &mut |node, relation| {
                let condition = condition_of_filter(self.cache, relation, node, filter);
                node.conditions.push(condition);
                Ok(())
            })?;
        }
        for (path, tree) in &query.logic {
            if path.is_empty() && !self.root.with_filters {
                continue;
            }
            visit(plan, root_relation, path, &mut |node, relation| {
                let condition = condition_of_tree(self.cache, relation, node, tree);
                node.conditions.push(condition);
                Ok(())
            })?;
        }
        for (path, terms) in &query.orders {
            visit(plan, root_relation, path, &mut |node, relation| {
                node.order = order_of(self.cache, relation, node, terms)?;
                Ok(())
            })?;
        }
        if self.root.with_ranges {
            for (path, range) in query.ranges.iter().filter(|(path, _)| !path.is_empty()) {
                visit(plan, root_relation, path, &mut |node, _| {
                    node.range = *range;
                    Ok(())
                })?;
            }
        }
        Ok(())
    }
}

fn too_much(details: &str) -> ApiError {
    ApiError::QuerySyntax {
        message: "\"failed to parse select parameter\" (line 1, column 1)".into(),
        details: details.to_owned(),
    }
}

fn link(relationship: &Relationship) -> Link {
    match relationship {
        Relationship::Computed(computed) => {
            Link::Function { function: computed.function.clone(), parent_type: computed.table.clone() }
        }
        Relationship::ForeignKey(relationship) => match &relationship.cardinality {
            Cardinality::OneToMany { columns, .. }
            | Cardinality::ManyToOne { columns, .. }
            | Cardinality::OneToOne { columns, .. } => Link::Columns(columns.clone()),
            Cardinality::ManyToMany(junction) => Link::Junction {
                table: junction.table.clone(),
                parent: junction.columns_source.clone(),
                own: junction.columns_target.clone(),
            },
        },
    }
}

/// Calls `f` for every node that `path` names. Relations of the nodes are known from their sources.
fn visit(
    plan: &mut ReadPlan,
    relation: &QualifiedIdentifier,
    path: &[String],
    f: &mut dyn FnMut(&mut ReadPlan, &QualifiedIdentifier) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let Some((first, rest)) = path.split_first() else { return f(plan, relation) };
    let mut found = false;
    for embed in plan.embeds.iter_mut().filter(|embed| embed.key == *first) {
        found = true;
        let Source::Relation(relation) = embed.plan.source.clone() else { continue };
        visit(&mut embed.plan, &relation, rest, f)?;
    }
    if found { Ok(()) } else { Err(ApiError::NotEmbedded(first.clone())) }
}

fn column_expr(table: Option<&Table>, field: &Field) -> ColumnExpr {
    let data_type = table.and_then(|table| table.column(&field.name)).map(|column| &*column.nominal_type);
    let to_jsonb = !field.json_path.is_empty() && !matches!(data_type, Some("json" | "jsonb"));
    ColumnExpr { name: field.name.clone(), json_path: field.json_path.clone(), to_jsonb, formatter: None }
}

fn formatter(cache: &SchemaCache, table: Option<&Table>, name: &str) -> Option<QualifiedIdentifier> {
    if cache.representations.is_empty() {
        return None;
    }
    let column = table?.column(name)?;
    let key = (column.nominal_type.to_string(), "json".to_owned());
    cache.representations.get(&key).map(|representation| representation.function.clone())
}

fn parser(cache: &SchemaCache, table: Option<&Table>, field: &Field) -> Option<QualifiedIdentifier> {
    if cache.representations.is_empty() || !field.json_path.is_empty() {
        return None;
    }
    let column = table?.column(&field.name)?;
    let key = ("text".to_owned(), column.nominal_type.to_string());
    cache.representations.get(&key).map(|representation| representation.function.clone())
}

/// Name of a json path in the answer: its last key, or the column.
fn json_name(field: &Field) -> &str {
    let key = field.json_path.iter().rev().find_map(|step| match &step.operand {
        JsonOperand::Key(key) => Some(key.as_str()),
        JsonOperand::Index(_) => None,
    });
    key.unwrap_or(&field.name)
}

fn select_field(cache: &SchemaCache, table: Option<&Table>, select: &SelectField, terms: &mut Vec<Term>) {
    let is_star = select.field.name == "*";
    if is_star && select.aggregate.is_none() {
        match table {
            Some(table) if table.columns.keys().any(|name| formatter(cache, Some(table), name).is_some()) => {
                terms.extend(table.columns.keys().map(|name| plain_term(cache, Some(table), name)));
            }
            _ => terms.push(Term::Star),
        }
        return;
    }
    let column = (!is_star).then(|| {
        let mut column = column_expr(table, &select.field);
        if select.aggregate.is_none() && select.field.json_path.is_empty() {
            column.formatter = formatter(cache, table, &column.name);
        }
        column
    });
    let default_name = match select.aggregate {
        Some(aggregate) => aggregate.name(),
        None => json_name(&select.field),
    };
    terms.push(Term::Column {
        column,
        cast: select.cast.clone(),
        aggregate: select.aggregate.map(|aggregate| (aggregate, select.aggregate_cast.clone())),
        name: select.alias.clone().unwrap_or_else(|| default_name.to_owned()),
    });
}

fn plain_term(cache: &SchemaCache, table: Option<&Table>, name: &str) -> Term {
    let mut column = ColumnExpr::plain(name);
    column.formatter = formatter(cache, table, name);
    Term::Column { column: Some(column), cast: None, aggregate: None, name: name.to_owned() }
}

/// The condition of one filter; `is.null` on the key of an embed asks for its rows.
pub(super) fn condition_of_filter(
    cache: &SchemaCache,
    relation: &QualifiedIdentifier,
    node: &ReadPlan,
    filter: &Filter,
) -> Condition {
    if let Test::Is(value @ (IsValue::Null | IsValue::NotNull)) = filter.test
        && filter.field.json_path.is_empty()
        && let Some(embed) = node.embeds.iter().position(|embed| embed.key == filter.field.name)
    {
        return Condition::Embedded { embed, is_null: (value == IsValue::Null) != filter.negated };
    }
    column_condition(cache, relation, filter)
}

/// The condition of one filter on a column of a relation.
pub(super) fn column_condition(cache: &SchemaCache, relation: &QualifiedIdentifier, filter: &Filter) -> Condition {
    let table = cache.table(&relation.schema, &relation.name);
    let column = column_expr(table, &filter.field);
    let known = table.and_then(|table| table.column(&filter.field.name));
    let to_tsvector = matches!(filter.test, Test::FullText(..))
        && (!filter.field.json_path.is_empty() || known.is_some_and(|column| column.data_type != "tsvector"));
    Condition::Test {
        parser: parser(cache, table, &filter.field),
        column,
        negated: filter.negated,
        test: filter.test.clone(),
        to_tsvector,
    }
}

pub(super) fn condition_of_tree(
    cache: &SchemaCache,
    relation: &QualifiedIdentifier,
    node: &ReadPlan,
    tree: &LogicTree,
) -> Condition {
    match tree {
        LogicTree::Filter(filter) => condition_of_filter(cache, relation, node, filter),
        LogicTree::Group { negated, operator, parts } => Condition::Group {
            negated: *negated,
            operator: *operator,
            parts: parts.iter().map(|part| condition_of_tree(cache, relation, node, part)).collect(),
        },
    }
}

fn order_of(
    cache: &SchemaCache,
    relation: &QualifiedIdentifier,
    node: &mut ReadPlan,
    terms: &[OrderTerm],
) -> Result<Vec<OrderBy>, ApiError> {
    let table = cache.table(&relation.schema, &relation.name);
    terms
        .iter()
        .map(|term| {
            let target = match &term.relation {
                None => OrderTarget::Column(column_expr(table, &term.field)),
                Some(name) => {
                    let (at, embed) = node
                        .embeds
                        .iter_mut()
                        .enumerate()
                        .find(|(_, embed)| embed.key == *name)
                        .ok_or_else(|| ApiError::NotEmbedded(name.clone()))?;
                    if !embed.to_one {
                        return Err(ApiError::RelatedOrder { origin: relation.name.to_string(), target: name.clone() });
                    }
                    let Source::Relation(target) = &embed.plan.source else {
                        return Err(ApiError::Internal("an embed reads a relation"));
                    };
                    let target = cache.table(&target.schema, &target.name);
                    if is_selected(&embed.plan, target, &term.field) {
                        let target = OrderTarget::Selected { embed: at, name: term.field.name.clone() };
                        return Ok(OrderBy { target, direction: term.direction, nulls: term.nulls });
                    }
                    let column = column_expr(target, &term.field);
                    let hidden = embed.hidden.iter().position(|known| *known == column).unwrap_or_else(|| {
                        embed.hidden.push(column);
                        embed.hidden.len() - 1
                    });
                    OrderTarget::Hidden { embed: at, hidden }
                }
            };
            Ok(OrderBy { target, direction: term.direction, nulls: term.nulls })
        })
        .collect()
}

/// Whether an embedded row has a column of this name, so that the parent can order by it.
fn is_selected(plan: &ReadPlan, table: Option<&Table>, field: &Field) -> bool {
    field.json_path.is_empty()
        && plan.terms.iter().any(|term| match term {
            Term::Star => table.is_some_and(|table| table.column(&field.name).is_some()),
            Term::Column { name, aggregate, .. } => aggregate.is_none() && *name == field.name,
        })
}

fn check_aggregates(plan: &ReadPlan, enabled: bool) -> Result<(), ApiError> {
    if !enabled && plan.terms.iter().any(Term::is_aggregate) {
        return Err(ApiError::AggregatesDisabled);
    }
    for embed in &plan.embeds {
        if embed.spread && !embed.to_one && has_aggregates(&embed.plan) && enabled {
            return Err(ApiError::NotImplemented(
                "Aggregates are not implemented for one-to-many or many-to-many spreads.",
            ));
        }
        check_aggregates(&embed.plan, enabled)?;
    }
    Ok(())
}

/// Whether a node aggregates, itself or through the spreads that it lifts.
fn has_aggregates(plan: &ReadPlan) -> bool {
    plan.terms.iter().any(Term::is_aggregate)
        || plan.embeds.iter().any(|embed| embed.spread && has_aggregates(&embed.plan))
}

/// Names what spreads lift into their parents, moves aggregates of to-one spreads up, and expands `*` where a list of
/// columns is needed.
fn hoist(plan: &mut ReadPlan, cache: &SchemaCache, expand: bool) -> Result<(), ApiError> {
    let expand = expand || has_aggregates(plan);
    if expand {
        expand_star(plan, cache);
    }
    for embed in &mut plan.embeds {
        let needs_names = embed.spread || !embed.hidden.is_empty();
        hoist(&mut embed.plan, cache, needs_names || expand)?;
        if needs_names {
            expand_star(&mut embed.plan, cache);
        }
        if embed.spread {
            embed.lifted = lift(embed);
        }
    }
    Ok(())
}

fn lift(embed: &mut Embed) -> Vec<Lifted> {
    let mut lifted = Vec::new();
    let mut kept = Vec::new();
    for (at, term) in std::mem::take(&mut embed.plan.terms).into_iter().enumerate() {
        match term {
            Term::Star => kept.push(Term::Star),
            Term::Column { column, cast, aggregate: Some(aggregate), name } => {
                // The parent computes it over the bare column.
                let inner = format!("pgrst_hoisted_{at}");
                let counts_rows = column.is_none();
                if let Some(column) = column {
                    kept.push(Term::Column { column: Some(column), cast, aggregate: None, name: inner.clone() });
                }
                lifted.push(Lifted { inner, name, aggregate: Some(aggregate), counts_rows });
            }
            Term::Column { column, cast, aggregate: None, name } => {
                lifted.push(Lifted { inner: name.clone(), name: name.clone(), aggregate: None, counts_rows: false });
                kept.push(Term::Column { column, cast, aggregate: None, name });
            }
        }
    }
    embed.plan.terms = kept;
    for child in &mut embed.plan.embeds {
        if child.spread {
            for inner in &mut child.lifted {
                let aggregate = inner.aggregate.take();
                let name = inner.name.clone();
                if aggregate.is_some() {
                    inner.name = format!("pgrst_hoisted_{}_{}", child.alias, inner.inner);
                }
                lifted.push(Lifted { inner: inner.name.clone(), name, aggregate, counts_rows: inner.counts_rows });
            }
            child.lifted.retain(|inner| !inner.counts_rows);
        } else if !child.plan.selects_nothing() {
            let key = child.key.clone();
            lifted.push(Lifted { inner: key.clone(), name: key, aggregate: None, counts_rows: false });
        }
    }
    lifted
}

fn expand_star(plan: &mut ReadPlan, cache: &SchemaCache) {
    if !plan.terms.contains(&Term::Star) {
        return;
    }
    let Source::Relation(relation) = &plan.source else { return };
    let Some(table) = cache.table(&relation.schema, &relation.name) else { return };
    let terms = std::mem::take(&mut plan.terms);
    for term in terms {
        match term {
            Term::Star => plan.terms.extend(table.columns.keys().map(|name| plain_term(cache, Some(table), name))),
            other => plan.terms.push(other),
        }
    }
}

fn cap(plan: &mut ReadPlan, max: u64) {
    let asked = plan.range;
    plan.range = asked.capped(Some(max));
    plan.lowered_to = plan.range.limit.filter(|limit| asked.limit != Some(*limit));
    for embed in &mut plan.embeds {
        cap(&mut embed.plan, max);
    }
}
