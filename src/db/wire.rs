//! One connection that speaks the wire protocol without a driver task.
//!
//! A *flight* is everything from the first byte sent to `ReadyForQuery`. It is built in memory, written at once and
//! read by whoever waits for it. Invariant: the state of a flight lives in the connection and not in the future that
//! drives it, so a dropped future leaves a flight that somebody else can land ([`Wire::land`] again).
//! Why not tokio-postgres here: docs/adr/0003-own-wire-for-requests.md. Caller: [`super::pool`].

mod inbound;
mod large_row;
mod outbound;

use super::handshake::{CancelKey, Session, closed};
use super::request::{Decision, RequestTransaction, TransactionEnd};
use super::statement::{StatementCache, StatementName};
use super::transport::Transport;
use super::{DbError, RequestResult, ResultRow, ServerError, Statement};
use crate::memory::Place;
use bytes::BytesMut;
pub(super) use large_row::LargeRows;
use large_row::Next;
use postgres_protocol::message::frontend;
use smallvec::SmallVec;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncWrite as _, AsyncWriteExt as _};
use tokio::sync::OwnedSemaphorePermit;

/// Buffers beyond this size are given back after a flight.
const KEEP_CAPACITY: usize = 256 * 1024;
const READ_CHUNK: usize = 8 * 1024;

pub(super) struct Wire {
    transport: Option<Transport>,
    home: tokio::runtime::Id,
    out: BytesMut,
    written: usize,
    inbound: BytesMut,
    statements: StatementCache,
    /// Bit n: the settings statement with n pairs is prepared.
    settings_ready: u64,
    has_plain_defaults: bool,
    flight: Option<Flight>,
    /// Bytes of a large row's last column that are still to come.
    tail: usize,
    status: u8,
    is_broken: bool,
    pub(super) expires: Instant,
    pub(super) generation: u64,
    pub(super) is_used: bool,
    pub(super) cancel_key: Option<CancelKey>,
}

#[derive(Default)]
struct Flight {
    steps: SmallVec<[Step; 6]>,
    current: usize,
    error: Option<Box<ServerError>>,
    collected: Vec<Vec<ResultRow>>,
    notices: Vec<ServerError>,
    has_answer: bool,
    /// The next large row is opened, or collected where there is room, as these have it.
    large: Option<LargeRows>,
    /// For the row that is opened.
    reader: Option<OwnedSemaphorePermit>,
    /// For the row that is collected.
    place: Option<Place>,
}

#[derive(Default)]
struct Step {
    confirm: Option<(Box<[u8]>, StatementName)>,
    confirm_settings: Option<usize>,
    collect: bool,
}

/// How one step of a flight is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Never,
    SecondSight,
    AtOnce,
}

/// What came back.
pub(super) struct Landed {
    /// Rows of each collecting step.
    pub(super) collected: Vec<Vec<ResultRow>>,
    notices: Vec<ServerError>,
}

impl Wire {
    pub(super) fn new(session: Session, statements: StatementCache, expires: Instant, generation: u64) -> Self {
        Self {
            transport: Some(session.transport),
            home: tokio::runtime::Handle::current().id(),
            out: BytesMut::with_capacity(4096),
            written: 0,
            inbound: session.inbound,
            statements,
            settings_ready: 0,
            has_plain_defaults: session.has_plain_defaults,
            flight: None,
            tail: 0,
            status: b'I',
            is_broken: false,
            expires,
            generation,
            is_used: false,
            cancel_key: session.cancel_key,
        }
    }

    /// A connection that is closed already.
    pub(super) fn gone() -> Self {
        Self {
            transport: None,
            home: tokio::runtime::Handle::current().id(),
            out: BytesMut::new(),
            written: 0,
            inbound: BytesMut::new(),
            statements: StatementCache::new(1, false),
            settings_ready: 0,
            has_plain_defaults: true,
            flight: None,
            tail: 0,
            status: b'I',
            is_broken: true,
            expires: Instant::now(),
            generation: 0,
            is_used: true,
            cancel_key: None,
        }
    }

    /// Whether it can take a flight. Looks at what the server may have said meanwhile, without waiting.
    pub(super) fn is_usable(&mut self) -> bool {
        if self.is_broken || self.flight.is_some() || self.status != b'I' {
            return false;
        }
        let mut context = Context::from_waker(std::task::Waker::noop());
        loop {
            match self.poll_fill(&mut context) {
                Poll::Pending => return true,
                // The runtime it was registered with may be gone; the socket need not be.
                Poll::Ready(Err(_)) if self.home != tokio::runtime::Handle::current().id() => {
                    self.abandon();
                    if self.move_here().is_err() {
                        return false;
                    }
                }
                Poll::Ready(Ok(0) | Err(_)) => return false,
                Poll::Ready(Ok(_)) => match self.take_unasked() {
                    Ok(()) => {}
                    Err(_) => return false,
                },
            }
        }
    }

