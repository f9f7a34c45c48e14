//! `[auth]` and `[identity]`: who somebody is.

use crate::config::Secret;
use serde::{Deserialize, Serialize};

/// `[auth]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// OpenID Connect issuer, e.g. `https://auth.example.org/realms/town`.
    pub issuer: Option<String>,
    /// Client id of the web application.
    pub client_id: String,
    /// Expected audience.
    pub audience: Option<String>,
    /// PostgREST's `jwt-secret`: text, JWK, JWKS or `@file`.
    pub jwt_secret: Secret,
    /// PostgREST's `jwt-secret-is-base64`.
    pub jwt_secret_is_base64: bool,
    /// PostgREST's `jwt-role-claim-key`.
    pub jwt_role_claim_key: String,
    /// PostgREST's `jwt-cache-max-lifetime`: seconds a verified token is remembered, 0 = not at all.
    pub jwt_cache_max_lifetime: u64,
    /// Database roles a request may become; not set = every role that the login may become.
    pub allowed_roles: Option<Vec<String>>,
    /// Whether a `role` claim chooses the database role (D-25).
    pub honour_role_claim: bool,
    /// Dotted paths of claims with role names, `<client>` for the client's id; empty = the usual three places.
    pub role_claim_paths: Vec<String>,
    /// Dotted path of the claim with the person's id; not set = `sub`.
    pub user_id_claim_path: Option<String>,
    /// Dotted path of the claim with the full name; not set = `name`, else `preferred_username`.
    pub name_claim_path: Option<String>,
    /// Dotted path of the claim with the e-mail address; not set = `email`.
    pub email_claim_path: Option<String>,
    /// Dotted path of the claim with the telephone number; not set = `phone_number`.
    pub phone_claim_path: Option<String>,
    /// Where the issuer's keys are, if not where its discovery document says.
    pub jwks_url: Option<String>,
    /// Clients (claim `azp`) whose tokens are accepted; not set = all of the issuer's.
    pub authorized_parties: Option<Vec<String>>,
    /// Whether the API starts on a login that row security does not bind.
    pub allow_privileged_login: bool,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: "civic-os".into(),
            audience: Some("account".into()),
            jwt_secret: Secret::default(),
            jwt_secret_is_base64: false,
            jwt_role_claim_key: ".role".into(),
            jwt_cache_max_lifetime: 3600,
            allowed_roles: Some(vec!["web_anon".into(), "authenticated".into()]),
            honour_role_claim: false,
            role_claim_paths: Vec::new(),
            user_id_claim_path: None,
            name_claim_path: None,
            email_claim_path: None,
            phone_claim_path: None,
            jwks_url: None,
            authorized_parties: None,
            allow_privileged_login: false,
        }
    }
}

/// `[identity]`: the embedded provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityConfig {
    /// Whether this process is the provider.
    pub enabled: bool,
    /// Realm name in the paths.
    pub realm: String,
    /// Seconds an access token is valid.
    pub access_token_lifetime: u64,
    /// Seconds a sign-in lasts without use.
    pub session_idle_lifetime: u64,
    /// Days after which another key signs.
    pub key_rotation_days: u64,
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            realm: "civic-os".into(),
            access_token_lifetime: 300,
            session_idle_lifetime: 36_000,
            key_rotation_days: 90,
        }
    }
}
