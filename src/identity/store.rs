//! The provider's statements: each one transaction of its own under the narrow role `civic_os_identity`.

use super::ProviderError;
use crate::db::{
    AccessMode, Db, IsolationLevel, Lane, Param, ParamType, RequestTransaction, ResultRow, Statement, TransactionEnd,
};
use serde::de::DeserializeOwned;

/// The role of all statements here, whatever the login is. No token can name it.
const ROLE: &str = "civic_os_identity";

/// Access to the provider's tables; cheap to clone.
#[derive(Clone)]
pub(super) struct Store {
    db: Db,
}

impl Store {
    pub(super) fn new(db: Db) -> Self {
        Self { db }
    }

    /// Runs a statement; its rows are text.
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: &[Option<&str>],
    ) -> Result<Vec<ResultRow>, ProviderError> {
        let params: Vec<Param<'_>> = values
            .iter()
            .map(|value| match value {
                Some(text) => Param::unknown(*text),
                None => Param::null(ParamType::Unknown),
            })
            .collect();
        let transaction = RequestTransaction {
            role: ROLE,
            settings: &[("search_path", "pg_catalog"), ("role", ROLE)],
            access: AccessMode::ReadWrite,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: None,
            statement: Statement { sql, params: &params, reusable: true },
            end: TransactionEnd::Commit,
        };
        Ok(self.db.request(Lane::Api, &transaction).await?.rows)
    }

    /// Runs a statement and says whether it had a row.
    pub(super) async fn has_row(&self, sql: &'static str, values: &[Option<&str>]) -> Result<bool, ProviderError> {
        Ok(!self.rows(sql, values).await?.is_empty())
    }

    /// Runs a statement of one JSON column; the first row.
    pub(super) async fn first<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        values: &[Option<&str>],
    ) -> Result<Option<T>, ProviderError> {
        self.rows(sql, values).await?.first().map(|row| column(row, 0)).transpose()
    }
}

/// A JSON column of a row.
pub(super) fn column<T: DeserializeOwned>(row: &ResultRow, index: usize) -> Result<T, ProviderError> {
    serde_json::from_str(row.text(index).unwrap_or("null")).map_err(|source| ProviderError::Row { source })
}
