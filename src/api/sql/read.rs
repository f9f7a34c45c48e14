//! Prints a [`ReadPlan`]: one SELECT with a lateral join per embedded relation; a page is chosen before, where it can be.
//!
//! Limits are literals, because a bound limit makes PostgreSQL plan the statement anew on every execution; so are the
//! offsets of the first pages. Other offsets are bound, lest each made a statement of its own. Golden files:
//! `tests/golden/sql`.

use super::filter::{column, conditions, count_condition};
use super::statement::SqlStatement;
use super::windowed;
use crate::api::plan::read::{ColumnExpr, Embed, Lifted, Link, OrderBy, OrderTarget, ReadPlan, Source, Term};
use crate::api::request::order::{Direction, Nulls};
use crate::api::request::range::RowRange;

/// A SELECT for the whole tree.
pub(super) fn read<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan) {
    select(sql, plan, &[], None);
}

fn select<'p>(
    sql: &mut SqlStatement<'p>,
    plan: &'p ReadPlan,
    hidden: &'p [ColumnExpr],
    parent: Option<(&'p Link, &str)>,
) {
    let grouped = plan.aggregates();
    sql.raw("SELECT ");
    let before = sql.text().len();
    for term in &plan.terms {
        comma(sql, before);
        self::term(sql, plan, term);
    }
    for embed in &plan.embeds {
        output(sql, embed, grouped, before);
    }
    for (at, hidden_column) in hidden.iter().enumerate() {
        comma(sql, before);
        column(sql, &plan.alias, hidden_column);
        sql.raw(" AS ").ident(&hidden_name(at));
    }
    if sql.text().len() == before && parent.is_some() {
        sql.raw("1 AS pgrst_exists");
    }
    sql.raw(" FROM ");
    if let (None, Some(columns)) = (parent, windowed::columns(plan)) {
        page(sql, plan, &columns);
        for embed in &plan.embeds {
            join(sql, &plan.alias, embed);
        }
        order_clause(sql, plan);
        return;
    }
    from(sql, plan, parent);
    for embed in &plan.embeds {
        join(sql, &plan.alias, embed);
    }
    filter_clause(sql, plan, parent);
    if grouped {
        group_by(sql, plan);
    }
    order_clause(sql, plan);
    window(sql, plan.range);
}

/// The rows of the window under the relation's own alias, before anything is embedded in them.
fn page<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan, columns: &[&str]) {
    sql.raw("(SELECT ");
    sql.list(columns, ", ", |sql, name| {
        sql.column(&plan.alias, name).raw(" AS ").ident(name);
    });
    sql.raw(" FROM ");
    from(sql, plan, None);
    filter_clause(sql, plan, None);
    order_clause(sql, plan);
    window(sql, plan.range);
    sql.raw(") AS ").ident(&plan.alias);
}

fn order_clause(sql: &mut SqlStatement<'_>, plan: &ReadPlan) {
    if !plan.order.is_empty() {
        sql.raw(" ORDER BY ");
        sql.list(&plan.order, ", ", |sql, term| order(sql, plan, term));
    }
}

fn comma(sql: &mut SqlStatement<'_>, before: usize) {
    if sql.text().len() > before {
        sql.raw(", ");
    }
}

fn hidden_name(at: usize) -> String {
    format!("pgrst_order_{at}")
}

fn from<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan, parent: Option<(&'p Link, &str)>) {
    match (&plan.source, parent) {
        (_, Some((Link::Function { function, parent_type, .. }, parent_alias))) => {
            sql.qualified(function).raw("(").ident(parent_alias).raw("::").qualified(parent_type).raw(")");
        }
        (Source::Relation(relation), _) => {
            sql.qualified(relation);
        }
        (Source::Written, _) => {
            sql.raw("pgrst_source");
        }
    }
    sql.raw(" AS ").ident(&plan.alias);
    if let Some((Link::Junction { table, .. }, _)) = parent {
        sql.raw(", ").qualified(table).raw(" AS ").ident(&junction_alias(plan));
    }
}

