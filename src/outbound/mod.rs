//! HTTP requests that this process makes itself: key sets, payment and SMS providers, confirmations of mail services.
//!
//! One way to build a client, so that each of them works where there is no certificate store: the final image is empty.
//! The object store is spoken to by its own library. Tests: `tests/it/release.rs` starts everything in an empty root.

use reqwest::{Client, ClientBuilder};
use std::time::Duration;

/// Longest time for a connection, when the whole request may take longer.
const CONNECT: Duration = Duration::from_secs(5);

/// A client that follows no redirect and gives up after `timeout`. It trusts the machine's certificate store, or the
/// bundled roots where the machine has none.
///
/// # Errors
/// The TLS set-up of this machine.
pub fn http_client(timeout: Duration) -> Result<Client, reqwest::Error> {
    // One of the process; whoever was first has installed the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder(timeout).build().or_else(|_| {
        let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        builder(timeout).tls_backend_preconfigured(tls).build()
    })
}

fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder()
        .timeout(timeout)
        .connect_timeout(timeout.min(CONNECT))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("civic-os/", env!("CARGO_PKG_VERSION")))
}
