//! The comparison of the whole ledger with the provider: missed events, intents without a payment, attempts that wait for nobody.
//! Run every ten minutes by a job and on demand by `civic-os payments reconcile`. What can be repaired is, the rest is reported.

use super::cashier::Cashier;
use super::error::PaymentsError;
use super::event::Event;
use super::jobs::whole_text;
use super::ledger::State;
use super::provider::{Intent, IntentStatus, Refund};
use super::store::first_column;
use super::webhook;
use crate::db::{Param, ParamType};
use serde::Serialize;
use serde_json::json;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

/// Tries of the periodic replay per event; `civic-os payments replay` tries whatever the number.
const MOST_TRIES: u32 = 500;

macro_rules! sql {
    ($name:literal) => {
        ($name, include_str!(concat!("../sql/payments/", $name, ".sql")))
    };
}

/// How far and how patiently.
#[derive(Clone, Debug)]
pub struct ReconcileOptions {
    /// What is younger than this, in seconds, is still somebody's work.
    pub patience: f64,
    /// The provider's intents and refunds of the last days.
    pub days: u32,
}

impl Default for ReconcileOptions {
    fn default() -> Self {
        Self { patience: 120.0, days: 3 }
    }
}

/// What a comparison found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Payments without an intent that got a job.
    pub restarted_payments: usize,
    /// Refunds without an answer that got a job.
    pub restarted_refunds: usize,
    /// Payments that were compared with the provider.
    pub compared: usize,
    /// Of these, and of the provider's list: those whose row changed.
    pub repaired: usize,
    /// Intents that nobody waits for, cancelled at the provider.
    pub cancelled_intents: usize,
    /// Refunds of the provider that were missing or differed.
    pub recorded_refunds: usize,
    /// Stored events that were applied now.
    pub applied_events: usize,
    /// Stored events that still are not.
    pub waiting_events: usize,
    /// Reservations that end within a day, as payment ids.
    pub expiring: Vec<String>,
    /// What a person has to look at.
    pub problems: Vec<String>,
    /// The provider has more than was read: run again with fewer days.
    pub incomplete: bool,
}

impl Report {
    /// One line, louder where somebody has to look.
    pub fn log(&self) {
        for problem in &self.problems {
            tracing::error!("Payments: {problem}");
        }
        for payment in &self.expiring {
            tracing::warn!(payment, "An authorized payment expires within a day and is not captured");
        }
        if *self != (Self { compared: self.compared, waiting_events: self.waiting_events, ..Self::default() }) {
            tracing::info!(report = %serde_json::to_string(self).unwrap_or_default(), "Payments were reconciled");
        }
    }
}

impl Cashier {
    /// Compares the ledger with the provider.
    ///
    /// # Errors
    /// The database is away, or the provider's lists cannot be read. Single payments that fail are in the report.
    pub async fn reconcile(&self, options: &ReconcileOptions) -> Result<Report, PaymentsError> {
        let mut report = Report::default();
        self.restart(options, &mut report).await?;
        self.replay_waiting(options.patience, &mut report).await?;
        self.compare_open(options, &mut report).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let since = i64::try_from(now).unwrap_or_default() - i64::from(options.days) * 86_400;
        let (intents, more_intents) = self.provider.intents_since(since).await?;
        self.compare_intents(options, &intents, &mut report).await?;
        let (refunds, more_refunds) = self.provider.refunds_since(since).await?;
        self.compare_refunds(&refunds, &mut report).await?;
        report.incomplete = more_intents || more_refunds;
        report.expiring = first_column(&self.ledger.call(sql!("expiring"), &[Param::unknown("24")]).await?);
        Ok(report)
    }

