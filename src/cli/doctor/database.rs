//! The database: who we are there, what the server can do, and whether the core schema fits this build.

use super::PATIENCE;
use super::finding::Findings;
use crate::config::{ApiMode, DatabaseMode, Loaded, Role, Secret};
use crate::db::{self, DbError};
use crate::migrate::{self, Currency};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio_postgres::{Client, Row};

const LOGIN: &str = include_str!("../../sql/cli/doctor_login.sql");
const ROLES: &str = include_str!("../../sql/cli/doctor_roles.sql");

const DATABASE: &str = "database";
const OWNER: &str = "owner";
const STANDBY: &str = "standby";
const WORKER: &str = "worker login";
const CORE: &str = "core schema";
const CLOCK: &str = "clock";

/// Seconds by which two clocks may differ: the leeway that tokens get.
const CLOCKS_APART: f64 = 30.0;

/// Oldest version of PostgreSQL that works (D-05).
const OLDEST: i32 = 150_000;

/// What the server says about a login.
struct Login {
    version_number: i32,
    version: String,
    login: String,
    database: String,
    is_superuser: bool,
    bypasses_rls: bool,
    inherits: bool,
    tables_owned: i64,
    is_replica: bool,
    connections: i32,
    /// Seconds since 1970 by the server's clock.
    clock: f64,
    has_postgis: bool,
    postgis_available: bool,
}

impl Login {
    fn from_row(row: &Row) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            version_number: row.try_get("version_number")?,
            version: row.try_get("version")?,
            login: row.try_get("login")?,
            database: row.try_get("database")?,
            is_superuser: row.try_get("is_superuser")?,
            bypasses_rls: row.try_get("bypasses_rls")?,
            inherits: row.try_get("inherits")?,
            tables_owned: row.try_get("tables_owned")?,
            is_replica: row.try_get("is_replica")?,
            connections: row.try_get("connections")?,
            clock: row.try_get("clock")?,
            has_postgis: row.try_get("has_postgis")?,
            postgis_available: row.try_get("postgis_available")?,
        })
    }

    /// What makes row security useless for this login.
    fn power(&self) -> Option<String> {
        if self.is_superuser {
            Some("is a superuser".into())
        } else if self.bypasses_rls {
            Some("has BYPASSRLS".into())
        } else if self.tables_owned > 0 {
            Some(format!("owns {} tables", self.tables_owned))
        } else {
            None
        }
    }
}

pub(super) async fn check(loaded: &Loaded, findings: &mut Findings) {
    let (config, roles) = (&loaded.config, loaded.roles);
    if config.database.mode == DatabaseMode::Managed {
        let message = format!("a private PostgreSQL under {}, which `serve` starts", config.data_dir().display());
        findings.ok(DATABASE, message);
        return;
    }
    if roles.contains(Role::Api) && config.database.url.is_set() {
        pool_login(loaded, findings).await;
    }
    if config.pool_read(roles) > 0 {
        standby(loaded, findings).await;
    }
    let jobs = roles.contains(Role::Worker) || roles.contains(Role::Payments);
    // A process that serves the API as well uses one login for both, which the warnings of the configuration say.
    if jobs && !roles.contains(Role::Api) && config.database.worker_url.is_set() {
        worker_login(loaded, findings).await;
    }
    if roles.contains(Role::Migrate) && config.database.owner_url.is_set() {
        owner_login(&config.database.owner_url, findings).await;
    }
    if config.api.mode == ApiMode::CivicOs {
        let url = config.database.owner_url.or(config.pool_url(roles));
        if url.is_set() {
            core_schema(url, findings).await;
        }
    }
}

/// Connects and asks who we are; `None` after a finding.
async fn look(check: &'static str, key: &str, url: &Secret, findings: &mut Findings) -> Option<(Client, Login)> {
    let attempt = async {
        let client = db::connect_direct(url).await?;
        let login = Login::from_row(&client.query_one(LOGIN, &[]).await?)?;
        Ok::<_, DbError>((client, login))
    };
    match tokio::time::timeout(PATIENCE, attempt).await {
        Ok(Ok(pair)) => Some(pair),
        Ok(Err(error)) => {
            let remedy = error.remedy(key).unwrap_or_else(|| format!("check {key}"));
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            findings.fail(check, format!("{key}: {error}{cause}"), remedy);
            None
        }
        Err(_) => {
            let remedy = format!("are host and port in {key} right, and does a firewall drop the packets?");
            findings.fail(check, format!("{key}: no answer within {} s", PATIENCE.as_secs()), remedy);
            None
        }
    }
}

/// Tokens, signatures of the store and of webhooks, and jobs by the clock all need the right time.
fn compare_clocks(login: &Login, findings: &mut Findings) {
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let ahead = login.clock - ours;
    if ahead.abs() > CLOCKS_APART {
        let side = if ahead > 0.0 { "ahead of" } else { "behind" };
        let message = format!("the database's clock is {:.0} s {side} the clock of this machine", ahead.abs());
        findings.warn(CLOCK, message, "set both by a time server (`timedatectl` tells whether one is used)");
    }
}

