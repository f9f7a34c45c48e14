//! Builds the shared parts once and starts the modules that the roles ask for.
//!
//! Order: listeners are bound (a busy port is the first thing to say), a private PostgreSQL is started where the configuration asks for one, migrations
//! run, then pool, listener, schema cache, keys, and last the HTTP servers. A database that is away does not keep the process from starting: the API says
//! 503 until it is there. Each module gets what it needs and nothing else. Callers: `cli::serve`, `cli::demo`. Tests: `tests/it/serve`.

mod client_config;
mod database;
mod error;
mod figures;
pub(crate) mod files;
mod front_door;
mod heads;
mod http;
mod http_metrics;
mod kinds;
mod letters;
mod listeners;
mod payments;
mod process_figures;
mod reconfigure;
mod tls;
mod who_am_i;

pub use error::AppError;
pub use letters::letter_sender;
pub use listeners::Addresses;
pub use reconfigure::ConfigReader;
pub use tls::check_tls;

use crate::activation::PassedSockets;
use crate::admin::Admin;
use crate::auth::{AuthOptions, Authenticator, ClaimPaths, IssuerOptions, KeySource, SetupError};
use crate::cluster::{Cluster, ClusterOptions, StepListener};
use crate::config::{ApiMode, Config, DatabaseMode, Role, RoleSet};
use crate::identity::{Appearance, NewPerson, Provider, ProviderOptions};
use crate::jobs::JobQueue;
use crate::lifecycle::Lifecycle;
use crate::migrate;
use crate::notifications::Outbox;
use crate::outbound::http_client;
use crate::spreadsheets::{Doorkeeper, Spreadsheets};
use crate::store::ObjectStore;
use crate::telemetry::traces;
use listeners::Listeners;
use std::sync::Arc;
use std::time::Duration;

/// What `demo` adds to a configuration.
#[derive(Default)]
pub struct Extras {
    /// Told about the steps of a private PostgreSQL.
    pub cluster_progress: Option<StepListener>,
    /// Told about migrations and the application's files.
    pub migration_progress: Option<Arc<dyn migrate::Progress>>,
    /// People that the embedded provider knows from the start.
    pub people: Vec<NewPerson>,
    /// Password of these people to show on the sign-in page; loopback only.
    pub shown_password: Option<String>,
    /// Whether the client tells its users that this is a demonstration.
    pub demo: bool,
    /// Sockets that the service manager bound.
    pub passed: PassedSockets,
    /// Reads file and variables again when the configuration is reloaded; without it only the database is read again.
    pub reread: Option<ConfigReader>,
}

/// A started process.
pub struct Running {
    /// Where it listens.
    pub addresses: Addresses,
    lifecycle: Lifecycle,
    servers: http::Servers,
    database: Option<database::Database>,
    made_passwords: Vec<(String, String)>,
    cluster: Option<Cluster>,
    queue: Option<JobQueue>,
    store: Option<ObjectStore>,
    grace: Duration,
    deadline: Duration,
}

/// Runs a process with these roles until it is told to stop.
///
/// # Errors
/// What keeps it from starting, and a module that ended on its own.
pub async fn run(config: Config, roles: RoleSet, reread: ConfigReader, passed: PassedSockets) -> Result<(), AppError> {
    match Box::pin(start(config, roles, Extras { reread: Some(reread), passed, ..Extras::default() })).await? {
        Some(running) => running.wait().await,
        None => Ok(()),
    }
}

/// Starts a process; `None` when its only role was `migrate` and that is done.
///
/// # Errors
/// What keeps it from starting.
pub async fn start(mut config: Config, roles: RoleSet, mut extras: Extras) -> Result<Option<Running>, AppError> {
    let lifecycle = Lifecycle::new();
    lifecycle.watch_signals(Duration::from_secs(config.shutdown.deadline)).map_err(AppError::Signals)?;
    raise_descriptor_limit();
    crate::memory::give_back_holes();
    let passed = std::mem::take(&mut extras.passed);
    let listeners =
        if roles.is_only(Role::Migrate) { Listeners::default() } else { Listeners::bind(&config, roles, passed)? };
    let cluster = start_cluster(&mut config, &extras).await?;

    let result = start_modules(config, roles, extras, lifecycle, listeners, cluster).await;
    match result {
        Ok(running) => Ok(running),
        Err((error, cluster)) => {
            if let Some(cluster) = cluster {
                cluster.stop().await?;
            }
            Err(error)
        }
    }
}

