//! Logging: lines for people or JSON for machines, on standard error. Figures: [`metrics`]. Requests: [`request`]. Traces: [`traces`].
//!
//! Everything logs with the `tracing` macros; this module decides what becomes visible and in which shape. It must not
//! know any other module. Called once, by `cli`, before anything that logs. Tests: the foot of this file.

pub mod metrics;
pub mod request;
pub mod traces;

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Shape of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Why logging could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is no filter.
    #[error(
        "log.level must be crit, error, warn, info, debug, trace or off, or a filter such as \
         `info,civic_os=debug`, not `{filter}`"
    )]
    Filter {
        /// What was given.
        filter: String,
    },
    /// Logging was started before.
    #[error("logging was started twice")]
    AlreadyStarted,
}

/// Libraries that tell each step, or each notice of the server, at level info. Named in the filter they speak again.
const LOWERED: &str = "refinery_core=warn,tokio_postgres=warn";

/// Which requests are logged is decided by whoever logs them (`api.log_level`), not by the general level.
const ACCESS: &str = "civic_os::access=info";

/// Starts logging for the rest of the process.
///
/// # Errors
/// When the filter cannot be read, or on a second call.
pub fn init(filter: &str, format: Format) -> Result<(), TelemetryError> {
    parse_filter(filter)?;
    let filter = parse_filter(&format!("{LOWERED},{ACCESS},{filter}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        Format::Pretty => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => builder.json().flatten_event(true).with_current_span(false).try_init(),
    };
    started.map_err(|_| TelemetryError::AlreadyStarted)
}

/// Reads a level (PostgREST's names included) or a comma list of `target=level`.
///
/// # Errors
/// When it is neither.
pub fn parse_filter(filter: &str) -> Result<EnvFilter, TelemetryError> {
    let unreadable = || TelemetryError::Filter { filter: filter.to_owned() };
    // The S3 protocol's crate calls each refused request an error; what is our own fault, `store` says.
    let quiet: Directive = "s3s=off".parse().map_err(|_| unreadable())?;
    let mut parsed = EnvFilter::default().add_directive(quiet);
    for part in filter.split(',').map(str::trim) {
        let (target, level) = match part.rsplit_once('=') {
            Some((target, level)) => (Some(target), level),
            None => (None, part),
        };
        let level = match level.to_ascii_lowercase().as_str() {
            "crit" | "critical" => "error".to_owned(),
            "warning" => "warn".to_owned(),
            known @ ("error" | "warn" | "info" | "debug" | "trace" | "off") => known.to_owned(),
            _ => return Err(unreadable()),
        };
        let directive = target.map_or(level.clone(), |target| format!("{target}={level}"));
        parsed = parsed.add_directive(directive.parse::<Directive>().map_err(|_| unreadable())?);
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_read() {
        for (given, meant) in [
            ("crit", "error"),
            ("INFO", "info"),
            ("warning", "warn"),
            ("off", "off"),
            ("info,civic_os=debug", "civic_os=debug,info"),
        ] {
            // What a crate is kept from saying belongs to every filter.
            assert_eq!(parse_filter(given).unwrap().to_string().replace("s3s=off,", ""), meant);
        }
    }

    #[test]
    fn other_words_are_refused_with_the_choice() {
        for given in ["loud", "", "info,,", "civic_os=loud", "civic_os"] {
            let message = parse_filter(given).unwrap_err().to_string();
            assert!(message.contains("debug"), "{message}");
        }
    }
}
