//! What a process keeps open towards PostgreSQL, and what it does to the schema before it serves.

use super::AppError;
use super::listeners::Addresses;
use super::reconfigure::{ConfigReader, Reconfigure};
use super::who_am_i::{WhoAmI, pre_request_statement};
use crate::admin::{Admin, Condition};
use crate::api::{Api, ApiContext, ApiSettings, SharedSettings};
use crate::auth::{Authenticator, LoginRights, login_check};
use crate::config::{ApiMode, Config, MigrateConfig, Role, RoleSet, Secret};
use crate::db::{Db, DbOptions, Hub, LaneLimits, Replica};
use crate::events::Events;
use crate::jobs::{JobQueue, QueueSettings, Registry, Store};
use crate::lifecycle::Lifecycle;
use crate::memory::Room;
use crate::migrate::{self, ApplyOptions, DeployOptions, VerifyOptions};
use crate::notifications::{Notifications, Outbox};
use crate::schema_cache;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Connections kept back for schema loads, health checks and job completion, so that a storm in one lane cannot stop them.
const RESERVED_FOR_SYSTEM: u32 = 2;
/// Bounds of the wait between two attempts to reach a database for migrations.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(32));

/// Pool, listener and schema cache of a process.
pub(super) struct Database {
    db: Db,
    /// The hot standby that answers reads, where there is one.
    replica: Option<Replica>,
    hub: Hub,
    schema_cache: Option<schema_cache::Handle>,
}

/// What the schema cache is made of; notifications only where somebody listens.
pub(super) fn schema_cache_options(config: &Config) -> schema_cache::SchemaCacheOptions {
    schema_cache::SchemaCacheOptions {
        schemas: config.api.db_schemas.clone(),
        extra_search_path: config.api.db_extra_search_path.iter().filter(|name| !name.is_empty()).cloned().collect(),
        channel: if config.api.db_channel_enabled { config.api.db_channel.clone() } else { String::new() },
        file: config.api.schema_cache_file.clone(),
    }
}

/// What functions of the core read of the configuration: where roles stand in a token (D-18), whether uploads need a
/// sign-in (D-03).
fn core_settings(config: &Config) -> Vec<(&'static str, String)> {
    let mut settings = vec![("civic_os.client_id", config.auth.client_id.clone())];
    if config.files.anonymous_uploads {
        settings.push(("civic_os.anonymous_uploads", "true".to_owned()));
    }
    settings
}

/// Settings of the REST API from the configuration.
pub(super) fn api_settings(config: &Config, host: &str, port: u16) -> ApiSettings {
    let mut settings = ApiSettings::from_config(&config.api, host, port);
    if config.api.mode == ApiMode::CivicOs {
        settings.core_settings = core_settings(config);
    }
    settings
}

fn judge(rights: LoginRights, strict: bool) -> Result<(), AppError> {
    let LoginRights { login, excessive, unusual } = rights;
    if strict && !excessive.is_empty() {
        return Err(AppError::PrivilegedLogin { login, rights: excessive.join(", ") });
    }
    for right in excessive.iter().chain(&unusual) {
        tracing::warn!(%login, "The database login may do more than it should: {right}");
    }
    Ok(())
}

