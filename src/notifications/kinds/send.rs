//! `send_notification`: one notification to one person by the channels it asks for (WORKERS.md §5.3).
//!
//! The ledger decides what is sent: a channel that is in it as sent is skipped by every later attempt. Between the server's word and its record lies
//! the one moment in which a killed process leaves the outcome unknown; then the message is sent again under the same message id.

use super::render::Rendered;
use super::{QUEUE, slot, try_again};
use crate::jobs::{Kind, Outcome, Run};
use crate::notifications::Inner;
use crate::notifications::mail::{Mail, Refusal, Stage};
use crate::notifications::metrics;
use crate::notifications::store::{Ending, LedgerEntry, Prepared, storable};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

pub(in crate::notifications) struct SendNotification(pub(super) Arc<Inner>);

#[derive(Deserialize)]
struct Args {
    notification_id: String,
    user_id: String,
    template_name: String,
    #[serde(default)]
    entity_type: Option<String>,
    #[serde(default)]
    entity_id: Option<String>,
    #[serde(default)]
    entity_data: Value,
    #[serde(default)]
    channels: Vec<String>,
}

impl Args {
    fn entity(&self) -> (Option<&str>, Option<&str>) {
        (self.entity_type.as_deref(), self.entity_id.as_deref())
    }
}

/// What became of one channel.
enum Delivery {
    Sent(Option<LedgerEntry>),
    /// The person does not want it.
    Declined(&'static str),
    Refused(Refusal, Option<LedgerEntry>),
}

impl Delivery {
    /// What the ledger knows as sent counted when it was sent.
    fn count(&self, channel: &'static str) {
        match self {
            Self::Sent(Some(_)) => metrics::sent(channel),
            Self::Sent(None) => {}
            Self::Declined(_) => metrics::declined(channel),
            Self::Refused(refusal, _) => metrics::refused(channel, refusal),
        }
    }
}

#[async_trait]
impl Kind for SendNotification {
    fn kind(&self) -> &'static str {
        "send_notification"
    }

    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn run(&self, run: Run) -> Outcome {
        let args: Args = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        let Ok(id) = args.notification_id.parse::<i64>() else {
            return Outcome::Discard(format!("\"{}\" is no id of a notification", args.notification_id));
        };
        let _slot = match slot(&self.0).await {
            Ok(slot) => slot,
            Err(later) => return later,
        };
        match Box::pin(self.deliver(&run, id, &args)).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Fail(error.to_string()),
        }
    }
}

impl SendNotification {
    async fn deliver(&self, run: &Run, id: i64, args: &Args) -> Result<Outcome, crate::notifications::StoreError> {
        let store = &self.0.store;
        let Some(prepared) = store.prepare(id, &args.user_id, &args.template_name).await? else {
            // Deleted meanwhile, with its person or by hand.
            return Ok(Outcome::Complete);
        };
        if prepared.status == "sent" {
            return Ok(Outcome::Complete);
        }
        let failed = |error: String| Ending { status: "failed", error: Some(error), ..Ending::default() };
        let Some(template) = &prepared.template else {
            let error =
                format!("Template error: template '{0}' not found: no template has this name", args.template_name);
            store.finish(id, &args.user_id, args.entity(), &failed(error)).await?;
            return Ok(Outcome::Complete);
        };
        if !prepared.has_person {
            let error = format!("All channels failed: user not found: {}", args.user_id);
            store.finish(id, &args.user_id, args.entity(), &failed(error)).await?;
            return Ok(Outcome::Complete);
        }
        let rendered = match self.0.render(template, &args.entity_data).await {
            Ok(rendered) => rendered,
            Err(error) => {
                let ending = failed(storable(&format!("Rendering error: {error}")));
                store.finish(id, &args.user_id, args.entity(), &ending).await?;
                return Ok(Outcome::Complete);
            }
        };
        let wants_digest = prepared.frequency != "immediate" && prepared.email_enabled;
        if wants_digest
            && args.channels.iter().any(|channel| channel == "email")
            && !args.channels.iter().any(|c| c == "sms")
        {
            store.queue_digest(id, &args.user_id, args.entity(), &rendered.shown()).await?;
            return Ok(Outcome::Complete);
        }
        Box::pin(self.by_all_channels(run, id, args, &prepared, &rendered)).await
    }

