//! What LISTEN hears, numbered; the last of it is kept for those who were away for a moment.

use crate::db::{Hub, HubEvent};
use serde::Deserialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

/// The channel of the triggers in `18-notifications`.
const CHANNEL: &str = "civic_os.events";
/// Events kept for reconnecting listeners, and how far a slow one may be behind.
const KEPT: usize = 1_024;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) number: u64,
    pub(super) what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum What {
    /// Somebody got a notification.
    Notification {
        /// Its person.
        user: String,
        /// Its id.
        id: i64,
    },
    /// Rows of a table changed.
    Change {
        /// Schema.
        schema: String,
        /// Table.
        table: String,
    },
    /// Something may have been missed.
    Reset,
}

#[derive(Clone)]
pub(super) struct Journal {
    shared: Arc<Shared>,
}

struct Shared {
    /// Differs between processes and starts: numbers of another one mean nothing here.
    epoch: String,
    state: Mutex<State>,
    sender: broadcast::Sender<Arc<Event>>,
}

#[derive(Default)]
struct State {
    last: u64,
    kept: VecDeque<Arc<Event>>,
}

impl Journal {
    pub(super) fn start(hub: &Hub, stop: CancellationToken) -> Self {
        let epoch = format!("{:08x}", rand::random::<u32>());
        let sender = broadcast::Sender::new(KEPT);
        let journal = Self { shared: Arc::new(Shared { epoch, state: Mutex::default(), sender }) };
        let mut heard = hub.subscribe(CHANNEL);
        let writer = journal.clone();
        tokio::spawn(async move {
            loop {
                let what = tokio::select! {
                    () = stop.cancelled() => return,
                    event = heard.recv() => match event {
                        Ok(HubEvent::Notification(payload)) => serde_json::from_str(&payload).ok(),
                        Ok(HubEvent::Reconnected) | Err(broadcast::error::RecvError::Lagged(_)) => Some(What::Reset),
                        Err(broadcast::error::RecvError::Closed) => return,
                    },
                };
                if let Some(what) = what {
                    writer.write(what);
                }
            }
        });
        journal
    }

    pub(super) fn write(&self, what: What) {
        let mut state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last += 1;
        let event = Arc::new(Event { number: state.last, what });
        state.kept.push_back(Arc::clone(&event));
        if state.kept.len() > KEPT {
            state.kept.pop_front();
        }
        // Nobody listening is fine. Sent under the lock: a subscriber gets every event once, from the list or from here.
        let _ = self.shared.sender.send(event);
    }

    /// What was missed since an id, and everything from now on. An id that says nothing here is answered with a reset.
    pub(super) fn subscribe(&self, since: Option<&str>) -> (Vec<Arc<Event>>, broadcast::Receiver<Arc<Event>>) {
        let state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.shared.sender.subscribe();
        let reset = || vec![Arc::new(Event { number: state.last, what: What::Reset })];
        let missed = match since {
            None => Vec::new(),
            Some(id) => match id.split_once('-').map(|(epoch, number)| (epoch, number.parse::<u64>())) {
                Some((epoch, Ok(number))) if epoch == self.shared.epoch && number <= state.last => {
                    let oldest = state.kept.front().map_or(state.last + 1, |event| event.number);
                    if number + 1 < oldest {
                        reset()
                    } else {
                        state.kept.iter().filter(|event| event.number > number).cloned().collect()
                    }
                }
                _ => reset(),
            },
        };
        (missed, receiver)
    }

    /// The id of an event as listeners see it.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.shared.epoch)
    }

    /// The id before which nothing was missed.
    pub(super) fn now(&self) -> String {
        self.id(self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal {
        let sender = broadcast::Sender::new(KEPT);
        Journal { shared: Arc::new(Shared { epoch: "e".into(), state: Mutex::default(), sender }) }
    }

    fn change(table: &str) -> What {
        What::Change { schema: "public".into(), table: table.into() }
    }

    #[test]
    fn who_was_away_gets_what_was_missed_or_is_told_so() {
        let journal = journal();
        for table in ["a", "b", "c"] {
            journal.write(change(table));
        }
        let missed =
            |since: &str| journal.subscribe(Some(since)).0.iter().map(|event| event.what.clone()).collect::<Vec<_>>();
        assert_eq!(missed("e-1"), [change("b"), change("c")]);
        assert_eq!(missed("e-3"), []);
        for foreign in ["e-9", "x-1", "nonsense", ""] {
            assert_eq!(missed(foreign), [What::Reset], "{foreign}");
        }
        assert!(journal.subscribe(None).0.is_empty());
        for _ in 0..KEPT {
            journal.write(change("d"));
        }
        assert_eq!(missed("e-1"), [What::Reset], "forgotten");
        assert_eq!(journal.now(), format!("e-{}", KEPT + 3));
    }
}
