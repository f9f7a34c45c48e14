//! One backup a day for as long as the process lives, for places without a timer of their own.

use std::convert::Infallible;
use std::time::Duration;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, Time};

/// The clock is looked at this often: a machine that slept, or whose clock was set, is not late for long.
const LOOK: Duration = Duration::from_secs(60);

/// When backups are made.
#[derive(Clone, Copy, Debug)]
pub struct Daily {
    /// The turn of each day, UTC.
    pub at: Time,
    /// How long after a backup that failed the next try is.
    pub again: Duration,
}

impl Daily {
    /// After a backup that failed, unless somebody says otherwise.
    pub const AGAIN: Duration = Duration::from_secs(15 * 60);

    /// Makes backups until the future is dropped. One that fails is tried again, and said in the log.
    /// `newest` says when the last one that reached its place was made; `make` makes one, brings it there, and says when it began to.
    pub async fn run<E: AsRef<dyn std::error::Error + 'static>>(
        &self,
        newest: impl Fn() -> Option<OffsetDateTime>,
        make: impl AsyncFn() -> Result<OffsetDateTime, E>,
    ) -> Infallible {
        let (mut made, mut announced) = (None, None);
        loop {
            let now = OffsetDateTime::now_utc();
            let due = next(now, self.at, [made, newest()]);
            if now < due {
                if announced.replace(due) != Some(due) {
                    let at = due.format(&Rfc3339).unwrap_or_default();
                    tracing::info!("The next backup is due at {at}");
                }
                let left = (due - now).try_into().unwrap_or(LOOK);
                tokio::time::sleep(LOOK.min(left)).await;
                continue;
            }
            match make().await {
                Ok(began) => made = Some(began),
                Err(error) => {
                    let at = (OffsetDateTime::now_utc() + self.again).format(&Rfc3339).unwrap_or_default();
                    tracing::error!(error = error.as_ref(), "The daily backup failed; the next try is at {at}");
                    tokio::time::sleep(self.again).await;
                }
            }
        }
    }
}

/// When a backup is due: once a day, and at once where the last turn was missed, as after a night without power or before the first.
/// One from the future was made by a wrong clock, and does not count.
fn next(now: OffsetDateTime, at: Time, known: [Option<OffsetDateTime>; 2]) -> OffsetDateTime {
    let today = now.replace_time(at);
    let last = if today <= now { today } else { today - time::Duration::DAY };
    let is_done = known.into_iter().flatten().any(|made| (last..=now).contains(&made));
    if is_done { last + time::Duration::DAY } else { now }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{datetime, time};

    #[test]
    fn one_a_day_and_what_was_missed_at_once() {
        let at = time!(2:00);
        let (now, night) = (datetime!(2026-11-29 14:00 UTC), datetime!(2026-11-30 2:00 UTC));
        let after = |newest| next(now, at, [None, Some(newest)]);
        assert_eq!(next(now, at, [None, None]), now, "none yet");
        assert_eq!(after(datetime!(2026-11-29 2:00:03 UTC)), night);
        assert_eq!(after(datetime!(2026-11-28 2:00:03 UTC)), now, "this night's is missing");
        // One made by hand in the evening is not this night's.
        let evening = Some(datetime!(2026-11-29 20:00 UTC));
        assert_eq!(next(datetime!(2026-11-30 1:59 UTC), at, [None, evening]), night);
        assert_eq!(next(night, at, [None, evening]), night);
        // The clock was wrong once: neither none for a year nor one after the other.
        let future = Some(datetime!(2027-11-29 2:00 UTC));
        assert_eq!(next(now, at, [None, future]), now);
        assert_eq!(next(now, at, [Some(now), future]), night);
        // What waited for its bucket over the turn is not this night's.
        let waited = Some(datetime!(2026-11-28 2:00:01 UTC));
        assert_eq!(next(now, at, [waited, waited]), now);
    }
}
