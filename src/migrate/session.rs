//! One connection of the owner: the lock, transactions that say which statement failed, and refinery's view of it.
//!
//! refinery decides which change is next and keeps the history; this session executes what it hands over statement by
//! statement, so that a failure has a line, and adds the runner's own log, checks and the reload notification to the
//! same transaction. Called by the sibling modules only. Tests: `tests/it/migrate/`.

use super::error::{Doing, MigrateError, StatementFailure};
use super::progress::{Event, Progress};
use super::statement;
use crate::config::Secret;
use crate::db;
use refinery_core::traits::r#async::{AsyncMigrate, AsyncQuery, AsyncTransaction};
use refinery_core::{Migration, Runner, Target};
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::{Client, Transaction};

/// Where refinery's history lies; qualified, so that no search path matters.
pub(super) const HISTORY_TABLE: &str = "civic_os_migrations.schema_history";

/// Key of the advisory lock that deploys, reverts, adoptions and `app apply` of one database share.
const LOCK: &str = "hashtextextended('civic-os migrate', 0)";

/// SQL that a transaction runs beside what refinery hands over.
#[derive(Clone, Debug)]
pub(super) struct Extra {
    /// Name in errors.
    pub(super) file: String,
    pub(super) sql: String,
}

/// The owner's connection.
pub(super) struct Session {
    pub(super) client: Client,
    /// File name of the change that refinery is about to run.
    file: String,
    /// Runs after the change, before its commit.
    extras: Vec<Extra>,
    /// What went wrong inside refinery's call; its own error only has a text.
    failure: Option<MigrateError>,
}

impl Session {
    /// Connects; notices of the server go to `progress`.
    pub(super) async fn connect(url: &Secret) -> Result<Self, MigrateError> {
        let client = connect_unchanged(url).await?;
        let session = Self { client, file: String::new(), extras: Vec::new(), failure: None };
        // Deploys wait for locks of running requests, but not for ever: an idle transaction somewhere must not turn into
        // a standstill of the whole application behind us.
        session
            .client
            .batch_execute(
                "set application_name to 'civic-os migrate'; set lock_timeout to '60s'; set statement_timeout to 0; \
                 set idle_in_transaction_session_timeout to 0; set client_min_messages to warning; \
                 set timezone to 'UTC'; set search_path to public",
            )
            .await
            .doing("preparing the session")?;
        // An interrupted run must not hold the lock until its last statement ends. Servers on some systems cannot do this,
        // and nothing depends on it.
        if let Err(error) = session.client.batch_execute("set client_connection_check_interval to '1s'").await {
            tracing::debug!(%error, "the server cannot watch whether this client is there");
        }
        Ok(session)
    }

    /// Takes the lock of this database; waits for other runners.
    pub(super) async fn lock(&self, progress: &dyn Progress) -> Result<(), MigrateError> {
        let free: bool = self
            .client
            .query_one(&format!("select pg_try_advisory_lock({LOCK})"), &[])
            .await
            .doing("taking the migration lock")?
            .get(0);
        if free {
            return Ok(());
        }
        progress.report(&Event::Waiting);
        self.client
            .batch_execute(&format!(
                "set lock_timeout to 0; select pg_advisory_lock({LOCK}); set lock_timeout to '60s'"
            ))
            .await
            .doing("waiting for the migration lock")
    }

    /// Lets refinery run one change with `extras` in the same transaction.
    pub(super) async fn run_change(
        &mut self,
        migrations: &[Migration],
        version: i32,
        file: String,
        extras: Vec<Extra>,
    ) -> Result<(), MigrateError> {
        self.file = file;
        self.extras = extras;
        self.failure = None;
        let mut runner = Runner::new(migrations).set_target(Target::Version(version));
        runner.set_migration_table_name(HISTORY_TABLE);
        let outcome = runner.run_async(self).await;
        self.extras.clear();
        match (outcome, self.failure.take()) {
            (Ok(_), _) => Ok(()),
            (Err(_), Some(failure)) => Err(failure),
            (Err(error), None) => Err(MigrateError::History(Box::new(error))),
        }
    }

    /// What refinery asks for: one text is its own (its table); two are a change and its row in the history.
    async fn execute_handed_over(&mut self, queries: &[&str]) -> Result<(), MigrateError> {
        let transaction = self.client.transaction().await.doing("starting a transaction")?;
        if let [change, history] = queries {
            run_statements(&transaction, &self.file, change).await?;
            transaction.batch_execute(history).await.doing("recording the change")?;
            for extra in &self.extras {
                run_statements(&transaction, &extra.file, &extra.sql).await?;
            }
        } else {
            for query in queries {
                transaction.batch_execute(query).await.doing("preparing the history")?;
            }
        }
        transaction.commit().await.doing("committing the change")
    }
}

