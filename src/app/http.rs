//! The HTTP servers of a process: which module answers on which listener.

use super::AppError;
use super::files::configure_downloads;
use super::front_door::FrontDoor;
use super::heads::{Heads, Refusal};
use super::http_metrics;
use super::listeners::Listeners;
use super::who_am_i::WhoAmI;
use crate::admin::Admin;
use crate::api::Api;
use crate::events::Events;
use crate::files::Downloads;
use crate::identity::Provider;
use crate::notifications::Notifications;
use crate::payments::{Sandbox, Webhook};
use crate::spreadsheets::Spreadsheets;
use crate::web::{RuntimeConfig, SecurityPolicy, Web, compress_answers};
use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol, Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::http::header;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpResponse, web};
use futures_util::future::{join_all, select_all};
use std::future::ready;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// A client that has not finished its request head after this time is dropped.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Idle connections are kept this long: longer than what proxies in front keep theirs.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// A connection that is being closed gets this long to take the last bytes.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Whoever was accepted last gets this long to send a request, where others can wait for the next process.
const FIRST_REQUEST: Duration = Duration::from_millis(250);
/// Running requests get this long at shutdown, seconds.
const DRAIN_SECONDS: u64 = 25;

/// What the listeners serve.
#[derive(Default)]
pub(super) struct Site {
    pub(super) api: Option<Api>,
    pub(super) provider: Option<Provider>,
    pub(super) who_am_i: Option<WhoAmI>,
    pub(super) downloads: Option<Downloads>,
    pub(super) spreadsheets: Option<Spreadsheets>,
    pub(super) runtime_config: Option<RuntimeConfig>,
    pub(super) public_url: String,
    pub(super) admin: Option<Admin>,
    pub(super) webhook: Option<Webhook>,
    pub(super) sandbox: Option<Sandbox>,
    pub(super) notifications: Option<Notifications>,
    pub(super) events: Option<Events>,
    /// In front of the public listeners; not in plain mode, which behaves as PostgREST does.
    pub(super) door: Option<FrontDoor>,
    /// In front of the listener for webhooks alone.
    pub(super) payments_door: FrontDoor,
    /// Certificates of the public listeners.
    pub(super) tls: Option<rustls::ServerConfig>,
    /// A foreign client's folder.
    pub(super) web_root: Option<PathBuf>,
}

/// The running servers.
pub(super) struct Servers {
    handles: Vec<ServerHandle>,
    tasks: Vec<JoinHandle<std::io::Result<()>>>,
    /// What the next sockets speak.
    tls: Option<rustls::ServerConfig>,
    /// Whether who connects after the end waits for the next process.
    outlive_process: bool,
}

