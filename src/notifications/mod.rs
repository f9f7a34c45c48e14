//! Notifications: what people are told by mail, text message and in the client (WORKERS.md §5; D-02, D-10, D-23, D-24, D-32).
//!
//! `kinds` are the jobs, `templates` renders, `mail` and `sms` deliver, `store` has every statement, `outbox` replaces delivery in a demonstration,
//! `http` takes unsubscribing and reports of providers. Nothing here decides who may read what: row security does. `app` builds one
//! [`Notifications`], hands its kinds to the queue and its [`mail::Mailer`] to whoever else sends mail. Tests: `tests/it/notifications`.

mod http;
mod kinds;
pub mod mail;
mod metrics;
mod outbox;
mod rate;
mod sms;
mod store;
pub mod templates;

pub use outbox::Outbox;
pub use store::StoreError;

use crate::config::{Config, NumberFormat as ConfiguredFormat};
use crate::db::Db;
use crate::jobs::Registry;
use chrono_tz::Tz;
use mail::{MailConfigError, Mailer};
use sms::{Sms, SmsConfigError};
use std::sync::Arc;
use store::Store;
use templates::{Limits, NumberFormat, Renderer, UnknownZone};
use tokio::sync::Semaphore;

/// Jobs of the queue at the same time (WORKERS.md §1).
const PARALLEL: usize = 30;
/// Of these, how many may be deliveries: the template editor never waits for a mail server.
const DELIVERIES: usize = 24;

/// Notifications cannot work as configured.
#[derive(Debug, thiserror::Error)]
pub enum NotificationsError {
    /// Mail.
    #[error(transparent)]
    Mail(#[from] MailConfigError),
    /// Text messages.
    #[error(transparent)]
    Sms(#[from] SmsConfigError),
    /// The time zone.
    #[error("notifications.notification_timezone: {0}")]
    Zone(#[from] UnknownZone),
    /// The TLS set-up of this machine.
    #[error("no HTTP client for what mail services report")]
    Client(#[source] reqwest::Error),
}

/// The parts of notifications in one process; cheap to clone.
#[derive(Clone)]
pub struct Notifications {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    renderer: Renderer,
    mailer: Option<Mailer>,
    sms: Option<Sms>,
    outbox: Option<Outbox>,
    site_url: String,
    zone: Tz,
    deliveries: Semaphore,
    feedback: http::FeedbackSettings,
}

impl Notifications {
    /// Builds the parts; nothing is connected yet. `outbox` is for demonstrations: it takes mail where no server is configured.
    ///
    /// # Errors
    /// [`NotificationsError`] names the key.
    pub fn open(config: &Config, db: Db, outbox: Option<Outbox>) -> Result<Self, NotificationsError> {
        // Whoever is first installs it; the second is told, and needs nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = &config.notifications;
        let format = match settings.number_format {
            ConfiguredFormat::Go => NumberFormat::Go,
            ConfiguredFormat::Plain => NumberFormat::Plain,
        };
        let zone = settings.notification_timezone.as_deref().unwrap_or("UTC");
        let renderer = Renderer::new(zone, format, Limits::default())?;
        let mailer = Mailer::from_config(settings, outbox.as_ref())?;
        let sms = Sms::from_config(settings, outbox.as_ref())?;
        metrics::announce();
        Ok(Self {
            inner: Arc::new(Inner {
                store: Store::new(db),
                zone: renderer.zone(),
                renderer,
                mailer,
                sms,
                outbox,
                site_url: config.site_url(),
                deliveries: Semaphore::new(DELIVERIES),
                feedback: http::FeedbackSettings::from_config(config).map_err(NotificationsError::Client)?,
            }),
        })
    }

    /// Adds the kinds of this subject.
    #[must_use]
    pub fn register(&self, registry: Registry) -> Registry {
        kinds::register(&self.inner, registry).with_parallel(kinds::QUEUE, PARALLEL)
    }

    /// What sends mail, where there is something; for other subjects' mail.
    pub fn mailer(&self) -> Option<Mailer> {
        self.inner.mailer.clone()
    }

    /// Routes of `web.listen`: unsubscribing, reports of providers, in a demonstration the outbox.
    pub fn configure(&self, routes: &mut actix_web::web::ServiceConfig) {
        http::configure(&self.inner, routes);
        if let Some(outbox) = &self.inner.outbox {
            outbox.configure(routes);
        }
    }
}
