//! Plans of function calls: which overload, which arguments, what is returned.
//!
//! Pure. Printed by `sql::call`; resolution rules in POSTGREST.md §10.1.

use super::fuzzy;
use super::mutate::Returning;
use crate::api::error::ApiError;
use crate::api::request::media_type::MediaType;
use crate::api::request::payload::Payload;
use crate::api::request::{ApiRequest, CallMethod};
use crate::db::ParamType;
use crate::schema_cache::{QualifiedIdentifier, Routine, RoutineParam, SchemaCache};
use bytes::Bytes;

/// A call.
#[derive(Debug)]
pub(crate) struct CallPlan {
    /// The function.
    pub(crate) function: QualifiedIdentifier,
    /// Arguments.
    pub(crate) arguments: Arguments,
    /// Returns values rather than rows.
    pub(crate) scalar: bool,
    /// What is read from the rows.
    pub(crate) returning: Returning,
}

impl CallPlan {
    /// Whether the call is made exactly once (an array of arguments may be empty). Says nothing about sets.
    pub(crate) fn gives_one_row(&self) -> bool {
        self.scalar && !matches!(self.arguments, Arguments::Json { is_object: false, .. })
    }
}

/// Arguments of a call.
#[derive(Debug)]
pub(crate) enum Arguments {
    /// None.
    None,
    /// Values by name.
    Direct(Vec<DirectArgument>),
    /// Fields of a JSON object.
    Json {
        /// JSON.
        text: Bytes,
        /// An object rather than an array (whose first element counts).
        is_object: bool,
        /// Parameters that are taken from it.
        params: Vec<RoutineParam>,
    },
    /// The whole body as the single unnamed parameter.
    Body {
        /// Its text form.
        value: Bytes,
        /// Its type.
        param_type: ParamType,
    },
}

/// A value for a parameter.
#[derive(Debug)]
pub(crate) struct DirectArgument {
    /// The parameter.
    pub(crate) param: RoutineParam,
    /// Value; for a variadic parameter an array literal.
    pub(crate) value: String,
}

/// Finds the overload that a request means.
///
/// # Errors
/// PGRST202 when none matches, PGRST203 when several do.
pub(crate) fn find_routine<'a>(
    cache: &'a SchemaCache,
    schema: &str,
    name: &str,
    keys: &[&str],
    content_type: &MediaType,
    is_post: bool,
) -> Result<&'a Routine, ApiError> {
    let overloads = cache.routines_named(schema, name);
    let raw_body = is_post && matches!(content_type, MediaType::Text | MediaType::Xml | MediaType::OctetStream);
    let mut found: Vec<&Routine> =
        overloads.iter().filter(|routine| !raw_body && matches_keys(routine, keys)).collect();
    if found.is_empty() && is_post {
        found = overloads.iter().filter(|routine| single_unnamed(routine, content_type)).collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(none_found(cache, schema, name, keys, content_type, is_post)),
        several => Err(ApiError::AmbiguousFunction(
            several.iter().map(|routine| signature(routine)).collect::<Vec<_>>().join(", "),
        )),
    }
}

fn matches_keys(routine: &Routine, keys: &[&str]) -> bool {
    if routine.params.is_empty() {
        return keys.is_empty();
    }
    if routine.params.iter().any(|param| param.name.is_empty()) {
        return false;
    }
    let known = |key: &&str| routine.params.iter().any(|param| param.name == **key);
    let given = |param: &RoutineParam| keys.contains(&param.name.as_str());
    keys.iter().all(known) && routine.params.iter().filter(|param| param.required).all(given)
}

/// Whether the whole body can be the only argument.
fn single_unnamed(routine: &Routine, content_type: &MediaType) -> bool {
    let [param] = routine.params.as_slice() else { return false };
    match content_type {
        MediaType::Json | MediaType::Any => matches!(param.type_name.as_str(), "json" | "jsonb"),
        MediaType::Text => param.type_name == "text",
        MediaType::Xml => param.type_name == "xml",
        MediaType::OctetStream => param.type_name == "bytea",
        _ => false,
    }
}

fn signature(routine: &Routine) -> String {
    let params: Vec<String> =
        routine.params.iter().map(|param| format!("{} => {}", param.name, param.type_name)).collect();
    format!("{}.{}({})", routine.schema, routine.name, params.join(", "))
}

