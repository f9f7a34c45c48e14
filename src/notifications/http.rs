//! What reaches notifications over HTTP: unsubscribing, bounces and complaints, answers to text messages. Each request proves itself: by a token that only
//! the mail had, by a signature, or by a secret.

mod feedback;
mod inbound;
mod sns;
mod unsubscribe;

use super::Inner;
use crate::config::{Config, Secret};
use crate::outbound::http_client;
use actix_web::web;
use std::sync::Arc;

/// Bodies beyond this are refused (SURFACE.md §3).
const LARGEST_BODY: usize = 65_536;

/// Who may report.
pub(super) struct FeedbackSettings {
    topic: Option<String>,
    secret: Secret,
    public_url: String,
    client: reqwest::Client,
}

impl FeedbackSettings {
    pub(super) fn from_config(config: &Config) -> Result<Self, reqwest::Error> {
        Ok(Self {
            topic: config.notifications.feedback_topic.clone(),
            secret: config.notifications.feedback_secret.clone(),
            public_url: config.public_url(),
            client: http_client(std::time::Duration::from_secs(10))?,
        })
    }
}

pub(super) fn configure(inner: &Arc<Inner>, routes: &mut web::ServiceConfig) {
    let shared = || web::Data::from(Arc::clone(inner));
    let limit = || web::PayloadConfig::new(LARGEST_BODY);
    routes
        .service(
            web::resource("/notifications/unsubscribe")
                .app_data(shared())
                .app_data(limit())
                .route(web::get().to(unsubscribe::ask))
                .route(web::post().to(unsubscribe::act)),
        )
        .service(
            web::resource("/webhooks/mail")
                .app_data(shared())
                .app_data(limit())
                .route(web::post().to(feedback::receive)),
        )
        .service(
            web::resource("/webhooks/sms").app_data(shared()).app_data(limit()).route(web::post().to(inbound::receive)),
        );
}
