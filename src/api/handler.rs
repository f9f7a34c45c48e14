//! The actix handler: authenticate, parse, plan, execute, respond, in this order.
//!
//! Orchestration only; each step has its module. Every answer of the API leaves through [`Exit::send`].

use super::Inner;
use super::access_log::{self, Logged, StatementLog};
use super::cors;
use super::error::{ApiError, ErrorAnswer};
use super::execute::{Caller, execute, inspect};
use super::plan::{Plan, plan};
use super::request::media_type::MediaType;
use super::request::preferences::Preferences;
use super::request::{Action, ApiRequest, RawRequest};
use super::response::{Answer, answer_to, inspected, openapi, options};
use super::settings::ApiSettings;
use super::sql::Columns;
use crate::auth::Identity;
use crate::db::{DbError, LargeValue};
use crate::memory::{self, Place, Room};
use crate::schema_cache::SchemaCache;
use crate::telemetry::request::{self, RequestId};
use actix_web::body::{BodySize, BoxBody, MessageBody, SizedStream};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Milliseconds per step, for `Server-Timing`.
#[derive(Default)]
struct Timing {
    enabled: bool,
    steps: [Option<f64>; 5],
}

/// The dialect that is spoken, as clients look for it, and who speaks it.
const SERVER: &str = concat!("postgrest/13.0.7 civic-os/", env!("CARGO_PKG_VERSION"));

/// What a body takes beyond what has arrived, so that not every piece asks; bytes.
const ROOM_STEP: usize = 256 * 1024;
/// How long a body waits for room: so long, and as long again for each megabyte that it has.
const ROOM_PATIENCE: Duration = Duration::from_millis(500);
const ROOM_PATIENCE_AT_MOST: Duration = Duration::from_secs(10);

const STEPS: [&str; 5] = ["jwt", "parse", "plan", "transaction", "response"];

impl Timing {
    fn start(&self) -> Option<Instant> {
        self.enabled.then(Instant::now)
    }

    fn stop(&mut self, step: usize, start: Option<Instant>) {
        if let Some(start) = start {
            self.steps[step] = Some(start.elapsed().as_secs_f64() * 1000.0);
        }
    }

    fn header(&self) -> String {
        let mut text = String::new();
        for (at, (name, step)) in STEPS.iter().zip(self.steps).enumerate() {
            if at > 0 {
                text.push_str(", ");
            }
            if let Some(milliseconds) = step {
                let _ = write!(text, "{name};dur={milliseconds:.1}");
            }
        }
        text
    }
}

/// What is learned about a request on its way.
struct Notes {
    timing: Timing,
    identity: Option<Arc<Identity>>,
    statements: StatementLog,
}

/// Answers one request.
pub(super) async fn handle(
    inner: &Inner,
    mount: &'static str,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let started = Instant::now();
    let settings = inner.settings.current();
    let mut notes = Notes {
        timing: Timing { enabled: settings.server_timing_enabled, ..Timing::default() },
        identity: None,
        statements: StatementLog::new(&settings),
    };
    let response = Box::pin(answer(inner, &settings, mount, &request, payload, &mut notes)).await;
    let size = match response.body().size() {
        BodySize::Sized(size) => Some(size),
        BodySize::None | BodySize::Stream => None,
    };
    let role = notes.identity.as_ref().map(|identity| identity.role.as_str());
    let (status, statements) = (response.status().as_u16(), &notes.statements);
    access_log::write(&settings, &Logged { request: &request, role, status, size, started, statements });
    response
}

async fn answer(
    inner: &Inner,
    settings: &ApiSettings,
    mount: &'static str,
    request: &HttpRequest,
    payload: web::Payload,
    notes: &mut Notes,
) -> HttpResponse {
    let mut exit = Exit::new(settings, request);
    if request.method() == actix_web::http::Method::OPTIONS
        && let Some(origin) = exit.origin.as_deref()
        && request.headers().contains_key("access-control-request-method")
    {
        let requested = request.headers().get("access-control-request-headers").and_then(|value| value.to_str().ok());
        let mut answer = Answer::new(200, Some(Bytes::new()));
        for (name, value) in cors::preflight(settings, origin, requested) {
            answer.header(name, value);
        }
        exit.origin = None;
        return exit.send(Ok(answer), false);
    }
    let (result, anonymous) = Box::pin(pipeline(inner, settings, mount, request, payload, notes)).await;
    exit.timing = settings.server_timing_enabled.then(|| notes.timing.header());
    exit.send(result, anonymous)
}

