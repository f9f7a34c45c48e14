//! The sockets of a process, bound before anything else is started.

use super::AppError;
use crate::config::{ApiMode, Config, Role, RoleSet};
use std::fmt;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

/// Where a process listens, after ports were chosen.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Web client, API under `/api/`, provider.
    pub web: Option<SocketAddr>,
    /// REST at the root.
    pub api: Option<SocketAddr>,
    /// Webhooks of the payments role.
    pub payments: Option<SocketAddr>,
    /// Live, ready, metrics.
    pub admin: Option<SocketAddr>,
}

impl Addresses {
    /// All but the admin listener.
    pub fn public(&self) -> impl Iterator<Item = SocketAddr> {
        [self.web, self.api, self.payments].into_iter().flatten()
    }
}

impl fmt::Display for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [
            ("web client and API", self.web),
            ("REST at the root", self.api),
            ("webhooks", self.payments),
            ("health", self.admin),
        ];
        let mut separator = "";
        for (name, address) in named {
            if let Some(address) = address {
                write!(f, "{separator}{name} on http://{address}")?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

/// Bound sockets.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) web: Vec<TcpListener>,
    pub(super) api: Vec<TcpListener>,
    pub(super) payments: Vec<TcpListener>,
    pub(super) admin: Vec<TcpListener>,
    addresses: Addresses,
}

impl Listeners {
    /// Binds what the roles need.
    pub(super) fn bind(config: &Config, roles: RoleSet) -> Result<Self, AppError> {
        let mut listeners = Self::default();
        if roles.contains(Role::Api) {
            // In plain mode only the root listener exists: nobody asked for a web client.
            if config.api.mode == ApiMode::CivicOs {
                listeners.web =
                    bind("web.listen", &config.web.listen, "--listen (demo), CIVIC_OS_WEB__LISTEN or web.listen")?;
            }
            if let Some(address) = &config.api.listen {
                listeners.api = bind("api.listen", address, "PGRST_SERVER_PORT, CIVIC_OS_API__LISTEN or api.listen")?;
            }
        }
        if let Some(address) = config.payments_listen(roles) {
            listeners.payments =
                bind("payments.listen", &address, "WEBHOOK_PORT, CIVIC_OS_PAYMENTS__LISTEN or payments.listen")?;
        }
        if !config.admin.listen.is_empty() {
            listeners.admin = bind("admin.listen", &config.admin.listen, "CIVIC_OS_ADMIN__LISTEN or admin.listen")?;
        }
        let first = |bound: &[TcpListener]| bound.first().and_then(|listener| listener.local_addr().ok());
        listeners.addresses = Addresses {
            web: first(&listeners.web),
            api: first(&listeners.api),
            payments: first(&listeners.payments),
            admin: first(&listeners.admin),
        };
        Ok(listeners)
    }

    pub(super) fn addresses(&self) -> &Addresses {
        &self.addresses
    }
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
