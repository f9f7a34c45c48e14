//! The one LISTEN connection of a process.
//!
//! Notifications are hints: whoever subscribes must also be right without them, and treats [`HubEvent::Reconnected`] as
//! "anything may have happened".

use super::conninfo::{ConnectionString, ConninfoError};
use super::{DbError, direct, tls};
use crate::config::Secret;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, broadcast, watch};
use tokio_postgres::AsyncMessage;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(32);
/// Events that a slow subscriber may be behind before it loses some.
const BACKLOG: usize = 256;

/// Fan-out of notifications.
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    channels: Mutex<HashMap<String, broadcast::Sender<HubEvent>>>,
    changed: Notify,
    stop: tokio_util::sync::CancellationToken,
    is_connected: AtomicBool,
    /// Channels that the server knows we listen to; none while the connection is away.
    listening: watch::Sender<Vec<String>>,
    /// Whether the first connection counts as a return, too.
    is_late: AtomicBool,
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
    /// Starts listening in the background; reconnects after 1 s, then doubling up to 32 s. Every open channel hears
    /// [`HubEvent::Reconnected`] when the connection is back (not at the first connection).
    ///
    /// # Errors
    /// The connection string is unusable. A server that is down is not an error.
    pub fn spawn(url: &Secret, application_name: impl Into<String>) -> Result<Self, DbError> {
        let conninfo = ConnectionString::parse(url.expose().ok_or(ConninfoError::Missing)?)?;
        let tls = tls::client_config(&conninfo)?;
        let shared = Arc::new(Shared {
            channels: Mutex::default(),
            changed: Notify::new(),
            stop: tokio_util::sync::CancellationToken::new(),
            is_connected: AtomicBool::new(false),
            listening: watch::Sender::default(),
            is_late: AtomicBool::new(false),
        });
        let hub = Self { shared: Arc::clone(&shared) };
        let application_name = application_name.into();
        tokio::spawn(async move {
            let stop = shared.stop.clone();
            tokio::select! {
                () = stop.cancelled() => {}
                () = shared.listen(&conninfo, tls.as_ref(), &application_name) => {}
            }
            shared.is_connected.store(false, Ordering::Relaxed);
        });
        Ok(hub)
    }

    /// Listens on a channel from now on.
    pub fn subscribe(&self, channel: &str) -> broadcast::Receiver<HubEvent> {
        let mut channels = self.shared.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = channels.entry(channel.to_owned()).or_insert_with(|| {
            self.shared.changed.notify_one();
            broadcast::Sender::new(BACKLOG)
        });
        sender.subscribe()
    }

    /// Waits until nothing that is said on a channel can be missed any more, or until the limit has passed. In that case
    /// the first connection will be announced as a return: something may have been said before it.
    pub async fn wait_until_listening(&self, channel: &str, limit: Duration) -> bool {
        let mut listening = self.shared.listening.subscribe();
        let heard = listening.wait_for(|channels| channels.iter().any(|known| known == channel));
        let in_time = tokio::time::timeout(limit, heard).await.is_ok();
        if !in_time {
            self.shared.is_late.store(true, Ordering::Relaxed);
        }
        in_time
    }

    /// Whether the LISTEN connection is up.
    pub fn is_connected(&self) -> bool {
        self.shared.is_connected.load(Ordering::Relaxed)
    }

    /// Closes the connection and stops.
    pub fn stop(&self) {
        self.shared.stop.cancel();
    }
}

impl Shared {
    async fn listen(
        &self,
        conninfo: &ConnectionString,
        tls: Option<&Arc<rustls::ClientConfig>>,
        application_name: &str,
    ) {
        let mut pause = FIRST_PAUSE;
        let mut was_connected = false;
        loop {
            match direct::connect_undriven(conninfo, tls, application_name).await {
                Ok((client, connection)) => {
                    let lasted = self.hear(&client, connection, was_connected).await;
                    self.is_connected.store(false, Ordering::Relaxed);
                    self.listening.send_replace(Vec::new());
                    if let Err(error) = lasted {
                        tracing::warn!(%error, "lost the LISTEN connection");
                    }
                    was_connected = true;
                    pause = FIRST_PAUSE;
                }
                Err(error) => tracing::warn!(%error, pause_s = pause.as_secs(), "cannot open the LISTEN connection"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Listens until the connection ends.
    async fn hear(
        &self,
        client: &tokio_postgres::Client,
        mut connection: direct::UndrivenConnection,
        is_reconnect: bool,
    ) -> Result<(), DbError> {
        let mut listening: Vec<String> = Vec::new();
        let mut announced = !is_reconnect;
        loop {
            let fresh = self.unheard(&listening);
            let sql =
                fresh.iter().map(|channel| format!("LISTEN \"{}\";", channel.replace('"', "\"\""))).collect::<String>();
            let mut subscribe = std::pin::pin!(async {
                match sql.is_empty() {
                    true => std::future::pending().await,
                    false => client.batch_execute(&sql).await,
                }
            });
            loop {
                tokio::select! {
                    biased;
                    done = &mut subscribe => {
                        done?;
                        listening.extend(fresh);
                        self.is_connected.store(true, Ordering::Relaxed);
                        self.listening.send_replace(listening.clone());
                        break;
                    }
                    message = std::future::poll_fn(|context| connection.poll_message(context)) => match message {
                        None => return Err(DbError::lost(super::handshake::closed())),
                        Some(message) => self.deliver(message?),
                    },
                    () = self.changed.notified(), if sql.is_empty() => break,
                }
            }
            if !listening.is_empty() && (!announced || self.is_late.swap(false, Ordering::Relaxed)) {
                announced = true;
                self.announce_reconnect();
            }
        }
    }

    fn unheard(&self, listening: &[String]) -> Vec<String> {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        channels.keys().filter(|channel| !listening.contains(channel)).cloned().collect()
    }

    fn deliver(&self, message: AsyncMessage) {
        if let AsyncMessage::Notification(notification) = message {
            let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(sender) = channels.get(notification.channel()) {
                // Nobody listening any more is fine.
                let _ = sender.send(HubEvent::Notification(notification.payload().to_owned()));
            }
        }
    }

    fn announce_reconnect(&self) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in channels.values() {
            let _ = sender.send(HubEvent::Reconnected);
        }
    }
}