async fn pipeline(
    inner: &Inner,
    settings: &ApiSettings,
    mount: &'static str,
    http: &HttpRequest,
    payload: web::Payload,
    notes: &mut Notes,
) -> (Result<Answer, ApiError>, bool) {
    let Notes { timing, identity: known, statements } = notes;
    let statements = &*statements;
    let started = timing.start();
    let authorization = http.headers().get_all("authorization").map(|value| value.as_bytes());
    let identity = match inner.authenticator.authenticate_headers(authorization).await {
        Ok(identity) => identity,
        Err(error) => return (Err(error.into()), true),
    };
    timing.stop(0, started);
    *known = Some(Arc::clone(&identity));
    let anonymous = identity.anonymous;
    let result = async {
        let cache = inner.schema_cache.current().ok_or(ApiError::NoSchemaCache)?;
        let body = read_body(http, payload, settings.max_body_bytes, inner.db.room()).await?;
        let started = timing.start();
        let headers: Vec<(&str, &str)> = http
            .headers()
            .iter()
            .filter_map(|(name, value)| std::str::from_utf8(value.as_bytes()).ok().map(|value| (name.as_str(), value)))
            .collect();
        let path = http.uri().path();
        let raw = RawRequest {
            method: http.method().as_str(),
            path: path.strip_prefix(mount).unwrap_or(path),
            query: http.uri().query().unwrap_or_default(),
            headers: &headers,
            body,
        };
        let request = ApiRequest::parse(&raw, settings, |name| cache.timezones.contains(name))?;
        timing.stop(1, started);
        let started = timing.start();
        let planned = plan(&request, &cache, settings)?;
        timing.stop(2, started);
        match planned {
            Plan::Info(allow) => {
                let started = timing.start();
                let answer = options(allow);
                timing.stop(4, started);
                Ok(answer)
            }
            Plan::Inspect { head, media_type } => {
                let started = timing.start();
                let caller = Caller { identity: &identity, raw: &raw, request: &request, statements };
                let row = inspect(inner, settings, &caller).await?;
                timing.stop(3, started);
                let started = timing.start();
                let visible =
                    row.text(Columns::VALUE.body).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                let document = openapi::document(&cache, settings, &request.schema, mount, &visible);
                let answer = inspected(&request, &media_type, head, document, &row);
                timing.stop(4, started);
                answer
            }
            Plan::Db(plan) => {
                let started = timing.start();
                let caller = Caller { identity: &identity, raw: &raw, request: &request, statements };
                let outcome = match execute(inner, settings, &caller, &plan).await {
                    Err(ApiError::PreconditionFailed { .. }) => {
                        return Err(precondition_failed(inner, settings, &caller, &cache).await?);
                    }
                    other => other?,
                };
                timing.stop(3, started);
                let started = timing.start();
                let answer = answer_to(mount, &request, &plan, outcome);
                timing.stop(4, started);
                answer
            }
        }
    }
    .await;
    (result, anonymous)
}

