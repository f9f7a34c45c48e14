//! What a long operation tells about itself while it runs.

use std::time::Duration;

/// Something that a person who waits wants to know. `Display` is one line without a full stop.
#[derive(Debug)]
pub enum Event<'a> {
    /// Another process holds the lock of this database.
    Waiting,
    /// A change or file begins.
    Started {
        /// Its name.
        name: &'a str,
        /// Its position, from 1.
        number: usize,
        /// How many there are.
        total: usize,
    },
    /// A change or file is done and committed.
    Finished {
        /// Its name.
        name: &'a str,
        /// How long it took.
        elapsed: Duration,
        /// Rows loaded, for CSV files.
        rows: Option<u64>,
    },
    /// Something went on with less than everything.
    Notice {
        /// What and why.
        message: &'a str,
    },
}

impl std::fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Waiting => f.write_str("waiting for another process that migrates this database"),
            Self::Started { name, number, total } => write!(f, "{number}/{total} {name}"),
            Self::Finished { name, elapsed, rows: None } => write!(f, "{name} done in {} ms", elapsed.as_millis()),
            Self::Finished { name, elapsed, rows: Some(rows) } => {
                write!(f, "{name} done in {} ms, {rows} rows", elapsed.as_millis())
            }
            Self::Notice { message } => f.write_str(message),
        }
    }
}

/// Receives events of a running operation.
pub trait Progress: Send + Sync {
    /// Called in order, from one task.
    fn report(&self, event: &Event<'_>);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _event: &Event<'_>) {}
}

/// Tells the log: what finished and what is missing at level `info`, the rest at `debug`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Logged;

impl Progress for Logged {
    fn report(&self, event: &Event<'_>) {
        match event {
            Event::Finished { .. } | Event::Notice { .. } | Event::Waiting => tracing::info!("{event}"),
            Event::Started { .. } => tracing::debug!("{event}"),
        }
    }
}
