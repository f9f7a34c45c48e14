//! The work on payments: make, compare, capture, give up intents; send refunds. Every step may be the last one of this process:
//! what was asked of the provider is asked again under the same key, or looked up before it is asked anew (D-16).
//!
//! At most one charge per record: before an intent is made, the intents of earlier attempts at the same record are cancelled at the
//! provider. What cannot be cancelled because it went through has paid the record, and the new attempt yields.

use super::amount::{Currency, Minor};
use super::error::PaymentsError;
use super::ledger::State;
use super::provider::{Intent, IntentStatus, NewIntent, NewRefund, Provider, ProviderError, Refund};
use super::store::{Ledger, Payment, Recorded, RefundRow};
use std::sync::Arc;

/// How often a comparison is repeated when the row changes meanwhile.
const RACES: usize = 5;
/// Keys that one run asks under while the provider repeats kept failures.
const MOST_KEYS: usize = 8;
/// A refund older than this was perhaps asked for before, whatever the job's attempt says. Seconds.
const MAY_BE_KNOWN: i64 = 60;

/// Does the work for jobs, for the reconciliation and for operators; cheap to clone.
#[derive(Clone)]
pub struct Cashier {
    pub(super) ledger: Ledger,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) livemode: Option<bool>,
}

/// Which run of which job this is: it decides whether one has to look before asking.
#[derive(Clone, Copy, Debug)]
pub struct Try {
    /// Number of the job.
    pub job: i64,
    /// Not the first run.
    pub again: bool,
}

impl Cashier {
    /// `livemode` is the mode of the configured key.
    pub fn new(ledger: Ledger, provider: Arc<dyn Provider>, livemode: Option<bool>) -> Self {
        Self { ledger, provider, livemode }
    }

