//! The current snapshot, and the task that replaces it.
//!
//! Invariant: a snapshot is only ever replaced by a newer good one (D-29); requests never wait for a reload. Reloads
//! coalesce: while one runs, any number of further requests make one more.

use super::builder::Builder;
use super::{SchemaCache, SchemaCacheError, Timezones};
use crate::db::{Db, Hub, HubEvent};
use futures_util::future::BoxFuture;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Notify, broadcast, watch};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
const LONGEST_WAIT_FOR_HUB: Duration = Duration::from_millis(500);

/// Reads the configuration before the first load, and again on `NOTIFY pgrst, 'reload config'` and SIGUSR2. Returns the
/// options to use from now on. `is_first` says which of the two it is.
pub type ConfigureHook =
    Arc<dyn Fn(bool) -> BoxFuture<'static, Result<SchemaCacheOptions, SchemaCacheError>> + Send + Sync>;

/// What to load and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaCacheOptions {
    /// Exposed schemas.
    pub schemas: Vec<String>,
    /// Schemas appended to the search path (computed fields and view columns are looked up there too).
    pub extra_search_path: Vec<String>,
    /// Channel of reload notifications; empty = none.
    pub channel: String,
    /// Where the catalogue's answers are kept between restarts, if anywhere.
    pub file: Option<PathBuf>,
}

/// Shared access to the current snapshot.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    current: RwLock<Option<Arc<SchemaCache>>>,
    last_error: RwLock<Option<Arc<SchemaCacheError>>>,
    loaded: watch::Sender<u64>,
    reload: Notify,
    hook: Option<ConfigureHook>,
    options: RwLock<SchemaCacheOptions>,
    successes: AtomicU64,
    failures: AtomicU64,
    /// When the current snapshot was loaded.
    loaded_at: RwLock<Option<Instant>>,
}

impl Handle {
    /// Starts loading in the background and returns at once. Reloads on notifications of the channel, on SIGUSR1 and
    /// when the LISTEN connection comes back.
    pub fn spawn(db: Db, hub: Option<Hub>, options: SchemaCacheOptions) -> Self {
        Self::spawn_configured(db, hub, options, None)
    }

    /// The same with a configuration that is read before the first load and whenever it is asked for. Nothing is loaded
    /// until it was read once.
    pub fn spawn_configured(
        db: Db,
        hub: Option<Hub>,
        options: SchemaCacheOptions,
        hook: Option<ConfigureHook>,
    ) -> Self {
        let hub = hub.filter(|_| !options.channel.is_empty());
        let events = hub.as_ref().map(|hub| hub.subscribe(&options.channel));
        let channel = options.channel.clone();
        let shared = Arc::new(Shared {
            current: RwLock::default(),
            last_error: RwLock::default(),
            loaded: watch::Sender::new(0),
            reload: Notify::new(),
            hook,
            options: RwLock::new(options),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            loaded_at: RwLock::default(),
        });
        let (weak, sources) = (Arc::downgrade(&shared), Sources { events, signals: Signals::watch() });
        tokio::spawn(async move {
            // What changes after the first load must not be missed.
            if let Some(hub) = &hub {
                hub.wait_until_listening(&channel, LONGEST_WAIT_FOR_HUB).await;
            }
            keep_current(weak, db, sources).await;
        });
        Self { shared }
    }

