//! What works and is not safe: open tables, guessable secrets, test keys in public, a database line that anybody can read.

use super::PATIENCE;
use super::finding::Findings;
use crate::config::{ApiMode, Config, DatabaseMode, Loaded, Role, Secret};
use crate::db;
use url::Url;

const TABLES: &str = "row security";
const SECRETS: &str = "secrets";
const LINE: &str = "encryption";
const PROXY: &str = "proxy";

/// Schemas of the core alone.
const CORE: [&str; 2] = ["metadata", "payments"];
/// Tables that are named; the others are counted.
const NAMED: usize = 5;
/// Shorter passwords are guessed.
const SHORTEST: usize = 12;
/// Words that stand in examples, in whole or in part.
const PLACEHOLDERS: [&str; 9] =
    ["changeme", "change_me", "change-me", "placeholder", "your-", "your_", "example", "replace", "todo"];
/// Names that nobody in public has.
const RESERVED: [&str; 4] = [".test", ".example", ".localhost", ".local"];
/// Words that everybody tries first.
const FAVOURITES: [&str; 8] =
    ["password", "postgres", "secret", "admin", "authenticator", "civic-os", "civic_os", "123456789012"];

pub(super) async fn check(loaded: &Loaded, findings: &mut Findings) {
    let config = &loaded.config;
    secrets(config, findings);
    test_key(loaded, findings);
    proxy(loaded, findings);
    if config.database.mode == DatabaseMode::Managed || config.api.mode != ApiMode::CivicOs {
        return;
    }
    let url = config.database.owner_url.or(config.pool_url(loaded.roles));
    if url.is_set() {
        // Whoever cannot be reached was reported already.
        let _ = tokio::time::timeout(PATIENCE, of_database(config, url, findings)).await;
    }
}

async fn of_database(config: &Config, url: &Secret, findings: &mut Findings) -> Option<()> {
    let client = db::connect_direct(url).await.ok()?;
    let line = client.query_one(include_str!("../../sql/cli/doctor_connection.sql"), &[]).await.ok()?;
    if line.get::<_, bool>(1) && !line.get::<_, bool>(0) {
        findings.warn(
            LINE,
            "the connection to the database leaves this machine and is not encrypted",
            "add sslmode=verify-full&sslrootcert=… to the URLs, and switch ssl on at the server",
        );
    }
    let mut roles: Vec<String> = config.api.db_anon_role.iter().cloned().collect();
    roles.push("authenticated".to_owned());
    let sql = include_str!("../../sql/cli/doctor_open_tables.sql");
    // The core's own tables are what the migrations made them: `migrate verify --full` looks at those.
    let schemas: Vec<&String> = config.api.db_schemas.iter().filter(|name| !CORE.contains(&name.as_str())).collect();
    let rows = client.query(sql, &[&schemas, &roles]).await.ok()?;
    let open: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    if open.is_empty() {
        findings.ok(TABLES, "every table of the application that clients reach has row security");
    } else {
        let more = open.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = open[..open.len().min(NAMED)].join(", ");
        findings.warn(
            TABLES,
            format!("whoever has the grant reads and writes every row of {names}{more}"),
            "alter table … enable row level security, and a policy for each role that may see rows",
        );
    }
    Some(())
}

/// A public https address without certificates of our own has a proxy in front of it, which has to be named.
fn proxy(loaded: &Loaded, findings: &mut Findings) {
    let (config, roles) = (&loaded.config, loaded.roles);
    let is_behind =
        config.web.public_url.as_deref().is_some_and(|url| url.starts_with("https:")) && !config.tls.is_on();
    if roles.contains(Role::Api) && is_behind && config.web.trusted_proxies.is_empty() {
        findings.warn(
            PROXY,
            "web.public_url is https and this process speaks http: behind a proxy that is not named, everybody is one address to the limits",
            "web.trusted_proxies = [\"127.0.0.1/32\"], or the network that the proxy is in",
        );
    }
}