async fn pool_login(loaded: &Loaded, findings: &mut Findings) {
    let (config, roles) = (&loaded.config, loaded.roles);
    let Some((client, login)) = look(DATABASE, "database.url", &config.database.url, findings).await else { return };
    if login.version_number < OLDEST {
        findings.fail(
            DATABASE,
            format!("PostgreSQL {} is too old", login.version),
            "upgrade to PostgreSQL 15 or later",
        );
    } else {
        let message = format!("PostgreSQL {}, database {}, login {}", login.version, login.database, login.login);
        findings.ok(DATABASE, message);
    }
    compare_clocks(&login, findings);
    if login.is_replica {
        findings.fail(DATABASE, "this server is a read replica", "point database.url at the primary");
    }
    if let Some(power) = login.power() {
        findings.fail(
            DATABASE,
            format!("the login {} {power}: row security does not protect anything from it", login.login),
            "give database.url a login of its own: create role authenticator login noinherit password '…'; \
             grant web_anon, authenticated to authenticator",
        );
    } else if login.inherits {
        findings.warn(
            DATABASE,
            format!("the login {} inherits the rights of its roles", login.login),
            format!("alter role {} noinherit", quoted(&login.login)),
        );
    }
    let wanted = i64::from(config.pool_max(roles)) + 1;
    if wanted > i64::from(login.connections) {
        findings.fail(
            DATABASE,
            format!("the server allows {} connections, this process wants {wanted}", login.connections),
            "lower database.pool_max or raise max_connections",
        );
    }
    let mut wanted: Vec<String> = config.api.db_anon_role.iter().cloned().collect();
    if config.api.mode == ApiMode::CivicOs {
        wanted.push("authenticated".into());
    }
    memberships(&client, &login, DATABASE, &wanted, findings).await;
}

/// The server that answers reads: a standby with room for us.
async fn standby(loaded: &Loaded, findings: &mut Findings) {
    let config = &loaded.config;
    let Some((_, login)) = look(STANDBY, "database.read_url", &config.database.read_url, findings).await else {
        return;
    };
    let wanted = i64::from(config.pool_read(loaded.roles));
    if !login.is_replica {
        let remedy = "point database.read_url at a streaming standby, or leave it out";
        findings.warn(STANDBY, "this server is no standby: the primary answers all reads", remedy);
    } else if wanted > i64::from(login.connections) {
        let message = format!("the standby allows {} connections, this process wants {wanted}", login.connections);
        findings.fail(STANDBY, message, "lower database.pool_api or raise the standby's max_connections");
    } else {
        findings.ok(STANDBY, format!("PostgreSQL {} answers reads for login {}", login.version, login.login));
    }
}

async fn worker_login(loaded: &Loaded, findings: &mut Findings) {
    let url = &loaded.config.database.worker_url;
    let Some((client, login)) = look(WORKER, "database.worker_url", url, findings).await else { return };
    match login.power() {
        Some(power) => findings.warn(
            WORKER,
            format!(
                "{} {power}; every transaction of a job switches to a narrow role, but the login itself could do more",
                login.login
            ),
            "leave database.worker_url and DATABASE_URL unset: the jobs then use the pool's login",
        ),
        None => findings.ok(WORKER, format!("login {}", login.login)),
    }
    let mut wanted = Vec::new();
    if loaded.roles.contains(Role::Worker) {
        wanted.push("civic_os_worker".to_owned());
    }
    if loaded.roles.contains(Role::Payments) {
        wanted.push("civic_os_payments".to_owned());
    }
    memberships(&client, &login, WORKER, &wanted, findings).await;
}

async fn memberships(client: &Client, login: &Login, check: &'static str, wanted: &[String], findings: &mut Findings) {
    let rows = match client.query(ROLES, &[&wanted]).await {
        Ok(rows) => rows,
        Err(error) => {
            findings.fail(check, format!("roles cannot be read: {}", DbError::from(error)), "");
            return;
        }
    };
    for row in rows {
        let (name, is_there, is_member): (String, bool, bool) = (row.get(0), row.get(1), row.get(2));
        if !is_there {
            findings.fail(
                check,
                format!("role {name} does not exist"),
                "run `civic-os migrate deploy`, which creates it",
            );
        } else if !is_member {
            let remedy = format!("grant {} to {}", quoted(&name), quoted(&login.login));
            findings.fail(check, format!("login {} may not become {name}", login.login), remedy);
        }
    }
}

async fn owner_login(url: &Secret, findings: &mut Findings) {
    let Some((_client, login)) = look(OWNER, "database.owner_url", url, findings).await else { return };
    match tokio::time::timeout(PATIENCE, migrate::lacks(url)).await {
        Ok(Ok(lacks)) if lacks.is_empty() => findings.ok(OWNER, format!("login {} may deploy", login.login)),
        Ok(Ok(lacks)) => {
            for lack in lacks {
                findings.fail(OWNER, format!("login {} {}", login.login, lack.what), lack.remedy);
            }
        }
        Ok(Err(error)) => findings.fail(OWNER, super::super::explained(&error.into()), ""),
        Err(_) => findings.fail(OWNER, format!("no answer within {} s", PATIENCE.as_secs()), ""),
    }
    if !login.has_postgis && !login.postgis_available {
        findings.warn(
            OWNER,
            "the server has no PostGIS: everything but location columns works",
            "install it on the database server, for example `apt-get install postgresql-15-postgis-3`",
        );
    }
}

async fn core_schema(url: &Secret, findings: &mut Findings) {
    match tokio::time::timeout(PATIENCE, migrate::is_current(url)).await {
        Ok(Ok(Currency::Current)) => findings.ok(CORE, Currency::Current.to_string()),
        Ok(Ok(state)) if state.may_serve() => findings.warn(CORE, state.to_string(), ""),
        Ok(Ok(state)) => findings.fail(CORE, state.to_string(), ""),
        Ok(Err(error)) => {
            let message = super::super::explained(&error.into());
            findings.fail(CORE, message, "run `civic-os migrate status`");
        }
        Err(_) => findings.fail(CORE, format!("no answer within {} s", PATIENCE.as_secs()), ""),
    }
}

fn quoted(identifier: &str) -> String {
    let plain = !identifier.is_empty()
        && identifier.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
        && !identifier.starts_with(|c: char| c.is_ascii_digit());
    if plain { identifier.to_owned() } else { format!("\"{}\"", identifier.replace('"', "\"\"")) }
}