fn junction_alias(plan: &ReadPlan) -> String {
    format!("pgrst_junction_{}", plan.alias)
}

/// WHERE with what links the rows to their parent and the plan's own conditions.
fn filter_clause<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan, parent: Option<(&'p Link, &str)>) {
    let mut has_any = link_conditions(sql, plan, parent);
    if !plan.conditions.is_empty() {
        sql.raw(if has_any { " AND " } else { " WHERE " });
        conditions(sql, &plan.alias, &plan.embeds, &plan.conditions);
        has_any = true;
    }
    let _ = has_any;
}

fn link_conditions<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan, parent: Option<(&'p Link, &str)>) -> bool {
    let Some((link, parent_alias)) = parent else { return false };
    match link {
        Link::Columns(pairs) => {
            sql.raw(" WHERE ");
            sql.list(pairs, " AND ", |sql, (parent_column, own)| {
                sql.column(&plan.alias, own).raw(" = ").column(parent_alias, parent_column);
            });
            true
        }
        Link::Junction { parent, own, .. } => {
            let junction = junction_alias(plan);
            sql.raw(" WHERE ");
            sql.list(parent, " AND ", |sql, (parent_column, middle)| {
                sql.column(&junction, middle).raw(" = ").column(parent_alias, parent_column);
            });
            sql.raw(" AND ");
            sql.list(own, " AND ", |sql, (own_column, middle)| {
                sql.column(&junction, middle).raw(" = ").column(&plan.alias, own_column);
            });
            true
        }
        Link::Function { .. } => false,
    }
}

fn term(sql: &mut SqlStatement<'_>, plan: &ReadPlan, term: &Term) {
    match term {
        Term::Star => {
            sql.ident(&plan.alias).raw(".*");
        }
        Term::Column { name, .. } => {
            term_expression(sql, plan, term);
            sql.raw(" AS ").ident(name);
        }
    }
}

fn term_expression(sql: &mut SqlStatement<'_>, plan: &ReadPlan, term: &Term) {
    let Term::Column { column: on, cast, aggregate, .. } = term else { return };
    let inner = |sql: &mut SqlStatement<'_>| match (on, cast) {
        (Some(on), Some(cast)) => {
            sql.raw("CAST(");
            column(sql, &plan.alias, on);
            sql.raw(" AS ").type_name(cast).raw(")");
        }
        (Some(on), None) => column(sql, &plan.alias, on),
        (None, _) => {
            sql.raw("*");
        }
    };
    match aggregate {
        None => inner(sql),
        Some((function, cast_after)) => {
            aggregated(sql, function.name(), cast_after.as_deref(), inner);
        }
    }
}

