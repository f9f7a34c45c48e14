//! What the server says, message by message, during a flight and between two.

use super::{Landed, Wire};
use crate::db::handshake::{server_error, surprise};
use crate::db::{DbError, ResultRow};
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::{DataRowBody, Message};
use smallvec::SmallVec;
use std::io;

impl Wire {
    pub(super) fn next_message(&mut self) -> Result<Option<Message>, DbError> {
        Message::parse(&mut self.inbound).map_err(|error| {
            self.is_broken = true;
            DbError::Protocol(error.to_string())
        })
    }

    /// Takes one message of a flight; the result once the flight has ended.
    pub(super) fn take(&mut self, message: Message) -> Result<Option<Result<Landed, DbError>>, DbError> {
        let Some(flight) = &mut self.flight else {
            self.is_broken = true;
            return Err(surprise());
        };
        match message {
            Message::ParseComplete => {
                if let Some(step) = flight.steps.get_mut(flight.current) {
                    if let Some(count) = step.confirm_settings {
                        self.settings_ready |= 1 << count;
                    }
                    if let Some((key, name)) = step.confirm.take() {
                        self.statements.confirm(key, name);
                    }
                }
            }
            Message::DataRow(body) if flight.steps.get(flight.current).is_some_and(|step| step.collect) => {
                let slot = flight.steps[..flight.current].iter().filter(|step| step.collect).count();
                let mut row = result_row(&body).map_err(|error| DbError::Protocol(error.to_string()))?;
                if let Some(place) = flight.place.take() {
                    row.buffer = place.hold(row.buffer);
                }
                flight.collected[slot].push(row);
            }
            Message::DataRow(_) => {}
            Message::CommandComplete(_) | Message::EmptyQueryResponse => flight.current += 1,
            Message::ErrorResponse(body) => {
                let error = server_error(body.fields());
                // FATAL and PANIC are followed by the end of the connection.
                self.is_broken |= error.severity != "ERROR";
                // The first error is the cause; whatever follows is its consequence.
                flight.error.get_or_insert_with(|| Box::new(error));
            }
            Message::NoticeResponse(body) => {
                let notice = server_error(body.fields());
                if notice.severity == "WARNING" && flight.notices.len() < 16 {
                    flight.notices.push(notice);
                }
            }
            Message::ReadyForQuery(body) => {
                self.status = body.status();
                let flight = self.flight.take().unwrap_or_default();
                return Ok(Some(match flight.error {
                    Some(error) => Err(DbError::Server(error)),
                    None => Ok(Landed { collected: flight.collected, notices: flight.notices }),
                }));
            }
            Message::CopyInResponse(_) | Message::CopyOutResponse(_) => {
                self.is_broken = true;
                return Err(surprise());
            }
            _ => {}
        }
        Ok(None)
    }

    /// What the server says unasked, between flights.
    pub(super) fn take_unasked(&mut self) -> Result<(), DbError> {
        while let Some(message) = self.next_message()? {
            match message {
                Message::NoticeResponse(_) | Message::ParameterStatus(_) | Message::NotificationResponse(_) => {}
                _ => {
                    self.is_broken = true;
                    return Err(surprise());
                }
            }
        }
        Ok(())
    }
}

fn result_row(body: &DataRowBody) -> io::Result<ResultRow> {
    let mut columns = SmallVec::new();
    let mut ranges = body.ranges();
    while let Some(range) = ranges.next()? {
        columns.push(match range {
            Some(range) => (offset(range.start)?, i32::try_from(range.len()).map_err(io::Error::other)?),
            None => (0, -1),
        });
    }
    Ok(ResultRow { buffer: body.buffer_bytes().clone(), columns })
}

pub(super) fn offset(position: usize) -> io::Result<u32> {
    u32::try_from(position).map_err(io::Error::other)
}
