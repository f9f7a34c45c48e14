//! A row of `metadata.river_job` as River and we understand it (WORKERS.md §2.1, §2.5).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

/// Where a job is in its life; the labels are River's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// May be fetched once its time has come.
    Available,
    /// Final: somebody asked for it to stop.
    Cancelled,
    /// Final: done.
    Completed,
    /// Final: given up.
    Discarded,
    /// Parked by whoever inserted it.
    Pending,
    /// Failed, waits for its next attempt.
    Retryable,
    /// A process works on it.
    Running,
    /// Waits for its time.
    Scheduled,
}

impl JobState {
    /// All states in the enum's order.
    pub const ALL: [Self; 8] = [
        Self::Available,
        Self::Cancelled,
        Self::Completed,
        Self::Discarded,
        Self::Pending,
        Self::Retryable,
        Self::Running,
        Self::Scheduled,
    ];

    /// The enum label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Discarded => "discarded",
            Self::Pending => "pending",
            Self::Retryable => "retryable",
            Self::Running => "running",
            Self::Scheduled => "scheduled",
        }
    }

    /// Whether `finalized_at` has to be set.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Completed | Self::Discarded)
    }
}

impl std::str::FromStr for JobState {
    type Err = UnknownState;
    fn from_str(label: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.as_str() == label).ok_or_else(|| UnknownState(label.to_owned()))
    }
}

/// A label that is none of River's.
#[derive(Debug, thiserror::Error)]
#[error(
    "\"{0}\" is no job state; it is one of available, cancelled, completed, discarded, pending, retryable, running, scheduled"
)]
pub struct UnknownState(String);

/// One job, fetched or shown.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Primary key.
    pub id: i64,
    /// Which code runs it.
    pub kind: String,
    /// Which producers look for it.
    pub queue: String,
    /// State at the time of reading.
    pub state: JobState,
    /// Counted at fetch: 1 during the first run.
    pub attempt: i16,
    /// After this many failures it is discarded.
    pub max_attempts: i16,
    /// 1 is served first, 4 last.
    pub priority: i16,
    /// Arguments, whatever the inserter wrote.
    pub args: Value,
    /// River's and our own notes.
    pub metadata: Value,
    /// Failed attempts so far, oldest first.
    pub errors: Vec<AttemptError>,
    /// Client ids of those who tried, oldest first.
    pub attempted_by: Vec<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// When it was inserted.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it is or was due.
    #[serde(with = "time::serde::rfc3339")]
    pub scheduled_at: OffsetDateTime,
    /// When the current or last attempt began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub attempted_at: Option<OffsetDateTime>,
    /// When it reached a final state.
    #[serde(with = "time::serde::rfc3339::option")]
    pub finalized_at: Option<OffsetDateTime>,
}

impl Job {
    /// When the current attempt began, in microseconds since 1970: what tells one attempt at a job from all others.
    pub(super) fn began(&self) -> i64 {
        let began = self.attempted_at.map_or(0, |at| at.unix_timestamp_nanos() / 1_000);
        i64::try_from(began).unwrap_or(0)
    }
}

/// One element of `errors`. All four keys are always there: Go decodes them, and a missing or odd `at` fails a whole batch of its fetch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptError {
    /// When the attempt began.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Which attempt.
    pub attempt: i16,
    /// What went wrong, for people.
    pub error: String,
    /// Stack of a panic, otherwise empty.
    #[serde(default)]
    pub trace: String,
}

impl AttemptError {
    /// Errors longer than this many bytes are cut: a row must stay readable and fetchable.
    const LONGEST_TEXT: usize = 16 * 1024;

    /// An element for the attempt that the job is in.
    pub fn new(job: &Job, error: impl Into<String>, trace: impl Into<String>) -> Self {
        Self {
            at: job.attempted_at.unwrap_or(job.scheduled_at).to_offset(time::UtcOffset::UTC),
            attempt: job.attempt,
            error: storable(error.into()),
            trace: storable(trace.into()),
        }
    }

    /// The element as stored.
    pub fn to_json(&self) -> Value {
        // Plain data with string keys: serialisation cannot fail; the fallback keeps the column decodable for Go all the same.
        serde_json::to_value(self).unwrap_or_else(|_| serde_json::json!({"at": "1970-01-01T00:00:00Z", "attempt": self.attempt, "error": self.error, "trace": ""}))
    }
}

/// jsonb refuses NUL, and nobody reads a megabyte.
fn storable(text: String) -> String {
    let mut text = if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text };
    if text.len() > AttemptError::LONGEST_TEXT {
        let cut = text.floor_char_boundary(AttemptError::LONGEST_TEXT);
        text.truncate(cut);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_round_trip_and_unknown_ones_say_what_is_known() {
        for state in JobState::ALL {
            assert_eq!(state.as_str().parse::<JobState>().expect("own label"), state);
        }
        assert!("done".parse::<JobState>().expect_err("no label").to_string().contains("completed"));
    }

    #[test]
    fn error_texts_are_storable() {
        assert_eq!(storable("a\0b".into()), "a\u{fffd}b");
        let long = storable("é".repeat(20_000));
        assert!(long.len() <= AttemptError::LONGEST_TEXT + '…'.len_utf8());
    }
}
