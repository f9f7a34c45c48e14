//! Connections outside the pool, with tokio-postgres' interface.

use super::conninfo::{ConnectionString, ConninfoError};
use super::handshake;
use super::{DbError, tls};
use crate::config::Secret;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// `application_name` where neither the URL nor the caller names one.
const APPLICATION_NAME: &str = "civic-os";

/// Opens a connection outside the pool and spawns its driver on the current runtime; for migrations and the command
/// line. `application_name` comes from the URL, else `civic-os`.
///
/// # Errors
/// The URL is unusable, the server cannot be reached, or it refuses the login ([`DbError::Server`]).
pub async fn connect_direct(url: &Secret) -> Result<tokio_postgres::Client, DbError> {
    connect_to(&ConnectionString::parse(url.expose().ok_or(ConninfoError::Missing)?)?).await
}

/// The same for a connection string that was parsed already.
///
/// # Errors
/// As [`connect_direct`].
pub async fn connect_to(conninfo: &ConnectionString) -> Result<tokio_postgres::Client, DbError> {
    let tls = tls::client_config(conninfo)?;
    let (client, _driver) = connect(conninfo, tls.as_ref(), APPLICATION_NAME, &Handle::current()).await?;
    Ok(client)
}

/// Opens a connection and spawns its driver.
pub(super) async fn connect(
    conninfo: &ConnectionString,
    tls: Option<&Arc<rustls::ClientConfig>>,
    application_name: &str,
    runtime: &Handle,
) -> Result<(tokio_postgres::Client, JoinHandle<()>), DbError> {
    let (client, connection) = connect_undriven(conninfo, tls, application_name).await?;
    let driver = runtime.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "connection to the database ended");
        }
    });
    Ok((client, driver))
}

/// A connection whose driver the caller polls.
pub(super) type UndrivenConnection =
    tokio_postgres::Connection<super::transport::Transport, tokio_postgres::tls::NoTlsStream>;

/// Opens a connection to the first server that takes the login.
pub(super) async fn connect_undriven(
    conninfo: &ConnectionString,
    tls: Option<&Arc<rustls::ClientConfig>>,
    application_name: &str,
) -> Result<(tokio_postgres::Client, UndrivenConnection), DbError> {
    let config = conninfo.client_config(application_name);
    let mut last = DbError::Unreachable { reason: "no server configured".into(), source: None };
    for server in &conninfo.hosts {
        for encryption in handshake::attempts(conninfo, server).into_iter().flatten() {
            let transport = match super::transport::Transport::open(server, conninfo, tls, encryption).await {
                Ok(transport) => transport,
                Err(error) => {
                    last = error;
                    continue;
                }
            };
            match config.connect_raw(transport, tokio_postgres::NoTls).await {
                Ok(pair) => return Ok(pair),
                Err(error) => last = error.into(),
            }
        }
    }
    Err(last)
}
