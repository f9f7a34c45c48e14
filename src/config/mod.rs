//! Configuration: one struct per section, defaults beside the fields, secrets as a type that never prints.
//! Layers and aliases: `docs/configuration.md` and `civic-os.toml.example`.

mod loading;
mod roles;
mod sections;

pub use loading::{ConfigError, Loaded, Overrides, Sources, load};
pub use roles::{Role, RoleSet, UnknownRole};
pub use sections::*;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A text that must not appear in logs, `config print` or error messages.
#[derive(Clone, Default)]
pub struct Secret(Option<SecretString>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Some(SecretString::from(text.into())))
    }
    /// The text itself; call this only where it is used.
    pub fn expose(&self) -> Option<&str> {
        self.0.as_ref().map(|secret| secret.expose_secret())
    }
    /// Whether a value is present.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_set() { "********" } else { "unset" })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(_) => serializer.serialize_some("********"),
            None => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Self::new).unwrap_or_default())
    }
}

/// The whole configuration of a process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the process keeps files of its own (SURFACE.md §2).
    pub data_dir: Option<PathBuf>,
    /// Connections to PostgreSQL.
    pub database: DatabaseConfig,
    /// The REST API.
    pub api: ApiConfig,
    /// Token verification.
    pub auth: AuthConfig,
    /// The embedded OpenID Connect provider.
    pub identity: IdentityConfig,
    /// The web client and its listener.
    pub web: WebConfig,
    /// Live, ready, metrics.
    pub admin: AdminConfig,
    /// Migrations.
    pub migrate: MigrateConfig,
    /// The integrator's application.
    pub app: AppConfig,
    /// Logging.
    pub log: LogConfig,
    /// Start and stop.
    pub shutdown: ShutdownConfig,
    /// Name, logo and colours of the organisation.
    pub branding: BrandingConfig,
    /// Map defaults of the web client.
    pub map: MapConfig,
}
