//! What happens to every request of the public listeners before a module sees it: which name it has in logs, whose
//! it is, whether it is one too many, whether its head is of a reasonable size, and that its body keeps coming.
//!
//! It knows paths only as far as the limits need; it never answers for a module.

use crate::auth::Authenticator;
use crate::config::Config;
use crate::limits::{
    ClientAddress, ForwardedHeader, LimitKey, NetworkError, RateLimit, TrustedProxies, too_many_requests,
};
use crate::telemetry::request::{HEADER, Place, RequestId, within};
use crate::telemetry::traces;
use actix_http::error::PayloadError;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use bytes::Bytes;
use futures_util::Stream;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// Largest sum of all cookies of a request, bytes.
const MOST_COOKIES: usize = 16 * 1024;
/// How long a body is waited for.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// A body that brings nothing for this long is given up.
    silence: Duration,
    /// After this time a body must have brought [`SLOWEST`] bytes a second on average.
    grace: Duration,
}

const PATIENCE: Patience = Patience { silence: Duration::from_secs(20), grace: Duration::from_secs(30) };
/// Bytes a second; the slowest telephone network is faster.
const SLOWEST: u64 = 256;

/// The door; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct FrontDoor {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    proxies: TrustedProxies,
    authenticator: Option<Authenticator>,
    sign_in: RateLimit,
    anonymous_calls: RateLimit,
    anonymous_writes: RateLimit,
    writes: RateLimit,
    uploads: RateLimit,
    /// `/realms/<realm>`
    realm: String,
}

/// What a request is, as far as limits care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    SignIn,
    Upload,
    Call,
    Write,
    Other,
}

impl FrontDoor {
    /// Limits and proxies of the configuration. The authenticator tells people apart; without it only addresses are.
    pub(super) fn new(config: &Config, authenticator: Option<Authenticator>) -> Result<Self, NetworkError> {
        let networks = config.web.trusted_proxies.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
        let header = match config.web.proxy_header {
            crate::config::ProxyHeader::XForwardedFor => ForwardedHeader::XForwardedFor,
            crate::config::ProxyHeader::Forwarded => ForwardedHeader::Forwarded,
        };
        let limits = &config.limits;
        // Half a minute's worth at once: pages ask for several things together.
        let limit = |rate: u32| RateLimit::per_minute(rate, rate.div_ceil(2));
        Ok(Self {
            inner: Arc::new(Inner {
                proxies: TrustedProxies::new(networks, header),
                authenticator,
                sign_in: limit(limits.sign_in),
                anonymous_calls: limit(limits.anonymous_calls),
                anonymous_writes: limit(limits.anonymous_writes),
                writes: limit(limits.writes),
                uploads: limit(limits.uploads),
                realm: format!("/realms/{}", config.identity.realm),
            }),
        })
    }

    /// Middleware step.
    ///
    /// # Errors
    /// Those of the service behind it.
    pub(super) async fn apply<B: MessageBody + 'static>(
        self,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        let trusted = request.peer_addr().is_some_and(|peer| self.inner.proxies.trusts(peer.ip().to_canonical()));
        let id = request_id(&mut request, trusted);
        let name = HeaderValue::from_str(id.as_str()).ok();
        let mut span = span_of(&request, trusted);
        if let Some(span) = &mut span {
            span.set("civic_os.request_id", id.as_str());
        }
        let place = Place { request: Some(id), span: span.as_ref().map(traces::Span::context) };
        let response = within(place, self.admit(request, next)).await;
        if let Some(mut span) = span {
            let status = match &response {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            span.set("http.response.status_code", i64::from(status.as_u16()));
            if status.is_server_error() {
                span.fail(status.to_string());
            }
        }
        let mut response = response?;
        if let Some(name) = name {
            response.headers_mut().insert(HeaderName::from_static(HEADER), name);
        }
        Ok(response)
    }

    async fn admit<B: MessageBody + 'static>(
        self,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        let inner = &*self.inner;
        let address = inner.client(&mut request);
        if let Some(address) = address {
            request.extensions_mut().insert(ClientAddress(address));
        }
        if let Some(refusal) = refused_head(&request) {
            return Ok(request.into_response(refusal).map_into_right_body());
        }
        if let Err((kind, wait)) = inner.admit(&request, address).await {
            tracing::warn!(?address, ?kind, "a request was one too many");
            return Ok(request.into_response(too_many_requests(wait)).map_into_right_body());
        }
        if has_body(&request) {
            let payload = Patient::new(request.take_payload(), PATIENCE);
            request.set_payload(Payload::Stream { payload: Box::pin(payload) });
        }
        Ok(next.call(request).await?.map_into_left_body())
    }
}

