//! What one rendering may still use. Templates are written by administrators, but none of them may stop a worker.
//!
//! The engine has no step counter of its own: the tree of a template is instrumented (see `tree`) with calls that end up here. Rendering is synchronous
//! on one thread, so the budget of the running one is a thread-local.

use gotmpl::{TemplateError, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bounds of one rendering of one part.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest source, bytes.
    pub source: usize,
    /// Longest output, bytes.
    pub output: usize,
    /// Executed nodes (actions, branches, calls, rounds of loops).
    pub steps: u64,
    /// Bytes that functions which build text may read.
    pub work: usize,
    /// Time on the clock.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source: 256 * 1024,
            output: 1024 * 1024,
            steps: 100_000,
            work: 8 * 1024 * 1024,
            time: Duration::from_secs(2),
        }
    }
}

struct Budget {
    steps: u64,
    work: usize,
    deadline: Instant,
    offset: usize,
    template: Arc<str>,
    strings: Option<Arc<BTreeMap<Arc<str>, Value>>>,
    is_exhausted: bool,
    numbers: Numbers,
    written: usize,
    marks: Vec<usize>,
}

/// What happens to numbers that Go prints with an exponent when they are printed by an action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Numbers {
    /// Nothing; whether there was one is remembered.
    #[default]
    Watched,
    /// They become Go's text.
    Converted,
    /// `Watched`, and one was seen.
    Seen,
}

thread_local! {
    static RUNNING: RefCell<Option<Budget>> = const { RefCell::new(None) };
}

/// Where a rendering was when it ended, and whether a bound ended it.
#[derive(Debug, Default)]
pub(super) struct End {
    pub(super) offset: usize,
    pub(super) template: Arc<str>,
    pub(super) is_exhausted: bool,
    pub(super) numbers: Numbers,
    /// Length of the output before every executed node.
    pub(super) marks: Vec<usize>,
}

/// Runs a rendering within its budget. `strings` is the map whose missing keys are empty text instead of nothing.
pub(super) fn within<T>(
    limits: &Limits,
    template: &str,
    strings: Option<Arc<BTreeMap<Arc<str>, Value>>>,
    numbers: Numbers,
    render: impl FnOnce() -> T,
) -> (T, End) {
    let budget = Budget {
        steps: limits.steps,
        work: limits.work,
        deadline: Instant::now() + limits.time,
        offset: 0,
        template: Arc::from(template),
        strings,
        is_exhausted: false,
        numbers,
        written: 0,
        marks: Vec::new(),
    };
    let outer = RUNNING.with(|running| running.borrow_mut().replace(budget));
    let result = render();
    let end = RUNNING.with(|running| std::mem::replace(&mut *running.borrow_mut(), outer));
    let end = end.map(|budget| End {
        offset: budget.offset,
        template: budget.template,
        is_exhausted: budget.is_exhausted,
        numbers: budget.numbers,
        marks: budget.marks,
    });
    (result, end.unwrap_or_default())
}

fn with_budget(act: impl FnOnce(&mut Budget) -> Result<(), &'static str>) -> Result<(), TemplateError> {
    RUNNING.with(|running| match running.borrow_mut().as_mut() {
        Some(budget) => act(budget).map_err(|what| {
            budget.is_exhausted = true;
            TemplateError::Exec(what.to_owned())
        }),
        None => Ok(()),
    })
}

/// One step at a place of the source.
pub(super) fn step(args: &[Value]) -> Result<Value, TemplateError> {
    with_budget(|budget| {
        if let [Value::Int(offset), Value::String(template)] = args {
            budget.offset = usize::try_from(*offset).unwrap_or_default();
            if !Arc::ptr_eq(&budget.template, template) {
                budget.template = Arc::clone(template);
            }
        }
        budget.marks.push(budget.written);
        budget.steps = budget.steps.checked_sub(1).ok_or("the template takes too many steps")?;
        if budget.steps.is_multiple_of(256) && Instant::now() > budget.deadline {
            return Err("the template takes too long");
        }
        Ok(())
    })?;
    Ok(Value::Bool(false))
}

/// Tells how much output there is.
pub(super) fn wrote(bytes: usize) {
    RUNNING.with(|running| {
        if let Some(budget) = running.borrow_mut().as_mut() {
            budget.written += bytes;
        }
    });
}

/// Whether a number with an exponent has to become text where it is printed.
pub(super) fn converts_numbers() -> bool {
    RUNNING.with(|running| match running.borrow_mut().as_mut() {
        Some(budget) if budget.numbers == Numbers::Converted => true,
        Some(budget) => {
            budget.numbers = Numbers::Seen;
            false
        }
        None => true,
    })
}

/// Pays for a value that a function is about to turn into text.
pub(super) fn charge(value: &Value) -> Result<(), TemplateError> {
    let size = size_of_text(value);
    with_budget(|budget| {
        budget.work = budget.work.checked_sub(size).ok_or("the template builds too much text")?;
        Ok(())
    })
}

/// Whether this map holds texts only, so that a missing key is an empty text (Go's `map[string]string`).
pub(super) fn is_string_map(map: &Arc<BTreeMap<Arc<str>, Value>>) -> bool {
    RUNNING.with(|running| {
        running.borrow().as_ref().is_some_and(|budget| budget.strings.as_ref().is_some_and(|own| Arc::ptr_eq(own, map)))
    })
}

/// An upper bound of what printing a value costs. A width inside a format costs what it may pad to.
fn size_of_text(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + padding(text),
        Value::List(items) => 2 + items.iter().map(|item| size_of_text(item) + 1).sum::<usize>(),
        Value::Map(entries) => 5 + entries.iter().map(|(key, item)| key.len() + size_of_text(item) + 2).sum::<usize>(),
        _ => 32,
    }
}

/// The engine caps a width at 65,535.
fn padding(format: &str) -> usize {
    const WIDEST: usize = 65_535;
    let mut sum = 0usize;
    for verb in format.split('%').skip(1) {
        let end = verb.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(verb.len());
        for number in verb[..end].split(|c: char| !c.is_ascii_digit() && c != '*').filter(|number| !number.is_empty()) {
            sum = sum.saturating_add(number.parse::<usize>().unwrap_or(WIDEST).min(WIDEST));
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_cost_what_they_pad_to() {
        assert_eq!(padding("plain text, 100 of it"), 0);
        assert_eq!(padding("%65535d"), 65_535);
        assert_eq!(padding("%999999999d%5.2f"), 65_535 + 5 + 2);
        assert_eq!(padding("%*d"), 65_535);
        assert_eq!(padding("100% of 20"), 0);
    }
}
