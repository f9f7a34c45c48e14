//! `civic-os jobs periodic`: jobs by the clock (`metadata.periodic_jobs`).

use super::{columns, print, short_time};
use crate::cli::Exit;
use crate::jobs::{Missed, Operations, PeriodicChange, PeriodicJob};
use anyhow::Context;
use clap::Subcommand;

/// Look at jobs by the clock and change them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os jobs periodic                                     all of them with their next time
  civic-os jobs periodic disable files_cleanup
  civic-os jobs periodic set files_cleanup --cron '0 4 * * *' --time-zone Europe/Berlin
  civic-os jobs periodic set reminders --cron '0 7 * * 1-5' --kind send_reminders")]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List them with their next time (the default)
    List,
    /// Switch some on again; times that passed meanwhile are not made up for
    Enable {
        /// Names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Switch some off
    Disable {
        /// Names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Change one, or make a new one (which needs --cron and --kind)
    Set {
        /// Name
        name: String,
        /// Minute, hour, day of month, month, weekday; seconds may stand in front
        #[arg(long)]
        cron: Option<String>,
        /// Time zone that these mean, such as Europe/Berlin
        #[arg(long, value_name = "ZONE")]
        time_zone: Option<String>,
        /// Kind of the jobs
        #[arg(long)]
        kind: Option<String>,
        /// Arguments of the jobs as JSON
        #[arg(long)]
        args: Option<String>,
        /// Queue of the jobs
        #[arg(long)]
        queue: Option<String>,
        /// 1 is served first, 4 last
        #[arg(long, value_parser = clap::value_parser!(i16).range(1..=4))]
        priority: Option<i16>,
        /// Attempts in all
        #[arg(long, value_parser = clap::value_parser!(i16).range(1..))]
        max_attempts: Option<i16>,
        /// Due times at which nobody worked: once (one job makes up for them) or skip
        #[arg(long)]
        missed: Option<Missed>,
    },
}

pub(super) async fn carry_out(args: &Args, json: bool, operations: &Operations) -> anyhow::Result<Exit> {
    match args.verb.as_ref().unwrap_or(&Verb::List) {
        Verb::List => print(json, &operations.periodic_jobs().await?, table),
        Verb::Enable { names } => switch(json, operations, names, true).await,
        Verb::Disable { names } => switch(json, operations, names, false).await,
        Verb::Set { name, cron, time_zone, kind, args, queue, priority, max_attempts, missed } => {
            let change = PeriodicChange {
                cron: cron.clone(),
                time_zone: time_zone.clone(),
                kind: kind.clone(),
                args: args.as_deref().map(serde_json::from_str).transpose().context("--args is no JSON")?,
                queue: queue.clone(),
                priority: *priority,
                max_attempts: *max_attempts,
                missed: *missed,
                enabled: None,
            };
            operations.set_periodic(name, &change).await?;
            let job = operations.periodic_jobs().await?.into_iter().find(|job| job.name == *name);
            print(json, &job, |job| {
                job.iter().map(|job| format!("{} is due at {} ({}).\n", job.name, job.cron, job.time_zone)).collect()
            })
        }
    }
}

async fn switch(json: bool, operations: &Operations, names: &[String], enabled: bool) -> anyhow::Result<Exit> {
    let change = PeriodicChange { enabled: Some(enabled), ..PeriodicChange::default() };
    for name in names {
        operations.set_periodic(name, &change).await?;
    }
    let state = if enabled { "on" } else { "off" };
    print(json, &serde_json::json!({ "names": names, "enabled": enabled }), |_| {
        names.iter().map(|name| format!("{name} is {state}.\n")).collect()
    })
}

fn table(jobs: &Vec<PeriodicJob>) -> String {
    if jobs.is_empty() {
        return "No periodic jobs.\n".to_owned();
    }
    let mut rows = vec![["NAME", "CRON", "TIME ZONE", "KIND", "QUEUE", "NEXT", "LAST", "ERROR"].map(str::to_owned)];
    for job in jobs {
        let next = match (job.enabled, job.next_run_at) {
            (false, _) => "off".to_owned(),
            (true, None) => "-".to_owned(),
            (true, Some(next)) => short_time(next),
        };
        rows.push([
            job.name.clone(),
            job.cron.clone(),
            job.time_zone.clone(),
            job.kind.clone(),
            job.queue.clone(),
            next,
            job.last_run_at.map_or_else(|| "-".to_owned(), short_time),
            job.last_error.clone().unwrap_or_default(),
        ]);
    }
    columns(&rows)
}
