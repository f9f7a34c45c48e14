//! The answer to "who am I, and why was I refused": the server's view of a request's identity, for people who sign in
//! and for those who help them. It shows claims only to whoever sent them.

use super::{Authenticator, Identity};
use crate::db::{AccessMode, Db, DbError, IsolationLevel, Lane, RequestTransaction, Statement, TransactionEnd};
use serde_json::{Value, json};

/// The document and its HTTP status: 200 when the token (or its absence) is accepted, otherwise that of the refusal.
/// `core_settings` are those that requests get too.
pub async fn who_am_i<'h>(
    authenticator: &Authenticator,
    db: &Db,
    pre_request: Option<&str>,
    core_settings: &[(&str, String)],
    authorization_headers: impl IntoIterator<Item = &'h [u8]>,
) -> (u16, Value) {
    let identity = match authenticator.authenticate_headers(authorization_headers).await {
        Ok(identity) => identity,
        Err(error) => {
            let refusal = json!({"code": error.code(), "message": error.message(), "details": error.details()});
            let keys = authenticator.key_status();
            let document = json!({
                "authenticated": false,
                "refused": refusal,
                "issuer": authenticator.issuer(),
                "keys": keys.keys.len(),
            });
            return (error.status(), document);
        }
    };
    let mut document = json!({
        "authenticated": !identity.anonymous,
        "subject": identity.subject,
        "claims": serde_json::from_str::<Value>(&identity.claims_json).unwrap_or_default(),
        "starts_as": identity.role,
        "issuer": authenticator.issuer(),
    });
    match ask_database(db, pre_request, core_settings, &identity, &authenticator.sql_settings()).await {
        Ok(Some(view)) => {
            document["database"] = view;
            (200, document)
        }
        Ok(None) => (200, document),
        Err(error) => {
            let server = error.server();
            document["refused"] = json!({
                "code": error.sqlstate(),
                "message": server.map_or_else(|| "The database cannot be asked at the moment.".into(), |s| s.message.clone()),
            });
            (if server.is_some() { 200 } else { 503 }, document)
        }
    }
}

async fn ask_database(
    db: &Db,
    pre_request: Option<&str>,
    core_settings: &[(&str, String)],
    identity: &Identity,
    more: &[(String, String)],
) -> Result<Option<Value>, DbError> {
    let mut settings = vec![
        ("search_path", "public"),
        ("role", identity.role.as_str()),
        ("request.jwt.claims", &identity.claims_json),
    ];
    settings.extend(core_settings.iter().map(|(name, value)| (*name, value.as_str())));
    settings.extend(more.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let transaction = RequestTransaction {
        role: &identity.role,
        settings: &settings,
        access: AccessMode::ReadOnly,
        isolation: IsolationLevel::ReadCommitted,
        pre_request,
        statement: Statement { sql: include_str!("../sql/auth/who_am_i.sql"), params: &[], reusable: true },
        end: TransactionEnd::Commit,
    };
    let result = db.request(Lane::Api, &transaction).await?;
    let parsed = |text: Option<&str>| text.and_then(|text| serde_json::from_str::<Value>(text).ok());
    Ok(result.rows.first().map(|row| {
        json!({
            "role": row.text(0),
            "roles": parsed(row.text(1)),
            "is_admin": row.text(2) == Some("true"),
            "permissions": parsed(row.text(3)),
        })
    }))
}
