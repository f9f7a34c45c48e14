//! From a request and the schema cache to a plan: names are resolved, handlers chosen, everything else refused.
//!
//! Pure: no I/O, no SQL text. A plan in hand means that a statement can be printed. Called by `handler`.

pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod fuzzy;
pub(crate) mod mutate;
mod negotiate;
pub(crate) mod read;
pub(crate) mod relationship;

use super::error::ApiError;
use super::request::media_type::{MediaType, PlanMediaType, PlanOption};
use super::request::preferences::{Count, Return, TxEnd};
use super::request::range::RowRange;
use super::request::{Action, ApiRequest, CallMethod, Resource};
use super::settings::ApiSettings;
use crate::db::{AccessMode, IsolationLevel};
use crate::schema_cache::{QualifiedIdentifier, Routine, SchemaCache, Table, Volatility};
use build::{Root, build_read};
use call::CallPlan;
use mutate::MutatePlan;
use negotiate::{Target, negotiate};
use read::{ReadPlan, Source};

/// What is to be done for a request.
#[derive(Debug)]
pub(crate) enum Plan {
    /// A statement.
    Db(Box<DbPlan>),
    /// The OpenAPI document.
    Inspect {
        /// No body.
        head: bool,
        /// Type of the answer.
        media_type: MediaType,
    },
    /// OPTIONS: the value of `Allow`.
    Info(String),
}

/// A statement and how its result becomes an answer.
#[derive(Debug)]
pub(crate) struct DbPlan {
    /// What the statement does before it reads.
    pub(crate) kind: DbPlanKind,
    /// What it reads.
    pub(crate) read: ReadPlan,
    /// Form of the body.
    pub(crate) body: Body,
    /// Type of the body.
    pub(crate) media_type: MediaType,
    /// Rows are counted but not shaped.
    pub(crate) rows_unshaped: bool,
    /// Rows without the window are counted.
    pub(crate) counts_exactly: bool,
    /// Counting stops here.
    pub(crate) count_limit: Option<i64>,
    /// The planner's figure is asked for.
    pub(crate) counts_planned: bool,
    /// The key of the inserted row is asked for.
    pub(crate) with_location: bool,
    /// The statement's plan is the answer.
    pub(crate) explain: Option<Explain>,
    /// Access mode.
    pub(crate) access: AccessMode,
    /// Isolation level of the function, when it has one.
    pub(crate) isolation: Option<IsolationLevel>,
    /// Settings of the function that apply to the transaction.
    pub(crate) hoisted: Vec<(String, String)>,
    /// Roll back in the end.
    pub(crate) rollback: bool,
    /// Most rows that may be affected.
    pub(crate) max_affected: Option<i64>,
    /// Exactly one row may come.
    pub(crate) singular: bool,
    /// The function returns nothing.
    pub(crate) returns_void: bool,
    /// Name of the relation or function.
    pub(crate) target: QualifiedIdentifier,
    /// The version of the one row is asked for (`ETag`, D-32).
    pub(crate) with_version: bool,
    /// The primary key or `on_conflict` makes upserts possible.
    pub(crate) can_resolve: bool,
}

/// What a statement does before it reads.
#[derive(Debug)]
pub(crate) enum DbPlanKind {
    /// Nothing.
    Read,
    /// A write.
    Mutate(MutatePlan),
    /// A function call.
    Call(CallPlan),
}

/// Form of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    /// None.
    None,
    /// JSON array.
    Array {
        /// Without nulls.
        stripped: bool,
    },
    /// JSON object.
    Object {
        /// Without nulls.
        stripped: bool,
    },
    /// JSON value of a function.
    Scalar,
    /// JSON array of the values of a function.
    ScalarArray,
    /// CSV.
    Csv,
    /// GeoJSON.
    GeoJson,
    /// A custom handler.
    Aggregate {
        /// The aggregate.
        function: QualifiedIdentifier,
        /// Row type that it takes, when it is not for any.
        row_type: Option<QualifiedIdentifier>,
    },
    /// The value of a function as it is.
    RawScalar,
}

/// How a statement is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explain {
    /// JSON rather than text.
    pub(crate) json: bool,
    /// Options.
    pub(crate) options: Vec<PlanOption>,
}

