//! What the ledger needs from a payment provider, and how its answers are told apart. Stripe is the first implementation
//! ([`super::StripeClient`]); a second one implements [`Provider`] and widens the check on `transactions.provider`.

use super::amount::{Currency, Minor};
use async_trait::async_trait;
use serde_json::Value;

/// Calls to the provider. Each may have happened although it failed: see [`ProviderError::is_unknown`].
#[async_trait]
pub trait Provider: Send + Sync {
    /// Makes an intent. The same key gives the same intent.
    async fn create_intent(&self, new: &NewIntent, key: &str) -> Result<Intent, ProviderError>;
    /// One intent as it is now.
    async fn intent(&self, id: &str) -> Result<Intent, ProviderError>;
    /// Intents created since a time (seconds since 1970), newest first; the answer tells whether there are more than were read.
    async fn intents_since(&self, since: i64) -> Result<(Vec<Intent>, bool), ProviderError>;
    /// Takes reserved money; `None` = all of it.
    async fn capture(&self, id: &str, amount: Option<Minor>, key: &str) -> Result<Intent, ProviderError>;
    /// Gives an intent up.
    async fn cancel(&self, id: &str, key: &str) -> Result<Intent, ProviderError>;
    /// Sends money back. The same key gives the same refund.
    async fn create_refund(&self, new: &NewRefund, key: &str) -> Result<Refund, ProviderError>;
    /// One refund as it is now.
    async fn refund(&self, id: &str) -> Result<Refund, ProviderError>;
    /// All refunds of an intent.
    async fn refunds_of(&self, intent_id: &str) -> Result<Vec<Refund>, ProviderError>;
    /// Refunds created since a time, newest first, and whether there are more.
    async fn refunds_since(&self, since: i64) -> Result<(Vec<Refund>, bool), ProviderError>;
}

/// What an intent is made from.
#[derive(Clone, Debug)]
pub struct NewIntent {
    /// To be paid.
    pub amount: Minor,
    /// Its currency.
    pub currency: Currency,
    /// Shown in the provider's dashboard.
    pub description: String,
    /// Reserve first, take later.
    pub deferred: bool,
    /// Our payment, for matching.
    pub payment_id: String,
    /// Kind of the paid record.
    pub entity_type: Option<String>,
    /// The paid record.
    pub entity_id: Option<String>,
    /// The payer.
    pub user_id: String,
}

/// What a refund is made from.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Intent that was paid.
    pub intent_id: String,
    /// To be sent back.
    pub amount: Minor,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// Our refund, for matching.
    pub refund_id: String,
}

/// An intent at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// `pi_…`
    pub id: String,
    /// What the payer's browser confirms with.
    pub client_secret: Option<String>,
    /// Its state.
    pub status: IntentStatus,
    /// To be paid.
    pub amount: i64,
    /// Taken so far.
    pub amount_received: i64,
    /// The last try's error.
    pub decline: Option<String>,
    /// Real money or test money.
    pub livemode: Option<bool>,
    /// Our payment, as we wrote it into the metadata.
    pub payment_id: Option<String>,
    /// Seconds since 1970.
    pub created: i64,
}

/// States of an intent in the provider's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntentStatus {
    /// New, or the last try was declined.
    RequiresPaymentMethod,
    /// A means of payment is attached.
    RequiresConfirmation,
    /// The bank asks the payer.
    RequiresAction,
    /// The provider works on it.
    Processing,
    /// Reserved.
    RequiresCapture,
    /// Paid.
    Succeeded,
    /// Given up.
    Canceled,
    /// A word of the future.
    Other(String),
}

/// A refund at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// Intent that was paid.
    pub intent_id: Option<String>,
    /// Sent back.
    pub amount: i64,
    /// `pending`, `requires_action`, `succeeded`, `failed`, `canceled`.
    pub status: String,
    /// Our refund, as we wrote it into the metadata.
    pub refund_id: Option<String>,
    /// Why it failed.
    pub failure: Option<String>,
    /// The provider's reason.
    pub reason: Option<String>,
}

