//! Sends finished steps to a collector: OTLP 1.x over HTTP, JSON encoding (opentelemetry.io/docs/specs/otlp).

use super::{Hex, SpanContext, Value};
use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family};
use rand::RngExt as _;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Steps that may wait; more are dropped.
const QUEUE: usize = 8192;
/// Steps of one request to the collector.
const BATCH: usize = 512;
/// Longest wait of a step.
const PAUSE: Duration = Duration::from_secs(2);
/// A collector that refuses or is away is asked once more after this time.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest wait at the end of the process.
const LAST_WORDS: Duration = Duration::from_secs(3);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

static SPANS: LazyLock<Family<Outcome, Counter>> = LazyLock::new(|| {
    let help = "Steps of traces: sent, refused by the collector or lost on the way, dropped because the queue was full";
    metrics::counter("civic_os_traces_spans", help)
});

/// Where traces go.
pub struct Options {
    /// Base URL; `/v1/traces` is added.
    pub endpoint: String,
    /// `name=value`, separated by commas.
    pub headers: Option<String>,
    /// Share of entries without a parent that are recorded.
    pub ratio: f64,
    /// Name of this service.
    pub service: String,
    /// How the collector is reached.
    pub client: reqwest::Client,
}

/// Why traces cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum TracesError {
    /// A header that HTTP does not allow; its value is not repeated.
    #[error("telemetry.otlp_headers must be name=value, separated by commas; part {0} is not")]
    Header(usize),
    /// Started twice.
    #[error("traces were started twice")]
    AlreadyStarted,
}

/// A step that ended.
pub(super) struct Finished {
    pub(super) context: SpanContext,
    pub(super) parent: Option<[u8; 8]>,
    pub(super) name: String,
    pub(super) kind: u8,
    /// Since 1970.
    pub(super) start: Duration,
    pub(super) length: Duration,
    pub(super) attributes: Vec<(&'static str, Value)>,
    pub(super) error: Option<String>,
}

enum Message {
    Span(Box<Finished>),
    Flush(oneshot::Sender<()>),
}

/// The queue to the task that sends.
pub(super) struct Exporter {
    queue: mpsc::Sender<Message>,
    ratio: f64,
}

impl Exporter {
    pub(super) fn start(options: Options) -> Result<Self, TracesError> {
        let (queue, messages) = mpsc::channel(QUEUE);
        let sender = Sender {
            client: options.client,
            url: format!("{}/v1/traces", options.endpoint.trim_end_matches('/')),
            headers: headers(options.headers.as_deref().unwrap_or_default())?,
            service: options.service,
            is_away: false,
        };
        tokio::spawn(sender.run(messages));
        Ok(Self { queue, ratio: options.ratio })
    }

    pub(super) fn samples(&self) -> bool {
        self.ratio >= 1.0 || (self.ratio > 0.0 && rand::rng().random::<f64>() < self.ratio)
    }

    pub(super) fn take(&self, span: Finished) {
        if self.queue.try_send(Message::Span(Box::new(span))).is_err() {
            count("dropped", 1);
        }
    }

    pub(super) async fn flush(&self) {
        let (done, waiting) = oneshot::channel();
        let flush = async {
            if self.queue.send(Message::Flush(done)).await.is_ok() {
                let _ = waiting.await;
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS, flush).await;
    }
}

fn count(outcome: &'static str, spans: usize) {
    SPANS.get_or_create(&Outcome { outcome }).inc_by(spans as u64);
}

fn headers(text: &str) -> Result<HeaderMap, TracesError> {
    let mut headers = HeaderMap::new();
    for (position, part) in text.split(',').map(str::trim).enumerate().filter(|(_, part)| !part.is_empty()) {
        let wrong = || TracesError::Header(position + 1);
        let (name, value) = part.split_once('=').ok_or_else(wrong)?;
        let name = name.trim().parse::<HeaderName>().map_err(|_| wrong())?;
        // The specification has values percent-encoded.
        let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8().map_err(|_| wrong())?;
        let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

struct Sender {
    client: reqwest::Client,
    url: String,
    headers: HeaderMap,
    service: String,
    /// Whether the last batch did not arrive: said once.
    is_away: bool,
}

impl Sender {
    async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let mut batch = Vec::new();
        let mut ticks = tokio::time::interval(PAUSE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let mut waiting = None;
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Message::Span(span)) => {
                        batch.push(*span);
                        if batch.len() < BATCH {
                            continue;
                        }
                    }
                    Some(Message::Flush(done)) => waiting = Some(done),
                    None => return,
                },
                _ = ticks.tick() => {}
            }
            if !batch.is_empty() {
                self.send(&std::mem::take(&mut batch)).await;
            }
            if let Some(done) = waiting {
                let _ = done.send(());
            }
        }
    }

