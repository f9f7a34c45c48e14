//! Each variable of the containers that this binary replaces, alone, for each role: it sets its key whatever the role is, or this table says for which.
//! (`aliases.rs` has how they combine.) The names are those of the operator's documents, written down here a second time.

use super::setting;
use civic_os::config::{Config, Role};
use serde_json::Value;

/// Every role alone, and all together.
fn roles() -> Vec<&'static str> {
    Role::EVERY.iter().map(|role| role.name()).chain(["all"]).collect()
}

/// Variable, value, key, what the key then has.
const PLAIN: &[(&str, &str, &str, &str)] = &[
    ("S3_BUCKET", "pictures", "storage.s3_bucket", "pictures"),
    ("S3_REGION", "eu-north-1", "storage.s3_region", "eu-north-1"),
    ("AWS_REGION", "eu-north-1", "storage.s3_region", "eu-north-1"),
    ("S3_ENDPOINT", "http://store:9000", "storage.s3_endpoint", "http://store:9000"),
    ("AWS_ENDPOINT_URL", "http://store:9000", "storage.s3_endpoint", "http://store:9000"),
    ("S3_PUBLIC_ENDPOINT", "https://s3.example.org", "storage.s3_public_endpoint", "https://s3.example.org"),
    ("THUMBNAIL_MAX_WORKERS", "7", "thumbnails.max_workers", "7"),
    ("SITE_URL", "https://town.example.org", "notifications.site_url", "https://town.example.org"),
    ("NOTIFICATION_TIMEZONE", "Europe/Oslo", "notifications.notification_timezone", "Europe/Oslo"),
    ("SMTP_HOST", "mail.example.org", "notifications.smtp_host", "mail.example.org"),
    ("SMTP_PORT", "2525", "notifications.smtp_port", "2525"),
    ("SMTP_USERNAME", "clerk", "notifications.smtp_username", "clerk"),
    ("SMTP_FROM", "clerk@example.org", "notifications.smtp_from", "clerk@example.org"),
    ("SKIP_TEST_EMAILS", "true", "notifications.skip_test_emails", "true"),
    ("PAYMENT_CURRENCY", "EUR", "payments.currency", "EUR"),
    ("RIVER_WORKER_COUNT", "3", "payments.river_worker_count", "3"),
    ("PAYMENT_WORKER_COUNT", "3", "payments.river_worker_count", "3"),
    ("STRIPE_PUBLISHABLE_KEY", "pk_live_1", "payments.stripe_publishable_key", "pk_live_1"),
    ("WEBHOOK_PORT", "8081", "payments.listen", "0.0.0.0:8081"),
    ("SQITCH_VERIFY", "true", "migrate.verify", "true"),
    ("CIVIC_OS_VERIFY_FULL", "true", "migrate.verify_full", "true"),
    ("PGRST_DB_SCHEMA", "public,town", "api.db_schemas", r#"["public","town"]"#),
    ("PGRST_DB_SCHEMAS", "public,town", "api.db_schemas", r#"["public","town"]"#),
    ("PGRST_DB_ANON_ROLE", "nobody", "api.db_anon_role", "nobody"),
    ("PGRST_DB_PRE_REQUEST", "public.look", "api.db_pre_request", "public.look"),
    ("PGRST_JWT_AUD", "town", "auth.audience", "town"),
    ("PGRST_LOG_LEVEL", "error", "log.level", "error"),
    ("POSTGREST_LOG_LEVEL", "error", "log.level", "error"),
    (
        "PGRST_OPENAPI_SERVER_PROXY_URI",
        "https://api.example.org",
        "api.openapi_server_proxy_uri",
        "https://api.example.org",
    ),
    ("POSTGREST_PUBLIC_URL", "https://api.example.org", "api.openapi_server_proxy_uri", "https://api.example.org"),
    ("POSTGREST_PORT", "3010", "api.listen", "0.0.0.0:3010"),
    ("PGRST_SERVER_PORT", "3010", "api.listen", "0.0.0.0:3010"),
    ("PGRST_SERVER_HOST", "127.0.0.1", "api.listen", "127.0.0.1:3000"),
    ("PGRST_ADMIN_SERVER_PORT", "3011", "admin.listen", "0.0.0.0:3011"),
    ("PGRST_DB_POOL", "12", "database.pool_api", "12"),
    ("PAYMENT_WORKER_DB_MAX_CONNS", "6", "database.pool_payments", "6"),
    ("FRONTEND_PORT", "8088", "web.listen", "0.0.0.0:8088"),
    ("POSTGREST_URL", "https://api.example.org", "web.postgrest_url", "https://api.example.org"),
    ("FRONTEND_POSTGREST_URL", "https://api.example.org", "web.postgrest_url", "https://api.example.org"),
    ("SWAGGER_URL", "https://docs.example.org", "web.swagger_url", "https://docs.example.org"),
    ("KEYCLOAK_CLIENT_ID", "town", "auth.client_id", "town"),
    ("MAP_TILE_URL", "https://t.example.org/{z}/{x}/{y}.png", "map.tile_url", "https://t.example.org/{z}/{x}/{y}.png"),
    ("MAP_ATTRIBUTION", "the town", "map.attribution", "the town"),
    ("MAP_DEFAULT_LAT", "60.5", "map.default_lat", "60.5"),
    ("MAP_DEFAULT_LNG", "-10.25", "map.default_lng", "-10.25"),
    ("MAP_DEFAULT_ZOOM", "9", "map.default_zoom", "9"),
    ("MATOMO_URL", "https://m.example.org", "matomo.url", "https://m.example.org"),
    ("MATOMO_SITE_ID", "4", "matomo.site_id", "4"),
    ("MATOMO_ENABLED", "false", "matomo.enabled", "false"),
];

/// Secrets do not stand in what is printed: each has its own way of looking.
type Look = fn(&Config) -> Option<&str>;
const SECRET: &[(&str, Look)] = &[
    ("S3_ACCESS_KEY_ID", |config| config.storage.s3_access_key_id.expose()),
    ("AWS_ACCESS_KEY_ID", |config| config.storage.s3_access_key_id.expose()),
    ("S3_SECRET_ACCESS_KEY", |config| config.storage.s3_secret_access_key.expose()),
    ("AWS_SECRET_ACCESS_KEY", |config| config.storage.s3_secret_access_key.expose()),
    ("SMTP_PASSWORD", |config| config.notifications.smtp_password.expose()),
    ("STRIPE_API_KEY", |config| config.payments.stripe_api_key.expose()),
    ("STRIPE_SECRET_KEY", |config| config.payments.stripe_api_key.expose()),
    ("STRIPE_WEBHOOK_SECRET", |config| config.payments.stripe_webhook_secret.expose()),
    ("PGRST_JWT_SECRET", |config| config.auth.jwt_secret.expose()),
];

/// Names whose meaning depends on roles or on other names, or that mean nothing; `aliases.rs` has them.
const ELSEWHERE: &[&str] = &[
    "DATABASE_URL",
    "DB_MAX_CONNS",
    "DB_MIN_CONNS",
    "PGRST_DB_URI",
    "KEYCLOAK_URL",
    "KEYCLOAK_REALM",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "POSTGRES_PORT",
    "GITHUB_ORG",
    "VERSION",
];

fn shown(config: &Config, key: &str) -> String {
    let document = serde_json::to_value(config).expect("JSON");
    let mut value = &document;
    for part in key.split('.') {
        value = &value[part];
    }
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn each_variable_sets_its_key_for_each_role() {
    let mut wrong = Vec::new();
    for (variable, value, key, expected) in PLAIN {
        for role in roles() {
            let before = shown(&setting(role).load().config, key);
            let with = |value: &str| shown(&setting(role).variables(&[(variable, value)]).load().config, key);
            let (set, empty) = (with(value), with(""));
            // Without a difference nothing would be proven.
            if before == *expected || set != *expected || empty != before {
                wrong.push(format!(
                    "{variable} for {role}: {key} is {before}, with it {set}, with an empty one {empty}"
                ));
            }
        }
    }
    for (variable, look) in SECRET {
        for role in roles() {
            let secret = "a secret that is long enough for any of them";
            let loaded = setting(role).variables(&[(variable, secret)]).load();
            let empty = setting(role).variables(&[(variable, "")]).load();
            if look(&loaded.config) != Some(secret) || look(&empty.config).is_some() {
                wrong.push(format!("{variable} for {role}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The names of the manual that are not ours are all in one of the lists, but for PostgREST's others, which `plain_mode.rs` and the API's tests have.
#[test]
fn no_name_is_forgotten() {
    let manual = include_str!("../../../civic-os.toml.example");
    let listed: Vec<&str> = PLAIN
        .iter()
        .map(|(name, ..)| *name)
        .chain(SECRET.iter().map(|(name, _)| *name))
        .chain(ELSEWHERE.iter().copied())
        .collect();
    let mut seen = 0;
    for line in manual.lines().filter_map(|line| line.strip_prefix("# Variables: ")) {
        for name in line.split(", ").map(str::trim).filter(|name| !name.starts_with("CIVIC_OS_")) {
            let of_others = ["PGRST_", "OTEL_"].iter().any(|start| name.starts_with(start));
            let ours = ["POSTGRES_HOST", "POSTGRES_USER", "SMTP_REPLY_TO"].contains(&name);
            assert!(of_others || ours || listed.contains(&name), "{name} has no test");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen} names found in the manual");
}