impl PlanOption {
    /// Keyword in EXPLAIN.
    pub(crate) fn sql_name(self) -> &'static str {
        match self {
            Self::Analyze => "ANALYZE",
            Self::Verbose => "VERBOSE",
            Self::Settings => "SETTINGS",
            Self::Buffers => "BUFFERS",
            Self::Wal => "WAL",
        }
    }
}

/// Plans a request.
///
/// # Errors
/// Everything that needs the schema cache to be refused.
pub(crate) fn plan(request: &ApiRequest, cache: &SchemaCache, settings: &ApiSettings) -> Result<Plan, ApiError> {
    match (&request.resource, request.action) {
        (Resource::Root, Action::Info) => Ok(Plan::Info("OPTIONS,GET,HEAD".to_owned())),
        (Resource::Root, _) => plan_inspect(request, settings),
        (Resource::Relation(name), Action::Info) => {
            let table = find_table(cache, &request.schema, name)?;
            Ok(Plan::Info(allow_of_table(table)))
        }
        (Resource::Function(name), Action::Info) => {
            let routine = cache.routines_named(&request.schema, name).first();
            match routine {
                Some(routine) if routine.volatility == Volatility::Volatile => {
                    Ok(Plan::Info("OPTIONS,POST".to_owned()))
                }
                Some(_) => Ok(Plan::Info("OPTIONS,GET,HEAD,POST".to_owned())),
                None => Err(call::find_routine(cache, &request.schema, name, &[], &MediaType::Json, false)
                    .err()
                    .unwrap_or(ApiError::Internal("a function that is not there was found"))),
            }
        }
        (Resource::Relation(name), Action::Read { head }) => plan_read(request, cache, settings, name, head),
        (Resource::Relation(name), _) => plan_mutate(request, cache, settings, name),
        (Resource::Function(name), Action::Call(method)) => plan_call(request, cache, settings, name, method),
        (Resource::Function(_), _) => Err(ApiError::Internal("only calls reach functions")),
    }
}

fn plan_inspect(request: &ApiRequest, settings: &ApiSettings) -> Result<Plan, ApiError> {
    if settings.openapi_mode == crate::config::OpenApiMode::Disabled {
        return Err(ApiError::RootDisabled);
    }
    for accepted in &request.accept {
        let media_type = match accepted {
            MediaType::OpenApi | MediaType::Any => MediaType::OpenApi,
            MediaType::Json => MediaType::Json,
            _ => continue,
        };
        return Ok(Plan::Inspect { head: request.action.is_head(), media_type });
    }
    Err(negotiate::not_acceptable(&request.accept))
}

fn allow_of_table(table: &Table) -> String {
    let mut allow = String::from("OPTIONS,GET,HEAD");
    if table.insertable {
        allow.push_str(",POST");
    }
    if table.insertable && table.updatable && !table.pk_columns.is_empty() {
        allow.push_str(",PUT");
    }
    if table.updatable {
        allow.push_str(",PATCH");
    }
    if table.deletable {
        allow.push_str(",DELETE");
    }
    allow
}

fn find_table<'a>(cache: &'a SchemaCache, schema: &str, name: &str) -> Result<&'a Table, ApiError> {
    cache.table(schema, name).ok_or_else(|| ApiError::NoTable {
        schema: schema.to_owned(),
        table: name.to_owned(),
        suggestion: fuzzy::best_match(cache.table_names(schema), name).map(str::to_owned),
    })
}

fn check_preferences(request: &ApiRequest) -> Result<(), ApiError> {
    if request.preferences.is_strict() && !request.preferences.invalid.is_empty() {
        return Err(ApiError::InvalidPreferences(request.preferences.invalid.clone()));
    }
    Ok(())
}

fn rolls_back(request: &ApiRequest, settings: &ApiSettings) -> bool {
    match request.preferences.tx {
        Some(TxEnd::Commit) => false,
        Some(TxEnd::Rollback) => true,
        None => settings.tx_end.rolls_back(),
    }
}

/// Counting as preferred: exactly, with a limit, by the planner.
fn counting(request: &ApiRequest, settings: &ApiSettings) -> (bool, Option<i64>, bool) {
    match (request.preferences.count, settings.max_rows) {
        (None, _) => (false, None, false),
        (Some(Count::Exact), _) | (Some(Count::Estimated), None) => (true, None, false),
        (Some(Count::Planned), _) => (false, None, true),
        (Some(Count::Estimated), Some(max)) => (true, Some(i64::try_from(max).unwrap_or(i64::MAX - 1) + 1), true),
    }
}

