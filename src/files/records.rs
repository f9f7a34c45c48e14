//! Every statement about files, each in a short transaction under the narrow role `civic_os_worker`. No connection is held between two of them.

use super::arrival::Rule;
use crate::db::{
    AccessMode, Db, DbError, IsolationLevel, Lane, Param, RequestTransaction, ResultRow, Statement, TransactionEnd,
};
use std::time::Duration;
use uuid::Uuid;

/// The role of all statements here, whatever the login is.
const WORKER_ROLE: &str = "civic_os_worker";

const SIGN_BEGIN: &str = include_str!("../sql/files/sign_begin.sql");
const SIGN_DONE: &str = include_str!("../sql/files/sign_done.sql");
const SIGN_FAILED: &str = include_str!("../sql/files/sign_failed.sql");
const FILE_BEGIN: &str = include_str!("../sql/files/file_begin.sql");
const FILE_PROCESSING: &str = include_str!("../sql/files/file_processing.sql");
const FILE_DONE: &str = include_str!("../sql/files/file_done.sql");
const FILE_ARRIVED: &str = include_str!("../sql/files/file_arrived.sql");
const FILE_FAILED: &str = include_str!("../sql/files/file_failed.sql");
const REQUESTS_EXPIRED: &str = include_str!("../sql/files/requests_expired.sql");
const REQUESTS_DELETE: &str = include_str!("../sql/files/requests_delete.sql");
const KEYS_IN_USE: &str = include_str!("../sql/files/keys_in_use.sql");

/// A statement about files failed.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The database refused, or is away.
    #[error("the statement \"{statement}\" about files failed")]
    Statement {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// Cause.
        #[source]
        source: Box<DbError>,
    },
    /// A row that does not look as its statement promises.
    #[error("a row of \"{statement}\" cannot be read")]
    Row {
        /// Name of the `.sql` file.
        statement: &'static str,
    },
}

/// Access to the tables of files; cheap to clone.
#[derive(Clone)]
pub struct Records {
    db: Db,
}

/// A request for an address.
#[derive(Debug)]
pub(super) struct UploadRequest {
    pub(super) status: String,
    pub(super) entity_type: String,
    pub(super) entity_id: String,
    pub(super) file_name: String,
    pub(super) file_type: String,
    /// Announced by `request_upload` only.
    pub(super) file_size: Option<u64>,
    /// Already chosen, or a new one.
    pub(super) file_id: Uuid,
    pub(super) rules: Vec<Rule>,
}

/// A row of `metadata.files` as its jobs need it.
#[derive(Debug)]
pub(super) struct FileRow {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) file_type: String,
    pub(super) file_size: i64,
    pub(super) thumbnail_status: String,
    pub(super) rules: Vec<Rule>,
}

