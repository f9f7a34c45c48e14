//! The kinds of jobs on payments. Each is one method of [`Cashier`]; what it needs stands in the row, the arguments only name it.

use super::cashier::{Cashier, Try};
use super::error::PaymentsError;
use super::reconcile::ReconcileOptions;
use crate::jobs::{Kind, Outcome, Periodic, Registry, Run};
use async_trait::async_trait;
use serde::Deserialize;
use std::error::Error;
use std::time::Duration;

/// Adds the kinds of this module.
pub fn register(registry: Registry, cashier: &Cashier) -> Registry {
    let mut registry = registry;
    for work in
        [Work::CreateIntent, Work::CaptureIntent, Work::CancelIntent, Work::Sync, Work::ProcessRefund, Work::Reconcile]
    {
        registry = registry.with(PaymentJob { work, cashier: cashier.clone() });
    }
    registry
}

struct PaymentJob {
    work: Work,
    cashier: Cashier,
}

#[derive(Clone, Copy)]
enum Work {
    CreateIntent,
    CaptureIntent,
    CancelIntent,
    Sync,
    ProcessRefund,
    Reconcile,
}

/// Arguments of all kinds but refunds'.
#[derive(Deserialize)]
struct OfPayment {
    payment_id: uuid::Uuid,
    amount: Option<String>,
}

#[derive(Deserialize)]
struct OfRefund {
    refund_id: uuid::Uuid,
}

#[async_trait]
impl Kind for PaymentJob {
    fn kind(&self) -> &'static str {
        match self.work {
            Work::CreateIntent => "create_payment_intent",
            Work::CaptureIntent => "capture_payment_intent",
            Work::CancelIntent => "cancel_payment_intent",
            Work::Sync => "sync_payment",
            Work::ProcessRefund => "process_refund",
            Work::Reconcile => "reconcile_payments",
        }
    }

    fn queue(&self) -> &'static str {
        "default"
    }

    fn timeout(&self) -> Duration {
        match self.work {
            Work::Reconcile => Duration::from_secs(600),
            _ => Duration::from_secs(60),
        }
    }

    fn periodic(&self) -> Vec<Periodic> {
        match self.work {
            Work::Reconcile => {
                let every = Periodic::new("reconcile_payments", "*/10 * * * *");
                vec![Periodic { priority: 3, max_attempts: 3, ..every }]
            }
            _ => Vec::new(),
        }
    }

    async fn run(&self, run: Run) -> Outcome {
        let this = Try { job: run.job.id, again: run.job.attempt > 1 };
        let cashier = &self.cashier;
        let result = match self.work {
            Work::Reconcile => match cashier.reconcile(&ReconcileOptions::default()).await {
                Ok(report) => {
                    report.log();
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Work::ProcessRefund => match run.args::<OfRefund>() {
                Ok(args) => cashier.refund(&args.refund_id.to_string(), this).await,
                Err(outcome) => return outcome,
            },
            _ => match run.args::<OfPayment>() {
                Ok(args) => {
                    let id = args.payment_id.to_string();
                    match self.work {
                        Work::CreateIntent => cashier.create_intent(&id, this).await,
                        Work::CaptureIntent => cashier.capture(&id, args.amount.as_deref()).await,
                        Work::CancelIntent => cashier.give_up(&id, true).await,
                        _ => cashier.sync(&id, None).await,
                    }
                }
                Err(outcome) => return outcome,
            },
        };
        match result {
            Ok(()) => Outcome::Complete,
            Err(error) => Outcome::Fail(whole_text(&error)),
        }
    }
}

/// The message with its causes: River shows one text.
pub(super) fn whole_text(error: &PaymentsError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
