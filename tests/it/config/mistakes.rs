//! Each mistake gets one message that names key, source and remedy.

use super::{COMPLETE, setting};
use std::os::unix::fs::PermissionsExt;

/// Says all of it.
#[track_caller]
fn says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "`{part}` is missing in: {message}");
    }
}

#[test]
fn unknown_keys_are_named_with_their_line_and_the_key_that_was_meant() {
    let message = setting("api").file("# comment\n[web]\nlistne = \"x\"\n").refusal();
    says(&message, &["web.listne", "civic-os.toml:3", "did you mean web.listen?"]);
    let message = setting("api").file("[databse]\nurl = \"x\"\n").refusal();
    says(&message, &["databse", "civic-os.toml:1", "is no section"]);
    let message = setting("api").file("[auth.keycloak]\nurl = \"x\"\n").refusal();
    says(&message, &["auth.keycloak", "is no key"]);
    let message = setting("api").variables(&[("CIVIC_OS_WEB__LISTNE", "x")]).refusal();
    says(&message, &["web.listne", "CIVIC_OS_WEB__LISTNE", "did you mean web.listen?"]);
    let message = setting("api").file("web = \"0.0.0.0:80\"\n").refusal();
    says(&message, &["web (", "is a section: write [web]"]);
}

#[test]
fn single_underscores_get_a_hint_and_no_error() {
    let loaded = setting("api").variables(&[("CIVIC_OS_WEB_LISTEN", "127.0.0.1:1")]).load();
    assert_eq!(loaded.config.web.listen, "0.0.0.0:8000");
    says(&loaded.warnings.join("\n"), &["CIVIC_OS_WEB_LISTEN has no effect", "CIVIC_OS_WEB__LISTEN"]);
}

#[test]
fn malformed_values_are_named_with_what_would_fit() {
    for (variable, value, parts) in [
        ("DB_MAX_CONNS", "many", &["database.pool_worker", "DB_MAX_CONNS", "a whole number", "\"many\""][..]),
        ("CIVIC_OS_API__DB_PLAN_ENABLED", "perhaps", &["api.db_plan_enabled", "true or false"]),
        ("CIVIC_OS_DATABASE__MODE", "embedded", &["database.mode", "one of external, managed"]),
        ("MAP_DEFAULT_LAT", "north", &["map.default_lat", "a number"]),
        ("MAP_DEFAULT_LAT", "91", &["map.default_lat", "between -90 and 90"]),
        ("CIVIC_OS_WEB__LISTEN", "8000", &["web.listen", "host:port", "0.0.0.0:8000"]),
        ("FRONTEND_PORT", "eighty", &["web.listen (FRONTEND_PORT)", "host:port"]),
        ("CIVIC_OS_WEB__LISTEN", "0.0.0.0:70000", &["web.listen", "host:port"]),
        ("CIVIC_OS_WEB__PUBLIC_URL", "town.example", &["web.public_url", "http://"]),
        ("KEYCLOAK_REALM", "x", &["auth.issuer", "http://"]),
        ("CIVIC_OS_BRANDING__COLOR", "green", &["branding.color", "#1c5c3a"]),
        ("PAYMENT_CURRENCY", "dollars", &["payments.currency", "USD"]),
        ("PGRST_DB_PREPARED_STATEMENTS", "maybe", &["database.prepared_statements", "true or false"]),
        ("PGRST_SERVER_UNIX_SOCKET_MODE", "999", &["api.server_unix_socket_mode", "octal"]),
        ("CIVIC_OS_DATABASE__POOL_MAX", "0", &["database.pool_max", "at least 1"]),
        ("DB_MAX_CONNS", "-1", &["database.pool_worker", "a whole number"]),
        ("PGRST_DB_URI", "localhost", &["database.url", "postgres://user:password@host"]),
        ("PGRST_DB_URI", "postgres://u:p@ss@h/d", &["database.url", "%40"]),
        ("PGRST_JWT_SECRET", "short", &["auth.jwt_secret", "32 characters"]),
    ] {
        let message = setting("all").variables(&[("KEYCLOAK_URL", "auth.example.org"), (variable, value)]).refusal();
        says(&message, parts);
    }
    let message = setting("api").file("[database]\npool_max = \"10\"\n[web]\nlisten = 8000\n").refusal();
    says(&message, &["2 errors", "database.pool_max", ":2)", "web.listen", ":4)", "a text in quotes, not 8000"]);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let message = setting("api")
        .file("nonsense = 1\n[map]\ndefault_zoom = 300\n")
        .variables(&[("SMTP_PORT", "x"), ("CIVIC_OS_FOO__BAR", "x")])
        .refusal();
    says(&message, &["4 errors", "nonsense", "map.default_zoom", "notifications.smtp_port", "foo.bar"]);
}

