//! Runs a plan: one transaction, usually one round trip.
//!
//! Builds the transaction's settings, prints the statement, and says whether what came back may stay. Called by
//! `handler`; the only step of the pipeline that waits.

use super::Inner;
use super::access_log::StatementLog;
use super::error::ApiError;
use super::plan::mutate::MutateKind;
use super::plan::{Body, DbPlan, DbPlanKind, isolation_of};
use super::request::{ApiRequest, RawRequest};
use super::response::openapi;
use super::settings::ApiSettings;
use super::sql::statement::{SqlStatement, quoted};
use super::sql::{Columns, planned_count, pre_request, statement_for};
use crate::auth::Identity;
use crate::config::OpenApiMode;
use crate::db::{
    AccessMode, Decision, IsolationLevel, Lane, LargeValue, Param, ParamType, Replica, RequestResult,
    RequestTransaction, ResultRow, Statement, TransactionEnd,
};

/// What came back.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// Rows of the statement.
    pub(crate) result: RequestResult,
    /// Rows without the window, if counted.
    pub(crate) total: Option<i64>,
    /// The body, where it comes in parts.
    pub(crate) large_body: Option<LargeValue>,
}

/// Who asks, and how.
pub(crate) struct Caller<'a> {
    /// Role and claims.
    pub(crate) identity: &'a Identity,
    /// The request as it came.
    pub(crate) raw: &'a RawRequest<'a>,
    /// The request as it was understood.
    pub(crate) request: &'a ApiRequest,
    /// Where statements are noted.
    pub(crate) statements: &'a StatementLog,
}

/// Runs a plan.
///
/// # Errors
/// The database's refusals, and the refusals that depend on the number of rows: PGRST115, 116, 124.
pub(super) async fn execute(
    inner: &Inner,
    settings: &ApiSettings,
    caller: &Caller<'_>,
    plan: &DbPlan,
) -> Result<Outcome, ApiError> {
    let statement = statement_for(plan);
    let decide = |result: &RequestResult| match verdict(plan, result) {
        Err(_) => Decision::Abort,
        Ok(()) if plan.rollback => Decision::Rollback,
        Ok(()) => Decision::Commit,
    };
    let end = if needs_look(plan) {
        TransactionEnd::Decide(&decide)
    } else if plan.rollback {
        TransactionEnd::Rollback
    } else {
        TransactionEnd::Commit
    };
    let (result, large_body) = run(inner, settings, caller, plan, &statement, end, may_come_in_parts(plan)).await?;
    verdict(plan, &result)?;
    let mut total = result.rows.first().and_then(|row| row.int(Columns::of(plan).total));
    if plan.explain.is_none()
        && plan.counts_planned
        && total.is_none_or(|total| plan.count_limit.is_some_and(|limit| total >= limit))
    {
        let counted = total;
        let statement = planned_count(plan);
        let (planned, _) = run(inner, settings, caller, plan, &statement, TransactionEnd::Rollback, false).await?;
        total = planned_rows(&planned).max(counted);
    }
    Ok(Outcome { result, total, large_body })
}

/// Asks what the role may see of the schema.
///
/// # Errors
/// The database's refusals.
pub(super) async fn inspect(inner: &Inner, settings: &ApiSettings, caller: &Caller<'_>) -> Result<ResultRow, ApiError> {
    let only_accessible = settings.openapi_mode == OpenApiMode::FollowPrivileges;
    let params = [
        Param::typed(ParamType::Text, caller.request.schema.as_str()),
        Param::unknown(if only_accessible { "true" } else { "false" }),
    ];
    let transaction = Transaction {
        access: AccessMode::ReadOnly,
        isolation: None,
        hoisted: &[],
        sql: openapi::PRIVILEGES,
        params: &params,
        end: TransactionEnd::Commit,
        in_parts: false,
    };
    let (result, _) = send(inner, settings, caller, &transaction).await?;
    result.rows.into_iter().next().ok_or(ApiError::Internal("an exposed schema exists"))
}

