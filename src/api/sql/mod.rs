//! From plans to statements. Total: everything that could be refused was refused while planning.
//!
//! [`statement_for`] prints the one statement of a request: rows inside, JSON and counts around them. Every shape is
//! pinned by a golden file in `tests/golden/sql`. No I/O. Called by `execute`.

mod call;
mod filter;
#[cfg(test)]
mod golden;
mod mutate;
mod read;
pub(crate) mod statement;
mod windowed;

use crate::api::plan::call::CallPlan;
use crate::api::plan::mutate::{MutateKind, MutatePlan};
use crate::api::plan::read::ReadPlan;
use crate::api::plan::{Body, DbPlan, DbPlanKind};
use crate::schema_cache::QualifiedIdentifier;
use statement::SqlStatement;

/// Where the columns of an answer are. Writes have one more; clients see the order in the plans that they may ask for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns {
    /// Rows without the window, when counted.
    pub(crate) total: usize,
    /// Rows in the window.
    pub(crate) page: usize,
    /// Primary key of the inserted row, for `Location`.
    pub(crate) location: Option<usize>,
    /// The body.
    pub(crate) body: usize,
    /// `response.headers`
    pub(crate) headers: usize,
    /// `response.status`
    pub(crate) status: usize,
    /// Rows that were inserted rather than updated, for upserts.
    pub(crate) inserted: Option<usize>,
    /// Whether the body is the text form of bytes, for custom handlers; the row's version for single objects.
    pub(crate) last: usize,
}

impl Columns {
    /// Columns of reads and calls. The body is the last one (but for `last`), so that it can be passed on in parts.
    pub(crate) const READ: Self =
        Self { total: 0, page: 1, location: None, body: 4, headers: 2, status: 3, inserted: None, last: 5 };
    /// Columns of what gives one value, whose settings are read after a function that may set them; and of plans, where
    /// clients see PostgREST's order.
    pub(crate) const VALUE: Self =
        Self { total: 0, page: 1, location: None, body: 2, headers: 3, status: 4, inserted: None, last: 5 };
    /// Columns of writes.
    pub(crate) const WRITE: Self =
        Self { total: 0, page: 1, location: Some(2), body: 3, headers: 4, status: 5, inserted: Some(6), last: 7 };

    /// Columns of a plan's answer.
    pub(crate) fn of(plan: &DbPlan) -> Self {
        match plan.kind {
            DbPlanKind::Mutate(_) => Self::WRITE,
            _ if plan.explain.is_some() || single_value(plan).is_some() => Self::VALUE,
            _ => Self::READ,
        }
    }
}

/// The one statement of a request.
pub(crate) fn statement_for(plan: &DbPlan) -> SqlStatement<'_> {
    let mut sql = SqlStatement::new();
    if let Some(explain) = &plan.explain {
        sql.raw("EXPLAIN (");
        for option in &explain.options {
            sql.raw(option.sql_name()).raw(", ");
        }
        sql.raw(if explain.json { "FORMAT JSON) " } else { "FORMAT TEXT) " });
    }
    match single_value(plan) {
        Some(call) => value_frame(&mut sql, call),
        None => frame(&mut sql, plan),
    }
    sql
}

/// A call that gives exactly one value which nothing filters, orders or counts. (With `singular` it may be a set.)
fn single_value(plan: &DbPlan) -> Option<&CallPlan> {
    let DbPlanKind::Call(call) = &plan.kind else { return None };
    let read = &plan.read;
    let is_plain = read.conditions.is_empty()
        && read.embeds.is_empty()
        && read.range.offset == 0
        && read.range.limit.is_none_or(|limit| limit > 0);
    (plan.body == Body::Scalar && !plan.singular && !plan.counts_exactly && is_plain && call.gives_one_row())
        .then_some(call)
}

/// The value itself; aggregating a single row and taking the result apart again is a tenth of a short call's time.
fn value_frame<'p>(sql: &mut SqlStatement<'p>, call: &'p CallPlan) {
    sql.raw("SELECT NULL, 1, coalesce(to_json(_postgrest_t.pgrst_scalar), 'null'), ");
    sql.raw(RESPONSE_SETTINGS);
    sql.raw(" FROM (");
    call::call(sql, call);
    sql.raw(") AS _postgrest_t");
}

/// Read after the rows, since functions set them: aggregates are complete before any column is.
const RESPONSE_SETTINGS: &str =
    "nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), '')";

/// The statement whose plan tells `count=planned`.
pub(crate) fn planned_count(plan: &DbPlan) -> SqlStatement<'_> {
    let mut sql = SqlStatement::new();
    sql.raw("EXPLAIN (FORMAT JSON) ");
    if let DbPlanKind::Call(call) = &plan.kind {
        sql.raw("WITH pgrst_source AS (");
        call::call(&mut sql, call);
        sql.raw(") ");
    }
    read::count(&mut sql, &plan.read);
    sql
}

