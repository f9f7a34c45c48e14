//! Templates of notifications: Go's `text/template` and `html/template` (WORKERS.md §5.6), byte for byte, within bounds.
//!
//! The crate `gotmpl` parses, escapes and executes. This module adds what it leaves out: Go's parse-time checks, Go's rules for nil, places in errors of
//! execution, bounds on steps, text, output and time, the contract's functions, and numbers printed for people (D-24). It knows no table and no mail.
//! Callers: the kinds of `notifications`. Tests: `tests/it/notifications/templates.rs` (the contract's 327 vectors), the feet of these files.

mod budget;
mod functions;
mod printf;
mod structure;
mod tree;
mod values;

pub use budget::Limits;

use budget::{End, Numbers};
use chrono_tz::Tz;
use gotmpl::{TemplateError, Value};
use moka::sync::Cache;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use tree::Instrument;

/// Name of the template that only calls the author's one. No author can define it.
const ENTRY: &str = "\u{1}entry";
/// Compiled templates kept.
const KEPT: u64 = 512;

/// Which of Go's two packages renders a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// `text/template`: subject, text, SMS.
    Text,
    /// `html/template`: escapes by context.
    Html,
}

impl Engine {
    /// The name of its templates, as it shows in errors.
    fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Html => "html",
        }
    }
}

/// How numbers of the data are printed (`notifications.number_format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// As Go prints a float64: 1000000 is `1e+06`.
    #[default]
    Go,
    /// As people write them: 1000000.
    Plain,
}

/// A template that cannot be used or a rendering that failed. The text is for the template's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The source is no template.
    #[error("template parse error: {0}")]
    Parse(String),
    /// Execution failed, or HTML ends where it must not.
    #[error("template execution error: {0}")]
    Execute(String),
    /// The data is no object.
    #[error("entity data error: {0}")]
    Entity(String),
    /// A bound was reached.
    #[error("template limit reached: {0}")]
    Limit(String),
}

impl RenderError {
    /// The engine's message without the stage.
    pub fn reason(&self) -> &str {
        match self {
            Self::Parse(reason) | Self::Execute(reason) | Self::Entity(reason) | Self::Limit(reason) => reason,
        }
    }
}

/// What templates are rendered with.
#[derive(Clone)]
pub struct Data {
    root: Value,
    metadata: Arc<BTreeMap<Arc<str>, Value>>,
}

impl Data {
    /// `.Entity` from a record (`null` is an empty one) and `.Metadata` from the instance's own texts.
    ///
    /// # Errors
    /// [`RenderError::Entity`] when the record is no object.
    pub fn new(entity: &serde_json::Value, metadata: &[(&str, &str)]) -> Result<Self, RenderError> {
        let kind = match entity {
            serde_json::Value::Array(_) => Some("array"),
            serde_json::Value::String(_) => Some("string"),
            serde_json::Value::Number(_) => Some("number"),
            serde_json::Value::Bool(_) => Some("bool"),
            serde_json::Value::Null | serde_json::Value::Object(_) => None,
        };
        if let Some(kind) = kind {
            return Err(RenderError::Entity(format!(
                "json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
            )));
        }
        let entity = Value::Map(Arc::new(values::map_from_json(entity)));
        let metadata: BTreeMap<Arc<str>, Value> =
            metadata.iter().map(|(key, value)| (Arc::from(*key), Value::String(Arc::from(*value)))).collect();
        let metadata = Arc::new(metadata);
        let root =
            BTreeMap::from([(Arc::from("Entity"), entity), (Arc::from("Metadata"), Value::Map(Arc::clone(&metadata)))]);
        Ok(Self { root: Value::Map(Arc::new(root)), metadata })
    }
}

enum Compiled {
    Text(gotmpl::Template),
    Html(gotmpl::html::Template),
}

/// Compiles and renders; cheap to clone, keeps what it compiled.
#[derive(Clone)]
pub struct Renderer {
    functions: Arc<BTreeMap<String, gotmpl::ValueFunc>>,
    limits: Limits,
    format: NumberFormat,
    zone: Tz,
    compiled: Cache<(Engine, Arc<str>), Arc<Compiled>>,
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer").field("limits", &self.limits).field("format", &self.format).finish_non_exhaustive()
    }
}

/// A time zone that no database of zones knows.
#[derive(Debug, thiserror::Error)]
#[error("\"{name}\" is no time zone; give an IANA name such as Europe/Berlin or UTC")]
pub struct UnknownZone {
    name: String,
    #[source]
    source: chrono_tz::ParseError,
}

impl Renderer {
    /// A renderer whose functions print times in this zone.
    ///
    /// # Errors
    /// [`UnknownZone`]
    pub fn new(time_zone: &str, format: NumberFormat, limits: Limits) -> Result<Self, UnknownZone> {
        let zone: Tz = time_zone.parse().map_err(|source| UnknownZone { name: time_zone.to_owned(), source })?;
        Ok(Self {
            functions: Arc::new(functions::functions(zone, format)),
            limits,
            format,
            zone,
            compiled: Cache::new(KEPT),
        })
    }

