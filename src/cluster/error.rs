//! What can go wrong with a private PostgreSQL, each with its remedy in the message.

use std::path::PathBuf;

/// Why a private cluster could not be started or stopped. The message ends with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No server binaries on this machine.
    #[error(
        "no PostgreSQL {minimum} or newer found (looked in {looked_in}). \
         Install it: `apt-get install postgresql postgis postgresql-postgis` (Debian, Ubuntu), \
         or use a server that already runs: set database.url and run `civic-os serve`"
    )]
    NoBinaries {
        /// Oldest version that works.
        minimum: u32,
        /// Folders that were searched.
        looked_in: String,
    },
    /// PostgreSQL is there, PostGIS is not.
    #[error(
        "PostgreSQL {major} in {directory} has no PostGIS. Install it: \
         `apt-get install postgresql-{major}-postgis-3` (Debian, Ubuntu)"
    )]
    NoPostgis {
        /// Major version of the server.
        major: u32,
        /// Folder of its binaries or data.
        directory: PathBuf,
    },
    /// The data directory was made by a version whose binaries are missing.
    #[error(
        "the database in {directory} was created by PostgreSQL {data}, but only PostgreSQL {found} is installed. \
         Install PostgreSQL {data}, choose another folder with --data-dir, or start afresh with --reset \
         (deletes the demo's data)"
    )]
    OtherVersion {
        /// Folder of the database.
        directory: PathBuf,
        /// Version that created it.
        data: u32,
        /// Versions installed here.
        found: String,
    },
    /// The process is root and there is nobody to run PostgreSQL as.
    #[error(
        "PostgreSQL refuses to run as root and there is no user `{user}` to run it as. \
         Install the distribution's package `postgresql`, which creates it, or start civic-os as an ordinary user"
    )]
    NoAccount {
        /// The user that was looked for.
        user: &'static str,
    },
    /// The data directory cannot be created or written.
    #[error(
        "cannot write to the data directory {directory}. Choose another folder with --data-dir, or correct its owner"
    )]
    NotWritable {
        /// The folder.
        directory: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// PostgreSQL's user may not enter the data directory.
    #[error(
        "the user `{user}`, which runs PostgreSQL, may not enter {blocking}. \
         Choose a folder outside it with --data-dir (for example /var/lib/civic-os)"
    )]
    NotReachable {
        /// The user that runs PostgreSQL.
        user: String,
        /// The folder that keeps it out.
        blocking: PathBuf,
    },
    /// Another process works in the data directory.
    #[error(
        "the data directory {directory} is in use by process {pid}. Stop that one first, or choose another folder with --data-dir"
    )]
    InUse {
        /// The folder.
        directory: PathBuf,
        /// Who holds it, as it wrote into the lock file.
        pid: String,
    },
    /// A server left behind does not stop.
    #[error("process {pid}, a PostgreSQL left over in {directory}, does not stop. End it with `kill {pid}`")]
    Leftover {
        /// The folder.
        directory: PathBuf,
        /// The postmaster.
        pid: i32,
    },
    /// A file of the data directory could not be handled.
    #[error("could not {operation} {path}")]
    File {
        /// Verb, e.g. `read`.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb could not create a database in {directory}: {output}")]
    Initialise {
        /// The folder.
        directory: PathBuf,
        /// Last lines of its messages.
        output: String,
    },
    /// A program of PostgreSQL could not be run at all.
    #[error("could not run {program}")]
    Run {
        /// Path of the program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The server ended or hung while starting.
    #[error("PostgreSQL did not start; the last lines of {log} are:\n{tail}")]
    Start {
        /// The server's log.
        log: PathBuf,
        /// Its end.
        tail: String,
    },
    /// The task that starts the server was lost.
    #[error("the start of PostgreSQL was interrupted")]
    StartTask {
        /// Cancelled or panicked.
        #[source]
        source: tokio::task::JoinError,
    },
    /// The database or the pool's login could not be created.
    #[error("could not {operation} in the private database")]
    Prepare {
        /// What was tried.
        operation: &'static str,
        /// What the server said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server does not end.
    #[error("PostgreSQL (process {pid}) did not stop")]
    Stop {
        /// The postmaster.
        pid: u32,
    },
}