impl Database {
    /// Opens the pool and starts the one listening connection. Nothing here waits for the server.
    pub(super) fn open(config: &Config, roles: RoleSet) -> Result<Self, AppError> {
        let database = &config.database;
        let application_name = match config.api.mode {
            ApiMode::CivicOs => format!("civic-os {} ({roles})", env!("CARGO_PKG_VERSION")),
            ApiMode::Postgrest => format!("civic-os {}", env!("CARGO_PKG_VERSION")),
        };
        let slow_query = config.log.slow_query_ms;
        let options = DbOptions {
            url: config.pool_url(roles).clone(),
            pool_max: config.pool_max(roles) as usize,
            lanes: lanes(config, roles),
            prepared_statements: database.prepared_statements,
            acquisition_timeout: Duration::from_secs(database.pool_acquisition_timeout),
            max_lifetime: Duration::from_secs(database.pool_max_lifetime),
            max_idletime: Duration::from_secs(database.pool_max_idletime),
            application_name: application_name.clone(),
            slow_query: (slow_query > 0).then(|| Duration::from_millis(slow_query)),
            room: match config.limits.held_bytes {
                None => Room::of_this_process(),
                Some(0) => Room::unbounded(),
                Some(bytes) => Room::new(bytes),
            },
            ..DbOptions::default()
        };
        let standby = DbOptions {
            url: database.read_url.clone(),
            pool_max: config.pool_read(roles) as usize,
            lanes: LaneLimits::default(),
            ..options.clone()
        };
        let db = Db::open(options)?;
        let replica = match config.pool_read(roles) {
            0 => None,
            _ => {
                let max_lag = Duration::from_secs(database.read_max_lag);
                Some(Replica::watch(db.clone(), Db::open(standby)?, max_lag))
            }
        };
        let hub = Hub::spawn(config.listen_url(roles), application_name)?;
        Ok(Self { db, replica, hub, schema_cache: None })
    }

    /// The REST API on this database. Starts loading the schema cache, after the settings that the database holds.
    pub(super) fn api(
        &mut self,
        config: &Config,
        addresses: &Addresses,
        authenticator: Authenticator,
        embedded_issuer: Option<String>,
        reread: Option<ConfigReader>,
    ) -> Api {
        // The document names the listener that serves at the root where there is one: PostgREST's own.
        let address = addresses.api.or(addresses.web);
        let (host, port) =
            address.map_or_else(|| ("0.0.0.0".to_owned(), 0), |address| (address.ip().to_string(), address.port()));
        let settings = SharedSettings::new(api_settings(config, &host, port));
        let reconfigure = Reconfigure {
            db: self.db.clone(),
            configured: Mutex::new(config.clone()),
            reread,
            host,
            port,
            settings: settings.clone(),
            authenticator: authenticator.clone(),
            embedded_issuer,
        };
        let schema_cache = schema_cache::Handle::spawn_configured(
            self.db.clone(),
            Some(self.hub.clone()),
            schema_cache_options(config),
            Some(reconfigure.hook()),
        );
        self.schema_cache = Some(schema_cache.clone());
        Api::new(ApiContext {
            db: self.db.clone(),
            replica: self.replica.clone(),
            schema_cache,
            authenticator,
            settings,
        })
    }

    /// The pool, for the embedded provider.
    pub(super) fn db(&self) -> Db {
        self.db.clone()
    }

    /// The page data of "who am I", where the core schema is.
    pub(super) fn who_am_i(&self, config: &Config, authenticator: &Authenticator) -> Option<WhoAmI> {
        (config.api.mode == ApiMode::CivicOs).then(|| {
            WhoAmI::new(
                authenticator.clone(),
                self.db.clone(),
                config.api.db_pre_request.as_deref(),
                core_settings(config),
            )
        })
    }

    /// Refuses an API on a login that row security does not bind (SURFACE.md §2); other roles only warn. A database
    /// that is down is asked later, and the process ends then.
    pub(super) async fn check_login(
        &self,
        config: &Config,
        roles: RoleSet,
        lifecycle: &Lifecycle,
    ) -> Result<(), AppError> {
        if config.api.mode == ApiMode::Postgrest {
            return Ok(());
        }
        let strict = roles.contains(Role::Api) && !config.auth.allow_privileged_login;
        match tokio::time::timeout(RETRY.0, login_check(&self.db)).await {
            Ok(Ok(rights)) => judge(rights, strict),
            _ => {
                let (db, lifecycle) = (self.db.clone(), lifecycle.clone());
                tokio::spawn(async move {
                    let rights = loop {
                        tokio::select! {
                            () = lifecycle.soft_stop().cancelled_owned() => return,
                            () = tokio::time::sleep(RETRY.0) => {}
                        }
                        if let Ok(rights) = login_check(&db).await {
                            break rights;
                        }
                    };
                    if let Err(error) = judge(rights, strict) {
                        tracing::error!("{error}");
                        lifecycle.crash("database login");
                    }
                });
                Ok(())
            }
        }
    }

