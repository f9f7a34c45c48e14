//! Whose request it is, as an address.

use std::net::IpAddr;

/// The client's address after trusted proxies were looked through; `app` puts it into a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);
