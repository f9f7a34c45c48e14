//! The variable names of the containers that this binary replaces, and of their compose files (SURFACE.md §2).
//!
//! Names are taken over, defaults are not. An empty variable is not set. What a name means may depend on the roles:
//! `DATABASE_URL` is the owner's login for migrations and a login of the workers, and never the API's.
//! Called by `loading`; every name here must stand at its key in `civic-os.toml.example`. Tests: `tests/it/config/aliases.rs`.

use super::error::Problem;
use super::loading::Entry;
use super::node::{Node, boolean};
use super::variables::Variables;
use super::{Role, RoleSet};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Variables that mean one key as they are; of several for one key the last that is set wins.
pub(super) const SAME: &[(&str, &str)] = &[
    ("PGRST_DB_POOL_ACQUISITION_TIMEOUT", "database.pool_acquisition_timeout"),
    ("PGRST_DB_POOL_MAX_LIFETIME", "database.pool_max_lifetime"),
    ("PGRST_DB_POOL_TIMEOUT", "database.pool_max_idletime"),
    ("PGRST_DB_POOL_MAX_IDLETIME", "database.pool_max_idletime"),
    ("PGRST_DB_POOL_AUTOMATIC_RECOVERY", "database.pool_automatic_recovery"),
    ("SQITCH_VERIFY", "migrate.verify"),
    ("CIVIC_OS_VERIFY_FULL", "migrate.verify_full"),
    ("FRONTEND_POSTGREST_URL", "web.postgrest_url"),
    ("POSTGREST_URL", "web.postgrest_url"),
    ("SWAGGER_URL", "web.swagger_url"),
    ("MAP_TILE_URL", "map.tile_url"),
    ("MAP_ATTRIBUTION", "map.attribution"),
    ("MAP_DEFAULT_LAT", "map.default_lat"),
    ("MAP_DEFAULT_LNG", "map.default_lng"),
    ("MAP_DEFAULT_ZOOM", "map.default_zoom"),
    ("MATOMO_URL", "matomo.url"),
    ("MATOMO_SITE_ID", "matomo.site_id"),
    ("MATOMO_ENABLED", "matomo.enabled"),
    ("PGRST_DB_SCHEMA", "api.db_schemas"),
    ("PGRST_DB_SCHEMAS", "api.db_schemas"),
    ("PGRST_DB_ANON_ROLE", "api.db_anon_role"),
    ("PGRST_PRE_REQUEST", "api.db_pre_request"),
    ("PGRST_DB_PRE_REQUEST", "api.db_pre_request"),
    ("PGRST_MAX_ROWS", "api.db_max_rows"),
    ("PGRST_DB_MAX_ROWS", "api.db_max_rows"),
    ("PGRST_DB_AGGREGATES_ENABLED", "api.db_aggregates_enabled"),
    ("PGRST_DB_PLAN_ENABLED", "api.db_plan_enabled"),
    ("PGRST_DB_TX_END", "api.db_tx_end"),
    ("PGRST_DB_CHANNEL", "api.db_channel"),
    ("PGRST_DB_CHANNEL_ENABLED", "api.db_channel_enabled"),
    ("PGRST_DB_CONFIG", "api.db_config"),
    ("PGRST_DB_PRE_CONFIG", "api.db_pre_config"),
    ("PGRST_DB_HOISTED_TX_SETTINGS", "api.db_hoisted_tx_settings"),
    ("PGRST_ROOT_SPEC", "api.db_root_spec"),
    ("PGRST_DB_ROOT_SPEC", "api.db_root_spec"),
    ("PGRST_LOG_QUERY", "api.log_query"),
    ("PGRST_OPENAPI_MODE", "api.openapi_mode"),
    ("PGRST_OPENAPI_SECURITY_ACTIVE", "api.openapi_security_active"),
    ("POSTGREST_PUBLIC_URL", "api.openapi_server_proxy_uri"),
    ("PGRST_OPENAPI_SERVER_PROXY_URI", "api.openapi_server_proxy_uri"),
    ("PGRST_SERVER_CORS_ALLOWED_ORIGINS", "api.server_cors_allowed_origins"),
    ("PGRST_SERVER_TIMING_ENABLED", "api.server_timing_enabled"),
    ("PGRST_SERVER_TRACE_HEADER", "api.server_trace_header"),
    ("PGRST_SERVER_UNIX_SOCKET", "api.server_unix_socket"),
    ("PGRST_SERVER_UNIX_SOCKET_MODE", "api.server_unix_socket_mode"),
    ("KEYCLOAK_CLIENT_ID", "auth.client_id"),
    ("PGRST_JWT_AUD", "auth.audience"),
    ("PGRST_JWT_SECRET", "auth.jwt_secret"),
    ("PGRST_SECRET_IS_BASE64", "auth.jwt_secret_is_base64"),
    ("PGRST_JWT_SECRET_IS_BASE64", "auth.jwt_secret_is_base64"),
    ("PGRST_ROLE_CLAIM_KEY", "auth.jwt_role_claim_key"),
    ("PGRST_JWT_ROLE_CLAIM_KEY", "auth.jwt_role_claim_key"),
    ("PGRST_JWT_CACHE_MAX_LIFETIME", "auth.jwt_cache_max_lifetime"),
    ("S3_BUCKET", "storage.s3_bucket"),
    ("AWS_ACCESS_KEY_ID", "storage.s3_access_key_id"),
    ("S3_ACCESS_KEY_ID", "storage.s3_access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "storage.s3_secret_access_key"),
    ("S3_SECRET_ACCESS_KEY", "storage.s3_secret_access_key"),
    ("AWS_REGION", "storage.s3_region"),
    ("S3_REGION", "storage.s3_region"),
    ("AWS_ENDPOINT_URL", "storage.s3_endpoint"),
    ("S3_ENDPOINT", "storage.s3_endpoint"),
    ("S3_PUBLIC_ENDPOINT", "storage.s3_public_endpoint"),
    ("THUMBNAIL_MAX_WORKERS", "thumbnails.max_workers"),
    ("SMTP_HOST", "notifications.smtp_host"),
    ("SMTP_PORT", "notifications.smtp_port"),
    ("SMTP_USERNAME", "notifications.smtp_username"),
    ("SMTP_PASSWORD", "notifications.smtp_password"),
    ("SMTP_FROM", "notifications.smtp_from"),
    ("SMTP_REPLY_TO", "notifications.smtp_reply_to"),
    ("SITE_URL", "notifications.site_url"),
    ("NOTIFICATION_TIMEZONE", "notifications.notification_timezone"),
    ("SKIP_TEST_EMAILS", "notifications.skip_test_emails"),
    ("STRIPE_SECRET_KEY", "payments.stripe_api_key"),
    ("STRIPE_API_KEY", "payments.stripe_api_key"),
    ("STRIPE_WEBHOOK_SECRET", "payments.stripe_webhook_secret"),
    ("STRIPE_PUBLISHABLE_KEY", "payments.stripe_publishable_key"),
    ("PAYMENT_CURRENCY", "payments.currency"),
    ("PAYMENT_WORKER_COUNT", "payments.river_worker_count"),
    ("RIVER_WORKER_COUNT", "payments.river_worker_count"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "telemetry.otlp_endpoint"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "telemetry.otlp_headers"),
    ("OTEL_SERVICE_NAME", "telemetry.service_name"),
    ("POSTGREST_LOG_LEVEL", "log.level"),
    ("PGRST_LOG_LEVEL", "log.level"),
];

/// Variables that are converted, combined or depend on the roles ([`composed`]), with the keys that they set.
pub(super) const COMPOSED: &[(&str, &str)] = &[
    ("PGRST_DB_URI", "database.url"),
    ("POSTGRES_DB", "database.url"),
    ("POSTGRES_PASSWORD", "database.url"),
    ("POSTGRES_PORT", "database.url"),
    ("POSTGRES_HOST", "database.url"),
    ("DATABASE_URL", "database.owner_url"),
    ("PGRST_DB_URI", "database.owner_url"),
    ("POSTGRES_USER", "database.owner_url"),
    ("DATABASE_URL", "database.worker_url"),
    ("PGRST_DB_POOL", "database.pool_api"),
    ("DB_MAX_CONNS", "database.pool_worker"),
    ("DB_MAX_CONNS", "database.pool_payments"),
    ("PAYMENT_WORKER_DB_MAX_CONNS", "database.pool_payments"),
    ("PGRST_DB_PREPARED_STATEMENTS", "database.prepared_statements"),
    ("FRONTEND_PORT", "web.listen"),
    ("POSTGREST_PORT", "api.listen"),
    ("PGRST_SERVER_HOST", "api.listen"),
    ("PGRST_SERVER_PORT", "api.listen"),
    ("WEBHOOK_PORT", "payments.listen"),
    ("PGRST_ADMIN_SERVER_HOST", "admin.listen"),
    ("PGRST_ADMIN_SERVER_PORT", "admin.listen"),
    ("KEYCLOAK_URL", "auth.issuer"),
    ("KEYCLOAK_REALM", "auth.issuer"),
    ("PGRST_DB_EXTRA_SEARCH_PATH", "api.db_extra_search_path"),
    ("PGRST_APP_SETTINGS_", "api.app_settings"),
];

/// Old names and the ones that replaced them.
const RENAMED: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "S3_ACCESS_KEY_ID"),
    ("AWS_SECRET_ACCESS_KEY", "S3_SECRET_ACCESS_KEY"),
    ("AWS_REGION", "S3_REGION"),
    ("AWS_ENDPOINT_URL", "S3_ENDPOINT"),
];

