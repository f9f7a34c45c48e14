//! Refusals, in PostgREST's words and codes.

use super::{KeySetError, RolePathError};

/// Why a request's `Authorization` header was not accepted.
///
/// The texts are part of the API's contract; none of them contains any part of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// A token was sent but no key was ever configured.
    #[error("Server lacks JWT secret")]
    NoKeysConfigured,
    /// The identity provider has not been reached since the start.
    #[error("The keys of the identity provider are not available yet")]
    KeysUnavailable {
        /// Seconds until the next attempt, at least one.
        retry_after: u64,
    },
    /// The token cannot be decoded or its signature does not hold.
    #[error("{message}")]
    Undecodable {
        /// What the client is told.
        message: String,
        /// More of it.
        details: Option<String>,
    },
    /// The token is genuine, its claims are not acceptable (now).
    #[error("{message}")]
    Claims {
        /// What the client is told.
        message: String,
    },
    /// No token, and no role for requests without one.
    #[error("Anonymous access is disabled")]
    AnonymousDisabled,
    /// The role claim names a role that requests may not become.
    #[error("permission denied to set role \"{role}\"")]
    RoleNotAllowed {
        /// The role in the token.
        role: String,
    },
}

impl AuthError {
    /// PostgREST's code, or the SQLSTATE the database would give.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeysConfigured | Self::KeysUnavailable { .. } => "PGRST300",
            Self::Undecodable { .. } => "PGRST301",
            Self::AnonymousDisabled => "PGRST302",
            Self::Claims { .. } => "PGRST303",
            Self::RoleNotAllowed { .. } => "42501",
        }
    }

    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoKeysConfigured => 500,
            Self::KeysUnavailable { .. } => 503,
            Self::Undecodable { .. } | Self::AnonymousDisabled | Self::Claims { .. } => 401,
            Self::RoleNotAllowed { .. } => 403,
        }
    }

    /// The `message` of the body.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// The `details` of the body.
    pub fn details(&self) -> Option<&str> {
        match self {
            Self::Undecodable { details, .. } => details.as_deref(),
            _ => None,
        }
    }

    /// Value of the `WWW-Authenticate` header, when one belongs to the answer.
    pub fn www_authenticate(&self) -> Option<String> {
        match self {
            Self::AnonymousDisabled => Some("Bearer".into()),
            Self::Undecodable { .. } | Self::Claims { .. } => {
                Some(format!("Bearer error=\"invalid_token\", error_description=\"{self}\""))
            }
            _ => None,
        }
    }

    /// Value of the `Retry-After` header in seconds, when one belongs to the answer.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::KeysUnavailable { retry_after } => Some(*retry_after),
            _ => None,
        }
    }

    pub(super) fn undecodable(message: impl Into<String>) -> Self {
        Self::Undecodable { message: message.into(), details: None }
    }

    pub(super) fn undecodable_because(message: impl Into<String>, details: impl Into<String>) -> Self {
        Self::Undecodable { message: message.into(), details: Some(details.into()) }
    }

    pub(super) fn claims(message: impl Into<String>) -> Self {
        Self::Claims { message: message.into() }
    }
}

/// Why the authenticator could not be built.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// `auth.jwt_role_claim_key` is not in the grammar.
    #[error("auth.jwt_role_claim_key: {0}")]
    RoleClaimKey(#[from] RolePathError),
    /// `auth.jwt_secret` is no usable key.
    #[error("auth.jwt_secret: {0}")]
    Secret(#[from] KeySetError),
    /// The file named by `@file` cannot be read.
    #[error("auth.jwt_secret: cannot read {path}")]
    SecretFile {
        /// As configured.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The issuer is not an absolute http or https URL.
    #[error("auth.issuer: {url:?} is not an http(s) URL")]
    IssuerUrl {
        /// As configured.
        url: String,
    },
    /// The HTTP client of the key refresh could not be built.
    #[error("cannot prepare the HTTPS client that fetches the identity provider's keys")]
    HttpClient(#[source] reqwest::Error),
}