/// The refusal of a change that was made from an old version, with the row as it is now (D-32).
async fn precondition_failed(
    inner: &Inner,
    settings: &ApiSettings,
    caller: &Caller<'_>,
    cache: &SchemaCache,
) -> Result<ApiError, ApiError> {
    let mut request = caller.request.clone();
    request.action = Action::Read { head: false };
    request.accept = vec![MediaType::Object { stripped: false }];
    request.preferences = Preferences { timezone: request.preferences.timezone, ..Preferences::default() };
    request.payload = None;
    let Plan::Db(mut plan) = plan(&request, cache, settings)? else {
        return Err(ApiError::Internal("a read is a statement"));
    };
    plan.singular = false;
    let caller = Caller { request: &request, ..*caller };
    let outcome = execute(inner, settings, &caller, &plan).await?;
    let columns = Columns::of(&plan);
    let row = outcome.result.rows.first();
    let one = row.filter(|row| row.int(columns.page) == Some(1));
    Ok(ApiError::PreconditionFailed {
        current: one.and_then(|row| row.bytes(columns.body)),
        etag: one
            .filter(|_| plan.with_version)
            .and_then(|row| row.text(columns.last))
            .map(|version| format!("W/\"{version}\"")),
    })
}

/// The body, as long as it is not larger than `limit`. A large one takes room as it arrives, twice its size: it is copied once on its way to the database.
async fn read_body(
    http: &HttpRequest,
    mut payload: web::Payload,
    limit: usize,
    room: &Room,
) -> Result<Bytes, ApiError> {
    let announced = http.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|announced| announced > limit) {
        return Err(ApiError::BodyTooLarge);
    }
    let mut first: Option<Bytes> = None;
    let mut rest: Option<BytesMut> = None;
    let mut place = Place::default();
    let mut length = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| ApiError::InvalidBody("The request body ended early".into()))?;
        length += chunk.len();
        if length > limit {
            return Err(ApiError::BodyTooLarge);
        }
        if length > memory::SMALL && place.bytes() < 2 * length {
            // Who has more already waits longer: of two that wait for each other, one gives up first.
            let megabytes = u32::try_from(place.bytes() >> 20).unwrap_or(u32::MAX);
            let patience = ROOM_PATIENCE.saturating_mul(megabytes.saturating_add(1)).min(ROOM_PATIENCE_AT_MOST);
            if !room.grow(&mut place, 2 * length + ROOM_STEP, patience).await {
                return Err(ApiError::NoRoom);
            }
        }
        match (&mut first, &mut rest) {
            (_, Some(rest)) => rest.extend_from_slice(&chunk),
            // Most bodies are one chunk, which is not copied.
            (None, None) => first = Some(chunk),
            (Some(start), None) => {
                // No room for what is only announced: a thousand strangers could announce a lot.
                let mut all = BytesMut::with_capacity(start.len() + chunk.len());
                all.extend_from_slice(start);
                all.extend_from_slice(&chunk);
                rest = Some(all);
            }
        }
    }
    Ok(place.hold(rest.map(BytesMut::freeze).or(first).unwrap_or_default()))
}

/// How answers leave: adds what every answer has.
struct Exit<'a> {
    settings: &'a ApiSettings,
    origin: Option<String>,
    trace: Option<(String, String)>,
    timing: Option<String>,
    is_head: bool,
}

impl<'a> Exit<'a> {
    fn new(settings: &'a ApiSettings, request: &HttpRequest) -> Self {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            settings,
            origin: text("origin"),
            trace: settings.server_trace_header.as_ref().map(|name| (name.clone(), text(name).unwrap_or_default())),
            timing: None,
            is_head: request.method() == actix_web::http::Method::HEAD,
        }
    }

    fn send(&self, result: Result<Answer, ApiError>, anonymous: bool) -> HttpResponse {
        let mut answer = match result {
            Ok(answer) => answer,
            Err(error) => self.refusal(&error, anonymous),
        };
        if let Some(origin) = &self.origin {
            let is_cut = answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("x-max-rows"));
            for (name, value) in cors::simple(self.settings, origin, is_cut) {
                if !answer.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                    answer.header(name, value);
                }
            }
        }
        if !answer.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case("server")) {
            answer.header("Server", SERVER);
        }
        if let Some((name, value)) = &self.trace {
            answer.header(name, value.clone());
        }
        if let Some(timing) = &self.timing {
            answer.header("Server-Timing", timing.clone());
        }
        http_response(answer, self.is_head)
    }

    fn refusal(&self, error: &ApiError, anonymous: bool) -> Answer {
        let ErrorAnswer { status, reason, code, headers, body } = error.answer(anonymous);
        if status >= 500 {
            let id = request::current();
            let request_id = id.as_ref().map(RequestId::as_str);
            tracing::warn!(status, code = %code, request_id, error = %error, "Request failed");
        }
        let mut answer = Answer::new(status, (!self.is_head).then_some(body));
        answer.reason = reason;
        if let ApiError::OffsetBeyondTotal { total, .. } = error {
            answer.header("Content-Range", format!("*/{total}"));
        } else {
            answer.header("Proxy-Status", format!("PostgREST; error={code}"));
        }
        answer.headers.extend(headers);
        if !answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            answer.header("Content-Type", "application/json; charset=utf-8");
        }
        answer
    }
}

