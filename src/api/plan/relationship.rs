//! Finds the relationship that an embed means, or says why there is none or more than one.
//!
//! Pure. The matching rules themselves live in the schema cache. Tests: `tests/it/api`.

use super::fuzzy;
use crate::api::error::{AmbiguousRelationship, ApiError, NoRelationship};
use crate::schema_cache::{QualifiedIdentifier, Relationship, SchemaCache, Text};
use serde_json::{Value, json};

/// The one relationship for `/origin?select=target!hint(…)`.
///
/// # Errors
/// PGRST200 when there is none, PGRST201 when there are several.
pub(crate) fn find_relationship<'a>(
    cache: &'a SchemaCache,
    origin: &QualifiedIdentifier,
    target: &str,
    hint: Option<&str>,
) -> Result<&'a Relationship, ApiError> {
    let candidates = cache.find_relationships(origin, target, hint);
    match candidates.as_slice() {
        [one] => Ok(one),
        [] => Err(none_found(cache, origin, target, hint)),
        several => Err(several_found(origin, target, several)),
    }
}

fn none_found(cache: &SchemaCache, origin: &QualifiedIdentifier, target: &str, hint: Option<&str>) -> ApiError {
    // With a matching name the hint is what is wrong, and no other name would help.
    let name_exists = cache.relationship_target_names(origin).any(|name| name == target);
    let suggestion =
        if name_exists { None } else { fuzzy::best_match(cache.relationship_target_names(origin), target) };
    ApiError::NoRelationship(Box::new(NoRelationship {
        origin: origin.name.to_string(),
        target: target.to_owned(),
        schema: origin.schema.to_string(),
        hint: hint.map(str::to_owned),
        suggestion: suggestion.map(str::to_owned),
    }))
}

fn several_found(origin: &QualifiedIdentifier, target: &str, candidates: &[&Relationship]) -> ApiError {
    let alternatives: Vec<String> = candidates
        .iter()
        .map(|candidate| format!("'{}!{}'", candidate.foreign_table().name, hint_for(candidate)))
        .collect();
    ApiError::AmbiguousRelationship(Box::new(AmbiguousRelationship {
        origin: origin.name.to_string(),
        target: target.to_owned(),
        candidates: Value::Array(candidates.iter().map(|candidate| describe(candidate)).collect()),
        alternatives: alternatives.join(", "),
    }))
}

fn hint_for(relationship: &Relationship) -> &str {
    match relationship {
        Relationship::Computed(computed) => &computed.function.name,
        Relationship::ForeignKey(relationship) => match &relationship.cardinality {
            crate::schema_cache::Cardinality::ManyToMany(junction) => &junction.table.name,
            other => other.constraint().unwrap_or_default(),
        },
    }
}

fn describe(relationship: &Relationship) -> Value {
    use crate::schema_cache::Cardinality;
    let embedding = format!("{} with {}", relationship.table().name, relationship.foreign_table().name);
    match relationship {
        Relationship::Computed(computed) => json!({
            "cardinality": if computed.single { "many-to-one" } else { "one-to-many" },
            "relationship": format!("{}(\"{}\")", computed.function.name, computed.table.name),
            "embedding": embedding,
        }),
        Relationship::ForeignKey(relationship) => {
            let columns = |pairs: &[(Text, Text)], second: bool| {
                let names: Vec<&str> =
                    pairs.iter().map(|(a, b)| if second { b.as_str() } else { a.as_str() }).collect();
                names.join(", ")
            };
            let text = match &relationship.cardinality {
                Cardinality::ManyToMany(junction) => format!(
                    "{} using {}({}) and {}({})",
                    junction.table.name,
                    junction.constraint_source,
                    columns(&junction.columns_source, true),
                    junction.constraint_target,
                    columns(&junction.columns_target, true),
                ),
                other => {
                    let pairs = other.columns().unwrap_or_default();
                    format!(
                        "{} using {}({}) and {}({})",
                        other.constraint().unwrap_or_default(),
                        relationship.table.name,
                        columns(pairs, false),
                        relationship.foreign_table.name,
                        columns(pairs, true),
                    )
                }
            };
            json!({ "cardinality": relationship.cardinality.word(), "relationship": text, "embedding": embedding })
        }
    }
}
