//! Settings that may change while the process serves (POSTGREST.md §19, column R).
//!
//! Read before the first load of the schema cache, on `NOTIFY pgrst, 'reload config'` and on SIGUSR2: file and variables,
//! what the database holds for our login (`db-config`), and the settings of the roles that requests become. What cannot be
//! read keeps its old value and is logged; what needs a restart (listeners, pool) is left alone. Tests:
//! `tests/it/api/configuration.rs`.

use super::database::{api_settings, schema_cache_options};
use super::{auth_options, configured_keys};
use crate::api::SharedSettings;
use crate::auth::Authenticator;
use crate::config::{Config, ConfigError, PreparedStatements, Secret};
use crate::db::{Db, DbError, in_database_settings, role_settings};
use crate::schema_cache::{ConfigureHook, SchemaCacheError, SchemaCacheOptions};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Reads file and variables again.
pub type ConfigReader = Arc<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>;

/// What is reconfigured, and from what.
pub(super) struct Reconfigure {
    pub(super) db: Db,
    /// What file and variables said when they were last read.
    pub(super) configured: Mutex<Config>,
    pub(super) reread: Option<ConfigReader>,
    /// Where the API listens, for the OpenAPI document.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) settings: SharedSettings,
    pub(super) authenticator: Authenticator,
    pub(super) embedded_issuer: Option<String>,
}

impl Reconfigure {
    pub(super) fn hook(self) -> ConfigureHook {
        let shared = Arc::new(self);
        Arc::new(move |is_first| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let options = shared.run(is_first).await;
                options.map_err(|source| SchemaCacheError::Query { what: "the settings", source })
            })
        })
    }

    async fn run(&self, is_first: bool) -> Result<SchemaCacheOptions, DbError> {
        if !is_first {
            self.read_sources();
        }
        let configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (config, roles) = if configured.api.db_config {
            let stored = self.stored(&configured).await?;
            let (config, refused) = configured.with_in_database(&stored);
            for message in refused {
                tracing::error!("Settings in the database: {message}; it has no effect");
            }
            (config, role_settings(&self.db).await?)
        } else {
            (configured, HashMap::new())
        };
        let options = auth_options(&config, self.embedded_issuer.as_deref());
        // With the embedded provider the keys are its own.
        let replaced = match self.embedded_issuer {
            Some(_) => self.authenticator.replace(options, None),
            None => self.replace_keys(&config, options, is_first),
        };
        if let Err(error) = replaced {
            tracing::error!(%error, "The rules for tokens could not be changed; the old ones hold");
        }
        if config.database.prepared_statements == PreparedStatements::Unnamed {
            self.db.stop_naming_statements();
        }
        let mut settings = api_settings(&config, &self.host, self.port);
        settings.log_level = config.request_log_level();
        settings.role_settings = Arc::new(roles);
        let of_claims = self.authenticator.sql_settings().into_iter();
        settings.app_settings.extend(of_claims.map(|(name, value)| (name, Secret::new(value))));
        self.settings.replace(settings);
        if !is_first {
            tracing::info!("Configuration reloaded");
        }
        Ok(schema_cache_options(&config))
    }

    /// An issuer's keys are kept, so that its refresh goes on undisturbed.
    fn replace_keys(
        &self,
        config: &Config,
        options: crate::auth::AuthOptions,
        is_first: bool,
    ) -> Result<(), crate::auth::SetupError> {
        let source = match config.auth.jwt_secret.is_set() {
            true => Some(configured_keys(config)?),
            false => None,
        };
        if source.is_none() && is_first {
            return self.authenticator.replace(options, None);
        }
        self.authenticator.replace(options, source)
    }

    /// Takes over from file and variables what may change in a running process.
    fn read_sources(&self) {
        let Some(reread) = &self.reread else { return };
        match reread() {
            Ok(fresh) => {
                let mut configured = self.configured.lock().unwrap_or_else(PoisonError::into_inner);
                let mode = configured.api.mode;
                configured.api = fresh.api;
                configured.api.mode = mode;
                configured.auth = fresh.auth;
                configured.log = fresh.log;
            }
            Err(error) => tracing::error!("The configuration was not reloaded: {error}"),
        }
    }

    /// Settings of our login. A function that fails is a mistake of whoever wrote it, and no reason not to serve.
    async fn stored(&self, configured: &Config) -> Result<HashMap<String, String>, DbError> {
        match in_database_settings(&self.db, configured.api.db_pre_config.as_deref()).await {
            Err(DbError::Server(error)) => {
                tracing::error!(code = %error.code, "Settings in the database could not be read: {}", error.message);
                Ok(HashMap::new())
            }
            other => other,
        }
    }
}