    /// A flight is under way that nobody waits for.
    pub(super) fn is_in_flight(&self) -> bool {
        self.flight.is_some() || self.status != b'I'
    }

    /// Everything of the flight has left, so the server will finish it without us.
    pub(super) fn is_sent(&self) -> bool {
        !self.is_broken && self.written == self.out.len()
    }

    /// Closes the connection and waits until the server has let go of it.
    pub(super) async fn close(mut self) {
        let Some(mut transport) = self.transport.take() else { return };
        let goodbye = async {
            self.out.clear();
            frontend::terminate(&mut self.out);
            transport.write_all(&self.out).await?;
            transport.flush().await?;
            loop {
                self.inbound.clear();
                self.inbound.reserve(READ_CHUNK);
                if tokio::io::AsyncReadExt::read_buf(&mut transport, &mut self.inbound).await? == 0 {
                    return io::Result::Ok(());
                }
            }
        };
        // A server that does not answer has lost the connection anyway.
        let _ = tokio::time::timeout(Duration::from_secs(1), goodbye).await;
    }

    /// Runs one request; see [`super::Db::request`]. With `large` the last column of a large row may be missing from the
    /// result: then the flight is still under way and [`Self::next_chunk`] gives it.
    pub(super) async fn transact(
        &mut self,
        transaction: &RequestTransaction<'_>,
        large: Option<&LargeRows>,
    ) -> Result<RequestResult, DbError> {
        let decides = matches!(transaction.end, TransactionEnd::Decide(_));
        if let Err(error) = self.write_transaction(transaction) {
            self.abandon();
            return Err(error);
        }
        if let Some(flight) = &mut self.flight {
            flight.large = large.filter(|_| !decides).cloned();
        }
        let Some(mut result) = self.fly_or_roll_back().await? else {
            let rows = self.flight.as_mut().and_then(|flight| flight.collected.pop()).unwrap_or_default();
            return Ok(RequestResult { rows, notices: Vec::new() });
        };
        let rows = result.collected.pop().unwrap_or_default();
        let result = RequestResult { rows, notices: std::mem::take(&mut result.notices) };
        if decides && let TransactionEnd::Decide(decide) = transaction.end {
            self.open_flight();
            match decide(&result) {
                Decision::Commit => self.push_word("COMMIT")?,
                Decision::Rollback => {
                    self.push_word("SET CONSTRAINTS ALL IMMEDIATE")?;
                    self.push_word("ROLLBACK")?;
                }
                Decision::Abort => self.push_word("ROLLBACK")?,
            }
            frontend::sync(&mut self.out);
            self.land_or_roll_back().await?;
        }
        Ok(result)
    }

