//! `clean_notifications`: what nobody waits for any more, every quarter of an hour.

use super::QUEUE;
use crate::jobs::{Kind, Outcome, Periodic, Run};
use crate::notifications::Inner;
use async_trait::async_trait;
use std::sync::Arc;

pub(in crate::notifications) struct CleanNotifications(pub(super) Arc<Inner>);

#[async_trait]
impl Kind for CleanNotifications {
    fn kind(&self) -> &'static str {
        "clean_notifications"
    }

    fn queue(&self) -> &'static str {
        QUEUE
    }

    fn periodic(&self) -> Vec<Periodic> {
        let mut periodic = Periodic::new("notifications: clean up", "*/15 * * * *");
        periodic.priority = 3;
        periodic.max_attempts = 3;
        vec![periodic]
    }

    async fn run(&self, _run: Run) -> Outcome {
        match self.0.store.clean().await {
            Ok(rows) => {
                tracing::debug!(rows, "Cleaned up after the template editor");
                Outcome::Complete
            }
            Err(error) => Outcome::Fail(error.to_string()),
        }
    }
}
