//! Every statement of notifications, each in a short transaction under the narrow role `civic_os_worker`.

use super::templates::Engine;
use crate::db::{
    AccessMode, Db, DbError, IsolationLevel, Lane, Param, ParamType, RequestTransaction, ResultRow, Statement,
    TransactionEnd,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

const ROLE: &str = "civic_os_worker";

const PREPARE: &str = include_str!("../sql/notifications/prepare.sql");
const MARK: &str = include_str!("../sql/notifications/mark.sql");
const RECORD: &str = include_str!("../sql/notifications/record.sql");
const FINISH: &str = include_str!("../sql/notifications/finish.sql");
const QUEUE_DIGEST: &str = include_str!("../sql/notifications/queue_digest.sql");
const DUE_DIGESTS: &str = include_str!("../sql/notifications/due_digests.sql");
const DIGEST: &str = include_str!("../sql/notifications/digest.sql");
const FINISH_DIGEST: &str = include_str!("../sql/notifications/finish_digest.sql");
const RESULTS: &str = include_str!("../sql/notifications/results.sql");
const CLEAN: &str = include_str!("../sql/notifications/clean.sql");
const TEMPLATE: &str = include_str!("../sql/notifications/template.sql");
const SUPPRESS: &str = include_str!("../sql/notifications/suppress.sql");
const RELEASE: &str = include_str!("../sql/notifications/release.sql");
const SUPPRESSED: &str = include_str!("../sql/notifications/suppressed.sql");
const UNSUBSCRIBE: &str = include_str!("../sql/notifications/unsubscribe.sql");

/// A statement failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or refuses.
    #[error("the statement \"{statement}\" of notifications failed: {source}")]
    Call {
        /// Name of the `.sql` file.
        statement: &'static str,
        /// Cause.
        #[source]
        source: DbError,
    },
    /// A row that does not have the expected shape.
    #[error("the answer to \"{0}\" cannot be read")]
    Unreadable(&'static str),
}

/// The four parts of a template.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct TemplateParts {
    pub(super) subject: String,
    pub(super) html: String,
    pub(super) text: String,
    pub(super) sms: Option<String>,
}

impl TemplateParts {
    /// Engine and source in the order of rendering, with the name that errors use.
    pub(super) fn engine_of(part: &str) -> Engine {
        if part == "html" { Engine::Html } else { Engine::Text }
    }
}

/// What a run of `send_notification` has to know.
#[derive(Debug, Deserialize)]
pub(super) struct Prepared {
    pub(super) status: String,
    pub(super) age: f64,
    pub(super) message_id: String,
    pub(super) template: Option<TemplateParts>,
    pub(super) has_person: bool,
    pub(super) email_enabled: bool,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) sms_enabled: bool,
    pub(super) phone: Option<String>,
    pub(super) frequency: String,
    pub(super) unsubscribe_token: Option<String>,
    pub(super) email_suppressed: Option<String>,
    pub(super) deliveries: BTreeMap<String, String>,
}

/// One person's digest.
#[derive(Debug, Deserialize)]
pub(super) struct Digest {
    pub(super) email_enabled: bool,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
    pub(super) email_suppressed: Option<String>,
    pub(super) unsubscribe_token: Option<String>,
    pub(super) items: Vec<DigestItem>,
}

#[derive(Debug, Deserialize)]
pub(super) struct DigestItem {
    pub(super) notification_id: i64,
    pub(super) subject: String,
    pub(super) body: String,
}

/// A template for `send_email`.
#[derive(Debug, Deserialize)]
pub(super) struct Addressed {
    pub(super) template: Option<TemplateParts>,
    pub(super) suppressed: Vec<String>,
}

/// A line of the ledger.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LedgerEntry {
    pub(super) key: String,
    pub(super) state: &'static str,
    pub(super) reply: String,
}

