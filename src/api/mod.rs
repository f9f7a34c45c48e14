//! The REST API. Until its pipeline lands, every request is refused in PostgREST's shape.

use crate::auth::Authenticator;
use crate::config::ApiConfig;
use crate::db::Db;
use crate::schema_cache::Handle;
use actix_web::{HttpResponse, web};

/// The REST API; cheap to clone.
#[derive(Clone)]
pub struct Api {}

/// What it needs.
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

/// Settings of the API.
#[derive(Clone, Debug, Default)]
pub struct ApiSettings {}

impl ApiSettings {
    /// From the configuration; host and port are those of the listener, for the OpenAPI document.
    pub fn from_config(_config: &ApiConfig, _host: &str, _port: u16) -> Self {
        Self {}
    }
}

impl Api {
    /// Puts the parts together.
    pub fn new(_context: ApiContext) -> Self {
        Self {}
    }

    /// Mounts every path below `mount`.
    pub fn configure(&self, mount: &'static str) -> impl FnOnce(&mut web::ServiceConfig) + use<> {
        move |routes| {
            routes.service(web::scope(mount).default_service(web::to(async || {
                HttpResponse::ServiceUnavailable()
                    .content_type("application/json; charset=utf-8")
                    .body(r#"{"code":"PGRST002","details":null,"hint":null,"message":"The REST API is not part of this build yet"}"#)
            })));
        }
    }
}