    /// The ledger that it keeps.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    async fn payment(&self, id: &str) -> Result<Payment, PaymentsError> {
        let payment = self.ledger.payment(id).await?;
        payment.ok_or_else(|| PaymentsError::Missing { what: "payment", id: id.to_owned() })
    }

    /// Job `create_payment_intent`.
    ///
    /// # Errors
    /// What makes another try worth while. A refusal for good is written to the payment and is no error.
    pub async fn create_intent(&self, id: &str, this: Try) -> Result<(), PaymentsError> {
        let payment = self.payment(id).await?;
        if payment.state != State::PendingIntent {
            return Ok(());
        }
        if payment.entity_column.is_some() {
            for sibling in self.ledger.siblings(id).await? {
                self.give_up(&sibling, false).await?;
            }
        }
        // A sibling that went through after all has made this attempt superfluous.
        let payment = self.payment(id).await?;
        if payment.state != State::PendingIntent {
            return Ok(());
        }
        let intent = match self.make_or_find(&payment, this).await {
            Ok(intent) => intent,
            Err(PaymentsError::Provider(error)) if error.is_final() => {
                return self.refused(&payment, &error.to_string()).await;
            }
            Err(PaymentsError::Amount(error)) => return self.refused(&payment, &error.to_string()).await,
            Err(error) => return Err(error),
        };
        match self.ledger.record_intent(&payment, &intent, Some(payment.version)).await? {
            Recorded::Applied | Recorded::Unchanged | Recorded::Stale => Ok(()),
            // Events came first, or somebody gave the payment up while the intent was made.
            _ => self.sync(id, Some(&intent.id)).await,
        }
    }

    async fn refused(&self, payment: &Payment, reason: &str) -> Result<(), PaymentsError> {
        tracing::warn!(payment = payment.id, reason, "The provider made no intent for a payment");
        self.ledger.fail_payment(&payment.id, reason).await?;
        Ok(())
    }

    /// The intent of a payment: an existing one where an earlier run may have made it, else a new one.
    async fn make_or_find(&self, payment: &Payment, this: Try) -> Result<Intent, PaymentsError> {
        let currency = Currency::parse(&payment.currency)?;
        let new = NewIntent {
            amount: currency.minor(&payment.amount)?,
            currency,
            description: payment.description.clone(),
            deferred: payment.deferred,
            payment_id: payment.id.clone(),
            entity_type: payment.entity_type.clone(),
            entity_id: payment.entity_id.clone(),
            user_id: payment.user_id.clone(),
        };
        if this.again
            && let Some(found) = self.find_intent(payment).await?
        {
            return Ok(found);
        }
        let mut key = format!("payment-{}", payment.id);
        for number in 1..=MOST_KEYS {
            match self.provider.create_intent(&new, &key).await {
                Err(ProviderError::Busy { is_replay: true, .. }) if number < MOST_KEYS => {
                    // The provider keeps the failure for this key. Nothing was made (looked up), so another key is safe; the
                    // keys of a job are always the same, so that a later run of it asks with the same again.
                    if let Some(found) = self.find_intent(payment).await? {
                        return Ok(found);
                    }
                    key = format!("payment-{}-{}-{number}", payment.id, this.job);
                }
                other => return Ok(other?),
            }
        }
        Err(PaymentsError::Raced { payment: payment.id.clone() })
    }

    /// The intent that bears this payment's id, newest open or paid one first.
    async fn find_intent(&self, payment: &Payment) -> Result<Option<Intent>, PaymentsError> {
        // The clocks of the two sides may differ.
        let (intents, _) = self.provider.intents_since(payment.created - 300).await?;
        let mut ours: Vec<Intent> =
            intents.into_iter().filter(|intent| intent.payment_id.as_deref() == Some(&payment.id)).collect();
        ours.sort_by_key(|intent| intent.status == IntentStatus::Canceled);
        Ok(ours.into_iter().next())
    }

    /// Compares a payment and its refunds with the provider and writes what differs. `hint` is an intent that the row may not know.
    ///
    /// # Errors
    /// The provider or the database is away, or the two contradict each other.
    pub async fn sync(&self, id: &str, hint: Option<&str>) -> Result<(), PaymentsError> {
        for _ in 0..RACES {
            let payment = self.payment(id).await?;
            let Some(intent_id) = payment.intent_id.clone().or_else(|| hint.map(str::to_owned)) else { return Ok(()) };
            let mut intent = self.provider.intent(&intent_id).await?;
            if intent.client_secret.is_none() && payment.state == State::PendingIntent {
                return Err(ProviderError::Unreadable("an intent without a client secret".to_owned()).into());
            }
            let recorded = self.ledger.record_intent(&payment, &intent, Some(payment.version)).await?;
            match recorded {
                Recorded::Raced => continue,
                Recorded::Refused if payment.state == State::Canceled && may_be_cancelled(&intent) => {
                    // Given up here while the intent was being made: it must not be paid.
                    intent = self.cancel(&intent.id).await?;
                    if intent.status != IntentStatus::Canceled {
                        continue;
                    }
                }
                Recorded::Refused => {
                    let status = State::of(&intent.status, intent.decline.is_some()).word();
                    return Err(PaymentsError::Refused { payment: payment.id, status });
                }
                _ => {}
            }
            if intent.status == IntentStatus::Succeeded {
                for refund in self.provider.refunds_of(&intent.id).await? {
                    self.ledger.record_refund(&intent.id, &refund).await?;
                }
            }
            return Ok(());
        }
        Err(PaymentsError::Raced { payment: id.to_owned() })
    }

    /// Cancels at the provider; an answer that it cannot be cancelled brings its true state.
    async fn cancel(&self, intent_id: &str) -> Result<Intent, PaymentsError> {
        // Cancelling twice is the same as once, so the key needs no memory; a remembered refusal would be in the way.
        let key = format!("cancel-{}", uuid::Uuid::new_v4());
        match self.provider.cancel(intent_id, &key).await {
            Ok(intent) => Ok(intent),
            Err(error) if error.is_final() => Ok(self.provider.intent(intent_id).await?),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives a payment up, here and at the provider. What was paid stays paid; reserved money is released only with `release`.
    ///
    /// # Errors
    /// It can be neither given up nor said to be paid: the provider works on it, or is away.
    pub async fn give_up(&self, id: &str, release: bool) -> Result<(), PaymentsError> {
        for _ in 0..RACES {
            let payment = self.payment(id).await?;
            if payment.state.is_final() {
                return Ok(());
            }
            let Some(intent_id) = payment.intent_id.clone() else {
                if self.ledger.cancel_unmade(id, "Given up before there was anything to pay").await? {
                    return Ok(());
                }
                continue;
            };
            let mut intent = self.provider.intent(&intent_id).await?;
            if may_be_cancelled(&intent) && (release || intent.status != IntentStatus::RequiresCapture) {
                intent = self.cancel(&intent_id).await?;
            }
            match self.ledger.record_intent(&payment, &intent, Some(payment.version)).await? {
                Recorded::Raced => continue,
                Recorded::Refused => {
                    let status = State::of(&intent.status, intent.decline.is_some()).word();
                    return Err(PaymentsError::Refused { payment: payment.id, status });
                }
                _ => {}
            }
            return match intent.status {
                IntentStatus::Canceled | IntentStatus::Succeeded => Ok(()),
                IntentStatus::RequiresCapture if !release => Ok(()),
                _ => Err(PaymentsError::Raced { payment: id.to_owned() }),
            };
        }
        Err(PaymentsError::Raced { payment: id.to_owned() })
    }

    /// Job `capture_payment_intent`; `amount` is decimal text, `None` = all of it.
    ///
    /// # Errors
    /// What makes another try worth while.
    pub async fn capture(&self, id: &str, amount: Option<&str>) -> Result<(), PaymentsError> {
        let payment = self.payment(id).await?;
        let (State::Authorized, Some(intent_id)) = (payment.state, payment.intent_id.clone()) else { return Ok(()) };
        let amount = match amount {
            Some(amount) => Some(Currency::parse(&payment.currency)?.minor(amount)?),
            None => None,
        };
        // What is captured cannot be captured again, so the key needs no memory.
        let key = format!("capture-{}", uuid::Uuid::new_v4());
        match self.provider.capture(&intent_id, amount, &key).await {
            Ok(_) => {}
            Err(error) if error.is_final() => {
                tracing::warn!(payment = payment.id, error = %error, "The provider did not capture a payment");
            }
            Err(error) => return Err(error.into()),
        }
        self.sync(id, None).await
    }

    /// Job `process_refund`.
    ///
    /// # Errors
    /// What makes another try worth while. A refusal for good is written to the refund and is no error.
    pub async fn refund(&self, id: &str, this: Try) -> Result<(), PaymentsError> {
        let row = self.ledger.refund(id).await?;
        let row = row.ok_or_else(|| PaymentsError::Missing { what: "refund", id: id.to_owned() })?;
        if !row.is_pending {
            return Ok(());
        }
        let Some(intent_id) = row.intent_id.clone() else {
            self.ledger.fail_refund(id, "the payment has no intent at the provider").await?;
            return Ok(());
        };
        let refund = match self.make_or_find_refund(&row, &intent_id, this).await {
            Ok(refund) => refund,
            Err(PaymentsError::Provider(error)) if error.is_final() => {
                tracing::warn!(refund = id, error = %error, "The provider refused a refund");
                self.ledger.fail_refund(id, &error.to_string()).await?;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.ledger.record_refund(&intent_id, &refund).await?;
        Ok(())
    }

    async fn make_or_find_refund(&self, row: &RefundRow, intent_id: &str, this: Try) -> Result<Refund, PaymentsError> {
        if let Some(known) = &row.provider_refund_id {
            return Ok(self.provider.refund(known).await?);
        }
        let find = async || -> Result<Option<Refund>, ProviderError> {
            let refunds = self.provider.refunds_of(intent_id).await?;
            Ok(refunds.into_iter().find(|refund| refund.refund_id.as_deref() == Some(&row.id)))
        };
        // A refund of whose creation nothing is known is looked for first: the key alone protects for a day only.
        if (this.again || row.age > MAY_BE_KNOWN)
            && let Some(found) = find().await?
        {
            return Ok(found);
        }
        let new = NewRefund {
            intent_id: intent_id.to_owned(),
            amount: self.minor(&row.currency, &row.amount)?,
            reason: row.reason.clone(),
            refund_id: row.id.clone(),
        };
        let mut key = format!("refund-{}", row.id);
        for number in 1..=MOST_KEYS {
            match self.provider.create_refund(&new, &key).await {
                Err(ProviderError::Busy { is_replay: true, .. }) if number < MOST_KEYS => {
                    if let Some(found) = find().await? {
                        return Ok(found);
                    }
                    key = format!("refund-{}-{}-{number}", row.id, this.job);
                }
                // It may be refused because it exists: an earlier run's answer got lost.
                Err(error) if error.is_final() => match find().await? {
                    Some(found) => return Ok(found),
                    None => return Err(error.into()),
                },
                other => return Ok(other?),
            }
        }
        Err(PaymentsError::Raced { payment: row.payment_id.clone() })
    }

    fn minor(&self, currency: &str, amount: &str) -> Result<Minor, PaymentsError> {
        Ok(Currency::parse(currency)?.minor(amount)?)
    }
}

/// Whether the provider would cancel it; while it works on a payment it does not.
fn may_be_cancelled(intent: &Intent) -> bool {
    !matches!(intent.status, IntentStatus::Succeeded | IntentStatus::Canceled | IntentStatus::Processing)
}
