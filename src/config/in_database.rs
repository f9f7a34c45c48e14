//! PostgREST's in-database configuration laid over a loaded one (POSTGREST.md §19, the parameters marked D).
//!
//! What stands in the database is stronger than file and variables. A value that cannot be read is left out with a
//! message; it must not keep a running process from serving. The values are read by `db::in_database_settings`.

use super::node::{Node, Refusal};
use super::{Config, PreparedStatements};
use serde::Deserialize;
use std::collections::HashMap;

impl Config {
    /// This configuration with settings from the database, names without `pgrst.`; and what could not be used and why.
    #[must_use]
    pub fn with_in_database(&self, settings: &HashMap<String, String>) -> (Self, Vec<String>) {
        let mut config = self.clone();
        let mut refused = Vec::new();
        for (name, value) in settings {
            match overlay(&mut config, name, value) {
                Ok(true) => {}
                Ok(false) => refused.push(format!("pgrst.{name} cannot be set in the database")),
                Err(Refusal(expected)) => refused.push(format!("pgrst.{name} must be {expected}")),
            }
        }
        refused.sort_unstable();
        (config, refused)
    }
}

/// `false` when the parameter does not exist or belongs to the process rather than to its requests.
fn overlay(config: &mut Config, name: &str, value: &str) -> Result<bool, Refusal> {
    // An empty text is no value, except for the search path.
    if value.trim().is_empty() && name != "db_extra_search_path" {
        return Ok(true);
    }
    let (api, auth) = (&mut config.api, &mut config.auth);
    match name {
        "db_aggregates_enabled" => read(value, &mut api.db_aggregates_enabled)?,
        "db_anon_role" => read(value, &mut api.db_anon_role)?,
        "db_extra_search_path" => read(value, &mut api.db_extra_search_path)?,
        "db_hoisted_tx_settings" => read(value, &mut api.db_hoisted_tx_settings)?,
        "db_max_rows" => read(value, &mut api.db_max_rows)?,
        "db_plan_enabled" => read(value, &mut api.db_plan_enabled)?,
        "db_pre_config" => read(value, &mut api.db_pre_config)?,
        "db_pre_request" => read(value, &mut api.db_pre_request)?,
        "db_prepared_statements" => {
            let mut enabled = true;
            read(value, &mut enabled)?;
            if !enabled {
                config.database.prepared_statements = PreparedStatements::Unnamed;
            }
        }
        "db_root_spec" => read(value, &mut api.db_root_spec)?,
        "db_schemas" => read(value, &mut api.db_schemas)?,
        "db_tx_end" => read(value, &mut api.db_tx_end)?,
        "jwt_aud" => read(value, &mut auth.audience)?,
        "jwt_cache_max_lifetime" => read(value, &mut auth.jwt_cache_max_lifetime)?,
        "jwt_role_claim_key" => read(value, &mut auth.jwt_role_claim_key)?,
        "jwt_secret" => read(value, &mut auth.jwt_secret)?,
        "jwt_secret_is_base64" => read(value, &mut auth.jwt_secret_is_base64)?,
        "openapi_mode" => read(value, &mut api.openapi_mode)?,
        "openapi_security_active" => read(value, &mut api.openapi_security_active)?,
        "openapi_server_proxy_uri" => read(value, &mut api.openapi_server_proxy_uri)?,
        "server_cors_allowed_origins" => read(value, &mut api.server_cors_allowed_origins)?,
        "server_timing_enabled" => read(value, &mut api.server_timing_enabled)?,
        "server_trace_header" => read(value, &mut api.server_trace_header)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn read<'de, T: Deserialize<'de>>(value: &str, field: &mut T) -> Result<(), Refusal> {
    *field = T::deserialize(Node::Variable(value.to_owned()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{OpenApiMode, TxEnd};

    fn settings(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn each_parameter_takes_its_own_shape() {
        let (config, refused) = Config::default().with_in_database(&settings(&[
            ("db_aggregates_enabled", "true"),
            ("db_anon_role", "guest"),
            ("db_extra_search_path", ""),
            ("db_hoisted_tx_settings", "work_mem, statement_timeout"),
            ("db_max_rows", "1000"),
            ("db_plan_enabled", "TRUE"),
            ("db_pre_request", "api.before"),
            ("db_prepared_statements", "false"),
            ("db_root_spec", "api.root"),
            ("db_schemas", "api, other"),
            ("db_tx_end", "rollback-allow-override"),
            ("jwt_aud", "town"),
            ("jwt_cache_max_lifetime", "7"),
            ("jwt_role_claim_key", ".a.b"),
            ("jwt_secret", "a-secret-of-more-than-thirty-two-bytes"),
            ("jwt_secret_is_base64", "false"),
            ("openapi_mode", "disabled"),
            ("openapi_security_active", "true"),
            ("openapi_server_proxy_uri", "https://api.example.org/v1"),
            ("server_cors_allowed_origins", "https://a.example, https://b.example"),
            ("server_timing_enabled", "true"),
            ("server_trace_header", "X-Request-Id"),
        ]));
        assert_eq!(refused, [""; 0]);
        let (api, auth) = (&config.api, &config.auth);
        assert!(api.db_aggregates_enabled && api.db_plan_enabled && api.openapi_security_active);
        assert!(api.server_timing_enabled);
        assert_eq!(api.db_anon_role.as_deref(), Some("guest"));
        assert!(api.db_extra_search_path.iter().all(String::is_empty), "{:?}", api.db_extra_search_path);
        assert_eq!(api.db_hoisted_tx_settings, ["work_mem", "statement_timeout"]);
        assert_eq!(api.db_max_rows, Some(1000));
        assert_eq!(api.db_pre_request.as_deref(), Some("api.before"));
        assert_eq!(config.database.prepared_statements, PreparedStatements::Unnamed);
        assert_eq!(api.db_root_spec.as_deref(), Some("api.root"));
        assert_eq!(api.db_schemas, ["api", "other"]);
        assert_eq!(api.db_tx_end, TxEnd::RollbackAllowOverride);
        assert_eq!(auth.audience.as_deref(), Some("town"));
        assert_eq!(auth.jwt_cache_max_lifetime, 7);
        assert_eq!(auth.jwt_role_claim_key, ".a.b");
        assert_eq!(auth.jwt_secret.expose(), Some("a-secret-of-more-than-thirty-two-bytes"));
        assert_eq!(api.openapi_mode, OpenApiMode::Disabled);
        assert_eq!(api.openapi_server_proxy_uri.as_deref(), Some("https://api.example.org/v1"));
        let origins = api.server_cors_allowed_origins.as_deref().unwrap();
        assert_eq!(origins, ["https://a.example", "https://b.example"]);
        assert_eq!(api.server_trace_header.as_deref(), Some("X-Request-Id"));
    }

    #[test]
    fn what_cannot_be_used_is_left_out_and_named() {
        let before = Config::default();
        let (config, refused) = before.with_in_database(&settings(&[
            ("db_max_rows", "many"),
            ("db_anon_role", ""),
            ("server_port", "80"),
            ("db_tx_end", "sometimes"),
        ]));
        assert_eq!(config.api.db_max_rows, None);
        assert_eq!(config.api.db_anon_role.as_deref(), Some("web_anon"), "empty is no value");
        assert_eq!(refused.len(), 3, "{refused:?}");
        assert!(refused[0].starts_with("pgrst.db_max_rows must be "), "{refused:?}");
        assert_eq!(refused[2], "pgrst.server_port cannot be set in the database");
        assert!(!refused.concat().contains("many"), "values may be secrets");
    }
}