    /// The zone that it prints times in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// Renders a part.
    ///
    /// # Errors
    /// [`RenderError`]
    pub fn render(&self, engine: Engine, source: &str, data: &Data) -> Result<String, RenderError> {
        let key = (engine, Arc::from(source));
        let compiled = match self.compiled.get(&key) {
            Some(compiled) => compiled,
            None => {
                let compiled = Arc::new(self.compile(engine, source, engine.name())?);
                self.compiled.insert(key, Arc::clone(&compiled));
                compiled
            }
        };
        self.execute(&compiled, engine, source, data, &self.limits)
    }

    /// Whether a source is a template, and for HTML whether every place can be escaped. The message names the line.
    ///
    /// # Errors
    /// [`RenderError::Parse`] with the text that Go's parser gives, [`RenderError::Execute`] for escaping.
    pub fn check(&self, engine: Engine, source: &str) -> Result<(), RenderError> {
        let compiled = self.compile(engine, source, "validation")?;
        let Compiled::Html(_) = &compiled else { return Ok(()) };
        // Escaping happens before the first step: without any steps, only its errors are left.
        let no_steps = Limits { steps: 0, ..self.limits };
        let data = Data::new(&serde_json::Value::Null, &[])?;
        match self.execute(&compiled, engine, source, &data, &no_steps) {
            Err(RenderError::Limit(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn compile(&self, engine: Engine, source: &str, name: &str) -> Result<Compiled, RenderError> {
        if source.len() > self.limits.source {
            return Err(RenderError::Limit(format!(
                "the template has {} bytes, at most {} are allowed",
                source.len(),
                self.limits.source
            )));
        }
        let parsed = gotmpl::Template::new(name).parse(source).map_err(|error| parse_error(&error, name, source));
        let parsed = match (parsed, structure::check(source)) {
            (Err(error), _) => return Err(error),
            (Ok(_), Err(refusal)) => return Err(refusal.into_error(name)),
            (Ok(parsed), Ok(())) => parsed,
        };
        let entry = format!("{{{{template {name:?} .}}}}");
        let refused = |error: TemplateError| parse_error(&error, name, source);
        let mut trees = Vec::new();
        for defined in parsed.templates() {
            let Some(tree) = parsed.lookup(defined) else { continue };
            let mut instrument = Instrument::new(defined, engine == Engine::Html, self.format == NumberFormat::Go);
            let tree = instrument.list(tree).map_err(|refusal| refusal.into_error(name))?;
            trees.push((defined.to_owned(), tree));
        }
        if !trees.iter().any(|(defined, _)| defined == name) {
            // Nothing but definitions and blanks, which the engine does not keep and Go prints.
            let blanks =
                gotmpl::parse::Parser::with_name(Some(name), source, "{{", "}}").and_then(|parser| parser.parse());
            let (blanks, _) = blanks.map_err(|error| parse_error(&error, name, source))?;
            trees.push((name.to_owned(), blanks));
        }
        let functions = self.functions.as_ref().clone();
        Ok(match engine {
            Engine::Text => {
                let template = gotmpl::Template::new(ENTRY).missing_key(gotmpl::MissingKey::ZeroValue).funcs(functions);
                let template = template.parse(&entry).map_err(refused)?;
                Compiled::Text(trees.into_iter().fold(template, |all, (name, tree)| all.add_parse_tree(&name, tree)))
            }
            Engine::Html => {
                let template = gotmpl::html::Template::new(ENTRY);
                let template = template.missing_key(gotmpl::MissingKey::ZeroValue).funcs(functions);
                let mut template = template.parse(&entry).map_err(refused)?;
                for (name, tree) in trees {
                    template = template.add_parse_tree(&name, tree).map_err(refused)?;
                }
                Compiled::Html(template)
            }
        })
    }

    fn run(
        compiled: &Compiled,
        engine: Engine,
        data: &Data,
        limits: &Limits,
        numbers: Numbers,
    ) -> (Result<(), TemplateError>, Bounded, End) {
        let mut output = Bounded { text: String::new(), limit: limits.output, is_full: false, marks: Vec::new() };
        let strings = Some(Arc::clone(&data.metadata));
        let (result, mut end) = budget::within(limits, engine.name(), strings, numbers, || match compiled {
            Compiled::Text(template) => template.execute_fmt(&mut output, &data.root),
            Compiled::Html(template) => template.execute_fmt(&mut output, &data.root),
        });
        if numbers == Numbers::Converted {
            output.marks = std::mem::take(&mut end.marks);
        }
        (result, output, end)
    }

    fn execute(
        &self,
        compiled: &Compiled,
        engine: Engine,
        source: &str,
        data: &Data,
        limits: &Limits,
    ) -> Result<String, RenderError> {
        let numbers = if engine == Engine::Text { Numbers::Converted } else { Numbers::Watched };
        let (result, output, end) = Self::run(compiled, engine, data, limits, numbers);
        let Err(error) = result else {
            if end.numbers != Numbers::Seen {
                return Ok(output.text);
            }
            let (result, converted, _) = Self::run(compiled, engine, data, limits, Numbers::Converted);
            return match result {
                Ok(()) => Ok(woven(&output.text, &end.marks, &converted)),
                Err(_) => Err(RenderError::Limit(format!("the output is longer than {} bytes", limits.output))),
            };
        };
        if output.is_full {
            return Err(RenderError::Limit(format!("the output is longer than {} bytes", limits.output)));
        }
        if let TemplateError::Escape { name, line, description, .. } = &error {
            let name = name.as_deref().filter(|name| !name.starts_with(ENTRY)).unwrap_or(engine.name());
            let place = if *line == 0 { String::new() } else { format!("{line}:") };
            let description = description.trim_start().replace(" [] ", " ");
            return Err(RenderError::Execute(format!("html/template:{name}:{place} {description}")));
        }
        let (line, column, action) = place(source, end.offset);
        let reason = execution_reason(&error);
        let template = &end.template;
        let message =
            format!("template: {}:{line}:{column}: executing \"{template}\" at <{action}>: {reason}", engine.name());
        let is_bound = matches!(error, TemplateError::RecursionLimit | TemplateError::RangeIterLimit);
        Err(if end.is_exhausted || is_bound { RenderError::Limit(message) } else { RenderError::Execute(message) })
    }
}

/// Output up to a limit.
struct Bounded {
    text: String,
    limit: usize,
    is_full: bool,
    marks: Vec<usize>,
}

/// In scripts a number stays the number of the first rendering, everywhere else Go prints its text, that of the second. Where a value was printed as
/// a quoted string, it stands in a script: no number, list or map begins with a quote otherwise.
fn woven(numbers: &str, marks: &[usize], texts: &Bounded) -> String {
    let piece = |text: &str, marks: &[usize], index: usize| {
        let start = if index == 0 { 0 } else { marks[index - 1] };
        let end = marks.get(index).copied().unwrap_or(text.len());
        text.get(start..end).unwrap_or_default().to_owned()
    };
    let mut output = String::with_capacity(texts.text.len());
    for index in 0..=marks.len() {
        let (number, text) = (piece(numbers, marks, index), piece(&texts.text, &texts.marks, index));
        let is_script = number != text && (text.starts_with('"') || text.starts_with("&#34;"));
        output.push_str(if is_script { &number } else { &text });
    }
    output
}

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.text.len() + text.len() > self.limit {
            self.is_full = true;
            return Err(fmt::Error);
        }
        self.text.push_str(text);
        budget::wrote(text.len());
        Ok(())
    }
}

/// Line, column (from 0, in bytes, as Go counts) and the text of the action at an offset.
fn place(source: &str, offset: usize) -> (usize, usize, String) {
    const LONGEST: usize = 60;
    let offset = source.floor_char_boundary(offset);
    let before = &source[..offset];
    let line = before.matches('\n').count() + 1;
    let column = offset - before.rfind('\n').map_or(0, |at| at + 1);
    let action = source[offset..].split("}}").next().unwrap_or_default();
    let action = action.trim_end_matches(['-', ' ', '\n', '\t']).trim();
    let action = match action.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &action[..end]),
        None => action.to_owned(),
    };
    (line, column, action)
}

