//! Keys of an OpenID Connect provider (D-19): found by discovery, refreshed in the background and when a token names a
//! key nobody knows. A provider that is down or sends nonsense changes nothing: the last good set keeps verifying.

use super::{KeySet, SetupError, SharedKeySet};
use crate::outbound::http_client;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Mutex as AsyncMutex;
use url::Url;

/// Largest document that is read from a provider, in bytes.
const LARGEST_DOCUMENT: usize = 512 * 1024;

/// How to reach a provider.
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// The issuer, as it stands in the `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are, when discovery is not wanted (a provider that this process reaches under another address).
    pub jwks_url: Option<String>,
    /// Time between two refreshes.
    pub refresh_every: Duration,
    /// Shortest time between two refreshes that unknown key names cause.
    pub refresh_at_most_every: Duration,
    /// How long one fetch may take.
    pub timeout: Duration,
}

impl IssuerOptions {
    /// Discovery at `issuer`, refreshed every five minutes, for unknown keys at most every ten seconds.
    pub fn new(issuer: impl Into<String>) -> Self {
        Self {
            issuer: issuer.into(),
            jwks_url: None,
            refresh_every: Duration::from_secs(300),
            refresh_at_most_every: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
        }
    }
}

/// What is known about the keys, for `doctor` and metrics.
#[derive(Clone, Debug, Default)]
pub struct KeyStatus {
    /// The issuer, or how else the keys came here.
    pub source: String,
    /// One line a key, without key material.
    pub keys: Vec<String>,
    /// Keys of the document that cannot be used, with the reason.
    pub left_out: Vec<String>,
    /// Time since the keys were last fetched; `None` before the first success and for fixed keys.
    pub age: Option<Duration>,
    /// The last failure, if nothing has succeeded since.
    pub last_error: Option<String>,
}

/// Why keys could not be fetched; goes to the log and to `doctor`.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("cannot reach {url}: {reason}")]
    Unreachable { url: String, reason: String },
    #[error("{url} answered with status {status}")]
    Status { url: String, status: u16 },
    #[error("{url} sent more than {LARGEST_DOCUMENT} bytes")]
    TooLarge { url: String },
    #[error("{url} did not send JSON")]
    NotJson { url: String },
    #[error("{url} says its issuer is {found:?}, configured is {wanted:?}")]
    OtherIssuer { url: String, found: String, wanted: String },
    #[error("{url} names no usable jwks_uri")]
    NoJwksUri { url: String },
    #[error("{url}: {source}")]
    Keys { url: String, source: super::KeySetError },
}

/// A provider whose keys are kept up to date as long as this value lives.
pub(super) struct Issuer {
    inner: Arc<Inner>,
}

struct Inner {
    options: IssuerOptions,
    client: reqwest::Client,
    keys: SharedKeySet,
    progress: Mutex<Progress>,
    /// One fetch at a time; whoever waits here finds the result of the one before.
    fetching: AsyncMutex<()>,
}

#[derive(Default)]
struct Progress {
    succeeded: Option<Instant>,
    /// When a token last caused a fetch. The background's own do not count: a key that is new right after one of them
    /// is found as well.
    asked: Option<Instant>,
    attempts: u64,
    failures: u32,
    last_error: Option<String>,
}

impl Issuer {
    pub(super) fn start(options: IssuerOptions) -> Result<Self, SetupError> {
        let is_http = |text: &str| Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        for url in [Some(&options.issuer), options.jwks_url.as_ref()].into_iter().flatten() {
            if !is_http(url) {
                return Err(SetupError::IssuerUrl { url: url.clone() });
            }
        }
        let client = http_client(options.timeout).map_err(SetupError::HttpClient)?;
        let inner = Arc::new(Inner {
            options,
            client,
            keys: SharedKeySet::default(),
            progress: Mutex::default(),
            fetching: AsyncMutex::default(),
        });
        tokio::spawn(keep_fresh(Arc::downgrade(&inner)));
        Ok(Self { inner })
    }

    pub(super) fn keys(&self) -> &SharedKeySet {
        &self.inner.keys
    }

    pub(super) fn issuer(&self) -> &str {
        &self.inner.options.issuer
    }

