//! Request heads as clients write them, and refusals of what is no HTTP.
//!
//! [`Heads`] wraps a connection below the HTTP parser. Bytes that a URI must not have but that curl, browsers and scripts
//! send all the same (`select=data->>colour`, letters beyond ASCII) are percent-encoded in the request's target, as
//! PostgREST takes them; nothing else is changed. What the parser refuses it answers with a bare 400, 408 or 431, which
//! leaves with a body in the API's form. Where a body ends is only followed as far as its length is announced: after a chunked body the
//! rest of the connection passes as it is. Tests: foot of the file, `tests/it/api/any_bytes.rs`.

use bytes::{Buf as _, BytesMut};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Longest header name and value that is looked at; the two that matter are shorter.
const LINE: usize = 64;
/// Methods are shorter.
const LONGEST_METHOD: usize = 32;

/// First lines of the HTTP parser's own answers, and what they say in the API's form.
const REFUSALS: [(&[u8], &str); 3] = [
    (b"HTTP/1.1 400 Bad Request\r\n", "The request is no valid HTTP"),
    (b"HTTP/1.1 408 Request Timeout\r\n", "The request did not arrive in time"),
    (b"HTTP/1.1 431 Request Header Fields Too Large\r\n", "The head of the request is too large"),
];

/// A connection whose request heads are made acceptable to the HTTP parser.
pub(super) struct Heads<S> {
    inner: S,
    scanner: Scanner,
    /// What was read and did not fit.
    inbound: BytesMut,
    /// What stands for an answer of the parser and was not written yet.
    outbound: BytesMut,
}

impl<S> Heads<S> {
    pub(super) fn new(inner: S) -> Self {
        Self { inner, scanner: Scanner::default(), inbound: BytesMut::new(), outbound: BytesMut::new() }
    }
}

/// Where in a request the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Bytes of the method so far.
    Method(usize),
    Target,
    Version,
    Header,
    /// Bytes of the body that are still to come.
    Body(u64),
    /// Nothing is known any more.
    Unknown,
}

#[derive(Debug)]
struct Scanner {
    place: Place,
    /// The beginning of the current header line, in lower case.
    line: [u8; LINE],
    length: usize,
    body: Option<u64>,
    is_followed: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { place: Place::Method(0), line: [0; LINE], length: 0, body: None, is_followed: true }
    }
}

/// Whether the parser refuses this byte in a target though its percent-encoded form says the same.
fn is_refused(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'`' | 0x7f..)
}

impl Scanner {
    /// Goes on until a byte that must be encoded; its index, or the end.
    fn advance(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.place {
                Place::Method(length) => {
                    self.place = match rest[0] {
                        b' ' if length > 0 => Place::Target,
                        // Empty lines before a request do not count.
                        b'\r' | b'\n' if length == 0 => Place::Method(0),
                        byte if byte.is_ascii_graphic() && length < LONGEST_METHOD => Place::Method(length + 1),
                        _ => Place::Unknown,
                    };
                    at += 1;
                }
                Place::Target => match rest.iter().position(|byte| is_refused(*byte) || *byte <= b' ') {
                    None => return bytes.len(),
                    Some(stop) => {
                        at += stop;
                        match rest[stop] {
                            b' ' => self.place = Place::Version,
                            0..b' ' => self.place = Place::Unknown,
                            _ => return at,
                        }
                        at += 1;
                    }
                },
                Place::Version => match rest.iter().position(|byte| *byte == b'\n') {
                    None => return bytes.len(),
                    Some(end) => {
                        at += end + 1;
                        self.place = Place::Header;
                    }
                },
                Place::Header => {
                    let end = rest.iter().position(|byte| *byte == b'\n');
                    let line = &rest[..end.unwrap_or(rest.len())];
                    let room = line.len().min(LINE - self.length);
                    for (slot, byte) in self.line[self.length..].iter_mut().zip(&line[..room]) {
                        *slot = byte.to_ascii_lowercase();
                    }
                    self.length += room;
                    at += line.len() + usize::from(end.is_some());
                    if end.is_some() {
                        self.end_line();
                    }
                }
                Place::Body(left) => {
                    let here = left.min(rest.len() as u64);
                    at += usize::try_from(here).unwrap_or(rest.len());
                    self.place = if left == here { Place::Method(0) } else { Place::Body(left - here) };
                }
                Place::Unknown => return bytes.len(),
            }
        }
        bytes.len()
    }

    fn end_line(&mut self) {
        let line = self.line[..self.length].trim_ascii_end();
        if line.is_empty() {
            self.place = match (self.is_followed, self.body.unwrap_or(0)) {
                (false, _) => Place::Unknown,
                (true, 0) => Place::Method(0),
                (true, length) => Place::Body(length),
            };
            self.body = None;
        } else if let Some(value) = line.strip_prefix(b"content-length:") {
            let value = std::str::from_utf8(value).ok().and_then(|text| text.trim().parse().ok());
            // Two lengths, or one that is no number: the parser refuses what follows.
            self.is_followed &= self.body.is_none() && value.is_some();
            self.body = value;
        } else if line.starts_with(b"transfer-encoding:") || line.starts_with(b"upgrade:") {
            self.is_followed = false;
        }
        self.length = 0;
    }

    /// All of `bytes` with what must be encoded encoded.
    fn encode(&mut self, mut bytes: &[u8], out: &mut BytesMut) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        loop {
            let plain = self.advance(bytes);
            out.extend_from_slice(&bytes[..plain]);
            let Some(byte) = bytes.get(plain) else { return };
            out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            bytes = &bytes[plain + 1..];
        }
    }
}

