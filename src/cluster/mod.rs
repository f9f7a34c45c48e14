//! A private PostgreSQL made from the distribution's own binaries: for `demo`, for `database.mode = "managed"` and for
//! the tests.
//!
//! It finds the binaries, creates the data directory, starts the server for this process alone and stops it with this
//! process, whatever way that ends: an ordinary stop is a fast shutdown in order; if the process is killed outright, the
//! kernel asks PostgreSQL to shut down (see `server`). A server left behind by an older version of events is stopped at
//! the next start. It must not create anything inside the database beyond the login of the pool: roles, schemas and data
//! belong to [`crate::migrate`].
//!
//! Callers: `cli::demo`, [`crate::app`] in managed mode, `tests/it/support`. Tests: `tests/it/serve/cluster.rs`.

mod account;
mod binaries;
mod bootstrap;
mod directory;
mod error;
mod server;

pub use binaries::BinarySearch;
pub use error::ClusterError;
pub use server::end_with_parent;

use crate::config::Secret;
use directory::ClusterDirectory;
use server::Server;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Name of the bootstrap superuser, the owner of the database.
pub const OWNER_ROLE: &str = "civic_os";
/// Name of the database.
pub const DATABASE: &str = "civic_os";
/// Name of the pool's login; it inherits nothing.
pub const AUTHENTICATOR_ROLE: &str = "authenticator";

/// How much the server promises about crashes of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every commit is on disk before it is acknowledged.
    Full,
    /// Nothing is forced to disk: for tests only, a crash of the machine loses the data.
    None,
}

/// What happens while a cluster starts, in this order; steps that are not needed are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterStep {
    /// Binaries were found.
    Found {
        /// Major version.
        major: u32,
        /// Their folder.
        directory: PathBuf,
    },
    /// A server that outlived its process is being stopped.
    StoppingLeftover,
    /// The data directory is being created (first start only).
    Initialising,
    /// The server is starting.
    Starting,
    /// The database and the pool's login are being created or checked.
    Preparing,
    /// The server accepts connections.
    Ready {
        /// Port on 127.0.0.1.
        port: u16,
    },
}

/// Receives the steps of a start; called from the starting task, must return quickly.
pub type StepListener = Arc<dyn Fn(ClusterStep) + Send + Sync>;

/// How to start a cluster.
#[derive(Clone)]
pub struct ClusterOptions {
    /// Folder of this installation; the cluster lives in `postgres/` below it.
    pub data_dir: PathBuf,
    /// Told about each step.
    pub progress: StepListener,
    /// Where to look for PostgreSQL's binaries.
    pub binaries: BinarySearch,
    /// Crash safety.
    pub durability: Durability,
    /// Upper limit of connections, this process's pool and listener included.
    pub max_connections: u32,
    /// Refuse a PostgreSQL without PostGIS.
    pub require_postgis: bool,
}

impl ClusterOptions {
    /// A durable cluster below `data_dir` from the binaries that the machine has.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            progress: Arc::new(|_| {}),
            binaries: BinarySearch::system(),
            durability: Durability::Full,
            max_connections: 60,
            require_postgis: true,
        }
    }
}

impl std::fmt::Debug for ClusterOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterOptions").field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// A running private PostgreSQL. Dropping it asks the server to stop without waiting; [`Cluster::stop`] waits.
#[derive(Debug)]
pub struct Cluster {
    directory: ClusterDirectory,
    server: Server,
    owner_password: String,
    authenticator_password: String,
    major: u32,
    binary_dir: PathBuf,
}

