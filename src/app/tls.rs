//! Certificates of the public listeners: files that are read again when they change, or a certificate that is ordered
//! by ACME (TLS-ALPN-01) and renewed by itself.
//!
//! Behind a proxy that speaks TLS all of it stays off. The provider of cryptography is ring, as everywhere.

use super::AppError;
use crate::config::{Config, Loaded, Problem, Role};
use futures_util::StreamExt;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_acme::AcmeConfig;
use rustls_acme::caches::DirCache;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, SystemTime};

/// Pause between two looks at the certificate's files.
const LOOK: Duration = Duration::from_secs(5);

/// Whether the files that `tls.*` names can be used, before anything is started: what a process with these roles would
/// find out later.
///
/// # Errors
/// The first file that cannot, with its key and where its name comes from. Nothing of a private key is repeated.
pub fn check_tls(loaded: &Loaded) -> Result<(), Box<Problem>> {
    if loaded.roles.is_only(Role::Migrate) {
        return Ok(());
    }
    let tls = &loaded.config.tls;
    let usable = match (&tls.certificate, &tls.key, &tls.acme_ca) {
        (_, _, Some(authority)) if !tls.acme.is_empty() => authorities(authority).map(drop),
        (Some(certificate), Some(key), _) => load(certificate, key, &ring::default_provider()).map(drop),
        _ => Ok(()),
    };
    usable.map_err(|problem| {
        let source = Some(loaded.source_of(&problem.key).clone());
        Box::new(Problem { source, ..*problem })
    })
}

/// The configuration of TLS, or `None` where it is off. Certificates that cannot be used are an error at the start and
/// a message in the log later.
pub(super) fn server_config(config: &Config) -> Result<Option<ServerConfig>, AppError> {
    let tls = &config.tls;
    let provider = Arc::new(ring::default_provider());
    let builder = || {
        ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(AppError::Cryptography)
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
            let files = Files::open(certificate, key, Arc::clone(&provider)).map_err(AppError::Tls)?;
            let files = Arc::new(files);
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
    std::fs::create_dir_all(&folder)
        .map_err(|error| problem("data_dir", format!("has no room for {}: {error}", folder.display())))
        .map_err(AppError::Tls)?;
    let contact = tls.acme_contact.iter().map(|address| format!("mailto:{address}"));
    let mut acme = AcmeConfig::new_with_provider(&tls.acme, Arc::clone(&provider))
        .contact(contact)
        .cache(DirCache::new(folder))
        .directory(&tls.acme_directory);
    if let Some(path) = &tls.acme_ca {
        let roots = authorities(path).map_err(AppError::Tls)?;
        let client = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(AppError::Cryptography)?
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
    fn open(
        certificate: &Path,
        key: &Path,
        provider: Arc<rustls::crypto::CryptoProvider>,
    ) -> Result<Self, Box<Problem>> {
        let stamp = stamp(certificate, key);
        let loaded = load(certificate, key, &provider)?;
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
            Err(problem) => {
                // Said once per change: half-written files are complete at the next look.
                self.current.write().unwrap_or_else(PoisonError::into_inner).1 = stamp;
                tracing::error!("the changed certificate cannot be used, the old one stays: {problem}");
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

fn problem(key: &str, message: String) -> Box<Problem> {
    Box::new(Problem { key: key.to_owned(), source: None, message })
}

/// A file of this key, and why it cannot be used.
fn unusable(key: &str, path: &Path, why: impl fmt::Display) -> Box<Problem> {
    problem(key, format!("names {}, which {why}", path.display()))
}

/// Of the lines of a file nothing is repeated: it may be a private key, whatever it was meant to be.
fn unreadable(key: &str, path: &Path, error: pem::Error) -> Box<Problem> {
    match error {
        pem::Error::Io(error) => unusable(key, path, format_args!("cannot be read: {error}")),
        _ => unusable(key, path, "is no whole PEM file"),
    }
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, Box<Problem>> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(key, path, error))?;
    if found.is_empty() {
        return Err(unusable(key, path, "has no certificate"));
    }
    Ok(found)
}

/// What `tls.acme_ca` names.
fn authorities(path: &Path) -> Result<RootCertStore, Box<Problem>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("tls.acme_ca", path)? {
        roots
            .add(certificate)
            .map_err(|error| unusable("tls.acme_ca", path, format_args!("cannot be used: {error}")))?;
    }
    Ok(roots)
}

fn load(
    certificate: &Path,
    key: &Path,
    provider: &rustls::crypto::CryptoProvider,
) -> Result<CertifiedKey, Box<Problem>> {
    let chain = certificates("tls.certificate", certificate)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            unusable("tls.key", key, "has no private key; one with a passphrase cannot be used")
        }
        error => unreadable("tls.key", key, error),
    })?;
    CertifiedKey::from_der(chain, private, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            unusable("tls.key", key, format_args!("does not fit the certificate in {}", certificate.display()))
        }
        rustls::Error::InvalidCertificate(_) => {
            unusable("tls.certificate", certificate, format_args!("cannot be used: {error}"))
        }
        error => unusable("tls.key", key, format_args!("cannot be used: {error}")),
    })
}
