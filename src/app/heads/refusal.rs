//! Connections that end before they were requests: what the client is told, and one line in the log for all of a few
//! seconds, so that ten thousand of them do not fill a disk. Nothing that a client sent is repeated.

use crate::telemetry::metrics::{self, Counter, EncodeLabelSet, Family};
use bytes::BytesMut;
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Refusals of one reason within this time are one line of the log.
const TOGETHER: Duration = Duration::from_secs(5);

/// Why a connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Refusal {
    /// No HTTP.
    Malformed,
    /// A head or a body that did not arrive in time.
    Late,
    /// A head beyond [`super::LONGEST_HEAD`].
    TooLarge,
    /// No TLS, or a handshake that did not arrive in time.
    Handshake,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Labels {
    reason: &'static str,
}

static CLOSED: LazyLock<Family<Labels, Counter>> = LazyLock::new(|| {
    metrics::counter("civic_os_http_connections_refused", "Connections that were closed before they were a request")
});

/// By reason, what the next line of the log will say.
static UNSAID: [AtomicU64; 4] = [const { AtomicU64::new(0) }; 4];

impl Refusal {
    fn name(self) -> &'static str {
        match self {
            Self::Malformed => "no HTTP",
            Self::Late => "too slow",
            Self::TooLarge => "head too large",
            Self::Handshake => "no TLS handshake",
        }
    }

    /// First line of the answer, and what it says in the API's form.
    fn answer(self) -> (&'static str, &'static str) {
        match self {
            Self::Late => ("HTTP/1.1 408 Request Timeout\r\n", "The request did not arrive in time"),
            Self::TooLarge => {
                ("HTTP/1.1 431 Request Header Fields Too Large\r\n", "The head of the request is too large")
            }
            Self::Malformed | Self::Handshake => ("HTTP/1.1 400 Bad Request\r\n", "The request is no valid HTTP"),
        }
    }

    /// Counts a closed connection; its line in the log comes within seconds. Must be called within the runtime.
    pub(in crate::app) fn note(self, peer: Option<SocketAddr>) {
        CLOSED.get_or_create(&Labels { reason: self.name() }).inc();
        let unsaid = &UNSAID[self as usize];
        if unsaid.fetch_add(1, Ordering::Relaxed) > 0 {
            return;
        }
        tokio::spawn(async move {
            tokio::time::sleep(TOGETHER).await;
            let number = unsaid.swap(0, Ordering::Relaxed);
            let first = peer.map(|peer| peer.ip().to_canonical().to_string()).unwrap_or_default();
            tracing::warn!(reason = self.name(), number, first, "connections were closed before they were requests");
        });
    }
}

/// What leaves instead of a bare answer of the HTTP parser: the same head, with a body. `known` is the reason where the
/// parser was made to refuse.
pub(super) fn with_body(answer: &[u8], known: Option<Refusal>) -> Option<(Refusal, BytesMut)> {
    let parsers = [Refusal::Malformed, Refusal::Late, Refusal::TooLarge];
    let found = parsers.into_iter().find(|refusal| answer.starts_with(refusal.answer().0.as_bytes()))?;
    let head = answer[found.answer().0.len()..].strip_suffix(b"\r\n\r\n")?;
    let lines: Vec<&[u8]> = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
    let is = |line: &[u8], name: &[u8]| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    let is_bare = lines.iter().any(|line| is(line, b"content-length: 0"))
        && !lines.iter().any(|line| is(line, b"content-type:") || line.is_empty());
    if !is_bare {
        return None;
    }
    let refusal = known.unwrap_or(found);
    let (first, message) = refusal.answer();
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
    Some((refusal, out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_refusals_get_a_body_and_nothing_else_does() {
        let bare = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\ndate: x\r\n\r\n";
        let (refusal, answer) = with_body(bare, None).expect("a body");
        assert_eq!(refusal, Refusal::Malformed);
        let text = std::str::from_utf8(&answer).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("connection: close\r\ndate: x\r\n") && !head.contains("content-length: 0"), "{head}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("JSON")["code"], "PGRST100");
        for status in ["408 Request Timeout", "431 Request Header Fields Too Large"] {
            let answer = with_body(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").as_bytes(), None);
            let (_, answer) = answer.expect("a body");
            assert!(answer.starts_with(format!("HTTP/1.1 {status}\r\nproxy-status: ").as_bytes()), "{answer:?}");
        }
        let (_, answer) = with_body(bare, Some(Refusal::Late)).expect("a body");
        assert!(answer.starts_with(b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\n"), "{answer:?}");
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ncontent-type: a/b\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nab",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert!(with_body(other.as_bytes(), None).is_none(), "{other}");
        }
    }
}
