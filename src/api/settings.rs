//! What the API needs to know from the configuration, in the form it uses.

use std::sync::Arc;

/// How transactions end (`db-tx-end`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxEnd {
    /// Roll back unless told otherwise.
    pub rollback: bool,
    /// `Prefer: tx=` is honoured.
    pub allow_override: bool,
}

impl TxEnd {
    /// Reads `commit`, `commit-allow-override`, `rollback`, `rollback-allow-override`.
    pub fn parse(text: &str) -> Option<Self> {
        let (rollback, allow_override) = match text {
            "commit" => (false, false),
            "commit-allow-override" => (false, true),
            "rollback" => (true, false),
            "rollback-allow-override" => (true, true),
            _ => return None,
        };
        Some(Self { rollback, allow_override })
    }

    /// Whether `Prefer: tx=` is honoured.
    pub fn allows_override(self) -> bool {
        self.allow_override
    }
}

/// `openapi-mode`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenApiMode {
    /// What the role may touch.
    FollowPrivileges,
    /// Everything exposed.
    IgnorePrivileges,
    /// Nothing.
    Disabled,
}

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
    pub app_settings: Vec<(String, String)>,
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
            tx_end: TxEnd { rollback: false, allow_override: false },
            hoisted_tx_settings: ["statement_timeout", "plan_filter.statement_cost_limit", "default_transaction_isolation"]
                .map(str::to_owned)
                .to_vec(),
            app_settings: Vec::new(),
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
        }
    }
}

/// Settings that can be replaced while requests run; a request keeps those it started with.
#[derive(Debug)]
pub struct SharedSettings {
    current: std::sync::RwLock<Arc<ApiSettings>>,
}

impl SharedSettings {
    /// Starts with these.
    pub fn new(settings: ApiSettings) -> Self {
        Self { current: std::sync::RwLock::new(Arc::new(settings)) }
    }

    /// The settings of now.
    pub fn current(&self) -> Arc<ApiSettings> {
        self.current.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Replaces them for the requests that come next.
    pub fn replace(&self, settings: ApiSettings) {
        *self.current.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(settings);
    }
}
