//! Texts that must not be seen.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What stands for a secret wherever something is printed.
pub const MASK: &str = "********";

/// The text without what stands between `://` and the last `@`: a connection string in the wrong place is no reason to
/// show its password.
pub(super) fn without_credentials(text: &str) -> Cow<'_, str> {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme + 3 < at => {
            Cow::Owned(format!("{}{MASK}{}", &text[..scheme + 3], &text[at..]))
        }
        _ => Cow::Borrowed(text),
    }
}

/// A text that must not appear in logs, `config print` or error messages. Wiped from memory when dropped.
#[derive(Clone, Default)]
pub struct Secret(Option<SecretString>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Some(SecretString::from(text.into())))
    }

    /// The text itself; call this only where it is used.
    pub fn expose(&self) -> Option<&str> {
        self.0.as_ref().map(|secret| secret.expose_secret())
    }

    /// Whether a value is present.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// This secret, or the other one when this is not set.
    #[must_use]
    pub fn or<'a>(&'a self, other: &'a Secret) -> &'a Secret {
        if self.is_set() { self } else { other }
    }
}

impl super::Config {
    /// Every secret that is set: for whoever has to keep them out of a text.
    pub fn secrets(&self) -> Vec<&Secret> {
        let (database, backup, notifications) = (&self.database, &self.backup, &self.notifications);
        let mut secrets = vec![
            &self.auth.jwt_secret,
            &backup.s3_access_key_id,
            &backup.s3_secret_access_key,
            &database.listen_url,
            &database.owner_url,
            &database.read_url,
            &database.url,
            &database.worker_url,
            &notifications.feedback_secret,
            &notifications.sms_token,
            &notifications.smtp_password,
            &self.payments.stripe_api_key,
            &self.payments.stripe_webhook_secret,
            &self.storage.s3_access_key_id,
            &self.storage.s3_secret_access_key,
            &self.telemetry.otlp_headers,
        ];
        secrets.extend(self.api.app_settings.values());
        secrets.retain(|secret| secret.is_set());
        secrets
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.is_set() { MASK } else { "unset" })
    }
}

/// Always the mask: a configuration that is written somewhere loses its secrets.
impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(_) => serializer.serialize_some(MASK),
            None => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map(Self::new).unwrap_or_default())
    }
}
