//! What a person sees: steps while it starts (on a terminal only), then one screen.

use crate::cluster::ClusterStep;
use crate::migrate::{self, Event};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// Shows the steps of a start.
pub(super) struct Screen {
    bar: ProgressBar,
    started: Instant,
}

impl Screen {
    pub(super) fn new() -> Self {
        let target =
            if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { bar, started: Instant::now() }
    }

    /// What happens now.
    pub(super) fn step(&self, text: impl Into<String>) {
        self.bar.set_message(text.into());
    }

    pub(super) fn cluster_step(&self, step: &ClusterStep) {
        match step {
            ClusterStep::Found { major, .. } => self.step(format!("Found PostgreSQL {major}")),
            ClusterStep::StoppingLeftover => self.step("Stopping the PostgreSQL of an interrupted run"),
            ClusterStep::Initialising => self.step("Creating the database files (first start only)"),
            ClusterStep::Starting => self.step("Starting PostgreSQL"),
            ClusterStep::Preparing | ClusterStep::Ready { .. } => self.step("Preparing the database"),
        }
    }

    /// Removes the progress.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// The one screen: where, who, what with the data, how to stop. `url` ends with a slash.
    pub(super) fn ready(&self, url: &str, people: &[PersonLine], data_dir: &Path) {
        let mut text = String::new();
        let _ = writeln!(text, "\nCivic OS is ready ({:.1} s).\n", self.started.elapsed().as_secs_f64());
        let _ = writeln!(text, "  Open      {url}");
        let mut label = "Sign in";
        for PersonLine { name, password, does } in people {
            let _ = writeln!(text, "  {label:<9} {name:<9} {password:<20} {does}");
            label = "";
        }
        let _ = writeln!(text, "  API       {url}api/");
        let _ = writeln!(text, "  Data      {}", data_dir.display());
        let _ = writeln!(text, "            kept for the next start; --reset deletes it");
        let _ = writeln!(text, "  Stop      Ctrl-C\n");
        let mut out = std::io::stdout().lock();
        // Nobody may be listening any more; the server works all the same.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }
}

impl migrate::Progress for Screen {
    fn report(&self, event: &Event<'_>) {
        match event {
            Event::Started { name, number, total } => {
                self.step(format!("Filling the database: {number}/{total} {name}"))
            }
            Event::Waiting => self.step(event.to_string()),
            Event::Finished { .. } => {}
            Event::Notice { message } => self.bar.println(format!("  note: {message}")),
        }
    }
}

/// Somebody who can sign in.
pub(super) struct PersonLine {
    pub(super) name: &'static str,
    /// The password, or where it stands.
    pub(super) password: String,
    pub(super) does: &'static str,
}