fn aggregated(
    sql: &mut SqlStatement<'_>,
    function: &'static str,
    cast: Option<&str>,
    inner: impl FnOnce(&mut SqlStatement<'_>),
) {
    sql.raw(if cast.is_some() { "CAST(" } else { "" }).raw(function).raw("(");
    inner(sql);
    sql.raw(")");
    if let Some(cast) = cast {
        sql.raw(" AS ").type_name(cast).raw(")");
    }
}

/// What an embed adds to its parent's select list.
fn output(sql: &mut SqlStatement<'_>, embed: &Embed, grouped: bool, before: usize) {
    if embed.spread {
        for lifted in &embed.lifted {
            comma(sql, before);
            lifted_expression(sql, embed, lifted, grouped);
            sql.raw(" AS ").ident(&lifted.name);
        }
        return;
    }
    if embed.plan.selects_nothing() {
        return;
    }
    comma(sql, before);
    output_expression(sql, embed, grouped);
    sql.raw(" AS ").ident(&embed.key);
}

/// JSON of the embedded rows; as jsonb where it is grouped by, because json cannot be compared.
fn output_expression(sql: &mut SqlStatement<'_>, embed: &Embed, grouped: bool) {
    if !embed.to_one {
        sql.raw("COALESCE(").column(&embed.alias, "rows").raw(", '[]')");
    } else if embed.hidden.is_empty() {
        sql.raw("row_to_json(").ident(&embed.alias).raw(".*)");
    } else {
        // The row has columns that only serve the parent's order.
        sql.raw("CASE WHEN ")
            .ident(&embed.alias)
            .raw(".* IS DISTINCT FROM NULL THEN (SELECT row_to_json(pgrst_row.*) FROM (SELECT ");
        sql.list(row_names(&embed.plan), ", ", |sql, name| {
            sql.column(&embed.alias, name).raw(" AS ").ident(name);
        });
        sql.raw(") AS pgrst_row) END");
    }
    sql.raw(if grouped { "::jsonb" } else { "" });
}

/// Names of the columns that a node puts into its rows.
fn row_names(plan: &ReadPlan) -> Vec<&str> {
    let mut names: Vec<&str> = plan
        .terms
        .iter()
        .filter_map(|term| match term {
            Term::Star => None,
            Term::Column { name, .. } => Some(name.as_str()),
        })
        .collect();
    for embed in &plan.embeds {
        if embed.spread {
            names.extend(embed.lifted.iter().map(|lifted| lifted.name.as_str()));
        } else if !embed.plan.selects_nothing() {
            names.push(&embed.key);
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

fn lifted_expression(sql: &mut SqlStatement<'_>, embed: &Embed, lifted: &Lifted, grouped: bool) {
    if let Some((function, cast)) = &lifted.aggregate {
        aggregated(sql, function.name(), cast.as_deref(), |sql| {
            if lifted.counts_rows {
                sql.raw("*");
            } else {
                sql.column(&embed.alias, &lifted.inner);
            }
        });
    } else if embed.to_one {
        sql.column(&embed.alias, &lifted.inner);
    } else {
        sql.raw("COALESCE(").column(&embed.alias, &lifted.inner).raw(", '[]')");
        sql.raw(if grouped { "::jsonb" } else { "" });
    }
}

fn join<'p>(sql: &mut SqlStatement<'p>, parent_alias: &str, embed: &'p Embed) {
    sql.raw(if embed.inner { " INNER JOIN LATERAL (" } else { " LEFT JOIN LATERAL (" });
    let parent = Some((&embed.link, parent_alias));
    if embed.to_one {
        select(sql, &embed.plan, &embed.hidden, parent);
    } else if embed.spread {
        sql.raw("SELECT count(*) AS pgrst_rows");
        for lifted in &embed.lifted {
            sql.raw(", json_agg(").column(&embed.alias, &lifted.inner).raw(") AS ").ident(&lifted.inner);
        }
        sql.raw(" FROM (");
        select(sql, &embed.plan, &[], parent);
        sql.raw(") AS ").ident(&embed.alias);
    } else {
        sql.raw("SELECT json_agg(").ident(&embed.alias).raw(") AS rows FROM (");
        select(sql, &embed.plan, &[], parent);
        sql.raw(") AS ").ident(&embed.alias);
    }
    sql.raw(") AS ").ident(&embed.alias).raw(" ON ");
    if embed.inner && !embed.to_one {
        has_rows(sql, embed, true);
    } else {
        sql.raw("TRUE");
    }
}

/// Whether a joined embed has rows.
pub(super) fn has_rows(sql: &mut SqlStatement<'_>, embed: &Embed, wanted: bool) {
    match (embed.to_one, embed.spread) {
        (true, _) => {
            sql.ident(&embed.alias).raw(if wanted {
                ".* IS DISTINCT FROM NULL"
            } else {
                ".* IS NOT DISTINCT FROM NULL"
            });
        }
        (false, true) => {
            sql.column(&embed.alias, "pgrst_rows").raw(if wanted { " > 0" } else { " = 0" });
        }
        (false, false) => {
            sql.column(&embed.alias, "rows").raw(if wanted { " IS NOT NULL" } else { " IS NULL" });
        }
    }
}

fn group_by(sql: &mut SqlStatement<'_>, plan: &ReadPlan) {
    let before = sql.text().len();
    let separator = |sql: &mut SqlStatement<'_>| {
        sql.raw(if sql.text().len() == before { " GROUP BY " } else { ", " });
    };
    for term in plan.terms.iter().filter(|term| !term.is_aggregate()) {
        separator(sql);
        match term {
            Term::Star => {
                sql.ident(&plan.alias).raw(".*");
            }
            Term::Column { .. } => term_expression(sql, plan, term),
        }
    }
    for embed in &plan.embeds {
        if embed.spread {
            for lifted in embed.lifted.iter().filter(|lifted| lifted.aggregate.is_none()) {
                separator(sql);
                lifted_expression(sql, embed, lifted, true);
            }
        } else if !embed.plan.selects_nothing() {
            separator(sql);
            output_expression(sql, embed, true);
        }
    }
}

fn order(sql: &mut SqlStatement<'_>, plan: &ReadPlan, term: &OrderBy) {
    match &term.target {
        OrderTarget::Column(on) => column(sql, &plan.alias, on),
        OrderTarget::Selected { embed, name } => {
            if let Some(embed) = plan.embeds.get(*embed) {
                sql.column(&embed.alias, name);
            }
        }
        OrderTarget::Hidden { embed, hidden } => {
            if let Some(embed) = plan.embeds.get(*embed) {
                sql.column(&embed.alias, &hidden_name(*hidden));
            }
        }
    }
    sql.raw(match term.direction {
        Some(Direction::Asc) => " ASC",
        Some(Direction::Desc) => " DESC",
        None => "",
    });
    sql.raw(match term.nulls {
        Some(Nulls::First) => " NULLS FIRST",
        Some(Nulls::Last) => " NULLS LAST",
        None => "",
    });
}

fn window(sql: &mut SqlStatement<'_>, range: RowRange) {
    if let Some(limit) = range.limit {
        sql.raw(" LIMIT ").int(limit);
    }
    if range.offset == 0 {
        return;
    }
    sql.raw(" OFFSET ");
    let is_early_page = range.limit.is_some_and(|limit| {
        limit > 0 && range.offset > 0 && range.offset % limit == 0 && range.offset / limit <= LITERAL_PAGES
    });
    if is_early_page {
        sql.int(range.offset);
    } else {
        sql.bind(range.offset.to_string());
    }
}

/// Pages after the first that have a statement of their own.
const LITERAL_PAGES: i64 = 20;

/// `SELECT 1` for every row that the plan would give without its window.
pub(super) fn count<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan) {
    sql.raw("SELECT 1 FROM ");
    from(sql, plan, None);
    count_clause(sql, plan, None);
}

/// The version of the first row that the plan would give.
pub(super) fn row_version<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan) {
    sql.raw("SELECT ");
    version(sql, &plan.alias);
    sql.raw(" FROM ");
    from(sql, plan, None);
    count_clause(sql, plan, None);
    sql.raw(" LIMIT 1");
}

/// A row's version as text: a hash over all of its columns.
pub(super) fn version(sql: &mut SqlStatement<'_>, row: &str) {
    sql.raw("hashtextextended(").ident(row).raw("::text, 0)::text");
}

/// `SELECT 1` for every row of an embed that belongs to a parent.
pub(super) fn exists_query<'p>(sql: &mut SqlStatement<'p>, parent_alias: &str, embed: &'p Embed) {
    let parent = Some((&embed.link, parent_alias));
    sql.raw("SELECT 1 FROM ");
    from(sql, &embed.plan, parent);
    count_clause(sql, &embed.plan, parent);
}

fn count_clause<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan, parent: Option<(&'p Link, &str)>) {
    let mut has_any = link_conditions(sql, plan, parent);
    let mut separator = |sql: &mut SqlStatement<'p>| {
        sql.raw(if has_any { " AND " } else { " WHERE " });
        has_any = true;
    };
    for condition in &plan.conditions {
        separator(sql);
        count_condition(sql, &plan.alias, &plan.embeds, condition);
    }
    for embed in plan.embeds.iter().filter(|embed| embed.inner) {
        separator(sql);
        sql.raw("EXISTS (");
        exists_query(sql, &plan.alias, embed);
        sql.raw(")");
    }
}
