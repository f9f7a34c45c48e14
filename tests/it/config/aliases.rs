//! The variables of existing deployments mean what they meant there, role by role.

use super::{COMPLETE, only, setting};
use civic_os::config::{Config, PreparedStatements, Role, RoleSet};

const POOL: &str = "postgres://authenticator:x@db/civic";
const OWNER: &str = "postgres://postgres:y@db/civic";

fn logins(config: &Config) -> [Option<&str>; 3] {
    [&config.database.url, &config.database.owner_url, &config.database.worker_url].map(|secret| secret.expose())
}

#[test]
fn database_url_is_the_owners_for_migrations_and_the_workers_for_jobs_and_never_the_apis() {
    for (roles, expected) in [
        ("api", [Some(POOL), None, None]),
        ("worker", [Some(POOL), None, Some(OWNER)]),
        ("payments", [Some(POOL), None, Some(OWNER)]),
        ("migrate", [Some(POOL), Some(OWNER), None]),
        ("api,migrate", [Some(POOL), Some(OWNER), None]),
        ("all", [Some(POOL), Some(OWNER), Some(OWNER)]),
    ] {
        let loaded = setting(roles).variables(COMPLETE).load();
        assert_eq!(logins(&loaded.config), expected, "{roles}");
        let warned = loaded.warnings.iter().any(|warning| warning.contains("DATABASE_URL is the owner's login"));
        assert_eq!(warned, roles == "all", "{roles}: {:?}", loaded.warnings);
    }
    let all = setting("all").variables(COMPLETE).load();
    let text = "jobs of a process that has the role api as well use database.url";
    assert!(all.warnings.iter().any(|warning| warning.contains(text)), "{:?}", all.warnings);
    let api = setting("api").variables(&[("DATABASE_URL", OWNER)]);
    assert_eq!(logins(&api.load().config), [None; 3]);
    assert!(api.refusal().contains("database.url is not set"), "{}", api.refusal());
}

#[test]
fn a_login_of_the_jobs_that_a_process_does_not_use_is_pointed_out() {
    let file = format!("[database]\nworker_url = \"{OWNER}\"\n");
    for (roles, pool, is_unused) in
        [("all", POOL, true), ("api,worker", POOL, true), ("api", POOL, false), ("worker", OWNER, false)]
    {
        let loaded = setting(roles).file(&file).variables(&[("PGRST_DB_URI", POOL)]).load();
        assert_eq!(loaded.config.pool_url(loaded.roles).expose(), Some(pool), "{roles}");
        let warned = loaded.warnings.iter().any(|warning| warning.contains("database.worker_url has no effect"));
        assert_eq!(warned, is_unused, "{roles}: {:?}", loaded.warnings);
    }
}

#[test]
fn a_process_that_only_migrates_takes_the_containers_variable() {
    let alone = setting("migrate").variables(&[("PGRST_DB_URI", OWNER)]).load();
    assert_eq!(alone.config.database.owner_url.expose(), Some(OWNER));
    alone.require_complete().expect("complete");
    let both = setting("all").variables(&[("PGRST_DB_URI", POOL)]).load();
    assert_eq!(both.config.database.owner_url.expose(), None);
}

#[test]
fn connection_limits_go_to_the_part_of_their_role() {
    let variables = [("PGRST_DB_POOL", "20"), ("DB_MAX_CONNS", "6"), ("PAYMENT_WORKER_DB_MAX_CONNS", "3")];
    for (roles, [api, worker, payments], sum) in
        [("all", [20, 6, 3], 29), ("api", [20, 6, 3], 20), ("worker", [20, 6, 3], 6), ("payments", [20, 4, 3], 3)]
    {
        let loaded = setting(roles).variables(&variables).load();
        let database = &loaded.config.database;
        assert_eq!(
            [database.pool_api, database.pool_worker, database.pool_payments],
            [api, worker, payments],
            "{roles}"
        );
        assert_eq!(loaded.config.pool_max(loaded.roles), sum, "{roles}");
    }
    let alone = setting("payments").variables(&[("DB_MAX_CONNS", "2")]).load();
    assert_eq!(alone.config.pool_max(only(Role::Payments)), 2);
}