    /// Live events for the caller of each stream.
    pub(super) fn events(
        &self,
        config: &Config,
        authenticator: &Authenticator,
        lifecycle: &Lifecycle,
    ) -> Option<Events> {
        let schema = config.api.db_schemas.first()?;
        (config.api.mode == ApiMode::CivicOs).then(|| {
            let stop = lifecycle.soft_stop();
            let pre_request = config.api.db_pre_request.as_deref().map(pre_request_statement);
            Events::new(authenticator.clone(), self.db.clone(), &self.hub, pre_request, schema, stop)
        })
    }

    /// Mail, text messages and what belongs to them, for roles that deliver or answer. Only a demonstration has an outbox.
    pub(super) fn notifications(
        &self,
        config: &Config,
        roles: RoleSet,
        outbox: Option<Outbox>,
    ) -> Result<Option<Notifications>, AppError> {
        if config.api.mode == ApiMode::Postgrest || !(roles.contains(Role::Worker) || roles.contains(Role::Api)) {
            return Ok(None);
        }
        Ok(Some(Notifications::open(config, self.db.clone(), outbox)?))
    }

    /// The job queue of the roles that work, with the kinds that they bring.
    pub(super) fn queue(&self, roles: RoleSet, kinds: Registry) -> Option<JobQueue> {
        if !roles.contains(Role::Worker) && !roles.contains(Role::Payments) {
            return None;
        }
        let names = roles.iter().map(|role| role.name().to_owned()).collect();
        let store = Store::new(self.db.clone());
        Some(JobQueue::start(store, Some(self.hub.clone()), kinds, names, QueueSettings::default()))
    }

