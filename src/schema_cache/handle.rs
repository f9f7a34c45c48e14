//! The current snapshot, and the task that replaces it.
//!
//! Invariant: a snapshot is only ever replaced by a newer good one (D-29); requests never wait for a reload. Reloads
//! coalesce: while one runs, any number of further requests make one more.

use super::{SchemaCache, SchemaCacheError, Timezones};
use crate::db::{Db, Hub, HubEvent};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Notify, broadcast, watch};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);

/// Called on `NOTIFY pgrst, 'reload config'`; returns the options to use from now on, or `None` to keep them.
pub type ReloadConfigHook = Arc<dyn Fn() -> Option<SchemaCacheOptions> + Send + Sync>;

/// What to load and when.
#[derive(Clone, Debug, Default)]
pub struct SchemaCacheOptions {
    /// Exposed schemas.
    pub schemas: Vec<String>,
    /// Schemas appended to the search path (computed fields and view columns are looked up there too).
    pub extra_search_path: Vec<String>,
    /// Channel of reload notifications; empty = none.
    pub channel: String,
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
    hook: RwLock<Option<ReloadConfigHook>>,
    options: RwLock<SchemaCacheOptions>,
    failures: AtomicU64,
}

impl Handle {
    /// Starts loading in the background and returns at once. Reloads on notifications of the channel, on SIGUSR1 and
    /// when the LISTEN connection comes back.
    pub fn spawn(db: Db, hub: Option<Hub>, options: SchemaCacheOptions) -> Self {
        let events = hub.filter(|_| !options.channel.is_empty()).map(|hub| hub.subscribe(&options.channel));
        let shared = Arc::new(Shared {
            current: RwLock::default(),
            last_error: RwLock::default(),
            loaded: watch::Sender::new(0),
            reload: Notify::new(),
            hook: RwLock::default(),
            options: RwLock::new(options),
            failures: AtomicU64::new(0),
        });
        let signals = signal(SignalKind::user_defined1()).inspect_err(|error| {
            tracing::warn!(%error, "SIGUSR1 will not reload the schema cache");
        });
        tokio::spawn(keep_current(Arc::downgrade(&shared), db, events, signals.ok()));
        Self { shared }
    }

    /// A handle on a snapshot that never changes; for tests.
    pub fn fixed(cache: SchemaCache) -> Self {
        let shared = Shared {
            current: RwLock::new(Some(Arc::new(cache))),
            last_error: RwLock::default(),
            loaded: watch::Sender::new(1),
            reload: Notify::new(),
            hook: RwLock::default(),
            options: RwLock::default(),
            failures: AtomicU64::new(0),
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

    /// What to do on `NOTIFY pgrst, 'reload config'`.
    pub fn on_reload_config(&self, hook: ReloadConfigHook) {
        *self.shared.hook.write().unwrap_or_else(PoisonError::into_inner) = Some(hook);
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

    /// Loads that failed since start.
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

/// Loads, waits for a reason to load again, and so on until nobody holds the handle.
async fn keep_current(
    shared: std::sync::Weak<Shared>,
    db: Db,
    mut events: Option<broadcast::Receiver<HubEvent>>,
    mut signals: Option<Signal>,
) {
    let mut pause = FIRST_PAUSE;
    let mut generation = 0;
    let timezones = Timezones::default();
    loop {
        let Some(strong) = shared.upgrade() else { return };
        // What was asked for until now is answered by the load that starts now.
        while let Some(Ok(event)) = events.as_mut().map(drain_one) {
            strong.is_reason(&event);
        }
        let options = read(&strong.options).clone();
        match SchemaCache::load_catalog(&db, &options).await {
            Ok(mut cache) => {
                generation += 1;
                cache.generation = generation;
                cache.timezones = timezones.clone();
                strong.replace(cache);
                if let Err(error) = timezones.list(&db).await {
                    tracing::warn!(%error, "cannot list the time zones; the next reload tries again");
                }
                if generation > 1 {
                    db.forget_statements();
                }
                pause = FIRST_PAUSE;
                drop(strong);
                if !wait_for_reason(&shared, &mut events, &mut signals, None).await {
                    return;
                }
            }
            Err(error) => {
                strong.failed(error, pause);
                drop(strong);
                if !wait_for_reason(&shared, &mut events, &mut signals, Some(pause)).await {
                    return;
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

fn drain_one(events: &mut broadcast::Receiver<HubEvent>) -> Result<HubEvent, TryRecvError> {
    match events.try_recv() {
        Err(TryRecvError::Lagged(_)) => Ok(HubEvent::Reconnected),
        other => other,
    }
}

/// `false` when nobody holds the handle any more.
async fn wait_for_reason(
    shared: &std::sync::Weak<Shared>,
    events: &mut Option<broadcast::Receiver<HubEvent>>,
    signals: &mut Option<Signal>,
    limit: Option<Duration>,
) -> bool {
    /// How often to look whether the handle is still held.
    const LOOK: Duration = Duration::from_secs(5);
    let deadline = limit.map(|limit| tokio::time::Instant::now() + limit);
    loop {
        let Some(strong) = shared.upgrade() else { return false };
        let next_look = tokio::time::Instant::now() + LOOK;
        let until = deadline.map_or(next_look, |deadline| deadline.min(next_look));
        tokio::select! {
            () = strong.reload.notified() => return true,
            event = next_event(events) => if strong.is_reason(&event) { return true },
            () = next_signal(signals) => return true,
            () = tokio::time::sleep_until(until) => {
                if deadline == Some(until) {
                    return true;
                }
            }
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
    /// Whether an event asks for a reload; runs the configuration hook when it asks for that.
    fn is_reason(&self, event: &HubEvent) -> bool {
        match event {
            HubEvent::Reconnected => true,
            HubEvent::Notification(payload) => match payload.as_str() {
                "" | "reload schema" => true,
                "reload config" => {
                    let hook = read(&self.hook).clone();
                    let Some(options) = hook.and_then(|hook| hook()) else { return false };
                    *self.options.write().unwrap_or_else(PoisonError::into_inner) = options;
                    true
                }
                _ => false,
            },
        }
    }

    fn replace(&self, cache: SchemaCache) {
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
        self.loaded.send_replace(generation);
        if let Some(old) = old {
            // A large snapshot takes a while to take apart.
            tokio::task::spawn_blocking(move || drop(old));
        }
    }

    fn failed(&self, error: SchemaCacheError, pause: Duration) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        tracing::error!(%error, cause, retry_s = pause.as_secs(), "cannot load the schema cache");
        *self.last_error.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(error));
    }
}