/// Go's text for an error of the parser: the line, no column.
fn parse_error(error: &TemplateError, name: &str, source: &str) -> RenderError {
    let (TemplateError::Parse { line, message, .. } | TemplateError::Lex { line, message, .. }) = error else {
        return RenderError::Parse(format!("template: {name}: {error}"));
    };
    // The end of the source lies on its last line.
    let line = if *line == 0 { source.matches('\n').count() + 1 } else { *line };
    RenderError::Parse(format!("template: {name}:{line}: {}", go_words(message)))
}

/// Go's words for what the engine's parser says in its own.
fn go_words(message: &str) -> String {
    if let Some(character) = message.strip_prefix("unexpected character: '").and_then(|rest| rest.chars().next()) {
        return format!("bad character U+{:04X} '{character}'", u32::from(character));
    }
    match message {
        "empty command" => "missing value for command".to_owned(),
        "unterminated string" => "unterminated quoted string".to_owned(),
        "unterminated raw string" => "unterminated raw quoted string".to_owned(),
        other if other.starts_with("expected RightParen") => "unclosed left paren".to_owned(),
        other => other.to_owned(),
    }
}

fn execution_reason(error: &TemplateError) -> String {
    match error {
        TemplateError::Exec(reason) if reason.starts_with("incompatible types for comparison") => {
            "error calling comparison: incompatible types for comparison".to_owned()
        }
        TemplateError::Exec(reason) => reason.clone(),
        TemplateError::UndefinedTemplate(name) => format!("template \"{name}\" not defined"),
        TemplateError::RecursionLimit => "templates call each other too deeply".to_owned(),
        TemplateError::RangeIterLimit => "the template takes too many steps".to_owned(),
        TemplateError::NotIterable(kind) => format!("range can't iterate over a {kind}"),
        TemplateError::TypeMismatch { .. } => "incompatible types for comparison".to_owned(),
        TemplateError::IndexOutOfRange { index } => format!("error calling index: index out of range: {index}"),
        other => other.to_string(),
    }
}