    /// Readiness and metrics of pool, listener and schema cache (POSTGREST.md §20).
    pub(super) fn report_to(&self, admin: &mut Admin) {
        let db = self.db.clone();
        admin.add_check("database", move || {
            let db = db.clone();
            Box::pin(async move {
                match db.ping().await {
                    Ok(()) => Condition::Ready,
                    Err(error) => Condition::Waiting(error.to_string()),
                }
            })
        });
        let db = self.db.clone();
        admin.add_metrics(move |text| {
            let stats = db.stats();
            let metrics = [
                (
                    "pgrst_db_pool_timeouts_total",
                    "counter",
                    "Requests that waited too long for a connection",
                    stats.timeouts,
                ),
                ("pgrst_db_pool_available", "gauge", "Idle connections", stats.available as u64),
                ("pgrst_db_pool_waiting", "gauge", "Requests waiting for a connection", stats.waiting as u64),
                ("pgrst_db_pool_max", "gauge", "Most connections", stats.max as u64),
                ("civic_os_db_pool_open", "gauge", "Open connections", stats.open as u64),
                ("civic_os_held_bytes", "gauge", "Room that large bodies and answers take", db.room().taken()),
                ("civic_os_held_bytes_max", "gauge", "Room that there is for them", db.room().size()),
            ];
            for (name, kind, help, value) in metrics {
                let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
            }
        });
        if let Some(replica) = self.replica.clone() {
            admin.add_metrics(move |text| {
                // Without a value while it cannot be used: an alert asks for its absence.
                if let Some(lag) = replica.lag() {
                    let _ = writeln!(
                        text,
                        "# HELP civic_os_db_replica_lag_seconds How far the standby is behind\n\
                         # TYPE civic_os_db_replica_lag_seconds gauge\n\
                         civic_os_db_replica_lag_seconds {}",
                        lag.as_secs_f64()
                    );
                }
            });
        }
        let Some(handle) = self.schema_cache.clone() else { return };
        let of_dump = handle.clone();
        admin.set_schema_cache(move || of_dump.current().map(|cache| cache.dump().to_string()));
        let of_metrics = handle.clone();
        admin.add_metrics(move |text| {
            let (loads, failures) = (of_metrics.successes(), of_metrics.failures());
            if let Some(age) = of_metrics.age() {
                let _ = writeln!(
                    text,
                    "# HELP civic_os_schema_cache_age_seconds Time since the schema cache was loaded\n\
                     # TYPE civic_os_schema_cache_age_seconds gauge\n\
                     civic_os_schema_cache_age_seconds {:.1}",
                    age.as_secs_f64()
                );
            }
            let seconds = of_metrics.current().map_or(0.0, |cache| cache.query_time.as_secs_f64());
            let _ = writeln!(
                text,
                "# HELP pgrst_schema_cache_loads_total Loads of the schema cache\n\
                 # TYPE pgrst_schema_cache_loads_total counter\n\
                 pgrst_schema_cache_loads_total{{status=\"SUCCESS\"}} {loads}\n\
                 pgrst_schema_cache_loads_total{{status=\"FAIL\"}} {failures}\n\
                 # HELP pgrst_schema_cache_query_time_seconds Time of the queries of the last load\n\
                 # TYPE pgrst_schema_cache_query_time_seconds gauge\n\
                 pgrst_schema_cache_query_time_seconds {seconds}"
            );
        });
        admin.add_check("schema cache", move || {
            let condition = match handle.current() {
                Some(_) => Condition::Ready,
                None => Condition::Waiting(
                    handle.last_error().map_or_else(|| "loading".to_owned(), |error| error.to_string()),
                ),
            };
            Box::pin(std::future::ready(condition))
        });
    }

    /// Waits until requests can be answered; not longer than this.
    pub(super) async fn answers(&self, timeout: Duration) {
        if let Some(schema_cache) = &self.schema_cache {
            schema_cache.wait_first(timeout).await;
        }
    }

    /// Closes everything.
    pub(super) fn close(&self) {
        self.hub.stop();
        self.db.close();
        if let Some(replica) = &self.replica {
            replica.db().close();
        }
    }
}

/// Each role's part of the pool is also its lane. What is reserved for the system is taken from both, and so is what a
/// smaller `database.pool_max` leaves out.
fn lanes(config: &Config, roles: RoleSet) -> LaneLimits {
    let (parts, pool_max) = (config.pool_parts(roles), config.pool_max(roles));
    let shared = pool_max.saturating_sub(RESERVED_FOR_SYSTEM.min(pool_max - 1)).max(1);
    let share = |part: u32| {
        let share = if parts.sum() > shared { shared * part / parts.sum() } else { part.min(shared) };
        Some(share.max(1) as usize)
    };
    let jobs = parts.worker + parts.payments;
    match (roles.contains(Role::Api), jobs > 0) {
        // Nothing else competes: the whole pool, as PostgREST would.
        (true, false) => LaneLimits::default(),
        (true, true) => LaneLimits { api: share(parts.api), jobs: share(jobs), system: None },
        (false, _) => LaneLimits { api: None, jobs: Some(shared as usize), system: None },
    }
}

/// Brings the schema up to date, or checks that it is.
pub(super) struct Preparation {
    owner_url: Secret,
    pool_url: Secret,
    deploys: bool,
    checks: bool,
    init_dir: Option<PathBuf>,
    settings: MigrateConfig,
    progress: Arc<dyn migrate::Progress>,
}

