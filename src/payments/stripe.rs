//! Stripe's HTTP interface, the nine calls that we need (ADR 40): form-encoded, idempotency keys, errors told apart, answers
//! read tolerantly. The base URL is configurable, for the sandbox and for stand-ins. No retries here: the queue retries.

use super::amount::Minor;
use super::provider::{Intent, NewIntent, NewRefund, Provider, ProviderError, Refund};
use super::tally;
use crate::config::Secret;
use crate::outbound::http_client;
use async_trait::async_trait;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::time::Duration;
use url::form_urlencoded;

/// The version whose shapes this file reads; the account's default does not matter.
const API_VERSION: &str = "2025-01-27.acacia";
/// A call must end before the job that makes it does.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The provider's limit for a value of metadata, characters.
const LONGEST_METADATA: usize = 500;
/// Objects of one page, the provider's maximum.
const PAGE: usize = 100;
/// Most pages of one listing; what lies beyond is looked at the next time.
const MOST_PAGES: usize = 20;

/// A client of Stripe; cheap to clone.
#[derive(Clone)]
pub struct StripeClient {
    http: reqwest::Client,
    base: String,
    key: Secret,
}

impl StripeClient {
    /// A client for a key. `base` is `https://api.stripe.com` but for stand-ins.
    ///
    /// # Errors
    /// The TLS set-up of this machine.
    pub fn new(base: &str, key: Secret) -> Result<Self, reqwest::Error> {
        let http = http_client(TIMEOUT)?;
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), key })
    }

    /// Whether the key moves real money; `None` for keys that do not say so.
    pub fn livemode(&self) -> Option<bool> {
        let key = self.key.expose()?;
        let mode = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_"))?;
        match mode.split('_').next()? {
            "live" => Some(true),
            "test" | "sandbox" => Some(false),
            _ => None,
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/v1/{path}", self.base))
            .bearer_auth(self.key.expose().unwrap_or_default())
            .header("Stripe-Version", API_VERSION)
    }

    async fn get(&self, path: &str) -> Result<Value, ProviderError> {
        answer(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, form: String, key: &str) -> Result<Value, ProviderError> {
        let request = self
            .request(Method::POST, path)
            .header("Idempotency-Key", key)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        answer(request).await
    }

    /// Objects created since a time, newest first; whether there are more than were read.
    async fn list(&self, path: &str, since: i64) -> Result<(Vec<Value>, bool), ProviderError> {
        let mut objects: Vec<Value> = Vec::new();
        for _ in 0..MOST_PAGES {
            let (limit, since) = (PAGE.to_string(), since.to_string());
            let mut query = vec![("limit", limit.as_str()), ("created[gte]", since.as_str())];
            let last = objects.last().and_then(|object| object.get("id")).and_then(Value::as_str);
            query.extend(last.map(|last| ("starting_after", last)));
            let path = format!("{path}?{}", form(&query));
            let page = self.get(&path).await?;
            let more = page.get("has_more").and_then(Value::as_bool).unwrap_or_default();
            let data = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
            let empty = data.is_empty();
            objects.extend(data);
            if !more || empty {
                return Ok((objects, false));
            }
        }
        Ok((objects, true))
    }
}

fn intent_of(object: &Value) -> Result<Intent, ProviderError> {
    Intent::from_object(object).ok_or_else(|| ProviderError::Unreadable("an intent without an id".to_owned()))
}

fn refund_of(object: &Value) -> Result<Refund, ProviderError> {
    Refund::from_object(object).ok_or_else(|| ProviderError::Unreadable("a refund without an id".to_owned()))
}

/// Pairs as a form or a query.
fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Ids come from the provider, yet a path must stay one.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%5F", "_")
}

#[async_trait]
impl Provider for StripeClient {
    async fn create_intent(&self, new: &NewIntent, key: &str) -> Result<Intent, ProviderError> {
        let amount = new.amount.0.to_string();
        let currency = new.currency.code().to_ascii_lowercase();
        let kind = new.entity_type.as_deref().map(shortened);
        let id = new.entity_id.as_deref().map(shortened);
        let mut pairs = vec![
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("description", &new.description),
            ("capture_method", if new.deferred { "manual" } else { "automatic" }),
            ("automatic_payment_methods[enabled]", "true"),
            ("metadata[payment_id]", &new.payment_id),
            ("metadata[user_id]", &new.user_id),
        ];
        pairs.extend(kind.as_deref().map(|kind| ("metadata[entity_type]", kind)));
        pairs.extend(id.as_deref().map(|id| ("metadata[entity_id]", id)));
        intent_of(&self.post("payment_intents", form(&pairs), key).await?)
    }

