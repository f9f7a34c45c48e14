//! Tokens shared by the grammars of `select`, filters, logic trees and `order`.
//!
//! Built on winnow. A [`Trace`] beside the input remembers the furthest position at which something was refused and
//! what would have been accepted there, so that one failed parse gives one message with a position. Nothing here looks
//! at the database. Called by the sibling modules; tests at the foot of each and in `tests/it/api`.

use crate::api::error::ApiError;
use std::cell::{Cell, RefCell};
use winnow::combinator::{alt, opt};
use winnow::error::ParserError;
use winnow::stream::{Stateful, Stream};
use winnow::token::{literal, take_while};
use winnow::{Parser, Result};

/// Nesting beyond this is refused: the grammar is recursive and the stack is not endless.
pub(crate) const MAX_DEPTH: usize = 64;

/// What a parser reads: text with a trace of refusals.
pub(crate) type Input<'i> = Stateful<&'i str, &'i Trace>;
/// What a parser answers.
pub(crate) type Parsed<T> = Result<T, Refused>;

/// A refusal; where and why stands in the [`Trace`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused;

impl<I: Stream> ParserError<I> for Refused {
    type Inner = Self;
    fn from_input(_input: &I) -> Self {
        Self
    }
    fn into_inner(self) -> std::result::Result<Self, Self> {
        Ok(self)
    }
}

/// The furthest refusal of one parse.
#[derive(Debug)]
pub(crate) struct Trace {
    length: usize,
    furthest: Cell<usize>,
    labels: RefCell<Vec<&'static str>>,
    depth: Cell<usize>,
}

impl Trace {
    fn position(&self, input: &Input<'_>) -> usize {
        self.length - input.input.len()
    }

    fn note(&self, position: usize, label: &'static str) {
        let furthest = self.furthest.get();
        if position > furthest {
            self.furthest.set(position);
            self.labels.borrow_mut().clear();
        }
        if position >= furthest {
            let mut labels = self.labels.borrow_mut();
            if !label.is_empty() && !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
}

/// Runs `parser` over the whole of `text`; `subject` begins the message of a refusal.
pub(crate) fn parse_all<'i, T>(
    subject: &str,
    shown: &str,
    text: &'i str,
    trace: &'i Trace,
    mut parser: impl FnMut(&mut Input<'i>) -> Parsed<T>,
) -> std::result::Result<T, ApiError> {
    let mut input = Stateful { input: text, state: trace };
    match parser(&mut input).and_then(|value| end_of_input(&mut input).map(|()| value)) {
        Ok(value) => Ok(value),
        Err(Refused) => {
            let at = trace.furthest.get();
            let unexpected = text.get(at..).and_then(|rest| rest.chars().next());
            let column = text.get(..at).map_or(1, |before| before.chars().count() + 1);
            Err(ApiError::QuerySyntax {
                message: format!("\"failed to parse {subject} ({shown})\" (line 1, column {column})"),
                details: explain(unexpected, &trace.labels.borrow()),
            })
        }
    }
}

/// A trace for `text`.
pub(crate) fn trace_for(text: &str) -> Trace {
    Trace { length: text.len(), furthest: Cell::new(0), labels: RefCell::new(Vec::new()), depth: Cell::new(0) }
}

fn explain(unexpected: Option<char>, labels: &[&str]) -> String {
    let mut text = match unexpected {
        Some(c) => format!("unexpected \"{}\"", c.escape_debug()),
        None => "unexpected end of input".to_owned(),
    };
    match labels {
        [] => {}
        [one] => text.push_str(&format!(" expecting {one}")),
        [first @ .., last] => text.push_str(&format!(" expecting {} or {last}", first.join(", "))),
    }
    text
}

/// Gives a parser a name for messages; what it says itself at its first character is replaced by the name.
pub(crate) fn named<'i, T>(
    label: &'static str,
    mut parser: impl FnMut(&mut Input<'i>) -> Parsed<T>,
) -> impl FnMut(&mut Input<'i>) -> Parsed<T> {
    move |input: &mut Input<'i>| {
        let trace = input.state;
        let start = trace.position(input);
        let (furthest, known) = (trace.furthest.get(), trace.labels.borrow().len());
        match parser(input) {
            Ok(value) => Ok(value),
            Err(refused) => {
                if trace.furthest.get() <= start {
                    if trace.furthest.get() == furthest {
                        trace.labels.borrow_mut().truncate(known);
                    } else {
                        trace.labels.borrow_mut().clear();
                    }
                    trace.note(start, label);
                }
                Err(refused)
            }
        }
    }
}

/// Runs `parser` one level deeper.
pub(crate) fn nested<'i, T>(input: &mut Input<'i>, parser: impl FnOnce(&mut Input<'i>) -> Parsed<T>) -> Parsed<T> {
    let trace = input.state;
    if trace.depth.get() >= MAX_DEPTH {
        trace.note(trace.position(input), "less nesting");
        return Err(Refused);
    }
    trace.depth.set(trace.depth.get() + 1);
    let result = parser(input);
    trace.depth.set(trace.depth.get() - 1);
    result
}

/// Notes a refusal here.
pub(crate) fn refuse<T>(input: &Input<'_>, label: &'static str) -> Parsed<T> {
    input.state.note(input.state.position(input), label);
    Err(Refused)
}

/// A fixed text.
pub(crate) fn text<'i>(
    wanted: &'static str,
    label: &'static str,
) -> impl FnMut(&mut Input<'i>) -> Parsed<&'i str> + Clone {
    move |input: &mut Input<'i>| match literal::<_, _, Refused>(wanted).parse_next(input) {
        Ok(found) => Ok(found),
        Err(_) => refuse(input, label),
    }
}

