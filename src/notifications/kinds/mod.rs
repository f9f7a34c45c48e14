//! The jobs of this subject; each is safe to run twice.

mod check;
mod clean;
mod digest;
mod email;
mod render;
mod send;

use super::Inner;
use super::mail::Refusal;
use crate::jobs::{Outcome, Registry, Run};
use std::sync::Arc;
use std::time::Duration;

/// The queue of all of them (WORKERS.md §3).
pub(super) const QUEUE: &str = "notifications";
/// A provider that is away is asked again for this long, seconds.
const PATIENCE: f64 = 24.0 * 3600.0;
/// How often, once the ordinary attempts are used.
const LATER: Duration = Duration::from_secs(900);
/// A delivery that finds all slots taken waits this long, then makes room for the template editor.
const SLOT_WAIT: Duration = Duration::from_secs(3);

/// All kinds.
pub(super) fn register(inner: &Arc<Inner>, registry: Registry) -> Registry {
    registry
        .with(send::SendNotification(Arc::clone(inner)))
        .with(email::SendEmail(Arc::clone(inner)))
        .with(check::ValidateTemplateParts(Arc::clone(inner)))
        .with(check::PreviewTemplateParts(Arc::clone(inner)))
        .with(digest::SendDigests(Arc::clone(inner)))
        .with(digest::SendDigest(Arc::clone(inner)))
        .with(clean::CleanNotifications(Arc::clone(inner)))
}

/// Attempts follow the queue's rule (1 s, 16 s, 81 s, 256 s); after the last one, what may still work is tried again every quarter of an hour for a
/// day, so that an hour without mail server loses nothing.
fn try_again(run: &Run, age: f64, refusal: &Refusal) -> Outcome {
    let is_last = run.job.attempt >= run.job.max_attempts;
    if is_last && age < PATIENCE { Outcome::Snooze(LATER) } else { Outcome::Fail(refusal.text.clone()) }
}

/// A slot for a delivery, or the wish to come back later.
async fn slot(inner: &Inner) -> Result<tokio::sync::SemaphorePermit<'_>, Outcome> {
    match tokio::time::timeout(SLOT_WAIT, inner.deliveries.acquire()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Outcome::Snooze(Duration::from_secs(5))),
    }
}