fn none_found(
    cache: &SchemaCache,
    schema: &str,
    name: &str,
    keys: &[&str],
    content_type: &MediaType,
    is_post: bool,
) -> ApiError {
    let full = format!("{schema}.{name}");
    let single = if is_post {
        match content_type {
            MediaType::Json | MediaType::Any => Some("json/jsonb"),
            MediaType::Text => Some("text"),
            MediaType::Xml => Some("xml"),
            MediaType::OctetStream => Some("bytea"),
            _ => None,
        }
    } else {
        None
    };
    let only_single = matches!(single, Some("text" | "xml" | "bytea"));
    let mut keys: Vec<&str> = keys.to_vec();
    keys.sort_unstable();
    let list = keys.join(", ");
    let message = if only_single {
        format!("Could not find the function {full} in the schema cache")
    } else if keys.is_empty() {
        format!("Could not find the function {full} without parameters in the schema cache")
    } else {
        format!("Could not find the function {full}({list}) in the schema cache")
    };
    let named = match keys.len() {
        0 => " without parameters".to_owned(),
        1 => format!(" with parameter {list}"),
        _ => format!(" with parameters {list}"),
    };
    let unnamed = |single: &str| format!("with a single unnamed {single} parameter");
    let how = match single {
        Some(single) if only_single => format!(" {}", unnamed(single)),
        Some(single) => format!("{named} or {}", unnamed(single)),
        None => named,
    };
    let details = format!("Searched for the function {full}{how}, but no matches were found in the schema cache.");
    let hint = if only_single { None } else { suggestion(cache, schema, name, &list) };
    ApiError::NoFunction { message, details, hint }
}

/// Another function of the schema, or another list of arguments of this function.
fn suggestion(cache: &SchemaCache, schema: &str, name: &str, keys: &str) -> Option<String> {
    let overloads = cache.routines_named(schema, name);
    if overloads.is_empty() {
        let other = fuzzy::best_match(cache.routine_names(schema), name)?;
        return Some(format!("Perhaps you meant to call the function {schema}.{other}"));
    }
    let lists: Vec<String> = overloads
        .iter()
        .map(|routine| routine.params.iter().map(|param| param.name.as_str()).collect::<Vec<_>>().join(", "))
        .collect();
    let list = fuzzy::best_list(lists.iter().map(String::as_str), keys)?;
    Some(format!("Perhaps you meant to call the function {schema}.{name}({list})"))
}

/// Names of the arguments that a request has.
pub(crate) fn argument_keys(request: &ApiRequest, method: CallMethod) -> Vec<&str> {
    let mut keys: Vec<&str> = match (method, &request.payload) {
        (CallMethod::Get | CallMethod::Head, _) => {
            request.query.arguments.iter().map(|(key, _)| key.as_str()).collect()
        }
        (CallMethod::Post, Some(Payload::Json { keys, .. })) => {
            let columns = request.query.columns.as_deref();
            columns.or(keys.as_deref()).unwrap_or_default().iter().map(String::as_str).collect()
        }
        (CallMethod::Post, Some(Payload::Form(pairs))) => pairs.iter().map(|(key, _)| key.as_str()).collect(),
        (CallMethod::Post, _) => Vec::new(),
    };
    let mut seen = std::collections::HashSet::new();
    keys.retain(|key| seen.insert(*key));
    keys
}

/// The arguments for the function that was found.
pub(crate) fn arguments(request: &ApiRequest, routine: &Routine, keys: &[&str], method: CallMethod) -> Arguments {
    let by_body =
        method == CallMethod::Post && !matches_keys(routine, keys) || matches!(request.payload, Some(Payload::Raw(_)));
    if by_body && let [param] = routine.params.as_slice() {
        let (param_type, value) = match param.type_name.as_str() {
            "json" => (ParamType::Json, request.raw_body.clone()),
            "jsonb" => (ParamType::Jsonb, request.raw_body.clone()),
            "xml" => (ParamType::Xml, request.raw_body.clone()),
            "bytea" => (ParamType::Bytea, hex(&request.raw_body)),
            _ => (ParamType::Text, request.raw_body.clone()),
        };
        return Arguments::Body { value, param_type };
    }
    let taken: Vec<&RoutineParam> = routine.params.iter().filter(|param| keys.contains(&param.name.as_str())).collect();
    if taken.is_empty() {
        return Arguments::None;
    }
    let pairs = match (&request.payload, method) {
        (Some(Payload::Json { text, is_object, .. }), CallMethod::Post) => {
            return Arguments::Json {
                text: text.clone(),
                is_object: *is_object,
                params: taken.into_iter().cloned().collect(),
            };
        }
        (Some(Payload::Form(pairs)), CallMethod::Post) => pairs,
        _ => &request.query.arguments,
    };
    Arguments::Direct(
        taken
            .into_iter()
            .map(|param| {
                let values: Vec<&str> =
                    pairs.iter().filter(|(key, _)| *key == param.name).map(|(_, value)| value.as_str()).collect();
                let value = match values.as_slice() {
                    [one] if param.variadic && one.starts_with('{') => (*one).to_owned(),
                    many if param.variadic => crate::api::sql::statement::array_literal(many.iter().copied()),
                    many => many.last().copied().unwrap_or_default().to_owned(),
                };
                DirectArgument { param: param.clone(), value }
            })
            .collect(),
    )
}

fn hex(bytes: &[u8]) -> Bytes {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = Vec::with_capacity(bytes.len() * 2 + 2);
    text.extend_from_slice(b"\\x");
    for byte in bytes {
        text.push(HEX[usize::from(byte >> 4)]);
        text.push(HEX[usize::from(byte & 15)]);
    }
    text.into()
}
