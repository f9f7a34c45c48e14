//! The REST API in PostgREST's dialect: request → plan → SQL → execute → response.
//!
//! [`Api`] is what `app` mounts. The five steps are modules of their own; each but `execute` is pure. Everything that can
//! go wrong is an [`ApiError`] with one mapping to HTTP. Nothing here knows tables of Civic OS: names come from the schema
//! cache. Contract and deviations: `docs/api.md`. Tests: foot of the files, `tests/it/api`, `tests/golden`.

mod access_log;
mod cors;
mod error;
mod execute;
mod handler;
pub(crate) mod plan;
pub(crate) mod request;
mod response;
mod settings;
pub(crate) mod sql;

pub use settings::{ApiSettings, SharedSettings};

use crate::auth::Authenticator;
use crate::db::{Db, Replica};
use crate::schema_cache::Handle;
use actix_web::web;
use std::sync::Arc;

/// What the API works with.
pub struct ApiContext {
    /// Pool.
    pub db: Db,
    /// A standby that answers GET and HEAD where it may.
    pub replica: Option<Replica>,
    /// Snapshot of the catalogue.
    pub schema_cache: Handle,
    /// Token verification.
    pub authenticator: Authenticator,
    /// Settings; whoever holds a clone may replace them.
    pub settings: SharedSettings,
}

/// The REST API; cheap to clone.
#[derive(Clone)]
pub struct Api {
    inner: Arc<Inner>,
}

struct Inner {
    db: Db,
    replica: Option<Replica>,
    schema_cache: Handle,
    authenticator: Authenticator,
    settings: SharedSettings,
}

impl Api {
    /// Puts the parts together; nothing is started.
    pub fn new(context: ApiContext) -> Self {
        let ApiContext { db, replica, schema_cache, authenticator, settings } = context;
        Self { inner: Arc::new(Inner { db, replica, schema_cache, authenticator, settings }) }
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
