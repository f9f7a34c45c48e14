//! Payments: is the set-up whole, does the provider answer, does anything wait for a person?

use super::PATIENCE;
use super::finding::Findings;
use crate::config::{Loaded, Role};
use crate::db::{Db, DbOptions, Lane};
use crate::payments::{Currency, Ledger, Provider, StripeClient};

const PAYMENTS: &str = "payments";

pub(super) async fn check(loaded: &Loaded, findings: &mut Findings) {
    let (config, roles) = (&loaded.config.payments, loaded.roles);
    if !roles.contains(Role::Payments) {
        return;
    }
    if config.sandbox {
        let remedy = "set payments.sandbox = false and Stripe's keys before people pay";
        findings.warn(PAYMENTS, "the sandbox takes the place of Stripe: no real card, no money", remedy);
        return;
    }
    if !config.stripe_api_key.is_set() {
        findings.ok(PAYMENTS, "off: payments.stripe_api_key is not set");
        return;
    }
    if let Err(error) = Currency::parse(&config.currency) {
        findings.fail(PAYMENTS, error.to_string(), "choose another payments.currency");
    }
    if !config.stripe_webhook_secret.is_set() {
        let remedy = "set payments.stripe_webhook_secret (STRIPE_WEBHOOK_SECRET) to the endpoint's signing secret";
        findings.warn(
            PAYMENTS,
            "events of the provider are not taken: what became of a payment is known minutes later",
            remedy,
        );
    }
    provider(loaded, findings).await;
    ledger(loaded, findings).await;
}

async fn provider(loaded: &Loaded, findings: &mut Findings) {
    let config = &loaded.config.payments;
    let client = match StripeClient::new(&config.stripe_api_base, config.stripe_api_key.clone()) {
        Ok(client) => client,
        Err(error) => return findings.fail(PAYMENTS, format!("no HTTP client: {error}"), ""),
    };
    let mode = match client.livemode() {
        Some(true) => "live",
        Some(false) => "test",
        None => "unknown",
    };
    let publishable = config.stripe_publishable_key.as_deref().unwrap_or_default();
    if let Some(live) = client.livemode()
        && !publishable.is_empty()
        && publishable.starts_with("pk_live_") != live
    {
        let remedy = "take both keys from the same mode of the dashboard";
        findings.fail(PAYMENTS, "the publishable key is of another mode than the secret key", remedy);
    }
    // The youngest intent, of the next minute: an empty list when the key is good.
    let soon = i64::MAX / 2_000_000_000;
    match tokio::time::timeout(PATIENCE, client.intents_since(soon)).await {
        Ok(Ok(_)) => findings.ok(PAYMENTS, format!("{} answers, {mode} mode", config.stripe_api_base)),
        Ok(Err(error)) => findings.fail(
            PAYMENTS,
            format!("{}: {error}", config.stripe_api_base),
            "check payments.stripe_api_key and the way out",
        ),
        Err(_) => findings.fail(
            PAYMENTS,
            format!("{} does not answer", config.stripe_api_base),
            "check the way out of this machine",
        ),
    }
}

async fn ledger(loaded: &Loaded, findings: &mut Findings) {
    let url = loaded.config.pool_url(loaded.roles);
    if !url.is_set() {
        return;
    }
    let options = DbOptions { url: url.clone(), pool_max: 1, acquisition_timeout: PATIENCE, ..DbOptions::default() };
    let Ok(db) = Db::open(options) else { return };
    // Whether the database can be reached at all is another check's subject.
    let Ok(Ok(figures)) = tokio::time::timeout(PATIENCE, Ledger::new(db, Lane::System).figures()).await else { return };
    for (number, what, remedy) in [
        (
            figures.waiting,
            "payments wait for an intent",
            "is a process with the role payments running? `civic-os jobs`",
        ),
        (
            figures.failed_events,
            "events were not applied",
            "`civic-os payments replay --failed`; the reasons stand in metadata.webhooks",
        ),
        (figures.waiting_refunds, "refunds are pending for more than a day", "`civic-os payments reconcile`"),
        (figures.expiring, "reservations end within a day", "capture or cancel them"),
    ] {
        if number > 0 {
            findings.warn(PAYMENTS, format!("{number} {what}"), remedy);
        }
    }
}
