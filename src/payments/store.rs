//! Every statement of the ledger, each in a short transaction of the narrow role `civic_os_payments`, one round trip.

use super::amount::{Currency, Minor};
use super::error::PaymentsError;
use super::ledger::State;
use super::provider::{Intent, Refund};
use crate::db::{
    AccessMode, Db, IsolationLevel, Lane, Param, RequestTransaction, ResultRow, Statement, TransactionEnd,
};
use serde_json::Value;

/// The role of all statements here, whatever the login is.
const ROLE: &str = "civic_os_payments";

/// A statement with the name of its file.
macro_rules! sql {
    ($name:literal) => {
        ($name, include_str!(concat!("../sql/payments/", $name, ".sql")))
    };
}

/// The ledger's tables; cheap to clone.
#[derive(Clone)]
pub struct Ledger {
    db: Db,
    lane: Lane,
}

/// A payment as the jobs need it.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Its id.
    pub id: String,
    /// The payer.
    pub user_id: String,
    /// Decimal text.
    pub amount: String,
    /// ISO code.
    pub currency: String,
    /// Where it stands.
    pub state: State,
    /// For the dashboard of the provider.
    pub description: String,
    /// Kind of the paid record.
    pub entity_type: Option<String>,
    /// The paid record.
    pub entity_id: Option<String>,
    /// The record's column; where it is set, other attempts are looked for.
    pub entity_column: Option<String>,
    /// `pi_…`
    pub intent_id: Option<String>,
    /// Reserve first.
    pub deferred: bool,
    /// Changes of the row so far.
    pub version: i64,
    /// Taken, decimal text.
    pub captured: Option<String>,
    /// Seconds since 1970.
    pub created: i64,
}

/// A refund with what its payment says.
#[derive(Clone, Debug)]
pub struct RefundRow {
    /// Its id.
    pub id: String,
    /// Decimal text.
    pub amount: String,
    /// In the words of whoever asked.
    pub reason: String,
    /// Whether anything is left to do.
    pub is_pending: bool,
    /// `re_…`
    pub provider_refund_id: Option<String>,
    /// Its payment.
    pub payment_id: String,
    /// Of the payment.
    pub currency: String,
    /// `pi_…`
    pub intent_id: Option<String>,
    /// Age in seconds.
    pub age: i64,
}

/// What the inbox says about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbox {
    /// Nobody had it before.
    New(String),
    /// It is there and waits to be applied: an earlier delivery died, or found nothing.
    Unsettled(String),
    /// It is there and done.
    Settled,
    /// Another delivery stores it at this moment.
    Busy,
}

/// Answer of the ledger to something that was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Written.
    Applied,
    /// Known already.
    Unchanged,
    /// Older than what is known.
    Stale,
    /// The row changed meanwhile: ask the provider again.
    Raced,
    /// No such edge.
    Refused,
    /// Nobody has this intent.
    Unmatched,
}

impl Recorded {
    fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "applied" => Self::Applied,
            "unchanged" => Self::Unchanged,
            "stale" => Self::Stale,
            "raced" => Self::Raced,
            "refused" => Self::Refused,
            "unmatched" => Self::Unmatched,
            _ => return None,
        })
    }
}

fn optional(value: Option<&str>) -> Param<'_> {
    match value {
        Some(value) => Param::unknown(value),
        None => Param::null(crate::db::ParamType::Unknown),
    }
}

impl Ledger {
    /// On the pool of the process; `lane` is the jobs' for jobs.
    pub fn new(db: Db, lane: Lane) -> Self {
        Self { db, lane }
    }