    /// A handle on a snapshot that never changes; for tests.
    pub fn fixed(cache: SchemaCache) -> Self {
        let shared = Shared {
            current: RwLock::new(Some(Arc::new(cache))),
            last_error: RwLock::default(),
            loaded: watch::Sender::new(1),
            reload: Notify::new(),
            hook: None,
            options: RwLock::default(),
            successes: AtomicU64::new(1),
            failures: AtomicU64::new(0),
            loaded_at: RwLock::new(Some(Instant::now())),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The last good snapshot; `None` until the first load succeeded (PGRST002).
    pub fn current(&self) -> Option<Arc<SchemaCache>> {
        read(&self.shared.current).clone()
    }

    /// Asks for a reload; requests that arrive while one is running are answered by one more.
    pub fn reload(&self) {
        self.shared.reload.notify_one();
    }

    /// Loads other schemas from now on.
    pub fn reload_with(&self, options: SchemaCacheOptions) {
        *self.shared.options.write().unwrap_or_else(PoisonError::into_inner) = options;
        self.reload();
    }

    /// Waits for the first snapshot; `None` after the timeout.
    pub async fn wait_first(&self, timeout: Duration) -> Option<Arc<SchemaCache>> {
        self.wait_generation(1, timeout).await
    }

    /// Waits for a snapshot of at least this generation; `None` after the timeout.
    pub async fn wait_generation(&self, generation: u64, timeout: Duration) -> Option<Arc<SchemaCache>> {
        let mut loaded = self.shared.loaded.subscribe();
        tokio::time::timeout(timeout, loaded.wait_for(|loaded| *loaded >= generation)).await.ok()?.ok()?;
        self.current()
    }

    /// Why the last load failed, if it did.
    pub fn last_error(&self) -> Option<Arc<SchemaCacheError>> {
        read(&self.shared.last_error).clone()
    }

    /// Loads that succeeded since start.
    pub fn successes(&self) -> u64 {
        self.shared.successes.load(Ordering::Relaxed)
    }

    /// How long ago the current snapshot was loaded.
    pub fn age(&self) -> Option<Duration> {
        read(&self.shared.loaded_at).map(|at| at.elapsed())
    }

    /// Loads that failed since start.
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Why something has to be read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Reasons {
    schema: bool,
    config: bool,
}

impl Reasons {
    const ALL: Self = Self { schema: true, config: true };
    const SCHEMA: Self = Self { schema: true, config: false };
    const CONFIG: Self = Self { schema: false, config: true };

    fn of(event: &HubEvent) -> Self {
        match event {
            HubEvent::Reconnected => Self::ALL,
            HubEvent::Notification(payload) => match payload.as_str() {
                "" | "reload schema" => Self::SCHEMA,
                "reload config" => Self::CONFIG,
                _ => Self::default(),
            },
        }
    }

    fn add(&mut self, other: Self) {
        self.schema |= other.schema;
        self.config |= other.config;
    }

    fn any(self) -> bool {
        self.schema || self.config
    }
}

/// Where reasons come from.
struct Sources {
    events: Option<broadcast::Receiver<HubEvent>>,
    signals: Signals,
}

/// SIGUSR1 (schema), SIGUSR2 (configuration) and SIGHUP (both), as far as the kernel lets us have them.
struct Signals {
    schema: Option<Signal>,
    config: Option<Signal>,
    all: Option<Signal>,
}

impl Signals {
    fn watch() -> Self {
        let watch = |kind, what: &str| {
            signal(kind).inspect_err(|error| tracing::warn!(%error, "a signal will not reload the {what}")).ok()
        };
        Self {
            schema: watch(SignalKind::user_defined1(), "schema cache"),
            config: watch(SignalKind::user_defined2(), "configuration"),
            all: watch(SignalKind::hangup(), "schema cache and configuration"),
        }
    }
}

/// Loads, waits for a reason to load again, and so on until nobody holds the handle.
async fn keep_current(shared: std::sync::Weak<Shared>, db: Db, mut sources: Sources) {
    let mut pause = FIRST_PAUSE;
    let mut generation = 0;
    let (builder, timezones) = (Builder::start(), Timezones::default());
    let mut due = Reasons::ALL;
    loop {
        let Some(strong) = shared.upgrade() else { return };
        // What was asked for until now is answered by the load that starts now.
        while let Some(Ok(event)) = sources.events.as_mut().map(drain_one) {
            due.add(Reasons::of(&event));
        }
        let loaded = bring_up_to_date(&strong, &db, &mut due, &mut generation, &timezones, &builder).await;
        let limit = match loaded {
            Ok(()) => {
                pause = FIRST_PAUSE;
                None
            }
            Err(error) => {
                strong.failed(error, pause);
                let waited = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                Some(waited)
            }
        };
        drop(strong);
        match wait_for_reason(&shared, &mut sources, limit).await {
            Some(reasons) => due.add(reasons),
            None => return,
        }
    }
}

/// Reads what is due; what was read is no longer due.
async fn bring_up_to_date(
    shared: &Shared,
    db: &Db,
    due: &mut Reasons,
    generation: &mut u64,
    timezones: &Timezones,
    builder: &Builder,
) -> Result<(), SchemaCacheError> {
    if due.config {
        if let Some(hook) = &shared.hook {
            let options = hook(*generation == 0).await?;
            let mut current = shared.options.write().unwrap_or_else(PoisonError::into_inner);
            due.schema |= *current != options;
            *current = options;
        }
        due.config = false;
    }
    if !due.schema {
        return Ok(());
    }
    let options = read(&shared.options).clone();
    if *generation == 0
        && let Some(mut cache) = SchemaCache::load_saved(db, &options, builder).await
    {
        *generation += 1;
        cache.generation = *generation;
        cache.timezones = timezones.clone();
        tracing::info!("Serving the saved schema cache while the catalogue is read");
        shared.replace(cache, builder);
    }
    let mut cache = SchemaCache::load_catalog(db, &options, builder).await?;
    *generation += 1;
    cache.generation = *generation;
    cache.timezones = timezones.clone();
    shared.replace(cache, builder);
    due.schema = false;
    if let Err(error) = timezones.list(db).await {
        tracing::warn!(%error, "cannot list the time zones; the next reload tries again");
    }
    Ok(())
}

fn drain_one(events: &mut broadcast::Receiver<HubEvent>) -> Result<HubEvent, TryRecvError> {
    match events.try_recv() {
        Err(TryRecvError::Lagged(_)) => Ok(HubEvent::Reconnected),
        other => other,
    }
}

/// `None` when nobody holds the handle any more; no reasons when the limit has passed.
async fn wait_for_reason(
    shared: &std::sync::Weak<Shared>,
    sources: &mut Sources,
    limit: Option<Duration>,
) -> Option<Reasons> {
    /// How often to look whether the handle is still held.
    const LOOK: Duration = Duration::from_secs(5);
    let deadline = limit.map(|limit| tokio::time::Instant::now() + limit);
    loop {
        let strong = shared.upgrade()?;
        let next_look = tokio::time::Instant::now() + LOOK;
        let until = deadline.map_or(next_look, |deadline| deadline.min(next_look));
        let reasons = tokio::select! {
            () = strong.reload.notified() => Reasons::SCHEMA,
            event = next_event(&mut sources.events) => Reasons::of(&event),
            () = next_signal(&mut sources.signals.schema) => Reasons::SCHEMA,
            () = next_signal(&mut sources.signals.config) => Reasons::CONFIG,
            () = next_signal(&mut sources.signals.all) => Reasons::ALL,
            () = tokio::time::sleep_until(until) => {
                if deadline == Some(until) {
                    return Some(Reasons::default());
                }
                Reasons::default()
            }
        };
        if reasons.any() {
            return Some(reasons);
        }
    }
}

async fn next_event(events: &mut Option<broadcast::Receiver<HubEvent>>) -> HubEvent {
    let Some(receiver) = events else { return std::future::pending().await };
    match receiver.recv().await {
        Ok(event) => event,
        Err(RecvError::Lagged(_)) => HubEvent::Reconnected,
        Err(RecvError::Closed) => {
            *events = None;
            std::future::pending().await
        }
    }
}

async fn next_signal(signals: &mut Option<Signal>) {
    if let Some(receiver) = signals
        && receiver.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

impl Shared {
    fn replace(&self, cache: SchemaCache, builder: &Builder) {
        tracing::info!(
            generation = cache.generation,
            relations = cache.tables.len(),
            relationships = cache.relationships.values().map(Vec::len).sum::<usize>(),
            functions = cache.routines.len(),
            query_ms = u64::try_from(cache.query_time.as_millis()).unwrap_or(u64::MAX),
            "schema cache loaded"
        );
        let generation = cache.generation;
        let old = self.current.write().unwrap_or_else(PoisonError::into_inner).replace(Arc::new(cache));
        *self.last_error.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.loaded_at.write().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.successes.fetch_add(1, Ordering::Relaxed);
        self.loaded.send_replace(generation);
        if let Some(old) = old {
            builder.take_apart(old);
        }
    }

    fn failed(&self, error: SchemaCacheError, pause: Duration) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, cause, retry_s = pause.as_secs(), "cannot load the schema cache");
        *self.last_error.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(error));
    }
}