impl Inner {
    /// The client's address. What strangers say about forwarding is removed, so that nobody behind here believes it.
    fn client(&self, request: &mut ServiceRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip();
        let client = {
            let values = request.headers().get_all(self.proxies.header_name());
            self.proxies.client(peer, values.map(|value| value.to_str().unwrap_or("unreadable")))
        };
        if !self.proxies.trusts(peer.to_canonical()) {
            let headers = request.headers_mut();
            for name in ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"] {
                headers.remove(name);
            }
        }
        Some(client)
    }

    /// Counts the request; a refusal says how long to wait.
    async fn admit(&self, request: &ServiceRequest, address: Option<IpAddr>) -> Result<(), (Kind, Duration)> {
        let kind = self.kind(request.method(), request.path());
        let by_address = LimitKey::address(address);
        match kind {
            Kind::Other => Ok(()),
            Kind::SignIn => self.sign_in.check(by_address),
            Kind::Upload | Kind::Call | Kind::Write => match (kind, self.person(request).await) {
                (Kind::Upload, person) => self.uploads.check(person.unwrap_or(by_address)),
                (_, Some(person)) => self.writes.check(person),
                (Kind::Call, None) => self.anonymous_calls.check(by_address),
                (_, None) => self.anonymous_writes.check(by_address),
            },
        }
        .map_err(|wait| (kind, wait))
    }

    /// The person of a token that verifies. The verification is remembered: the API does not do it again.
    async fn person(&self, request: &ServiceRequest) -> Option<LimitKey> {
        let authenticator = self.authenticator.as_ref()?;
        if !request.headers().contains_key(header::AUTHORIZATION) {
            return None;
        }
        let headers = request.headers().get_all(header::AUTHORIZATION).map(|value| value.as_bytes());
        let identity = authenticator.authenticate_headers(headers).await.ok()?;
        identity.subject.as_deref().map(LimitKey::person)
    }

    fn kind(&self, method: &Method, path: &str) -> Kind {
        let writes = matches!(*method, Method::POST | Method::PUT | Method::PATCH | Method::DELETE);
        if !writes {
            return Kind::Other;
        }
        if let Some(rest) = path.strip_prefix(&self.realm) {
            let signs_in = rest.starts_with("/login-actions/") || rest.ends_with("/auth");
            return if signs_in || rest.starts_with("/account") { Kind::SignIn } else { Kind::Other };
        }
        // `api.listen` has the same paths without the prefix.
        let rest = path.strip_prefix("/api").unwrap_or(path);
        match rest {
            "/rpc/request_upload_url" | "/rpc/request_upload" | "/file_upload_requests" => Kind::Upload,
            rest if rest.starts_with("/files/upload") => Kind::Upload,
            // Signed events of the payment provider are never limited; failing signatures are, where they are checked.
            rest if rest.starts_with("/webhooks/") => Kind::Other,
            rest if rest.starts_with("/rpc/") => Kind::Call,
            _ => Kind::Write,
        }
    }
}

/// The name that a trusted proxy gave the request, or a new one; SQL sees it among `request.headers`.
fn request_id(request: &mut ServiceRequest, trusted: bool) -> RequestId {
    let given = request.headers().get(HEADER).filter(|_| trusted).and_then(|value| value.to_str().ok());
    let id = given.and_then(RequestId::of_proxy).unwrap_or_else(RequestId::fresh);
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        request.headers_mut().insert(HeaderName::from_static(HEADER), value);
    }
    id
}

/// The request as a step of a trace; strangers do not say which one. Its name has few values: what is asked, not of which row.
fn span_of(request: &ServiceRequest, trusted: bool) -> Option<traces::Span> {
    let given = request.headers().get("traceparent").filter(|_| trusted).and_then(|value| value.to_str().ok());
    let (method, path) = (request.method().as_str(), request.path());
    let name = || {
        let mut parts = path.split('/').skip(1);
        match (parts.next().unwrap_or_default(), parts.next(), parts.next()) {
            ("api", Some("rpc"), Some(function)) => format!("{method} /api/rpc/{function}"),
            ("api", Some(relation), _) => format!("{method} /api/{relation}"),
            (first, ..) => format!("{method} /{first}"),
        }
    };
    let mut span = traces::server(given, name)?;
    span.set("http.request.method", method);
    span.set("url.path", path);
    Some(span)
}