fn http_response(answer: Answer, is_head: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::new(status);
    if let Some(reason) = answer.reason {
        response.head_mut().reason = Some(reason::intern(reason));
    }
    for (name, value) in answer.headers {
        // A function may have set anything; what HTTP does not allow is left out.
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value)) else {
            continue;
        };
        response.headers_mut().append(name, value);
    }
    let body = match (answer.large_body, answer.body) {
        (Some(value), _) => BoxBody::new(SizedStream::new(value.len() as u64, in_parts(value))),
        (None, body) => whole(body, answer.status, is_head),
    };
    response.set_body(body)
}

fn whole(body: Option<Bytes>, status: u16, is_head: bool) -> BoxBody {
    match body {
        Some(body) if body.len() > SLICE => BoxBody::new(SizedStream::new(body.len() as u64, slices(body))),
        Some(body) => BoxBody::new(body),
        // Without a length the client would wait for the connection's end, unless the status or method says it all.
        None if !is_head && !matches!(status, 204 | 304) => BoxBody::new(Bytes::new()),
        None => BoxBody::new(actix_web::body::None::new()),
    }
}

/// Bytes of a body that are handed on at once.
const SLICE: usize = 64 * 1024;

/// A body in slices of itself: what is handed on is copied, and copied whole it would be in memory twice.
fn slices(mut body: Bytes) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    futures_util::stream::iter(std::iter::from_fn(move || {
        (!body.is_empty()).then(|| Ok(body.split_to(body.len().min(SLICE))))
    }))
}

/// The chunks of a large body. One that ends early is an error, which closes the connection: the client sees that the
/// answer is incomplete.
fn in_parts(mut value: LargeValue) -> impl futures_util::Stream<Item = Result<Bytes, DbError>> {
    let mut left = value.len();
    futures_util::stream::poll_fn(move |context| {
        let chunk = std::task::ready!(value.poll_next(context));
        std::task::Poll::Ready(match chunk {
            Some(Ok(chunk)) => {
                left -= chunk.len().min(left);
                Some(Ok(chunk))
            }
            Some(Err(error)) => Some(Err(error)),
            None if left > 0 => Some(Err(DbError::Protocol("the answer broke off".into()))),
            None => None,
        })
    })
}

/// Reason phrases that functions choose. HTTP wants a static text, so each is kept; their number is bounded.
mod reason {
    use std::collections::HashSet;
    use std::sync::{LazyLock, Mutex, PoisonError};

    const MAX_PHRASES: usize = 256;
    const MAX_LENGTH: usize = 128;
    static PHRASES: LazyLock<Mutex<HashSet<&'static str>>> = LazyLock::new(Mutex::default);

    /// The phrase as a static text; a fixed one when it is too long, not printable, or one too many.
    pub(super) fn intern(phrase: String) -> &'static str {
        let printable = phrase.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if !printable || phrase.len() > MAX_LENGTH {
            return "Custom";
        }
        let mut phrases = PHRASES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = phrases.get(phrase.as_str()) {
            return known;
        }
        if phrases.len() >= MAX_PHRASES {
            return "Custom";
        }
        let kept: &'static str = Box::leak(phrase.into_boxed_str());
        phrases.insert(kept);
        kept
    }
}
