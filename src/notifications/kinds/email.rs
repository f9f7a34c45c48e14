//! `send_email`: a template to addresses that need not belong to anybody here. Each address gets a mail of its own, so that one that bounces keeps
//! nobody else's.

use super::{QUEUE, slot, try_again};
use crate::jobs::{Kind, Outcome, Run};
use crate::notifications::Inner;
use crate::notifications::mail::{Mail, Refusal, mailbox};
use crate::notifications::metrics;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

pub(in crate::notifications) struct SendEmail(pub(super) Arc<Inner>);

#[derive(Deserialize)]
struct Args {
    to: Vec<String>,
    #[serde(default)]
    cc: Vec<String>,
    template_name: String,
    #[serde(default)]
    entity_data: Value,
    #[serde(default)]
    reply_to: Option<String>,
}

#[async_trait]
impl Kind for SendEmail {
    fn kind(&self) -> &'static str {
        "send_email"
    }

    fn queue(&self) -> &'static str {
        QUEUE
    }

    async fn run(&self, run: Run) -> Outcome {
        let args: Args = match run.args() {
            Ok(args) => args,
            Err(outcome) => return outcome,
        };
        let _slot = match slot(&self.0).await {
            Ok(slot) => slot,
            Err(later) => return later,
        };
        match Box::pin(self.deliver(&run, args)).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Fail(error.to_string()),
        }
    }
}

impl SendEmail {
    async fn deliver(&self, run: &Run, args: Args) -> Result<Outcome, crate::notifications::StoreError> {
        let recipients: Vec<String> = args.to.iter().chain(&args.cc).cloned().collect();
        let found = self.0.store.addressed(&args.template_name, &recipients).await?;
        let Some(template) = found.template else {
            return Ok(Outcome::Discard(format!("Template error: template '{}' not found", args.template_name)));
        };
        let rendered = match self.0.render(&template, &args.entity_data).await {
            Ok(rendered) => rendered,
            Err(error) => return Ok(Outcome::Discard(format!("Rendering error: {error}"))),
        };
        let reply_to = match args.reply_to.as_deref().map(|address| mailbox(None, address)).transpose() {
            Ok(reply_to) => reply_to,
            Err(refusal) => return Ok(Outcome::Discard(format!("reply_to: {refusal}"))),
        };
        let domain = self.0.mailer.as_ref().map_or("localhost", |mailer| mailer.domain()).to_owned();
        let (mut permanent, mut transient) = (Vec::new(), None);
        for (position, address) in recipients.iter().enumerate() {
            if found.suppressed.contains(&address.to_lowercase()) {
                let refusal = Refusal::suppressed(address, "mail", "see notification_suppressions");
                metrics::refused("email", &refusal);
                permanent.push(format!("{address}: {refusal}"));
                continue;
            }
            let mut mail = match Mail::to(None, address) {
                Ok(mail) => mail,
                Err(refusal) => {
                    permanent.push(format!("{address}: {refusal}"));
                    continue;
                }
            };
            mail.subject.clone_from(&rendered.subject);
            mail.text.clone_from(&rendered.text);
            mail.html = Some(rendered.html.clone()).filter(|html| !html.trim().is_empty());
            mail.reply_to.clone_from(&reply_to);
            let created = run.job.created_at.unix_timestamp_nanos();
            let message_id = format!("j{}.{position}.{created:x}@{domain}", run.job.id);
            let key = format!("j{}.{created:x}/{position}", run.job.id);
            let entry = match self.0.send_alone(key, message_id, address, mail).await? {
                Ok(entry) => entry,
                Err((refusal, entry)) => {
                    if refusal.is_permanent {
                        permanent.push(format!("{address}: {refusal}"));
                    } else {
                        transient = Some(refusal);
                    }
                    entry
                }
            };
            if let Some(entry) = entry {
                self.0.store.record(&[entry]).await?;
            }
        }
        Ok(match transient {
            Some(refusal) => {
                let age = (time::OffsetDateTime::now_utc() - run.job.created_at).as_seconds_f64();
                try_again(run, age, &refusal)
            }
            None if permanent.len() == recipients.len() => Outcome::Discard(permanent.join("; ")),
            None => Outcome::Complete,
        })
    }
}
