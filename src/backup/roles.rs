//! Roles belong to the server: a dump names them, and restoring on a new server needs them first.

use super::BackupError;
use super::manifest::Role;
use tokio_postgres::Client;

pub(super) async fn read(client: &Client) -> Result<Vec<Role>, BackupError> {
    let rows = client
        .query(include_str!("../sql/backup/roles.sql"), &[])
        .await
        .map_err(BackupError::statement("list the roles"))?;
    let role = |row: tokio_postgres::Row| Role {
        name: row.get(0),
        login: row.get(1),
        inherit: row.get(2),
        member_of: row.get(3),
    };
    Ok(rows.into_iter().map(role).collect())
}

/// The roles that the core needs, for a dump that says nothing about roles.
pub(super) fn of_the_core() -> Vec<Role> {
    let role = |name: &str, login: bool, member_of: &[&str]| Role {
        name: name.to_owned(),
        login,
        inherit: !login,
        member_of: member_of.iter().map(|name| (*name).to_owned()).collect(),
    };
    vec![
        role("web_anon", false, &[]),
        role("authenticated", false, &[]),
        role("civic_os_worker", false, &[]),
        role("civic_os_payments", false, &[]),
        role("authenticator", true, &["web_anon", "authenticated", "civic_os_worker", "civic_os_payments"]),
    ]
}

/// Makes what is missing and returns the names; existing roles are not touched. A login gets no password, so nobody can use it before it has one.
pub(super) async fn create_missing(client: &Client, wanted: &[Role]) -> Result<Vec<String>, BackupError> {
    let failed = || BackupError::statement("create the roles that the backup names");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut made = Vec::new();
    for role in wanted {
        let known =
            client.query_opt("select from pg_roles where rolname = $1", &[&role.name]).await.map_err(failed())?;
        if known.is_some() {
            continue;
        }
        let login = if role.login { "login" } else { "nologin" };
        let inherit = if role.inherit { "inherit" } else { "noinherit" };
        client
            .batch_execute(&format!("create role {} {login} {inherit}", quoted(&role.name)))
            .await
            .map_err(failed())?;
        made.push(role.name.clone());
    }
    for role in wanted.iter().filter(|role| made.contains(&role.name)) {
        for group in &role.member_of {
            let known = client.query_opt("select from pg_roles where rolname = $1", &[group]).await.map_err(failed())?;
            if known.is_some() {
                client
                    .batch_execute(&format!("grant {} to {}", quoted(group), quoted(&role.name)))
                    .await
                    .map_err(failed())?;
            }
        }
    }
    Ok(made)
}
