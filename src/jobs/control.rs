//! Cancel, pause, resume: heard from River's control channel, and polled, because LISTEN may be unavailable behind a transaction pooler.

use super::QueueSettings;
use super::executor::{Executor, StopReason};
use super::producer::Producer;
use super::store::Store;
use crate::db::{Hub, HubEvent};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    #[serde(default)]
    client_id: String,
}

/// Whether notifications arrive. A transaction pooler takes LISTEN and delivers nothing, so this is tried out: a process greets itself.
#[derive(Clone, Default)]
pub(super) struct Hears(Arc<AtomicBool>);

impl Hears {
    fn set(&self, hears: bool) {
        self.0.store(hears, Ordering::SeqCst);
    }

    fn is_certain(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
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
pub(super) async fn watch_control(
    hub: Hub,
    client_id: String,
    hears: Hears,
    producers: Vec<Producer>,
    executor: Executor,
    stop: CancellationToken,
) {
    let mut control = hub.subscribe(CONTROL_CHANNEL);
    while let Some(event) = next(&mut control, &stop).await {
        let HubEvent::Notification(payload) = event else {
            hears.set(false);
            continue;
        };
        let Ok(notice) = serde_json::from_str::<ControlNotice>(&payload) else { continue };
        match notice.action.as_str() {
            "cancel" if executor.cancel(notice.job_id, StopReason::RemoteCancel) => {
                tracing::info!(job_id = notice.job_id, "Job {} was cancelled while running here", notice.job_id);
            }
            "greet" if notice.client_id == client_id => hears.set(true),
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
#[expect(clippy::too_many_arguments, reason = "the parts of one process, each needed")]
pub(super) async fn poll(
    store: Store,
    hub: Option<Hub>,
    hears: Hears,
    client_id: String,
    producers: Vec<Producer>,
    executor: Executor,
    settings: QueueSettings,
    stop: CancellationToken,
) {
    let queues: Vec<String> = producers.iter().map(|producer| producer.queue.name.to_owned()).collect();
    loop {
        let connected = hub.as_ref().is_some_and(Hub::is_connected);
        let listening = connected && hears.is_certain();
        if connected
            && !listening
            && let Err(error) = store.greet(&client_id).await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "Notifications cannot be tried out");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(if listening { POLL_WITH_LISTEN.max(settings.poll_interval) } else { settings.poll_interval }) => {}
        }
        // Without a claim under way, what the table says is ours and we do not know is a claim whose answer was lost.
        let alone = executor.in_hand().claims.try_write();
        let polled = store.poll_control(&client_id, &queues).await;
        let compared = alone.is_ok();
        drop(alone);
        let Ok(control) = polled else { continue };
        if compared {
            hand_back_unknown(&store, &executor, control.running).await;
        }
        let all = control.paused.iter().any(|queue| queue == "*");
        for producer in &producers {
            producer.set_paused(all || control.paused.iter().any(|queue| queue == producer.queue.name));
        }
        for id in control.cancelled {
            executor.cancel(id, StopReason::RemoteCancel);
        }
    }
}

/// Written only if the row still is that run: a result that was written meanwhile stays.
async fn hand_back_unknown(store: &Store, executor: &Executor, running: Vec<(i64, i64)>) {
    for run in running.into_iter().filter(|run| !executor.in_hand().holds(*run)) {
        match store.hand_back_unknown(run).await {
            Ok(false) => {}
            Ok(true) => tracing::warn!(
                job_id = run.0,
                "Job {} was given to this process, but the answer was lost; it goes back",
                run.0
            ),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "Job {} cannot be handed back yet", run.0)
            }
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
