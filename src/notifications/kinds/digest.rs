//! Digests: `send_digests` finds out every hour whose time it is, `send_digest` sends one person everything that waited in one mail.

use super::{QUEUE, slot, try_again};
use crate::jobs::{Kind, Outcome, Periodic, Run};
use crate::notifications::mail::{Mail, Refusal, Stage};
use crate::notifications::metrics;
use crate::notifications::store::{Digest, DigestItem, LedgerEntry, storable};
use crate::notifications::{Inner, StoreError};
use async_trait::async_trait;
use chrono::Timelike as _;
use serde::Deserialize;
use std::fmt::Write as _;
use std::sync::Arc;

pub(in crate::notifications) struct SendDigests(pub(super) Arc<Inner>);
pub(in crate::notifications) struct SendDigest(pub(super) Arc<Inner>);

#[derive(Deserialize)]
struct Args {
    user_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct When {
    /// Instead of the hour on the clock.
    hour: Option<u32>,
}

#[async_trait]
impl Kind for SendDigests {
    fn kind(&self) -> &'static str {
        "send_digests"
    }

    fn queue(&self) -> &'static str {
        QUEUE
    }

    fn periodic(&self) -> Vec<Periodic> {
        let mut periodic = Periodic::new("notifications: digests", "0 * * * *");
        periodic.priority = 3;
        periodic.max_attempts = 3;
        vec![periodic]
    }

    async fn run(&self, run: Run) -> Outcome {
        let when: When = run.args().unwrap_or_default();
        let hour = when.hour.unwrap_or_else(|| {
            chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now()).with_timezone(&self.0.zone).hour()
        });
        match self.0.store.due_digests(hour).await {
            Ok(count) => {
                tracing::debug!(count, "Enqueued digests");
                Outcome::Complete
            }
            Err(error) => Outcome::Fail(error.to_string()),
        }
    }
}

#[async_trait]
impl Kind for SendDigest {
    fn kind(&self) -> &'static str {
        "send_digest"
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
        match Box::pin(self.deliver(&run, &args.user_id)).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::Fail(error.to_string()),
        }
    }
}

impl SendDigest {
    async fn deliver(&self, run: &Run, user: &str) -> Result<Outcome, StoreError> {
        let store = &self.0.store;
        let Some(digest) = store.digest(user).await? else { return Ok(Outcome::Complete) };
        let ids: Vec<i64> = digest.items.iter().map(|item| item.notification_id).collect();
        let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return Ok(Outcome::Complete) };
        let key = format!("digest/{user}/{first}-{last}");
        let sent = match self.mail(&digest) {
            Ok((address, mail)) => {
                let domain = self.0.mailer.as_ref().map_or("localhost", |mailer| mailer.domain());
                let message_id = format!("digest.{user}.{first}-{last}@{domain}");
                self.0.send_alone(key, message_id, &address, mail).await?
            }
            Err(refusal) => {
                metrics::refused("email", &refusal);
                Err((refusal, None))
            }
        };
        let ledger = |entry: Option<LedgerEntry>| entry.into_iter().collect::<Vec<_>>();
        match sent {
            Ok(entry) => {
                store.finish_digest(&ids, "sent", None, &ledger(entry)).await?;
                Ok(Outcome::Complete)
            }
            Err((refusal, entry)) if refusal.is_permanent => {
                let error = storable(&format!("All channels failed: {refusal}"));
                store.finish_digest(&ids, "failed", Some(&error), &ledger(entry)).await?;
                Ok(Outcome::Complete)
            }
            Err((refusal, entry)) => {
                store.record(&ledger(entry)).await?;
                let age = (time::OffsetDateTime::now_utc() - run.job.created_at).as_seconds_f64();
                Ok(try_again(run, age, &refusal))
            }
        }
    }

    fn mail(&self, digest: &Digest) -> Result<(String, Mail), Refusal> {
        let refused = |text: &str| Refusal::permanent(Stage::Message, text);
        if !digest.email_enabled {
            return Err(refused("the recipient does not want mail"));
        }
        let address = digest.email.as_deref().filter(|address| !address.is_empty());
        let address = address.ok_or_else(|| refused("no mail address is known for the recipient"))?;
        if let Some(reason) = &digest.email_suppressed {
            return Err(Refusal::suppressed(address, "mail", reason));
        }
        let mut mail = Mail::to(digest.name.as_deref(), address)?;
        let items = &digest.items;
        mail.subject = match items.as_slice() {
            [only] => only.subject.clone(),
            _ => format!("{} notifications", items.len()),
        };
        mail.text = plain(items, &self.0.site_url);
        mail.html = Some(html(items, &self.0.site_url));
        mail.unsubscribe = digest.unsubscribe_token.as_deref().map(|token| self.0.unsubscribe_link(token));
        Ok((address.to_owned(), mail))
    }
}

fn plain(items: &[DigestItem], site_url: &str) -> String {
    let mut text = String::new();
    for item in items {
        let _ = write!(text, "{}\n\n{}\n\n----------\n\n", item.subject, item.body);
    }
    text.push_str(site_url);
    text.push('\n');
    text
}

fn html(items: &[DigestItem], site_url: &str) -> String {
    let escape = gotmpl::html_escape;
    let mut html = String::new();
    for item in items {
        let body = escape(&item.body).replace('\n', "<br>\n");
        let _ = write!(html, "<h2>{}</h2>\n<p>{body}</p>\n<hr>\n", escape(&item.subject));
    }
    let _ = writeln!(html, "<p><a href=\"{0}\">{0}</a></p>", escape(site_url));
    html
}
