//! One small question over HTTP to a process on this machine: no runtime, no TLS, no redirects, an answer within a second.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// All of it: connecting, asking, reading.
const LIMIT: Duration = Duration::from_millis(900);
/// The beginning of an answer is enough.
const LARGEST: usize = 64 * 1024;
/// More than this nobody reads.
const WHOLE: usize = 8 * 1024 * 1024;

/// What came back.
pub(super) struct Answer {
    /// HTTP status.
    pub(super) status: u16,
    /// Headers in lower case, as one text.
    head: String,
    /// The beginning of the body.
    pub(super) body: String,
}

impl Answer {
    /// Whether the answer looks like one of this program's listeners.
    pub(super) fn is_ours(&self) -> bool {
        let body = self.body.trim();
        body == "healthy"
            || body.contains("\"healthy\"")
            || self.head.contains("server: civic-os")
            || self.head.contains("server: postgrest")
            || self.head.contains("application/openapi+json")
            || (self.status == 200 && body.is_empty())
    }
}

/// Asks a listener, as it stands in the configuration, for a path.
///
/// # Errors
/// Nobody listens, or the answer is late or no HTTP.
pub(super) fn get(listen: &str, path: &str) -> io::Result<Answer> {
    ask(listen, path, LARGEST)
}

/// The same with an answer of some length.
///
/// # Errors
/// As [`get`].
pub(super) fn get_all(listen: &str, path: &str) -> io::Result<Answer> {
    ask(listen, path, WHOLE)
}

fn ask(listen: &str, path: &str, largest: usize) -> io::Result<Answer> {
    let deadline = Instant::now() + LIMIT;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::Error::from(io::ErrorKind::TimedOut)) } else { Ok(left) }
    };
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in listen.to_socket_addrs()? {
        let mut stream = match TcpStream::connect_timeout(&reachable(address), left()?) {
            Ok(stream) => stream,
            Err(error) => {
                last = error;
                continue;
            }
        };
        stream.set_write_timeout(Some(left()?))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: */*\r\n\r\n")?;
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            stream.set_read_timeout(Some(left()?))?;
            match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                Err(error) => return Err(error),
            }
            if bytes.len() > largest {
                break;
            }
        }
        return parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is no HTTP"));
    }
    Err(last)
}

/// An address that listens everywhere is reached on the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(any) if any.ip().is_unspecified() => (Ipv4Addr::LOCALHOST, any.port()).into(),
        SocketAddr::V6(any) if any.ip().is_unspecified() => (Ipv6Addr::LOCALHOST, any.port()).into(),
        other => other,
    }
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_nonsense_is_not() {
        let answer = parse(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nwait").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (503, "wait"));
        assert!(parse(b"SSH-2.0-OpenSSH_9.2\r\n\r\n").is_none());
        assert!(parse(b"").is_none());
    }
}
