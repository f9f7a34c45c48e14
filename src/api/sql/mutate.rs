//! Prints a [`MutatePlan`] as the statement inside `pgrst_source`. Golden files: `tests/golden/sql`.

use super::filter::conditions;
use super::statement::{SqlStatement, array_literal};
use crate::api::plan::mutate::{Body, BodyColumn, MutateKind, MutatePlan, Returning};
use crate::api::request::preferences::Resolution;
use crate::db::ParamType;

/// INSERT, UPDATE or DELETE.
pub(super) fn mutate<'p>(sql: &mut SqlStatement<'p>, plan: &'p MutatePlan) {
    match &plan.kind {
        MutateKind::Insert { body, conflict, counts_inserts } => {
            insert_head(sql, plan, body);
            if *counts_inserts {
                sql.raw(" WHERE ");
                counter(sql, "+ 1", "<> '0'");
            }
            if let Some((columns, resolution)) = conflict {
                on_conflict(sql, columns, *resolution, body, *counts_inserts);
            }
            returning(sql, plan);
        }
        MutateKind::Upsert { body, conflict } => {
            insert_head(sql, plan, body);
            sql.raw(" WHERE ");
            counter(sql, "+ 1", "<> '0'");
            if !plan.conditions.is_empty() {
                sql.raw(" AND ");
                conditions(sql, "pgrst_body", &[], &plan.conditions);
            }
            on_conflict(sql, conflict, Resolution::MergeDuplicates, body, true);
            returning(sql, plan);
        }
        MutateKind::Update { body } if body.columns.is_empty() => {
            sql.raw("SELECT ");
            returning_list(sql, plan);
            sql.raw(" FROM ").qualified(&plan.table).raw(" AS ").ident(&plan.alias).raw(" WHERE false");
        }
        MutateKind::Update { body } => {
            sql.raw("UPDATE ").qualified(&plan.table).raw(" AS ").ident(&plan.alias).raw(" SET ");
            sql.list(&body.columns, ", ", |sql, column| {
                sql.ident(&column.name).raw(" = ").column("pgrst_body", &column.name);
            });
            sql.raw(" FROM ");
            rows(sql, body);
            where_clause(sql, plan);
            returning(sql, plan);
        }
        MutateKind::Delete => {
            sql.raw("DELETE FROM ").qualified(&plan.table).raw(" AS ").ident(&plan.alias);
            where_clause(sql, plan);
            returning(sql, plan);
        }
    }
}

fn insert_head<'p>(sql: &mut SqlStatement<'p>, plan: &MutatePlan, body: &'p Body) {
    sql.raw("INSERT INTO ").qualified(&plan.table).raw(" AS ").ident(&plan.alias);
    if !body.columns.is_empty() {
        sql.raw("(");
        sql.list(&body.columns, ", ", |sql, column| {
            sql.ident(&column.name);
        });
        sql.raw(")");
    }
    sql.raw(" SELECT ");
    sql.list(&body.columns, ", ", |sql, column| {
        sql.column("pgrst_body", &column.name);
    });
    sql.raw(" FROM ");
    rows(sql, body);
}

/// Counts rows in a setting of the transaction: up for every row of the payload, down for every row that was there.
fn counter(sql: &mut SqlStatement<'_>, step: &'static str, test: &'static str) {
    sql.raw("set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) ")
        .raw(step)
        .raw(")::text, true) ")
        .raw(test);
}

fn on_conflict(
    sql: &mut SqlStatement<'_>,
    columns: &[String],
    resolution: Resolution,
    body: &Body,
    counts_inserts: bool,
) {
    sql.raw(" ON CONFLICT(");
    sql.list(columns, ", ", |sql, column| {
        sql.ident(column);
    });
    sql.raw(")");
    if resolution == Resolution::IgnoreDuplicates || body.columns.is_empty() {
        sql.raw(" DO NOTHING");
        return;
    }
    sql.raw(" DO UPDATE SET ");
    sql.list(&body.columns, ", ", |sql, column| {
        sql.ident(&column.name).raw(" = EXCLUDED.").ident(&column.name);
    });
    if counts_inserts {
        sql.raw(" WHERE ");
        counter(sql, "- 1", "<> '-1'");
    }
}

