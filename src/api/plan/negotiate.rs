//! Chooses the form of the answer from the accepted types and the handlers there are (POSTGREST.md §11).
//!
//! Pure. Tests: `tests/it/api`.

use super::Body;
use crate::api::error::ApiError;
use crate::api::request::media_type::MediaType;
use crate::api::settings::ApiSettings;
use crate::schema_cache::{
    MediaHandler, MediaHandlerTarget, PgType, QualifiedIdentifier, ReturnType, Routine, SchemaCache,
};

/// What an answer is about.
pub(super) struct Target<'a> {
    /// Relation whose rows are read.
    pub(crate) relation: Option<QualifiedIdentifier>,
    /// All columns and nothing embedded.
    pub(crate) default_select: bool,
    /// The function that is called.
    pub(crate) routine: Option<&'a Routine>,
}

/// The body's form and the type of the answer.
pub(super) fn negotiate(
    cache: &SchemaCache,
    settings: &ApiSettings,
    accept: &[MediaType],
    target: &Target<'_>,
) -> Result<(Body, MediaType), ApiError> {
    if let Some(found) = routine_handler(cache, accept, target) {
        return found;
    }
    for accepted in accept {
        if let MediaType::Plan(plan) = accepted {
            if !settings.plan_enabled {
                continue;
            }
            if let Some((body, _)) = handler(cache, &plan.for_type, target) {
                return Ok((body, accepted.clone()));
            }
            continue;
        }
        if let Some(found) = handler(cache, accepted, target) {
            return Ok(found);
        }
    }
    Err(not_acceptable(accept))
}

/// None of the accepted types can be served.
pub(super) fn not_acceptable(accept: &[MediaType]) -> ApiError {
    let list: Vec<String> = accept.iter().map(|media_type| media_type.as_text().into_owned()).collect();
    ApiError::NotAcceptable(list.join(", "))
}

/// A function whose return type is a media type decides alone.
fn routine_handler(
    cache: &SchemaCache,
    accept: &[MediaType],
    target: &Target<'_>,
) -> Option<Result<(Body, MediaType), ApiError>> {
    let routine = target.routine?;
    let identifier = routine.identifier();
    let own = cache
        .media_handlers
        .iter()
        .find(|handler| matches!(&handler.target, MediaHandlerTarget::Routine(name) if *name == identifier))?;
    if own.media_type == "*/*" {
        return Some(Ok((Body::RawScalar, MediaType::Any)));
    }
    let produced = MediaType::parse(&own.media_type);
    for accepted in accept {
        if *accepted == MediaType::Any || *accepted == produced {
            return Some(Ok((Body::RawScalar, produced)));
        }
        if let MediaType::Plan(plan) = accepted
            && (plan.for_type == produced || plan.for_type == MediaType::Any)
        {
            return Some(Ok((Body::RawScalar, accepted.clone())));
        }
    }
    Some(Err(not_acceptable(accept)))
}

fn handler(cache: &SchemaCache, accepted: &MediaType, target: &Target<'_>) -> Option<(Body, MediaType)> {
    let wanted = accepted.as_text();
    let find = |media_type: &str, matches: &dyn Fn(&MediaHandler) -> bool| {
        cache.media_handlers.iter().find(|handler| handler.media_type == media_type && matches(handler))
    };
    let of_relation = |handler: &MediaHandler| matches!((&handler.target, &target.relation), (MediaHandlerTarget::Relation(of), Some(relation)) if of == relation);
    let is_vendor = matches!(accepted, MediaType::Array { .. } | MediaType::Object { .. });
    if !cache.media_handlers.is_empty() && !is_vendor {
        if target.default_select {
            if let Some(handler) = find("*/*", &of_relation) {
                return Some((aggregate(handler, target.relation.clone()), MediaType::Any));
            }
            if let Some(handler) = find(&wanted, &of_relation) {
                return Some((aggregate(handler, target.relation.clone()), accepted.clone()));
            }
        }
        if let Some(handler) = find(&wanted, &|handler| handler.target == MediaHandlerTarget::AnyElement) {
            return Some((aggregate(handler, None), accepted.clone()));
        }
    }
    built_in(accepted, target)
}

fn aggregate(handler: &MediaHandler, row_type: Option<QualifiedIdentifier>) -> Body {
    Body::Aggregate { function: handler.function.clone(), row_type }
}

fn built_in(accepted: &MediaType, target: &Target<'_>) -> Option<(Body, MediaType)> {
    let (is_scalar, is_single) = match target.routine.map(|routine| &routine.returns) {
        Some(ReturnType::Single(PgType::Scalar(_))) => (true, true),
        Some(ReturnType::SetOf(PgType::Scalar(_))) => (true, false),
        Some(ReturnType::Single(PgType::Composite { .. })) => (false, true),
        Some(ReturnType::SetOf(PgType::Composite { .. })) | None => (false, false),
    };
    let json = |stripped| match (is_scalar, is_single) {
        (true, true) => Body::Scalar,
        (true, false) => Body::ScalarArray,
        (false, true) => Body::Object { stripped },
        (false, false) => Body::Array { stripped },
    };
    Some(match accepted {
        MediaType::Any | MediaType::Json => (json(false), MediaType::Json),
        MediaType::Array { stripped } => (json(*stripped), accepted.clone()),
        MediaType::Object { .. } if is_scalar => (Body::Scalar, accepted.clone()),
        MediaType::Object { stripped } => (Body::Object { stripped: *stripped }, accepted.clone()),
        MediaType::Csv => (Body::Csv, MediaType::Csv),
        MediaType::GeoJson => (Body::GeoJson, MediaType::GeoJson),
        _ => return None,
    })
}
