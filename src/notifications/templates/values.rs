//! JSON as Go's templates see it: every number is a float64, null is nil, objects are maps in key order.

use super::NumberFormat;
use gotmpl::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// A decoded document.
pub(super) fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::String(Arc::from(text.as_str())),
        serde_json::Value::Array(items) => Value::List(items.iter().map(from_json).collect()),
        serde_json::Value::Object(_) => Value::Map(Arc::new(map_from_json(json))),
    }
}

/// An object as a map; anything else is empty.
pub(super) fn map_from_json(json: &serde_json::Value) -> BTreeMap<Arc<str>, Value> {
    let object = json.as_object();
    object.into_iter().flatten().map(|(key, value)| (Arc::from(key.as_str()), from_json(value))).collect()
}

/// Whether Go would print a number somewhere in it with an exponent.
pub(super) fn has_exponent(value: &Value) -> bool {
    match value {
        Value::Float(number) => needs_exponent(*number),
        Value::List(items) => items.iter().any(has_exponent),
        Value::Map(entries) => entries.values().any(has_exponent),
        _ => false,
    }
}

fn needs_exponent(number: f64) -> bool {
    let magnitude = number.abs();
    number.is_finite() && magnitude != 0.0 && !(1e-4..1e6).contains(&magnitude)
}

/// Go's default printing of a value (`fmt.Sprint`), or with numbers as people write them.
pub(super) fn display(value: &Value, format: NumberFormat) -> String {
    let mut text = String::new();
    write(value, format, &mut text);
    text
}

fn write(value: &Value, format: NumberFormat, text: &mut String) {
    match value {
        Value::Float(number) if format == NumberFormat::Go && needs_exponent(*number) => {
            let shortest = format!("{number:e}");
            let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            let _ = write!(text, "{mantissa}e{sign}{digits:0>2}");
        }
        Value::List(items) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                if position > 0 {
                    text.push(' ');
                }
                write(item, format, text);
            }
            text.push(']');
        }
        Value::Map(entries) => {
            text.push_str("map[");
            for (position, (key, item)) in entries.iter().enumerate() {
                if position > 0 {
                    text.push(' ');
                }
                text.push_str(key);
                text.push(':');
                write(item, format, text);
            }
            text.push(']');
        }
        Value::String(string) => text.push_str(string),
        other => {
            let _ = write!(text, "{other}");
        }
    }
}