impl Servers {
    /// Starts one server per kind of listener.
    pub(super) fn start(listeners: Listeners, site: Site) -> Result<Self, AppError> {
        let mut servers = Self {
            handles: Vec::new(),
            tasks: Vec::new(),
            tls: site.tls.clone(),
            outlive_process: listeners.outlive_process,
        };
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let Listeners {
            web: web_sockets,
            api: api_sockets,
            api_socket,
            payments: payments_sockets,
            admin: admin_sockets,
            redirect: redirect_sockets,
            ..
        } = listeners;
        if let (Some(api), Some(runtime_config)) = (&site.api, &site.runtime_config) {
            let policy = SecurityPolicy::new(runtime_config, &site.public_url, site.web_root.is_some());
            let mut client = Web::new(runtime_config, &site.public_url);
            if let Some(root) = &site.web_root {
                let failed = |source| AppError::WebRoot { path: root.clone(), source };
                client = client.with_foreign_client(root, policy.clone()).map_err(failed)?;
            }
            let (api, provider, door) = (api.clone(), site.provider.clone(), site.door.clone().unwrap_or_default());
            let who_am_i = site.who_am_i.clone();
            let (notifications, events) = (site.notifications.clone(), site.events.clone());
            let downloads = site.downloads.clone();
            let (webhook, sandbox) = (site.webhook.clone(), site.sandbox.clone());
            let spreadsheets = site.spreadsheets.clone();
            let factory = move || {
                let (policy, door) = (policy.clone(), door.clone());
                let (provider, client, who_am_i) = (provider.clone(), client.clone(), who_am_i.clone());
                let (webhook, sandbox) = (webhook.clone(), sandbox.clone());
                let downloads = downloads.clone();
                let (notifications, events) = (notifications.clone(), events.clone());
                let spreadsheets = spreadsheets.clone();
                App::new()
                    .wrap(from_fn(compress_answers))
                    .wrap(from_fn(move |request, next| door.clone().apply(request, next)))
                    // Outermost: refusals of the door have the headers too.
                    .wrap(from_fn(move |request, next| policy.clone().apply(request, next)))
                    .wrap(from_fn(http_metrics::count_site))
                    .configure(api.configure("/api"))
                    .configure(move |routes| {
                        if let Some(provider) = &provider {
                            provider.configure(routes);
                        }
                    })
                    .configure(move |routes| {
                        if let Some(who_am_i) = &who_am_i {
                            who_am_i.configure(routes);
                        }
                    })
                    .configure(move |routes| {
                        if let Some(webhook) = &webhook {
                            webhook.configure(routes);
                        }
                        if let Some(sandbox) = &sandbox {
                            sandbox.configure(routes);
                        }
                    })
                    .configure(move |routes| {
                        if let Some(downloads) = &downloads {
                            configure_downloads(downloads, routes);
                        }
                    })
                    .configure(move |routes| {
                        if let Some(events) = &events {
                            events.configure(routes);
                        }
                    })
                    .configure(move |routes| {
                        if let Some(notifications) = &notifications {
                            notifications.configure(routes);
                        }
                    })
                    .configure(move |routes| {
                        if let Some(spreadsheets) = &spreadsheets {
                            spreadsheets.configure(routes);
                        }
                    })
                    // Last: it answers whatever is left.
                    .configure(move |routes| client.configure(routes))
            };
            servers.run(web_sockets, workers, factory)?;
        }
        if let Some(api) = site.api.clone() {
            match site.door.clone() {
                Some(door) => {
                    let factory = move || {
                        let door = door.clone();
                        App::new()
                            .wrap(from_fn(move |request, next| door.clone().apply(request, next)))
                            .wrap(from_fn(http_metrics::count_api))
                            .configure(api.configure(""))
                    };
                    servers.run_with_unix(api_sockets, api_socket, workers, factory)?;
                }
                None => {
                    let factory =
                        move || App::new().wrap(from_fn(http_metrics::count_api)).configure(api.configure(""));
                    servers.run_with_unix(api_sockets, api_socket, workers, factory)?;
                }
            }
        }
        let (webhook, door) = (site.webhook.clone(), site.payments_door.clone());
        let factory = move || {
            let (webhook, door) = (webhook.clone(), door.clone());
            App::new()
                .wrap(from_fn(move |request, next| door.clone().apply(request, next)))
                .wrap(from_fn(http_metrics::count_site))
                .configure(move |routes| payments(routes, webhook.as_ref()))
        };
        servers.run(payments_sockets, 1, factory)?;
        servers.tls = None;
        let target = site.public_url.clone();
        let factory = move || {
            let target = target.clone();
            App::new().default_service(web::to(move |request: HttpRequest| {
                let response = to_https(&target, &request);
                async move { response }
            }))
        };
        servers.run(redirect_sockets, 1, factory)?;
        if let Some(admin) = site.admin.clone() {
            let factory = move || {
                let admin = admin.clone();
                App::new().configure(move |routes| admin.configure(routes))
            };
            servers.run(admin_sockets, 1, factory)?;
        }
        Ok(servers)
    }

    /// Starts a server on its sockets; without sockets there is none.
    fn run<F, I, S, B>(&mut self, sockets: Vec<TcpListener>, workers: usize, factory: F) -> Result<(), AppError>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: std::fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        self.run_with_unix(sockets, None, workers, factory)
    }

    /// The same with a unix socket.
    fn run_with_unix<F, I, S, B>(
        &mut self,
        sockets: Vec<TcpListener>,
        unix: Option<UnixListener>,
        workers: usize,
        factory: F,
    ) -> Result<(), AppError>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: std::fmt::Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        if sockets.is_empty() && unix.is_none() {
            return Ok(());
        }
        let tls = self.tls.clone().map(|mut tls| {
            tls.alpn_protocols.push(b"http/1.1".to_vec());
            TlsAcceptor::from(Arc::new(tls))
        });
        let server = server(sockets, tls, unix, workers, &factory).map_err(AppError::Server)?;
        self.handles.push(server.handle());
        self.tasks.push(tokio::spawn(server));
        Ok(())
    }

    /// Resolves when a server ends; while all run, never.
    pub(super) async fn ended(&mut self) {
        if self.tasks.is_empty() {
            return std::future::pending().await;
        }
        let (result, index, _) = select_all(self.tasks.iter_mut()).await;
        self.tasks.swap_remove(index);
        tracing::error!(?result, "An HTTP server ended");
    }

    /// Stops accepting and waits for running requests.
    pub(super) async fn stop(&self) {
        if self.outlive_process {
            // Stopping would close connections whose request is still on its way. Others wait at the socket meanwhile.
            join_all(self.handles.iter().map(ServerHandle::pause)).await;
            tokio::time::sleep(FIRST_REQUEST).await;
        }
        join_all(self.handles.iter().map(|handle| handle.stop(true))).await;
    }
}