/// Whether the rest begins with `wanted`.
pub(crate) fn ahead(input: &Input<'_>, wanted: &str) -> bool {
    input.input.starts_with(wanted)
}

/// The end.
pub(crate) fn end_of_input(input: &mut Input<'_>) -> Parsed<()> {
    if input.input.is_empty() { Ok(()) } else { refuse(input, "end of input") }
}

/// The end, or a closing parenthesis too many, behind which the rest is ignored as PostgREST does.
pub(crate) fn end_or_parenthesis(input: &mut Input<'_>) -> Parsed<()> {
    if input.input.starts_with(')') {
        input.input = "";
    }
    end_of_input(input)
}

/// White space, also none.
pub(crate) fn spaces(input: &mut Input<'_>) -> Parsed<()> {
    take_while::<_, _, Refused>(0.., |c: char| c.is_whitespace()).void().parse_next(input)
}

/// A parser with white space around it.
pub(crate) fn spaced<'i, T>(
    mut parser: impl FnMut(&mut Input<'i>) -> Parsed<T>,
) -> impl FnMut(&mut Input<'i>) -> Parsed<T> {
    move |input: &mut Input<'i>| {
        spaces(input)?;
        let value = parser(input)?;
        spaces(input)?;
        Ok(value)
    }
}

/// Tries a parser and steps back when it refuses.
pub(crate) fn attempt<'i, T>(input: &mut Input<'i>, parser: impl FnOnce(&mut Input<'i>) -> Parsed<T>) -> Option<T> {
    let start = input.checkpoint();
    match parser(input) {
        Ok(value) => Some(value),
        Err(Refused) => {
            input.reset(&start);
            None
        }
    }
}

/// One or more items with commas between them.
pub(crate) fn comma_list<'i, T>(
    input: &mut Input<'i>,
    mut item: impl FnMut(&mut Input<'i>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    let mut items = vec![item(input)?];
    loop {
        let comma = attempt(input, |input| spaced(text(",", "\",\""))(input));
        if comma.is_none() {
            return Ok(items);
        }
        items.push(item(input)?);
    }
}

/// `"…"` with `\"` and `\\`.
pub(crate) fn quoted(input: &mut Input<'_>) -> Parsed<String> {
    text("\"", "\"\\\"\"")(input)?;
    let mut value = String::new();
    loop {
        match input.next_token() {
            Some('"') => return Ok(value),
            Some('\\') => match input.next_token() {
                Some(c) => value.push(c),
                None => return refuse(input, "any character"),
            },
            Some(c) => value.push(c),
            None => return refuse(input, "\"\\\"\""),
        }
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphabetic() || c.is_ascii_digit() || matches!(c, '_' | '$' | ' ')
}

/// Letters, digits, `_`, `$` and blanks, trimmed.
pub(crate) fn identifier<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    match take_while::<_, _, Refused>(1.., is_name_char).parse_next(input) {
        Ok(name) => Ok(name.trim()),
        Err(_) => refuse(input, "letter, digit, \"_\", \"$\" or space"),
    }
}

