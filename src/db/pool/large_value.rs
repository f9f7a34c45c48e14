//! A large value on its way from the server to whoever reads it.
//!
//! A task of its own takes chunks from the connection and waits for the reader, so memory is bounded by a few chunks.
//! A reader that is too slow loses the rest: the connection is needed by others. The last chunk is only given out when
//! the transaction has ended well, so that a value that is complete is also right.

use super::{Checkout, DbError};
use bytes::Bytes;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// Chunks that may wait for the reader.
const CHUNKS_AHEAD: usize = 4;
/// How long a reader may keep the connection waiting at once. The kernel takes on more only when a third of its buffer is
/// free, so a slow reader seems to stand still for a while.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes a second that a reader must take on the whole, beyond the first moments.
const LEAST_RATE: usize = 16 * 1024;

/// A value in parts. Dropped early, it gives its connection back.
#[derive(Debug)]
pub struct LargeValue {
    length: usize,
    chunks: mpsc::Receiver<Result<Bytes, DbError>>,
}

impl LargeValue {
    pub(super) fn read(mut checkout: Checkout) -> Self {
        let (length, reader) = checkout.open_wire().map_or((0, None), |wire| (wire.tail(), wire.take_reader()));
        let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
        tokio::spawn(async move {
            hand_on(checkout, &sender).await;
            drop(reader);
        });
        Self { length, chunks }
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The next chunk; `None` at the end. After an error, or with fewer bytes than [`Self::len`], the value is incomplete.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, DbError>>> {
        self.chunks.poll_recv(context)
    }
}

async fn hand_on(mut checkout: Checkout, sender: &mpsc::Sender<Result<Bytes, DbError>>) {
    let Some(wire) = checkout.open_wire() else { return };
    let (mut waited, mut sent) = (Duration::ZERO, 0);
    let mut chunk = wire.next_chunk().await;
    loop {
        let started = Instant::now();
        let on_the_whole = PATIENCE + Duration::from_secs((sent / LEAST_RATE) as u64);
        let patience = on_the_whole.saturating_sub(waited).min(PATIENCE);
        // Also ends when the reader is gone.
        let Ok(Ok(place)) = tokio::time::timeout(patience, sender.reserve()).await else { return };
        waited += started.elapsed();
        match chunk {
            Ok(Some(bytes)) => {
                sent += bytes.len();
                let next = match wire.tail() {
                    0 => wire.land().await.map(|_| None),
                    _ => wire.next_chunk().await,
                };
                place.send(match &next {
                    Err(error) if wire.tail() == 0 => Err(error.clone()),
                    _ => Ok(bytes),
                });
                chunk = next;
            }
            Ok(None) => {
                if wire.is_in_flight() {
                    // A value of no length has nothing to hold back.
                    let _ = wire.land().await;
                }
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "a large value broke off");
                place.send(Err(error));
                return;
            }
        }
    }
}
