//! Where verification keys come from.

use super::{IssuerOptions, KeySet, SetupError, issuer::Issuer};
use std::sync::{
    Arc, PoisonError, RwLock,
    atomic::{AtomicU64, Ordering},
};

/// A key set that its owner replaces while others read it: how the embedded provider hands over its keys.
#[derive(Clone, Debug, Default)]
pub struct SharedKeySet(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    keys: RwLock<Arc<KeySet>>,
    version: AtomicU64,
}

impl SharedKeySet {
    /// A set that starts with these keys.
    pub fn new(keys: KeySet) -> Self {
        let shared = Self::default();
        shared.replace(keys);
        shared
    }

    /// Puts other keys in the place of the present ones.
    pub fn replace(&self, keys: KeySet) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.0.version.fetch_add(1, Ordering::Release);
    }

    /// The keys of this moment.
    pub fn current(&self) -> Arc<KeySet> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Grows with every replacement.
    pub(super) fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }
}

/// Where the keys come from.
pub enum KeySource {
    /// Fixed for the life of the process.
    Fixed(KeySet),
    /// An OpenID Connect provider: found by discovery, refreshed, the last good set kept.
    Issuer(IssuerOptions),
    /// Keys of this process's own provider.
    Local(SharedKeySet),
    /// No keys: every token is refused with PGRST300.
    None,
}

impl KeySource {
    /// From PostgREST's `jwt-secret` (text, JWK, JWK Set, or `@file` with one of them).
    ///
    /// # Errors
    /// The file cannot be read or the text is no usable key.
    pub fn from_secret(setting: &str, is_base64: bool) -> Result<Self, SetupError> {
        let text = match setting.strip_prefix('@') {
            Some(path) => std::fs::read_to_string(path)
                .map_err(|source| SetupError::SecretFile { path: path.into(), source })?
                .trim_end_matches(['\n', '\r'])
                .to_owned(),
            None => setting.to_owned(),
        };
        Ok(Self::Fixed(KeySet::from_secret(&text, is_base64)?))
    }

    pub(super) fn open(self) -> Result<Keys, SetupError> {
        Ok(match self {
            Self::Fixed(keys) => Keys::Shared(SharedKeySet::new(keys)),
            Self::Local(keys) => Keys::Shared(keys),
            Self::Issuer(options) => Keys::Issuer(Issuer::start(options)?),
            Self::None => Keys::None,
        })
    }
}

/// An opened source.
pub(super) enum Keys {
    Shared(SharedKeySet),
    Issuer(Issuer),
    None,
}
