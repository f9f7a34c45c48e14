//! Liveness, readiness, metrics and the schema cache on a port of their own (POSTGREST.md §20, SURFACE.md §3).
//!
//! The modules hand in what they know as closures; this one knows none of them. Nothing here needs a token: the listener is for the
//! machine itself and is bound to loopback by default. Tests: `tests/it/serve`.

use crate::lifecycle::Lifecycle;
use crate::telemetry;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::future::BoxFuture;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Whether something that readiness depends on is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// It is.
    Ready,
    /// Not yet, or not now; the text says what is missing.
    Waiting(String),
}

type ReadyCheck = Arc<dyn Fn() -> BoxFuture<'static, Condition> + Send + Sync>;
type MetricSource = Arc<dyn Fn(&mut String) + Send + Sync>;
type DumpSource = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// What the admin listener can tell; filled by [`crate::app`] while it starts the modules.
#[derive(Clone, Default)]
pub struct Admin {
    lifecycle: Lifecycle,
    main_listeners: Vec<SocketAddr>,
    main_sockets: Vec<PathBuf>,
    checks: Vec<(&'static str, ReadyCheck)>,
    metrics: Vec<MetricSource>,
    schema_cache: Option<DumpSource>,
}

impl Admin {
    /// Knows only whether the process is stopping.
    pub fn new(lifecycle: Lifecycle) -> Self {
        Self { lifecycle, ..Self::default() }
    }

    /// A listener that has to accept connections for the process to count as alive.
    pub fn add_listener(&mut self, address: SocketAddr) {
        self.main_listeners.push(address);
    }

    /// A unix socket that has to accept connections for the process to count as alive.
    pub fn add_socket(&mut self, path: PathBuf) {
        self.main_sockets.push(path);
    }

    /// A named condition of readiness.
    pub fn add_check(
        &mut self,
        name: &'static str,
        check: impl Fn() -> BoxFuture<'static, Condition> + Send + Sync + 'static,
    ) {
        self.checks.push((name, Arc::new(check)));
    }

    /// Appends lines in Prometheus' text format.
    pub fn add_metrics(&mut self, source: impl Fn(&mut String) + Send + Sync + 'static) {
        self.metrics.push(Arc::new(source));
    }

    /// The document behind `/schema_cache`; `None` while nothing is loaded.
    pub fn set_schema_cache(&mut self, source: impl Fn() -> Option<String> + Send + Sync + 'static) {
        self.schema_cache = Some(Arc::new(source));
    }

    /// Mounts the routes.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        for (path, handler) in [
            ("/live", Endpoint::Live),
            ("/ready", Endpoint::Ready),
            ("/metrics", Endpoint::Metrics),
            ("/schema_cache", Endpoint::SchemaCache),
        ] {
            let admin = self.clone();
            routes.service(web::resource(path).to(move |request: HttpRequest| {
                let admin = admin.clone();
                async move {
                    match (request.method().as_str(), handler) {
                        ("GET" | "HEAD", Endpoint::Live) => admin.live().await,
                        ("GET" | "HEAD", Endpoint::Ready) => admin.ready().await,
                        ("GET" | "HEAD", Endpoint::Metrics) => admin.render_metrics(),
                        ("GET" | "HEAD", Endpoint::SchemaCache) => admin.dump_schema_cache(),
                        _ => HttpResponse::NotFound().finish(),
                    }
                }
            }));
        }
    }

    async fn live(&self) -> HttpResponse {
        match self.unreachable_listener().await {
            None => HttpResponse::Ok().finish(),
            Some(address) => {
                text(StatusCode::INTERNAL_SERVER_ERROR, format!("{address} does not accept connections\n"))
            }
        }
    }

    async fn ready(&self) -> HttpResponse {
        if let Some(address) = self.unreachable_listener().await {
            return text(StatusCode::INTERNAL_SERVER_ERROR, format!("{address} does not accept connections\n"));
        }
        let mut waiting = String::new();
        if !self.lifecycle.is_serving() {
            waiting.push_str("process: starting or stopping\n");
        }
        for (name, check) in &self.checks {
            if let Condition::Waiting(reason) = check().await {
                waiting.push_str(&format!("{name}: {reason}\n"));
            }
        }
        if waiting.is_empty() {
            text(StatusCode::OK, "ready\n".to_owned())
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, waiting)
        }
    }

    fn render_metrics(&self) -> HttpResponse {
        let mut body = String::new();
        for source in &self.metrics {
            source(&mut body);
        }
        body.push_str(&telemetry::metrics::render());
        body.push_str("# HELP civic_os_build_info The running version\n# TYPE civic_os_build_info gauge\n");
        body.push_str(concat!("civic_os_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"));
        HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(body)
    }

    fn dump_schema_cache(&self) -> HttpResponse {
        match self.schema_cache.as_ref().and_then(|source| source()) {
            Some(json) => {
                HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json; charset=utf-8")).body(json)
            }
            None => text(StatusCode::SERVICE_UNAVAILABLE, "The schema cache is not loaded yet\n".to_owned()),
        }
    }

    async fn unreachable_listener(&self) -> Option<String> {
        for address in &self.main_listeners {
            let mut target = *address;
            if target.ip().is_unspecified() {
                target.set_ip(if target.is_ipv4() {
                    [127, 0, 0, 1].into()
                } else {
                    std::net::Ipv6Addr::LOCALHOST.into()
                });
            }
            let connected = tokio::time::timeout(Duration::from_secs(2), tokio::net::TcpStream::connect(target)).await;
            if !matches!(connected, Ok(Ok(_))) {
                return Some(address.to_string());
            }
        }
        for path in &self.main_sockets {
            let connected = tokio::time::timeout(Duration::from_secs(2), tokio::net::UnixStream::connect(path)).await;
            if !matches!(connected, Ok(Ok(_))) {
                return Some(path.display().to_string());
            }
        }
        None
    }
}

#[derive(Clone, Copy)]
enum Endpoint {
    Live,
    Ready,
    Metrics,
    SchemaCache,
}

fn text(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(body)
}
