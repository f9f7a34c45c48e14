//! What one flight sends: statements, their settings and parameters, written into the connection's buffer.

use super::{Flight, Naming, Step, Wire};
use crate::db::request::{IsolationLevel, Param, RequestTransaction, TransactionEnd};
use crate::db::statement::Preparation;
use crate::db::{AccessMode, DbError, Statement};
use bytes::BytesMut;
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend::{self, BindError};
use std::fmt::Write as _;
use std::io;

impl Wire {
    pub(super) fn write_transaction(&mut self, transaction: &RequestTransaction<'_>) -> Result<(), DbError> {
        // Everything before one Sync is one transaction anyway, so BEGIN and COMMIT are only sent where they say more.
        let explicit = transaction.isolation != IsolationLevel::ReadCommitted
            || !self.has_plain_defaults
            || !matches!(transaction.end, TransactionEnd::Commit);
        let read_only = transaction.access == AccessMode::ReadOnly;
        self.open_flight();
        if explicit {
            self.push_word(begin(transaction.isolation, read_only))?;
        }
        self.push_settings(transaction.settings, read_only && !explicit)?;
        if let Some(pre_request) = transaction.pre_request {
            self.push(transaction.role, pre_request, &[], Naming::AtOnce, false)?;
        }
        let Statement { sql, params, reusable } = transaction.statement;
        let naming = if reusable { Naming::SecondSight } else { Naming::Never };
        self.push(transaction.role, sql, params, naming, true)?;
        match transaction.end {
            TransactionEnd::Commit if explicit => self.push_word("COMMIT")?,
            TransactionEnd::Rollback => {
                // Deferred constraints would only show at a commit.
                self.push_word("SET CONSTRAINTS ALL IMMEDIATE")?;
                self.push_word("ROLLBACK")?;
            }
            _ => {}
        }
        frontend::sync(&mut self.out);
        Ok(())
    }

    pub(super) fn open_flight(&mut self) {
        self.out.clear();
        self.written = 0;
        self.flight = Some(Flight::default());
        for name in self.statements.take_doomed() {
            // Only fails for a NUL in the name, and names are ours.
            let _ = frontend::close(b'S', &name.text(), &mut self.out);
        }
    }

    /// Nothing was sent: forget the flight.
    pub(super) fn abandon(&mut self) {
        self.out.clear();
        self.written = 0;
        self.flight = None;
    }

    pub(super) fn push_word(&mut self, sql: &str) -> Result<(), DbError> {
        self.push("", sql, &[], Naming::AtOnce, false)
    }

    /// `select set_config($1, $2, true), …`: one statement for each number of settings.
    pub(super) fn push_settings(&mut self, settings: &[(&str, &str)], read_only: bool) -> Result<(), DbError> {
        let count = settings.len() + usize::from(read_only);
        if count == 0 {
            return Ok(());
        }
        let named = self.statements.is_enabled() && count < 64;
        let name = if named { format!("s{count}") } else { String::new() };
        let mut step = Step::default();
        if !named || self.settings_ready & (1 << count) == 0 {
            let mut sql = String::with_capacity(count * 40);
            for index in 0..count {
                let word = if index == 0 { "SELECT" } else { "," };
                let _ = write!(sql, "{word} pg_catalog.set_config(${}, ${}, true)", 2 * index + 1, 2 * index + 2);
            }
            let types = std::iter::repeat_n(25, 2 * count);
            frontend::parse(&name, &sql, types, &mut self.out).map_err(encode)?;
            step.confirm_settings = named.then_some(count);
        }
        let extra = read_only.then_some(("transaction_read_only", "on"));
        let values = settings.iter().copied().chain(extra).flat_map(|(name, value)| [name, value]);
        frontend::bind("", &name, [], values, write_text, [], &mut self.out).map_err(bind_error)?;
        frontend::execute("", 0, &mut self.out).map_err(encode)?;
        self.push_step(step);
        Ok(())
    }

    pub(super) fn push(
        &mut self,
        role: &str,
        sql: &str,
        params: &[Param<'_>],
        naming: Naming,
        collect: bool,
    ) -> Result<(), DbError> {
        let types = params.iter().map(|param| param.param_type);
        let preparation = match naming {
            Naming::Never => Preparation::Unnamed,
            _ => self.statements.prepare(role, sql, types.clone(), naming == Naming::AtOnce),
        };
        let mut step = Step { collect, ..Step::default() };
        let name = match preparation {
            Preparation::Unnamed => String::new(),
            Preparation::New(name) => {
                step.confirm = Some((self.statements.last_key(), name));
                name.text()
            }
            Preparation::Ready(name) => name.text(),
        };
        if !matches!(preparation, Preparation::Ready(_)) {
            frontend::parse(&name, sql, types.map(|t| t.oid()), &mut self.out).map_err(encode)?;
        }
        // Room for all at once: growing copies, and holds what was beside what will be.
        let length: usize = params.iter().filter_map(|param| param.value.as_ref()).map(|value| value.len()).sum();
        self.out.reserve(length + 4 * params.len() + 64);
        let write_param = |param: &Param<'_>, out: &mut BytesMut| match &param.value {
            Some(value) => write_bytes(value, out),
            None => Ok(IsNull::Yes),
        };
        frontend::bind("", &name, [], params, write_param, [], &mut self.out).map_err(bind_error)?;
        frontend::execute("", 0, &mut self.out).map_err(encode)?;
        self.push_step(step);
        Ok(())
    }

    fn push_step(&mut self, step: Step) {
        if let Some(flight) = &mut self.flight {
            if step.collect {
                flight.collected.push(Vec::new());
            }
            flight.steps.push(step);
        }
    }
}

fn begin(isolation: IsolationLevel, read_only: bool) -> &'static str {
    match (isolation, read_only) {
        (IsolationLevel::ReadCommitted, true) => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
        (IsolationLevel::ReadCommitted, false) => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        (IsolationLevel::RepeatableRead, true) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        (IsolationLevel::RepeatableRead, false) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE",
        (IsolationLevel::Serializable, true) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY",
        (IsolationLevel::Serializable, false) => "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE",
    }
}

type BoxedError = Box<dyn std::error::Error + Sync + Send>;

fn write_text(text: &str, out: &mut BytesMut) -> Result<IsNull, BoxedError> {
    write_bytes(text.as_bytes(), out)
}

fn write_bytes(bytes: &[u8], out: &mut BytesMut) -> Result<IsNull, BoxedError> {
    out.extend_from_slice(bytes);
    Ok(IsNull::No)
}

fn encode(error: io::Error) -> DbError {
    DbError::Encode(error.to_string())
}

fn bind_error(error: BindError) -> DbError {
    DbError::Encode(match error {
        BindError::Conversion(error) => error.to_string(),
        BindError::Serialization(error) => error.to_string(),
    })
}
