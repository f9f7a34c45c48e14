//! The listener of the store: HTTP/1.1, CORS for browsers, headers that keep what people upload from acting as a page of ours.

use super::access::Access;
use super::keys::KEPT;
use super::service::Service;
use super::{Folder, StoreCredentials, StoreError};
use http_body_util::{BodyExt, Either, Empty};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use std::convert::Infallible;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at the same time; more wait in the listener's backlog.
const CONNECTIONS: usize = 512;

/// What a store is made of.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Where its objects lie.
    pub folder: PathBuf,
    /// The key that signs.
    pub credentials: StoreCredentials,
    /// Buckets that exist from the start.
    pub buckets: Vec<String>,
    /// Whether single objects may be read without a signature.
    pub public: bool,
    /// Bytes of the largest object.
    pub largest_object: u64,
}

/// A running store.
pub struct ObjectStore {
    stop: CancellationToken,
    /// Ends with `stop`.
    accepting: Vec<JoinHandle<()>>,
    connections: TaskTracker,
}

/// The store's one pair of keys; another id is refused in S3's own words.
struct OneKey {
    id: String,
    secret: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> s3s::S3Result<SecretKey> {
        if access_key == self.id { Ok(self.secret.clone()) } else { Err(s3s::s3_error!(InvalidAccessKeyId)) }
    }
}

impl ObjectStore {
    /// Serves the folder on bound listeners.
    ///
    /// # Errors
    /// [`StoreError`]: the folder cannot be opened, or a listener not used.
    pub fn start(options: StoreOptions, listeners: Vec<TcpListener>) -> Result<Self, StoreError> {
        let folder = Arc::new(Folder::open(&options.folder)?);
        for bucket in &options.buckets {
            folder.create_bucket(bucket)?;
        }
        let mut builder = S3ServiceBuilder::new(Service { folder: folder.clone(), largest: options.largest_object });
        let secret = options.credentials.secret_access_key.expose().unwrap_or_default();
        builder.set_auth(OneKey { id: options.credentials.access_key_id.clone(), secret: secret.into() });
        builder.set_access(Access { public: options.public });
        let service = builder.build();
        let (stop, connections) = (CancellationToken::new(), TaskTracker::new());
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        let mut accepting = vec![tokio::spawn(forget_keys(Arc::downgrade(&folder), stop.clone()))];
        for listener in listeners {
            listener.set_nonblocking(true).map_err(StoreError::Listen)?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(StoreError::Listen)?;
            accepting.push(tokio::spawn(accept(
                listener,
                service.clone(),
                slots.clone(),
                connections.clone(),
                stop.clone(),
            )));
        }
        Ok(Self { stop, accepting, connections })
    }

    /// Stops accepting, lets running requests end, at most for this time.
    pub async fn stop(self, deadline: Duration) {
        self.stop.cancel();
        for task in self.accepting {
            let _ = task.await;
        }
        self.connections.close();
        let _ = tokio::time::timeout(deadline, self.connections.wait()).await;
    }
}

/// Forgets keys of buckets that nobody lists any more.
async fn forget_keys(folder: Weak<Folder>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(KEPT)).await.is_some() {
        let (Some(folder), Some(moment)) = (folder.upgrade(), Instant::now().checked_sub(KEPT)) else { continue };
        // Hundreds of thousands of small values are given back: not among those who answer.
        let _ = tokio::task::spawn_blocking(move || folder.forget_keys_unused_since(moment)).await;
    }
}

async fn accept(
    listener: tokio::net::TcpListener,
    service: S3Service,
    slots: Arc<Semaphore>,
    connections: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let socket = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    // Out of descriptors, mostly: others will close theirs.
                    tracing::warn!(error = &error as &dyn std::error::Error, "The object store could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let _ = socket.set_nodelay(true);
        let (service, stop) = (service.clone(), stop.clone());
        connections.spawn(async move {
            let _slot = slot;
            let answer = service_fn(move |request| answer(service.clone(), request));
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(30))
                .serve_connection(TokioIo::new(socket), answer);
            tokio::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => {}
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        });
    }
}

type Answer = Response<Either<s3s::Body, Empty<bytes::Bytes>>>;

async fn answer(service: S3Service, request: Request<hyper::body::Incoming>) -> Result<Answer, Infallible> {
    let origin = request.headers().contains_key(header::ORIGIN);
    let asked = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    if request.method() == Method::OPTIONS {
        let mut preflight = Response::new(Either::Right(Empty::new()));
        *preflight.status_mut() = StatusCode::NO_CONTENT;
        let headers = preflight.headers_mut();
        allow_origin(headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, PUT, POST, DELETE"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(HeaderValue::from_static("content-type")));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        return Ok(preflight);
    }
    let (parts, body) = request.into_parts();
    let request = Request::from_parts(parts, s3s::Body::http_body_unsync(body.map_err(std::io::Error::other)));
    let mut response = match service.call(request).await {
        Ok(response) => response.map(Either::Left),
        Err(_) => {
            let mut failed = Response::new(Either::Right(Empty::new()));
            *failed.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            failed
        }
    };
    if origin {
        allow_origin(response.headers_mut());
    }
    disarm(response.headers_mut());
    Ok(response)
}

/// No cookie and no other ambient right counts here, only signatures: any page may ask.
fn allow_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Content-Length, Content-Range, Content-Type, Last-Modified"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
}

/// People upload pages and drawings with scripts too; here they stay without effect. Documents that browsers show in viewers of their own cannot be sandboxed.
fn disarm(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let shown = kind == "application/pdf"
        || kind.starts_with("video/")
        || kind.starts_with("audio/")
        || (kind.starts_with("image/") && kind != "image/svg+xml");
    if !shown {
        headers.insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        );
    }
}
