//! `--postgrest`: PostgREST's defaults and every `PGRST_*` name.

use super::setting;
use civic_os::config::{ApiMode, LogQuery, OpenApiMode, PreparedStatements, RequestLogLevel, RoleSet, TxEnd};

fn plain(variables: &[(&str, &str)]) -> civic_os::config::Loaded {
    setting("api").flag("api.mode", "postgrest", "--postgrest").variables(variables).load()
}

#[test]
fn the_defaults_are_postgrests() {
    let config = plain(&[]).config;
    assert_eq!(config.api.mode, ApiMode::Postgrest);
    assert_eq!(config.api.listen.as_deref(), Some("0.0.0.0:3000"));
    assert_eq!(config.api.db_schemas, ["public"]);
    assert_eq!((config.api.db_anon_role.as_ref(), config.api.db_pre_request.as_ref()), (None, None));
    assert_eq!((config.auth.audience.as_ref(), config.auth.allowed_roles.as_ref()), (None, None));
    assert!(config.auth.honour_role_claim);
    assert_eq!(config.auth.jwt_cache_max_lifetime, 0);
    assert_eq!((config.web.listen.as_str(), config.admin.listen.as_str()), ("", ""));
    assert_eq!(config.request_log_level(), RequestLogLevel::Error);
    assert!(!config.migrate_on_start(RoleSet::ALL));
    assert_eq!(config.database.pool_api, 10);
    assert_eq!(config.api.db_hoisted_tx_settings.len(), 3);
    assert!(config.api.db_config && config.api.db_channel_enabled);
}

#[test]
fn variables_alone_never_switch_it_on() {
    let loaded = setting("api").variables(&[("PGRST_DB_SCHEMAS", "api"), ("PGRST_SERVER_PORT", "3000")]).load();
    assert_eq!(loaded.config.api.mode, ApiMode::CivicOs);
    assert_eq!(loaded.config.web.listen, "0.0.0.0:8000");
    let by_key = setting("api").file("[api]\nmode = \"postgrest\"\n").load();
    assert_eq!(by_key.config.api.db_schemas, ["public"]);
}

