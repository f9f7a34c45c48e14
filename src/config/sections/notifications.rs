//! `[notifications]`: mail, text messages and what templates print.

use crate::config::Secret;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[notifications]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotificationsConfig {
    /// Mail server; not set = no mail.
    pub smtp_host: Option<String>,
    /// Its port.
    pub smtp_port: u16,
    /// How the connection is encrypted; default: `tls` on port 465, otherwise `starttls`.
    pub smtp_security: Option<SmtpSecurity>,
    /// File with certificates (PEM) that the mail server's may come from, beside the public ones.
    pub smtp_ca_file: Option<PathBuf>,
    /// Login; used together with `smtp_password`.
    pub smtp_username: Option<String>,
    /// Password; used together with `smtp_username`.
    pub smtp_password: Secret,
    /// Sender of every mail, with or without a name.
    pub smtp_from: Option<String>,
    /// Where answers go.
    pub smtp_reply_to: Option<String>,
    /// Seconds that each step of a delivery may take.
    pub smtp_timeout: u64,
    /// Connections to the mail server at the same time.
    pub smtp_connections: u16,
    /// Mails a second at most; 0 = as many as the server takes.
    pub mail_rate: u32,
    /// Domain of DKIM signatures; needs the other two keys.
    pub dkim_domain: Option<String>,
    /// Selector of DKIM signatures.
    pub dkim_selector: Option<String>,
    /// Private key of DKIM signatures (RSA, PEM).
    pub dkim_key_file: Option<PathBuf>,
    /// URL of links in mails; default: the web client's public URL ([`crate::config::Config::site_url`]).
    pub site_url: Option<String>,
    /// Zone of the organisation, an IANA name: mails print times in it, and the web client shows it beside a person's own.
    /// Default: none; mails print UTC, and the client knows of no zone but the person's. `UTC` said here is a zone like others.
    pub notification_timezone: Option<String>,
    /// How templates print numbers.
    pub number_format: NumberFormat,
    /// Swallow mail to example.com, example.org and example.net.
    pub skip_test_emails: bool,
    /// Topic of Amazon SNS that may report bounces and complaints.
    pub feedback_topic: Option<String>,
    /// Secret that other reporters of bounces send along.
    pub feedback_secret: Secret,
    /// Who sends text messages; not set = none are sent.
    pub sms_provider: Option<SmsProvider>,
    /// Number they come from, `+15550100`.
    pub sms_from: Option<String>,
    /// Twilio's account SID.
    pub sms_account: Option<String>,
    /// Twilio's auth token or Telnyx's API key.
    pub sms_token: Secret,
    /// Telnyx's public key for incoming messages.
    pub sms_public_key: Option<String>,
    /// Address of the provider's interface; default: the provider's own.
    pub sms_base_url: Option<String>,
    /// Text messages a second at most; 0 = no limit.
    pub sms_rate: u32,
    /// Country code of numbers without one.
    pub sms_country_code: String,
}

/// How a connection to the mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// STARTTLS is required; a server that does not offer it gets no mail.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// None. Passwords and mails travel readable.
    None,
}

/// How templates print numbers (D-24).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberFormat {
    /// As Go prints them: 1000000 is `1e+06`.
    Go,
    /// As people write them.
    Plain,
}

/// Who sends text messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsProvider {
    /// Twilio's Messages resource.
    Twilio,
    /// Telnyx' messages.
    Telnyx,
}

impl Default for NotificationsConfig {
    fn default() -> Self {
        Self {
            smtp_host: None,
            smtp_port: 587,
            smtp_security: None,
            smtp_ca_file: None,
            smtp_username: None,
            smtp_password: Secret::default(),
            smtp_from: None,
            smtp_reply_to: None,
            smtp_timeout: 30,
            smtp_connections: 4,
            mail_rate: 0,
            dkim_domain: None,
            dkim_selector: None,
            dkim_key_file: None,
            site_url: None,
            notification_timezone: None,
            number_format: NumberFormat::Go,
            skip_test_emails: false,
            feedback_topic: None,
            feedback_secret: Secret::default(),
            sms_provider: None,
            sms_from: None,
            sms_account: None,
            sms_token: Secret::default(),
            sms_public_key: None,
            sms_base_url: None,
            sms_rate: 1,
            sms_country_code: "1".into(),
        }
    }
}

impl NotificationsConfig {
    /// The encryption that holds.
    pub fn security(&self) -> SmtpSecurity {
        self.smtp_security.unwrap_or(if self.smtp_port == 465 { SmtpSecurity::Tls } else { SmtpSecurity::Starttls })
    }
}