    /// Reads several statements in one repeatable-read, read-only transaction, one trip.
    pub(super) async fn snapshot(
        &mut self,
        settings: &[(&str, &str)],
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<ResultRow>>, DbError> {
        let write = |wire: &mut Self| {
            wire.open_flight();
            wire.push_word("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
            wire.push_settings(settings, false)?;
            for statement in statements {
                wire.push("", statement.sql, statement.params, Naming::Never, true)?;
            }
            wire.push_word("COMMIT")?;
            frontend::sync(&mut wire.out);
            Ok(())
        };
        if let Err(error) = write(self) {
            self.abandon();
            return Err(error);
        }
        Ok(self.land_or_roll_back().await?.collected)
    }

    /// Dooms all named statements.
    pub(super) fn forget_statements(&mut self) {
        self.statements.clear();
    }

    /// Names no statement from now on.
    pub(super) fn stop_naming(&mut self) {
        self.statements.disable();
        self.settings_ready = 0;
    }

    /// The server does not know our statements (any more).
    pub(super) fn lose_statements(&mut self) {
        self.statements.forget();
        self.settings_ready = 0;
    }

    /// Lands; if that leaves a transaction open after an error, rolls it back.
    async fn land_or_roll_back(&mut self) -> Result<Landed, DbError> {
        let result = self.land().await;
        if result.is_err() {
            self.settle().await?;
        }
        result
    }

    /// Like [`Self::land_or_roll_back`], but stops at an opened row.
    async fn fly_or_roll_back(&mut self) -> Result<Option<Landed>, DbError> {
        let result = self.fly().await;
        if result.is_err() {
            self.settle().await?;
        }
        result
    }

    /// Ends the transaction that a failed flight left open.
    async fn settle(&mut self) -> Result<(), DbError> {
        if self.status != b'I' && !self.is_broken { Box::pin(self.roll_back()).await } else { Ok(()) }
    }

    /// Ends an open transaction; also for a transaction that nobody waits for any more.
    pub(super) async fn roll_back(&mut self) -> Result<(), DbError> {
        self.open_flight();
        self.push_word("ROLLBACK")?;
        frontend::sync(&mut self.out);
        self.land().await.map(drop)
    }

    /// Drives the current flight to its end; what nobody took of an opened row is thrown away.
    pub(super) async fn land(&mut self) -> Result<Landed, DbError> {
        loop {
            while self.next_chunk().await?.is_some() {}
            if let Some(landed) = self.fly().await? {
                return Ok(landed);
            }
        }
    }

    /// Drives the current flight to its end, or to a large row (`None`) if it opens such rows.
    async fn fly(&mut self) -> Result<Option<Landed>, DbError> {
        self.move_here().map_err(|error| self.lose(error))?;
        loop {
            loop {
                match self.open_row() {
                    Next::Message => {}
                    Next::Opened => return Ok(None),
                    Next::Crowded(length) => {
                        self.wait_for_room(length).await;
                        continue;
                    }
                }
                let Some(message) = self.next_message()? else { break };
                if let Some(result) = self.take(message)? {
                    self.shrink();
                    return result.map(Some);
                }
            }
            self.drive().await?;
        }
    }

    /// Waits until something was read.
    async fn drive(&mut self) -> Result<(), DbError> {
        match std::future::poll_fn(|context| self.poll_drive(context)).await {
            Ok(0) => Err(self.lose(closed())),
            Ok(_) => {
                if let Some(flight) = &mut self.flight {
                    flight.has_answer = true;
                }
                Ok(())
            }
            Err(error) => Err(self.lose(error)),
        }
    }

    /// Whether the server answered anything of the last, lost flight.
    pub(super) fn lost_without_answer(&self) -> bool {
        self.is_broken && self.flight.as_ref().is_some_and(|flight| !flight.has_answer)
    }

    /// The connection is gone: its last words, if there were any, are the better error.
    fn lose(&mut self, error: io::Error) -> DbError {
        self.is_broken = true;
        match self.flight.as_mut().and_then(|flight| flight.error.take()) {
            Some(error) => DbError::Server(error),
            None => DbError::lost(error),
        }
    }

    /// Gives back what one large answer needed.
    fn shrink(&mut self) {
        if self.inbound.capacity() > KEEP_CAPACITY && self.inbound.is_empty() {
            self.inbound = BytesMut::new();
        }
        if self.out.capacity() > KEEP_CAPACITY {
            self.out = BytesMut::with_capacity(4096);
            self.written = 0;
        }
    }

    fn move_here(&mut self) -> io::Result<()> {
        let here = tokio::runtime::Handle::current().id();
        if self.home != here && self.transport.as_ref().is_some_and(Transport::is_movable) {
            let transport = self.transport.take().ok_or_else(closed)?;
            let (transport, count) = transport.rehome(&self.out[self.written..])?;
            self.transport = Some(transport);
            self.written += count;
            self.home = here;
        }
        Ok(())
    }

    /// Writes what is left to write and reads what is there; the number of bytes read.
    fn poll_drive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let transport = self.transport.as_mut().ok_or_else(closed)?;
        while self.written < self.out.len() {
            match Pin::new(&mut *transport).poll_write(context, &self.out[self.written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => self.written += count,
                // The reason may be waiting to be read, so let the read side report it.
                Poll::Ready(Err(_)) => {
                    self.is_broken = true;
                    break;
                }
                Poll::Pending => break,
            }
        }
        if self.written == self.out.len() {
            // What was sent is not needed again, and the answer may take a while.
            if self.out.capacity() > KEEP_CAPACITY {
                self.out = BytesMut::new();
                self.written = 0;
            }
            // Only TLS has something to flush; an error shows at the read.
            let _ = Pin::new(transport).poll_flush(context);
        }
        self.poll_fill(context)
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let is_in_large_row = self.tail > 0 || self.large_row().is_some();
        // A message that is announced gets its room at once instead of by doubling.
        let announced = match self.inbound.get(1..5) {
            Some(length) if !is_in_large_row => {
                u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize + 1
            }
            _ => 0,
        };
        let missing = announced.saturating_sub(self.inbound.len());
        let least = if is_in_large_row { large_row::CHUNK } else { READ_CHUNK };
        self.inbound.reserve(missing.clamp(least, 1 << 30));
        let transport = self.transport.as_mut().ok_or_else(closed)?;
        let count = ready!(tokio_util::io::poll_read_buf(Pin::new(transport), context, &mut self.inbound))?;
        Poll::Ready(Ok(count))
    }
}
