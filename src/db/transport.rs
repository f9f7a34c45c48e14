//! Byte streams to a server: TCP, unix socket, TLS; and how to open them.

use super::DbError;
use super::conninfo::{ConnectionString, Host, HostPort};
use super::tls;
use bytes::BytesMut;
use postgres_protocol::message::frontend;
use std::io;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client::TlsStream;

/// A connected stream.
pub(super) enum Transport {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Whether to encrypt one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encryption {
    Off,
    IfOffered,
    Required,
}

impl Transport {
    /// Connects to one server, trying each of its addresses.
    pub(super) async fn open(
        server: &HostPort,
        conninfo: &ConnectionString,
        tls: Option<&Arc<rustls::ClientConfig>>,
        encryption: Encryption,
    ) -> Result<Self, DbError> {
        let (name, address) = match &server.host {
            Host::Unix(folder) => {
                let path = folder.join(format!(".s.PGSQL.{}", server.port));
                let stream = UnixStream::connect(&path).await;
                return stream.map(Self::Unix).map_err(|source| DbError::Unreachable {
                    reason: format!("{}: {source}", path.display()),
                    source: Some(Arc::new(source)),
                });
            }
            Host::Tcp { name, address } => (name, address.as_deref().unwrap_or(name)),
        };
        let describe = |source: io::Error| DbError::Unreachable {
            reason: format!("{name}:{}: {source}", server.port),
            source: Some(Arc::new(source)),
        };
        let mut stream = connect_tcp(address, server.port).await.map_err(describe)?;
        stream.set_nodelay(true).map_err(describe)?;
        if conninfo.keepalives {
            let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
            socket2::SockRef::from(&stream).set_tcp_keepalive(&keepalive).map_err(describe)?;
        }
        let Some(config) = tls.filter(|_| encryption != Encryption::Off) else { return Ok(Self::Tcp(stream)) };
        if !ask_for_tls(&mut stream).await.map_err(describe)? {
            return match encryption {
                Encryption::Required => Err(DbError::Unreachable {
                    reason: format!("{name}:{}: the server does not offer TLS, but sslmode requires it", server.port),
                    source: None,
                }),
                _ => Ok(Self::Tcp(stream)),
            };
        }
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(config));
        let stream = connector.connect(tls::server_name(name)?, stream).await.map_err(describe)?;
        Ok(Self::Tls(Box::new(stream)))
    }

    /// Whether [`Self::rehome`] can move it.
    pub(super) fn is_movable(&self) -> bool {
        !matches!(self, Self::Tls(_))
    }

    /// Registers the socket with the current runtime's reactor instead of the one it was registered with, so that the
    /// thread that waits for the answer is the one that the kernel wakes. Writes what it can of `out` on the way and
    /// returns how much that was.
    pub(super) fn rehome(self, out: &[u8]) -> io::Result<(Self, usize)> {
        fn written(result: io::Result<usize>) -> usize {
            // Whatever went wrong shows again, and is handled, at the next ordinary write or read.
            result.unwrap_or(0)
        }
        match self {
            Self::Tcp(stream) => {
                let mut stream = stream.into_std()?;
                let count = written(stream.write(out));
                Ok((Self::Tcp(TcpStream::from_std(stream)?), count))
            }
            Self::Unix(stream) => {
                let mut stream = stream.into_std()?;
                let count = written(stream.write(out));
                Ok((Self::Unix(UnixStream::from_std(stream)?), count))
            }
            Self::Tls(stream) => Ok((Self::Tls(stream), 0)),
        }
    }
}

async fn connect_tcp(address: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "no address found for the host");
    for address in tokio::net::lookup_host((address, port)).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask_for_tls(stream: &mut TcpStream) -> io::Result<bool> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    stream.write_all(&request).await?;
    match stream.read_u8().await? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "not a PostgreSQL server")),
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            _ => Poll::Ready(Ok(())),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