    async fn by_all_channels(
        &self,
        run: &Run,
        id: i64,
        args: &Args,
        prepared: &Prepared,
        rendered: &Rendered,
    ) -> Result<Outcome, crate::notifications::StoreError> {
        let store = &self.0.store;
        let mut ending = Ending { shown: Some(rendered.shown()), ..Ending::default() };
        let (mut last_error, mut transient) = (None, None);
        for (position, channel) in args.channels.iter().enumerate() {
            let (name, delivery) = match channel.as_str() {
                "email" => ("email", self.by_mail(id, prepared, rendered).await?),
                "sms" => ("sms", self.by_sms(id, prepared, rendered).await?),
                _ => continue,
            };
            delivery.count(name);
            let entry = match delivery {
                Delivery::Sent(entry) => {
                    ending.sent.push(name);
                    entry
                }
                Delivery::Declined(reason) => {
                    last_error.get_or_insert_with(|| reason.to_owned());
                    None
                }
                Delivery::Refused(refusal, entry) => {
                    ending.failed.push(name);
                    last_error = Some(refusal.text.clone());
                    if !refusal.is_permanent {
                        transient = Some(refusal);
                    }
                    entry
                }
            };
            if let Some(entry) = entry {
                if position + 1 < args.channels.len() {
                    store.record(&[entry]).await?;
                } else {
                    ending.ledger.push(entry);
                }
            }
        }
        if ending.sent.is_empty() {
            ending.status = "failed";
            let error = last_error.unwrap_or_else(|| "no channel to send by".to_owned());
            ending.error = Some(storable(&format!("All channels failed: {error}")));
        } else {
            ending.status = "sent";
        }
        store.finish(id, &args.user_id, args.entity(), &ending).await?;
        // A channel that may still work is tried again, whatever the others did; those are in the ledger.
        Ok(match transient {
            Some(refusal) if ending.sent.is_empty() => try_again(run, prepared.age, &refusal),
            _ => Outcome::Complete,
        })
    }

    async fn by_mail(
        &self,
        id: i64,
        prepared: &Prepared,
        rendered: &Rendered,
    ) -> Result<Delivery, crate::notifications::StoreError> {
        let refused = |text: String| Delivery::Refused(Refusal::permanent(Stage::Message, text), None);
        if prepared.deliveries.get("email").is_some_and(|state| state == "sent") {
            return Ok(Delivery::Sent(None));
        }
        if !prepared.email_enabled {
            return Ok(Delivery::Declined("the recipient does not want mail"));
        }
        let Some(address) = prepared.email.as_deref().filter(|address| !address.is_empty()) else {
            return Ok(refused("no mail address is known for the recipient".to_owned()));
        };
        if let Some(reason) = &prepared.email_suppressed {
            return Ok(Delivery::Refused(Refusal::suppressed(address, "mail", reason), None));
        }
        let Some(mailer) = &self.0.mailer else {
            return Ok(refused("no mail server is configured (notifications.smtp_host)".to_owned()));
        };
        let mut mail = match Mail::to(prepared.name.as_deref(), address) {
            Ok(mail) => mail,
            Err(refusal) => return Ok(Delivery::Refused(refusal, None)),
        };
        mail.subject.clone_from(&rendered.subject);
        mail.text.clone_from(&rendered.text);
        mail.html = Some(rendered.html.clone()).filter(|html| !html.trim().is_empty());
        mail.unsubscribe = prepared.unsubscribe_token.as_deref().map(|token| self.0.unsubscribe_link(token));
        let message_id = format!("{}@{}", prepared.message_id, mailer.domain());
        self.0.send_recorded(format!("n{id}/email"), Some(id), message_id, address, mail).await
    }

