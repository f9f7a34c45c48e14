//! Letters of the embedded provider (invitations, new passwords) by the mail that notifications send.

use crate::config::Config;
use crate::identity::LetterSender;
use crate::notifications::Outbox;
use crate::notifications::mail::{Mail, Mailer};
use async_trait::async_trait;
use std::sync::Arc;

struct Letters(Mailer);

#[async_trait]
impl LetterSender for Letters {
    async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), String> {
        let mut mail = Mail::to(None, to).map_err(|refusal| refusal.to_string())?;
        subject.clone_into(&mut mail.subject);
        text.clone_into(&mut mail.text);
        mail.is_automatic = true;
        self.0.send(&mail).await.map(drop).map_err(|refusal| refusal.to_string())
    }
}

/// Who sends the provider's letters: the configured mail server, without one the outbox, where a demonstration has one. With
/// neither, administrators hand links over.
pub fn letter_sender(config: &Config, outbox: Option<&Outbox>) -> Option<Arc<dyn LetterSender>> {
    match Mailer::from_config(&config.notifications, outbox) {
        Ok(mailer) => mailer.map(|mailer| Arc::new(Letters(mailer)) as Arc<dyn LetterSender>),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "Letters of the identity provider cannot be sent");
            None
        }
    }
}
