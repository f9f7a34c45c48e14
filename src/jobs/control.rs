//! Cancel, pause, resume: heard from River's control channel, and polled, because LISTEN may be unavailable behind a transaction pooler.

use super::QueueSettings;
use super::executor::{Executor, StopReason};
use super::producer::Producer;
use super::store::Store;
use crate::db::{Hub, HubEvent};
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Channels of WORKERS.md §2.7.
pub(super) const INSERT_CHANNEL: &str = "metadata.river_insert";
pub(super) const CONTROL_CHANNEL: &str = "metadata.river_control";
pub(super) const LEADERSHIP_CHANNEL: &str = "metadata.river_leadership";

/// With a working LISTEN the poll is only a safety net.
const POLL_WITH_LISTEN: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize)]
struct InsertNotice {
    queue: String,
}

/// Unknown actions are ignored; so are members that we do not use.
#[derive(Debug, Deserialize)]
struct ControlNotice {
    action: String,
    #[serde(default)]
    queue: String,
    #[serde(default)]
    job_id: i64,
}

/// Wakes the producer of each queue that was inserted into.
pub(super) async fn watch_inserts(hub: Hub, producers: Vec<Producer>, stop: CancellationToken) {
    let mut inserts = hub.subscribe(INSERT_CHANNEL);
    loop {
        match next(&mut inserts, &stop).await {
            Some(HubEvent::Notification(payload)) => {
                let Ok(notice) = serde_json::from_str::<InsertNotice>(&payload) else { continue };
                for producer in producers.iter().filter(|producer| producer.queue.name == notice.queue) {
                    producer.wake();
                }
            }
            // Something may have been missed.
            Some(HubEvent::Reconnected) => producers.iter().for_each(Producer::wake),
            None => return,
        }
    }
}

/// Applies control messages.
pub(super) async fn watch_control(hub: Hub, producers: Vec<Producer>, executor: Executor, stop: CancellationToken) {
    let mut control = hub.subscribe(CONTROL_CHANNEL);
    while let Some(event) = next(&mut control, &stop).await {
        let HubEvent::Notification(payload) = event else { continue };
        let Ok(notice) = serde_json::from_str::<ControlNotice>(&payload) else { continue };
        match notice.action.as_str() {
            "cancel" if executor.cancel(notice.job_id, StopReason::RemoteCancel) => {
                tracing::info!(job_id = notice.job_id, "Job {} was cancelled while running here", notice.job_id);
            }
            "pause" | "resume" => {
                let paused = notice.action == "pause";
                for producer in
                    producers.iter().filter(|producer| notice.queue == "*" || producer.queue.name == notice.queue)
                {
                    producer.set_paused(paused);
                }
            }
            _ => {}
        }
    }
}

/// Looks at the tables now and then: each second without LISTEN.
pub(super) async fn poll(
    store: Store,
    hub: Option<Hub>,
    client_id: String,
    producers: Vec<Producer>,
    executor: Executor,
    settings: QueueSettings,
    stop: CancellationToken,
) {
    let queues: Vec<String> = producers.iter().map(|producer| producer.queue.name.to_owned()).collect();
    loop {
        let listening = hub.as_ref().is_some_and(Hub::is_connected);
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(if listening { POLL_WITH_LISTEN.max(settings.poll_interval) } else { settings.poll_interval }) => {}
        }
        let Ok(control) = store.poll_control(&client_id, &queues).await else { continue };
        let all = control.paused.iter().any(|queue| queue == "*");
        for producer in &producers {
            producer.set_paused(all || control.paused.iter().any(|queue| queue == producer.queue.name));
        }
        for id in control.cancelled {
            executor.cancel(id, StopReason::RemoteCancel);
        }
    }
}

/// The next event; a slow receiver that lost some is told to look everywhere.
pub(super) async fn next(receiver: &mut Receiver<HubEvent>, stop: &CancellationToken) -> Option<HubEvent> {
    tokio::select! {
        () = stop.cancelled() => None,
        event = receiver.recv() => match event {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(_)) => Some(HubEvent::Reconnected),
            Err(RecvError::Closed) => None,
        },
    }
}
