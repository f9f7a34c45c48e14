//! `migrate status` and `migrate log`, and the question of `serve`: may this process run on that database?

use super::error::MigrateError;
use super::plan::Plan;
use super::registry::{self, LogEntry, State};
use super::session::{Session, connect_unchanged};
use crate::config::Secret;
use serde::Serialize;
use tokio_postgres::Client;

/// Where a database stands against this build.
#[derive(Debug, Serialize)]
pub struct StatusReport {
    /// Deployed changes in order.
    pub deployed: Vec<StatusEntry>,
    /// Changes of this build that are missing.
    pub pending: Vec<StatusEntry>,
    /// Changes of a later release.
    pub unknown: Vec<String>,
    /// Last change in Sqitch's registry, when Sqitch deployed this database once.
    pub sqitch: Option<String>,
}

/// One change of the plan.
#[derive(Debug, Serialize)]
pub struct StatusEntry {
    /// Name.
    pub change: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Changes it builds on.
    pub requires: Vec<String>,
    /// What it makes.
    pub note: String,
    /// RFC 3339; none for pending changes.
    pub deployed_at: Option<String>,
}

/// Whether a process of this build may work with a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Currency {
    /// Exactly the changes of this build.
    Current,
    /// Changes are missing: deploy first.
    Behind {
        /// Their names.
        pending: Vec<String>,
    },
    /// A later release deployed changes that this build can live with.
    AheadCompatible {
        /// Their names.
        unknown: Vec<String>,
    },
    /// A later release deployed changes that this build cannot live with.
    AheadIncompatible {
        /// Their names.
        unknown: Vec<String>,
    },
}

impl Currency {
    /// Whether to go on.
    pub fn may_serve(&self) -> bool {
        matches!(self, Self::Current | Self::AheadCompatible { .. })
    }
}

impl std::fmt::Display for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Current => f.write_str("the database is up to date"),
            Self::Behind { pending } => write!(
                f,
                "the database is older than this program ({} changes pending, first {}): run `civic-os migrate deploy`",
                pending.len(),
                pending.first().map_or("", String::as_str)
            ),
            Self::AheadCompatible { unknown } => {
                write!(f, "the database is newer than this program by compatible changes ({})", unknown.join(", "))
            }
            Self::AheadIncompatible { unknown } => write!(
                f,
                "the database is newer than this program and not compatible with it ({}): start a newer release",
                unknown.join(", ")
            ),
        }
    }
}

/// Reads where the owner's database stands.
///
/// # Errors
/// The database cannot be reached, or its history does not fit this build's plan.
pub async fn status(owner_url: &Secret) -> Result<StatusReport, MigrateError> {
    let plan = Plan::embedded()?;
    let session = Session::connect(owner_url).await?;
    let state = registry::read(&session.client).await?;
    let deployed = match state.deployed(&plan) {
        Ok(count) => count,
        Err(MigrateError::Future { .. }) => plan.changes.len(),
        Err(other) => return Err(other),
    };
    let entries = plan.changes.iter().enumerate().map(|(index, change)| StatusEntry {
        change: change.name.to_owned(),
        tags: change.tags.iter().map(ToString::to_string).collect(),
        requires: change.requires.iter().map(ToString::to_string).collect(),
        note: change.note.to_owned(),
        deployed_at: state.applied.get(index).map(|applied| applied.applied_on.clone()),
    });
    let (done, pending): (Vec<_>, Vec<_>) = entries.enumerate().partition(|(index, _)| *index < deployed);
    Ok(StatusReport {
        deployed: done.into_iter().map(|(_, entry)| entry).collect(),
        pending: pending.into_iter().map(|(_, entry)| entry).collect(),
        unknown: state.unknown(&plan),
        sqitch: state.sqitch,
    })
}

/// Everything that the runner did to this database, newest first.
///
/// # Errors
/// The database cannot be reached.
pub async fn log(owner_url: &Secret) -> Result<Vec<LogEntry>, MigrateError> {
    let session = Session::connect(owner_url).await?;
    registry::log(&session.client).await
}

/// Compares a database with this build; works over the owner's connection and over the pool's.
///
/// # Errors
/// The registry cannot be read, or a deployed change was edited.
pub async fn currency(client: &Client) -> Result<Currency, MigrateError> {
    let plan = Plan::embedded()?;
    let state = registry::read_history(client).await?;
    judge(&plan, &state)
}

/// [`currency`] over a connection of its own.
///
/// # Errors
/// As [`currency`], or no connection.
pub async fn is_current(url: &Secret) -> Result<Currency, MigrateError> {
    let client = connect_unchanged(url).await?;
    currency(&client).await
}

fn judge(plan: &Plan, state: &State) -> Result<Currency, MigrateError> {
    match state.deployed(plan) {
        Ok(count) if count == plan.changes.len() => Ok(Currency::Current),
        Ok(count) => Ok(Currency::Behind {
            pending: plan.changes[count..].iter().map(|change| change.name.to_owned()).collect(),
        }),
        Err(MigrateError::Future { .. }) => {
            let unknown = state.unknown(plan);
            if unknown.iter().any(|name| state.breaking.contains(name)) {
                Ok(Currency::AheadIncompatible { unknown })
            } else {
                Ok(Currency::AheadCompatible { unknown })
            }
        }
        Err(other) => Err(other),
    }
}