async fn run(
    inner: &Inner,
    settings: &ApiSettings,
    caller: &Caller<'_>,
    plan: &DbPlan,
    statement: &SqlStatement<'_>,
    end: TransactionEnd<'_>,
    in_parts: bool,
) -> Result<(RequestResult, Option<LargeValue>), ApiError> {
    caller.statements.note(statement.text());
    let transaction = Transaction {
        access: plan.access,
        isolation: plan.isolation,
        hoisted: &plan.hoisted,
        sql: statement.text(),
        params: statement.params(),
        end,
        in_parts,
    };
    send(inner, settings, caller, &transaction).await
}

/// Longer statements are not worth a place among the named ones.
const LONGEST_REUSABLE: usize = 16 * 1024;
/// How often a transaction that could not be serialized is tried again (POSTGREST.md §15).
const SERIALIZATION_RETRIES: usize = 5;

/// What differs between the transactions of requests.
struct Transaction<'a> {
    access: AccessMode,
    isolation: Option<IsolationLevel>,
    hoisted: &'a [(String, String)],
    sql: &'a str,
    params: &'a [Param<'a>],
    end: TransactionEnd<'a>,
    in_parts: bool,
}

async fn send(
    inner: &Inner,
    settings: &ApiSettings,
    caller: &Caller<'_>,
    transaction: &Transaction<'_>,
) -> Result<(RequestResult, Option<LargeValue>), ApiError> {
    let role = caller.identity.role.as_str();
    let of_role = settings.role_settings.get(role);
    let search_path = search_path(&caller.request.schema, &settings.extra_search_path);
    let (headers, cookies) = header_settings(caller.raw);
    let mut list: Vec<(&str, &str)> = Vec::with_capacity(12);
    list.push(("search_path", &search_path));
    if let Some(of_role) = of_role {
        list.extend(of_role.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    }
    list.push(("role", role));
    list.push(("request.jwt.claims", &caller.identity.claims_json));
    list.push(("request.method", caller.raw.method));
    list.push(("request.path", caller.raw.path));
    list.push(("request.headers", &headers));
    list.push(("request.cookies", &cookies));
    if let Some(timezone) = &caller.request.preferences.timezone {
        list.push(("timezone", timezone));
    }
    list.extend(transaction.hoisted.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    list.extend(settings.core_settings.iter().map(|(name, value)| (*name, value.as_str())));
    list.extend(
        settings.app_settings.iter().filter_map(|(name, value)| value.expose().map(|value| (name.as_str(), value))),
    );
    let isolation = transaction
        .isolation
        .or_else(|| of_role.and_then(|of_role| of_role.isolation.as_deref()).and_then(isolation_of))
        .unwrap_or_default();
    let before = settings
        .pre_request
        .as_ref()
        .map(|function| pre_request(function, settings.schemas.first().map(String::as_str)));
    let in_parts = transaction.in_parts && isolation != IsolationLevel::Serializable;
    let transaction = RequestTransaction {
        role,
        settings: &list,
        access: transaction.access,
        isolation,
        pre_request: before.as_deref(),
        statement: Statement {
            sql: transaction.sql,
            params: transaction.params,
            reusable: transaction.sql.len() <= LONGEST_REUSABLE,
        },
        end: transaction.end,
    };
    let person = caller.identity.subject.as_deref();
    let mut standby =
        inner.replica.as_ref().filter(|replica| may_be_stale(caller.raw) && replica.may_answer(&transaction, person));
    let mut retries = 0;
    loop {
        let db = standby.map_or(&inner.db, Replica::db);
        let answer = match in_parts {
            true => db.request_in_parts(Lane::Api, &transaction).await,
            false => db.request(Lane::Api, &transaction).await.map(|result| (result, None)),
        };
        if let (AccessMode::ReadWrite, Some(replica), Ok(_)) = (transaction.access, &inner.replica, &answer) {
            replica.wrote(person);
        }
        match answer {
            // A read leaves nothing behind: it may be asked again.
            Err(error) if standby.is_some_and(|replica| replica.is_worth_asking_the_primary(&error)) => standby = None,
            // Nothing of the transaction is left, and the next attempt sees what this one collided with.
            Err(error) if error.sqlstate() == Some("40001") && retries < SERIALIZATION_RETRIES => retries += 1,
            other => return Ok(other?),
        }
    }
}

/// Whether the client takes an answer that may be some seconds old: it reads, and does not ask for the newest.
fn may_be_stale(raw: &RawRequest<'_>) -> bool {
    let fresh = |(name, value): &(&str, &str)| *name == "cache-control" && value.contains("no-cache");
    matches!(raw.method, "GET" | "HEAD") && !raw.headers.iter().any(fresh)
}

/// Whether the body may be passed on while it arrives: what was read cannot fail any more when it begins to arrive, and
/// nothing but its length needs to be known of it.
fn may_come_in_parts(plan: &DbPlan) -> bool {
    let is_rows = matches!(plan.body, Body::Array { .. } | Body::ScalarArray | Body::Csv | Body::GeoJson);
    let is_plain_read = plan.access == AccessMode::ReadOnly && !plan.rollback && plan.explain.is_none();
    is_rows && is_plain_read && !plan.singular && !plan.counts_planned && !plan.with_version
}

/// Whether the result decides about the transaction.
fn needs_look(plan: &DbPlan) -> bool {
    if plan.explain.is_some() {
        return false;
    }
    let writes = plan.access == AccessMode::ReadWrite;
    let is_put = matches!(&plan.kind, DbPlanKind::Mutate(mutate) if matches!(mutate.kind, MutateKind::Upsert { .. }));
    writes && (plan.singular || plan.max_affected.is_some() || is_put)
}

/// Whether the number of rows is acceptable.
fn verdict(plan: &DbPlan, result: &RequestResult) -> Result<(), ApiError> {
    if plan.explain.is_some() {
        return Ok(());
    }
    let rows = result.rows.first().and_then(|row| row.int(Columns::of(plan).page)).unwrap_or(0);
    let is_put = matches!(&plan.kind, DbPlanKind::Mutate(mutate) if matches!(mutate.kind, MutateKind::Upsert { .. }));
    if is_put && rows != 1 {
        return Err(ApiError::PutMismatch);
    }
    if rows == 0 && matches!(&plan.kind, DbPlanKind::Mutate(mutate) if mutate.if_match.is_some()) {
        return Err(ApiError::PreconditionFailed { current: None, etag: None });
    }
    if plan.singular && rows != 1 {
        return Err(ApiError::NotSingular { rows });
    }
    if let Some(max) = plan.max_affected
        && rows > max
    {
        return Err(ApiError::MaxAffected { rows });
    }
    Ok(())
}

fn planned_rows(result: &RequestResult) -> Option<i64> {
    let text = result.rows.first()?.text(0)?;
    let plan: serde_json::Value = serde_json::from_str(text).ok()?;
    plan.get(0)?.get("Plan")?.get("Plan Rows")?.as_i64()
}

fn search_path(schema: &str, extra: &[String]) -> String {
    let mut text = quoted(schema);
    for name in extra.iter().filter(|name| !name.is_empty()) {
        text.push_str(", ");
        text.push_str(&quoted(name));
    }
    text
}

/// `request.headers` without cookies, and `request.cookies`, as JSON objects.
fn header_settings(raw: &RawRequest<'_>) -> (String, String) {
    let mut headers = String::with_capacity(256);
    headers.push('{');
    let mut cookies = serde_json::Map::new();
    for (name, value) in raw.headers {
        if *name == "cookie" {
            for pair in value.split(';') {
                if let Some((name, value)) = pair.trim().split_once('=') {
                    cookies.insert(name.to_owned(), value.into());
                }
            }
            continue;
        }
        if headers.len() > 1 {
            headers.push(',');
        }
        push_json(&mut headers, name);
        headers.push(':');
        push_json(&mut headers, value);
    }
    headers.push('}');
    let cookies = if cookies.is_empty() { "{}".to_owned() } else { serde_json::Value::Object(cookies).to_string() };
    (headers, cookies)
}

fn push_json(target: &mut String, text: &str) {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\')) {
        target.push('"');
        target.push_str(text);
        target.push('"');
    } else {
        target.push_str(&serde_json::Value::from(text).to_string());
    }
}