fn frame<'p>(sql: &mut SqlStatement<'p>, plan: &'p DbPlan) {
    match &plan.kind {
        DbPlanKind::Read => {
            // CSV needs its rows twice: for the header line and for the body.
            if plan.body == Body::Csv {
                sql.raw("WITH pgrst_page AS (");
                read::read(sql, &plan.read);
                sql.raw(") ");
            }
        }
        DbPlanKind::Mutate(mutate) => {
            sql.raw("WITH pgrst_source AS (");
            mutate::mutate(sql, mutate);
            sql.raw(") ");
        }
        DbPlanKind::Call(call) => {
            sql.raw("WITH pgrst_source AS (");
            call::call(sql, call);
            sql.raw(") ");
        }
    }
    if plan.body == Body::Csv && !matches!(plan.kind, DbPlanKind::Read) {
        sql.raw(", pgrst_page AS (");
        read::read(sql, &plan.read);
        sql.raw(") ");
    }
    sql.raw("SELECT ");
    total(sql, plan);
    sql.raw(", count(*), ");
    if let DbPlanKind::Mutate(mutate) = &plan.kind {
        location(sql, plan, mutate);
        sql.raw(", ");
    }
    if let DbPlanKind::Mutate(mutate) = &plan.kind {
        body(sql, &plan.body);
        sql.raw(", ").raw(RESPONSE_SETTINGS);
        let counts = matches!(mutate.kind, MutateKind::Upsert { .. } | MutateKind::Insert { counts_inserts: true, .. });
        sql.raw(if counts { ", nullif(current_setting('pgrst.inserted', true), '')" } else { ", NULL" });
    } else if plan.explain.is_some() {
        body(sql, &plan.body);
        sql.raw(", ").raw(RESPONSE_SETTINGS);
    } else {
        sql.raw(RESPONSE_SETTINGS).raw(", ");
        body(sql, &plan.body);
    }
    if plan.with_version {
        sql.raw(", (");
        read::row_version(sql, &plan.read);
        sql.raw(")");
    }
    if matches!(plan.body, Body::Aggregate { .. } | Body::RawScalar) {
        // A handler may give text or bytes; the columns of an answer come as text, so bytes must be known as such.
        sql.raw(", (SELECT 'bytea'::regtype IN (oid, typbasetype) FROM pg_type WHERE oid = pg_typeof(");
        body(sql, &plan.body);
        sql.raw("))");
    }
    sql.raw(" FROM ");
    if plan.body == Body::Csv {
        sql.raw("pgrst_page");
    } else if plan.rows_unshaped {
        sql.raw("pgrst_source");
    } else {
        sql.raw("(");
        read::read(sql, &plan.read);
        sql.raw(")");
    }
    sql.raw(" AS _postgrest_t");
}

/// The primary key of the one row that was inserted, as a JSON object of texts.
fn location(sql: &mut SqlStatement<'_>, plan: &DbPlan, mutate: &MutatePlan) {
    if !plan.with_location {
        sql.raw("NULL");
        return;
    }
    sql.raw("CASE WHEN count(*) = 1 THEN (SELECT json_object_agg(key, value) FROM (SELECT (json_each_text(row_to_json(pgrst_row))).* FROM (SELECT ");
    sql.list(&mutate.returning.columns, ", ", |sql, column| {
        sql.ident(column);
    });
    sql.raw(" FROM pgrst_source LIMIT 1) AS pgrst_row) AS pgrst_pair) END");
}

fn total<'p>(sql: &mut SqlStatement<'p>, plan: &'p DbPlan) {
    if !plan.counts_exactly {
        sql.raw("NULL");
        return;
    }
    sql.raw("(SELECT count(*) FROM (");
    count_rows(sql, &plan.read);
    if let Some(limit) = plan.count_limit {
        sql.raw(" LIMIT ").int(limit);
    }
    sql.raw(") AS pgrst_count)");
}

fn count_rows<'p>(sql: &mut SqlStatement<'p>, plan: &'p ReadPlan) {
    read::count(sql, plan);
}

fn body(sql: &mut SqlStatement<'_>, body: &Body) {
    match body {
        Body::None => {
            sql.raw("NULL");
        }
        Body::Array { stripped: false } => {
            sql.raw("coalesce(json_agg(_postgrest_t), '[]')");
        }
        Body::Array { stripped: true } => {
            sql.raw("coalesce(json_strip_nulls(json_agg(_postgrest_t)), '[]')");
        }
        Body::Object { stripped: false } => {
            sql.raw("coalesce(json_agg(_postgrest_t)->0, 'null')");
        }
        Body::Object { stripped: true } => {
            sql.raw("coalesce(json_strip_nulls(json_agg(_postgrest_t)->0), 'null')");
        }
        Body::Scalar => {
            sql.raw("coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null')");
        }
        Body::ScalarArray => {
            sql.raw("coalesce(json_agg(_postgrest_t.pgrst_scalar), '[]')");
        }
        Body::Csv => {
            sql.raw("(SELECT coalesce(string_agg(key, ','), '') FROM (SELECT json_object_keys(row_to_json(pgrst_first)) AS key FROM (SELECT * FROM pgrst_page LIMIT 1) AS pgrst_first) AS pgrst_keys) || E'\\n' || coalesce(string_agg(substring(_postgrest_t::text, 2, length(_postgrest_t::text) - 2), E'\\n'), '')");
        }
        Body::GeoJson => {
            sql.raw("json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(ST_AsGeoJSON(_postgrest_t)::json), '[]'))");
        }
        Body::Aggregate { function, row_type } => {
            sql.qualified(function).raw("(_postgrest_t");
            if let Some(row_type) = row_type {
                sql.raw("::").qualified(row_type);
            }
            sql.raw(")");
        }
        Body::RawScalar => {
            sql.raw("(array_agg(_postgrest_t.pgrst_scalar))[1]");
        }
    }
}

/// The call of the pre-request function.
pub(crate) fn pre_request(function: &str, default_schema: Option<&str>) -> String {
    let identifier = match function.split_once('.') {
        Some((schema, name)) => QualifiedIdentifier::new(schema, name),
        None => QualifiedIdentifier::new(default_schema.unwrap_or_default(), function),
    };
    let mut sql = SqlStatement::new();
    sql.raw("SELECT ").qualified(&identifier).raw("()");
    sql.text().to_owned()
}
