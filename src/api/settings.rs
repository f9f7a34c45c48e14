//! What the API needs to know from the configuration, in the form it uses.

use crate::config::{ApiConfig, ApiMode, LogQuery, OpenApiMode, RequestLogLevel, Secret, TxEnd};
use crate::db::RoleSettings;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Settings of the API; build one with [`Default`] and change what differs.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Exposed schemas, the first is the default (`db-schemas`).
    pub schemas: Vec<String>,
    /// Schemas appended to the search path (`db-extra-search-path`).
    pub extra_search_path: Vec<String>,
    /// Role of requests without a token (`db-anon-role`).
    pub anon_role: Option<String>,
    /// Function called before each statement, schema-qualified or not (`db-pre-request`).
    pub pre_request: Option<String>,
    /// Function behind `/` (`db-root-spec`): schema when given, name.
    pub root_spec: Option<(Option<String>, String)>,
    /// Most rows of a read (`db-max-rows`).
    pub max_rows: Option<u64>,
    /// `db-aggregates-enabled`
    pub aggregates_enabled: bool,
    /// `db-plan-enabled`
    pub plan_enabled: bool,
    /// `db-tx-end`
    pub tx_end: TxEnd,
    /// Settings of functions that apply to their transaction (`db-hoisted-tx-settings`).
    pub hoisted_tx_settings: Vec<String>,
    /// `app.settings.*`, full names.
    pub app_settings: Vec<(String, Secret)>,
    /// `civic_os.*`: what functions of the core read of the configuration (D-03, D-18), full names.
    pub core_settings: Vec<(&'static str, String)>,
    /// Largest body in bytes.
    pub max_body_bytes: usize,
    /// `openapi-mode`
    pub openapi_mode: OpenApiMode,
    /// `openapi-security-active`
    pub openapi_security_active: bool,
    /// `openapi-server-proxy-uri`
    pub openapi_server_proxy_uri: Option<String>,
    /// Where the server listens, for the OpenAPI document.
    pub server_host: String,
    /// Port it listens on, for the OpenAPI document.
    pub server_port: u16,
    /// `server-cors-allowed-origins`; `None` = all.
    pub cors_allowed_origins: Option<Vec<String>>,
    /// `server-timing-enabled`
    pub server_timing_enabled: bool,
    /// `server-trace-header`
    pub server_trace_header: Option<String>,
    /// ETag and If-Match (D-32).
    pub etags_enabled: bool,
    /// Which requests are logged.
    pub log_level: RequestLogLevel,
    /// Whether their statements are logged too.
    pub log_query: LogQuery,
    /// Settings of the roles that a request may become (`ALTER ROLE … SET`), by role.
    pub role_settings: Arc<HashMap<String, RoleSettings>>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            schemas: vec!["public".into()],
            extra_search_path: vec!["public".into()],
            anon_role: None,
            pre_request: None,
            root_spec: None,
            max_rows: None,
            aggregates_enabled: false,
            plan_enabled: false,
            tx_end: TxEnd::Commit,
            hoisted_tx_settings: [
                "statement_timeout",
                "plan_filter.statement_cost_limit",
                "default_transaction_isolation",
            ]
            .map(str::to_owned)
            .to_vec(),
            app_settings: Vec::new(),
            core_settings: Vec::new(),
            max_body_bytes: 10 * 1024 * 1024,
            openapi_mode: OpenApiMode::FollowPrivileges,
            openapi_security_active: false,
            openapi_server_proxy_uri: None,
            server_host: "0.0.0.0".into(),
            server_port: 3000,
            cors_allowed_origins: None,
            server_timing_enabled: false,
            server_trace_header: None,
            etags_enabled: false,
            log_level: RequestLogLevel::Error,
            log_query: LogQuery::Disabled,
            role_settings: Arc::default(),
        }
    }
}

impl ApiSettings {
    /// From the `[api]` section; host and port are those of the listener, for the OpenAPI document.
    pub fn from_config(config: &ApiConfig, server_host: &str, server_port: u16) -> Self {
        let root_spec = config.db_root_spec.as_ref().map(|name| match name.split_once('.') {
            Some((schema, name)) => (Some(schema.to_owned()), name.to_owned()),
            None => (None, name.clone()),
        });
        Self {
            schemas: config.db_schemas.clone(),
            extra_search_path: config.db_extra_search_path.clone(),
            anon_role: config.db_anon_role.clone(),
            pre_request: config.db_pre_request.clone(),
            root_spec,
            max_rows: config.db_max_rows,
            aggregates_enabled: config.db_aggregates_enabled,
            plan_enabled: config.db_plan_enabled,
            tx_end: config.db_tx_end,
            hoisted_tx_settings: config.db_hoisted_tx_settings.clone(),
            app_settings: config
                .app_settings
                .iter()
                .map(|(name, value)| (format!("app.settings.{name}"), value.clone()))
                .collect(),
            core_settings: Vec::new(),
            max_body_bytes: config.max_body_bytes,
            openapi_mode: config.openapi_mode,
            openapi_security_active: config.openapi_security_active,
            openapi_server_proxy_uri: config.openapi_server_proxy_uri.clone(),
            server_host: server_host.to_owned(),
            server_port,
            cors_allowed_origins: config.server_cors_allowed_origins.clone(),
            server_timing_enabled: config.server_timing_enabled,
            server_trace_header: config.server_trace_header.clone(),
            etags_enabled: config.mode == ApiMode::CivicOs,
            log_level: config.log_level.unwrap_or(RequestLogLevel::Error),
            log_query: config.log_query,
            role_settings: Arc::default(),
        }
    }
}

/// Settings that can be replaced while requests run; a request keeps those it started with. Cheap to clone, and clones
/// share.
#[derive(Clone, Debug)]
pub struct SharedSettings {
    current: Arc<RwLock<Arc<ApiSettings>>>,
}

impl SharedSettings {
    /// Starts with these.
    pub fn new(settings: ApiSettings) -> Self {
        Self { current: Arc::new(RwLock::new(Arc::new(settings))) }
    }

    /// The settings of now.
    pub fn current(&self) -> Arc<ApiSettings> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces them for the requests that come next.
    pub fn replace(&self, settings: ApiSettings) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }
}