    /// One statement, one transaction, one round trip.
    pub(super) async fn call(
        &self,
        (name, sql): (&'static str, &'static str),
        params: &[Param<'_>],
    ) -> Result<Vec<ResultRow>, PaymentsError> {
        let transaction = RequestTransaction {
            role: ROLE,
            settings: &[("role", ROLE), ("search_path", "payments, metadata, public")],
            access: AccessMode::ReadWrite,
            isolation: IsolationLevel::ReadCommitted,
            pre_request: None,
            statement: Statement { sql, params, reusable: true },
            end: TransactionEnd::Commit,
        };
        let result = self.db.request(self.lane, &transaction).await;
        Ok(result.map_err(|source| PaymentsError::Database { statement: name, source })?.rows)
    }

    async fn word(
        &self,
        statement: (&'static str, &'static str),
        params: &[Param<'_>],
    ) -> Result<String, PaymentsError> {
        let rows = self.call(statement, params).await?;
        let word = rows.first().and_then(|row| row.text(0)).map(str::to_owned);
        word.ok_or(PaymentsError::Row { statement: statement.0 })
    }

    async fn recorded(
        &self,
        statement: (&'static str, &'static str),
        params: &[Param<'_>],
    ) -> Result<Recorded, PaymentsError> {
        let word = self.word(statement, params).await?;
        Recorded::from_word(&word).ok_or(PaymentsError::Row { statement: statement.0 })
    }

    async fn done(&self, statement: (&'static str, &'static str), params: &[Param<'_>]) -> Result<bool, PaymentsError> {
        Ok(!self.call(statement, params).await?.is_empty())
    }

    /// Counts payments by state for `/metrics`.
    ///
    /// # Errors
    /// The database.
    pub async fn count_states(&self) -> Result<(), PaymentsError> {
        let rows = self.call(sql!("states"), &[]).await?;
        let counts: Vec<(String, i64)> =
            rows.iter().filter_map(|row| Some((row.text(0)?.to_owned(), row.int(1)?))).collect();
        super::tally::payments(&counts);
        Ok(())
    }

    /// Stores an event as it came.
    ///
    /// # Errors
    /// The database.
    pub async fn receive(
        &self,
        event_id: &str,
        event_type: &str,
        payload: &str,
        livemode: Option<bool>,
    ) -> Result<Inbox, PaymentsError> {
        let live = livemode.map(|live| live.to_string());
        let params =
            [Param::unknown(event_id), Param::unknown(event_type), Param::unknown(payload), optional(live.as_deref())];
        let rows = self.call(sql!("inbox"), &params).await?;
        let Some(row) = rows.first() else { return Ok(Inbox::Busy) };
        let id = row.text(0).ok_or(PaymentsError::Row { statement: "inbox" })?.to_owned();
        Ok(match (row.text(1), row.text(2)) {
            (Some("t"), _) => Inbox::New(id),
            (_, Some("t")) => Inbox::Settled,
            _ => Inbox::Unsettled(id),
        })
    }

    /// Applies a stored event; the answer is the outcome in words, `error` included.
    ///
    /// # Errors
    /// The database.
    pub async fn settle(&self, row: &str, change: &Value) -> Result<String, PaymentsError> {
        self.word(sql!("settle"), &[Param::unknown(row), Param::unknown(change.to_string())]).await
    }

    /// Keeps an event unapplied with a reason.
    ///
    /// # Errors
    /// The database.
    pub async fn set_aside(&self, row: &str, outcome: &str, reason: &str) -> Result<(), PaymentsError> {
        let params = [Param::unknown(row), Param::unknown(outcome), Param::unknown(reason)];
        self.call(sql!("set_aside"), &params).await?;
        Ok(())
    }

    /// A payment.
    ///
    /// # Errors
    /// The database.
    pub async fn payment(&self, id: &str) -> Result<Option<Payment>, PaymentsError> {
        let rows = self.call(sql!("payment"), &[Param::unknown(id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |column: usize| row.text(column).map(str::to_owned);
        let unexpected = PaymentsError::Row { statement: "payment" };
        let fields = (text(0), text(1), text(2), text(3), row.text(4).and_then(State::from_word));
        let (Some(id), Some(user_id), Some(amount), Some(currency), Some(state)) = fields else {
            return Err(unexpected);
        };
        Ok(Some(Payment {
            id,
            user_id,
            amount,
            currency,
            state,
            description: text(5).unwrap_or_default(),
            entity_type: text(6),
            entity_id: text(7),
            entity_column: text(8),
            intent_id: text(9),
            deferred: row.text(10) == Some("t"),
            version: row.int(11).unwrap_or_default(),
            captured: text(12),
            created: row.int(13).unwrap_or_default(),
        }))
    }

    /// Other attempts at the same record that a payer could still confirm.
    ///
    /// # Errors
    /// The database.
    pub async fn siblings(&self, id: &str) -> Result<Vec<String>, PaymentsError> {
        let rows = self.call(sql!("siblings"), &[Param::unknown(id)]).await?;
        Ok(first_column(&rows))
    }

    /// Writes what the provider says about an intent. `version` is the row's before the provider was asked.
    ///
    /// # Errors
    /// The database.
    pub async fn record_intent(
        &self,
        payment: &Payment,
        intent: &Intent,
        version: Option<i64>,
    ) -> Result<Recorded, PaymentsError> {
        let state = State::of(&intent.status, intent.decline.is_some());
        let captured = Currency::parse(&payment.currency)?.decimal(Minor(intent.amount_received));
        let captured = (state == State::Succeeded).then_some(captured);
        let live = intent.livemode.map(|live| live.to_string());
        let version = version.map(|version| version.to_string());
        self.recorded(
            sql!("record_intent"),
            &[
                Param::unknown(payment.id.as_str()),
                Param::unknown(intent.id.as_str()),
                optional(intent.client_secret.as_deref()),
                Param::unknown(state.word()),
                Param::unknown(intent.status.word()),
                optional(captured.as_deref()),
                optional(intent.decline.as_deref()),
                optional(live.as_deref()),
                optional(version.as_deref()),
            ],
        )
        .await
    }

    /// The provider refused for good to make an intent.
    ///
    /// # Errors
    /// The database.
    pub async fn fail_payment(&self, id: &str, reason: &str) -> Result<bool, PaymentsError> {
        self.done(sql!("fail_payment"), &[Param::unknown(id), Param::unknown(reason)]).await
    }

    /// Gives up a payment without an intent.
    ///
    /// # Errors
    /// The database.
    pub async fn cancel_unmade(&self, id: &str, reason: &str) -> Result<bool, PaymentsError> {
        self.done(sql!("cancel_unmade"), &[Param::unknown(id), Param::unknown(reason)]).await
    }

    /// A refund.
    ///
    /// # Errors
    /// The database.
    pub async fn refund(&self, id: &str) -> Result<Option<RefundRow>, PaymentsError> {
        let rows = self.call(sql!("refund"), &[Param::unknown(id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |column: usize| row.text(column).map(str::to_owned);
        let fields = (text(0), text(1), text(5), text(6));
        let (Some(id), Some(amount), Some(payment_id), Some(currency)) = fields else {
            return Err(PaymentsError::Row { statement: "refund" });
        };
        Ok(Some(RefundRow {
            id,
            amount,
            reason: text(2).unwrap_or_default(),
            is_pending: row.text(3) == Some("pending"),
            provider_refund_id: text(4),
            payment_id,
            currency,
            intent_id: text(7),
            age: row.int(8).unwrap_or_default(),
        }))
    }

    /// Writes what the provider says about a refund of this intent.
    ///
    /// # Errors
    /// The database.
    pub async fn record_refund(&self, intent_id: &str, refund: &Refund) -> Result<Recorded, PaymentsError> {
        let ours = refund.refund_id.as_deref().filter(|id| uuid::Uuid::parse_str(id).is_ok());
        self.recorded(
            sql!("record_refund"),
            &[
                optional(ours),
                Param::unknown(refund.id.as_str()),
                Param::unknown(intent_id),
                Param::unknown(refund.amount.to_string()),
                Param::unknown(refund.status.as_str()),
                optional(refund.failure.as_deref()),
                optional(refund.reason.as_deref()),
            ],
        )
        .await
    }

    /// The provider refused a refund for good.
    ///
    /// # Errors
    /// The database.
    pub async fn fail_refund(&self, id: &str, reason: &str) -> Result<bool, PaymentsError> {
        self.done(sql!("fail_refund"), &[Param::unknown(id), Param::unknown(reason)]).await
    }

    /// Writes the configuration that new payments follow; whether anything changed.
    ///
    /// # Errors
    /// The database.
    pub async fn configure(&self, currency: &str, percent: &str, fixed: &str) -> Result<bool, PaymentsError> {
        self.done(sql!("settings"), &[Param::unknown(currency), Param::unknown(percent), Param::unknown(fixed)]).await
    }

    /// A job, unless an equal one waits or runs.
    ///
    /// # Errors
    /// The database.
    pub async fn enqueue(&self, kind: &str, args: &Value, attempts: u16) -> Result<bool, PaymentsError> {
        let params = [Param::unknown(kind), Param::unknown(args.to_string()), Param::unknown(attempts.to_string())];
        self.done(sql!("enqueue"), &params).await
    }

    /// All that is known of a payment, by its id, an intent's, a refund's or an event's.
    ///
    /// # Errors
    /// The database.
    pub async fn show(&self, id: &str) -> Result<Option<Value>, PaymentsError> {
        let rows = self.call(sql!("show"), &[Param::unknown(id)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let document = row.text(0).and_then(|text| serde_json::from_str(text).ok());
        document.map(Some).ok_or(PaymentsError::Row { statement: "show" })
    }

    /// How many payments wait, how many events failed, and the like.
    ///
    /// # Errors
    /// The database.
    pub async fn figures(&self) -> Result<Figures, PaymentsError> {
        let rows = self.call(sql!("figures"), &[]).await?;
        let row = rows.first().ok_or(PaymentsError::Row { statement: "figures" })?;
        Ok(Figures {
            waiting: row.int(0).unwrap_or_default(),
            failed_events: row.int(1).unwrap_or_default(),
            waiting_refunds: row.int(2).unwrap_or_default(),
            expiring: row.int(3).unwrap_or_default(),
            by_status: row.text(4).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default(),
        })
    }
}

/// What deserves a look.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Figures {
    /// Payments without an intent after a quarter of an hour.
    pub waiting: i64,
    /// Events with an error.
    pub failed_events: i64,
    /// Refunds that are pending for more than a day.
    pub waiting_refunds: i64,
    /// Reservations that end within a day.
    pub expiring: i64,
    /// Payments by state.
    pub by_status: Value,
}

/// The first column of all rows.
pub(super) fn first_column(rows: &[ResultRow]) -> Vec<String> {
    rows.iter().filter_map(|row| row.text(0).map(str::to_owned)).collect()
}