/// What leaves instead of a bare answer of the parser: the same head, with a body.
fn with_body(answer: &[u8]) -> Option<BytesMut> {
    let (first, message) = REFUSALS.into_iter().find(|(first, _)| answer.starts_with(first))?;
    let head = answer[first.len()..].strip_suffix(b"\r\n\r\n")?;
    let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let is = |line: &[u8], name: &[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let is_bare = lines.iter().any(|line| is(line, b"content-length: 0"))
        && !lines.iter().any(|line| is(line, b"content-type:") || line.is_empty());
    if !is_bare {
        return None;
    }
    let mut out = BytesMut::from(first);
    for line in lines.iter().filter(|line| !is(line, b"content-length:")) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    let body = format!(r#"{{"code":"PGRST100","details":null,"hint":null,"message":"{message}"}}"#);
    let more = format!(
        "proxy-status: PostgREST; error=PGRST100\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    out.extend_from_slice(more.as_bytes());
    Some(out)
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.inbound.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
            let plain = this.scanner.advance(&buffer.filled()[before..]);
            if before + plain == buffer.filled().len() {
                return Poll::Ready(Ok(()));
            }
            let rest = buffer.filled()[before + plain..].to_vec();
            buffer.set_filled(before + plain);
            this.scanner.encode(&rest, &mut this.inbound);
        }
        let length = this.inbound.len().min(buffer.remaining());
        buffer.put_slice(&this.inbound[..length]);
        this.inbound.advance(length);
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
        let Some(answer) = with_body(bytes) else { return Pin::new(&mut this.inner).poll_write(context, bytes) };
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

    fn encoded(bytes: &[u8], step: usize) -> String {
        let (mut scanner, mut out) = (Scanner::default(), BytesMut::new());
        for chunk in bytes.chunks(step) {
            scanner.encode(chunk, &mut out);
        }
        String::from_utf8(out.to_vec()).expect("text")
    }

    #[test]
    fn only_targets_change_however_the_bytes_arrive() {
        let requests = "GET /a?x=data->>\"k\" HTTP/1.1\r\nX: <->\r\n\r\n\
                        POST /b?<ü> HTTP/1.1\r\nContent-Length: 16\r\n\r\nGET /<> HTTP/1.1\
                        DELETE /c?> HTTP/1.1\r\n\r\n";
        let expected = "GET /a?x=data-%3E%3E%22k%22 HTTP/1.1\r\nX: <->\r\n\r\n\
                        POST /b?%3C%C3%BC%3E HTTP/1.1\r\nContent-Length: 16\r\n\r\nGET /<> HTTP/1.1\
                        DELETE /c?%3E HTTP/1.1\r\n\r\n";
        for step in [1, 2, 7, 64, 4096] {
            assert_eq!(encoded(requests.as_bytes(), step), expected, "{step}");
        }
    }

    #[test]
    fn what_cannot_be_followed_passes_as_it_is() {
        for rest in [
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n0\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: x\r\n\r\nGET /<> HTTP/1.1\r\n\r\n",
            "\u{0}\u{1}\u{2} /<> HTTP/1.1\r\n\r\n",
            "GET /\r\n/<> HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(encoded(rest.as_bytes(), 5), rest);
        }
    }

    #[test]
    fn bare_refusals_get_a_body_and_nothing_else_does() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";
        let answer = with_body(bare).expect("a body");
        let text = std::str::from_utf8(&answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("connection: close\r\ndate: x\r\n") && !head.contains("content-length: 0"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("JSON")["code"], "PGRST100");
        for status in ["408 Request Timeout", "431 Request Header Fields Too Large"] {
            let answer = with_body(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes());
            let answer = answer.expect("a body");
            assert!(answer.starts_with(format!("HTTP/1.1 {status}\r\nproxy-status: ").as_bytes()), "{answer:?}");
        }
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ncontent-type: a/b\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nab",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert!(with_body(other.as_bytes()).is_none(), "{other}");
        }
    }
}