    /// Jobs for what waits and has none: they were used up, or lost with a queue.
    async fn restart(&self, options: &ReconcileOptions, report: &mut Report) -> Result<(), PaymentsError> {
        let patience = options.patience.to_string();
        for id in
            first_column(&self.ledger.call(sql!("waiting_for_intent"), &[Param::unknown(patience.as_str())]).await?)
        {
            let restarted = self.ledger.enqueue("create_payment_intent", &json!({ "payment_id": id }), 5).await?;
            report.restarted_payments += usize::from(restarted);
        }
        for row in self.ledger.call(sql!("open_refunds"), &[Param::unknown(patience.as_str())]).await? {
            let Some(id) = row.text(0) else { continue };
            let args = json!({ "refund_id": id });
            report.restarted_refunds += usize::from(self.ledger.enqueue("process_refund", &args, 3).await?);
        }
        Ok(())
    }

    async fn compare_open(&self, options: &ReconcileOptions, report: &mut Report) -> Result<(), PaymentsError> {
        let patience = options.patience.to_string();
        for id in first_column(&self.ledger.call(sql!("open_payments"), &[Param::unknown(patience)]).await?) {
            self.compare_one(&id, None, report).await?;
        }
        Ok(())
    }

    async fn compare_one(&self, id: &str, hint: Option<&str>, report: &mut Report) -> Result<(), PaymentsError> {
        let before = self.ledger.payment(id).await?.map(|payment| payment.state);
        report.compared += 1;
        match self.sync(id, hint).await {
            Ok(()) => {
                let after = self.ledger.payment(id).await?.map(|payment| payment.state);
                report.repaired += usize::from(before != after);
            }
            Err(error @ PaymentsError::Database { .. }) => return Err(error),
            Err(error) => report.problems.push(format!("payment {id}: {}", whole_text(&error))),
        }
        Ok(())
    }

