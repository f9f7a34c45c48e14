//! The database itself restarts under the queue, with a crash (its unlogged tables, such as the lease of the leader, are empty afterwards) and in order:
//! no job is lost, none runs twice at the same time, and what a kind writes with its completion is there exactly once.

use super::kill::complete_with_a_write;
use super::model::{EFFECTS, Recorder};
use super::*;
use crate::support::Proxy;
use civic_os::cluster::{Cluster, ClusterOptions, Durability};
use civic_os::config::Secret;
use civic_os::migrate::{self, DeployOptions, Silent};
use nix::sys::signal::{Signal, kill};
use serde_json::json;
use std::os::unix::fs::PermissionsExt as _;

fn registry(db: &Db, recorder: &Arc<Recorder>, process: usize) -> Registry {
    let with_recorder = |name: &'static str, body: fn(Db, Run) -> futures_util::future::BoxFuture<'static, Outcome>| {
        let (db, recorder) = (db.clone(), recorder.clone());
        kind(name, move |run: Run| {
            let (db, recorder) = (db.clone(), recorder.clone());
            async move {
                let (_, _running) = recorder.start(run.job.id, process);
                body(db, run).await
            }
        })
    };
    Registry::new()
        .with(with_recorder("plain", |_, _| Box::pin(async { Outcome::Complete })))
        .with(with_recorder("slow", |_, run| {
            Box::pin(async move {
                tokio::select! {
                    () = run.cancelled.cancelled() => Outcome::Fail("told to stop".into()),
                    () = tokio::time::sleep(Duration::from_millis(1500)) => Outcome::Complete,
                }
            })
        }))
        .with(with_recorder("writes", |db, run| {
            Box::pin(async move {
                match complete_with_a_write(&db, &run).await {
                    Ok(true) => Outcome::AlreadyCompleted,
                    Ok(false) => Outcome::Fail("no longer ours".into()),
                    Err(error) => Outcome::Fail(error.to_string()),
                }
            })
        }))
        .with_parallel("tests", 8)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_crashes_and_restarts_under_load() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
    let options =
        ClusterOptions { durability: Durability::Full, require_postgis: true, ..ClusterOptions::new(folder.path()) };
    let mut cluster = Cluster::start(options.clone()).await.expect("started");
    migrate::deploy(&cluster.owner_url(), &DeployOptions::default(), &Silent).await.expect("the core schema");
    let url = cluster.owner_tcp_url().expose().expect("a URL").to_owned();
    let proxy = Proxy::cut_in_front_of(&url);
    proxy.resume().await;
    let through = Secret::new(proxy.url(&url));
    let recorder: Arc<Recorder> = Arc::default();
    let admin = crate::support::connect(&url).await;
    admin.batch_execute(EFFECTS).await.expect("a table");
    let db = || Db::open(DbOptions { url: through.clone(), pool_max: 6, ..DbOptions::default() }).expect("a pool");
    let processes: Vec<JobQueue> = (0..2)
        .map(|number| {
            let db = db();
            let registry = registry(&db, &recorder, number);
            let hub = Hub::spawn(&through, "jobs test").expect("a listener");
            JobQueue::start(Store::new(db), Some(hub), registry, vec![], quick_heartbeat())
        })
        .collect();
    let store = Store::new(db());

    let mut promised: Vec<i64> = Vec::new();
    let mut insert = async |count: usize| {
        for number in 0..count {
            let mut job = NewJob::new(["plain", "writes", "writes", "slow"][number % 4], json!({}));
            job.queue = "tests".into();
            // One that was refused was not promised to anybody.
            promised.extend(store.insert(&job).await.ok().map(|(id, _)| id));
        }
    };
    // Immediate shutdown is a crash to the database: it recovers from its log and empties unlogged tables.
    for signal in [Signal::SIGQUIT, Signal::SIGINT, Signal::SIGQUIT] {
        insert(60).await;
        let pid = i32::try_from(cluster.pid()).expect("a process id");
        kill(nix::unistd::Pid::from_raw(pid), signal).expect("the server's own process");
        cluster.ended().await;
        drop(cluster);
        cluster = Cluster::start(options.clone()).await.expect("started again");
        proxy.lead_to(cluster.port());
        // What was connected to the old server is gone.
        proxy.cut().await;
        proxy.resume().await;
        insert(20).await;
    }

    let admin = crate::support::connect(cluster.owner_tcp_url().expose().expect("a URL")).await;
    let started = Instant::now();
    let unfinished = "select count(*) from metadata.river_job where state <> 'completed'";
    loop {
        let left: i64 = admin.query_one(unfinished, &[]).await.expect("counted").get(0);
        if left == 0 {
            break;
        }
        // Retries after failures: time passes by hand.
        admin
            .batch_execute("update metadata.river_job set scheduled_at = now() where state in ('retryable', 'available') and scheduled_at > now()")
            .await
            .expect("time passes");
        assert!(started.elapsed() < Duration::from_secs(90), "{left} jobs never end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(promised.len() >= 180, "{} inserts were accepted", promised.len());
    let kept = "select count(*) from metadata.river_job where id = any ($1)";
    let kept: i64 = admin.query_one(kept, &[&promised]).await.expect("counted").get(0);
    assert_eq!(usize::try_from(kept), Ok(promised.len()), "an accepted job is never lost");
    let wrong = "select job.id from metadata.river_job as job left join public.effects on effects.job = job.id \
                 group by job.id, job.kind having count(effects.job) <> (job.kind = 'writes')::int";
    assert!(admin.query(wrong, &[]).await.expect("read").is_empty(), "written once with its completion");
    let odd = "select id from metadata.river_job where attempt <> coalesce(cardinality(errors), 0) + 1";
    assert!(admin.query(odd, &[]).await.expect("read").is_empty(), "attempts and errors add up");
    assert_eq!(recorder.violations(), Vec::<String>::new());
    for process in processes {
        process.stop(LIMIT).await;
    }
    cluster.stop().await.expect("stopped");
}
