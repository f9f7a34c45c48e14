//! Whether the pool's login could do more than requests are meant to (SURFACE.md §2): row security is worth nothing
//! on a login that is exempt from it.

use crate::db::{Db, DbError, Lane, Statement};

/// What a login may do beyond becoming the roles of requests, in sentences for operators. Empty is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginRights {
    /// Name of the login.
    pub login: String,
    /// Rights that let a request past row security or change the schema.
    pub excessive: Vec<String>,
    /// Not dangerous by itself, but not as documented.
    pub unusual: Vec<String>,
}

/// Asks the database about the pool's own login.
///
/// # Errors
/// See [`DbError`]; the server may be down.
pub async fn login_check(db: &Db) -> Result<LoginRights, DbError> {
    let statement = Statement { sql: include_str!("../sql/auth/login.sql"), params: &[], reusable: false };
    let rows = db.snapshot(Lane::System, &[], &[statement]).await?;
    let mut rights = LoginRights { login: db.login().into(), excessive: Vec::new(), unusual: Vec::new() };
    let Some(row) = rows.iter().flatten().next() else { return Ok(rights) };
    let text = |index: usize| row.text(index).unwrap_or_default();
    let is = |index: usize| text(index) == "true";
    rights.login = text(0).into();
    if is(1) {
        rights.excessive.push("it is a superuser".into());
    }
    if is(2) {
        rights.excessive.push("it has BYPASSRLS".into());
    }
    if is(3) {
        rights.excessive.push("it may create roles or replicate".into());
    }
    if text(4) != "0" {
        rights.excessive.push(format!("it owns {} tables or views", text(4)));
    }
    if !text(5).is_empty() {
        rights.excessive.push(format!("it may become {}", text(5)));
    }
    if is(6) {
        rights.unusual.push("it is not NOINHERIT: it has the rights of its roles without becoming them".into());
    }
    Ok(rights)
}
