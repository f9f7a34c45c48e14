//! The REST API in PostgREST's dialect: request → plan → SQL → execute → response.
//!
//! [`Api`] is what `app` mounts. The five steps are modules of their own; each but `execute` is pure. Everything that can
//! go wrong is an [`ApiError`] with one mapping to HTTP. Nothing here knows tables of Civic OS: names come from the schema
//! cache. Contract and deviations: `docs/api.md`. Tests: foot of the files, `tests/it/api`, `tests/golden`.

mod cors;
mod error;
mod execute;
mod handler;
pub(crate) mod plan;
pub(crate) mod request;
mod response;
mod role_settings;
mod settings;
pub(crate) mod sql;

pub use settings::{ApiSettings, SharedSettings};

use crate::auth::Authenticator;
use crate::db::Db;
use crate::schema_cache::Handle;
use actix_web::web;
use std::sync::Arc;

/// What the API works with.
pub struct ApiContext {
    /// Pool.
    pub db: Db,
    /// Snapshot of the catalogue.
    pub schema_cache: Handle,
    /// Token verification.
    pub authenticator: Authenticator,
    /// Settings.
    pub settings: ApiSettings,
}

/// The REST API; cheap to clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    schema_cache: Handle,
    authenticator: Authenticator,
    settings: SharedSettings,
    role_settings: role_settings::RoleSettingsCache,
}

impl Api {
    /// Puts the parts together; nothing is started.
    pub fn new(context: ApiContext) -> Self {
        let ApiContext { db, schema_cache, authenticator, settings } = context;
        let role_settings = role_settings::RoleSettingsCache::default();
        Self {
            inner: Arc::new(Inner {
                db,
                schema_cache,
                authenticator,
                settings: SharedSettings::new(settings),
                role_settings,
            }),
        }
    }

    /// Replaces the settings for the requests that come next; settings of roles are read anew.
    pub fn replace_settings(&self, settings: ApiSettings) {
        self.inner.settings.replace(settings);
        self.inner.role_settings.forget();
    }

    /// Answers every method and path below `mount`, which is empty or begins with a slash.
    pub fn configure(&self, mount: &'static str) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        let api = self.clone();
        move |routes| {
            let service = web::to(move |request, payload| {
                let api = api.clone();
                async move { handler::handle(&api.inner, mount, request, payload).await }
            });
            if mount.is_empty() {
                routes.default_service(service);
            } else {
                routes.service(web::scope(mount).default_service(service));
            }
        }
    }
}
