//! Payments: the ledger `payments.transactions` and `payments.refunds`, the provider behind it, and what keeps the two equal.
//!
//! `cashier` does the work of jobs, `webhook` takes the provider's events, `reconcile` compares everything; all write through the
//! database functions `payments.record_intent`, `record_refund` and `settle_event`, which hold the rules. It must not know HTTP
//! clients' details beyond `stripe`, and never trusts an event more than the provider. Callers: `app`, `cli::payments`. Page:
//! `docs/payments.md`. Tests: `tests/it/payments`.

mod amount;
mod cashier;
mod error;
mod event;
mod jobs;
mod ledger;
mod provider;
mod reconcile;
mod sandbox;
mod signature;
mod store;
mod stripe;
mod tally;
mod webhook;

pub use amount::{AmountError, Currency, Minor};
pub use cashier::{Cashier, Try};
pub use error::PaymentsError;
pub use event::Event;
pub use jobs::register;
pub use ledger::{State, edges, markdown_table};
pub use provider::{Intent, IntentStatus, NewIntent, NewRefund, Provider, ProviderError, Refund};
pub use reconcile::{ReconcileOptions, Report};
pub use sandbox::{Fault, Sandbox};
pub use signature::{Secrets, SignatureError, TOLERANCE};
pub use store::{Figures, Inbox, Ledger, Payment, Recorded, RefundRow};
pub use stripe::StripeClient;
pub use webhook::{LONGEST_BODY, Webhook, WebhookOptions};
