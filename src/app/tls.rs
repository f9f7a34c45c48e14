//! Certificates of the public listeners: files that are read again when they change, or a certificate that is ordered
//! by ACME (TLS-ALPN-01) and renewed by itself.
//!
//! Behind a proxy that speaks TLS all of it stays off. The provider of cryptography is ring, as everywhere.

use super::AppError;
use crate::config::Config;
use futures_util::StreamExt;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

/// Pause between two looks at the certificate's files.
const LOOK: Duration = Duration::from_secs(5);

/// The configuration of TLS, or `None` where it is off. Certificates that cannot be used are an error at the start and
/// a message in the log later.
pub(super) fn server_config(config: &Config) -> Result<Option<ServerConfig>, AppError> {
    let tls = &config.tls;
    let provider = Arc::new(ring::default_provider());
    let builder = || {
        ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| AppError::Tls { reason: error.to_string() })
            .map(|builder| builder.with_no_client_auth())
    };
    if !tls.acme.is_empty() {
        let state = acme(config, Arc::clone(&provider))?;
        let mut server = builder()?.with_cert_resolver(state.resolver());
        server.alpn_protocols = vec![rustls_acme::acme::ACME_TLS_ALPN_NAME.to_vec()];
        tokio::spawn(keep_ordering(state));
        return Ok(Some(server));
    }
    match (&tls.certificate, &tls.key) {
        (Some(certificate), Some(key)) => {
            let files = Arc::new(Files::open(certificate, key, Arc::clone(&provider))?);
            tokio::spawn(keep_reading(Arc::downgrade(&files)));
            Ok(Some(builder()?.with_cert_resolver(files)))
        }
        _ => Ok(None),
    }
}

type Acme = rustls_acme::AcmeState<std::io::Error, std::io::Error>;

fn acme(config: &Config, provider: Arc<rustls::crypto::CryptoProvider>) -> Result<Acme, AppError> {
    let tls = &config.tls;
    let folder = config.data_dir().join("acme");
    let wrong = |reason: String| AppError::Tls { reason };
    std::fs::create_dir_all(&folder).map_err(|error| wrong(format!("cannot create {}: {error}", folder.display())))?;
    let contact = tls.acme_contact.iter().map(|address| format!("mailto:{address}"));
    let mut acme = AcmeConfig::new_with_provider(&tls.acme, Arc::clone(&provider))
        .contact(contact)
        .cache(DirCache::new(folder))
        .directory(&tls.acme_directory);
    if let Some(path) = &tls.acme_ca {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in certificates(path).map_err(&wrong)? {
            roots.add(certificate).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        }
        let client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        acme = acme.client_tls_config(Arc::new(client));
    }
    Ok(acme.state())
}

async fn keep_ordering(mut state: Acme) {
    while let Some(event) = state.next().await {
        match event {
            Ok(event) => tracing::info!(?event, "certificate by ACME"),
            Err(error) => tracing::error!(%error, "no certificate by ACME; trying again"),
        }
    }
}

/// A certificate of two files.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<rustls::crypto::CryptoProvider>,
    current: RwLock<(Arc<CertifiedKey>, Stamp)>,
}

type Stamp = [Option<(SystemTime, u64)>; 2];

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

impl Files {
    fn open(certificate: &Path, key: &Path, provider: Arc<rustls::crypto::CryptoProvider>) -> Result<Self, AppError> {
        let stamp = stamp(certificate, key);
        let wrong = |reason| AppError::Tls { reason: format!("{reason} (tls.certificate, tls.key)") };
        let loaded = load(certificate, key, &provider).map_err(wrong)?;
        let current = RwLock::new((Arc::new(loaded), stamp));
        Ok(Self { certificate: certificate.into(), key: key.into(), provider, current })
    }

    /// Reads the files again when they have changed; what cannot be used leaves the old certificate in force.
    fn look(&self) {
        let stamp = stamp(&self.certificate, &self.key);
        if self.current.read().unwrap_or_else(PoisonError::into_inner).1 == stamp {
            return;
        }
        match load(&self.certificate, &self.key, &self.provider) {
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(loaded), stamp);
                tracing::info!(file = %self.certificate.display(), "another certificate is in force");
            }
            Err(reason) => {
                // Said once per change: half-written files are complete at the next look.
                self.current.write().unwrap_or_else(PoisonError::into_inner).1 = stamp;
                tracing::error!("the changed certificate cannot be used, the old one stays: {reason}");
            }
        }
    }
}

impl ResolvesServerCert for Files {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

async fn keep_reading(files: Weak<Files>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(files) = files.upgrade() else { return };
        files.look();
    }
}

fn stamp(certificate: &Path, key: &Path) -> Stamp {
    [certificate, key].map(|path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn load(certificate: &Path, key: &Path, provider: &rustls::crypto::CryptoProvider) -> Result<CertifiedKey, String> {
    let chain = certificates(certificate)?;
    if chain.is_empty() {
        return Err(format!("{} has no certificate", certificate.display()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| format!("{}: {error}", key.display()))?;
    CertifiedKey::from_der(chain, private, provider)
        .map_err(|error| format!("{} and {} do not fit: {error}", certificate.display(), key.display()))
}
