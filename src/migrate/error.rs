//! What can go wrong with migrations and applications' files. Every message says what to do, where there is something.

use super::plan::PlanError;
use super::statement::SplitError;
use crate::db::DbError;
use std::path::PathBuf;

/// A statement of a migration or application file that the server refused.
#[derive(Debug)]
pub struct StatementFailure {
    /// File, e.g. `migrations/deploy/06-people.sql`.
    pub file: String,
    /// Line in that file, counted from 1: of the error if the server said it, else of the statement.
    pub line: usize,
    /// First line of the statement.
    pub statement: String,
    /// SQLSTATE, empty when the server said nothing (connection lost).
    pub sqlstate: String,
    /// The server's message.
    pub message: String,
    /// The server's detail.
    pub detail: Option<String>,
    /// The server's hint.
    pub hint: Option<String>,
    /// PL/pgSQL's call stack.
    pub context: Option<String>,
}

impl std::fmt::Display for StatementFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} line {}: {}", self.file, self.line, self.message)?;
        if !self.sqlstate.is_empty() {
            write!(f, " (SQLSTATE {})", self.sqlstate)?;
        }
        write!(f, "\n  statement: {}", self.statement)?;
        for (label, text) in [("detail", &self.detail), ("hint", &self.hint), ("context", &self.context)] {
            if let Some(text) = text {
                write!(f, "\n  {label}: {}", text.replace('\n', "\n           "))?;
            }
        }
        Ok(())
    }
}

/// Why an operation on the core schema or an application failed. The database is as it was before the operation, or as
/// the last change that the report names left it.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No owner login is configured.
    #[error(
        "no login for migrations: set database.owner_url (or DATABASE_URL) to a role that owns the database, \
         e.g. postgres://owner:password@host/database"
    )]
    NoOwnerUrl,
    /// The server cannot be reached or refuses the login.
    #[error("cannot connect to the database ({target})")]
    Connect {
        /// User, host and database, without the password.
        target: String,
        /// Why.
        #[source]
        source: DbError,
    },
    /// The pool's login does not exist.
    #[error(
        "the role `authenticator` is missing: the API connects as it. Create it with\n\n{sql}\n\nor run \
         `civic-os migrate deploy --create-login`, which makes one with a random password and prints it"
    )]
    NoAuthenticator {
        /// Statements to run.
        sql: String,
    },
    /// The server is too old.
    #[error("PostgreSQL {found} is too old: Civic OS needs 15 or later")]
    ServerTooOld {
        /// Version of the server.
        found: String,
    },
    /// The login may not do what a deploy needs.
    #[error("the login `{login}` may not deploy: {lacking}")]
    Privileges {
        /// Role of the owner URL.
        login: String,
        /// What it lacks, with the remedy.
        lacking: String,
    },
    /// The embedded plan, or a change or tag that it does not have.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A deployed change is not the one of this build.
    #[error(
        "change {change} was deployed with another text than this build has (deployed {deployed_at}). A deployed change \
         is never edited: use the build that deployed it, or restore migrations/deploy/{change}.sql"
    )]
    Edited {
        /// Name of the change.
        change: String,
        /// When it was deployed.
        deployed_at: String,
    },
    /// The database has changes of a later release.
    #[error(
        "the database is newer than this build: it has {changes} which this build does not know. Use the release that \
         deployed them"
    )]
    Future {
        /// Names of the unknown changes.
        changes: String,
    },
    /// Sqitch deployed this database.
    #[error("this database was deployed by Sqitch (last change {last}); run `civic-os migrate adopt` to take it over")]
    NeedsAdoption {
        /// Last change in Sqitch's registry.
        last: String,
    },
    /// A statement failed; its transaction is undone.
    #[error("{0}\n  Nothing of this file has been kept.")]
    Statement(Box<StatementFailure>),
    /// A text cannot be cut into statements.
    #[error("{file}: {source}")]
    Split {
        /// File.
        file: String,
        /// Why.
        source: SplitError,
    },
    /// A query of the runner itself failed.
    #[error("{operation} failed")]
    Query {
        /// What the runner was doing.
        operation: &'static str,
        /// The server's answer.
        #[source]
        source: tokio_postgres::Error,
    },
    /// refinery refused.
    #[error("the history of changes cannot be used")]
    History(#[source] Box<refinery_core::Error>),
    /// A verify script does not state its facts as JSON: a mistake of this build.
    #[error("{file} does not state its facts")]
    Facts {
        /// Script.
        file: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Reverting would lose what people made.
    #[error("nothing was reverted, because this would be lost:\n{}\n{advice}", list(.losses))]
    WouldLose {
        /// One line per object or table.
        losses: Vec<String>,
        /// What can be done.
        advice: &'static str,
    },
    /// `deploy --to` names an earlier point, or `revert --to` a later one.
    #[error("{asked} is {}; use `civic-os migrate {verb}`", if *.verb == "revert" { "already deployed" } else { "not deployed yet" })]
    WrongDirection {
        /// The target.
        asked: String,
        /// The verb to use.
        verb: &'static str,
    },
    /// `adopt` found nothing to adopt, or something that it must not touch.
    #[error("this database cannot be taken over: {reason}")]
    NotAdoptable {
        /// Why, with advice.
        reason: String,
    },
    /// `app apply` before `migrate deploy`.
    #[error("the core schema is not complete in this database: run `civic-os migrate deploy` first")]
    CoreMissing,
    /// The folder of an application cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// File or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The folder has nothing to apply.
    #[error("{path} has neither *.sql nor NN_table.csv files")]
    NothingToApply {
        /// Folder.
        path: PathBuf,
    },
    /// A file that was applied has another content now.
    #[error(
        "{file} was applied on {applied_at} with another content. An applied file is never edited: restore it and put \
         the change into a new file with a later name"
    )]
    EditedFile {
        /// File name.
        file: String,
        /// When it was applied.
        applied_at: String,
    },
    /// A CSV file that cannot be loaded.
    #[error("{file}: {reason}")]
    Csv {
        /// File name.
        file: String,
        /// Why.
        reason: String,
    },
    /// The process was asked to stop.
    #[error("interrupted: the change in progress was undone, what the log lists before it stays")]
    Interrupted,
}

impl MigrateError {
    /// Whether the server could not be reached, or went away in the middle, so that trying again later may help.
    pub fn is_unreachable(&self) -> bool {
        match self {
            // Starting, stopping, crashed, or out of connections.
            Self::Connect { source, .. } => {
                source.is_unreachable()
                    || source.sqlstate().is_some_and(|code| code.starts_with("57P") || code == "53300")
            }
            Self::Query { source, .. } => is_lost_connection(source),
            _ => false,
        }
    }
}

/// The connection broke, or the server ended it because it is stopping.
fn is_lost_connection(error: &tokio_postgres::Error) -> bool {
    use std::error::Error;
    use tokio_postgres::error::SqlState;
    match error.code() {
        Some(code) => [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(code),
        None => error.is_closed() || error.source().is_some_and(<dyn Error>::is::<std::io::Error>),
    }
}

fn list(lines: &[String]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// Adds what the runner was doing to a database error.
pub(super) trait Doing<T> {
    /// `operation`: what failed, in words.
    fn doing(self, operation: &'static str) -> Result<T, MigrateError>;
}

impl<T> Doing<T> for Result<T, tokio_postgres::Error> {
    fn doing(self, operation: &'static str) -> Result<T, MigrateError> {
        self.map_err(|source| MigrateError::Query { operation, source })
    }
}
