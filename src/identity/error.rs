//! Why the provider cannot start or change something.

use std::path::PathBuf;

/// A failure of the provider itself, never of a request.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The issuer or an origin is not an http(s) URL.
    #[error("identity provider: {url:?} is not an http(s) URL")]
    Url {
        /// As given.
        url: String,
    },
    /// The realm's name does not fit into a path.
    #[error("identity.realm {realm:?} may contain letters, digits, '-' and '_' only")]
    Realm {
        /// As configured.
        realm: String,
    },
    /// A file of the provider cannot be read.
    #[error("identity provider: cannot read {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the provider cannot be written.
    #[error("identity provider: cannot write {path}")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the provider is not what it wrote.
    #[error("identity provider: {path} is damaged: {reason}; move it away to start anew")]
    Damaged {
        /// Which.
        path: PathBuf,
        /// How, without content.
        reason: String,
    },
    /// A key pair could not be made.
    #[error("identity provider: cannot generate a signing key: {reason}")]
    KeyGeneration {
        /// What the generator said.
        reason: String,
    },
    /// A password could not be hashed.
    #[error("identity provider: cannot hash a password: {reason}")]
    PasswordHash {
        /// What the hash function said.
        reason: String,
    },
}