const APP_SETTINGS: &str = "PGRST_APP_SETTINGS_";
/// What must be escaped inside the user or password of a URL.
const CREDENTIAL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The entries of this layer, weakest first.
pub(super) fn read(
    variables: &Variables,
    roles: RoleSet,
    entries: &mut Vec<Entry>,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<String>,
) {
    let mut layer = Layer { variables, entries };
    for (variable, key) in SAME {
        if let Some(value) = variables.get(variable) {
            layer.add(key, value, &[variable]);
        }
    }
    // The one variable that PostgREST takes even when it is empty.
    if let Some(path) = variables.get_or_empty("PGRST_DB_EXTRA_SEARCH_PATH") {
        layer.add("api.db_extra_search_path", path, &["PGRST_DB_EXTRA_SEARCH_PATH"]);
    }
    composed(&mut layer, roles, problems, warnings);
    for (old, new) in RENAMED {
        if variables.get(old).is_some() && variables.get(new).is_none() {
            warnings.push(format!("{old} is the old name of {new}; it still works"));
        }
    }
    for name in variables.names().filter(|name| name.starts_with("PGRST_") && !is_known(name)) {
        warnings.push(format!("{name} is not known here and has no effect"));
    }
}

struct Layer<'a> {
    variables: &'a Variables,
    entries: &'a mut Vec<Entry>,
}

