//! What keeps a process from starting or running.

use crate::auth::SetupError;
use crate::cluster::ClusterError;
use crate::config::Problem;
use crate::db::DbError;
use crate::files::StorageError;
use crate::identity::ProviderError;
use crate::migrate::MigrateError;
use crate::notifications::NotificationsError;
use crate::payments::PaymentsError;
use crate::store::StoreError;
use std::io;

/// See the variants; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] crate::telemetry::traces::TracesError),
    /// The HTTP client of the traces.
    #[error("traces cannot be sent")]
    TracesClient(#[source] reqwest::Error),
    /// A listener's address is in use or not ours.
    #[error("cannot listen on {address} ({key}): {source}; choose another address with {remedy}")]
    Bind {
        /// Configuration key.
        key: &'static str,
        /// Its value.
        address: String,
        /// Flag or variable that changes it.
        remedy: &'static str,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// A socket of the service manager.
    #[error(transparent)]
    Activation(#[from] crate::activation::ActivationError),
    /// A listener's value is no address.
    #[error("{key} = \"{address}\" is no address to listen on: write host:port, for example 127.0.0.1:8000")]
    Address {
        /// Configuration key.
        key: &'static str,
        /// Its value.
        address: String,
    },
    /// The store of files cannot be reached as configured.
    #[error("cannot use the store of files: {0}")]
    Storage(#[from] StorageError),
    /// The embedded object store did not start.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Our own binary cannot be found.
    #[error("cannot find the running program: {0}")]
    Program(#[source] io::Error),
    /// A server did not start.
    #[error("the HTTP server did not start: {0}")]
    Server(#[source] io::Error),
    /// Signal handlers could not be installed.
    #[error("cannot watch for signals: {0}")]
    Signals(#[source] io::Error),
    /// A private PostgreSQL did not start or stop.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Migrations or the application's files failed.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The database's schema is not what this version needs.
    #[error("{0}")]
    Schema(String),
    /// Certificates or keys of the listeners cannot be used. Which file and why; nothing of a key.
    #[error("TLS cannot be switched on: {0}")]
    Tls(Box<Problem>),
    /// No version of TLS that the cryptography can do.
    #[error("TLS cannot be switched on: {0}")]
    Cryptography(#[source] rustls::Error),
    /// A network of trusted proxies is none.
    #[error("web.trusted_proxies: {0}")]
    Network(#[from] crate::limits::NetworkError),
    /// The foreign client's folder cannot be read.
    #[error("web.root {}: {source}", path.display())]
    WebRoot {
        /// As configured.
        path: std::path::PathBuf,
        /// Cause.
        #[source]
        source: io::Error,
    },
    /// The pool could not be made.
    #[error("cannot use the database connection: {0}")]
    Database(#[from] DbError),
    /// The pool's login may do more than requests are meant to.
    #[error(
        "the API does not start on the database login {login:?}: {rights}. Use a NOINHERIT login that may only become \
         the roles of requests (docs/authentication.md), or set auth.allow_privileged_login = true"
    )]
    PrivilegedLogin {
        /// The login.
        login: String,
        /// What it may do.
        rights: String,
    },
    /// Keys or claim paths are not usable.
    #[error("cannot verify tokens: {0}")]
    Auth(#[from] SetupError),
    /// The embedded provider did not start.
    #[error("the embedded identity provider did not start: {0}")]
    Identity(#[from] ProviderError),
    /// Payments could not be set up.
    #[error("payments did not start: {0}")]
    Payments(#[from] PaymentsError),
    /// The payment sandbox could not be set up.
    #[error("the payment sandbox did not start: {0}")]
    Sandbox(#[source] io::Error),
    /// Mail, text messages or templates cannot work as configured.
    #[error(transparent)]
    Notifications(#[from] NotificationsError),
    /// A module ended on its own; the log says which and why.
    #[error("a module ended unexpectedly; the log above says which")]
    ModuleEnded,
}
