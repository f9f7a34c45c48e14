//! Signed addresses for reading a file, for who may read it: where objects are private, nobody reads them otherwise.
//!
//! The database decides under the caller's own role: the row of `metadata.files` has to be visible (row security), and the caller has to be its creator, an
//! administrator, or able to read the record that the file belongs to (`metadata.may_read_file`).

use super::storage::Storage;
use crate::auth::Authenticator;
use crate::db::{AccessMode, Db, IsolationLevel, Lane, Param, RequestTransaction, Statement, TransactionEnd};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const DOWNLOAD: &str = include_str!("../sql/files/download.sql");
/// As long as an address to upload.
const VALID_FOR: Duration = Duration::from_secs(15 * 60);

/// Hands out addresses; cheap to clone.
#[derive(Clone)]
pub struct Downloads {
    authenticator: Authenticator,
    db: Db,
    /// `SELECT "schema"."function"()`
    pre_request: Option<String>,
    storage: Storage,
}

impl Downloads {
    /// `pre_request` is the statement that turns claims into roles.
    pub fn new(authenticator: Authenticator, db: Db, pre_request: Option<String>, storage: Storage) -> Self {
        Self { authenticator, db, pre_request, storage }
    }

    /// HTTP status and document for `GET /files/{id}/addresses`: an address per object that the file has.
    pub async fn addresses<'h>(
        &self,
        authorization_headers: impl IntoIterator<Item = &'h [u8]>,
        file: &str,
    ) -> (u16, Value) {
        let refusal = |status: u16, code: &str, message: &str| (status, json!({"code": code, "message": message}));
        let nothing = || refusal(404, "PGRST116", "There is no such file");
        let identity = match self.authenticator.authenticate_headers(authorization_headers).await {
            Ok(identity) => identity,
            Err(error) => return refusal(error.status(), error.code(), &error.message()),
        };
        let Ok(id) = Uuid::parse_str(file) else { return nothing() };
        let settings = [
            ("search_path", "public"),
            ("role", identity.role.as_str()),
            ("request.jwt.claims", &identity.claims_json),
        ];
        let transaction = RequestTransaction {
            role: &identity.role,
            settings: &settings,
            access: AccessMode::ReadOnly,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: self.pre_request.as_deref(),
            statement: Statement { sql: DOWNLOAD, params: &[Param::unknown(id.to_string())], reusable: true },
            end: TransactionEnd::Commit,
        };
        let result = match self.db.request(Lane::Api, &transaction).await {
            Ok(result) => result,
            Err(error) if error.server().is_some() => {
                return refusal(403, error.sqlstate().unwrap_or_default(), "The file cannot be read");
            }
            Err(_) => return refusal(503, "PGRST001", "The database cannot be asked at the moment"),
        };
        let Some(row) = result.rows.first() else { return nothing() };
        if row.text(6) != Some("true") {
            let status = if identity.anonymous { 401 } else { 403 };
            return refusal(status, "42501", "The file belongs to a record that you may not read");
        }
        if row.text(0) != Some(self.storage.bucket_name()) {
            return refusal(404, "PGRST116", "The file lies in another bucket");
        }
        let mut document = json!({"expires_in": VALID_FOR.as_secs()});
        for (name, column) in [("original", 1), ("small", 2), ("medium", 3), ("large", 4)] {
            let Some(key) = row.text(column) else { continue };
            let file_name = row.text(5).filter(|_| name == "original");
            match self.storage.presign_get(key, VALID_FOR, file_name).await {
                Ok(url) => document[name] = url.into(),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "An address to download could not be signed"
                    );
                    return refusal(503, "PGRST001", &error.for_people());
                }
            }
        }
        (200, document)
    }
}