    /// Fetches because a token names a key that is not here, unless that was tried a moment ago.
    pub(super) async fn look_for_newer_keys(&self) {
        let seen = self.inner.progress().attempts;
        let _one_at_a_time = self.inner.fetching.lock().await;
        {
            let mut progress = self.inner.progress();
            let fetched_while_waiting = progress.attempts != seen;
            let just_asked = progress.asked.is_some_and(|at| at.elapsed() < self.inner.options.refresh_at_most_every);
            if fetched_while_waiting || just_asked {
                return;
            }
            progress.asked = Some(Instant::now());
        }
        self.inner.fetch_and_note().await;
    }

    /// Seconds until the background task tries again, roughly.
    pub(super) fn retry_after(&self) -> u64 {
        self.inner.pause().as_secs().clamp(1, 60)
    }

    pub(super) fn status(&self) -> KeyStatus {
        let keys = self.inner.keys.current();
        let progress = self.inner.progress();
        KeyStatus {
            source: self.inner.options.issuer.clone(),
            keys: keys.describe(),
            left_out: keys.left_out.clone(),
            age: progress.succeeded.map(|at| at.elapsed()),
            last_error: progress.last_error.clone(),
        }
    }
}

async fn keep_fresh(issuer: Weak<Inner>) {
    let mut seen = 0;
    loop {
        let pause = {
            let Some(inner) = issuer.upgrade() else { return };
            let _one_at_a_time = inner.fetching.lock().await;
            // A request may have fetched meanwhile.
            if inner.progress().attempts == seen {
                inner.fetch_and_note().await;
            }
            seen = inner.progress().attempts;
            inner.pause()
        };
        tokio::time::sleep(pause).await;
    }
}

impl Inner {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time until the next background fetch: regular after a success, 1 s doubling to 32 s after failures.
    fn pause(&self) -> Duration {
        match self.progress().failures {
            0 => self.options.refresh_every,
            failures => Duration::from_secs(1 << (failures - 1).min(5)).min(self.options.refresh_every),
        }
    }

    async fn fetch_and_note(&self) {
        let fetched = self.fetch().await;
        let mut progress = self.progress();
        progress.attempts += 1;
        match fetched {
            Ok(keys) => {
                let changed = keys.fingerprint != self.keys.current().fingerprint;
                if changed || progress.failures > 0 {
                    tracing::info!(issuer = %self.options.issuer, keys = ?keys.describe(),
                        left_out = ?keys.left_out, "identity provider's keys loaded");
                }
                if changed {
                    self.keys.replace(keys);
                }
                progress.succeeded = Some(Instant::now());
                progress.failures = 0;
                progress.last_error = None;
            }
            Err(error) => {
                progress.failures = progress.failures.saturating_add(1);
                let known = self.keys.current().describe().len();
                tracing::warn!(%error, known_keys = known, "cannot refresh the identity provider's keys");
                progress.last_error = Some(error.to_string());
            }
        }
    }

    async fn fetch(&self) -> Result<KeySet, FetchError> {
        let url = match &self.options.jwks_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let document = self.get_json(&url).await?;
        KeySet::from_jwk_or_set(&document).map_err(|source| FetchError::Keys { url, source })
    }

    async fn discover(&self) -> Result<String, FetchError> {
        let wanted = &self.options.issuer;
        let url = format!("{}/.well-known/openid-configuration", wanted.trim_end_matches('/'));
        let document = self.get_json(&url).await?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("issuer") != wanted {
            return Err(FetchError::OtherIssuer { url, found: text("issuer").into(), wanted: wanted.clone() });
        }
        let downgrade = wanted.starts_with("https:") && !text("jwks_uri").starts_with("https:");
        match Url::parse(text("jwks_uri")) {
            Ok(found) if matches!(found.scheme(), "http" | "https") && !downgrade => Ok(found.into()),
            _ => Err(FetchError::NoJwksUri { url }),
        }
    }

    async fn get_json(&self, url: &str) -> Result<Value, FetchError> {
        let unreachable = |error: reqwest::Error| {
            let mut reason = String::new();
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                // The innermost text is the one that helps ("connection refused", "certificate expired").
                reason = error.to_string();
                cause = error.source();
            }
            FetchError::Unreachable { url: url.into(), reason }
        };
        let mut response = self.client.get(url).send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(FetchError::Status { url: url.into(), status: response.status().as_u16() });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > LARGEST_DOCUMENT {
                return Err(FetchError::TooLarge { url: url.into() });
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| FetchError::NotJson { url: url.into() })
    }
}