/// The payload as rows named `pgrst_body`.
pub(super) fn rows<'p>(sql: &mut SqlStatement<'p>, body: &'p Body) {
    if body.columns.is_empty() {
        // No column is taken, but every element is a row.
        if body.is_object {
            sql.raw("(SELECT 1) AS pgrst_body");
        } else {
            sql.raw("json_array_elements(").bind_typed(ParamType::Json, &body.text[..]).raw(") AS pgrst_body");
        }
        return;
    }
    let reads_defaults = body.with_defaults && body.columns.iter().any(|column| column.default.is_some());
    sql.raw("(SELECT ");
    sql.list(&body.columns, ", ", |sql, column| match &column.parser {
        Some(parser) => {
            sql.qualified(parser).raw("(").column("pgrst_fields", &column.name).raw(") AS ").ident(&column.name);
        }
        None => {
            sql.column("pgrst_fields", &column.name);
        }
    });
    sql.raw(" FROM ");
    match (reads_defaults, body.is_object) {
        (false, true) => {
            sql.raw("json_to_record(").bind_typed(ParamType::Json, &body.text[..]).raw(")");
        }
        (false, false) => {
            sql.raw("json_to_recordset(").bind_typed(ParamType::Json, &body.text[..]).raw(")");
        }
        (true, true) => {
            sql.raw("jsonb_to_record(");
            defaults(sql, &body.columns);
            sql.raw(" || ").bind_typed(ParamType::Jsonb, &body.text[..]).raw(")");
        }
        (true, false) => {
            sql.raw("jsonb_array_elements(").bind_typed(ParamType::Jsonb, &body.text[..]);
            sql.raw(") AS pgrst_element, LATERAL jsonb_to_record(");
            defaults(sql, &body.columns);
            sql.raw(" || pgrst_element)");
        }
    }
    sql.raw(" AS pgrst_fields(");
    sql.list(&body.columns, ", ", |sql, column| {
        sql.ident(&column.name).raw(" ");
        if column.parser.is_some() {
            sql.raw("json");
        } else {
            sql.catalogue_text(&column.type_name);
        }
    });
    sql.raw(")) AS pgrst_body");
}

fn defaults(sql: &mut SqlStatement<'_>, columns: &[BodyColumn]) {
    sql.raw("jsonb_build_object(");
    let with_default = columns.iter().filter_map(|column| column.default.as_ref().map(|default| (column, default)));
    sql.list(with_default, ", ", |sql, (column, default)| {
        sql.literal(&column.name).raw(", ").catalogue_text(default);
    });
    sql.raw(")");
}

fn where_clause<'p>(sql: &mut SqlStatement<'p>, plan: &'p MutatePlan) {
    if !plan.conditions.is_empty() {
        sql.raw(" WHERE ");
        conditions(sql, &plan.alias, &[], &plan.conditions);
    }
    if let Some(versions) = &plan.if_match {
        sql.raw(if plan.conditions.is_empty() { " WHERE " } else { " AND " });
        super::read::version(sql, &plan.alias);
        sql.raw(" = ANY (").bind(array_literal(versions.iter().map(String::as_str))).raw(")");
    }
}

fn returning(sql: &mut SqlStatement<'_>, plan: &MutatePlan) {
    sql.raw(" RETURNING ");
    returning_list(sql, plan);
}

fn returning_list(sql: &mut SqlStatement<'_>, plan: &MutatePlan) {
    returned(sql, &plan.alias, &plan.returning);
}

/// The list of RETURNING, or of a function's columns.
pub(super) fn returned(sql: &mut SqlStatement<'_>, alias: &str, returning: &Returning) {
    if returning.star {
        sql.ident(alias).raw(".*");
    }
    for (at, column) in returning.columns.iter().enumerate() {
        if at > 0 || returning.star {
            sql.raw(", ");
        }
        sql.column(alias, column);
    }
    if !returning.star && returning.columns.is_empty() {
        sql.raw("1 AS pgrst_exists");
    }
}