impl Layer<'_> {
    fn add(&mut self, key: &str, value: impl Into<String>, names: &[&str]) {
        let source = self.variables.source(names);
        self.entries.push(Entry { key: key.to_owned(), value: Node::Variable(value.into()), source });
    }
}

fn composed(layer: &mut Layer<'_>, roles: RoleSet, problems: &mut Vec<Problem>, warnings: &mut Vec<String>) {
    let variables = layer.variables;
    logins(layer, roles, warnings);
    if let Some(size) = variables.get("PGRST_DB_POOL") {
        layer.add("database.pool_api", size, &["PGRST_DB_POOL"]);
    }
    if let Some(size) = variables.get("DB_MAX_CONNS") {
        // The variable of two containers: in one process it is the worker's where there is a worker.
        let worker = roles.contains(Role::Worker) || !roles.contains(Role::Payments);
        layer.add(if worker { "database.pool_worker" } else { "database.pool_payments" }, size, &["DB_MAX_CONNS"]);
    }
    if let Some(size) = variables.get("PAYMENT_WORKER_DB_MAX_CONNS") {
        layer.add("database.pool_payments", size, &["PAYMENT_WORKER_DB_MAX_CONNS"]);
    }
    if let Some(value) = variables.get("PGRST_DB_PREPARED_STATEMENTS") {
        let names = &["PGRST_DB_PREPARED_STATEMENTS"];
        match boolean(value) {
            Some(allowed) => {
                layer.add("database.prepared_statements", if allowed { "auto" } else { "unnamed" }, names);
            }
            None => problems.push(Problem {
                key: "database.prepared_statements".into(),
                source: Some(variables.source(names)),
                message: "must be true or false in this variable".into(),
            }),
        }
    }
    for (variable, key) in
        [("FRONTEND_PORT", "web.listen"), ("POSTGREST_PORT", "api.listen"), ("WEBHOOK_PORT", "payments.listen")]
    {
        if let Some(port) = variables.port(variable) {
            layer.add(key, format!("0.0.0.0:{port}"), &[variable]);
        }
    }
    let host = variables.get("PGRST_SERVER_HOST");
    match (host, variables.get("PGRST_SERVER_PORT")) {
        (host, Some(port)) => {
            let names =
                if host.is_some() { &["PGRST_SERVER_HOST", "PGRST_SERVER_PORT"][..] } else { &["PGRST_SERVER_PORT"] };
            layer.add("api.listen", format!("{}:{port}", address(host)), names);
        }
        (Some(host), None) => layer.add("api.listen", format!("{}:3000", address(Some(host))), &["PGRST_SERVER_HOST"]),
        (None, None) => {}
    }
    if let Some(port) = variables.get("PGRST_ADMIN_SERVER_PORT") {
        let admin_host = variables.get("PGRST_ADMIN_SERVER_HOST").or(host);
        layer.add("admin.listen", format!("{}:{port}", address(admin_host)), &["PGRST_ADMIN_SERVER_PORT"]);
    }
    match (variables.get("KEYCLOAK_URL"), variables.get("KEYCLOAK_REALM")) {
        (Some(url), Some(realm)) => {
            let issuer = format!("{}/realms/{realm}", url.trim_end_matches('/'));
            layer.add("auth.issuer", issuer, &["KEYCLOAK_URL", "KEYCLOAK_REALM"]);
        }
        (Some(_), None) => warnings.push("KEYCLOAK_URL has no effect without KEYCLOAK_REALM".into()),
        (None, Some(_)) => warnings.push("KEYCLOAK_REALM has no effect without KEYCLOAK_URL".into()),
        (None, None) => {}
    }
    let settings: Vec<&str> = variables.names().filter(|name| name.len() > APP_SETTINGS.len()).collect();
    for name in settings.into_iter().filter(|name| name.starts_with(APP_SETTINGS)) {
        let value = variables.get_or_empty(name).unwrap_or_default();
        layer.add(&format!("api.app_settings.{}", name[APP_SETTINGS.len()..].to_ascii_lowercase()), value, &[name]);
    }
}

