//! Mail: a message is built once (`message`), handed to a server (`smtp`) or, in a demonstration, to the outbox, and a refusal is judged (`refusal`).
//!
//! [`Mailer`] is what other subjects are given by `app` when they send mail of their own (invitations, passwords); it keeps no ledger, which is
//! the kinds' affair.

mod dkim;
mod message;
mod refusal;
mod smtp;

pub use message::Mail;
pub(super) use message::mailbox;
pub use refusal::{Refusal, Stage};
pub use smtp::SmtpOptions;

use super::metrics;
use super::outbox::Outbox;
use super::rate::Rate;
use crate::config::{NotificationsConfig, SmtpSecurity};
use dkim::Signer;
use lettre::message::Mailbox;
use smtp::SmtpPool;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Mail cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub enum MailConfigError {
    /// The key has to be an address.
    #[error("notifications.{key} is no mail address: {reason}")]
    Address {
        /// Key without the section.
        key: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The sender is needed as soon as there is a server.
    #[error("notifications.smtp_from is not set: every mail needs a sender")]
    NoSender,
    /// A file that cannot be used.
    #[error("notifications.{key} ({path}): {reason}")]
    File {
        /// Key without the section.
        key: &'static str,
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A password over a readable connection.
    #[error(
        "notifications.smtp_security is \"none\" and there is a password: it would travel readable to {host}; use starttls or tls"
    )]
    ReadablePassword {
        /// The server.
        host: String,
    },
    /// TLS could not be set up.
    #[error("TLS for the mail server cannot be set up: {0}")]
    Tls(String),
}

/// Sends mail; cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    inner: Arc<Inner>,
}

struct Inner {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    transport: Transport,
    signer: Option<Signer>,
    skip_test_addresses: bool,
    rate: Rate,
}

enum Transport {
    Smtp(SmtpPool),
    Outbox(Outbox),
}

/// What the server said to a message that it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt(pub String);

impl Mailer {
    /// A mailer for the configured server; without one, for the outbox if there is one (demonstrations only), otherwise none.
    ///
    /// # Errors
    /// [`MailConfigError`]
    pub fn from_config(config: &NotificationsConfig, outbox: Option<&Outbox>) -> Result<Option<Self>, MailConfigError> {
        let address = |key: &'static str, text: &str| {
            text.parse::<Mailbox>().map_err(|error| MailConfigError::Address { key, reason: error.to_string() })
        };
        let reply_to = config.smtp_reply_to.as_deref().map(|text| address("smtp_reply_to", text)).transpose()?;
        let (from, transport) = match (&config.smtp_host, outbox) {
            (Some(host), _) => {
                let from = config.smtp_from.as_deref().ok_or(MailConfigError::NoSender)?;
                (address("smtp_from", from)?, Transport::Smtp(SmtpPool::new(smtp_options(config, host)?)?))
            }
            (None, Some(outbox)) => {
                let from = config.smtp_from.as_deref().unwrap_or("Civic OS <demo@localhost>");
                (address("smtp_from", from)?, Transport::Outbox(outbox.clone()))
            }
            (None, None) => return Ok(None),
        };
        let signer = Signer::from_config(config)?;
        let rate = Rate::per_second(config.mail_rate);
        let skip_test_addresses = config.skip_test_emails;
        Ok(Some(Self { inner: Arc::new(Inner { from, reply_to, transport, signer, skip_test_addresses, rate }) }))
    }

    /// Sends a message and waits for the server's word.
    ///
    /// # Errors
    /// [`Refusal`] says whether trying again makes sense and whether the message may have been taken all the same.
    pub async fn send(&self, mail: &Mail) -> Result<Receipt, Refusal> {
        let inner = &self.inner;
        if inner.skip_test_addresses && mail.to.iter().all(|to| is_test_address(to.email.as_ref())) {
            return Ok(Receipt("not sent: a test address, and notifications.skip_test_emails is on".to_owned()));
        }
        let built = mail.build(&inner.from, inner.reply_to.as_ref())?;
        inner.rate.wait().await;
        match &inner.transport {
            Transport::Smtp(pool) => {
                let mut bytes = built.formatted();
                if let Some(signer) = &inner.signer {
                    signer.sign(&mut bytes);
                }
                let started = Instant::now();
                let answer = Box::pin(pool.send(built.envelope(), &bytes)).await;
                metrics::lasted("email", started.elapsed());
                answer.map(Receipt)
            }
            Transport::Outbox(outbox) => {
                outbox.put_mail(mail, &built);
                Ok(Receipt("kept in the outbox of this demonstration".to_owned()))
            }
        }
    }

    /// Connects, encrypts and signs in without sending anything; what the server is.
    ///
    /// # Errors
    /// What would keep a message from being sent.
    pub async fn probe(&self) -> Result<String, Refusal> {
        match &self.inner.transport {
            Transport::Smtp(pool) => Box::pin(pool.probe()).await,
            Transport::Outbox(_) => Ok("the outbox of this demonstration".to_owned()),
        }
    }

    /// Who every mail comes from.
    pub fn sender(&self) -> String {
        self.inner.from.to_string()
    }

    /// Domain of the sender, for message ids.
    pub(super) fn domain(&self) -> &str {
        self.inner.from.email.domain()
    }
}

/// The contract's rule: these never get mail when test addresses are skipped.
fn is_test_address(address: &str) -> bool {
    let address = address.trim().to_lowercase();
    ["@example.com", "@example.org", "@example.net"].iter().any(|domain| address.ends_with(domain))
}

fn smtp_options(config: &NotificationsConfig, host: &str) -> Result<SmtpOptions, MailConfigError> {
    let security = config.security();
    let credentials = match (&config.smtp_username, config.smtp_password.expose()) {
        (Some(user), Some(password)) => Some((user.clone(), password.to_owned())),
        _ => None,
    };
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "::1");
    if security == SmtpSecurity::None && credentials.is_some() && !is_local {
        return Err(MailConfigError::ReadablePassword { host: host.to_owned() });
    }
    let extra_certificates = config.smtp_ca_file.as_deref().map(read_certificates).transpose()?.unwrap_or_default();
    Ok(SmtpOptions {
        host: host.to_owned(),
        port: config.smtp_port,
        security,
        credentials,
        extra_certificates,
        timeout: Duration::from_secs(config.smtp_timeout.max(1)),
        connections: usize::from(config.smtp_connections.max(1)),
    })
}

fn read_certificates(path: &Path) -> Result<Vec<u8>, MailConfigError> {
    std::fs::read(path).map_err(|error| MailConfigError::File {
        key: "smtp_ca_file",
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}
