//! Text messages: a provider behind an interface, numbers in international form, the length in segments. Off unless configured.

mod segments;
mod telnyx;
mod twilio;

pub(super) use segments::segments;

use super::mail::{Refusal, Stage};
use super::metrics;
use super::outbox::Outbox;
use super::rate::Rate;
use crate::config::{NotificationsConfig, SmsProvider};
use crate::outbound::http_client;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A message may be this long; beyond, it is cut.
const MOST_SEGMENTS: usize = 10;

/// Text messages cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub enum SmsConfigError {
    /// A key that the provider needs.
    #[error("notifications.{0} is needed by the configured sms_provider")]
    Missing(&'static str),
    /// The HTTP client.
    #[error("the HTTP client of text messages cannot be made: {0}")]
    Client(#[source] reqwest::Error),
    /// A URL.
    #[error("notifications.sms_base_url is no https URL: {0}")]
    Url(String),
}

/// Who sends.
#[async_trait]
pub(super) trait Provider: Send + Sync {
    /// Sends; the provider's id of the message. `key` is the same for every attempt at the same message.
    async fn send(&self, to: &str, text: &str, key: &str) -> Result<String, Refusal>;
    /// Whether a request comes from the provider, and what it says.
    fn incoming(&self, request: &Incoming<'_>) -> Option<Inbound>;
}

/// A request of the provider.
pub(super) struct Incoming<'a> {
    /// The public address that it called.
    pub(super) url: &'a str,
    pub(super) header: &'a dyn Fn(&str) -> Option<String>,
    pub(super) body: &'a [u8],
}

/// A message from somebody.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Inbound {
    pub(super) from: String,
    pub(super) text: String,
}

/// Sends text messages; cheap to clone.
#[derive(Clone)]
pub(super) struct Sms {
    provider: Option<Arc<dyn Provider>>,
    outbox: Option<Outbox>,
    rate: Arc<Rate>,
    country_code: String,
}

impl Sms {
    pub(super) fn from_config(
        config: &NotificationsConfig,
        outbox: Option<&Outbox>,
    ) -> Result<Option<Self>, SmsConfigError> {
        let rate = Arc::new(Rate::per_second(config.sms_rate));
        let country_code = config.sms_country_code.trim_start_matches('+').to_owned();
        let Some(kind) = config.sms_provider else {
            let sms = |outbox: &Outbox| Self { provider: None, outbox: Some(outbox.clone()), rate, country_code };
            return Ok(outbox.map(sms));
        };
        let needed = |key: &'static str, value: Option<&str>| {
            value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or(SmsConfigError::Missing(key))
        };
        let from = needed("sms_from", config.sms_from.as_deref())?;
        let token = needed("sms_token", config.sms_token.expose())?;
        let base = config.sms_base_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        if let Some(url) = &base {
            let is_local = url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
            if !url.starts_with("https://") && !is_local {
                return Err(SmsConfigError::Url(url.clone()));
            }
        }
        let client = http_client(Duration::from_secs(20)).map_err(SmsConfigError::Client)?;
        let provider: Arc<dyn Provider> = match kind {
            SmsProvider::Twilio => {
                let account = needed("sms_account", config.sms_account.as_deref())?;
                Arc::new(twilio::Twilio::new(client, base, account, token, from))
            }
            SmsProvider::Telnyx => {
                Arc::new(telnyx::Telnyx::new(client, base, token, from, config.sms_public_key.as_deref()))
            }
        };
        Ok(Some(Self { provider: Some(provider), outbox: None, rate, country_code }))
    }

    /// `+` and digits; ten digits get the configured country.
    pub(super) fn number(&self, text: &str) -> Option<String> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        match (text.trim_start().starts_with('+'), digits.len()) {
            (true, 8..=15) => Some(format!("+{digits}")),
            (false, 10) => Some(format!("+{}{digits}", self.country_code)),
            (false, 11..=15) if digits.starts_with(&self.country_code) => Some(format!("+{digits}")),
            _ => None,
        }
    }

    pub(super) async fn send(&self, to: &str, text: &str, key: &str) -> Result<String, Refusal> {
        let text = segments::within(text.trim(), MOST_SEGMENTS);
        self.rate.wait().await;
        match (&self.provider, &self.outbox) {
            (Some(provider), _) => {
                let started = Instant::now();
                let answer = provider.send(to, text, key).await;
                metrics::lasted("sms", started.elapsed());
                answer.map(|id| format!("{id} ({} segments)", segments(text).count))
            }
            (None, Some(outbox)) => {
                outbox.put_sms(to, text);
                Ok("kept in the outbox of this demonstration".to_owned())
            }
            (None, None) => Err(Refusal::permanent(Stage::Message, "text messages are not configured")),
        }
    }

    pub(super) fn incoming(&self, request: &Incoming<'_>) -> Option<Inbound> {
        self.provider.as_ref()?.incoming(request)
    }
}

/// What an answer of a provider means: 4xx is about the message, except those that say "later" or "who are you".
fn judged(provider: &str, status: u16, answer: &str) -> Refusal {
    let shown: String = answer.chars().filter(|c| !c.is_control()).take(300).collect();
    let text = format!("{provider} answered {status}: {shown}");
    let is_permanent = (400..500).contains(&status) && !matches!(status, 401 | 403 | 408 | 409 | 425 | 429);
    let mut refusal =
        if is_permanent { Refusal::permanent(Stage::Content, text) } else { Refusal::transient(Stage::Content, text) };
    refusal.code = Some(status);
    refusal
}

fn unreachable(provider: &str, error: &reqwest::Error) -> Refusal {
    let mut refusal = Refusal::transient(Stage::Connect, format!("failed to connect to {provider}: {error}"));
    // A request that was sent and not answered may have been taken.
    refusal.is_unknown = !error.is_connect();
    refusal
}