impl Preparation {
    pub(super) fn new(config: &Config, roles: RoleSet, progress: Arc<dyn migrate::Progress>) -> Self {
        Self {
            owner_url: config.database.owner_url.clone(),
            pool_url: config.pool_url(roles).clone(),
            deploys: roles.is_only(Role::Migrate) || (roles.contains(Role::Migrate) && config.migrate_on_start(roles)),
            checks: config.api.mode == ApiMode::CivicOs,
            init_dir: config.app.init_dir.clone(),
            settings: config.migrate.clone(),
            progress,
        }
    }

    /// The role `migrate` alone: once, and every failure is one.
    pub(super) async fn run_to_the_end(&self) -> Result<(), AppError> {
        self.deploy().await
    }

    /// Before serving: a schema that is not current is an error, a database that is away is not. It is asked again in the background until it answers.
    pub(super) async fn start(self, lifecycle: &Lifecycle) -> Result<(), AppError> {
        match self.attempt().await {
            Err(AppError::Migrate(error)) if error.is_unreachable() => {
                tracing::warn!(error = %error, "The database cannot be reached; serving 503 until it can");
                tokio::spawn(self.keep_trying(lifecycle.clone()));
                Ok(())
            }
            other => other,
        }
    }

    async fn keep_trying(self, lifecycle: Lifecycle) {
        let stop = lifecycle.soft_stop();
        let mut wait = RETRY.0;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            match self.attempt().await {
                Ok(()) => return,
                Err(AppError::Migrate(error)) if error.is_unreachable() => wait = (wait * 2).min(RETRY.1),
                Err(error) => {
                    tracing::error!(error = %error, "The database is back, but its schema cannot be used");
                    lifecycle.crash("migrate");
                    return;
                }
            }
        }
    }

    async fn attempt(&self) -> Result<(), AppError> {
        if self.deploys {
            self.deploy().await?;
        } else if self.checks {
            match migrate::is_current(&self.pool_url).await? {
                currency if currency.may_serve() => {}
                currency => return Err(AppError::Schema(currency.to_string())),
            }
        }
        Ok(())
    }

    async fn deploy(&self) -> Result<(), AppError> {
        let options = DeployOptions { verify: self.settings.verify, ..DeployOptions::default() };
        migrate::deploy(&self.owner_url, &options, self.progress.as_ref()).await?;
        if self.settings.verify_full {
            let report = migrate::verify(&self.owner_url, VerifyOptions { full: true }).await?;
            if !report.is_healthy() {
                let message = "the database is not what the migrations made: `civic-os migrate verify --full` lists the differences";
                return Err(AppError::Schema(message.to_owned()));
            }
        }
        if let Some(dir) = &self.init_dir {
            match migrate::apply_application(&self.owner_url, dir, ApplyOptions::default(), self.progress.as_ref())
                .await
            {
                // A compose file mounts the folder before there is anything in it.
                Err(migrate::MigrateError::NothingToApply { path }) => {
                    tracing::warn!(folder = %path.display(), "app.init_dir holds no *.sql and no NN_table.csv: nothing to apply");
                }
                other => drop(other?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_never_takes_the_connections_of_another() {
        let mut config = Config::default();
        let of = |config: &Config, roles: &str| {
            let lanes = lanes(config, roles.parse().unwrap());
            (lanes.api, lanes.jobs)
        };
        assert_eq!(of(&config, "all"), (Some(8), Some(7)), "two of eighteen are the system's");
        assert_eq!(of(&config, "api,worker"), (Some(8), Some(3)));
        assert_eq!(of(&config, "api"), (None, None));
        assert_eq!(of(&config, "worker"), (None, Some(2)), "two of four are the system's");
        config.database.pool_api = 20;
        assert_eq!(of(&config, "all"), (Some(18), Some(7)));
        config.database.pool_max = Some(6);
        assert_eq!(of(&config, "all"), (Some(2), Some(1)), "four to share, in proportion");
        config.database.pool_max = Some(1);
        assert_eq!(of(&config, "all"), (Some(1), Some(1)));
    }
}
