//! `civic-os payments`: compares the ledger with the provider, applies stored events again, shows what is known. See `docs/payments.md`.

use super::{Exit, SourceArgs, block_on, start_logging};
use crate::config::{Overrides, Role, RoleSet};
use crate::db::{Db, DbOptions, Lane};
use crate::payments::{Cashier, Figures, Ledger, ReconcileOptions, Report, StripeClient};
use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Compare payments with the provider, apply events again, look at one
///
/// Works with the pool's login (database.url, or database.worker_url), and for `reconcile` with payments.stripe_api_key.
/// Every verb takes --json. Exit code 2 when something needs a person.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os payments                              how many there are, and what deserves a look
  civic-os payments show pi_3Q…                  payment, refunds, events, jobs; by any of their ids
  civic-os payments reconcile --days 30          compare with the provider, repair, report
  civic-os payments replay evt_1Q…               apply one stored event again
  civic-os payments replay --failed              apply all that failed")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Compare the ledger with the provider; repair what can be repaired, report the rest
    Reconcile {
        /// Read the provider's intents and refunds of so many days
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
        /// Leave alone what is younger, seconds
        #[arg(long, default_value_t = 120.0)]
        patience: f64,
    },
    /// Apply stored events of the provider again
    Replay {
        /// Id of the event, evt_…
        #[arg(required_unless_present = "failed", conflicts_with = "failed")]
        event: Option<String>,
        /// All events that were not applied
        #[arg(long)]
        failed: bool,
    },
    /// Show all that is known of a payment, or the figures of all
    Show {
        /// Id of the payment, of its intent (pi_…), a refund (re_…) or an event (evt_…)
        id: Option<String>,
    },
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let loaded = sources.load(RoleSet::only(Role::Worker), Overrides::default())?;
    loaded.require_complete()?;
    let config = loaded.config;
    start_logging(&config.log)?;
    let payments = config.payments.clone();
    let url = config.pool_url(RoleSet::only(Role::Payments)).clone();
    block_on(async {
        let options = DbOptions {
            url,
            pool_max: 1,
            acquisition_timeout: Duration::from_secs(5),
            application_name: "civic-os payments".into(),
            ..DbOptions::default()
        };
        let ledger = Ledger::new(Db::open(options)?, Lane::Jobs);
        let client = StripeClient::new(&payments.stripe_api_base, payments.stripe_api_key.clone())?;
        let livemode = client.livemode();
        let cashier = Cashier::new(ledger, Arc::new(client), livemode);
        match &args.verb {
            Some(Verb::Reconcile { days, patience }) => {
                if payments.sandbox {
                    bail!("the sandbox lives inside the server, which compares with it every ten minutes itself");
                }
                if !payments.stripe_api_key.is_set() {
                    bail!("payments.stripe_api_key is not set (STRIPE_API_KEY): there is nothing to compare with");
                }
                let report = cashier.reconcile(&ReconcileOptions { days: *days, patience: *patience }).await?;
                print(args.json, &serde_json::to_value(&report)?, || reconciled(&report));
                Ok(if report.problems.is_empty() { Exit::Done } else { Exit::Failed })
            }
            Some(Verb::Replay { event, .. }) => replay(args.json, &cashier, event.as_deref()).await,
            Some(Verb::Show { id: Some(id) }) => {
                let Some(document) = cashier.ledger().show(id).await? else { bail!("nothing is known of {id}") };
                print(args.json, &document, || shown(&document));
                Ok(Exit::Done)
            }
            Some(Verb::Show { id: None }) | None => {
                let figures = cashier.ledger().figures().await?;
                print(args.json, &serde_json::to_value(&figures)?, || counted(&figures));
                Ok(Exit::Done)
            }
        }
    })
}

async fn replay(json: bool, cashier: &Cashier, event: Option<&str>) -> anyhow::Result<Exit> {
    let results = cashier.replay(event, 0.0, true).await?;
    let is_left = |outcome: &str| matches!(outcome, "unmatched" | "refused" | "error" | "livemode");
    let left = results.iter().filter(|(_, outcome)| is_left(outcome)).count();
    let document: Vec<Value> =
        results.iter().map(|(event, outcome)| json!({ "event": event, "outcome": outcome })).collect();
    print(json, &Value::from(document), || {
        let mut text: String = results.iter().map(|(event, outcome)| format!("{event}  {outcome}\n")).collect();
        text += &match results.len() {
            0 => "No event waits.".to_owned(),
            number => format!("{number} events, {left} of them still not applied."),
        };
        text
    });
    Ok(if left == 0 { Exit::Done } else { Exit::Failed })
}

fn print(json: bool, document: &Value, text: impl FnOnce() -> String) {
    if json {
        say!("{document:#}");
    } else {
        say!("{}", text().trim_end());
    }
}

fn reconciled(report: &Report) -> String {
    let mut text = format!(
        "{} payments compared, {} repaired; {} payments and {} refunds started again; {} refunds recorded; \
         {} intents cancelled; {} events applied, {} wait.\n",
        report.compared,
        report.repaired,
        report.restarted_payments,
        report.restarted_refunds,
        report.recorded_refunds,
        report.cancelled_intents,
        report.applied_events,
        report.waiting_events
    );
    for payment in &report.expiring {
        text += &format!("The reservation of payment {payment} ends within a day.\n");
    }
    for problem in &report.problems {
        text += &format!("Look at this: {problem}\n");
    }
    if report.incomplete {
        text += "The provider has more than was read; run again with fewer days.\n";
    }
    text
}

fn counted(figures: &Figures) -> String {
    let mut text = String::new();
    for (status, number) in figures.by_status.as_object().into_iter().flatten() {
        text += &format!("{number:>8}  {status}\n");
    }
    for (number, what) in [
        (figures.waiting, "wait for an intent since more than a quarter of an hour"),
        (figures.waiting_refunds, "refunds are pending since more than a day"),
        (figures.expiring, "reservations end within a day"),
        (figures.failed_events, "events of the provider were not applied"),
    ] {
        if number > 0 {
            text += &format!("{number:>8}  {what}\n");
        }
    }
    if text.is_empty() { "No payments.".to_owned() } else { text }
}

fn shown(document: &Value) -> String {
    let mut text = String::new();
    let value = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    for (name, member) in document["payment"].as_object().into_iter().flatten().filter(|(_, member)| !member.is_null())
    {
        text += &format!("{name:26}{}\n", value(member));
    }
    for (title, columns) in [
        ("refunds", ["created_at", "amount", "status", "provider_refund_id", "reason"]),
        ("events", ["received_at", "type", "outcome", "id", "error_message"]),
        ("jobs", ["id", "kind", "state", "attempt", "errors"]),
    ] {
        for row in document[title].as_array().into_iter().flatten() {
            let cells: Vec<String> =
                columns.iter().filter(|column| !row[**column].is_null()).map(|column| value(&row[*column])).collect();
            text += &format!("{title:8}{}\n", cells.join("  "));
        }
    }
    text
}
