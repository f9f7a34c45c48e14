//! `printf` with Go's rules for float64, which is what every number of the data is.
//!
//! The engine's own `printf` formats; it is reached through small templates that do nothing else. Before that, arguments whose verb means something
//! else to Go are replaced by the text that Go prints.

use super::{NumberFormat, budget, values};
use gotmpl::{Result, Template, TemplateError, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

/// Most arguments after the format.
const MOST: usize = 24;

/// One template per number of arguments.
static CALLS: LazyLock<Vec<Option<Template>>> = LazyLock::new(|| {
    let template = |arguments: usize| {
        let mut source = "{{printf .f".to_owned();
        for index in 0..arguments {
            let _ = write!(source, " (index .a {index})");
        }
        source.push_str("}}");
        Template::new("printf").parse(&source).ok()
    };
    (0..=MOST).map(template).collect()
});

pub(super) fn printf(args: &[Value], format: NumberFormat) -> Result<Value> {
    let refused = |reason: String| TemplateError::Exec(format!("error calling printf: {reason}"));
    let Some((pattern, rest)) = args.split_first() else {
        return Err(TemplateError::Exec("wrong number of args for printf: want at least 1 got 0".to_owned()));
    };
    let Some(text) = pattern.as_str() else {
        return Err(TemplateError::Exec("wrong type for value; expected string".to_owned()));
    };
    if rest.len() > MOST {
        return Err(refused(format!("more than {MOST} arguments")));
    }
    args.iter().try_for_each(budget::charge)?;
    let (pattern, rest) = prepared(text, rest, format);
    let data = BTreeMap::from([
        (Arc::from("f"), Value::String(Arc::from(pattern))),
        (Arc::from("a"), Value::List(Arc::from(rest))),
    ]);
    let call = CALLS.get(args.len() - 1).and_then(Option::as_ref);
    let call = call.ok_or_else(|| refused("not available".to_owned()))?;
    call.execute_to_string(&Value::Map(Arc::new(data))).map(|text| Value::String(Arc::from(text)))
}

/// The pattern and the arguments with everything replaced that the engine would format differently.
fn prepared(pattern: &str, args: &[Value], format: NumberFormat) -> (String, Vec<Value>) {
    let mut args = args.to_vec();
    let mut text = String::with_capacity(pattern.len());
    let mut next = 0;
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        let spec = &rest[at..];
        let length = spec[1..].find(|c: char| !(c.is_ascii_digit() || "+-# .*".contains(c))).map(|end| end + 1);
        let verb = length.and_then(|end| spec[end..].chars().next());
        let (Some(length), Some(verb)) = (length, verb) else {
            text.push_str(spec);
            return (text, args);
        };
        if verb == '[' {
            // Explicit argument indexes: left to the engine as they are.
            text.push_str(spec);
            return (text, args);
        }
        rest = &spec[length + verb.len_utf8()..];
        if verb == '%' {
            text.push_str(&spec[..=length]);
            continue;
        }
        next += spec[..length].matches('*').count();
        match args.get_mut(next) {
            Some(value @ (Value::Float(_) | Value::List(_) | Value::Map(_))) if verb == 'v' => {
                *value = Value::String(Arc::from(values::display(value, format)));
                text.push_str(&spec[..length]);
                text.push('s');
            }
            Some(value @ Value::Float(_)) if "sdoOcqUt".contains(verb) => {
                let wrong = format!("%!{verb}(float64={})", values::display(value, NumberFormat::Go));
                *value = Value::String(Arc::from(wrong));
                text.push_str("%s");
            }
            Some(value) if verb == 'T' => {
                *value = Value::String(Arc::from(type_name(value)));
                text.push_str(&spec[..length]);
                text.push('s');
            }
            _ => text.push_str(&spec[..length + verb.len_utf8()]),
        }
        next += 1;
    }
    text.push_str(rest);
    (text, args)
}

/// Go's name of a value's type.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "<nil>",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float64",
        Value::String(_) => "string",
        Value::List(_) => "[]interface {}",
        Value::Map(map) if budget::is_string_map(map) => "map[string]string",
        Value::Map(_) => "map[string]interface {}",
        _ => "func",
    }
}
