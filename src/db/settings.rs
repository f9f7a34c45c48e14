//! Settings that live in the database: those of impersonated roles and `pgrst.*` (plain mode).

use super::{Db, DbError, Lane, Param, Statement};
use std::collections::HashMap;

/// Parameters that the pre-configuration function may set (POSTGREST.md §19, marked D).
const IN_DATABASE: &[&str] = &[
    "db_aggregates_enabled",
    "db_anon_role",
    "db_extra_search_path",
    "db_hoisted_tx_settings",
    "db_max_rows",
    "db_plan_enabled",
    "db_pre_config",
    "db_pre_request",
    "db_prepared_statements",
    "db_root_spec",
    "db_schemas",
    "db_tx_end",
    "jwt_aud",
    "jwt_cache_max_lifetime",
    "jwt_role_claim_key",
    "jwt_secret",
    "jwt_secret_is_base64",
    "openapi_mode",
    "openapi_security_active",
    "openapi_server_proxy_uri",
    "server_cors_allowed_origins",
    "server_timing_enabled",
    "server_trace_header",
];
const PREFIX: &str = "pgrst.";

/// Settings of one role (`ALTER ROLE … SET`) that its requests get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// Name and value, values lower-cased, `default_transaction_isolation` excluded.
    pub settings: Vec<(String, String)>,
    /// `default_transaction_isolation`, lower-cased.
    pub isolation: Option<String>,
}

/// Settings of every role that the login is a direct member of (POSTGREST.md §15).
///
/// # Errors
/// The database cannot be reached or refuses the query.
pub async fn role_settings(db: &Db) -> Result<HashMap<String, RoleSettings>, DbError> {
    let statement = Statement { sql: include_str!("../sql/db/role_settings.sql"), params: &[], reusable: false };
    let rows = db.snapshot(Lane::System, &[], &[statement]).await?;
    let mut roles: HashMap<String, RoleSettings> = HashMap::new();
    for row in rows.iter().flatten() {
        let (Some(role), Some(name), Some(value)) = (row.text(0), row.text(1), row.text(2)) else { continue };
        let role = roles.entry(role.to_owned()).or_default();
        match name {
            "default_transaction_isolation" => role.isolation = Some(value.to_owned()),
            _ => role.settings.push((name.to_owned(), value.to_owned())),
        }
    }
    Ok(roles)
}

/// In-database configuration: `pgrst.*` settings of the login, keys without the prefix (POSTGREST.md §19);
/// `pre_config` is a function, possibly schema-qualified, that is run before reading.
///
/// # Errors
/// The database cannot be reached, refuses the query, or the function fails.
pub async fn in_database_settings(db: &Db, pre_config: Option<&str>) -> Result<HashMap<String, String>, DbError> {
    let names: Vec<String> = IN_DATABASE.iter().map(|name| format!("{PREFIX}{name}")).collect();
    let names = [Param::unknown(format!("{{{}}}", names.join(",")))];
    let call = pre_config.map(call);
    // A session starts with what the login had when it was opened; only what the function says now counts.
    let clear = Statement { sql: include_str!("../sql/db/clear_settings.sql"), params: &names, reusable: false };
    let read = Statement { sql: include_str!("../sql/db/in_database_settings.sql"), params: &names, reusable: false };
    let call = call.iter().map(|sql| Statement { sql, params: &[], reusable: false });
    let statements: Vec<Statement<'_>> = [clear].into_iter().chain(call).chain([read]).collect();
    let rows = db.snapshot(Lane::System, &[], &statements).await?;
    let pair = |row: &super::ResultRow| Some((row.text(0)?.strip_prefix(PREFIX)?.to_owned(), row.text(1)?.to_owned()));
    Ok(rows.last().into_iter().flatten().filter_map(pair).collect())
}

fn call(function: &str) -> String {
    let quoted: Vec<_> = function.split('.').map(|part| format!("\"{}\"", part.replace('"', "\"\""))).collect();
    format!("select {}()", quoted.join("."))
}

#[cfg(test)]
mod tests {
    #[test]
    fn function_names_are_quoted() {
        assert_eq!(super::call(r#"s.f"; drop"#), r#"select "s"."f""; drop"()"#);
        assert_eq!(super::call("f"), r#"select "f"()"#);
    }
}
