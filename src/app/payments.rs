//! The payments of a process: provider or sandbox, webhook endpoint, what the jobs need.

use super::AppError;
use super::database::Database;
use crate::config::{Config, Role, RoleSet};
use crate::db::Lane;
use crate::lifecycle::Lifecycle;
use crate::limits::Network;
use crate::payments::{
    Cashier, Currency, Ledger, PaymentsError, Sandbox, Secrets, StripeClient, Webhook, WebhookOptions,
};
use std::sync::Arc;
use std::time::Duration;

/// What the listeners and the queue get.
#[derive(Default)]
pub(super) struct Payments {
    /// Where events arrive; without a secret there is none.
    pub(super) webhook: Option<Webhook>,
    /// The cards' pages of the sandbox.
    pub(super) sandbox: Option<Sandbox>,
    /// For the jobs; without a key there is none, and the jobs wait.
    pub(super) cashier: Option<Cashier>,
}

impl Payments {
    /// Nothing unless the role is on and a key or the sandbox is configured.
    pub(super) fn start(
        config: &Config,
        roles: RoleSet,
        database: &Database,
        lifecycle: &Lifecycle,
    ) -> Result<Self, AppError> {
        let payments = &config.payments;
        if !roles.contains(Role::Payments) {
            return Ok(Self::default());
        }
        let (sandbox, base, key, signing) = if payments.sandbox {
            let folder = config.data_dir();
            std::fs::create_dir_all(&folder).map_err(AppError::Sandbox)?;
            let sandbox = Sandbox::new(Some(folder.join("sandbox-payments.json")));
            let (base, _server) = sandbox.serve().map_err(AppError::Sandbox)?;
            tracing::warn!("Payments go to the sandbox: no real card, no money");
            let (key, signing) = (sandbox.api_key(), sandbox.signing_secret());
            (Some(sandbox), base, key, signing)
        } else {
            let (base, key) = (payments.stripe_api_base.clone(), payments.stripe_api_key.clone());
            (None, base, key, payments.stripe_webhook_secret.clone())
        };
        let provider = StripeClient::new(&base, key.clone()).map_err(PaymentsError::Client)?;
        let livemode = provider.livemode();
        let secrets = Secrets::new(&signing);
        let webhook = (!secrets.is_empty()).then(|| {
            let options = WebhookOptions {
                tolerance: payments.webhook_tolerance,
                livemode,
                addresses: addresses(&payments.webhook_addresses),
                failing_per_minute: config.limits.failing_webhooks,
            };
            Webhook::new(Ledger::new(database.db(), Lane::System), secrets, options)
        });
        let cashier =
            key.is_set().then(|| Cashier::new(Ledger::new(database.db(), Lane::Jobs), Arc::new(provider), livemode));
        if cashier.is_some() {
            super::figures::count_payments(Ledger::new(database.db(), Lane::System), lifecycle);
            tokio::spawn(write_settings(Ledger::new(database.db(), Lane::System), config.clone(), lifecycle.clone()));
        }
        if let (Some(sandbox), Some(webhook)) = (&sandbox, &webhook) {
            let (sandbox, webhook, stop) = (sandbox.clone(), webhook.clone(), lifecycle.soft_stop());
            tokio::spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = sandbox.deliver(webhook) => {}
                }
            });
        }
        Ok(Self { webhook, sandbox, cashier })
    }
}

/// The configured networks; a file is read once. What cannot be read is said and left out: a list of which nothing can be read
/// lets nobody in, not everybody.
fn addresses(configured: &[String]) -> Option<Vec<Network>> {
    if configured.is_empty() {
        return None;
    }
    let mut texts = Vec::new();
    for entry in configured {
        match entry.strip_prefix('@') {
            Some(file) => match std::fs::read_to_string(file) {
                Ok(content) => texts.extend(content.lines().map(str::to_owned)),
                Err(error) => tracing::error!(file, %error, "payments.webhook_addresses: the file cannot be read"),
            },
            None => texts.push(entry.clone()),
        }
    }
    let lines = texts.iter().map(|text| text.split('#').next().unwrap_or_default().trim());
    let networks = lines.filter(|text| !text.is_empty()).filter_map(|text| match text.parse() {
        Ok(network) => Some(network),
        Err(problem) => {
            tracing::error!("payments.webhook_addresses: {problem}");
            None
        }
    });
    Some(networks.collect())
}

/// New payments follow the configuration (currency, fees): it is written where the database sees it, as soon as it can be reached.
async fn write_settings(ledger: Ledger, config: Config, lifecycle: Lifecycle) {
    let payments = &config.payments;
    let currency = match Currency::parse(&payments.currency) {
        Ok(currency) => currency,
        Err(error) => {
            tracing::error!("payments.currency: {error}");
            return;
        }
    };
    let stop = lifecycle.soft_stop();
    let mut wait = Duration::from_secs(1);
    loop {
        match ledger.configure(currency.code(), &payments.fee_percent, &payments.fee_fixed).await {
            Ok(_) => return,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "The payment settings wait for the database");
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(30)),
        }
    }
}