#[test]
fn two_listeners_on_one_port_are_refused() {
    let message = setting("all").variables(&[("FRONTEND_PORT", "3001")]).refusal();
    says(&message, &["admin.listen", "wants port 3001, and so does web.listen"]);
    assert!(setting("all").variables(&[("FRONTEND_PORT", "3001")]).try_load().is_ok(), "health asks only one of them");
    let one_each = [("CIVIC_OS_WEB__LISTEN", "127.0.0.1:80"), ("CIVIC_OS_API__LISTEN", "127.0.0.2:80")];
    setting("all").variables(COMPLETE).variables(&one_each).load().require_complete().expect("complete");
    // The webhook's listener does not exist in a process without payments.
    let webhook = setting("api").variables(COMPLETE).variables(&[("WEBHOOK_PORT", "8000")]).load();
    webhook.require_complete().expect("complete");
}

#[test]
fn missing_secrets_are_named_role_by_role() {
    for (roles, keys) in [
        ("api", &["database.url", "auth.issuer"][..]),
        ("worker", &["database.worker_url"]),
        ("payments", &["database.worker_url", "payments.stripe_api_key", "payments.stripe_webhook_secret"]),
        ("migrate", &["database.owner_url"]),
        ("all", &["database.url", "database.owner_url", "auth.issuer"]),
    ] {
        let message = setting(roles).refusal();
        says(&message, keys);
        assert_eq!(message.lines().count(), keys.len() + 1, "{message}");
        assert!(message.contains("is not set"), "{message}");
    }
    setting("all").variables(COMPLETE).load().require_complete().expect("complete");
    setting("payments")
        .variables(COMPLETE)
        .variables(&[("STRIPE_API_KEY", "sk"), ("STRIPE_WEBHOOK_SECRET", "wh")])
        .load()
        .require_complete()
        .expect("complete");
}

#[test]
fn who_migrates_needs_an_owner_and_who_does_not_needs_none() {
    let without_owner = [COMPLETE[0], COMPLETE[2], COMPLETE[3]];
    let message = setting("all").variables(&without_owner).refusal();
    says(&message, &["database.owner_url is not set", "DATABASE_URL", "migrate.on_start = false"]);
    let off = setting("all").variables(&without_owner).variables(&[("CIVIC_OS_MIGRATE__ON_START", "false")]).load();
    off.require_complete().expect("complete");
    let managed = setting("all")
        .variables(&[("CIVIC_OS_DATABASE__MODE", "managed"), ("CIVIC_OS_IDENTITY__ENABLED", "true")])
        .load();
    managed.require_complete().expect("a private database has its logins");
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let mut missing = setting("api");
    missing.sources.file = Some("/nowhere/civic-os.toml".into());
    says(&missing.refusal(), &["the configuration file /nowhere/civic-os.toml", "No such file"]);

    let mut missing = setting("api");
    missing.sources.env_files = vec!["/nowhere/.env".into()];
    says(&missing.refusal(), &["the file of variables /nowhere/.env", "No such file"]);

    let mut folder = setting("api");
    folder.sources.env_files = vec![folder.folder.path().to_owned()];
    says(&folder.refusal(), &["the file of variables", "directory"]);

    let locked = setting("api").env_file("A=1\n");
    let path = &locked.sources.env_files[0];
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o000)).expect("lock");
    if !nix::unistd::geteuid().is_root() {
        says(&locked.refusal(), &["could not read", "denied"]);
    }

    let secret = setting("api").variables(&[("PGRST_JWT_SECRET", "@/nowhere/jwks.json")]);
    says(&secret.refusal(), &["the file of a secret, /nowhere/jwks.json"]);
    let secret = setting("api").variables(&[("CIVIC_OS_DATABASE__URL__FILE", "/nowhere/url")]);
    says(&secret.refusal(), &["the file of a secret, /nowhere/url"]);
}

#[test]
fn files_that_make_no_sense_are_named_with_line_and_column() {
    says(&setting("api").file("[web]\nlisten = \"x\n").refusal(), &["civic-os.toml:2:", "invalid"]);
    says(&setting("api").file("[web]\n[web]\n").refusal(), &["civic-os.toml:2:", "duplicate"]);
    says(&setting("api").env_file("A=1\nthis is no line\n").refusal(), &["0.env:2", "`=` is expected"]);
    says(&setting("api").env_file("A='x\n").refusal(), &["0.env:1", "never closed"]);
}

#[test]
fn a_dollar_that_refers_to_nothing_is_pointed_out() {
    let loaded = setting("api").env_file("SMTP_PASSWORD=pa$word\n").load();
    assert_eq!(loaded.config.notifications.smtp_password.expose(), Some("pa"));
    says(&loaded.warnings[0], &["0.env:1", "$$", "single quotes"]);
    assert!(!loaded.warnings[0].contains("word is"), "{:?}", loaded.warnings);
}
