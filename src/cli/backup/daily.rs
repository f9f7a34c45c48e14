//! `civic-os backup create --daily-at`: one backup a day for as long as the process lives, for places without a timer of their own.

use super::{Exit, runtime};
use std::time::Duration;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, Time};

/// After a backup that failed.
const AGAIN: Duration = Duration::from_secs(15 * 60);
/// The clock is looked at this often: a machine that slept, or whose clock was set, is not late for long.
const LOOK: Duration = Duration::from_secs(60);

/// `02:00`.
pub(super) fn time_of_day(text: &str) -> Result<Time, String> {
    Time::parse(text, format_description!("[hour]:[minute]"))
        .map_err(|_| "write hours and minutes, as in 02:00".to_owned())
}

/// Makes backups with `make` until SIGTERM or Ctrl-C. One that fails is tried again, and said; the process lives on.
/// `newest` says when the last one reached its place.
pub(super) fn run(
    at: Time,
    newest: impl Fn() -> Option<OffsetDateTime>,
    make: impl AsyncFn() -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let each_day = async {
        let (mut made, mut announced) = (None, None);
        loop {
            let now = OffsetDateTime::now_utc();
            let due = next(now, at, [made, newest()]);
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
                Ok(()) => made = Some(now),
                Err(error) => {
                    let error: &(dyn std::error::Error + 'static) = error.as_ref();
                    let minutes = AGAIN.as_secs() / 60;
                    tracing::error!(error, "The daily backup failed; it is tried again in {minutes} minutes");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    };
    let runtime = runtime()?;
    let outcome = runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = each_day => {}
            outcome = tokio::signal::ctrl_c() => outcome?,
            _ = terminate.recv() => {}
        }
        Ok(Exit::Done)
    });
    runtime.shutdown_background();
    outcome
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
    }

    #[test]
    fn times_of_day() {
        assert_eq!(time_of_day("02:00"), Ok(time!(2:00)));
        assert!(time_of_day("2").is_err() && time_of_day("24:00").is_err() && time_of_day("").is_err());
    }
}