    async fn by_sms(
        &self,
        id: i64,
        prepared: &Prepared,
        rendered: &Rendered,
    ) -> Result<Delivery, crate::notifications::StoreError> {
        let refused = |text: &str| Ok(Delivery::Refused(Refusal::permanent(Stage::Message, text), None));
        if prepared.deliveries.get("sms").is_some_and(|state| state == "sent") {
            return Ok(Delivery::Sent(None));
        }
        if !prepared.sms_enabled {
            return Ok(Delivery::Declined("the recipient does not want text messages"));
        }
        let Some(sms) = &self.0.sms else {
            return refused("text messages are not configured (notifications.sms_provider)");
        };
        let Some(text) = rendered.sms.as_deref().filter(|text| !text.trim().is_empty()) else {
            return refused("the template has no text for text messages");
        };
        let Some(number) = prepared.phone.as_deref().and_then(|phone| sms.number(phone)) else {
            return refused("no telephone number is known for the recipient");
        };
        let store = &self.0.store;
        if let Some(reason) = store.suppressed("sms", &number).await? {
            return Ok(Delivery::Refused(Refusal::suppressed(&number, "text messages", &reason), None));
        }
        let key = format!("n{id}/sms");
        let Some(_) = store.mark(&key, Some(id), "sms", &prepared.message_id, &number).await? else {
            return Ok(Delivery::Sent(None));
        };
        Ok(match sms.send(&number, text, &prepared.message_id).await {
            Ok(reply) => Delivery::Sent(Some(LedgerEntry { key, state: "sent", reply: storable(&reply) })),
            Err(refusal) => {
                let entry = ledger_of(&refusal, key);
                Delivery::Refused(refusal, entry)
            }
        })
    }
}

/// An unknown outcome stays `sending` in the ledger: nobody knows.
fn ledger_of(refusal: &Refusal, key: String) -> Option<LedgerEntry> {
    let state = if refusal.is_unknown { "sending" } else { "failed" };
    Some(LedgerEntry { key, state, reply: storable(&refusal.text) })
}

impl Inner {
    /// Where the foot of a mail leads.
    pub(super) fn unsubscribe_link(&self, token: &str) -> String {
        format!("{}/notifications/unsubscribe?token={token}", self.site_url)
    }

    /// Sends one mail with the ledger around it.
    async fn send_recorded(
        &self,
        key: String,
        notification: Option<i64>,
        message_id: String,
        address: &str,
        mut mail: Mail,
    ) -> Result<Delivery, crate::notifications::StoreError> {
        let Some(mailer) = &self.mailer else {
            let refusal = Refusal::permanent(Stage::Message, "no mail server is configured (notifications.smtp_host)");
            return Ok(Delivery::Refused(refusal, None));
        };
        let Some(message_id) = self.store.mark(&key, notification, "email", &message_id, address).await? else {
            return Ok(Delivery::Sent(None));
        };
        mail.message_id = Some(message_id);
        Ok(match mailer.send(&mail).await {
            Ok(receipt) => Delivery::Sent(Some(LedgerEntry { key, state: "sent", reply: storable(&receipt.0) })),
            Err(refusal) => {
                if refusal.is_bad_address {
                    self.store.suppress("email", address, "bounce", &storable(&refusal.text)).await?;
                }
                let entry = ledger_of(&refusal, key);
                Delivery::Refused(refusal, entry)
            }
        })
    }

    /// The same for mail that belongs to no single notification: sent or refused, recorded at once.
    pub(super) async fn send_alone(
        &self,
        key: String,
        message_id: String,
        address: &str,
        mail: Mail,
    ) -> Result<Result<Option<LedgerEntry>, (Refusal, Option<LedgerEntry>)>, crate::notifications::StoreError> {
        let delivery = self.send_recorded(key, None, message_id, address, mail).await?;
        delivery.count("email");
        Ok(match delivery {
            Delivery::Sent(entry) => Ok(entry),
            Delivery::Refused(refusal, entry) => Err((refusal, entry)),
            Delivery::Declined(reason) => Err((Refusal::permanent(Stage::Message, reason), None)),
        })
    }
}
