//! From a connection string to a logged-in stream: hosts in turn, TLS as `sslmode` says, login.

use super::conninfo::{ConnectionString, Host, HostPort, SslMode, TargetSession};
use super::transport::{Encryption, Transport};
use super::{DbError, ServerError};
use bytes::BytesMut;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::authentication::{md5_hash, sasl};
use postgres_protocol::message::backend::{ErrorFields, Message};
use postgres_protocol::message::frontend;
use secrecy::ExposeSecret as _;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// A stream after login, idle.
pub(super) struct Session {
    pub(super) transport: Transport,
    pub(super) inbound: BytesMut,
    /// The id that the server's greeting named does not belong to the process that answers: somebody stands between.
    pub(super) is_pooled: bool,
    /// `read committed` and read-write are the session's defaults.
    pub(super) has_plain_defaults: bool,
    /// How to interrupt what the session does.
    pub(super) cancel_key: Option<CancelKey>,
}

/// What a server needs to know to interrupt a session of its own.
#[derive(Clone)]
pub(super) struct CancelKey {
    server: HostPort,
    process: i32,
    secret: i32,
}

/// Asks the server to interrupt what a session does. Returns when the server has taken note of it.
pub(super) async fn cancel(
    key: &CancelKey,
    conninfo: &ConnectionString,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<(), DbError> {
    let [first, _] = attempts(conninfo, &key.server);
    let mut transport = Transport::open(&key.server, conninfo, tls, first.unwrap_or(Encryption::Off)).await?;
    let mut out = BytesMut::with_capacity(16);
    frontend::cancel_request(key.process, key.secret, &mut out);
    transport.write_all(&out).await.map_err(DbError::lost)?;
    transport.flush().await.map_err(DbError::lost)?;
    // The server closes the connection once it has sent the signal.
    out.clear();
    while transport.read_buf(&mut out).await.map_err(DbError::lost)? > 0 {}
    Ok(())
}

/// Logs in to the first server that fits.
pub(super) async fn log_in(
    conninfo: &ConnectionString,
    tls: Option<&Arc<rustls::ClientConfig>>,
    application_name: &str,
) -> Result<Session, DbError> {
    let mut last = None;
    // `prefer-standby` takes anybody in a second round.
    let rounds: &[TargetSession] = match conninfo.target_session {
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
        _ => std::slice::from_ref(&conninfo.target_session),
    };
    for target in rounds {
        for server in &conninfo.hosts {
            match log_in_to(server, conninfo, tls, application_name, *target).await {
                Ok(session) => return Ok(session),
                Err(error) => last = Some(error),
            }
        }
    }
    Err(last.unwrap_or(DbError::Unreachable { reason: "no server configured".into(), source: None }))
}

/// What to try with one server: first, and when the server refuses that.
pub(super) fn attempts(conninfo: &ConnectionString, server: &HostPort) -> [Option<Encryption>; 2] {
    match (&server.host, conninfo.ssl_mode) {
        (Host::Unix(_), _) | (_, SslMode::Disable) => [Some(Encryption::Off), None],
        (_, SslMode::Allow) => [Some(Encryption::Off), Some(Encryption::Required)],
        (_, SslMode::Prefer) => [Some(Encryption::IfOffered), Some(Encryption::Off)],
        _ => [Some(Encryption::Required), None],
    }
}

async fn log_in_to(
    server: &HostPort,
    conninfo: &ConnectionString,
    tls: Option<&Arc<rustls::ClientConfig>>,
    application_name: &str,
    target: TargetSession,
) -> Result<Session, DbError> {
    let [first, second] = attempts(conninfo, server);
    let first = first.unwrap_or(Encryption::Off);
    let attempt = async |encryption| {
        let transport = Transport::open(server, conninfo, tls, encryption).await?;
        start_session(transport, server, conninfo, application_name, target).await
    };
    match (attempt(first).await, second) {
        // The other way of connecting only helps when this one reached a server that said no to it.
        (Err(error), Some(second)) if is_worth_another_way(&error) => attempt(second).await.map_err(|_| error),
        (result, _) => result,
    }
}

fn is_worth_another_way(error: &DbError) -> bool {
    match error {
        DbError::Server(error) => error.code.starts_with("28"),
        DbError::Unreachable { source: Some(source), .. } => source.kind() == io::ErrorKind::InvalidData,
        _ => false,
    }
}

async fn start_session(
    transport: Transport,
    server: &HostPort,
    conninfo: &ConnectionString,
    application_name: &str,
    target: TargetSession,
) -> Result<Session, DbError> {
    let mut talk = Talk { transport, inbound: BytesMut::with_capacity(4096), out: BytesMut::with_capacity(512) };
    let mut parameters = vec![
        ("client_encoding", "UTF8"),
        ("user", conninfo.user.as_str()),
        ("database", conninfo.database.as_str()),
        ("application_name", conninfo.application_name.as_deref().unwrap_or(application_name)),
    ];
    if let Some(options) = &conninfo.options {
        parameters.push(("options", options));
    }
    frontend::startup_message(parameters, &mut talk.out).map_err(|error| DbError::Encode(error.to_string()))?;
    talk.flush().await?;
    talk.authenticate(conninfo).await?;
    let greeted_by = talk.wait_until_ready().await?;
    let [backend, isolation, read_only, recovery] = talk
        .ask(
            "select pg_catalog.pg_backend_pid(), pg_catalog.current_setting('default_transaction_isolation'), \
             pg_catalog.current_setting('default_transaction_read_only'), pg_catalog.pg_is_in_recovery()",
        )
        .await?;
    let in_recovery = recovery == "t";
    let is_read_only = in_recovery || read_only == "on";
    let fits = match target {
        TargetSession::Any | TargetSession::PreferStandby => true,
        TargetSession::ReadWrite => !is_read_only,
        TargetSession::ReadOnly => is_read_only,
        TargetSession::Primary => !in_recovery,
        TargetSession::Standby => in_recovery,
    };
    if !fits {
        return Err(DbError::Unreachable {
            reason: "the server is not of the kind that target_session_attrs asks for".into(),
            source: None,
        });
    }
    Ok(Session {
        transport: talk.transport,
        inbound: talk.inbound,
        is_pooled: greeted_by.is_none_or(|(process, _)| backend != process.to_string()),
        has_plain_defaults: isolation == "read committed" && read_only == "off",
        cancel_key: greeted_by.map(|(process, secret)| CancelKey { server: server.clone(), process, secret }),
    })
}

struct Talk {
    transport: Transport,
    inbound: BytesMut,
    out: BytesMut,
}

impl Talk {
    async fn flush(&mut self) -> Result<(), DbError> {
        self.transport.write_all(&self.out).await.map_err(DbError::lost)?;
        self.transport.flush().await.map_err(DbError::lost)?;
        self.out.clear();
        Ok(())
    }

    /// The next message that is neither a notice nor a parameter.
    async fn next(&mut self) -> Result<Message, DbError> {
        loop {
            match Message::parse(&mut self.inbound).map_err(|error| DbError::Protocol(error.to_string()))? {
                Some(Message::NoticeResponse(_) | Message::ParameterStatus(_)) => {}
                Some(Message::ErrorResponse(body)) => {
                    return Err(DbError::Server(Box::new(server_error(body.fields()))));
                }
                Some(message) => return Ok(message),
                None => {
                    if self.transport.read_buf(&mut self.inbound).await.map_err(DbError::lost)? == 0 {
                        return Err(DbError::lost(closed()));
                    }
                }
            }
        }
    }

    async fn authenticate(&mut self, conninfo: &ConnectionString) -> Result<(), DbError> {
        let password = conninfo.password.as_ref().map(|password| password.expose_secret().as_bytes());
        let password =
            || password.ok_or_else(|| DbError::Protocol("the server asks for a password; none given".into()));
        let encode = |error: io::Error| DbError::Encode(error.to_string());
        match self.next().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => {
                frontend::password_message(password()?, &mut self.out).map_err(encode)?;
            }
            Message::AuthenticationMd5Password(body) => {
                let answer = md5_hash(conninfo.user.as_bytes(), password()?, body.salt());
                frontend::password_message(answer.as_bytes(), &mut self.out).map_err(encode)?;
            }
            Message::AuthenticationSasl(body) => {
                let mut mechanisms = body.mechanisms();
                let broken = |error: io::Error| DbError::Protocol(error.to_string());
                let mut offered = false;
                while let Some(mechanism) = mechanisms.next().map_err(broken)? {
                    offered |= mechanism == sasl::SCRAM_SHA_256;
                }
                if !offered {
                    return Err(DbError::Protocol("no common SASL mechanism".into()));
                }
                let mut scram = sasl::ScramSha256::new(password()?, sasl::ChannelBinding::unsupported());
                frontend::sasl_initial_response(sasl::SCRAM_SHA_256, scram.message(), &mut self.out).map_err(encode)?;
                self.flush().await?;
                let Message::AuthenticationSaslContinue(body) = self.next().await? else { return Err(surprise()) };
                scram.update(body.data()).map_err(broken)?;
                frontend::sasl_response(scram.message(), &mut self.out).map_err(encode)?;
                self.flush().await?;
                let Message::AuthenticationSaslFinal(body) = self.next().await? else { return Err(surprise()) };
                scram.finish(body.data()).map_err(broken)?;
            }
            _ => return Err(DbError::Protocol("the server asks for an unsupported way of logging in".into())),
        }
        if !self.out.is_empty() {
            self.flush().await?;
        }
        match self.next().await? {
            Message::AuthenticationOk => Ok(()),
            _ => Err(surprise()),
        }
    }

    /// Reads on until the server is idle; process id and secret of its greeting, if it named them.
    async fn wait_until_ready(&mut self) -> Result<Option<(i32, i32)>, DbError> {
        let mut process = None;
        loop {
            match self.next().await? {
                Message::BackendKeyData(body) => process = Some((body.process_id(), body.secret_key())),
                Message::ReadyForQuery(_) => return Ok(process),
                _ => return Err(surprise()),
            }
        }
    }

    async fn ask<const N: usize>(&mut self, sql: &str) -> Result<[String; N], DbError> {
        frontend::query(sql, &mut self.out).map_err(|error| DbError::Encode(error.to_string()))?;
        self.flush().await?;
        let mut answer = std::array::from_fn(|_| String::new());
        loop {
            match self.next().await? {
                Message::DataRow(row) => {
                    let ranges = row.ranges().collect::<Vec<_>>();
                    let ranges = ranges.map_err(|error| DbError::Protocol(error.to_string()))?;
                    for (slot, range) in answer.iter_mut().zip(ranges) {
                        let bytes = range.and_then(|range| row.buffer().get(range)).unwrap_or_default();
                        *slot = String::from_utf8_lossy(bytes).into_owned();
                    }
                }
                Message::ReadyForQuery(_) => return Ok(answer),
                _ => {}
            }
        }
    }
}

pub(super) fn server_error(mut fields: ErrorFields<'_>) -> ServerError {
    let mut error = ServerError::default();
    while let Ok(Some(field)) = fields.next() {
        let value = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'S' if error.severity.is_empty() => error.severity = value,
            // The untranslated severity wins over the translated one.
            b'V' => error.severity = value,
            b'C' => error.code = value,
            b'M' => error.message = value,
            b'D' => error.detail = Some(value),
            b'H' => error.hint = Some(value),
            b'W' => error.context = Some(value),
            b's' => error.schema = Some(value),
            b't' => error.table = Some(value),
            b'c' => error.column = Some(value),
            b'n' => error.constraint = Some(value),
            b'R' => error.routine = Some(value),
            _ => {}
        }
    }
    error
}

pub(super) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection unexpectedly")
}

pub(super) fn surprise() -> DbError {
    DbError::Protocol("message out of order".into())
}
