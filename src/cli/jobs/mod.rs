//! `civic-os jobs`: looks at the queue and steers it. The same effects as River's own client; see `docs/jobs.md`.

mod bench;
mod periodic;

use super::{Exit, SourceArgs, block_on, start_logging};
use crate::config::{Overrides, Role, RoleSet};
use crate::db::{Db, DbOptions};
use crate::jobs::{Job, JobFilter, JobState, NewJob, OperationError, Operations, QueueCount, Store};
use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Look at background jobs, retry, cancel, pause
///
/// Works with the pool's login (database.url, or database.worker_url). Every verb takes --json.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  civic-os jobs                                  how much waits, by queue, kind and state
  civic-os jobs list --state discarded           what was given up, newest first
  civic-os jobs show 4912                        arguments, attempts and errors of one job
  civic-os jobs retry 4912                       run it now, with one more attempt if all were used
  civic-os jobs pause notifications              no new mail until `jobs resume notifications`
  civic-os jobs periodic                         jobs by the clock: when, what, next time
  civic-os jobs enqueue thumbnail_generate --queue thumbnails --args '{\"file_id\":\"…\"}'")]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Count jobs by queue, kind and state (the default)
    Count,
    /// List jobs, newest first
    List {
        /// Only jobs in this state; may be given several times
        #[arg(long, value_name = "STATE")]
        state: Vec<JobState>,
        /// Only jobs of this kind
        #[arg(long)]
        kind: Option<String>,
        /// Only jobs of this queue
        #[arg(long)]
        queue: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        limit: i64,
    },
    /// Show one job with its arguments and errors
    Show {
        /// Number of the job
        id: i64,
    },
    /// Make jobs available now; a running job is left alone
    Retry {
        /// Numbers of the jobs
        #[arg(required = true)]
        ids: Vec<i64>,
    },
    /// Cancel jobs; a running one is told to stop by its process
    Cancel {
        /// Numbers of the jobs
        #[arg(required = true)]
        ids: Vec<i64>,
    },
    /// Start no further job of a queue, in every process; running jobs finish
    Pause {
        /// Name of the queue, or * for all
        queue: String,
    },
    /// Undo a pause
    Resume {
        /// Name of the queue, or * for all
        queue: String,
    },
    /// Look at jobs by the clock and change them
    Periodic(periodic::Args),
    Bench(bench::Args),
    /// Insert a job
    Enqueue {
        /// Kind of the job
        kind: String,
        /// Arguments as JSON
        #[arg(long, default_value = "{}")]
        args: String,
        /// Queue
        #[arg(long, default_value = "default")]
        queue: String,
        /// 1 is served first, 4 last
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i16).range(1..=4))]
        priority: i16,
        /// Attempts in all
        #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(i16).range(1..))]
        max_attempts: i16,
        /// Not before this time (RFC 3339)
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
}

pub(crate) fn run(args: &Args, sources: &SourceArgs) -> anyhow::Result<Exit> {
    let loaded = sources.load(RoleSet::only(Role::Worker), Overrides::default())?;
    loaded.require_complete()?;
    start_logging(&loaded.config.log)?;
    let url = loaded.config.pool_url(RoleSet::only(Role::Worker)).clone();
    block_on(async {
        if let Some(Verb::Bench(bench)) = &args.verb {
            return bench::run(bench, args.json, &url).await;
        }
        let options = DbOptions {
            url,
            pool_max: 1,
            acquisition_timeout: Duration::from_secs(5),
            application_name: "civic-os jobs".into(),
            ..DbOptions::default()
        };
        let operations = Operations::new(Store::new(Db::open(options)?));
        carry_out(args, &operations).await
    })
}

async fn carry_out(args: &Args, operations: &Operations) -> anyhow::Result<Exit> {
    match args.verb.as_ref().unwrap_or(&Verb::Count) {
        Verb::Count => print(args.json, &operations.count().await?, count_table),
        Verb::List { state, kind, queue, limit } => {
            let filter =
                JobFilter { id: None, states: state.clone(), kind: kind.clone(), queue: queue.clone(), limit: *limit };
            print(args.json, &operations.list(&filter).await?, |jobs| job_table(jobs))
        }
        Verb::Show { id } => print(args.json, &operations.show(*id).await?, job_text),
        Verb::Retry { ids } => each(args.json, ids, "available", async |id| operations.retry(id).await).await,
        Verb::Cancel { ids } => each(args.json, ids, "cancelled", async |id| operations.cancel(id).await).await,
        Verb::Pause { queue } => set_paused(args.json, operations, queue, true).await,
        Verb::Resume { queue } => set_paused(args.json, operations, queue, false).await,
        // Opens a larger pool of its own.
        Verb::Bench(_) => Ok(Exit::Done),
        Verb::Periodic(verb) => periodic::carry_out(verb, args.json, operations).await,
        Verb::Enqueue { kind, args: arguments, queue, priority, max_attempts, at } => {
            let mut job = NewJob::new(kind, serde_json::from_str(arguments).context("--args is no JSON")?);
            job.queue.clone_from(queue);
            (job.priority, job.max_attempts) = (*priority, *max_attempts);
            job.scheduled_at = at
                .as_ref()
                .map(|time| OffsetDateTime::parse(time, &Rfc3339))
                .transpose()
                .context("--at is no time; write it like 2026-12-24T18:00:00Z")?;
            let (id, _) = operations.enqueue(&job).await?;
            print(args.json, &serde_json::json!({ "id": id }), |_| format!("Job {id} is in queue {queue}.\n"))
        }
    }
}

