//! The sockets of a process, bound before anything else is started.

use super::AppError;
use crate::activation::PassedSockets;
use crate::config::{ApiMode, Config, Role, RoleSet};
use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Where a process listens, after ports were chosen.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Web client, API under `/api/`, provider.
    pub web: Option<SocketAddr>,
    /// REST at the root.
    pub api: Option<SocketAddr>,
    /// REST at the root on a unix socket.
    pub api_socket: Option<PathBuf>,
    /// Webhooks of the payments role.
    pub payments: Option<SocketAddr>,
    /// Live, ready, metrics.
    pub admin: Option<SocketAddr>,
    /// The embedded object store.
    pub store: Option<SocketAddr>,
    /// Sends browsers from http to https.
    pub redirect: Option<SocketAddr>,
    /// Whether the public listeners speak TLS.
    pub is_encrypted: bool,
}

impl Addresses {
    /// All but the admin listener.
    pub fn public(&self) -> impl Iterator<Item = SocketAddr> {
        [self.web, self.api, self.payments].into_iter().flatten()
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = if self.is_encrypted { "https" } else { "http" };
        let named = [
            ("web client and API", public, self.web),
            ("REST at the root", public, self.api),
            ("webhooks", public, self.payments),
            ("redirects to https", "http", self.redirect),
            ("health", "http", self.admin),
            ("object store", "http", self.store),
        ];
        let mut separator = "";
        for (name, scheme, address) in named {
            if let Some(address) = address {
                write!(f, "{separator}{name} on {scheme}://{address}")?;
                separator = ", ";
            }
        }
        if let Some(path) = &self.api_socket {
            write!(f, "{separator}REST at the root on {}", path.display())?;
        }
        Ok(())
    }
}

/// Bound sockets.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) web: Vec<TcpListener>,
    pub(super) api: Vec<TcpListener>,
    pub(super) api_socket: Option<UnixListener>,
    pub(super) payments: Vec<TcpListener>,
    pub(super) admin: Vec<TcpListener>,
    pub(super) store: Vec<TcpListener>,
    pub(super) redirect: Vec<TcpListener>,
    /// Whether the service manager keeps sockets open beyond this process.
    pub(super) outlive_process: bool,
    addresses: Addresses,
}

impl Listeners {
    /// Takes over what the service manager bound, and binds what else the roles need.
    pub(super) fn bind(config: &Config, roles: RoleSet, mut passed: PassedSockets) -> Result<Self, AppError> {
        let mut listeners = Self { outlive_process: !passed.is_empty(), ..Self::default() };
        let mut bind = |name: &str, key, address: &str, remedy| match passed.take(name) {
            sockets if sockets.is_empty() => bind(key, address, remedy),
            sockets => {
                tracing::info!("{key}: the service manager's socket is taken over");
                Ok(sockets)
            }
        };
        if roles.contains(Role::Api) {
            // In plain mode only the root listener exists: nobody asked for a web client.
            if config.api.mode == ApiMode::CivicOs {
                listeners.web = bind(
                    "web",
                    "web.listen",
                    &config.web.listen,
                    "--listen (demo), CIVIC_OS_WEB__LISTEN or web.listen",
                )?;
            }
            if let Some(path) = &config.api.server_unix_socket {
                listeners.api_socket = Some(bind_unix(path, &config.api.server_unix_socket_mode)?);
                listeners.addresses.api_socket = Some(path.clone());
            } else if let Some(address) = &config.api.listen {
                listeners.api =
                    bind("api", "api.listen", address, "PGRST_SERVER_PORT, CIVIC_OS_API__LISTEN or api.listen")?;
            }
        }
        if let Some(address) = config.payments_listen(roles) {
            listeners.payments = bind(
                "payments",
                "payments.listen",
                &address,
                "WEBHOOK_PORT, CIVIC_OS_PAYMENTS__LISTEN or payments.listen",
            )?;
        }
        if let Some(address) =
            config.tls.redirect_listen.as_ref().filter(|_| config.tls.is_on() && !listeners.web.is_empty())
        {
            listeners.redirect = bind(
                "redirect",
                "tls.redirect_listen",
                address,
                "CIVIC_OS_TLS__REDIRECT_LISTEN or tls.redirect_listen",
            )?;
        }
        listeners.addresses.is_encrypted = config.tls.is_on();
        if !config.admin.listen.is_empty() {
            listeners.admin =
                bind("admin", "admin.listen", &config.admin.listen, "CIVIC_OS_ADMIN__LISTEN or admin.listen")?;
        }
        if let Some(address) = &config.store.listen {
            listeners.store = bind("store", "store.listen", address, "CIVIC_OS_STORE__LISTEN or store.listen")?;
        }
        passed.are_all_taken()?;
        let first = |bound: &[TcpListener]| bound.first().and_then(|listener| listener.local_addr().ok());
        listeners.addresses = Addresses {
            web: first(&listeners.web),
            api: first(&listeners.api),
            payments: first(&listeners.payments),
            admin: first(&listeners.admin),
            store: first(&listeners.store),
            redirect: first(&listeners.redirect),
            is_encrypted: listeners.addresses.is_encrypted,
            api_socket: listeners.addresses.api_socket.take(),
        };
        Ok(listeners)
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }
}

/// Binds a unix socket. One that a dead process left behind is replaced; one that answers is not ours.
fn bind_unix(path: &Path, mode: &str) -> Result<UnixListener, AppError> {
    let refused = |source| AppError::Bind {
        key: "api.server_unix_socket",
        address: path.display().to_string(),
        remedy: "PGRST_SERVER_UNIX_SOCKET, CIVIC_OS_API__SERVER_UNIX_SOCKET or api.server_unix_socket",
        source,
    };
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket && UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(refused)?;
    }
    let listener = UnixListener::bind(path).map_err(refused)?;
    // The configuration was checked: it is an octal number.
    let mode = u32::from_str_radix(mode, 8).unwrap_or(0o660);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(refused)?;
    Ok(listener)
}

/// Binds every address that the name stands for (`localhost` may be two); the first has to succeed, others are a bonus.
fn bind(key: &'static str, address: &str, remedy: &'static str) -> Result<Vec<TcpListener>, AppError> {
    let wrong = || AppError::Address { key, address: address.to_owned() };
    let resolved: Vec<SocketAddr> = address.to_socket_addrs().map_err(|_| wrong())?.collect();
    let mut bound = Vec::new();
    let mut refusal = None;
    for candidate in resolved {
        match TcpListener::bind(candidate) {
            Ok(listener) => bound.push(listener),
            Err(error) => refusal = Some(error),
        }
    }
    match (bound.is_empty(), refusal) {
        (false, _) => Ok(bound),
        (true, Some(source)) => Err(AppError::Bind { key, address: address.to_owned(), remedy, source }),
        (true, None) => Err(wrong()),
    }
}