/// A collector that does not answer for this long has not got the traces.
const TRACES_TIMEOUT: Duration = Duration::from_secs(10);

type Failed = (AppError, Option<Cluster>);

async fn start_modules(
    mut config: Config,
    roles: RoleSet,
    extras: Extras,
    lifecycle: Lifecycle,
    mut listeners: Listeners,
    cluster: Option<Cluster>,
) -> Result<Option<Running>, Failed> {
    macro_rules! attempt {
        ($step:expr) => {
            match $step {
                Ok(value) => value,
                Err(error) => return Err((AppError::from(error), cluster)),
            }
        };
    }
    attempt!(start_traces(&config));
    let progress = extras.migration_progress.clone().unwrap_or_else(|| Arc::new(migrate::Logged));
    let preparation = database::Preparation::new(&config, roles, progress);
    if roles.is_only(Role::Migrate) {
        attempt!(preparation.run_to_the_end().await);
        if let Some(cluster) = cluster {
            cluster.stop().await.map_err(|error| (error.into(), None))?;
        }
        return Ok(None);
    }
    attempt!(preparation.start(&lifecycle).await);

    let mut database = attempt!(database::Database::open(&config, roles));
    attempt!(database.check_login(&config, roles, &lifecycle).await);
    client_config::derive_public_url(&mut config, listeners.addresses().web);
    let (sockets, address) = (std::mem::take(&mut listeners.store), listeners.addresses().store);
    let store = attempt!(files::start_store(&mut config, sockets, address));
    // Letters and notifications of a demonstration are read on one page.
    let outbox = extras.demo.then(Outbox::default);
    let mut site = http::Site::default();
    if roles.contains(Role::Api) {
        let provider = attempt!(Box::pin(open_provider(&config, &extras, outbox.as_ref(), &database)).await);
        let authenticator = attempt!(authenticator(&config, provider.as_ref()));
        if config.api.mode == ApiMode::CivicOs {
            site.door = Some(attempt!(front_door::FrontDoor::new(&config, Some(authenticator.clone()))));
        }
        site.web_root.clone_from(&config.web.root);
        site.who_am_i = database.who_am_i(&config, &authenticator);
        site.downloads = files::downloads(&config, &authenticator, &database.db());
        site.events = database.events(&config, &authenticator, &lifecycle);
        site.spreadsheets = Some(Spreadsheets::new(signed_in(authenticator.clone())));
        let issuer = provider.as_ref().map(|provider| provider.issuer().to_owned());
        let reread = extras.reread.clone();
        site.api = Some(database.api(&config, listeners.addresses(), authenticator, issuer, reread));
        site.runtime_config = Some(client_config::runtime_config(&config, extras.demo));
        site.public_url = config.public_url();
        site.provider = provider;
    }
    let mut admin = Admin::new(lifecycle.clone());
    database.report_to(&mut admin);
    figures::report_to(&mut admin, &config);
    for address in listeners.addresses().public() {
        admin.add_listener(address);
    }
    if let Some(path) = &listeners.addresses().api_socket {
        admin.add_socket(path.clone());
    }
    let payments = attempt!(payments::Payments::start(&config, roles, &database, &lifecycle));
    site.webhook.clone_from(&payments.webhook);
    site.sandbox.clone_from(&payments.sandbox);
    if listeners.addresses().payments.is_some() {
        site.payments_door = attempt!(front_door::FrontDoor::new(&config, None));
    }
    site.admin = Some(admin);
    site.tls = attempt!(tls::server_config(&config));
    let notifications = attempt!(database.notifications(&config, roles, outbox));
    site.notifications.clone_from(&notifications);
    let kinds = attempt!(kinds::registry(&config, roles, &database.db(), notifications.as_ref(), &payments));
    let queue = database.queue(roles, kinds);
    let addresses = listeners.addresses().clone();
    let made_passwords = site.provider.as_ref().map(|provider| provider.made_passwords().to_vec()).unwrap_or_default();
    let servers = attempt!(http::Servers::start(listeners, site));
    lifecycle.serving();
    tracing::info!(roles = %roles, "Serving {}", addresses);
    let grace = Duration::from_secs(config.shutdown.grace);
    let deadline = Duration::from_secs(config.shutdown.deadline);
    Ok(Some(Running {
        addresses,
        lifecycle,
        servers,
        database: Some(database),
        queue,
        made_passwords,
        store,
        cluster,
        grace,
        deadline,
    }))
}