/// Parts joined by single dashes; a dash that begins an arrow is none.
fn dashed<'i>(input: &mut Input<'i>, is_part: impl Fn(char) -> bool + Copy, label: &'static str) -> Parsed<String> {
    let start = input.input;
    let mut length = 0;
    loop {
        let rest = &start[length..];
        let part = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        if part == 0 {
            if length > 0 {
                input.input = &start[length..];
            }
            return refuse(input, label);
        }
        length += part;
        let rest = &start[length..];
        if rest.starts_with('-') && !rest.starts_with("->") {
            length += 1;
        } else {
            break;
        }
    }
    input.input = &start[length..];
    if start[..length].contains(['-', ' ', '\t']) {
        let parts: Vec<&str> = start[..length].split('-').map(str::trim).collect();
        return Ok(parts.join("-"));
    }
    Ok(start[..length].to_owned())
}

const FIELD_NAME: &str = "field name (* or [a..z0..9_$])";

/// A column, relation or function name.
pub(crate) fn field_name(input: &mut Input<'_>) -> Parsed<String> {
    named(FIELD_NAME, |input| if ahead(input, "\"") { quoted(input) } else { dashed(input, is_name_char, FIELD_NAME) })(
        input,
    )
}

/// One step of a json path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct JsonStep {
    /// `->>` (text) instead of `->`.
    pub(crate) as_text: bool,
    /// Where the step goes.
    pub(crate) operand: JsonOperand,
}

/// The operand of a json arrow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum JsonOperand {
    /// Object key.
    Key(String),
    /// Array position; kept as text, digits with an optional minus.
    Index(String),
}

/// A column with an optional json path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Field {
    /// Column or computed column.
    pub(crate) name: String,
    /// Arrows after it.
    pub(crate) json_path: Vec<JsonStep>,
}

fn index_ends(rest: &str) -> bool {
    rest.is_empty() || ["->", "::", ".", ","].iter().any(|end| rest.starts_with(end))
}

fn json_index(input: &mut Input<'_>) -> Parsed<String> {
    let start = input.input;
    let sign = usize::from(start.starts_with('-'));
    let digits = start[sign..].find(|c: char| !c.is_ascii_digit()).unwrap_or(start.len() - sign);
    if digits == 0 {
        if sign == 0 {
            refuse::<()>(input, "\"-\"").ok();
        }
        return refuse(input, "digit");
    }
    let end = sign + digits;
    if !index_ends(&start[end..]) {
        return Err(Refused);
    }
    input.input = &start[end..];
    Ok(start[..end].to_owned())
}

fn json_key(input: &mut Input<'_>) -> Parsed<String> {
    const KEY: &str = "any non reserved character different from: .,>()";
    if ahead(input, "\"") {
        return quoted(input);
    }
    dashed(input, |c| !matches!(c, '(' | '-' | ':' | '.' | ',' | '>' | ')'), KEY)
}

/// `->a->>b->0`
pub(crate) fn json_path(input: &mut Input<'_>) -> Parsed<Vec<JsonStep>> {
    let mut steps = Vec::new();
    loop {
        let as_text = if ahead(input, "->>") {
            text("->>", "")(input)?;
            true
        } else if ahead(input, "->") {
            text("->", "")(input)?;
            false
        } else {
            return Ok(steps);
        };
        let operand = match attempt(input, json_index) {
            Some(index) => JsonOperand::Index(index),
            None => JsonOperand::Key(json_key(input)?),
        };
        steps.push(JsonStep { as_text, operand });
    }
}

/// A field with its json path.
pub(crate) fn field(input: &mut Input<'_>) -> Parsed<Field> {
    let name = field_name(input)?;
    let json_path = json_path(input)?;
    Ok(Field { name, json_path })
}

/// `::type`
pub(crate) fn cast(input: &mut Input<'_>) -> Parsed<Option<String>> {
    if !ahead(input, "::") {
        return Ok(None);
    }
    text("::", "")(input)?;
    identifier(input).map(|name| Some(name.to_owned()))
}

/// One of several fixed words; the longest first when one begins another.
pub(crate) fn word<'i, T: Copy>(
    table: &'static [(&'static str, T)],
    label: &'static str,
) -> impl FnMut(&mut Input<'i>) -> Parsed<T> {
    move |input: &mut Input<'i>| {
        let name = opt(alt((take_while::<_, _, Refused>(1.., |c: char| c.is_ascii_alphabetic() || c == '_'),)));
        let start = input.checkpoint();
        let found = { name }.parse_next(input)?.and_then(|name| table.iter().find(|(known, _)| *known == name));
        match found {
            Some((_, value)) => Ok(*value),
            None => {
                input.reset(&start);
                refuse(input, label)
            }
        }
    }
}
