//! Settings of impersonated roles (`ALTER ROLE … SET`), read once and again when the configuration is reloaded.
//!
//! A request whose role has none pays one map lookup. Called by `execute`.

use crate::db::{Db, RoleSettings, role_settings};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};

/// What was read.
#[derive(Default)]
pub(super) struct RoleSettingsCache {
    known: RwLock<Option<Arc<HashMap<String, RoleSettings>>>>,
    loading: tokio::sync::Mutex<()>,
}

impl RoleSettingsCache {
    /// The settings of all roles; reads them when nobody has yet. Without a database there are none.
    pub(super) async fn get(&self, db: &Db) -> Option<Arc<HashMap<String, RoleSettings>>> {
        if let Some(known) = self.known() {
            return Some(known);
        }
        let _only_one = self.loading.lock().await;
        if let Some(known) = self.known() {
            return Some(known);
        }
        match role_settings(db).await {
            Ok(found) => {
                let found = Arc::new(found);
                *self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(found.clone());
                Some(found)
            }
            Err(error) => {
                tracing::warn!(error = %error, "Settings of roles could not be read; the request goes on without them");
                None
            }
        }
    }

    /// Reads again at the next request.
    pub(super) fn forget(&self) {
        *self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
    }

    fn known(&self) -> Option<Arc<HashMap<String, RoleSettings>>> {
        self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