impl Running {
    /// Waits for the end: a signal, [`Running::stop`] from elsewhere, or a module that died.
    ///
    /// # Errors
    /// [`AppError::ModuleEnded`] when a module ended on its own, or the private PostgreSQL did not stop.
    pub async fn wait(mut self) -> Result<(), AppError> {
        let soft = self.lifecycle.soft_stop();
        let hard = self.lifecycle.hard_stop();
        tokio::select! {
            () = soft.cancelled() => {}
            () = self.servers.ended() => self.lifecycle.crash("http"),
            () = ended(self.cluster.as_ref()) => self.lifecycle.crash("postgresql"),
        }
        tokio::select! {
            () = self.drain() => {}
            () = hard.cancelled() => {}
        }
        if let Some(cluster) = self.cluster.take() {
            cluster.stop().await?;
        }
        if self.lifecycle.has_crashed() { Err(AppError::ModuleEnded) } else { Ok(()) }
    }

    /// Lets the load balancer notice, finishes what runs, closes the connections.
    async fn drain(&mut self) {
        tokio::time::sleep(self.grace).await;
        // Jobs get most of the deadline; what they hand back and what requests still write needs the rest.
        let queue = self.queue.take().map(|queue| queue.stop(self.deadline.mul_f64(0.6)));
        tokio::join!(self.servers.stop(), async {
            if let Some(stopping) = queue {
                stopping.await;
            }
        });
        // After the jobs, which use it.
        if let Some(store) = self.store.take() {
            store.stop(self.deadline.mul_f64(0.2)).await;
        }
        if let Some(database) = self.database.take() {
            database.close();
        }
        traces::flush().await;
    }

    /// Waits until the first request can be answered; not longer than this.
    pub async fn answers(&self, timeout: Duration) {
        if let Some(database) = &self.database {
            database.answers(timeout).await;
        }
    }

    /// Usernames and passwords that the embedded provider made at this start: to be shown once.
    pub fn made_passwords(&self) -> &[(String, String)] {
        &self.made_passwords
    }

    /// A handle that stops the process from elsewhere.
    pub fn lifecycle(&self) -> Lifecycle {
        self.lifecycle.clone()
    }
}

/// Sends traces where the configuration says so; a process that starts a second time keeps the first way.
fn start_traces(config: &Config) -> Result<(), AppError> {
    let telemetry = &config.telemetry;
    let Some(endpoint) = telemetry.otlp_endpoint.clone() else { return Ok(()) };
    let options = traces::Options {
        endpoint,
        headers: telemetry.otlp_headers.expose().map(str::to_owned),
        ratio: telemetry.sample_ratio,
        service: telemetry.service_name.clone(),
        client: http_client(TRACES_TIMEOUT).map_err(AppError::TracesClient)?,
    };
    Ok(traces::start(options)?)
}

/// Every connection is a descriptor: as many as the system allows, not the small number that shells start with.
fn raise_descriptor_limit() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        tracing::debug!(%error, soft, hard, "the limit of open files stays as it is");
    }
}

async fn ended(cluster: Option<&Cluster>) {
    match cluster {
        Some(cluster) => cluster.ended().await,
        None => std::future::pending().await,
    }
}

/// Starts the private PostgreSQL of managed mode and points the configuration at it.
async fn start_cluster(config: &mut Config, extras: &Extras) -> Result<Option<Cluster>, AppError> {
    if config.database.mode != DatabaseMode::Managed {
        return Ok(None);
    }
    let mut options = ClusterOptions::new(config.data_dir());
    if let Some(progress) = &extras.cluster_progress {
        options.progress = progress.clone();
    }
    let cluster = Cluster::start(options).await?;
    config.database.url = cluster.authenticator_url();
    config.database.owner_url = cluster.owner_url();
    Ok(Some(cluster))
}

