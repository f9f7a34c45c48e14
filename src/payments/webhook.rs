//! `POST /webhooks/stripe`: raw bytes → signature → inbox (first transaction) → ledger (second transaction) → answer (WORKERS.md
//! §6.6, D-14). Nothing is stored of a request that is not the provider's. If the process dies between the transactions, the
//! provider's next delivery or the reconciliation finishes the event. Tests: `tests/it/payments`.

use super::event::Event;
use super::signature::Secrets;
use super::store::{Inbox, Ledger};
use super::{PaymentsError, tally};
use crate::limits::{ClientAddress, LimitKey, Network, RateLimit};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderName, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;

/// Longest body, bytes.
pub const LONGEST_BODY: usize = 65_536;
/// A request that has not arrived by then is given up.
const READ_LIMIT: Duration = Duration::from_secs(10);
/// An event that is not in the ledger by then is answered as failed; the work itself goes on.
const PROCESSING_LIMIT: Duration = Duration::from_secs(8);
/// Events worked on at the same time; others wait, so that a burst does not take the pool.
const AT_ONCE: usize = 4;
/// Failing signatures that an address may send at once (the operator's guide).
const FAILING_AT_ONCE: u32 = 10;

const SIGNATURE: HeaderName = HeaderName::from_static("stripe-signature");

/// The endpoint; cheap to clone.
#[derive(Clone)]
pub struct Webhook {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: Ledger,
    secrets: Secrets,
    options: WebhookOptions,
    failing: RateLimit,
    slots: Semaphore,
}

/// What the endpoint is strict about.
#[derive(Clone, Debug)]
pub struct WebhookOptions {
    /// Seconds that a signature's time may differ from ours.
    pub tolerance: u64,
    /// Mode of the configured key; events of the other mode are kept and never applied.
    pub livemode: Option<bool>,
    /// Networks that may deliver; without a list everybody may, and an empty one lets nobody in.
    pub addresses: Option<Vec<Network>>,
    /// Failing signatures a minute and address; 0 = any number. Validly signed deliveries are never counted, so nobody keeps
    /// the provider out by sending rubbish from elsewhere.
    pub failing_per_minute: u32,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        Self { tolerance: super::signature::TOLERANCE, livemode: None, addresses: None, failing_per_minute: 100 }
    }
}

/// How a delivery ended.
enum Answer {
    Received,
    Forbidden,
    MethodNotAllowed,
    TooLarge,
    MissingSignature,
    InvalidSignature,
    TooMany,
    Failed,
}

impl Webhook {
    /// The endpoint for these secrets.
    pub fn new(ledger: Ledger, secrets: Secrets, options: WebhookOptions) -> Self {
        tally::begin();
        let failing = RateLimit::per_minute(options.failing_per_minute, FAILING_AT_ONCE);
        let slots = Semaphore::new(AT_ONCE);
        Self { inner: Arc::new(Inner { ledger, secrets, options, failing, slots }) }
    }