impl Records {
    /// On the pool of the process.
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    async fn call(
        &self,
        statement: &'static str,
        sql: &str,
        params: &[Param<'_>],
    ) -> Result<Vec<ResultRow>, RecordsError> {
        let transaction = RequestTransaction {
            role: WORKER_ROLE,
            settings: &[("role", WORKER_ROLE)],
            access: AccessMode::ReadWrite,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: None,
            statement: Statement { sql, params, reusable: true },
            end: TransactionEnd::Commit,
        };
        match self.db.request(Lane::Jobs, &transaction).await {
            Ok(result) => Ok(result.rows),
            Err(source) => Err(RecordsError::Statement { statement, source: Box::new(source) }),
        }
    }

    pub(super) async fn sign_begin(&self, request: Uuid) -> Result<Option<UploadRequest>, RecordsError> {
        let rows = self.call("sign_begin", SIGN_BEGIN, &[id(request)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let wrong = || RecordsError::Row { statement: "sign_begin" };
        Ok(Some(UploadRequest {
            status: text(row, 0),
            entity_type: text(row, 1),
            entity_id: text(row, 2),
            file_name: text(row, 3),
            file_type: text(row, 4),
            file_size: text(row, 5).parse().ok(),
            file_id: text(row, 6).parse().map_err(|_| wrong())?,
            rules: Rule::read(&text(row, 7)).ok_or_else(wrong)?,
        }))
    }

    pub(super) async fn sign_done(&self, request: Uuid, url: &str, file: Uuid, key: &str) -> Result<(), RecordsError> {
        let params = [id(request), Param::unknown(url), id(file), Param::unknown(key)];
        self.call("sign_done", SIGN_DONE, &params).await.map(drop)
    }

    /// `last` = nothing will be tried again.
    pub(super) async fn sign_failed(&self, request: Uuid, message: &str, last: bool) -> Result<(), RecordsError> {
        let status = if last { "failed" } else { "pending" };
        let params = [id(request), Param::unknown(message), Param::unknown(status)];
        self.call("sign_failed", SIGN_FAILED, &params).await.map(drop)
    }

    pub(super) async fn file_begin(&self, file: Uuid) -> Result<Option<FileRow>, RecordsError> {
        let rows = self.call("file_begin", FILE_BEGIN, &[id(file)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(FileRow {
            bucket: text(row, 0),
            key: text(row, 1),
            file_type: text(row, 2),
            file_size: text(row, 3).parse().unwrap_or_default(),
            thumbnail_status: text(row, 4),
            rules: Rule::read(&text(row, 5)).ok_or(RecordsError::Row { statement: "file_begin" })?,
        }))
    }

    pub(super) async fn file_processing(&self, file: Uuid) -> Result<bool, RecordsError> {
        Ok(!self.call("file_processing", FILE_PROCESSING, &[id(file)]).await?.is_empty())
    }

    pub(super) async fn file_done(&self, file: Uuid, keys: &[String; 3], size: i32) -> Result<(), RecordsError> {
        let [small, medium, large] = keys;
        let params = [
            id(file),
            Param::unknown(small),
            Param::unknown(medium),
            Param::unknown(large),
            Param::unknown(size.to_string()),
        ];
        self.call("file_done", FILE_DONE, &params).await.map(drop)
    }

    pub(super) async fn file_arrived(&self, file: Uuid, size: i32) -> Result<(), RecordsError> {
        let params = [id(file), Param::unknown(size.to_string())];
        self.call("file_arrived", FILE_ARRIVED, &params).await.map(drop)
    }

    /// Writes what went wrong. `status` is `failed`, or `pending` while it will be tried again soon; `rejected` = the upload itself is unwanted.
    pub(super) async fn file_failed(
        &self,
        file: Uuid,
        message: &str,
        status: &str,
        rejected: bool,
    ) -> Result<(), RecordsError> {
        let flag = if rejected { "t" } else { "f" };
        let params = [id(file), Param::unknown(message), Param::unknown(status), Param::unknown(flag)];
        self.call("file_failed", FILE_FAILED, &params).await.map(drop)
    }

    /// Ids of the oldest requests above this age.
    pub(super) async fn requests_expired(&self, age: Duration) -> Result<Vec<String>, RecordsError> {
        let rows = self.call("requests_expired", REQUESTS_EXPIRED, &[seconds(age)]).await?;
        Ok(rows.iter().map(|row| text(row, 0)).collect())
    }

    pub(super) async fn requests_delete(&self, ids: &[String]) -> Result<usize, RecordsError> {
        Ok(self.call("requests_delete", REQUESTS_DELETE, &[array(ids)]).await?.len())
    }

    /// Those of the keys that a file, or a request younger than this, still names.
    pub(super) async fn keys_in_use(
        &self,
        keys: &[String],
        bucket: &str,
        age: Duration,
    ) -> Result<Vec<String>, RecordsError> {
        let params = [array(keys), Param::unknown(bucket), seconds(age)];
        let rows = self.call("keys_in_use", KEYS_IN_USE, &params).await?;
        Ok(rows.iter().map(|row| text(row, 0)).collect())
    }
}

fn id(value: Uuid) -> Param<'static> {
    Param::unknown(value.to_string())
}

fn seconds(value: Duration) -> Param<'static> {
    Param::unknown(value.as_secs_f64().to_string())
}

/// An array literal; each element quoted.
fn array(values: &[String]) -> Param<'static> {
    let quoted: Vec<String> =
        values.iter().map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    Param::unknown(format!("{{{}}}", quoted.join(",")))
}

fn text(row: &ResultRow, column: usize) -> String {
    row.text(column).unwrap_or_default().to_owned()
}
