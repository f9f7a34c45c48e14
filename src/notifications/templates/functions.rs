//! What templates may call: the contract's functions (WORKERS.md §5.6) and the ones that the instrumentation inserts.

use super::{NumberFormat, budget, printf, values};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};
use chrono_tz::Tz;
use gotmpl::{Result, TemplateError, Value, ValueFunc};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names of inserted calls; no template can write them, because checking happens before they are inserted.
pub(super) const AT: &str = "_at";
pub(super) const FIELD: &str = "_field";
pub(super) const PRINTED: &str = "_printed";

const KNOWN: &[&str] = &[
    "and",
    "call",
    "eq",
    "formatDate",
    "formatDateTime",
    "formatMoney",
    "formatPhone",
    "formatTimeSlot",
    "ge",
    "gt",
    "html",
    "index",
    "js",
    "le",
    "len",
    "lt",
    "ne",
    "not",
    "or",
    "print",
    "printf",
    "println",
    "slice",
    "urlquery",
];

/// Whether a template may call this.
pub(super) fn exists(name: &str) -> bool {
    KNOWN.contains(&name)
}

/// All functions that are not the engine's own.
pub(super) fn functions(zone: Tz, format: NumberFormat) -> BTreeMap<String, ValueFunc> {
    let mut functions: BTreeMap<String, ValueFunc> = BTreeMap::new();
    let mut add = |name: &str, function: ValueFunc| drop(functions.insert(name.to_owned(), function));
    add("formatTimeSlot", Arc::new(move |args| text("formatTimeSlot", args, |slot_text| time_slot(slot_text, zone))));
    add("formatDateTime", Arc::new(move |args| text("formatDateTime", args, |text| date_time(text, zone))));
    add("formatDate", Arc::new(|args| text("formatDate", args, date)));
    add("formatPhone", Arc::new(|args| text("formatPhone", args, phone)));
    add("formatMoney", Arc::new(money));
    add("len", Arc::new(length));
    add(AT, Arc::new(budget::step));
    add(FIELD, Arc::new(field));
    add(PRINTED, Arc::new(printed));
    add("print", Arc::new(move |args| print(args, format, false)));
    add("println", Arc::new(move |args| print(args, format, true)));
    add("printf", Arc::new(move |args| printf::printf(args, format)));
    add("html", Arc::new(move |args| escaped("html", args, format, gotmpl::html_escape)));
    add("js", Arc::new(move |args| escaped("js", args, format, gotmpl::js_escape)));
    add("urlquery", Arc::new(move |args| escaped("urlquery", args, format, gotmpl::url_encode)));
    functions
}

fn only<'a>(name: &str, args: &'a [Value]) -> Result<&'a Value> {
    match args {
        [value] => Ok(value),
        _ => Err(TemplateError::Exec(format!("wrong number of args for {name}: want 1 got {}", args.len()))),
    }
}

/// What an action is about to print: in `go` format, numbers that Go prints with an exponent become that text.
fn printed(args: &[Value]) -> Result<Value> {
    let value = only("_printed", args)?;
    if values::has_exponent(value) && budget::converts_numbers() {
        return Ok(string(values::display(value, NumberFormat::Go)));
    }
    Ok(value.clone())
}

fn string(text: String) -> Value {
    Value::String(Arc::from(text))
}

/// `fmt.Sprint` puts a space between two operands when neither is a string, `fmt.Sprintln` always.
fn print(args: &[Value], format: NumberFormat, is_line: bool) -> Result<Value> {
    let is_string = |value: &Value| matches!(value, Value::String(_) | Value::Safe { .. });
    let mut text = String::new();
    for (position, arg) in args.iter().enumerate() {
        budget::charge(arg)?;
        if position > 0 && (is_line || !(is_string(arg) || is_string(&args[position - 1]))) {
            text.push(' ');
        }
        text.push_str(&values::display(arg, format));
    }
    if is_line {
        text.push('\n');
    }
    Ok(string(text))
}

fn escaped(name: &str, args: &[Value], format: NumberFormat, escape: impl Fn(&str) -> String) -> Result<Value> {
    let value = only(name, args)?;
    budget::charge(value)?;
    let text = match value {
        Value::Nil => "<no value>".to_owned(),
        other => values::display(other, format),
    };
    Ok(string(escape(&text)))
}