/// A server with [`Heads`] below its HTTP parser, which `HttpServer` has no place for. What it does, this does too.
fn server<F, I, S, B>(
    sockets: Vec<TcpListener>,
    tls: Option<TlsAcceptor>,
    unix: Option<UnixListener>,
    workers: usize,
    factory: &F,
) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    <S::Service as Service<Request>>::Future: 'static,
    S::Service: 'static,
    B: MessageBody + 'static,
{
    macro_rules! service {
        ($factory:expr, $stopping:expr) => {{
            let stopping = $stopping.clone();
            let factory = $factory().into_factory().map_err(|error| error.into().error_response());
            HttpService::build()
                .graceful_shutdown_signal(move || {
                    let stopping = stopping.clone();
                    async move { stopping.notified().await }
                })
                .keep_alive(KEEP_ALIVE)
                // A client that is gone wants no answer: its request is dropped, and its statement cancelled.
                .h1_allow_half_closed(false)
                .client_request_timeout(REQUEST_HEAD_TIMEOUT)
                .client_disconnect_timeout(DISCONNECT_TIMEOUT)
                // Nothing here asks for the server's own name, which only `HttpServer` can set.
                .finish(map_config(factory, |()| AppConfig::default()))
        }};
    }
    let mut server = Server::build().workers(workers).disable_signals().shutdown_timeout(DRAIN_SECONDS);
    let stopping = server.graceful_shutdown_signal();
    for socket in sockets {
        let (factory, stopping) = (factory.clone(), stopping.clone());
        let address = socket.local_addr()?;
        server = match tls.clone() {
            Some(tls) => server.listen(format!("https-{address}"), socket, move || {
                let tls = tls.clone();
                fn_service(move |stream: TcpStream| {
                    let handshake = tls.accept(stream);
                    async move {
                        let (stream, peer) = encrypted(handshake).await?;
                        Ok::<_, DispatchError>((Heads::new(stream, peer), Protocol::Http1, peer))
                    }
                })
                .and_then(service!(factory, stopping))
            })?,
            None => server.listen(format!("http-{address}"), socket, move || {
                fn_service(|stream: TcpStream| {
                    let peer = stream.peer_addr().ok();
                    ready(Ok::<_, DispatchError>((Heads::new(stream, peer), Protocol::Http1, peer)))
                })
                .and_then(service!(factory, stopping))
            })?,
        };
    }
    if let Some(socket) = unix {
        let (factory, stopping) = (factory.clone(), stopping.clone());
        server = server.listen_uds("http-unix", socket, move || {
            fn_service(|stream: UnixStream| {
                ready(Ok::<_, DispatchError>((Heads::new(stream, None), Protocol::Http1, None)))
            })
            .and_then(service!(factory, stopping))
        })?;
    }
    Ok(server.run())
}

/// The encrypted connection, when its handshake comes to an end in time.
async fn encrypted(handshake: Accept<TcpStream>) -> Result<(TlsStream<TcpStream>, Option<SocketAddr>), DispatchError> {
    let peer = handshake.get_ref().and_then(|stream| stream.peer_addr().ok());
    match tokio::time::timeout(REQUEST_HEAD_TIMEOUT, handshake).await {
        Ok(Ok(stream)) => Ok((stream, peer)),
        Ok(Err(error)) => {
            // Browsers open connections in advance and balancers look whether somebody listens: both just close.
            if error.kind() == std::io::ErrorKind::InvalidData {
                Refusal::Handshake.note(peer);
            }
            Err(DispatchError::Io(error))
        }
        Err(_) => {
            Refusal::Handshake.note(peer);
            Err(DispatchError::SlowRequestTimeout)
        }
    }
}

/// The same page with https, on the configured name whatever name was asked for: nobody is sent to strangers. 308 keeps
/// the method, so that nothing is lost; secrets that came unencrypted were out before anybody here could help it.
fn to_https(public_url: &str, request: &HttpRequest) -> HttpResponse {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let location = format!("{public_url}/{}", target.trim_start_matches('/'));
    HttpResponse::PermanentRedirect().insert_header((header::LOCATION, location)).finish()
}

/// The payments role's own listener (SURFACE.md §3).
fn payments(routes: &mut web::ServiceConfig, webhook: Option<&Webhook>) {
    let healthy = async || HttpResponse::Ok().content_type("application/json").body("{\"status\":\"healthy\"}\n");
    routes.route("/health", web::to(healthy));
    if let Some(webhook) = webhook {
        webhook.configure(routes);
    }
}