/// How a notification ended.
#[derive(Debug, Default)]
pub(super) struct Ending<'a> {
    pub(super) status: &'a str,
    pub(super) error: Option<String>,
    pub(super) sent: Vec<&'static str>,
    pub(super) failed: Vec<&'static str>,
    pub(super) shown: Option<(String, String)>,
    pub(super) ledger: Vec<LedgerEntry>,
}

/// The result of one part of a check or preview.
#[derive(Clone, Debug, Serialize)]
pub(super) struct PartResult {
    pub(super) part: &'static str,
    pub(super) valid: bool,
    pub(super) message: String,
}

/// Access to the tables; cheap to clone.
#[derive(Clone)]
pub(super) struct Store {
    db: Db,
}

/// PostgreSQL's texts hold no NUL.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn text(value: &str) -> Param<'_> {
    Param::typed(ParamType::Text, value)
}

fn optional(value: Option<&str>) -> Param<'_> {
    value.map_or_else(|| Param::null(ParamType::Text), text)
}

fn uuid(value: &str) -> Param<'_> {
    Param::unknown(value)
}

fn number(value: i64) -> Param<'static> {
    Param::unknown(value.to_string())
}

fn names(values: &[&str]) -> Param<'static> {
    Param::unknown(format!("{{{}}}", values.join(",")))
}

fn json(value: &impl Serialize) -> Param<'static> {
    // Plain structs of texts always have a JSON form.
    Param::unknown(serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned()))
}

impl Store {
    pub(super) fn new(db: Db) -> Self {
        Self { db }
    }

    async fn call(
        &self,
        lane: Lane,
        statement: &'static str,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Vec<ResultRow>, StoreError> {
        let transaction = RequestTransaction {
            role: ROLE,
            settings: &[("role", ROLE)],
            access: AccessMode::ReadWrite,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: None,
            statement: Statement { sql, params, reusable: true },
            end: TransactionEnd::Commit,
        };
        let result = self.db.request(lane, &transaction).await;
        result.map(|result| result.rows).map_err(|source| StoreError::Call { statement, source })
    }