/// Placeholders and short passwords. The secret itself is never repeated.
fn secrets(config: &Config, findings: &mut Findings) {
    let database = &config.database;
    let mut weak = Vec::new();
    for (key, secret) in [
        ("database.url", &database.url),
        ("database.owner_url", &database.owner_url),
        ("database.worker_url", &database.worker_url),
        ("database.listen_url", &database.listen_url),
        ("database.read_url", &database.read_url),
    ] {
        let Some(password) = secret.expose().and_then(password) else { continue };
        if let Some(why) = weakness(&password, SHORTEST) {
            weak.push(format!("the password in {key} {why}"));
        }
    }
    for (key, secret) in [
        ("auth.jwt_secret", &config.auth.jwt_secret),
        ("storage.s3_secret_access_key", &config.storage.s3_secret_access_key),
        ("backup.s3_secret_access_key", &config.backup.s3_secret_access_key),
        ("payments.stripe_api_key", &config.payments.stripe_api_key),
        ("payments.stripe_webhook_secret", &config.payments.stripe_webhook_secret),
        ("notifications.feedback_secret", &config.notifications.feedback_secret),
    ] {
        // How long they are is decided where they are made.
        if let Some(why) = secret.expose().and_then(|secret| weakness(secret, 0)) {
            weak.push(format!("{key} {why}"));
        }
    }
    for one in &weak {
        findings.warn(SECRETS, one, "make a random one, for example: openssl rand -base64 32");
    }
}

fn password(url: &str) -> Option<String> {
    let connection = db::ConnectionString::parse(url).ok()?;
    let variable = connection.libpq_environment().into_iter().find(|(name, _)| *name == "PGPASSWORD");
    variable.and_then(|(_, value)| value.into_string().ok())
}

fn weakness(secret: &str, shortest: usize) -> Option<String> {
    let lower = secret.to_lowercase();
    if let Some(word) = PLACEHOLDERS.into_iter().find(|word| lower.contains(word)) {
        return Some(format!("is a placeholder (\"{word}\")"));
    }
    if FAVOURITES.contains(&lower.as_str()) {
        return Some("is among the first that everybody tries".to_owned());
    }
    (secret.chars().count() < shortest).then(|| format!("has fewer than {shortest} characters"))
}

/// Test keys of the payment provider where the public pays.
fn test_key(loaded: &Loaded, findings: &mut Findings) {
    let config = &loaded.config;
    let is_test = config.payments.stripe_api_key.expose().is_some_and(|key| key.contains("_test_"));
    if is_test && is_public(&config.public_url()) {
        findings.warn(
            SECRETS,
            "payments.stripe_api_key is a test key, but web.public_url is a public https address: nobody really pays",
            "set the live keys (STRIPE_API_KEY, STRIPE_WEBHOOK_SECRET, STRIPE_PUBLISHABLE_KEY)",
        );
    }
}

fn is_public(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    url.scheme() == "https"
        && match url.host() {
            Some(url::Host::Domain(name)) => name.contains('.') && !RESERVED.iter().any(|end| name.ends_with(end)),
            Some(url::Host::Ipv4(address)) => !(address.is_loopback() || address.is_private()),
            Some(url::Host::Ipv6(address)) => !address.is_loopback(),
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_secrets_are_told_apart() {
        for (secret, weak) in
            [("CHANGEME_SECURE_PASSWORD_HERE", true), ("postgres", true), ("short", true), ("x9Fq27hTzLw0pK", false)]
        {
            assert_eq!(weakness(secret, SHORTEST).is_some(), weak, "{secret}");
        }
        assert_eq!(password("postgres://u:p%40ss@db/x").as_deref(), Some("p@ss"));
        assert_eq!(password("postgres://u@db/x"), None);
    }

    #[test]
    fn public_addresses_are_told_apart() {
        for (url, public) in [
            ("https://town.gov", true),
            ("https://203.0.113.9", true),
            ("http://town.gov", false),
            ("https://localhost", false),
            ("https://town.test", false),
            ("https://192.168.1.4:8443", false),
        ] {
            assert_eq!(is_public(url), public, "{url}");
        }
    }
}
