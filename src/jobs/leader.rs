//! One leader per database does the housekeeping. The lease is a row with a term; we renew exactly the term that we won and trust it locally for less
//! time than the database does, so that two leaders never act at once.

use super::QueueSettings;
use super::control::{self, LEADERSHIP_CHANNEL};
use super::store::{Bid, Store};
use super::{maintenance, metrics};
use crate::db::{Hub, HubEvent};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// We trust a lease for this part of its length (12 of 15 s).
const TRUST: f64 = 0.8;

/// Takes part in elections until the stop, then resigns.
pub(super) async fn run(
    store: Store,
    hub: Option<Hub>,
    client_id: String,
    kinds: Vec<String>,
    settings: QueueSettings,
    stop: CancellationToken,
) {
    let mut resignations = hub.as_ref().map(|hub| hub.subscribe(LEADERSHIP_CHANNEL));
    // A bid without an answer may have been won.
    let mut may_lead = false;
    while !stop.is_cancelled() {
        let asked = Instant::now();
        let bid = store.elect(&client_id, settings.leader_lease).await;
        may_lead = !matches!(bid, Ok(Bid::Lost(_)));
        let lease_left = match bid {
            Ok(Bid::Lost(left)) => left,
            _ => None,
        };
        if let Ok(Bid::Won(elected_at)) = bid {
            tracing::info!("Elected leader of the job queue");
            lead(&store, &client_id, elected_at, asked, &kinds, &settings, &stop).await;
            if stop.is_cancelled() {
                break;
            }
            tracing::warn!("No longer leader of the job queue");
        }
        let pause = settings.elect_every.mul_f64(1.0 + 0.2 * rand::random::<f64>());
        // A leader that dies is followed right after its lease.
        let pause =
            lease_left.map_or(pause, |left| pause.min(left + Duration::from_secs_f64(0.2 * rand::random::<f64>())));
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
            () = resigned(resignations.as_mut(), &stop) => {
                tokio::time::sleep(Duration::from_millis(50).mul_f64(rand::random())).await;
            }
        }
    }
    if may_lead && let Err(error) = store.resign(&client_id).await {
        tracing::debug!(error = &error as &dyn std::error::Error, "The leadership was not given up; it ends by itself");
    }
}

/// Housekeeping while the term is certainly ours.
async fn lead(
    store: &Store,
    client_id: &str,
    elected_at: i64,
    asked: Instant,
    kinds: &[String],
    settings: &QueueSettings,
    stop: &CancellationToken,
) {
    let term = stop.child_token();
    let work = tokio::spawn(maintenance::run(store.clone(), kinds.to_vec(), settings.clone(), term.clone()));
    let trust = settings.leader_lease.mul_f64(TRUST);
    let mut certain_until = asked + trust;
    loop {
        let rest = certain_until.saturating_duration_since(Instant::now());
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(settings.elect_every.min(rest)) => {}
        }
        let asked = Instant::now();
        match tokio::time::timeout(settings.elect_every, store.renew(client_id, elected_at, settings.leader_lease))
            .await
        {
            Ok(Ok(true)) => certain_until = asked + trust,
            Ok(Ok(false)) => break,
            Ok(Err(_)) | Err(_) if Instant::now() < certain_until => {}
            Ok(Err(_)) | Err(_) => break,
        }
    }
    term.cancel();
    work.abort();
    let _ = work.await;
    metrics::stop_showing_depth();
}

async fn resigned(resignations: Option<&mut tokio::sync::broadcast::Receiver<HubEvent>>, stop: &CancellationToken) {
    let Some(receiver) = resignations else { return std::future::pending().await };
    loop {
        match control::next(receiver, stop).await {
            Some(HubEvent::Notification(payload)) if payload.contains("\"resigned\"") => return,
            Some(HubEvent::Notification(_)) => {}
            Some(HubEvent::Reconnected) | None => return,
        }
    }
}
