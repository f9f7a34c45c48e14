//! One listener's answer: events as they come, a sign of life in between, an end when the token ends.

use super::journal::{Event, Journal, What};
use bytes::Bytes;
use futures_util::Stream;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Proxies close what is silent for a minute.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);
/// After this time a client connects anew.
const LONGEST: Duration = Duration::from_secs(3600);
/// When browsers try again, milliseconds.
const RETRY: u32 = 3_000;

/// What one listener may hear.
pub(super) struct Filter {
    pub(super) user: Option<String>,
    pub(super) schema: String,
    pub(super) tables: BTreeSet<String>,
}

impl Filter {
    fn passes(&self, what: &What) -> bool {
        match what {
            What::Notification { user, .. } => self.user.as_ref() == Some(user),
            What::Change { schema, table } => *schema == self.schema && self.tables.contains(table),
            What::Reset => true,
        }
    }
}

pub(super) fn listen(
    journal: &Journal,
    filter: Filter,
    since: Option<String>,
    expires: Option<f64>,
    stop: CancellationToken,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Infallible>> + 'static {
    let (missed, receiver) = journal.subscribe(since.as_deref());
    // The first event tells which tables are listened to and gives an id to come back with.
    let tables: Vec<&str> = filter.tables.iter().map(String::as_str).collect();
    let ready = serde_json::json!({"tables": tables, "notifications": filter.user.is_some()});
    let mut first = format!("retry: {RETRY}\nid: {}\nevent: ready\ndata: {ready}\n\n", journal.now());
    for event in &missed {
        if filter.passes(&event.what) {
            first.push_str(&written(journal, event));
        }
    }
    let end = tokio::time::Instant::now() + lifetime(expires);
    let state = (journal.clone(), filter, receiver, Some(first), stop, permit);
    futures_util::stream::unfold(state, move |(journal, filter, mut receiver, first, stop, permit)| async move {
        if let Some(first) = first {
            return Some((Ok(Bytes::from(first)), (journal, filter, receiver, None, stop, permit)));
        }
        let life = tokio::time::sleep(SIGN_OF_LIFE);
        tokio::pin!(life);
        let text = loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep_until(end) => return None,
                () = &mut life => break ":\n\n".to_owned(),
                event = receiver.recv() => match event {
                    Ok(event) if filter.passes(&event.what) => break written(&journal, &event),
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        break format!("id: {}\nevent: reset\ndata: {{}}\n\n", journal.now());
                    }
                    Err(RecvError::Closed) => return None,
                },
            }
        };
        Some((Ok(Bytes::from(text)), (journal, filter, receiver, None, stop, permit)))
    })
}

fn written(journal: &Journal, event: &Arc<Event>) -> String {
    let (name, data) = match &event.what {
        What::Notification { id, .. } => ("notification", serde_json::json!({"id": id})),
        What::Change { table, .. } => ("change", serde_json::json!({"table": table})),
        What::Reset => ("reset", serde_json::json!({})),
    };
    format!("id: {}\nevent: {name}\ndata: {data}\n\n", journal.id(event.number))
}

fn lifetime(expires: Option<f64>) -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    expires.map_or(LONGEST, |expires| Duration::from_secs_f64((expires - now).clamp(0.0, LONGEST.as_secs_f64())))
}