/// Go's field access on decoded JSON: nothing has no fields, a missing key is nothing.
pub(super) fn field(args: &[Value]) -> Result<Value> {
    let Some((value, names)) = args.split_first() else { return Ok(Value::Nil) };
    let mut value = value.clone();
    let mut is_first = true;
    for name in names.iter().filter_map(Value::as_str) {
        value = match &value {
            Value::Map(map) => match map.get(name) {
                Some(found) => found.clone(),
                None if budget::is_string_map(map) => Value::String(Arc::from("")),
                None => Value::Nil,
            },
            // `.` itself may be nothing (inside `with` and `template`): Go then prints nothing.
            Value::Nil if is_first => Value::Nil,
            Value::Nil => {
                return Err(TemplateError::Exec(format!("nil pointer evaluating interface {{}}.{name}")));
            }
            _ => return Err(TemplateError::Exec(format!("can't evaluate field {name} in type interface {{}}"))),
        };
        is_first = false;
    }
    Ok(value)
}

fn length(args: &[Value]) -> Result<Value> {
    let value = only("len", args)?;
    match (value, value.len()) {
        (_, Some(length)) => Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX))),
        (Value::Nil, None) => Err(TemplateError::Exec("error calling len: len of nil pointer".to_owned())),
        (_, None) => Err(TemplateError::Exec(format!("error calling len: len of type {}", go_type(value)))),
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Nil => "interface {}",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Uint(_) => "uint",
        Value::Float(_) => "float64",
        Value::List(_) => "[]interface {}",
        Value::Map(_) => "map[string]interface {}",
        Value::Function(_) => "func",
        Value::String(_) | Value::Safe { .. } => "string",
    }
}

fn text(name: &str, args: &[Value], change: impl FnOnce(&str) -> Option<String>) -> Result<Value> {
    match only(name, args)? {
        value @ (Value::String(_) | Value::Safe { .. }) => {
            let text = value.as_str().unwrap_or_default();
            Ok(change(text).map_or_else(|| value.clone(), |changed| Value::String(Arc::from(changed))))
        }
        other => Err(TemplateError::Exec(format!("wrong type for value; expected string; got {}", go_type(other)))),
    }
}

/// `["2025-03-15 18:00:00+00","2025-03-15 20:00:00+00")`, PostgreSQL's text of a time range with whole hours of offset.
fn time_slot(slot: &str, zone: Tz) -> Option<String> {
    let inner = slot.strip_prefix('[')?.strip_suffix(')')?;
    let (start, end) = inner.split_once(',')?;
    let unquoted = |text: &str| text.trim().trim_matches('"').to_owned();
    let (start, end) = (stamp(&unquoted(start))?, stamp(&unquoted(end))?);
    let (start, end) = (start.with_timezone(&zone), end.with_timezone(&zone));
    let from = start.format("%b %-d, %Y %-I:%M %p %Z");
    if start.date_naive() == end.date_naive() {
        Some(format!("{from} - {}", end.format("%-I:%M %p %Z")))
    } else {
        Some(format!("{from} - {}", end.format("%b %-d, %Y %-I:%M %p %Z")))
    }
}

/// `YYYY-MM-DD HH:MM:SS[.frac]±HH`
fn stamp(text: &str) -> Option<DateTime<Utc>> {
    let sign = text.len().checked_sub(3)?;
    let (local, offset) = (text.get(..sign)?, text.get(sign..)?);
    let hours: i32 =
        offset.get(1..).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?.parse().ok()?;
    let hours = match offset.as_bytes().first() {
        Some(b'+') => hours,
        Some(b'-') => -hours,
        _ => return None,
    };
    if local.as_bytes().get(10) != Some(&b' ') || local.as_bytes().get(13) != Some(&b':') || local.len() < 19 {
        return None;
    }
    let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let offset = FixedOffset::east_opt(hours * 3600)?;
    Some(local.and_local_timezone(offset).single()?.with_timezone(&Utc))
}

/// RFC 3339.
fn date_time(text: &str, zone: Tz) -> Option<String> {
    // Go takes the capital T and Z only.
    if text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return None;
    }
    let moment = DateTime::parse_from_rfc3339(text).ok()?;
    Some(moment.with_timezone(&zone).format("%b %-d, %Y %-I:%M %p %Z").to_string())
}

fn date(text: &str) -> Option<String> {
    if text.len() != 10 || text.as_bytes().get(4) != Some(&b'-') {
        return None;
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    Some(date.format("%b %-d, %Y").to_string())
}

fn phone(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() != 10 {
        return None;
    }
    Some(format!("({}) {}-{}", digits.get(..3)?, digits.get(3..6)?, digits.get(6..)?))
}

fn money(args: &[Value]) -> Result<Value> {
    Ok(match only("formatMoney", args)? {
        value @ (Value::String(_) | Value::Safe { .. }) => value.clone(),
        Value::Float(number) => Value::String(Arc::from(format!("${number:.2}"))),
        #[expect(clippy::cast_precision_loss, reason = "as Go converts")]
        Value::Int(number) => Value::String(Arc::from(format!("${:.2}", *number as f64))),
        other => Value::String(Arc::from(other.to_string())),
    })
}
