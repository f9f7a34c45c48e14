//! `civic-os jobs bench`: how fast the queue is on this database.

use super::print;
use crate::cli::Exit;
use crate::config::Secret;
use crate::db::{Db, DbOptions, Hub};
use crate::jobs::{BenchmarkOptions, Store, benchmark};

/// Measure the queue on this database with jobs that do nothing, and delete them again
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Jobs whose throughput is measured
    #[arg(long, default_value_t = 20_000)]
    jobs: usize,
    /// Further jobs that wait in the same queue meanwhile
    #[arg(long, default_value_t = 0)]
    waiting: usize,
    /// Runs at the same time
    #[arg(long, default_value_t = 2_000)]
    parallel: usize,
    /// Jobs whose latency is measured
    #[arg(long, default_value_t = 250)]
    samples: usize,
    /// Jobs per second while latency is measured
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// Do without notifications, as behind a transaction pooler
    #[arg(long)]
    poll: bool,
}

pub(super) async fn run(args: &Args, json: bool, url: &Secret) -> anyhow::Result<Exit> {
    let options = DbOptions {
        url: url.clone(),
        pool_max: 8,
        application_name: "civic-os jobs bench".into(),
        ..DbOptions::default()
    };
    let store = Store::new(Db::open(options)?);
    let hub = if args.poll { None } else { Some(Hub::spawn(url, "civic-os jobs bench")?) };
    let &Args { jobs, waiting, parallel, samples, rate, .. } = args;
    let report = benchmark(&store, hub, BenchmarkOptions { jobs, waiting, parallel, samples, rate }).await?;
    print(json, &report, |report| {
        format!(
            "{:.0} jobs a second ({} in {:.2} s, {} waiting behind them, {parallel} at the same time)\n\
             start after insert, {rate} a second, {}: p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms\n",
            report.per_second,
            report.jobs,
            report.seconds,
            report.waiting,
            if report.listens { "with notifications" } else { "polling" },
            report.start_p50_ms,
            report.start_p99_ms,
            report.start_max_ms
        )
    })
}