fn explain_of(media_type: &MediaType) -> Option<Explain> {
    match media_type {
        MediaType::Plan(plan) => {
            let PlanMediaType { json, options, .. } = plan.as_ref();
            Some(Explain { json: *json, options: options.clone() })
        }
        _ => None,
    }
}

fn is_singular(media_type: &MediaType) -> bool {
    match media_type {
        MediaType::Object { .. } => true,
        MediaType::Plan(plan) => matches!(plan.for_type, MediaType::Object { .. }),
        _ => false,
    }
}

fn plan_read(
    request: &ApiRequest,
    cache: &SchemaCache,
    settings: &ApiSettings,
    name: &str,
    head: bool,
) -> Result<Plan, ApiError> {
    let table = find_table(cache, &request.schema, name)?;
    let read = build_read(
        cache,
        &Root {
            relation: table.identifier(),
            source: Source::Relation(table.identifier()),
            alias: table.name.to_string(),
            range: request.range,
            with_filters: true,
            with_ranges: true,
            max_rows: settings.max_rows,
            aggregates_enabled: settings.aggregates_enabled,
            query: &request.query,
        },
    )?;
    let target = Target { relation: Some(table.identifier()), default_select: read.is_default_select(), routine: None };
    let (body, media_type) = negotiate(cache, settings, &request.accept, &target)?;
    check_preferences(request)?;
    let (counts_exactly, count_limit, counts_planned) = counting(request, settings);
    let explain = explain_of(&media_type);
    let singular = is_singular(&media_type) && explain.is_none();
    // The version covers all columns, so it is given to those who read all columns.
    let with_version =
        settings.etags_enabled && singular && read.terms.contains(&read::Term::Star) && !read.aggregates();
    Ok(Plan::Db(Box::new(DbPlan {
        kind: DbPlanKind::Read,
        body: if head && explain.is_none() { Body::None } else { body },
        singular,
        media_type,
        rows_unshaped: false,
        counts_exactly,
        count_limit,
        counts_planned,
        with_location: false,
        explain,
        access: AccessMode::ReadOnly,
        isolation: None,
        hoisted: Vec::new(),
        rollback: rolls_back(request, settings),
        max_affected: None,
        returns_void: false,
        target: table.identifier(),
        with_version,
        can_resolve: false,
        read,
    })))
}

fn plan_mutate(
    request: &ApiRequest,
    cache: &SchemaCache,
    settings: &ApiSettings,
    name: &str,
) -> Result<Plan, ApiError> {
    let table = find_table(cache, &request.schema, name)?;
    let mut read = build_read(
        cache,
        &Root {
            relation: table.identifier(),
            source: Source::Written,
            alias: table.name.to_string(),
            range: RowRange::ALL,
            with_filters: false,
            with_ranges: false,
            max_rows: None,
            aggregates_enabled: settings.aggregates_enabled,
            query: &request.query,
        },
    )?;
    mutate::expand_written_star(&mut read, Some(table));
    let mutate = mutate::build_mutate(cache, table, request, &read)?;
    check_preferences(request)?;
    let representation = request.preferences.representation == Some(Return::Representation);
    let target = Target { relation: Some(table.identifier()), default_select: read.is_default_select(), routine: None };
    let (body, media_type) = negotiate(cache, settings, &request.accept, &target)?;
    let with_location = request.action == Action::Create
        && request.preferences.representation == Some(Return::HeadersOnly)
        && !table.pk_columns.is_empty();
    let limits_rows = matches!(request.action, Action::Update | Action::Delete) && request.preferences.is_strict();
    let explain = explain_of(&media_type);
    Ok(Plan::Db(Box::new(DbPlan {
        kind: DbPlanKind::Mutate(mutate),
        body: if representation { body } else { Body::None },
        singular: is_singular(&media_type) && explain.is_none(),
        media_type,
        rows_unshaped: !representation,
        counts_exactly: false,
        count_limit: None,
        counts_planned: false,
        with_location,
        explain,
        access: AccessMode::ReadWrite,
        isolation: None,
        hoisted: Vec::new(),
        rollback: rolls_back(request, settings),
        max_affected: request.preferences.max_affected.filter(|_| limits_rows),
        returns_void: false,
        target: table.identifier(),
        with_version: false,
        can_resolve: !table.pk_columns.is_empty() || request.query.on_conflict.is_some(),
        read,
    })))
}