    async fn send(&mut self, spans: &[Finished]) {
        let body = document(&self.service, spans).to_string();
        let mut failure = String::new();
        for attempt in 0..2 {
            if attempt > 0 {
                tokio::time::sleep(AGAIN).await;
            }
            let request = self.client.post(&self.url).headers(self.headers.clone());
            let answer = request.header("content-type", "application/json").body(body.clone()).send().await;
            match answer.map(|answer| answer.status()) {
                Ok(status) if status.is_success() => {
                    if std::mem::take(&mut self.is_away) {
                        tracing::info!("Traces are sent again");
                    }
                    count("sent", spans.len());
                    return;
                }
                // A refusal for good is the same the next time.
                Ok(status) if status.is_client_error() && status.as_u16() != 429 => {
                    failure = format!("the collector answers {status}");
                    break;
                }
                Ok(status) => failure = format!("the collector answers {status}"),
                Err(error) => failure = error.without_url().to_string(),
            }
        }
        count("lost", spans.len());
        if !std::mem::replace(&mut self.is_away, true) {
            tracing::warn!(reason = failure, "Traces are lost; nothing waits for them");
        }
    }
}

/// An `ExportTraceServiceRequest`.
fn document(service: &str, spans: &[Finished]) -> serde_json::Value {
    let resource = [
        attribute("service.name", &Value::from(service)),
        attribute("service.version", &Value::from(env!("CARGO_PKG_VERSION"))),
        attribute("process.pid", &Value::from(i64::from(std::process::id()))),
    ];
    let spans: Vec<serde_json::Value> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "civic-os" }, "spans": spans }],
    }] })
}

fn span(span: &Finished) -> serde_json::Value {
    let attributes: Vec<_> = span.attributes.iter().map(|(name, value)| attribute(name, value)).collect();
    let mut document = json!({
        "traceId": Hex(&span.context.trace).to_string(),
        "spanId": Hex(&span.context.span).to_string(),
        "name": span.name,
        "kind": span.kind,
        // 64-bit numbers are texts in this encoding.
        "startTimeUnixNano": span.start.as_nanos().to_string(),
        "endTimeUnixNano": (span.start + span.length).as_nanos().to_string(),
        "attributes": attributes,
    });
    if let Some(parent) = span.parent {
        document["parentSpanId"] = Hex(&parent).to_string().into();
    }
    if let Some(message) = &span.error {
        document["status"] = json!({ "code": 2, "message": message });
    }
    document
}

fn attribute(name: &str, value: &Value) -> serde_json::Value {
    let value = match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Number(number) => json!({ "intValue": number.to_string() }),
    };
    json!({ "key": name, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_and_mistakes_are_not_repeated() {
        let read = headers("x-api-key=se%20cret, x-tenant=town,").expect("headers");
        assert_eq!((read["x-api-key"].to_str().ok(), read["x-tenant"].to_str().ok()), (Some("se cret"), Some("town")));
        for wrong in ["secret", "a b=secret", "x=secret%0a"] {
            let message = headers(wrong).expect_err("a refusal").to_string();
            assert!(!message.contains("secret") && message.contains("part 1"), "{message}");
        }
    }
}