impl Cluster {
    /// Starts the cluster of a data directory, creating it if there is none, and returns when it accepts connections.
    ///
    /// # Errors
    /// Each variant of [`ClusterError`] says what is wrong and what to do about it.
    pub async fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let handle = {
            let options = options.clone();
            tokio::task::spawn_blocking(move || start_server(&options))
        };
        let (directory, server, owner_password, binaries) = match handle.await {
            Ok(result) => result?,
            Err(error) => return Err(ClusterError::StartTask { source: error }),
        };
        (options.progress)(ClusterStep::Preparing);
        let authenticator_password = directory.secret("authenticator.password")?;
        let cluster = Self {
            directory,
            server,
            owner_password,
            authenticator_password,
            major: binaries.major,
            binary_dir: binaries.directory,
        };
        bootstrap::prepare(&cluster, options.require_postgis).await?;
        (options.progress)(ClusterStep::Ready { port: cluster.port() });
        Ok(cluster)
    }

    /// URL of the database's owner, for migrations.
    pub fn owner_url(&self) -> Secret {
        self.url(OWNER_ROLE, &self.owner_password, DATABASE)
    }

    /// URL of the pool's login.
    pub fn authenticator_url(&self) -> Secret {
        self.url(AUTHENTICATOR_ROLE, &self.authenticator_password, DATABASE)
    }

    /// URL of the owner over TCP on 127.0.0.1, for programs that cannot use the socket.
    pub fn owner_tcp_url(&self) -> Secret {
        Secret::new(format!(
            "postgresql://{OWNER_ROLE}:{}@127.0.0.1:{}/{DATABASE}",
            self.owner_password,
            self.server.port()
        ))
    }

    /// Port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Process id of the postmaster.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// PostgreSQL's major version.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Folder of this installation.
    pub fn data_dir(&self) -> &Path {
        self.directory.root()
    }

    /// The server's log.
    pub fn log_file(&self) -> PathBuf {
        self.directory.log_file()
    }

    /// Waits until the server has ended, for whatever reason.
    pub async fn ended(&self) {
        self.server.ended().await;
    }

    /// Shuts the server down (fast: sessions are ended, a checkpoint is written) and waits for its end.
    ///
    /// # Errors
    /// [`ClusterError::Stop`] when the server does not end even after an immediate shutdown.
    pub async fn stop(self) -> Result<(), ClusterError> {
        self.server.stop().await
    }

    fn url(&self, role: &str, password: &str, database: &str) -> Secret {
        let host = match self.directory.socket_dir() {
            Some(path) => {
                percent_encoding::utf8_percent_encode(&path.to_string_lossy(), percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
            }
            None => "127.0.0.1".to_owned(),
        };
        Secret::new(format!("postgresql://{role}:{password}@{host}:{}/{database}", self.server.port()))
    }
}

/// Creates an installation's folder so that PostgreSQL's user can work below it.
///
/// # Errors
/// [`ClusterError::NotWritable`].
pub fn create_data_dir(data_dir: &Path) -> Result<(), ClusterError> {
    directory::create_root(data_dir, &account::Account::current()?)
        .map_err(|source| ClusterError::NotWritable { directory: data_dir.into(), source })
}

/// Deletes a cluster's files with their logins, for a start from nothing; other files in the folder stay.
///
/// # Errors
/// [`ClusterError::InUse`] when a process works there; otherwise what could not be deleted.
pub fn remove(data_dir: &Path) -> Result<(), ClusterError> {
    if !data_dir.exists() {
        return Ok(());
    }
    let directory = ClusterDirectory::open(data_dir, account::Account::current()?)?;
    let progress: StepListener = Arc::new(|_| {});
    server::stop_leftover(&directory, &progress)?;
    directory.remove()
}

type Started = (ClusterDirectory, Server, String, binaries::Binaries);

fn start_server(options: &ClusterOptions) -> Result<Started, ClusterError> {
    let account = account::Account::current()?;
    let directory = ClusterDirectory::open(&options.data_dir, account)?;
    let existing = directory.data_version()?;
    let binaries = options.binaries.find(existing.clone())?;
    (options.progress)(ClusterStep::Found { major: binaries.major, directory: binaries.directory.clone() });
    server::stop_leftover(&directory, &options.progress)?;
    let owner_password = directory.secret("owner.password")?;
    if existing.is_none() {
        (options.progress)(ClusterStep::Initialising);
        directory.initialise(&binaries, OWNER_ROLE, &owner_password)?;
    }
    (options.progress)(ClusterStep::Starting);
    let server = Server::start(&binaries, &directory, options)?;
    Ok((directory, server, owner_password, binaries))
}
