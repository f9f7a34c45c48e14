//! Values on their way into a statement of the queue and out of its rows. Everything travels as text over the pool's pipelined connections; types come from
//! the casts that each `.sql` file writes around its parameters. Rows of other clients may hold anything that the columns allow, so reading a job never
//! fails: what cannot be read is said in [`ReadJob::unreadable`] and ends that job alone.

use super::model::{AttemptError, Job, JobState};
use super::store::StoreError;
use crate::db::{Param, ParamType, ResultRow};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use std::str::FromStr;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(super) fn text(value: &str) -> Param<'_> {
    Param::unknown(value)
}

pub(super) fn number(value: impl ToString) -> Param<'static> {
    Param::unknown(value.to_string())
}

pub(super) fn seconds(value: Duration) -> Param<'static> {
    number(value.as_secs_f64())
}

pub(super) fn flag(value: bool) -> Param<'static> {
    Param::unknown(if value { "t" } else { "f" })
}

pub(super) fn json(value: &Value) -> Param<'static> {
    Param::unknown(value.to_string())
}

pub(super) fn instant(value: OffsetDateTime) -> Param<'static> {
    // Years outside RFC 3339 are refused by the statement with PostgreSQL's own words.
    Param::unknown(value.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_else(|error| error.to_string()))
}

pub(super) fn bytes(value: &[u8]) -> Param<'static> {
    use std::fmt::Write as _;
    Param::unknown(value.iter().fold(String::from("\\x"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

pub(super) fn optional<'a, T>(value: Option<T>, param: impl FnOnce(T) -> Param<'a>) -> Param<'a> {
    value.map_or_else(|| Param::null(ParamType::Unknown), param)
}

/// An array literal; each element quoted.
pub(super) fn texts<T: AsRef<str>>(values: &[T]) -> Param<'static> {
    let mut literal = String::from("{");
    for (position, value) in values.iter().enumerate() {
        literal.push_str(if position == 0 { "\"" } else { ",\"" });
        for character in value.as_ref().chars() {
            if matches!(character, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(character);
        }
        literal.push('"');
    }
    Param::unknown(literal + "}")
}

/// An array literal of numbers.
pub(super) fn numbers<T: ToString>(values: &[T]) -> Param<'static> {
    let values: Vec<String> = values.iter().map(T::to_string).collect();
    Param::unknown(format!("{{{}}}", values.join(",")))
}

pub(super) fn read_text(row: &ResultRow, column: usize) -> Result<&str, StoreError> {
    row.text(column).ok_or(StoreError::Unreadable { column })
}

pub(super) fn read<T: FromStr>(row: &ResultRow, column: usize) -> Result<T, StoreError> {
    read_text(row, column)?.parse().map_err(|_| StoreError::Unreadable { column })
}

pub(super) fn read_flag(row: &ResultRow, column: usize) -> Result<bool, StoreError> {
    read_text(row, column).map(|text| text == "t")
}

pub(super) fn read_json<T: DeserializeOwned>(row: &ResultRow, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(read_text(row, column)?).map_err(|_| StoreError::Unreadable { column })
}

/// Microseconds since 1970; null, infinite and far away times are none.
pub(super) fn read_instant(row: &ResultRow, column: usize) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(row.int(column)?) * 1_000).ok()
}

/// A job with what is wrong with its row.
pub(super) struct ReadJob {
    pub(super) job: Job,
    pub(super) unreadable: Option<String>,
}

/// The columns of `claim.sql` and `list.sql`, in this order.
pub(super) fn read_job(row: &ResultRow) -> ReadJob {
    let mut unreadable = None;
    let args = row.text(7).unwrap_or("null");
    let args = serde_json::from_str(args).unwrap_or_else(|error| {
        unreadable = Some(format!("the arguments cannot be read: {error}"));
        Value::String(args.to_owned())
    });
    let small = |column| row.int(column).and_then(|value| i16::try_from(value).ok()).unwrap_or(0);
    let words = |column| read_json(row, column).unwrap_or_default();
    let owned = |column| row.text(column).unwrap_or_default().to_owned();
    let job = Job {
        id: row.int(0).unwrap_or(0),
        kind: owned(1),
        queue: owned(2),
        // The enum in the database has exactly these labels; a newer one would be a state that we must not touch.
        state: read(row, 3).unwrap_or(JobState::Pending),
        attempt: small(4),
        max_attempts: small(5),
        priority: small(6),
        args,
        metadata: read_json(row, 8).unwrap_or_else(|_| Value::Object(serde_json::Map::new())),
        errors: read_errors(row.text(9).unwrap_or("[]")),
        attempted_by: words(10),
        tags: words(11),
        created_at: read_instant(row, 12).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        scheduled_at: read_instant(row, 13).unwrap_or(OffsetDateTime::UNIX_EPOCH),
        attempted_at: read_instant(row, 14),
        finalized_at: read_instant(row, 15),
    };
    ReadJob { job, unreadable }
}

/// What does not parse is shown as text: others may have written anything, and the number of elements counts.
fn read_errors(text: &str) -> Vec<AttemptError> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    let odd = |element: &RawValue| AttemptError {
        at: OffsetDateTime::UNIX_EPOCH,
        attempt: 0,
        error: element.get().to_owned(),
        trace: String::new(),
    };
    elements.into_iter().map(|element| serde_json::from_str(element.get()).unwrap_or_else(|_| odd(element))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn array_literals_quote_what_would_end_an_element() {
        assert_eq!(texts(&[r#"a"b"#, r"c\d", "", "e,f"]), Param::unknown(r#"{"a\"b","c\\d","","e,f"}"#));
        assert_eq!(texts::<&str>(&[]), Param::unknown("{}"));
        assert_eq!(numbers(&[1_i64, -2]), Param::unknown("{1,-2}"));
    }

    #[test]
    fn errors_that_nobody_can_read_still_count() {
        let errors = read_errors(
            r#"[{"at":"2025-11-23T12:00:00.123456789Z","attempt":1,"error":"text","trace":""}, 1e999, "odd"]"#,
        );
        let texts: Vec<&str> = errors.iter().map(|error| error.error.as_str()).collect();
        assert_eq!(texts, ["text", "1e999", "\"odd\""]);
    }
}
