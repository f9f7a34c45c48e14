//! Traces for an OpenTelemetry collector: requests, their statements, the jobs that they caused.
//!
//! Off unless [`start`] is called. A [`Span`] is one step; it is sent when it is dropped. Steps find their parent in the place
//! where code runs ([`super::request`]); between processes it travels as W3C's `traceparent`, in HTTP as a header, to jobs in
//! the setting `civic_os.traceparent` of the transaction that inserts them. Sending is OTLP over HTTP with JSON (ADR 110):
//! in the background, in batches, never waited for; what does not fit into the queue is dropped and counted.
//! Tests: `tests/it/serve/traces.rs`.

mod otlp;

use super::request;
use rand::RngExt as _;
use std::fmt;
use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub use otlp::{Options, TracesError};

/// Setting of a transaction in which the trace travels into the database.
pub const SETTING: &str = "civic_os.traceparent";

static EXPORTER: OnceLock<otlp::Exporter> = OnceLock::new();

/// Starts sending for the rest of the process. Must be called on the runtime that lives as long.
///
/// # Errors
/// The headers or the endpoint cannot be used, or it was started before.
pub fn start(options: Options) -> Result<(), TracesError> {
    let exporter = otlp::Exporter::start(options)?;
    EXPORTER.set(exporter).map_err(|_| TracesError::AlreadyStarted)
}

/// Sends what is left; not longer than a few seconds.
pub async fn flush() {
    if let Some(exporter) = EXPORTER.get() {
        exporter.flush().await;
    }
}

/// A step's place in its trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanContext {
    trace: [u8; 16],
    span: [u8; 8],
}

impl SpanContext {
    /// W3C's form, for a step that is recorded.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", Hex(&self.trace), Hex(&self.span))
    }

    /// Reads W3C's form; the flag says whether the caller records.
    fn parse(text: &str) -> Option<(Self, bool)> {
        let mut parts = text.trim().split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // Later versions may have more parts; the first has not.
        if version.len() != 2 || version == "ff" || (version == "00" && parts.next().is_some()) {
            return None;
        }
        let context = Self { trace: bytes(trace)?, span: bytes(span)? };
        let [flags] = bytes::<1>(flags)?;
        let is_set = context.trace != [0; 16] && context.span != [0; 8];
        is_set.then_some((context, flags & 1 == 1))
    }

    fn root() -> Self {
        Self { trace: rand::rng().random(), span: rand::rng().random() }
    }

    fn child(self) -> Self {
        Self { trace: self.trace, span: rand::rng().random() }
    }
}

/// Lower-case hexadecimal digits, as W3C wants them.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What kind of step it is, in OTLP's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Server = 2,
    Client = 3,
    Consumer = 5,
}

/// A value beside a step.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text.
    Text(String),
    /// Whole number.
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A step that runs; it ends, and is sent, when it is dropped.
pub struct Span {
    context: SpanContext,
    parent: Option<[u8; 8]>,
    name: String,
    kind: Kind,
    started: SystemTime,
    began: Instant,
    attributes: Vec<(&'static str, Value)>,
    error: Option<String>,
}

impl Span {
    fn new(context: SpanContext, parent: Option<[u8; 8]>, name: String, kind: Kind) -> Self {
        let (started, began) = (SystemTime::now(), Instant::now());
        Self { context, parent, name, kind, started, began, attributes: Vec::new(), error: None }
    }

    /// Its place, for whoever works in it.
    pub fn context(&self) -> SpanContext {
        self.context
    }

    /// Notes something beside it.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.attributes.push((name, value.into()));
    }

    /// It ended badly.
    pub fn fail(&mut self, message: impl Into<String>) {
        self.error = Some(message.into());
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(exporter) = EXPORTER.get() else { return };
        exporter.take(otlp::Finished {
            context: self.context,
            parent: self.parent,
            name: std::mem::take(&mut self.name),
            kind: self.kind as u8,
            start: self.started.duration_since(UNIX_EPOCH).unwrap_or_default(),
            length: self.began.elapsed(),
            attributes: std::mem::take(&mut self.attributes),
            error: self.error.take(),
        });
    }
}

/// A request that came in; `parent` is the `traceparent` of a caller that is believed.
pub fn server(parent: Option<&str>, name: impl FnOnce() -> String) -> Option<Span> {
    entry(parent, name, Kind::Server)
}

/// A run of a job; `parent` is what its row remembers of whoever caused it.
pub fn consumer(parent: Option<&str>, name: impl FnOnce() -> String) -> Option<Span> {
    entry(parent, name, Kind::Consumer)
}

fn entry(parent: Option<&str>, name: impl FnOnce() -> String, kind: Kind) -> Option<Span> {
    let exporter = EXPORTER.get()?;
    match parent.and_then(SpanContext::parse) {
        Some((parent, true)) => Some(Span::new(parent.child(), Some(parent.span), name(), kind)),
        Some((_, false)) => None,
        None => exporter.samples().then(|| Span::new(SpanContext::root(), None, name(), kind)),
    }
}

/// A question to another server from within a step that is recorded.
pub fn client(name: &'static str) -> Option<Span> {
    EXPORTER.get()?;
    let parent = request::current_span()?;
    Some(Span::new(parent.child(), Some(parent.span), name.to_owned(), Kind::Client))
}

/// W3C's form of the step that this task is in.
pub fn traceparent() -> Option<String> {
    request::current_span().map(|context| context.traceparent())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparents_go_there_and_back() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (context, recorded) = SpanContext::parse(text).expect("W3C's example");
        assert!(recorded);
        assert_eq!(context.traceparent(), text);
        let (_, recorded) = SpanContext::parse(&text.replace("-01", "-00")).expect("not recorded");
        assert!(!recorded);
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(SpanContext::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_is_recorded_unless_it_was_started() {
        assert!(server(None, || unreachable!("no name is made")).is_none());
        assert!(client("nothing").is_none());
    }
}