/// Heads that no browser of ours sends.
fn refused_head(request: &ServiceRequest) -> Option<HttpResponse> {
    let cookies: usize = request.headers().get_all(header::COOKIE).map(|value| value.len()).sum();
    (cookies > MOST_COOKIES).then(|| {
        HttpResponse::RequestHeaderFieldsTooLarge()
            .content_type("text/plain; charset=utf-8")
            .body("The cookies of this site are too large. Delete them in your browser and try again.\n")
    })
}

fn has_body(request: &ServiceRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get(header::CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0")
}

/// A body that is given up when it stops coming or only trickles.
struct Patient {
    body: Payload,
    patience: Patience,
    started: Instant,
    received: u64,
    silence: Pin<Box<Sleep>>,
}

impl Patient {
    fn new(body: Payload, patience: Patience) -> Self {
        let silence = Box::pin(tokio::time::sleep(patience.silence));
        Self { body, patience, started: Instant::now(), received: 0, silence }
    }

    fn given_up() -> PayloadError {
        PayloadError::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the body did not arrive in time"))
    }
}

/// Bytes that must have come by now.
fn slowest(elapsed: Duration) -> u64 {
    SLOWEST * u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX) / 1_000
}

impl Stream for Patient {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match Pin::new(&mut self.body).poll_next(context) {
            Poll::Ready(Some(Ok(bytes))) => {
                self.received += bytes.len() as u64;
                let elapsed = self.started.elapsed();
                if elapsed > self.patience.grace && self.received < slowest(elapsed) {
                    return Poll::Ready(Some(Err(Self::given_up())));
                }
                let deadline = Instant::now() + self.patience.silence;
                self.silence.as_mut().reset(deadline);
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Pending => match self.silence.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(Self::given_up()))),
                Poll::Pending => Poll::Pending,
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(change: impl FnOnce(&mut Config)) -> FrontDoor {
        let mut config = Config::default();
        change(&mut config);
        FrontDoor::new(&config, None).expect("door")
    }

    #[test]
    fn paths_are_of_a_kind() {
        let door = door(|_| {});
        let kind = |method: Method, path: &str| door.inner.kind(&method, path);
        assert_eq!(kind(Method::POST, "/realms/civic-os/login-actions/authenticate"), Kind::SignIn);
        assert_eq!(kind(Method::GET, "/realms/civic-os/login-actions/authenticate"), Kind::Other);
        assert_eq!(kind(Method::POST, "/realms/civic-os/protocol/openid-connect/token"), Kind::Other);
        assert_eq!(kind(Method::POST, "/api/service_requests"), Kind::Write);
        assert_eq!(kind(Method::GET, "/api/service_requests"), Kind::Other);
        assert_eq!(kind(Method::POST, "/api/rpc/has_permission"), Kind::Call);
        assert_eq!(kind(Method::POST, "/api/rpc/request_upload_url"), Kind::Upload);
        assert_eq!(kind(Method::POST, "/webhooks/stripe"), Kind::Other);
    }

    #[test]
    fn a_wrong_network_is_named() {
        let mut config = Config::default();
        config.web.trusted_proxies = vec!["10.0.0.0/99".into()];
        assert!(FrontDoor::new(&config, None).is_err_and(|error| error.to_string().contains("10.0.0.0/99")));
    }

    #[tokio::test]
    async fn a_body_that_stops_is_given_up_and_one_that_trickles_too() {
        use futures_util::StreamExt;
        let short = Duration::from_millis(20);
        let long = Duration::from_secs(3600);
        let silent = futures_util::stream::pending::<Result<Bytes, PayloadError>>();
        let patience = Patience { silence: short, grace: long };
        let mut patient = Patient::new(Payload::Stream { payload: Box::pin(silent) }, patience);
        let started = Instant::now();
        assert!(patient.next().await.is_some_and(|item| item.is_err()));
        assert!(started.elapsed() >= short);

        // Never silent for long, and never enough: a byte each ten milliseconds is less than is asked for.
        let trickle = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok(Bytes::from_static(b"x")), ()))
        });
        let patience = Patience { silence: long, grace: short };
        let mut patient = Patient::new(Payload::Stream { payload: Box::pin(trickle) }, patience);
        let started = Instant::now();
        let mut received = 0;
        while let Some(Ok(_)) = patient.next().await {
            received += 1;
        }
        assert!(received > 0 && started.elapsed() >= short, "{received} bytes");

        let whole = futures_util::stream::iter([Ok(Bytes::from_static(b"all at once"))]);
        let mut patient = Patient::new(Payload::Stream { payload: Box::pin(whole) }, PATIENCE);
        assert_eq!(patient.next().await.and_then(Result::ok), Some(Bytes::from_static(b"all at once")));
        assert!(patient.next().await.is_none());
    }
}
