//! Functions out of the catalogue's rows.

use crate::db::ResultRow;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::catalog::{Row, Shape};
use crate::schema_cache::routine::{PgType, ReturnType, Routine, RoutineParam, Volatility};

/// Functions that requests can call, by name.
pub(super) fn read_routines(rows: &[ResultRow], cache: &mut SchemaCache) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let required: i64 = row.parse(4)?;
        let arguments: Vec<(String, String, Option<bool>)> = row.json(3)?.unwrap_or_default();
        let params: Vec<RoutineParam> = arguments
            .into_iter()
            .zip(0..)
            .map(|((name, type_name, variadic), position)| RoutineParam {
                name,
                type_max_length: widest(&type_name).into(),
                type_name,
                required: position < required,
                variadic: variadic.unwrap_or(false),
            })
            .collect();
        if !is_callable(&params) {
            continue;
        }
        let name = row.identifier(5)?;
        let pg_type = match row.is_true(8)? {
            true => PgType::Composite { name, is_alias: row.is_true(9)? },
            false => PgType::Scalar(name),
        };
        let settings: Vec<String> = row.json(12)?.unwrap_or_default();
        let settings: Vec<(String, String)> =
            settings.iter().filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect();
        let isolation = settings.iter().find(|(name, _)| name == "default_transaction_isolation");
        let routine = Routine {
            schema: row.text(0)?.into(),
            name: row.text(1)?.into(),
            description: row.optional(2).map(Into::into),
            params,
            returns: match row.is_true(7)? {
                true => ReturnType::SetOf(pg_type),
                false => ReturnType::Single(pg_type),
            },
            volatility: match row.text(10)? {
                "i" => Volatility::Immutable,
                "s" => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            has_variadic: row.is_true(11)?,
            isolation_level: isolation.map(|(_, level)| level.to_lowercase()),
            settings,
        };
        cache.routines.entry(routine.identifier()).or_default().push(routine);
    }
    Ok(())
}

/// Input parameters have names, or there is one that a whole body can be.
fn is_callable(params: &[RoutineParam]) -> bool {
    match params.iter().filter(|param| param.name.is_empty()).count() {
        0 => true,
        1 => params.len() == 1 && matches!(params[0].type_name.as_str(), "bytea" | "json" | "jsonb" | "text" | "xml"),
        _ => false,
    }
}

/// The form of a type that takes any length.
fn widest(type_name: &str) -> &str {
    match type_name {
        "bit" => "bit varying",
        "bit[]" => "bit varying[]",
        "character" => "character varying",
        "character[]" => "character varying[]",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unnamed_parameter_must_be_a_body() {
        let param = |name: &str, type_name: &str| RoutineParam {
            name: name.into(),
            type_name: type_name.into(),
            type_max_length: type_name.into(),
            required: true,
            variadic: false,
        };
        assert!(is_callable(&[]));
        assert!(is_callable(&[param("", "json")]));
        assert!(!is_callable(&[param("", "integer")]));
        assert!(!is_callable(&[param("", "json"), param("b", "integer")]));
        assert!(is_callable(&[param("a", "integer"), param("b", "integer")]));
    }
}
