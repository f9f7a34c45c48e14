//! `[api]`: PostgREST's parameters under their names with underscores.

use crate::config::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    /// How a request's transaction ends.
    pub db_tx_end: TxEnd,
    /// Channel of reload notifications.
    pub db_channel: String,
    /// Whether that channel is listened to.
    pub db_channel_enabled: bool,
    /// Whether settings stored in the database (`ALTER ROLE … SET pgrst.…`) are read.
    pub db_config: bool,
    /// Function called before settings are read from the database.
    pub db_pre_config: Option<String>,
    /// Settings of a function that apply to the whole transaction that calls it.
    pub db_hoisted_tx_settings: Vec<String>,
    /// Function that answers `GET /` instead of the OpenAPI document.
    pub db_root_spec: Option<String>,
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// Which requests are logged; default: as `log.level` ([`crate::config::Config::request_log_level`]).
    pub log_level: Option<RequestLogLevel>,
    /// `disabled` or `main-query`: whether the SQL of logged requests is logged too.
    pub log_query: LogQuery,
    /// What the OpenAPI document shows.
    pub openapi_mode: OpenApiMode,
    /// Whether the OpenAPI document says how to authenticate.
    pub openapi_security_active: bool,
    /// Public URL of the API for the OpenAPI document.
    pub openapi_server_proxy_uri: Option<String>,
    /// Origins that may call the API from a browser; not set = every origin.
    pub server_cors_allowed_origins: Option<Vec<String>>,
    /// `Server-Timing` header on every answer.
    pub server_timing_enabled: bool,
    /// Request header that is repeated in the answer.
    pub server_trace_header: Option<String>,
    /// Unix socket in place of `listen`.
    pub server_unix_socket: Option<PathBuf>,
    /// File mode of that socket, octal.
    pub server_unix_socket_mode: String,
    /// Where the schema cache is kept between restarts.
    pub schema_cache_file: Option<PathBuf>,
    /// `app.settings.*`: values that SQL reads with `current_setting`; often secrets, so never shown.
    pub app_settings: BTreeMap<String, Secret>,
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
            db_tx_end: TxEnd::Commit,
            db_channel: "pgrst".into(),
            db_channel_enabled: true,
            db_config: true,
            db_pre_config: None,
            db_hoisted_tx_settings: vec![
                "statement_timeout".into(),
                "plan_filter.statement_cost_limit".into(),
                "default_transaction_isolation".into(),
            ],
            db_root_spec: None,
            max_body_bytes: 10 * 1024 * 1024,
            log_level: None,
            log_query: LogQuery::Disabled,
            openapi_mode: OpenApiMode::FollowPrivileges,
            openapi_security_active: false,
            openapi_server_proxy_uri: None,
            server_cors_allowed_origins: None,
            server_timing_enabled: false,
            server_trace_header: None,
            server_unix_socket: None,
            server_unix_socket_mode: "660".into(),
            schema_cache_file: None,
            app_settings: BTreeMap::new(),
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

/// How a request's transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TxEnd {
    /// Commit.
    Commit,
    /// Commit, unless the request says `Prefer: tx=rollback`.
    CommitAllowOverride,
    /// Roll back.
    Rollback,
    /// Roll back, unless the request says `Prefer: tx=commit`.
    RollbackAllowOverride,
}

impl TxEnd {
    /// Whether the transaction is rolled back when the request does not say.
    pub fn rolls_back(self) -> bool {
        matches!(self, Self::Rollback | Self::RollbackAllowOverride)
    }

    /// Whether a request may choose.
    pub fn allows_override(self) -> bool {
        matches!(self, Self::CommitAllowOverride | Self::RollbackAllowOverride)
    }
}

/// Which requests are logged, in PostgREST's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RequestLogLevel {
    /// None.
    Crit,
    /// Answers from 500 on.
    Error,
    /// Answers from 400 on.
    Warn,
    /// All.
    Info,
    /// All, with more about each.
    Debug,
}

/// Whether the SQL of logged requests is logged too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogQuery {
    /// No.
    Disabled,
    /// The main statement.
    MainQuery,
}

/// What the OpenAPI document shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenApiMode {
    /// What the role of the request may use.
    FollowPrivileges,
    /// Everything that is exposed.
    IgnorePrivileges,
    /// No document.
    Disabled,
}