    /// Mounts the route.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        let webhook = self.clone();
        routes.service(web::resource("/webhooks/stripe").to(move |request: HttpRequest, payload: web::Payload| {
            let webhook = webhook.clone();
            async move { webhook.deliver(request, payload).await.into_response() }
        }));
    }

    async fn deliver(&self, request: HttpRequest, payload: web::Payload) -> Answer {
        let inner = &self.inner;
        if request.method() != actix_web::http::Method::POST {
            return Answer::MethodNotAllowed;
        }
        // The listener's front door looked through trusted proxies; without one it is the peer.
        let client = request.extensions().get::<ClientAddress>().map(|client| client.0);
        let peer = client.or_else(|| request.peer_addr().map(|address| address.ip().to_canonical()));
        let allowed =
            |networks: &Vec<Network>| peer.is_some_and(|peer| networks.iter().any(|network| network.contains(peer)));
        if !inner.options.addresses.as_ref().is_none_or(allowed) {
            tally::refused("address");
            return Answer::Forbidden;
        }
        let body = match tokio::time::timeout(READ_LIMIT, read(payload)).await {
            Ok(Some(body)) => body,
            _ => {
                tally::refused("size");
                return Answer::TooLarge;
            }
        };
        let header = request.headers().get(&SIGNATURE).map(|value| value.to_str().unwrap_or("(no text)"));
        self.judge(peer, header, body).await
    }

    /// A delivery that did not come over HTTP: the sandbox's. The answer is the status.
    pub async fn accept(&self, peer: Option<IpAddr>, header: Option<&str>, body: Vec<u8>) -> u16 {
        self.judge(peer, header, body).await.status().0.as_u16()
    }

    async fn judge(&self, peer: Option<IpAddr>, header: Option<&str>, body: Vec<u8>) -> Answer {
        let inner = &self.inner;
        let refused = |answer: Answer| {
            tally::refused("signature");
            match inner.failing.check(LimitKey::address(peer)) {
                Ok(()) => answer,
                Err(_) => Answer::TooMany,
            }
        };
        let Some(header) = header else { return refused(Answer::MissingSignature) };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let verified = inner
            .secrets
            .verify(header, &body, now, inner.options.tolerance)
            .map_err(|error| error.to_string())
            .and_then(|_| Event::parse(&body).ok_or_else(|| "the body is no event".to_owned()));
        let event = match verified {
            Ok(event) => event,
            Err(reason) => {
                tracing::warn!(peer = ?peer, reason, "A webhook was refused");
                return refused(Answer::InvalidSignature);
            }
        };
        // On a task of its own: a caller who hangs up does not stop it half way.
        let webhook = self.clone();
        let work = tokio::spawn(async move { webhook.take(event, &body).await });
        match tokio::time::timeout(PROCESSING_LIMIT, work).await {
            Ok(Ok(Ok(()))) => Answer::Received,
            Ok(Ok(Err(error))) => {
                tracing::error!(error = &error as &dyn std::error::Error, "A webhook could not be processed");
                tally::event("error");
                Answer::Failed
            }
            _ => {
                tally::event("timeout");
                Answer::Failed
            }
        }
    }

    /// Inbox first, ledger second.
    async fn take(&self, event: Event, body: &[u8]) -> Result<(), PaymentsError> {
        let inner = &self.inner;
        let _slot = inner.slots.acquire().await;
        let payload = event.stored(body);
        let mut received = Inbox::Busy;
        for attempt in 0..20 {
            received = inner.ledger.receive(&event.id, &event.kind, &payload, event.livemode).await?;
            if received != Inbox::Busy {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5 << attempt.min(5))).await;
        }
        let row = match received {
            Inbox::New(row) | Inbox::Unsettled(row) => row,
            // Done, or another delivery has it: that one answers for it, and what it leaves undone is found again.
            Inbox::Settled | Inbox::Busy => {
                tally::event("duplicate");
                return Ok(());
            }
        };
        let outcome = settle(&inner.ledger, &row, &event, inner.options.livemode).await?;
        tally::event(&outcome);
        if outcome == "error" {
            return Err(PaymentsError::Row { statement: "settle" });
        }
        Ok(())
    }
}

/// Applies an event of the inbox, or sets it aside: one way for deliveries and for replays.
pub(super) async fn settle(
    ledger: &Ledger,
    row: &str,
    event: &Event,
    livemode: Option<bool>,
) -> Result<String, PaymentsError> {
    if let (Some(ours), Some(theirs)) = (livemode, event.livemode)
        && ours != theirs
    {
        let mode = |live: bool| if live { "live" } else { "test" };
        let reason = format!(
            "an event of {} mode, but the configured key is of {} mode; it is never applied",
            mode(theirs),
            mode(ours)
        );
        tracing::error!(event = event.id, kind = event.kind, "{reason}");
        ledger.set_aside(row, "livemode", &reason).await?;
        return Ok("livemode".to_owned());
    }
    let outcome = ledger.settle(row, &event.change()).await?;
    match outcome.as_str() {
        "unmatched" | "refused" | "error" => tracing::warn!(
            event = event.id,
            kind = event.kind,
            outcome,
            "An event was not applied; the reason stands on its row in metadata.webhooks"
        ),
        _ => tracing::debug!(event = event.id, kind = event.kind, outcome, "Event"),
    }
    Ok(outcome)
}

/// The whole body; `None` when it is too long or does not arrive.
async fn read(mut payload: web::Payload) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.ok()?;
        if body.len() + chunk.len() > LONGEST_BODY {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body)
}

impl Answer {
    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Received => (StatusCode::OK, "{\"received\":true}"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::TooLarge => (StatusCode::BAD_REQUEST, "Request body too large"),
            Self::MissingSignature => (StatusCode::BAD_REQUEST, "Missing Stripe-Signature header"),
            Self::InvalidSignature => (StatusCode::BAD_REQUEST, "Invalid signature"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "Too many requests with a bad signature"),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "Webhook processing failed"),
        }
    }

    fn into_response(self) -> HttpResponse {
        let (status, text) = self.status();
        let mut response = HttpResponse::build(status);
        if matches!(self, Self::Received) {
            response.insert_header((CONTENT_TYPE, "application/json"));
        } else {
            response.insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"));
            response.insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
        }
        response.body(format!("{text}\n"))
    }
}
