//! A connection below the HTTP parser: request heads as clients write them, refusals of what is no HTTP, and an end to
//! what never ends.
//!
//! [`Heads`] reads along where heads and bodies begin and end. Bytes that a URI must not have but that curl, browsers and
//! scripts send all the same (`select=data->>colour`, letters beyond ASCII) are percent-encoded in the request's target,
//! as PostgREST takes them; nothing else is changed. A head that grows too long or does not come to its end is refused,
//! the second of a connection like the first (the parser's own clock is for the first alone), and a connection on which
//! a body has stopped coming is given up. What the parser refuses it answers with a bare 400, 408 or 431, which leaves
//! with a body in the API's form. Tests: feet of the files, `tests/it/api/any_bytes.rs`, `tests/it/serve/connections.rs`.

mod encode;
mod refusal;
mod scanner;

pub(super) use refusal::Refusal;

use bytes::{Buf as _, BytesMut};
use refusal::with_body;
use scanner::{Owed, Scanner};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// Longest head, bytes. The parser's buffer, which doubles, stays at 64 kB with it.
pub(super) const LONGEST_HEAD: usize = 62 * 1024;
/// The parser refuses this byte wherever a head may be.
const NO_HTTP: &[u8] = b"\0";

/// How long a client is waited for in the middle of something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// From the first pause in a head to its end.
    pub(super) head: Duration,
    /// Silence in a body. Longer than that of the modules that read bodies, who can say why they give up.
    pub(super) body: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { head: Duration::from_secs(10), body: Duration::from_secs(30) }
    }
}

/// A connection that the HTTP parser can read.
pub(super) struct Heads<S> {
    inner: S,
    peer: Option<SocketAddr>,
    patience: Patience,
    scanner: Scanner,
    /// What was read and the parser has not got yet.
    inbound: BytesMut,
    /// What stands for one byte of the target.
    encoded: BytesMut,
    /// What stands for an answer of the parser and was not written yet.
    outbound: BytesMut,
    /// Bytes that the parser got since it last looked at them.
    given: usize,
    /// When the client has been waited for long enough, and for what.
    limit: Option<(Owed, Pin<Box<Sleep>>)>,
    refusal: Option<Refusal>,
}

impl<S> Heads<S> {
    pub(super) fn new(inner: S, peer: Option<SocketAddr>) -> Self {
        Self::with_patience(inner, peer, Patience::default())
    }

    fn with_patience(inner: S, peer: Option<SocketAddr>, patience: Patience) -> Self {
        Self {
            inner,
            peer,
            patience,
            scanner: Scanner::default(),
            inbound: BytesMut::new(),
            encoded: BytesMut::new(),
            outbound: BytesMut::new(),
            given: 0,
            limit: None,
            refusal: None,
        }
    }

    /// Bytes that the parser may get before it has to look at them.
    fn allowance(&self) -> usize {
        LONGEST_HEAD.saturating_sub(self.given.max(self.scanner.head()))
    }

    /// Makes the parser refuse.
    fn refuse(&mut self, refusal: Refusal, buffer: &mut ReadBuf<'_>) {
        self.refusal = Some(refusal);
        self.inbound = BytesMut::new();
        self.encoded = BytesMut::new();
        self.limit = None;
        buffer.put_slice(NO_HTTP);
    }

    /// Hands out what was read before.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        loop {
            let length = self.encoded.len().min(buffer.remaining());
            buffer.put_slice(&self.encoded[..length]);
            self.encoded.advance(length);
            let length = self.inbound.len().min(buffer.remaining()).min(self.allowance());
            if length == 0 || !self.encoded.is_empty() {
                break;
            }
            let plain = self.scanner.advance(&self.inbound[..length]);
            buffer.put_slice(&self.inbound[..plain]);
            self.given += plain;
            if plain < length {
                self.encoded.extend_from_slice(&encode::percent(self.inbound[plain]));
                self.scanner.encoded();
                self.given += encode::LENGTH;
            }
            self.inbound.advance(length.min(plain + 1));
        }
        if self.inbound.is_empty() {
            self.inbound = BytesMut::new();
        }
    }

    /// The client is silent. Ready when that has lasted too long.
    fn poll_limit(&mut self, context: &mut Context<'_>) -> Poll<Owed> {
        let owed = self.scanner.owed();
        let patience = match owed {
            Owed::Nothing => {
                self.limit = None;
                return Poll::Pending;
            }
            Owed::Head | Owed::Unknown => self.patience.head,
            Owed::Body => self.patience.body,
        };
        // A body's silence begins anew with every byte; a head's time does not.
        let is_running = self.limit.as_ref().is_some_and(|(kind, _)| *kind == owed);
        let (_, sleep) = match &mut self.limit {
            Some(limit) if is_running => limit,
            limit => limit.insert((owed, Box::pin(tokio::time::sleep(patience)))),
        };
        sleep.as_mut().poll(context).map(|()| owed)
    }

    /// Bytes have come.
    fn reset_limit(&mut self) {
        let owed = self.scanner.owed();
        match &mut self.limit {
            Some((kind, _)) if *kind != owed => self.limit = None,
            Some((Owed::Body, sleep)) => sleep.as_mut().reset(Instant::now() + self.patience.body),
            _ => {}
        }
    }
}