/// Why a call to the provider brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// No answer: it may or may not have happened.
    #[error("the provider cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// An answer that is no answer: it may or may not have happened.
    #[error("the provider's answer cannot be read: {0}")]
    Unreadable(String),
    /// Busy, locked, limited or broken; worth another try.
    #[error("stripe API error: {message} (status {status})")]
    Busy {
        /// HTTP status.
        status: u16,
        /// The provider's words.
        message: String,
        /// The answer is one that the provider keeps for this key: only another key gets another one.
        is_replay: bool,
    },
    /// The key is not good: an operator's task, no fault of the payment.
    #[error("stripe API error: {message} (status {status}: is payments.stripe_api_key right?)")]
    Unauthorized {
        /// HTTP status.
        status: u16,
        /// The provider's words.
        message: String,
    },
    /// No, and another try would be refused too.
    #[error("stripe API error: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The provider's code, such as `amount_too_small`.
        code: String,
        /// The provider's words.
        message: String,
    },
}

impl ProviderError {
    /// Whether another try is of no use.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// Whether it may have happened all the same, so that one has to look before one tries again under another key.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Unreadable(_) | Self::Busy { .. })
    }

    /// Whether the object does not exist there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
            || matches!(self, Self::Refused { code, .. } if code == "resource_missing")
    }
}

impl IntentStatus {
    /// The status of a word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "requires_payment_method" => Self::RequiresPaymentMethod,
            "requires_confirmation" => Self::RequiresConfirmation,
            "requires_action" => Self::RequiresAction,
            "processing" => Self::Processing,
            "requires_capture" => Self::RequiresCapture,
            "succeeded" => Self::Succeeded,
            "canceled" => Self::Canceled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The provider's word.
    pub fn word(&self) -> &str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresConfirmation => "requires_confirmation",
            Self::RequiresAction => "requires_action",
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::Other(word) => word,
        }
    }
}

/// A member as text.
fn text(object: &Value, member: &str) -> Option<String> {
    object.get(member).and_then(Value::as_str).map(str::to_owned)
}

/// An id, also where the provider was asked to expand it.
pub(super) fn id_of(member: Option<&Value>) -> Option<String> {
    match member? {
        Value::String(id) => Some(id.clone()),
        object => text(object, "id"),
    }
}

impl Intent {
    /// From the provider's object. Unknown members and words never fail it; only an object without an id does.
    pub fn from_object(object: &Value) -> Option<Self> {
        Some(Self {
            id: text(object, "id")?,
            client_secret: text(object, "client_secret"),
            status: IntentStatus::from_word(object.get("status").and_then(Value::as_str).unwrap_or_default()),
            amount: object.get("amount").and_then(Value::as_i64).unwrap_or_default(),
            amount_received: object.get("amount_received").and_then(Value::as_i64).unwrap_or_default(),
            decline: object.get("last_payment_error").filter(|error| !error.is_null()).map(|error| {
                text(error, "message").or_else(|| text(error, "code")).unwrap_or_else(|| "declined".to_owned())
            }),
            livemode: object.get("livemode").and_then(Value::as_bool),
            payment_id: object.get("metadata").and_then(|metadata| text(metadata, "payment_id")),
            created: object.get("created").and_then(Value::as_i64).unwrap_or_default(),
        })
    }
}

impl Refund {
    /// From the provider's object, as tolerant as [`Intent::from_object`].
    pub fn from_object(object: &Value) -> Option<Self> {
        Some(Self {
            id: text(object, "id")?,
            intent_id: id_of(object.get("payment_intent")),
            amount: object.get("amount").and_then(Value::as_i64).unwrap_or_default(),
            // Old API versions and stand-ins leave it out of refunds that went through at once.
            status: text(object, "status").unwrap_or_else(|| "succeeded".to_owned()),
            refund_id: object.get("metadata").and_then(|metadata| text(metadata, "refund_id")),
            failure: text(object, "failure_reason"),
            reason: text(object, "reason"),
        })
    }
}
