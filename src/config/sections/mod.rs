//! The sections of the configuration, one struct each with its defaults. Texts for operators are in
//! `civic-os.toml.example`, which a test compares with the fields and defaults here.

mod api;
mod auth;
mod database;
mod front;
mod jobs;
mod notifications;
mod process;
mod web;

pub use api::{ApiConfig, ApiMode, LogQuery, OpenApiMode, RequestLogLevel, TxEnd};
pub use auth::{AuthConfig, IdentityConfig};
pub use database::{AppConfig, DatabaseConfig, DatabaseMode, MigrateConfig, PreparedStatements};
pub use front::{LimitsConfig, TlsConfig};
pub use jobs::{FilesConfig, PaymentsConfig, StorageConfig, StoreConfig, ThumbnailsConfig, Visibility};
pub use notifications::{NotificationsConfig, NumberFormat, SmsProvider, SmtpSecurity};
pub use process::{AdminConfig, BackupConfig, LogConfig, LogFormat, ShutdownConfig, TelemetryConfig};
pub use web::{BrandingConfig, MapConfig, MatomoConfig, ProxyHeader, WebConfig};

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The whole configuration of a process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the process keeps files of its own; default: [`Config::data_dir`].
    pub data_dir: Option<PathBuf>,
    /// Connections to PostgreSQL.
    pub database: DatabaseConfig,
    /// Migrations.
    pub migrate: MigrateConfig,
    /// The integrator's application.
    pub app: AppConfig,
    /// The web client and its listener.
    pub web: WebConfig,
    /// Certificates.
    pub tls: TlsConfig,
    /// Rate limits.
    pub limits: LimitsConfig,
    /// Name, logo and colours of the organisation.
    pub branding: BrandingConfig,
    /// Map defaults of the web client.
    pub map: MapConfig,
    /// Analytics.
    pub matomo: MatomoConfig,
    /// The REST API.
    pub api: ApiConfig,
    /// Token verification.
    pub auth: AuthConfig,
    /// The embedded OpenID Connect provider.
    pub identity: IdentityConfig,
    /// What may be uploaded, and who sees it.
    pub files: FilesConfig,
    /// The object store of uploaded files.
    pub storage: StorageConfig,
    /// The embedded object store.
    pub store: StoreConfig,
    /// Pictures.
    pub thumbnails: ThumbnailsConfig,
    /// Mail.
    pub notifications: NotificationsConfig,
    /// Stripe.
    pub payments: PaymentsConfig,
    /// Live, ready, metrics.
    pub admin: AdminConfig,
    /// Backups.
    pub backup: BackupConfig,
    /// Logging.
    pub log: LogConfig,
    /// Traces.
    pub telemetry: TelemetryConfig,
    /// Start and stop.
    pub shutdown: ShutdownConfig,
}
