//! Rows that are handed on in parts.
//!
//! PostgreSQL builds the body of an API answer as one value, the last column of one row. A large one is not collected
//! here: the columns before it are taken as soon as they have arrived, and the value passes through in chunks. The
//! state (`tail`) lives in the connection like that of the flight, so whoever lands an abandoned flight throws away what
//! is left.

use super::inbound::offset;
use super::{DbError, ResultRow, Wire};
use crate::memory::Room;
use bytes::Bytes;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Least to read at once of such a row, in bytes.
pub(super) const CHUNK: usize = 64 * 1024;
/// A row of this many bytes or more may be handed on in parts.
const LARGE: usize = 256 * 1024;

/// How long a row waits for a reader's place or for room before it is collected all the same: its transaction may have changed something.
const PATIENCE: Duration = Duration::from_secs(10);

/// What large rows take: a place among those that pass through in parts, or room in memory.
#[derive(Clone, Debug)]
pub(in crate::db) struct LargeRows {
    /// Connections that may be lent to readers.
    pub(in crate::db) readers: Arc<Semaphore>,
    /// For rows that are collected.
    pub(in crate::db) room: Room,
}

/// What the next message is.
pub(super) enum Next {
    /// No large row, or one that is collected.
    Message,
    /// A large row whose last column can be taken in chunks.
    Opened,
    /// A large row of so many bytes, and all places of readers are taken.
    Crowded(usize),
}

/// Start and length of each column within the message; -1 = null.
type Places = SmallVec<[(u32, i32); 6]>;

impl Wire {
    /// Bytes of the opened row that are still to come.
    pub(in crate::db) fn tail(&self) -> usize {
        self.tail
    }

    /// The next part of an opened row; `None` once it is complete. Only [`Self::land`] tells whether the flight ended well.
    pub(in crate::db) async fn next_chunk(&mut self) -> Result<Option<Bytes>, DbError> {
        if self.tail == 0 {
            return Ok(None);
        }
        self.move_here().map_err(|error| self.lose(error))?;
        while self.inbound.is_empty() {
            self.drive().await?;
        }
        let chunk = self.inbound.split_to(self.inbound.len().min(self.tail)).freeze();
        self.tail -= chunk.len();
        Ok(Some(chunk))
    }

    /// Length of the large row whose beginning has arrived, if this flight opens such rows.
    pub(super) fn large_row(&self) -> Option<usize> {
        let flight = self.flight.as_ref().filter(|flight| flight.large.is_some())?;
        flight.steps.get(flight.current).filter(|step| step.collect)?;
        let [b'D', length @ ..] = self.inbound.get(..5)? else { return None };
        let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
        (length >= LARGE).then_some(length)
    }

    /// Takes all of a large row but its last column, as soon as that much is there and a reader may have it.
    pub(super) fn open_row(&mut self) -> Next {
        let Some(length) = self.large_row() else { return Next::Message };
        let Some((columns, start)) = columns_before_last(&self.inbound) else { return Next::Message };
        let Some(flight) = &mut self.flight else { return Next::Message };
        if flight.reader.is_none() {
            let Some(permit) = flight.large.as_ref().map(|large| Arc::clone(&large.readers).try_acquire_owned()) else {
                return Next::Message;
            };
            let Ok(permit) = permit else { return Next::Crowded(length) };
            flight.reader = Some(permit);
        }
        flight.large = None;
        let head = self.inbound.split_to(start).freeze();
        self.tail = (length + 1).saturating_sub(start);
        if let Some(rows) = flight.collected.last_mut() {
            rows.push(ResultRow { buffer: head, columns });
        }
        Next::Opened
    }

    /// Waits until a large row may be opened or there is room to collect it, whichever comes first.
    pub(super) async fn wait_for_room(&mut self, length: usize) {
        let Some(large) = self.flight.as_ref().and_then(|flight| flight.large.clone()) else { return };
        let (reader, place) = tokio::select! {
            biased;
            place = large.room.take(length, PATIENCE) => (None, place),
            reader = large.readers.acquire_owned() => (reader.ok(), None),
        };
        if let Some(flight) = &mut self.flight {
            if reader.is_none() {
                flight.large = None;
            }
            flight.reader = reader;
            flight.place = place;
        }
    }

    /// The permit of the opened row, for whoever reads it.
    pub(in crate::db) fn take_reader(&mut self) -> Option<OwnedSemaphorePermit> {
        self.flight.as_mut()?.reader.take()
    }
}

/// Places of all columns of a row but the last, and where the last one begins; `None` until that much has arrived.
/// The last column's own place is that of a null.
fn columns_before_last(message: &[u8]) -> Option<(Places, usize)> {
    let count = usize::from(u16::from_be_bytes(message.get(5..7)?.try_into().ok()?));
    let mut columns = SmallVec::with_capacity(count);
    let mut position = 7;
    for at in 0..count {
        let length = i32::from_be_bytes(message.get(position..position + 4)?.try_into().ok()?);
        position += 4;
        if at + 1 == count {
            columns.push((0, -1));
            return Some((columns, position));
        }
        let width = usize::try_from(length).unwrap_or(0);
        columns.push(if length < 0 { (0, -1) } else { (offset(position).ok()?, length) });
        position += width;
        message.get(..position)?;
    }
    None
}