    async fn document<T: serde::de::DeserializeOwned>(
        &self,
        statement: &'static str,
        sql: &'static str,
        params: &[Param<'_>],
    ) -> Result<Option<T>, StoreError> {
        let rows = self.call(Lane::Jobs, statement, sql, params).await?;
        let Some(document) = rows.first().and_then(|row| row.text(0)) else { return Ok(None) };
        serde_json::from_str(document).map(Some).map_err(|_| StoreError::Unreadable(statement))
    }

    pub(super) async fn prepare(&self, id: i64, user: &str, template: &str) -> Result<Option<Prepared>, StoreError> {
        self.document("prepare", PREPARE, &[number(id), uuid(user), text(template)]).await
    }

    /// The message id to send under; `None` when the message was sent before.
    pub(super) async fn mark(
        &self,
        key: &str,
        notification: Option<i64>,
        channel: &str,
        message_id: &str,
        recipient: &str,
    ) -> Result<Option<String>, StoreError> {
        let notification = notification.map_or_else(|| Param::null(ParamType::BigInt), number);
        let params = [text(key), notification, text(channel), text(message_id), text(recipient)];
        let rows = self.call(Lane::Jobs, "mark", MARK, &params).await?;
        Ok(rows.first().and_then(|row| row.text(0)).map(str::to_owned))
    }

    pub(super) async fn record(&self, entries: &[LedgerEntry]) -> Result<(), StoreError> {
        self.call(Lane::Jobs, "record", RECORD, &[json(&entries)]).await.map(drop)
    }

    pub(super) async fn finish(
        &self,
        id: i64,
        user: &str,
        entity: (Option<&str>, Option<&str>),
        ending: &Ending<'_>,
    ) -> Result<(), StoreError> {
        let (subject, body) = ending.shown.as_ref().map_or((None, None), |(subject, body)| (Some(subject), Some(body)));
        let params = [
            number(id),
            text(ending.status),
            optional(ending.error.as_deref()),
            names(&ending.sent),
            names(&ending.failed),
            optional(subject.map(String::as_str)),
            optional(body.map(String::as_str)),
            uuid(user),
            optional(entity.0),
            optional(entity.1),
            json(&ending.ledger),
        ];
        self.call(Lane::Jobs, "finish", FINISH, &params).await.map(drop)
    }

    pub(super) async fn queue_digest(
        &self,
        id: i64,
        user: &str,
        entity: (Option<&str>, Option<&str>),
        shown: &(String, String),
    ) -> Result<(), StoreError> {
        let params = [number(id), uuid(user), text(&shown.0), text(&shown.1), optional(entity.0), optional(entity.1)];
        self.call(Lane::Jobs, "queue_digest", QUEUE_DIGEST, &params).await.map(drop)
    }

    /// Enqueues what is due; how many.
    pub(super) async fn due_digests(&self, hour: u32) -> Result<usize, StoreError> {
        Ok(self.call(Lane::Jobs, "due_digests", DUE_DIGESTS, &[number(i64::from(hour))]).await?.len())
    }

    pub(super) async fn digest(&self, user: &str) -> Result<Option<Digest>, StoreError> {
        self.document("digest", DIGEST, &[uuid(user)]).await
    }

    pub(super) async fn finish_digest(
        &self,
        notifications: &[i64],
        status: &str,
        error: Option<&str>,
        ledger: &[LedgerEntry],
    ) -> Result<(), StoreError> {
        let ids: Vec<String> = notifications.iter().map(i64::to_string).collect();
        let params = [Param::unknown(format!("{{{}}}", ids.join(","))), text(status), optional(error), json(&ledger)];
        self.call(Lane::Jobs, "finish_digest", FINISH_DIGEST, &params).await.map(drop)
    }

    pub(super) async fn results(&self, request: &str, parts: &[PartResult]) -> Result<(), StoreError> {
        self.call(Lane::Jobs, "results", RESULTS, &[uuid(request), json(&parts)]).await.map(drop)
    }

    pub(super) async fn clean(&self) -> Result<i64, StoreError> {
        let rows = self.call(Lane::Jobs, "clean", CLEAN, &[]).await?;
        Ok(rows.first().and_then(|row| row.int(0)).unwrap_or(0))
    }

    pub(super) async fn addressed(&self, template: &str, addresses: &[String]) -> Result<Addressed, StoreError> {
        let addresses: Vec<Value> = addresses.iter().map(|address| Value::String(address.to_lowercase())).collect();
        let literal = Value::Array(addresses).to_string();
        let literal = format!("{{{}}}", literal.trim_start_matches('[').trim_end_matches(']'));
        let found = self.document("template", TEMPLATE, &[text(template), Param::unknown(literal)]).await?;
        found.ok_or(StoreError::Unreadable("template"))
    }

    /// Puts an address on the list of those that get nothing.
    pub(super) async fn suppress(
        &self,
        channel: &str,
        address: &str,
        reason: &str,
        detail: &str,
    ) -> Result<(), StoreError> {
        let params = [text(channel), text(address), text(reason), text(detail)];
        self.call(Lane::System, "suppress", SUPPRESS, &params).await.map(drop)
    }

    /// Takes an opt-out back.
    pub(super) async fn release(&self, channel: &str, address: &str) -> Result<(), StoreError> {
        self.call(Lane::System, "release", RELEASE, &[text(channel), text(address)]).await.map(drop)
    }

    /// Why an address gets nothing.
    pub(super) async fn suppressed(&self, channel: &str, address: &str) -> Result<Option<String>, StoreError> {
        let rows = self.call(Lane::Jobs, "suppressed", SUPPRESSED, &[text(channel), text(address)]).await?;
        Ok(rows.first().and_then(|row| row.text(0)).map(str::to_owned))
    }

    /// Switches a channel off for the holder of a token; whether there is one.
    pub(super) async fn unsubscribe(&self, token: &str) -> Result<bool, StoreError> {
        Ok(!self.call(Lane::System, "unsubscribe", UNSUBSCRIBE, &[uuid(token)]).await?.is_empty())
    }
}
