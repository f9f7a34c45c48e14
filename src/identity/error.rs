//! Why the provider cannot start or change something.

use crate::db::DbError;

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
    /// The database did not answer, or refused.
    #[error("identity provider: the database cannot be used: {0}")]
    Database(#[from] DbError),
    /// A row is not what was written.
    #[error("identity provider: a row of schema civic_os_identity cannot be read")]
    Row {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The keys have not been loaded yet.
    #[error("identity provider: the keys are not loaded yet")]
    NotReady,
    /// The stored keys are not what was written.
    #[error("identity provider: schema civic_os_identity is damaged: {reason}")]
    Damaged {
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
    /// A letter could not be sent.
    #[error("identity provider: the letter could not be sent: {reason}")]
    Mail {
        /// What the mail system said.
        reason: String,
    },
}

impl ProviderError {
    /// Whether trying again later may help without anybody changing anything.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Database(error) => error.is_unreachable() || matches!(error, DbError::PoolTimeout),
            Self::NotReady => true,
            _ => false,
        }
    }
}

/// Pages and endpoints that need the database answer 503 while it is away.
impl actix_web::ResponseError for ProviderError {
    fn status_code(&self) -> actix_web::http::StatusCode {
        actix_web::http::StatusCode::SERVICE_UNAVAILABLE
    }

    fn error_response(&self) -> actix_web::HttpResponse {
        tracing::error!(error = self as &dyn std::error::Error, "a request to the identity provider failed");
        actix_web::HttpResponse::ServiceUnavailable()
            .insert_header(("Retry-After", "5"))
            .insert_header(("Cache-Control", "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body("Signing in is not possible at the moment. Please try again in a few seconds.\n")
    }
}
