//! Letters of the provider: links by which people choose a password. How mail is sent is injected by `app`.

use super::links::Purpose;
use super::{Appearance, ProviderError};
use async_trait::async_trait;
use std::sync::Arc;

/// Somebody who can send mail.
#[async_trait]
pub trait LetterSender: Send + Sync {
    /// Sends one letter of plain text; the text of an error is for the log and must not repeat the letter.
    ///
    /// # Errors
    /// Why it could not be sent or handed over.
    async fn send(&self, to: &str, subject: &str, text: &str) -> Result<(), String>;
}

/// The provider's letters.
#[derive(Clone)]
pub(super) struct Letters {
    pub(super) sender: Option<Arc<dyn LetterSender>>,
}

impl Letters {
    /// Whether letters can be sent at all.
    pub(super) fn can_be_sent(&self) -> bool {
        self.sender.is_some()
    }

    /// Sends a link. The link is in the letter and nowhere else, not in the log either.
    pub(super) async fn send_link(
        &self,
        appearance: &Appearance,
        to: &str,
        name: &str,
        purpose: Purpose,
        link: &str,
    ) -> Result<(), ProviderError> {
        let Some(sender) = &self.sender else {
            return Err(ProviderError::Mail { reason: "no mail server is configured".into() });
        };
        let site = appearance.name();
        let (subject, reason) = match purpose {
            Purpose::Invitation => (
                format!("Your account at {site}"),
                format!("An account at {site} has been made for you. Choose a password to use it"),
            ),
            Purpose::Reset => (
                format!("Choose another password at {site}"),
                format!("Somebody, hopefully you, asked for another password at {site}. Choose it"),
            ),
        };
        let validity = purpose.validity_in_words();
        let text = format!(
            "Hello {name},\n\n{reason} on this page:\n\n{link}\n\nThe link works once, within {validity}. \
             If this letter surprises you, do nothing: without the link nothing changes.\n"
        );
        sender.send(to, &subject, &text).await.map_err(|reason| ProviderError::Mail { reason })
    }
}
