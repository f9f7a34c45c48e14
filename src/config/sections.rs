//! The sections of the configuration file.

use super::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[database]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// Login of the pool (NOINHERIT), libpq URL or key=value string.
    pub url: Secret,
    /// Login for migrations and `app apply`; never used by the pool.
    pub owner_url: Secret,
    /// Separate login of the worker and payments roles.
    pub worker_url: Secret,
    /// Direct URL for LISTEN behind a transaction pooler; default: `url`.
    pub listen_url: Secret,
    /// `external` or `managed` (a private cluster under `data_dir`).
    pub mode: DatabaseMode,
    /// Pool maximum; default: sum over the active roles (api 10, worker 4, payments 4).
    pub pool_max: Option<u32>,
    /// Seconds a request waits for a connection (then 504 PGRST003).
    pub pool_acquisition_timeout: u64,
    /// Seconds after which a connection is replaced.
    pub pool_max_lifetime: u64,
    /// Seconds after which an idle connection is closed.
    pub pool_max_idletime: u64,
    /// `auto`, `named` or `unnamed`.
    pub prepared_statements: PreparedStatements,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            owner_url: Secret::default(),
            worker_url: Secret::default(),
            listen_url: Secret::default(),
            mode: DatabaseMode::External,
            pool_max: None,
            pool_acquisition_timeout: 10,
            pool_max_lifetime: 1800,
            pool_max_idletime: 30,
            prepared_statements: PreparedStatements::Auto,
        }
    }
}

/// Who runs PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseMode {
    /// Somebody else.
    External,
    /// This process, from the distribution's binaries.
    Managed,
}

/// How statements are prepared (ARCHITECTURE: prepared statements).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PreparedStatements {
    /// Named, unless a transaction pooler is detected at start.
    Auto,
    /// Named, cached per connection.
    Named,
    /// Never named: right behind any transaction pooler.
    Unnamed,
}

/// `[api]`: PostgREST's parameters under their names with underscores.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ApiConfig {
    /// `civic-os` or `postgrest` (PostgREST's own defaults).
    pub mode: ApiMode,
    /// A listener that serves REST at the root, `host:port`.
    pub listen: Option<String>,
    /// Exposed schemas, the first is the default.
    pub db_schemas: Vec<String>,
    /// Role of requests without a token.
    pub db_anon_role: Option<String>,
    /// Function called before each statement.
    pub db_pre_request: Option<String>,
    /// Schemas appended to the search path.
    pub db_extra_search_path: Vec<String>,
    /// Upper limit of rows in an answer.
    pub db_max_rows: Option<u64>,
    /// Aggregate functions in `select`.
    pub db_aggregates_enabled: bool,
    /// `Accept: application/vnd.pgrst.plan`.
    pub db_plan_enabled: bool,
    /// `commit`, `commit-allow-override`, `rollback` or `rollback-allow-override`.
    pub db_tx_end: String,
    /// Channel of reload notifications.
    pub db_channel: String,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Public URL of the API for the OpenAPI document.
    pub openapi_server_proxy_uri: Option<String>,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            mode: ApiMode::CivicOs,
            listen: None,
            db_schemas: vec!["public".into(), "metadata".into()],
            db_anon_role: Some("web_anon".into()),
            db_pre_request: Some("public.check_jwt".into()),
            db_extra_search_path: vec!["public".into()],
            db_max_rows: None,
            db_aggregates_enabled: false,
            db_plan_enabled: false,
            db_tx_end: "commit".into(),
            db_channel: "pgrst".into(),
            max_body_bytes: 10 * 1024 * 1024,
            openapi_server_proxy_uri: None,
        }
    }
}

/// Whose defaults the API has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiMode {
    /// Civic OS: `check_jwt`, schemas `public` and `metadata`.
    CivicOs,
    /// PostgREST's own.
    Postgrest,
}

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
    /// Database roles a request may become.
    pub allowed_roles: Option<Vec<String>>,
    /// Whether a `role` claim chooses the database role (D-25).
    pub honour_role_claim: bool,
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
            allowed_roles: None,
            honour_role_claim: false,
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
}

impl Default for IdentityConfig {
    fn default() -> Self {
        Self { enabled: false, realm: "civic-os".into(), access_token_lifetime: 300, session_idle_lifetime: 36_000 }
    }
}

/// `[web]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Listener of the web client, the API under `/api/` and the provider.
    pub listen: String,
    /// URL under which people reach it; default: derived from the listener.
    pub public_url: Option<String>,
    /// API base as the browser sees it; default: `<public_url>/api/`.
    pub postgrest_url: Option<String>,
    /// Link of the About dialog.
    pub swagger_url: Option<String>,
    /// Folder with a foreign client that replaces the embedded one.
    pub root: Option<PathBuf>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self { listen: "0.0.0.0:8000".into(), public_url: None, postgrest_url: None, swagger_url: None, root: None }
    }
}

/// `[admin]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdminConfig {
    /// Listener of `/live`, `/ready`, `/metrics`, `/schema_cache`; empty = off.
    pub listen: String,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:3001".into() }
    }
}

/// `[migrate]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MigrateConfig {
    /// Deploy before serving; default: true for role `all`, otherwise false.
    pub on_start: Option<bool>,
}

/// `[app]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppConfig {
    /// Folder whose SQL and CSV files are applied after the core.
    pub init_dir: Option<PathBuf>,
}

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Filter in `tracing` syntax, or a plain level.
    pub level: String,
    /// `pretty` or `json`.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Pretty }
    }
}

/// Shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// `[shutdown]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShutdownConfig {
    /// Seconds between "not ready" and closing the listener.
    pub grace: u64,
    /// Seconds until the process stops whatever is left.
    pub deadline: u64,
}

impl Default for ShutdownConfig {
    fn default() -> Self {
        Self { grace: 0, deadline: 30 }
    }
}

/// `[branding]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrandingConfig {
    /// Name of the organisation.
    pub name: Option<String>,
    /// URL or file of the logo.
    pub logo: Option<String>,
    /// `#RRGGBB`
    pub color: Option<String>,
    /// `#RRGGBB` for the dark theme.
    pub color_dark: Option<String>,
}

/// `[map]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapConfig {
    /// Raster tile template.
    pub tile_url: String,
    /// The same for the dark theme.
    pub tile_url_dark: Option<String>,
    /// Credit shown on the map.
    pub attribution: String,
    /// Start position.
    pub default_lat: f64,
    /// Start position.
    pub default_lng: f64,
    /// Start zoom.
    pub default_zoom: u8,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self {
            tile_url: "https://{s}.tile.openstreetmap.org/{z}/{x}/{y}.png".into(),
            tile_url_dark: None,
            attribution: "© OpenStreetMap contributors".into(),
            default_lat: 43.0125,
            default_lng: -83.6875,
            default_zoom: 13,
        }
    }
}