#[test]
fn the_issuer_is_made_from_keycloaks_url_and_realm() {
    let variables =
        [("KEYCLOAK_URL", "https://auth.example.org/"), ("KEYCLOAK_REALM", "town"), ("KEYCLOAK_CLIENT_ID", "c")];
    let loaded = setting("api").variables(&variables).load();
    assert_eq!(loaded.config.auth.issuer.as_deref(), Some("https://auth.example.org/realms/town"));
    assert_eq!(loaded.config.auth.client_id, "c");
    let half = setting("api").variables(&variables[..1]).load();
    assert_eq!(half.config.auth.issuer, None);
    assert!(half.warnings[0].contains("KEYCLOAK_URL has no effect without KEYCLOAK_REALM"));
}

#[test]
fn the_block_of_a_compose_deployment_is_complete_as_it_stands() {
    let block = include_str!("fixtures/compose.env");
    let loaded = setting("all").env_file(block).load();
    loaded.require_complete().expect("complete");
    let config = &loaded.config;
    assert_eq!(
        logins(config),
        [
            Some("postgres://authenticator:CHANGEME_SECURE_PASSWORD_HERE@localhost:5432/civic_os_prod"),
            Some("postgres://postgres:CHANGEME_SECURE_PASSWORD_HERE@localhost:5432/civic_os_prod"),
            None
        ]
    );
    assert_eq!(config.web.listen, "0.0.0.0:80");
    assert_eq!(config.api.listen.as_deref(), Some("0.0.0.0:3000"));
    assert_eq!(config.api.openapi_server_proxy_uri.as_deref(), Some("https://api.yourdomain.com"));
    assert_eq!(config.postgrest_url(), "https://api.yourdomain.com/");
    assert_eq!(config.web.swagger_url.as_deref(), Some("https://api.yourdomain.com:8080"));
    assert_eq!(config.auth.issuer.as_deref(), Some("https://auth.yourdomain.com/realms/production"));
    assert_eq!(config.auth.client_id, "civic-os-prod");
    assert_eq!(config.log.level, "warn");
    assert_eq!(config.storage.s3_endpoint, None, "empty but for a comment");
    assert_eq!(config.storage.public_endpoint(), Some("https://s3.yourdomain.com"));
    assert_eq!(config.storage.s3_secret_access_key.expose(), Some("your-secret-key"));
    assert_eq!(config.thumbnails.max_workers, 5);
    assert_eq!(config.payments.stripe_api_key.expose(), Some("sk_live_your_secret_key"));
    assert_eq!(config.payments_listen(RoleSet::ALL).as_deref(), Some("0.0.0.0:8080"));
    for role in Role::EVERY {
        let loaded = setting(role.name()).env_file(block).load();
        loaded.require_complete().unwrap_or_else(|error| panic!("{}: {error}", role.name()));
        assert!(loaded.disagreements.is_empty());
    }
}

#[test]
fn passwords_of_the_compose_names_are_escaped_in_the_url() {
    let variables = [
        ("POSTGRES_DB", "civic os"),
        ("POSTGRES_PASSWORD", "p@ss/w:rd"),
        ("POSTGRES_HOST", "postgres"),
        ("POSTGRES_USER", "owner"),
    ];
    let loaded = setting("all").variables(&variables).load();
    let owner = "postgres://owner:p%40ss%2Fw%3Ard@postgres:5432/civic%20os";
    assert_eq!(loaded.config.database.owner_url.expose(), Some(owner));
    let explicit = setting("all").variables(&variables).variables(COMPLETE).load();
    assert_eq!(logins(&explicit.config)[..2], [Some(POOL), Some(OWNER)]);
    assert!(explicit.disagreements.is_empty(), "{:?}", explicit.disagreements);
    let no_password = setting("all").variables(&variables[..1]).load();
    assert_eq!(logins(&no_password.config), [None; 3]);
}

