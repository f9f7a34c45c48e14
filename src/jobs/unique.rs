//! River's unique keys (WORKERS.md §2.4): a hash over what must not be waiting twice, and the states in which it counts.

use super::model::JobState;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// What makes a job the same as another.
#[derive(Clone, Debug, Default)]
pub struct Unique {
    /// Leave the kind out of the key.
    pub exclude_kind: bool,
    /// All arguments are part of it.
    pub by_args: bool,
    /// Or only these top-level ones; absent ones are skipped.
    pub by_arg_names: Vec<String>,
    /// Once per period.
    pub by_period: Option<Duration>,
    /// The queue is part of it.
    pub by_queue: bool,
    /// States in which an earlier job blocks; empty = River's default, all but cancelled and discarded.
    pub states: Vec<JobState>,
}

impl Unique {
    /// The key's 32 bytes.
    pub fn key(&self, kind: &str, args: &Value, queue: &str, due: OffsetDateTime) -> Vec<u8> {
        Sha256::digest(self.key_text(kind, args, queue, due)).to_vec()
    }

    /// `unique_states` as a bit string of eight: `cancelled` is 0x02, and so on.
    pub fn states_mask(&self) -> String {
        let states: &[JobState] = if self.states.is_empty() {
            &[
                JobState::Available,
                JobState::Completed,
                JobState::Pending,
                JobState::Retryable,
                JobState::Running,
                JobState::Scheduled,
            ]
        } else {
            &self.states
        };
        let byte = states.iter().fold(0_u8, |byte, state| byte | 1 << (*state as u8));
        format!("{byte:08b}")
    }

    fn key_text(&self, kind: &str, args: &Value, queue: &str, due: OffsetDateTime) -> String {
        let mut text = String::new();
        if !self.exclude_kind {
            let _ = write!(text, "&kind={kind}");
        }
        if self.by_args || !self.by_arg_names.is_empty() {
            let _ = write!(text, "&args={}", self.sorted_args(args));
        }
        if let Some(period) = self.by_period {
            let seconds = i64::try_from(period.as_secs().max(1)).unwrap_or(i64::MAX);
            let start = due.unix_timestamp().div_euclid(seconds).saturating_mul(seconds);
            let start = OffsetDateTime::from_unix_timestamp(start).unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let _ = write!(text, "&period={}", start.format(&Rfc3339).unwrap_or_default());
        }
        if self.by_queue {
            let _ = write!(text, "&queue={queue}");
        }
        text
    }

    /// Compact JSON of the chosen top-level members, sorted by name.
    fn sorted_args(&self, args: &Value) -> String {
        let Value::Object(members) = args else { return args.to_string() };
        let mut names: Vec<&String> =
            members.keys().filter(|name| self.by_arg_names.is_empty() || self.by_arg_names.contains(name)).collect();
        names.sort();
        let mut text = String::from("{");
        for (position, name) in names.into_iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            let _ = write!(text, "{}:{}", Value::String(name.clone()), members[name]);
        }
        text + "}"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The two vectors of WORKERS.md §2.4.
    #[test]
    fn matches_the_contracts_vectors() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let by_args = Unique { by_args: true, ..Unique::default() };
        assert_eq!(
            hex(&by_args.key("demo_kind", &json!({"b": 2, "a": "x"}), "default", now)),
            "03d4ba4c78449c6029df63daeef6405720af15c2c08975568343e05c0a35b894"
        );
        let by_queue = Unique { by_queue: true, ..Unique::default() };
        assert_eq!(
            hex(&by_queue.key("demo_kind", &json!({}), "q2", now)),
            "a21e070232fbd7d316df204a6ec5c2a22b8bb37d6ffe4dd9ae6dfa95e141acf4"
        );
    }

    #[test]
    fn the_default_states_are_all_but_cancelled_and_discarded() {
        assert_eq!(Unique::default().states_mask(), "11110101"); // 0xF5
    }

    #[test]
    fn only_named_arguments_count_and_absent_ones_are_skipped() {
        let unique = Unique { by_arg_names: vec!["id".into(), "gone".into()], ..Unique::default() };
        let now = OffsetDateTime::UNIX_EPOCH;
        assert_eq!(
            unique.key("k_k", &json!({"id": 1, "note": "a"}), "q", now),
            unique.key("k_k", &json!({"note": "b", "id": 1}), "q", now)
        );
        assert_ne!(unique.key("k_k", &json!({"id": 1}), "q", now), unique.key("k_k", &json!({"id": 2}), "q", now));
    }
}
