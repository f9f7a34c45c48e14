//! `[tls]` and `[limits]`: the locks of the front door.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[tls]`: certificates of the public listeners; off behind a proxy that speaks TLS.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// File with the certificate and its chain, PEM.
    pub certificate: Option<PathBuf>,
    /// File with the private key, PEM.
    pub key: Option<PathBuf>,
    /// Names to order a certificate for by ACME (TLS-ALPN-01).
    pub acme: Vec<String>,
    /// E-mail address of the account there.
    pub acme_contact: Option<String>,
    /// Directory of the certification authority.
    pub acme_directory: String,
    /// File with the authority's own roots, PEM, when they are not public.
    pub acme_ca: Option<PathBuf>,
    /// Listener that sends browsers from http to https, `host:port`; not set = none.
    pub redirect_listen: Option<String>,
}

impl TlsConfig {
    /// Whether the public listeners speak TLS.
    pub fn is_on(&self) -> bool {
        !self.acme.is_empty() || self.certificate.is_some()
    }
}

impl Default for TlsConfig {
    fn default() -> Self {
        Self {
            certificate: None,
            key: None,
            acme: Vec::new(),
            acme_contact: None,
            acme_directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
            acme_ca: None,
            redirect_listen: None,
        }
    }
}

/// `[limits]`: requests a minute, half of it at once, 0 = no limit; and memory.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Forms of the embedded provider, per address.
    pub sign_in: u32,
    /// Calls of functions (`POST /rpc/…`) by people who are not signed in, per address.
    pub anonymous_calls: u32,
    /// Other changes by people who are not signed in, per address.
    pub anonymous_writes: u32,
    /// Calls and changes, per person who is signed in.
    pub writes: u32,
    /// Uploads, per person.
    pub uploads: u32,
    /// Webhooks whose signature is wrong, per address; ten at once.
    pub failing_webhooks: u32,
    /// Bytes of large bodies and answers that the process holds at a time; 0 = no limit, not set = a quarter of the memory that it may use.
    pub held_bytes: Option<u64>,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            sign_in: 120,
            anonymous_calls: 600,
            anonymous_writes: 60,
            writes: 1200,
            uploads: 240,
            failing_webhooks: 100,
            held_bytes: None,
        }
    }
}
