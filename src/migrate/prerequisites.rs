//! What a deploy needs before its first change: a recent server, the pool's login, enough privileges.
//!
//! Everything that is missing is named at once, with the statements that help. Tests: `tests/it/migrate/`.

use super::error::{Doing, MigrateError};
use super::session::Session;
use crate::config::Secret;
use base64::Engine as _;

const SQL: &str = include_str!("../sql/migrate/prerequisites.sql");
const OLDEST_SERVER: i32 = 150_000;

/// Something that a deploy needs and this login or server lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// What is missing, as the rest of a sentence about the login.
    pub what: String,
    /// The SQL that helps.
    pub remedy: String,
}

/// What the owner's login lacks for a deploy, the pool's login included. Nothing is changed.
///
/// # Errors
/// No connection, or a server that is too old.
pub async fn lacks(owner_url: &Secret) -> Result<Vec<Lack>, MigrateError> {
    let session = Session::connect(owner_url).await?;
    let found = Found::read(&session).await?;
    let mut lacks = found.privileges;
    if !found.has_authenticator {
        lacks.push(Lack { what: "finds no role authenticator".to_owned(), remedy: login_sql(&found.database) });
    }
    Ok(lacks)
}

struct Found {
    login: String,
    database: String,
    privileges: Vec<Lack>,
    has_authenticator: bool,
}

impl Found {
    async fn read(session: &Session) -> Result<Self, MigrateError> {
        let row = session.client.query_one(SQL, &[]).await.doing("checking the prerequisites")?;
        if row.get::<_, i32>("server_version_number") < OLDEST_SERVER {
            return Err(MigrateError::ServerTooOld { found: row.get("server_version") });
        }
        let (login, database): (String, String) = (row.get("login"), row.get("database"));
        let mut privileges = Vec::new();
        if !row.get::<_, bool>("may_create_schemas") || !row.get::<_, bool>("may_create_in_public") {
            privileges.push(Lack {
                what: format!("cannot create schemas in database `{database}`"),
                remedy: format!("ALTER DATABASE \"{database}\" OWNER TO \"{login}\";"),
            });
        }
        let missing: Vec<String> = row.get("missing_roles");
        if !missing.is_empty() && !row.get::<_, bool>("may_create_roles") {
            privileges.push(Lack {
                what: format!("cannot create the roles {}", missing.join(", ")),
                remedy: format!("ALTER ROLE \"{login}\" CREATEROLE;"),
            });
        }
        let ungranted: Vec<String> = row.get("ungranted_roles");
        if !ungranted.is_empty() {
            let roles = ungranted.join(", ");
            privileges.push(Lack {
                what: format!("cannot grant the roles {roles} to authenticator"),
                remedy: format!("GRANT {roles} TO authenticator;"),
            });
        }
        Ok(Self { login, database, privileges, has_authenticator: row.get("has_authenticator") })
    }
}

fn login_sql(database: &str) -> String {
    format!(
        "CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD '<a long random password>';\n\
         GRANT CONNECT ON DATABASE \"{database}\" TO authenticator;"
    )
}

/// Checks the server; with `create_login` makes the login `authenticator` if it is missing and returns its password.
pub(super) async fn check(session: &Session, create_login: bool) -> Result<Option<Secret>, MigrateError> {
    let found = Found::read(session).await?;
    if !found.privileges.is_empty() {
        let lacking: Vec<String> = found
            .privileges
            .iter()
            .map(|lack| format!("it {} (as a superuser run `{}`)", lack.what, lack.remedy))
            .collect();
        return Err(MigrateError::Privileges { login: found.login, lacking: lacking.join("; ") });
    }
    if found.has_authenticator {
        return Ok(None);
    }
    if !create_login {
        return Err(MigrateError::NoAuthenticator { sql: login_sql(&found.database) });
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
