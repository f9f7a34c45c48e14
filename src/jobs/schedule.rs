//! When a cron expression is due, in its time zone. Daylight saving: a time of day that the clock skips runs right after the gap, one that it repeats runs once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use time::OffsetDateTime;

/// A cron expression with its time zone.
pub(super) struct Schedule {
    cron: Cron,
    zone: Tz,
}

impl Schedule {
    /// Five fields (minute to weekday) or six with seconds in front, or `@daily` and the like; an IANA time zone.
    ///
    /// # Errors
    /// A text that says which of the two is wrong.
    pub(super) fn parse(cron: &str, zone: &str) -> Result<Self, String> {
        let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
        let zone = zone.parse().map_err(|_| format!("\"{zone}\" is no time zone; write it like Europe/Berlin"))?;
        match parser.parse(cron) {
            Ok(cron) => Ok(Self { cron, zone }),
            Err(error) => {
                Err(format!("\"{cron}\" is no cron expression ({error}); write it like 30 3 * * * (3:30 each day)"))
            }
        }
    }

    /// The first due time after this one.
    ///
    /// # Errors
    /// There is none: the 30th of February.
    pub(super) fn next(&self, after: OffsetDateTime) -> Result<OffsetDateTime, String> {
        let never = || "it is never due".to_owned();
        let after: DateTime<Utc> =
            DateTime::from_timestamp(after.unix_timestamp(), after.nanosecond()).ok_or_else(never)?;
        let next = self.cron.find_next_occurrence(&after.with_timezone(&self.zone), false).map_err(|_| never())?;
        OffsetDateTime::from_unix_timestamp(next.timestamp()).map_err(|_| never())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::format_description::well_known::Rfc3339;

    fn due(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(cron, zone).expect("a schedule");
        let mut at = OffsetDateTime::parse(after, &Rfc3339).expect("a time");
        let mut times = Vec::new();
        for _ in 0..count {
            at = schedule.next(at).expect("due some time");
            times.push(at.format(&Rfc3339).expect("text"));
        }
        times
    }

    #[test]
    fn times_of_day_are_those_of_the_zone() {
        assert_eq!(due("30 3 * * *", "UTC", "2026-01-10T03:30:00Z", 1), ["2026-01-11T03:30:00Z"]);
        assert_eq!(due("0 7 * * 1-5", "Europe/Berlin", "2026-07-03T06:00:00Z", 1), ["2026-07-06T05:00:00Z"]);
        assert_eq!(due("@hourly", "Asia/Kolkata", "2026-01-10T03:00:00Z", 1), ["2026-01-10T03:30:00Z"]);
        assert_eq!(
            due("*/20 * * * * *", "UTC", "2026-01-10T03:00:05Z", 2),
            ["2026-01-10T03:00:20Z", "2026-01-10T03:00:40Z"]
        );
    }

    #[test]
    fn daylight_saving_neither_skips_nor_doubles_a_daily_job() {
        // Berlin, spring: 2:30 does not exist on the 29th; autumn: it exists twice on the 25th.
        assert_eq!(
            due("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            due("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (cron, zone, word) in [
            ("61 * * * *", "UTC", "cron expression"),
            ("", "UTC", "cron expression"),
            ("* * * * *", "Mars/Base", "Europe/Berlin"),
        ] {
            let error = Schedule::parse(cron, zone).err().expect("refused");
            assert!(error.contains(word), "{error}");
        }
        let never = Schedule::parse("0 0 30 2 *", "UTC").expect("well formed");
        assert_eq!(never.next(OffsetDateTime::UNIX_EPOCH), Err("it is never due".into()));
    }
}