/// Starts the provider where the configuration or the demonstration asks for it.
async fn open_provider(
    config: &Config,
    extras: &Extras,
    outbox: Option<&Outbox>,
    database: &database::Database,
) -> Result<Option<Provider>, AppError> {
    let identity = &config.identity;
    if !identity.enabled || config.api.mode != ApiMode::CivicOs {
        return Ok(None);
    }
    let mut options = ProviderOptions::new(&config.public_url(), &identity.realm, &config.auth.client_id);
    options.access_token_lifetime = Duration::from_secs(identity.access_token_lifetime);
    options.session_idle_lifetime = Duration::from_secs(identity.session_idle_lifetime);
    options.key_rotation = Duration::from_secs(identity.key_rotation_days.max(1) * 24 * 3600);
    options.people.clone_from(&extras.people);
    options.shown_password.clone_from(&extras.shown_password);
    options.appearance = appearance(config);
    // Whoever reaches the outbox reads the links in it: only where everybody knows the passwords anyway.
    options.letter_sender = letter_sender(config, outbox.filter(|_| extras.shown_password.is_some()));
    let provider = Provider::new(options, database.db())?;
    provider.start().await?;
    Ok(Some(provider))
}

/// The organisation's name and colours on the provider's pages and in its letters.
pub fn appearance(config: &Config) -> Appearance {
    let branding = &config.branding;
    Appearance { name: branding.name.clone(), color: branding.color.clone(), color_dark: branding.color_dark.clone() }
}

/// Lets in who has a valid token of a person.
fn signed_in(authenticator: Authenticator) -> Doorkeeper {
    Arc::new(move |header| {
        let authenticator = authenticator.clone();
        Box::pin(async move { header.is_some() && authenticator.authenticate(header.as_deref()).await.is_ok() })
    })
}

/// Keys come from the embedded provider, a configured secret or an issuer, in this order.
fn authenticator(config: &Config, provider: Option<&Provider>) -> Result<Authenticator, AppError> {
    let options = auth_options(config, provider.map(Provider::issuer));
    let source = match provider {
        Some(provider) => KeySource::Local(provider.key_set()),
        None => configured_keys(config)?,
    };
    Ok(Authenticator::new(options, source)?)
}

/// Keys of the configuration: a secret, or an issuer's.
fn configured_keys(config: &Config) -> Result<KeySource, SetupError> {
    let auth = &config.auth;
    match (auth.jwt_secret.expose(), &auth.issuer) {
        (Some(secret), _) => KeySource::from_secret(secret, auth.jwt_secret_is_base64),
        (None, Some(issuer)) => {
            let mut reach = IssuerOptions::new(issuer);
            reach.jwks_url.clone_from(&auth.jwks_url);
            Ok(KeySource::Issuer(reach))
        }
        (None, None) => Ok(KeySource::None),
    }
}

/// What tokens have to satisfy; `embedded` is the issuer of the embedded provider where that is on.
pub fn auth_options(config: &Config, embedded: Option<&str>) -> AuthOptions {
    let auth = &config.auth;
    let mut options = match config.api.mode {
        ApiMode::CivicOs => AuthOptions::default(),
        ApiMode::Postgrest => AuthOptions::postgrest(),
    };
    options.anonymous_role.clone_from(&config.api.db_anon_role);
    options.audience.clone_from(&auth.audience);
    options.role_claim_key.clone_from(&auth.jwt_role_claim_key);
    options.honour_role_claim |= auth.honour_role_claim;
    // An empty list allows every role that the login may become.
    options.allowed_roles = auth.allowed_roles.clone().filter(|roles| !roles.is_empty());
    options.authorized_parties.clone_from(&auth.authorized_parties);
    options.cache_max_lifetime = Duration::from_secs(auth.jwt_cache_max_lifetime);
    if config.api.mode == ApiMode::CivicOs {
        options.client_id = Some(auth.client_id.clone());
        options.claim_paths = ClaimPaths {
            roles: auth.role_claim_paths.clone(),
            user_id: auth.user_id_claim_path.clone(),
            name: auth.name_claim_path.clone(),
            email: auth.email_claim_path.clone(),
            phone: auth.phone_claim_path.clone(),
        };
    }
    // A configured secret says nothing about issuers.
    let configured = auth.issuer.as_deref().filter(|_| !auth.jwt_secret.is_set());
    options.issuer = embedded.or(configured).map(str::to_owned);
    options
}