/// Who connects to the database. The API never becomes the owner, whatever the variables say.
fn logins(layer: &mut Layer<'_>, roles: RoleSet, warnings: &mut Vec<String>) {
    let variables = layer.variables;
    let (pool, owner) = (variables.get("PGRST_DB_URI"), variables.get("DATABASE_URL"));
    let parts = (variables.get("POSTGRES_DB"), variables.get("POSTGRES_PASSWORD"));
    if let (Some(database), Some(password)) = parts {
        let host = variables.get("POSTGRES_HOST").unwrap_or("localhost");
        let port = variables.port("POSTGRES_PORT").unwrap_or("5432");
        let url = |user: &str| {
            let (user, password) = (utf8_percent_encode(user, CREDENTIAL), utf8_percent_encode(password, CREDENTIAL));
            format!("postgres://{user}:{password}@{host}:{port}/{}", utf8_percent_encode(database, CREDENTIAL))
        };
        const NAMES: [&str; 4] = ["POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_HOST", "POSTGRES_PORT"];
        let names: Vec<&str> = NAMES.into_iter().filter(|name| variables.port(name).is_some()).collect();
        if pool.is_none() {
            layer.add("database.url", url("authenticator"), &names);
        }
        if owner.is_none() && roles.contains(Role::Migrate) {
            layer.add("database.owner_url", url(variables.get("POSTGRES_USER").unwrap_or("postgres")), &names);
        }
    }
    if let Some(uri) = pool {
        layer.add("database.url", uri, &["PGRST_DB_URI"]);
        if roles.is_only(Role::Migrate) && owner.is_none() {
            layer.add("database.owner_url", uri, &["PGRST_DB_URI"]);
        }
    }
    if let Some(uri) = owner {
        if roles.contains(Role::Migrate) {
            layer.add("database.owner_url", uri, &["DATABASE_URL"]);
        }
        if roles.contains(Role::Worker) || roles.contains(Role::Payments) {
            layer.add("database.worker_url", uri, &["DATABASE_URL"]);
            if roles.contains(Role::Api) {
                warnings.push(
                    "DATABASE_URL is the owner's login; jobs of a process that has the role api as well use \
                     database.url and switch to a narrow role"
                        .into(),
                );
            } else if roles.contains(Role::Migrate) {
                warnings.push(
                    "DATABASE_URL is the owner's login and is used for background jobs too; each of their transactions \
                     switches to a narrow role. Set database.worker_url to a login of its own to keep them apart"
                        .into(),
                );
            }
        }
    }
}

/// PostgREST's special host names (`!4`: IPv4 only, and so on) as an address.
fn address(host: Option<&str>) -> String {
    match host {
        None | Some("!4" | "*4") => "0.0.0.0".into(),
        Some("*" | "*6" | "!6") => "[::]".into(),
        Some(host) if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        Some(host) => host.into(),
    }
}

fn is_known(name: &str) -> bool {
    name.starts_with(APP_SETTINGS) || SAME.iter().chain(COMPOSED).any(|(variable, _)| *variable == name)
}