    async fn intent(&self, id: &str) -> Result<Intent, ProviderError> {
        intent_of(&self.get(&format!("payment_intents/{}", segment(id))).await?)
    }

    async fn intents_since(&self, since: i64) -> Result<(Vec<Intent>, bool), ProviderError> {
        let (objects, more) = self.list("payment_intents", since).await?;
        Ok((objects.iter().filter_map(Intent::from_object).collect(), more))
    }

    async fn capture(&self, id: &str, amount: Option<Minor>, key: &str) -> Result<Intent, ProviderError> {
        let amount = amount.map(|amount| amount.0.to_string());
        let pairs: Vec<_> = amount.iter().map(|amount| ("amount_to_capture", amount.as_str())).collect();
        intent_of(&self.post(&format!("payment_intents/{}/capture", segment(id)), form(&pairs), key).await?)
    }

    async fn cancel(&self, id: &str, key: &str) -> Result<Intent, ProviderError> {
        intent_of(&self.post(&format!("payment_intents/{}/cancel", segment(id)), String::new(), key).await?)
    }

    async fn create_refund(&self, new: &NewRefund, key: &str) -> Result<Refund, ProviderError> {
        let pairs = form(&[
            ("payment_intent", &new.intent_id),
            ("amount", &new.amount.0.to_string()),
            ("reason", "requested_by_customer"),
            ("metadata[reason]", &shortened(&new.reason)),
            ("metadata[refund_id]", &new.refund_id),
        ]);
        refund_of(&self.post("refunds", pairs, key).await?)
    }

    async fn refund(&self, id: &str) -> Result<Refund, ProviderError> {
        refund_of(&self.get(&format!("refunds/{}", segment(id))).await?)
    }

    async fn refunds_of(&self, intent_id: &str) -> Result<Vec<Refund>, ProviderError> {
        let query = form(&[("payment_intent", intent_id), ("limit", &PAGE.to_string())]);
        let page = self.get(&format!("refunds?{query}")).await?;
        let data = page.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(data.iter().filter_map(Refund::from_object).collect())
    }

    async fn refunds_since(&self, since: i64) -> Result<(Vec<Refund>, bool), ProviderError> {
        let (objects, more) = self.list("refunds", since).await?;
        Ok((objects.iter().filter_map(Refund::from_object).collect(), more))
    }
}

/// A text as the provider's metadata takes it; the ledger keeps the whole.
fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST_METADATA {
        return text.to_owned();
    }
    text.chars().take(LONGEST_METADATA - 1).chain(['…']).collect()
}

/// Sends, and tells what an answer means for another try.
async fn answer(request: RequestBuilder) -> Result<Value, ProviderError> {
    let answer = told(request).await;
    tally::provider(match &answer {
        Ok(_) => "ok",
        Err(ProviderError::Unauthorized { .. }) => "unauthorized",
        Err(ProviderError::Busy { .. }) => "busy",
        Err(ProviderError::Unreachable(_)) => "unreachable",
        Err(ProviderError::Unreadable(_)) => "unreadable",
        Err(ProviderError::Refused { .. }) => "refused",
    });
    answer
}

async fn told(request: RequestBuilder) -> Result<Value, ProviderError> {
    let unreachable = |error: reqwest::Error| ProviderError::Unreachable(error.without_url());
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let is_replay = header("Idempotent-Replayed") == Some("true");
    let should_retry = header("Stripe-Should-Retry") == Some("true");
    let body = response.bytes().await.map_err(unreachable)?;
    let object: Option<Value> = serde_json::from_slice(&body).ok();
    if (200..300).contains(&status) {
        return object.ok_or_else(|| ProviderError::Unreadable(format!("status {status} without JSON")));
    }
    let error = object.as_ref().and_then(|object| object.get("error"));
    let member = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str).map(str::to_owned);
    let message = member("message").unwrap_or_else(|| format!("no message, status {status}"));
    let code = member("code").or_else(|| member("type")).unwrap_or_default();
    Err(match status {
        401 | 403 => ProviderError::Unauthorized { status, message },
        _ if should_retry || matches!(status, 408 | 409 | 429 | 500..) || code == "lock_timeout" => {
            ProviderError::Busy { status, message, is_replay }
        }
        // A proxy's page or a redirect is nobody's refusal.
        _ if error.is_none() => ProviderError::Unreadable(format!("status {status} without an error object")),
        _ => ProviderError::Refused { status, code, message },
    })
}