#[test]
fn what_kubernetes_injects_is_no_setting_and_no_error() {
    let loaded = setting("all")
        .variables(COMPLETE)
        .variables(&[
            ("POSTGRES_PORT", "tcp://10.0.0.1:5432"),
            ("POSTGRES_SERVICE_HOST", "10.0.0.1"),
            ("POSTGRES_DB", "civic"),
            ("POSTGRES_PASSWORD", "x"),
            ("FRONTEND_PORT", "tcp://10.0.0.2:80"),
            ("POSTGREST_PORT", "tcp://10.0.0.3:3000"),
            ("WEBHOOK_PORT", "tcp://10.0.0.4:8080"),
            ("CIVIC_OS_WEB_SERVICE_HOST", "10.0.0.5"),
            ("CIVIC_OS_PORT", "tcp://10.0.0.5:8000"),
            ("CIVIC_OS_VERIFY_FULL", "true"),
        ])
        .load();
    assert_eq!(loaded.config.web.listen, "0.0.0.0:8000");
    assert_eq!((loaded.config.api.listen.as_ref(), loaded.config.payments.listen.as_ref()), (None, None));
    assert!(loaded.config.migrate.verify_full);
}

#[test]
fn old_names_work_with_a_word_about_the_new_ones() {
    let loaded = setting("worker").variables(&[("AWS_ACCESS_KEY_ID", "old"), ("AWS_REGION", "eu-west-1")]).load();
    assert_eq!(loaded.config.storage.s3_access_key_id.expose(), Some("old"));
    assert!(loaded.warnings.iter().any(|warning| warning.contains("AWS_REGION is the old name of S3_REGION")));
    let both = setting("worker").variables(&[("AWS_ACCESS_KEY_ID", "old"), ("S3_ACCESS_KEY_ID", "new")]).load();
    assert_eq!(both.config.storage.s3_access_key_id.expose(), Some("new"));
}

#[test]
fn the_variables_of_the_services_are_read() {
    let loaded = setting("all")
        .variables(COMPLETE)
        .variables(&[
            ("POSTGREST_URL", "https://api.example.org"),
            ("FRONTEND_POSTGREST_URL", "https://other.example.org"),
            ("MAP_DEFAULT_LAT", "-12.5"),
            ("MATOMO_URL", "https://m.example.org"),
            ("MATOMO_ENABLED", "False"),
            ("SMTP_USERNAME", "u"),
            ("SMTP_PASSWORD", "p"),
            ("SKIP_TEST_EMAILS", "1"),
            ("NOTIFICATION_TIMEZONE", "Europe/Berlin"),
            ("STRIPE_SECRET_KEY", "sk_1"),
            ("RIVER_WORKER_COUNT", "3"),
            ("PAYMENT_WORKER_COUNT", "2"),
            ("SQITCH_VERIFY", "true"),
            ("GITHUB_ORG", "x"),
            ("VERSION", "y"),
            ("DB_MIN_CONNS", "z"),
        ])
        .load();
    let config = &loaded.config;
    assert_eq!(config.postgrest_url(), "https://api.example.org/");
    assert_eq!((config.map.default_lat, config.matomo.enabled), (-12.5, false));
    assert_eq!((config.notifications.smtp_password.expose(), config.notifications.skip_test_emails), (Some("p"), true));
    assert_eq!(config.notifications.notification_timezone.as_deref(), Some("Europe/Berlin"));
    assert_eq!((config.payments.stripe_api_key.expose(), config.payments.river_worker_count), (Some("sk_1"), 3));
    assert!(config.migrate.verify);
    assert_eq!(config.database.prepared_statements, PreparedStatements::Auto);
}