#[test]
fn every_name_is_understood() {
    let loaded = plain(&[
        ("PGRST_ADMIN_SERVER_PORT", "3001"),
        ("PGRST_APP_SETTINGS_JWT_SECRET", "very secret"),
        ("PGRST_DB_AGGREGATES_ENABLED", "TRUE"),
        ("PGRST_DB_ANON_ROLE", "anon"),
        ("PGRST_DB_CHANNEL", "c"),
        ("PGRST_DB_CHANNEL_ENABLED", "false"),
        ("PGRST_DB_CONFIG", "0"),
        ("PGRST_DB_EXTRA_SEARCH_PATH", "extensions, util"),
        ("PGRST_DB_HOISTED_TX_SETTINGS", "statement_timeout"),
        ("PGRST_DB_MAX_ROWS", "1000"),
        ("PGRST_DB_PLAN_ENABLED", "true"),
        ("PGRST_DB_POOL", "11"),
        ("PGRST_DB_POOL_ACQUISITION_TIMEOUT", "12"),
        ("PGRST_DB_POOL_MAX_LIFETIME", "13"),
        ("PGRST_DB_POOL_MAX_IDLETIME", "14"),
        ("PGRST_DB_POOL_AUTOMATIC_RECOVERY", "false"),
        ("PGRST_DB_PRE_CONFIG", "pre"),
        ("PGRST_DB_PRE_REQUEST", "check"),
        ("PGRST_DB_PREPARED_STATEMENTS", "false"),
        ("PGRST_DB_ROOT_SPEC", "root"),
        ("PGRST_DB_SCHEMAS", "a, b"),
        ("PGRST_DB_TX_END", "rollback-allow-override"),
        ("PGRST_DB_URI", "host=/run/postgresql dbname=x"),
        ("PGRST_JWT_AUD", "aud"),
        ("PGRST_JWT_CACHE_MAX_LIFETIME", "60"),
        ("PGRST_JWT_ROLE_CLAIM_KEY", ".a.b"),
        ("PGRST_JWT_SECRET", "c2hvcnQ="),
        ("PGRST_JWT_SECRET_IS_BASE64", "true"),
        ("PGRST_LOG_LEVEL", "crit"),
        ("PGRST_LOG_QUERY", "main-query"),
        ("PGRST_OPENAPI_MODE", "ignore-privileges"),
        ("PGRST_OPENAPI_SECURITY_ACTIVE", "true"),
        ("PGRST_OPENAPI_SERVER_PROXY_URI", "https://api.example.org"),
        ("PGRST_SERVER_CORS_ALLOWED_ORIGINS", "https://a.example, https://b.example"),
        ("PGRST_SERVER_HOST", "127.0.0.1"),
        ("PGRST_SERVER_PORT", "3100"),
        ("PGRST_SERVER_TIMING_ENABLED", "true"),
        ("PGRST_SERVER_TRACE_HEADER", "X-Trace"),
        ("PGRST_SERVER_UNIX_SOCKET", "/run/x.sock"),
        ("PGRST_SERVER_UNIX_SOCKET_MODE", "666"),
    ]);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let (api, auth, database) = (&loaded.config.api, &loaded.config.auth, &loaded.config.database);
    assert_eq!(loaded.config.admin.listen, "127.0.0.1:3001");
    assert_eq!(api.listen.as_deref(), Some("127.0.0.1:3100"));
    assert_eq!(api.app_settings["jwt_secret"].expose(), Some("very secret"));
    assert_eq!((api.db_anon_role.as_deref(), api.db_channel.as_str()), (Some("anon"), "c"));
    assert!(api.db_aggregates_enabled && api.db_plan_enabled && !api.db_channel_enabled && !api.db_config);
    assert_eq!(api.db_extra_search_path, ["extensions", "util"]);
    assert_eq!(api.db_hoisted_tx_settings, ["statement_timeout"]);
    assert_eq!((api.db_max_rows, api.db_schemas.len(), api.db_tx_end), (Some(1000), 2, TxEnd::RollbackAllowOverride));
    assert_eq!(
        [&api.db_pre_config, &api.db_pre_request, &api.db_root_spec, &api.server_trace_header].map(Option::as_deref),
        [Some("pre"), Some("check"), Some("root"), Some("X-Trace")]
    );
    assert_eq!((api.log_query, api.openapi_mode), (LogQuery::MainQuery, OpenApiMode::IgnorePrivileges));
    assert!(api.openapi_security_active && api.server_timing_enabled);
    assert_eq!(api.server_cors_allowed_origins.as_ref().map(Vec::len), Some(2));
    assert_eq!(api.server_unix_socket.as_deref(), Some("/run/x.sock".as_ref()));
    assert_eq!(api.server_unix_socket_mode, "666");
    assert_eq!((auth.audience.as_deref(), auth.jwt_role_claim_key.as_str()), (Some("aud"), ".a.b"));
    assert!(auth.jwt_secret_is_base64 && auth.jwt_cache_max_lifetime == 60);
    assert_eq!(loaded.config.request_log_level(), RequestLogLevel::Crit);
    assert_eq!(
        (database.pool_api, database.pool_acquisition_timeout, database.pool_max_lifetime, database.pool_max_idletime),
        (11, 12, 13, 14)
    );
    assert!(!database.pool_automatic_recovery);
    assert_eq!(database.prepared_statements, PreparedStatements::Unnamed);
}

#[test]
fn short_names_and_hosts_are_understood() {
    let short = plain(&[
        ("PGRST_DB_SCHEMA", "one"),
        ("PGRST_MAX_ROWS", "5"),
        ("PGRST_PRE_REQUEST", "p"),
        ("PGRST_ROOT_SPEC", "r"),
        ("PGRST_ROLE_CLAIM_KEY", ".x"),
        ("PGRST_DB_EXTRA_SEARCH_PATH", ""),
    ]);
    let api = &short.config.api;
    assert_eq!((api.db_schemas[0].as_str(), api.db_max_rows), ("one", Some(5)));
    assert!(api.db_extra_search_path.is_empty(), "the one variable whose emptiness counts");
    for (host, listen) in [("!4", "0.0.0.0:3000"), ("*", "[::]:3000"), ("!6", "[::]:3000"), ("::1", "[::1]:3000")] {
        assert_eq!(plain(&[("PGRST_SERVER_HOST", host)]).config.api.listen.as_deref(), Some(listen));
    }
}

#[test]
fn names_that_nobody_knows_are_pointed_out() {
    let loaded = plain(&[("PGRST_DB_SCHEMAZ", "x")]);
    assert!(loaded.warnings[0].contains("PGRST_DB_SCHEMAZ"), "{:?}", loaded.warnings);
}

#[test]
fn no_key_for_tokens_is_needed() {
    plain(&[("PGRST_DB_URI", "postgres://x@y/z")]).require_complete().expect("complete");
}