/// Runs every statement of `sql`; the first failure is returned with its place.
pub(super) async fn run_statements(
    transaction: &Transaction<'_>,
    file: &str,
    sql: &str,
) -> Result<usize, MigrateError> {
    let statements = statement::split(sql).map_err(|source| MigrateError::Split { file: file.to_owned(), source })?;
    for one in &statements {
        transaction
            .batch_execute(one.text)
            .await
            .map_err(|error| MigrateError::Statement(Box::new(failure_of(file, one, &error))))?;
    }
    Ok(statements.len())
}

/// The place and the server's words.
pub(super) fn failure_of(
    file: &str,
    statement: &statement::Statement<'_>,
    error: &tokio_postgres::Error,
) -> StatementFailure {
    let first_line = statement.text.lines().next().unwrap_or_default();
    let mut failure = StatementFailure {
        file: file.to_owned(),
        line: statement.line,
        statement: first_line.chars().take(160).collect(),
        sqlstate: String::new(),
        message: describe(error),
        detail: None,
        hint: None,
        context: None,
    };
    if let Some(said) = error.as_db_error() {
        if let Some(ErrorPosition::Original(position)) = said.position() {
            let before = usize::try_from(*position).unwrap_or(1).saturating_sub(1);
            failure.line += statement.text.chars().take(before).filter(|c| *c == '\n').count();
        }
        failure.sqlstate = said.code().code().to_owned();
        failure.message = said.message().to_owned();
        failure.detail = said.detail().map(str::to_owned);
        failure.hint = said.hint().map(str::to_owned);
        failure.context = said.where_().map(str::to_owned);
    }
    failure
}

/// An error with its causes in one line.
pub(super) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

/// Opens a connection and leaves the session's settings alone, so that a transaction pooler may stand between.
pub(super) async fn connect_unchanged(url: &Secret) -> Result<Client, MigrateError> {
    if !url.is_set() {
        return Err(MigrateError::NoOwnerUrl);
    }
    db::connect_direct(url).await.map_err(|source| MigrateError::Connect { target: target_of(url), source })
}

/// User, host and database of a URL for error messages.
fn target_of(url: &Secret) -> String {
    let Some(Ok(config)) = url.expose().map(str::parse::<tokio_postgres::Config>) else {
        return "the URL cannot be read".to_owned();
    };
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    format!(
        "user {}, host {}, database {}",
        config.get_user().unwrap_or("unset"),
        if hosts.is_empty() { "unset".to_owned() } else { hosts.join(",") },
        config.get_dbname().unwrap_or("unset")
    )
}

/// refinery only needs to know that it must stop; the reason is in [`Session`].
#[derive(Debug, thiserror::Error)]
#[error("stopped")]
pub(super) struct Stopped;

impl AsyncTransaction for Session {
    type Error = Stopped;

    async fn execute<'a, T: Iterator<Item = &'a str> + Send + 'a>(
        &'a mut self,
        queries: T,
    ) -> Result<usize, Self::Error> {
        let queries: Vec<&str> = queries.collect();
        match self.execute_handed_over(&queries).await {
            Ok(()) => Ok(queries.len()),
            Err(failure) => {
                self.failure = Some(failure);
                Err(Stopped)
            }
        }
    }
}

impl AsyncQuery<Vec<Migration>> for Session {
    async fn query<'a>(&'a mut self, query: &'a str) -> Result<Vec<Migration>, Self::Error> {
        let rows = match self.client.query(query, &[]).await.doing("reading the history") {
            Ok(rows) => rows,
            Err(failure) => {
                self.failure = Some(failure);
                return Err(Stopped);
            }
        };
        Ok(rows
            .iter()
            .map(|row| {
                let applied_on: String = row.get(2);
                let checksum: String = row.get(3);
                Migration::applied(
                    row.get(0),
                    row.get(1),
                    OffsetDateTime::parse(&applied_on, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH),
                    checksum.parse().unwrap_or(0),
                )
            })
            .collect())
    }
}

impl AsyncMigrate for Session {}

/// Milliseconds for reports and the log.
pub(super) fn millis(elapsed: Duration) -> i32 {
    i32::try_from(elapsed.as_millis()).unwrap_or(i32::MAX)
}