    /// The provider's list against ours.
    async fn compare_intents(
        &self,
        options: &ReconcileOptions,
        intents: &[Intent],
        report: &mut Report,
    ) -> Result<(), PaymentsError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        for chunk in intents.chunks(200) {
            let ids: Vec<&str> = chunk.iter().map(|intent| intent.id.as_str()).collect();
            let named: Vec<String> = chunk.iter().filter_map(our_id).collect();
            let params = [array(&ids), array(&named.iter().map(String::as_str).collect::<Vec<_>>())];
            let mut by_intent = HashMap::new();
            let mut by_payment = HashMap::new();
            for row in self.ledger.call(sql!("known_intents"), &params).await? {
                let (Some(id), Some(state)) = (row.text(0), row.text(2).and_then(State::from_word)) else { continue };
                let intent = row.text(1).map(str::to_owned);
                if let Some(intent) = &intent {
                    by_intent.insert(intent.clone(), (id.to_owned(), state));
                }
                by_payment.insert(id.to_owned(), (intent, state));
            }
            for intent in chunk {
                #[allow(clippy::cast_precision_loss, reason = "seconds since 1970")]
                let is_young = now - (intent.created as f64) < options.patience;
                if let Some((id, state)) = by_intent.get(&intent.id) {
                    if State::of(&intent.status, intent.decline.is_some()) != *state && !is_young {
                        self.compare_one(id, None, report).await?;
                    }
                    continue;
                }
                // Not ours: other software may use the same account.
                let Some(payment_id) = our_id(intent) else { continue };
                match by_payment.get(&payment_id) {
                    None => report.problems.push(format!(
                        "intent {} names payment {payment_id}, which this database does not have ({})",
                        intent.id,
                        intent.status.word()
                    )),
                    // Its job may be about to store it.
                    Some((None, State::PendingIntent)) if is_young => {}
                    Some((None, _)) => self.compare_one(&payment_id, Some(&intent.id), report).await?,
                    Some((Some(_), _)) => self.second_intent(&payment_id, intent, report).await?,
                }
            }
        }
        Ok(())
    }

    /// A payment with two intents: the one that it does not know must not be paid.
    async fn second_intent(&self, payment: &str, intent: &Intent, report: &mut Report) -> Result<(), PaymentsError> {
        match intent.status {
            IntentStatus::Canceled => {}
            IntentStatus::Succeeded | IntentStatus::Processing => report.problems.push(format!(
                "intent {} is a second one for payment {payment} and is {}: refund it at the provider",
                intent.id,
                intent.status.word()
            )),
            _ => {
                let key = format!("cancel-{}", uuid::Uuid::new_v4());
                match self.provider.cancel(&intent.id, &key).await {
                    Ok(_) => report.cancelled_intents += 1,
                    Err(error) => report.problems.push(format!("intent {} cannot be cancelled: {error}", intent.id)),
                }
            }
        }
        Ok(())
    }

    async fn compare_refunds(&self, refunds: &[Refund], report: &mut Report) -> Result<(), PaymentsError> {
        for chunk in refunds.chunks(200) {
            let ids: Vec<&str> = chunk.iter().map(|refund| refund.id.as_str()).collect();
            let rows = self.ledger.call(sql!("known_refunds"), &[array(&ids)]).await?;
            let known: HashMap<String, String> = rows
                .iter()
                .filter_map(|row| Some((row.text(0)?.to_owned(), row.text(1).unwrap_or_default().to_owned())))
                .collect();
            for refund in chunk {
                let Some(intent_id) = &refund.intent_id else { continue };
                if known.get(&refund.id) == Some(&refund.status) {
                    continue;
                }
                match self.ledger.record_refund(intent_id, refund).await {
                    Ok(super::store::Recorded::Applied) => report.recorded_refunds += 1,
                    Ok(_) => {}
                    // The database's absence is no fault of this refund.
                    Err(error @ PaymentsError::Database { .. }) => return Err(error),
                    Err(error) => report.problems.push(format!("refund {}: {}", refund.id, whole_text(&error))),
                }
            }
        }
        Ok(())
    }

    async fn replay_waiting(&self, patience: f64, report: &mut Report) -> Result<(), PaymentsError> {
        let results = self.replay(None, patience, false).await?;
        for (_, outcome) in results {
            match outcome.as_str() {
                "unmatched" | "refused" | "error" | "livemode" => report.waiting_events += 1,
                _ => report.applied_events += 1,
            }
        }
        Ok(())
    }

    /// Applies stored events again: one by its id, or all that failed. The answer has each event's id and outcome.
    ///
    /// # Errors
    /// The database, or no event of this id.
    pub async fn replay(
        &self,
        event_id: Option<&str>,
        patience: f64,
        all: bool,
    ) -> Result<Vec<(String, String)>, PaymentsError> {
        let wanted = event_id.map_or_else(|| Param::null(ParamType::Unknown), Param::unknown);
        let params = [
            Param::unknown(patience.to_string()),
            wanted,
            Param::unknown(all.to_string()),
            Param::unknown(MOST_TRIES.to_string()),
        ];
        let rows = self.ledger.call(sql!("unsettled_events"), &params).await?;
        if let (Some(id), true) = (event_id, rows.is_empty()) {
            return Err(PaymentsError::Missing { what: "event", id: id.to_owned() });
        }
        let mut results = Vec::new();
        for row in rows {
            let (Some(id), Some(name), Some(payload)) = (row.text(0), row.text(1), row.text(2)) else { continue };
            let outcome = match Event::parse(payload.as_bytes()) {
                Some(event) => webhook::settle(&self.ledger, id, &event, self.livemode).await?,
                None => {
                    self.ledger.set_aside(id, "error", "the payload is no event").await?;
                    "error".to_owned()
                }
            };
            results.push((name.to_owned(), outcome));
        }
        Ok(results)
    }
}

fn our_id(intent: &Intent) -> Option<String> {
    intent.payment_id.clone().filter(|id| uuid::Uuid::parse_str(id).is_ok())
}

/// A PostgreSQL array literal; ids have no quotes, and what has is quoted.
fn array(values: &[&str]) -> Param<'static> {
    let quoted: Vec<String> =
        values.iter().map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))).collect();
    Param::unknown(format!("{{{}}}", quoted.join(",")))
}