impl<S: AsyncRead + Unpin> Heads<S> {
    /// Reads into the buffer, at most as much as is allowed.
    fn poll_inner(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let allowance = self.allowance();
        if buffer.remaining() <= allowance {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(allowance));
        ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
        let length = part.filled().len();
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.refusal.is_some() {
            // The parser has what it refuses; nothing more is read.
            return Poll::Pending;
        }
        if this.scanner.head() >= LONGEST_HEAD {
            this.refuse(Refusal::TooLarge, buffer);
            return Poll::Ready(Ok(()));
        }
        if this.allowance() == 0 || (this.given > 0 && this.scanner.owed() == Owed::Body) {
            // The parser reads until there is nothing. Whether a body is wanted at all is decided before more of it comes.
            this.given = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.inbound.is_empty() && this.encoded.is_empty() {
            let before = buffer.filled().len();
            match this.poll_inner(context, buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    this.given = 0;
                    return match ready!(this.poll_limit(context)) {
                        Owed::Head => {
                            this.refuse(Refusal::Late, buffer);
                            Poll::Ready(Ok(()))
                        }
                        // As if the client had closed: whoever reads the body learns that it is not whole.
                        Owed::Body | Owed::Unknown | Owed::Nothing => {
                            Refusal::Late.note(this.peer);
                            Poll::Ready(Ok(()))
                        }
                    };
                }
            }
            let fresh = &buffer.filled()[before..];
            let plain = this.scanner.advance(fresh);
            this.given += plain;
            if plain < fresh.len() {
                this.inbound.extend_from_slice(&fresh[plain..]);
                buffer.set_filled(before + plain);
            }
        }
        this.give(buffer);
        this.reset_limit();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Heads<S> {
    fn poll_outbound(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outbound.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(context, &self.outbound))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.outbound.advance(count);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        ready!(this.poll_outbound(context))?;
        let Some((refusal, answer)) = with_body(bytes, this.refusal) else {
            return Pin::new(&mut this.inner).poll_write(context, bytes);
        };
        refusal.note(this.peer);
        this.outbound = answer;
        // Whatever does not fit now leaves with the flush that ends every answer.
        if let Poll::Ready(Err(error)) = this.poll_outbound(context) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_outbound(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_outbound(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    const SHORT: Patience = Patience { head: Duration::from_millis(50), body: Duration::from_millis(50) };

    fn pair() -> (DuplexStream, Heads<DuplexStream>) {
        let (client, server) = tokio::io::duplex(1 << 20);
        (client, Heads::with_patience(server, None, SHORT))
    }

    /// What the parser gets until it refuses or the connection is over.
    async fn all(heads: &mut Heads<DuplexStream>) -> Vec<u8> {
        let mut got = Vec::new();
        while heads.refusal.is_none() && heads.read_buf(&mut got).await.expect("read") > 0 {}
        got
    }

    #[tokio::test]
    async fn heads_that_stop_are_refused_the_second_of_a_connection_too() {
        let whole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for start in ["", whole, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"] {
            for rest in ["\r\n", "G", "GET / HTTP/1.1\r\nX: "] {
                let (mut client, mut heads) = pair();
                client.write_all(format!("{start}{rest}").as_bytes()).await.expect("send");
                assert_eq!(all(&mut heads).await, format!("{start}{rest}\0").as_bytes(), "{start}{rest}");
                assert_eq!(heads.refusal, Some(Refusal::Late));
            }
        }
    }

    #[tokio::test]
    async fn between_requests_nobody_hurries_and_a_body_that_stops_ends_the_connection() {
        let (mut client, mut heads) = pair();
        let head = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
        client.write_all(head).await.expect("send");
        assert_eq!(all(&mut heads).await, head);
        let (mut client, mut heads) = pair();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("send");
        assert!(tokio::time::timeout(SHORT.head * 4, all(&mut heads)).await.is_err());
    }

    #[tokio::test]
    async fn heads_that_grow_too_long_are_refused_below_64_kb() {
        for filling in ["x", "<"] {
            let (mut client, mut heads) = pair();
            client.write_all(format!("GET /{}", filling.repeat(200_000)).as_bytes()).await.expect("send");
            let got = all(&mut heads).await;
            assert_eq!(heads.refusal, Some(Refusal::TooLarge));
            assert!(got.ends_with(NO_HTTP) && got.len() > 60_000 && got.len() < 64 * 1024 - 1024, "{}", got.len());
        }
        // One that just fits is not.
        let (mut client, mut heads) = pair();
        let fitting = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(LONGEST_HEAD - 23));
        assert_eq!(fitting.len(), LONGEST_HEAD);
        client.write_all(fitting.as_bytes()).await.expect("send");
        drop(client);
        assert_eq!(all(&mut heads).await, fitting.as_bytes());
    }

    #[tokio::test]
    async fn the_parser_looks_at_a_head_before_more_of_its_body_comes() {
        let (mut client, mut heads) = pair();
        let sent = format!("POST / HTTP/1.1\r\nContent-Length: 500000\r\n\r\n{}", "x".repeat(500_000));
        client.write_all(sent.as_bytes()).await.expect("send");
        let mut space = vec![0; 1 << 20];
        let mut buffer = ReadBuf::new(&mut space);
        // As the parser does: until there is nothing.
        std::future::poll_fn(|context| {
            while Pin::new(&mut heads).poll_read(context, &mut buffer).is_ready() {}
            Poll::Ready(())
        })
        .await;
        assert!(buffer.filled().len() <= LONGEST_HEAD, "{}", buffer.filled().len());
    }
}