#[derive(Serialize)]
struct Change {
    id: i64,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
}

/// Changes each job by itself: one that cannot be changed does not keep the others back, and the exit code says so.
async fn each(
    json: bool,
    ids: &[i64],
    becomes: &str,
    change: impl AsyncFn(i64) -> Result<(), OperationError>,
) -> anyhow::Result<Exit> {
    let mut changes = Vec::new();
    for &id in ids {
        let why_not = match change(id).await {
            Ok(()) => None,
            Err(error @ OperationError::Store(_)) => return Err(error.into()),
            Err(refusal) => Some(refusal.to_string()),
        };
        changes.push(Change { id, done: why_not.is_none(), why_not });
    }
    let all_done = changes.iter().all(|change| change.done);
    print(json, &changes, |changes| {
        changes.iter().fold(String::new(), |text, change| match &change.why_not {
            None => text + &format!("Job {} is {becomes}.\n", change.id),
            Some(reason) => text + &format!("Not done: {reason}.\n"),
        })
    })?;
    Ok(if all_done { Exit::Done } else { Exit::Failed })
}

async fn set_paused(json: bool, operations: &Operations, queue: &str, paused: bool) -> anyhow::Result<Exit> {
    operations.set_paused(queue, paused).await?;
    let state = if paused { "paused" } else { "running" };
    print(json, &serde_json::json!({ "queue": queue, "paused": paused }), |_| format!("Queue {queue} is {state}.\n"))
}

fn print<T: Serialize + ?Sized>(json: bool, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<Exit> {
    if json {
        say!("{}", serde_json::to_string_pretty(value)?);
    } else {
        say!("{}", text(value).trim_end_matches('\n'));
    }
    Ok(Exit::Done)
}

fn count_table(counts: &Vec<QueueCount>) -> String {
    if counts.is_empty() {
        return "No jobs. Finished ones are kept for a day, discarded ones for a week.\n".to_owned();
    }
    let mut rows = vec![["QUEUE", "KIND", "STATE", "JOBS", "OLDEST"].map(str::to_owned)];
    for count in counts {
        let queue = if count.paused { format!("{} (paused)", count.queue) } else { count.queue.clone() };
        let state = count.state.as_str().to_owned();
        rows.push([queue, count.kind.clone(), state, count.count.to_string(), age(count.oldest_seconds)]);
    }
    columns(&rows)
}

fn job_table(jobs: &[Job]) -> String {
    if jobs.is_empty() {
        return "No jobs match.\n".to_owned();
    }
    let mut rows = vec![["ID", "KIND", "QUEUE", "STATE", "ATTEMPT", "DUE", "LAST ERROR"].map(str::to_owned)];
    for job in jobs {
        let error = job.errors.last().map_or("", |error| error.error.lines().next().unwrap_or(""));
        rows.push([
            job.id.to_string(),
            job.kind.clone(),
            job.queue.clone(),
            job.state.as_str().to_owned(),
            format!("{}/{}", job.attempt, job.max_attempts),
            short_time(job.scheduled_at),
            error.chars().take(60).collect(),
        ]);
    }
    columns(&rows)
}

fn job_text(job: &Job) -> String {
    let mut text = format!(
        "Job {} · {} · queue {} · {}\nattempt {} of {}, priority {}\ncreated {}\ndue     {}\n",
        job.id,
        job.kind,
        job.queue,
        job.state.as_str(),
        job.attempt,
        job.max_attempts,
        job.priority,
        short_time(job.created_at),
        short_time(job.scheduled_at),
    );
    if let Some(time) = job.attempted_at {
        let by = job.attempted_by.last().map_or("", String::as_str);
        text += &format!("tried   {} by {by}\n", short_time(time));
    }
    if let Some(time) = job.finalized_at {
        text += &format!("ended   {}\n", short_time(time));
    }
    text += &format!("arguments {:#}\n", job.args);
    if job.metadata.as_object().is_some_and(|notes| !notes.is_empty()) {
        text += &format!("metadata {:#}\n", job.metadata);
    }
    for error in &job.errors {
        text += &format!("attempt {} at {}: {}\n", error.attempt, short_time(error.at), error.error);
        for line in error.trace.lines() {
            text += &format!("    {line}\n");
        }
    }
    text
}

fn short_time(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    time.format(&format).unwrap_or_else(|_| time.to_string())
}

fn age(seconds: i64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Left-aligned columns, two spaces apart; the last is as wide as it is.
fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    rows.iter().fold(String::new(), |text, row| {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        text + line.join("  ").trim_end() + "\n"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_alphabet() {
        let rows = [["Ä", "b"], ["long", "c"]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "Ä     b\nlong  c\n");
    }

    #[test]
    fn ages_are_short() {
        assert_eq!([age(3), age(150), age(7_200), age(400_000)], ["3 s", "2 min", "2 h", "4 d"]);
    }
}
