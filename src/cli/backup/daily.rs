//! `civic-os backup create --daily-at`: stays, until SIGTERM or Ctrl-C.

use super::{Exit, runtime};
use time::Time;
use time::macros::format_description;

/// `02:00`.
pub(super) fn time_of_day(text: &str) -> Result<Time, String> {
    Time::parse(text, format_description!("[hour]:[minute]"))
        .map_err(|_| "write hours and minutes, as in 02:00".to_owned())
}

/// Runs what never ends until it is told to stop.
pub(super) fn run(each_day: impl Future) -> anyhow::Result<Exit> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::time;

    #[test]
    fn times_of_day() {
        assert_eq!(time_of_day("02:00"), Ok(time!(2:00)));
        assert!(time_of_day("2").is_err() && time_of_day("24:00").is_err() && time_of_day("").is_err());
    }
}