fn plan_call(
    request: &ApiRequest,
    cache: &SchemaCache,
    settings: &ApiSettings,
    name: &str,
    method: CallMethod,
) -> Result<Plan, ApiError> {
    let keys = call::argument_keys(request, method);
    let is_post = method == CallMethod::Post;
    let routine = call::find_routine(cache, &request.schema, name, &keys, &request.content_type, is_post)?;
    let scalar = matches!(routine.pg_type(), crate::schema_cache::PgType::Scalar(_));
    let relation = routine.composite().cloned().unwrap_or_else(|| QualifiedIdentifier::new("pg_catalog", ""));
    // The row type is embedded and described as the relation of the request's schema.
    let relation = QualifiedIdentifier::new(relation.schema, relation.name);
    let alias = if relation.name.is_empty() { "pgrst_call".to_owned() } else { relation.name.to_string() };
    let mut read = build_read(
        cache,
        &Root {
            relation: relation.clone(),
            source: Source::Written,
            alias,
            range: request.range,
            with_filters: true,
            with_ranges: true,
            max_rows: settings.max_rows,
            aggregates_enabled: settings.aggregates_enabled,
            query: &request.query,
        },
    )?;
    let table = cache.table(&relation.schema, &relation.name);
    mutate::expand_written_star(&mut read, table);
    let returning = if scalar {
        read.terms = vec![read::Term::Star];
        mutate::Returning { star: false, columns: Vec::new() }
    } else {
        call_returning(&read, table)
    };
    let target = Target {
        relation: (!scalar).then(|| relation.clone()),
        default_select: read.is_default_select(),
        routine: Some(routine),
    };
    let (body, media_type) = negotiate(cache, settings, &request.accept, &target)?;
    check_preferences(request)?;
    let max_affected = request.preferences.max_affected.filter(|_| request.preferences.is_strict());
    if max_affected.is_some() && !routine.returns_set() {
        return Err(ApiError::MaxAffectedFunction);
    }
    let (counts_exactly, count_limit, counts_planned) = counting(request, settings);
    let explain = explain_of(&media_type);
    let read_only = !is_post || routine.volatility != Volatility::Volatile;
    Ok(Plan::Db(Box::new(DbPlan {
        kind: DbPlanKind::Call(CallPlan {
            function: routine.identifier(),
            arguments: call::arguments(request, routine, &keys, method),
            scalar,
            returning,
        }),
        body: if method == CallMethod::Head && explain.is_none() { Body::None } else { body },
        singular: is_singular(&media_type) && explain.is_none(),
        media_type,
        rows_unshaped: false,
        counts_exactly,
        count_limit,
        counts_planned,
        with_location: false,
        explain,
        access: if read_only { AccessMode::ReadOnly } else { AccessMode::ReadWrite },
        isolation: routine.isolation_level.as_deref().and_then(isolation_of),
        hoisted: hoisted(routine, settings),
        rollback: rolls_back(request, settings),
        max_affected,
        returns_void: routine.returns_void(),
        target: routine.identifier(),
        with_version: false,
        can_resolve: false,
        read,
    })))
}

/// Columns read from a function's rows. Without a relation behind them all are read.
fn call_returning(read: &ReadPlan, table: Option<&Table>) -> mutate::Returning {
    let mut returning = mutate::returning_of(read, table);
    if table.is_none() {
        return mutate::Returning { star: true, columns: Vec::new() };
    }
    if !returning.star && returning.columns.is_empty() {
        returning.star = true;
    }
    returning
}

fn hoisted(routine: &Routine, settings: &ApiSettings) -> Vec<(String, String)> {
    routine
        .settings
        .iter()
        .filter(|(name, _)| {
            name != "default_transaction_isolation"
                && settings.hoisted_tx_settings.iter().any(|hoisted| hoisted == name)
        })
        .cloned()
        .collect()
}

/// Reads `repeatable read` and so on.
pub(crate) fn isolation_of(text: &str) -> Option<IsolationLevel> {
    match text.to_ascii_lowercase().as_str() {
        "read committed" | "read uncommitted" => Some(IsolationLevel::ReadCommitted),
        "repeatable read" => Some(IsolationLevel::RepeatableRead),
        "serializable" => Some(IsolationLevel::Serializable),
        _ => None,
    }
}
