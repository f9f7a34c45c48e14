//! What a deploy needs before its first change: a recent server, the pool's login, enough privileges.
//!
//! Everything that is missing is named at once, with the statements that help. Tests: `tests/it/migrate/`.

use super::error::{Doing, MigrateError};
use super::session::Session;
use crate::config::Secret;
use base64::Engine as _;

const SQL: &str = include_str!("../sql/migrate/prerequisites.sql");
const OLDEST_SERVER: i32 = 150_000;

/// Checks the server; with `create_login` makes the login `authenticator` if it is missing and returns its password.
pub(super) async fn check(session: &Session, create_login: bool) -> Result<Option<Secret>, MigrateError> {
    let row = session.client.query_one(SQL, &[]).await.doing("checking the prerequisites")?;
    if row.get::<_, i32>("server_version_number") < OLDEST_SERVER {
        return Err(MigrateError::ServerTooOld { found: row.get("server_version") });
    }
    let (login, database): (String, String) = (row.get("login"), row.get("database"));
    let is_superuser: bool = row.get("is_superuser");
    let mut lacking = Vec::new();
    if !row.get::<_, bool>("may_create_schemas") || !row.get::<_, bool>("may_create_in_public") {
        lacking.push(format!(
            "it cannot create schemas in database `{database}` (as its owner or a superuser run \
             `ALTER DATABASE \"{database}\" OWNER TO \"{login}\";`)"
        ));
    }
    let may_create_roles = is_superuser || row.get::<_, bool>("may_create_roles");
    if !may_create_roles && !row.get::<_, bool>("roles_are_ready") {
        lacking.push(format!(
            "it cannot create the roles web_anon and authenticated (as a superuser run `ALTER ROLE \"{login}\" CREATEROLE;`)"
        ));
    }
    if !lacking.is_empty() {
        return Err(MigrateError::Privileges { login, lacking: lacking.join("; ") });
    }
    if row.get::<_, bool>("has_authenticator") {
        return Ok(None);
    }
    if !create_login {
        return Err(MigrateError::NoAuthenticator {
            sql: format!(
                "CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '<a long random password>';\n\
                 GRANT CONNECT ON DATABASE \"{database}\" TO authenticator;"
            ),
        });
    }
    let password = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>());
    // The alphabet of the password needs no quoting; CREATE ROLE takes no parameters.
    session
        .client
        .batch_execute(&format!("create role authenticator login noinherit password '{password}'"))
        .await
        .doing("creating the login authenticator")?;
    Ok(Some(Secret::new(password)))
}
