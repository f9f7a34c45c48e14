//! Connections to the mail server: kept, bounded, encrypted as configured, each step with a deadline.
//!
//! lettre speaks the protocol; the pool is ours, because it has to tell how far a delivery came when it fails.

use super::MailConfigError;
use super::refusal::{Refusal, Stage};
use crate::config::SmtpSecurity;
use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

/// A connection that was idle for longer is not trusted any more.
const IDLE: Duration = Duration::from_secs(20);
/// Servers end long sessions; ours end before.
const MESSAGES_PER_CONNECTION: u32 = 200;

/// Where and how.
#[derive(Clone)]
pub struct SmtpOptions {
    /// Name or address; the certificate has to fit it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub security: SmtpSecurity,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// Further trusted certificates, PEM.
    pub extra_certificates: Vec<u8>,
    /// Of each step.
    pub timeout: Duration,
    /// Most connections.
    pub connections: usize,
}

pub(super) struct SmtpPool {
    options: SmtpOptions,
    tls: Option<TlsParameters>,
    slots: Arc<Semaphore>,
    parked: Mutex<Vec<Parked>>,
}

struct Parked {
    connection: AsyncSmtpConnection,
    since: Instant,
    messages: u32,
}

impl SmtpPool {
    pub(super) fn new(options: SmtpOptions) -> Result<Self, MailConfigError> {
        let refused = |error: Error| MailConfigError::Tls(error.to_string());
        let tls = match options.security {
            SmtpSecurity::None => None,
            SmtpSecurity::Starttls | SmtpSecurity::Tls => {
                let mut builder = TlsParameters::builder(options.host.clone());
                if !options.extra_certificates.is_empty() {
                    let certificate = Certificate::from_pem(&options.extra_certificates).map_err(refused)?;
                    builder = builder.add_root_certificate(certificate);
                }
                Some(builder.build_rustls().map_err(refused)?)
            }
        };
        let slots = Arc::new(Semaphore::new(options.connections));
        Ok(Self { options, tls, slots, parked: Mutex::default() })
    }

    /// Sends one message; the server's answer to it.
    pub(super) async fn send(&self, envelope: &Envelope, message: &[u8]) -> Result<String, Refusal> {
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(Refusal::transient(Stage::Connect, "the mailer is stopping"));
        };
        let mut refused = None;
        // A kept connection may have been closed by the server: then a new one gets its chance, before anything was sent.
        for is_retry in [false, true] {
            let (mut held, is_new) = match if is_retry { None } else { self.take() } {
                Some(parked) => (parked, false),
                None => {
                    let connection = self.connect().await?;
                    (Parked { connection, since: Instant::now(), messages: 0 }, true)
                }
            };
            match self.converse(&mut held.connection, envelope, message).await {
                Ok(response) => {
                    held.messages += 1;
                    self.park(held);
                    return Ok(one_line(&response));
                }
                Err(refusal) => {
                    let is_alive = refusal.code.is_some_and(|code| code != 421);
                    if is_alive && self.within(held.connection.command(Rset)).await.is_ok_and(|answer| answer.is_ok()) {
                        self.park(held);
                    }
                    if is_new || refusal.code.is_some_and(|code| code != 421) || refusal.is_unknown {
                        return Err(refusal);
                    }
                    refused = Some(refusal);
                }
            }
        }
        Err(refused.unwrap_or_else(|| Refusal::transient(Stage::Connect, "no connection to the mail server")))
    }

    pub(super) async fn probe(&self) -> Result<String, Refusal> {
        let mut connection = self.connect().await?;
        let name = connection.server_info().name().to_owned();
        let _ = self.within(connection.quit()).await;
        Ok(name)
    }

    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        message: &[u8],
    ) -> Result<Response, Refusal> {
        let mut parameters = Vec::new();
        let mut addresses = envelope.to().iter().chain(envelope.from());
        if !addresses.all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(Refusal::permanent(
                    Stage::Envelope,
                    "the address has letters beyond ASCII, which the mail server does not take",
                ));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !message.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let step = Stage::Envelope;
        self.ask(step, connection.command(Mail::new(envelope.from().cloned(), parameters))).await?;
        for recipient in envelope.to() {
            self.ask(step, connection.command(Rcpt::new(recipient.clone(), Vec::new()))).await?;
        }
        self.ask(step, connection.command(Data)).await?;
        self.ask(Stage::Content, connection.message(message)).await
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Refusal> {
        let options = &self.options;
        let stage = Stage::Connect;
        let name = ClientId::default();
        let mut connection = match (options.security, &self.tls) {
            (SmtpSecurity::Tls, Some(tls)) => {
                let target = (options.host.as_str(), options.port);
                let tls = Some(tls.clone());
                let open = AsyncSmtpConnection::connect_tokio1(target, Some(options.timeout), &name, tls, None);
                self.ask(stage, open).await?
            }
            _ => {
                let stream = Box::new(self.open().await?);
                self.ask(stage, AsyncSmtpConnection::connect_with_transport(stream, &name)).await?
            }
        };
        if let (SmtpSecurity::Starttls, Some(tls)) = (options.security, &self.tls) {
            if !connection.can_starttls() {
                let _ = self.within(connection.quit()).await;
                return Err(Refusal::transient(
                    stage,
                    "failed to connect to SMTP server: it does not offer STARTTLS, and mail is not sent readable \
                     unless notifications.smtp_security says so",
                ));
            }
            self.ask(stage, connection.starttls(tls.clone(), &name)).await?;
        }
        if let Some((user, password)) = &options.credentials {
            let credentials = Credentials::new(user.clone(), password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            self.ask(Stage::Login, connection.auth(&mechanisms, &credentials)).await?;
        }
        Ok(connection)
    }

    /// A socket that sends at once. lettre writes a message and its end separately; without this the end waits until the
    /// server has acknowledged the message, which it puts off for 40 ms. (With TLS from the first byte lettre opens its own.)
    async fn open(&self) -> Result<TcpStream, Refusal> {
        let options = &self.options;
        let opened = match self.within(TcpStream::connect((options.host.as_str(), options.port))).await {
            Ok(opened) => opened.and_then(|stream| stream.set_nodelay(true).map(|()| stream)),
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        };
        opened.map_err(|error| Refusal::transient(Stage::Connect, format!("failed to connect to SMTP server: {error}")))
    }

    async fn within<T>(&self, step: impl Future<Output = T>) -> Result<T, tokio::time::error::Elapsed> {
        tokio::time::timeout(self.options.timeout, step).await
    }

    async fn ask<T>(&self, stage: Stage, step: impl Future<Output = Result<T, Error>>) -> Result<T, Refusal> {
        match self.within(step).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Refusal::from_smtp(stage, &error)),
            Err(_) => {
                let seconds = self.options.timeout.as_secs();
                let mut refusal =
                    Refusal::transient(stage, format!("the SMTP server did not answer within {seconds} s"));
                refusal.is_unknown = stage == Stage::Content;
                Err(refusal)
            }
        }
    }

    fn take(&self) -> Option<Parked> {
        let mut parked = self.parked.lock().unwrap_or_else(PoisonError::into_inner);
        parked.retain(|held| held.since.elapsed() < IDLE);
        parked.pop()
    }

    fn park(&self, mut held: Parked) {
        if held.messages < MESSAGES_PER_CONNECTION && !held.connection.has_broken() {
            held.since = Instant::now();
            self.parked.lock().unwrap_or_else(PoisonError::into_inner).push(held);
        }
    }
}

fn one_line(response: &Response) -> String {
    let text = response.message().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    format!("{} {text}", response.code())
}
