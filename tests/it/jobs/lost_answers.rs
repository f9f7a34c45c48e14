//! Answers that never arrive: the statement took effect and its process did not hear of it, or a connection is dead without a word.

use super::*;
use crate::support::Proxy;
use civic_os::config::Secret;
use civic_os::db::DbError;
use civic_os::jobs::Interposer;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first answers of one statement are lost on their way.
struct Loses {
    statement: &'static str,
    left: AtomicUsize,
}

#[async_trait]
impl Interposer for Loses {
    async fn step(&self, statement: &'static str, answered: bool) -> Result<(), DbError> {
        let take = |left: usize| left.checked_sub(1);
        if answered
            && statement == self.statement
            && self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok()
        {
            return Err(DbError::Unreachable { reason: "the answer was lost by the test".into(), source: None });
        }
        Ok(())
    }
}

impl Bench {
    /// A process that bids often and whose terms last for an hour: who is locked out stays locked out.
    fn process_that_loses(&self, statement: &'static str, answers: usize) -> (JobQueue, Arc<Loses>) {
        let loses = Arc::new(Loses { statement, left: AtomicUsize::new(answers) });
        let settings = QueueSettings {
            elect_every: Duration::from_millis(100),
            leader_lease: Duration::from_secs(3600),
            schedule_every: Duration::from_millis(100),
            ..quick_heartbeat()
        };
        let store = self.store.clone().interposed(loses.clone());
        let registry = Registry::new().with(kind("succeeds", async |_| Outcome::Complete));
        (JobQueue::start(store, Some(self.hub.clone()), registry, vec![], settings), loses)
    }

    async fn insert_for_later(&self) -> i64 {
        let mut job = NewJob::new("succeeds", json!({}));
        (job.queue, job.scheduled_at) =
            ("tests".into(), Some(time::OffsetDateTime::now_utc() + Duration::from_secs(1)));
        self.store.insert(&job).await.expect("inserted").0
    }
}

/// Found by the model test (seed 29): the row named a process that did not know that it led, and nobody led until the term's end.
#[tokio::test(flavor = "multi_thread")]
async fn a_won_leadership_whose_answer_was_lost_is_won_again_at_once() {
    let bench = Bench::new().await;
    let (process, loses) = bench.process_that_loses("leader_elect", 3);
    let id = bench.insert_for_later().await;
    // Only a leader makes it available.
    bench.wait_for_state(id, "completed").await;
    assert_eq!(loses.left.load(Ordering::SeqCst), 0, "three bids were won without hearing of it");
    let leader: String =
        bench.admin.query_one("select leader_id from metadata.river_leader", &[]).await.expect("read").get(0);
    assert_eq!(leader, process.client_id());

    // Nobody else gains anything by it: a lease of somebody else is respected.
    let (other, _) = bench.process_that_loses("nothing", 0);
    let beats = "select count(*) from metadata.job_processes where last_seen_at > started_at";
    let started = Instant::now();
    while bench.admin.query_one(beats, &[]).await.expect("read").get::<_, i64>(0) < 2 {
        assert!(started.elapsed() < LIMIT, "the second process does not beat");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let leader: String =
        bench.admin.query_one("select leader_id from metadata.river_leader", &[]).await.expect("read").get(0);
    assert_eq!(leader, process.client_id());
    other.stop(LIMIT).await;
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_without_knowing_that_it_leads_gives_the_leadership_up() {
    let bench = Bench::new().await;
    let (process, _) = bench.process_that_loses("leader_elect", usize::MAX);
    let leads = "select count(*) from metadata.river_leader";
    let started = Instant::now();
    while bench.admin.query_one(leads, &[]).await.expect("read").get::<_, i64>(0) == 0 {
        assert!(started.elapsed() < LIMIT, "no bid was won");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    process.stop(LIMIT).await;
    assert_eq!(bench.admin.query_one(leads, &[]).await.expect("read").get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_whose_answer_was_lost_goes_back_and_runs() {
    let bench = Bench::new().await;
    // It waits there already: the process' first claim, whose answer is lost, takes it.
    let id = bench.insert("succeeds", json!({})).await;
    let (process, loses) = bench.process_that_loses("claim", 1);
    let row = bench.wait_for_state(id, "completed").await;
    assert_eq!(loses.left.load(Ordering::SeqCst), 0);
    assert_eq!((row.attempt, row.errors), (2, 1), "the lost attempt stays counted");
    assert_eq!(row.error_elements[0]["error"], "The process that took this job never heard that it had it");
    process.stop(LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_whose_answer_was_lost_is_written_once() {
    let bench = Bench::new().await;
    for statement in ["complete", "settle"] {
        let (process, loses) = bench.process_that_loses(statement, 2);
        let fails = bench.insert("fails", json!({})).await;
        let registry = Registry::new().with(kind("fails", async |_| Outcome::Discard("no".into())));
        let second =
            JobQueue::start(bench.store.clone().interposed(loses.clone()), None, registry, vec![], quick_heartbeat());
        let succeeds = bench.insert("succeeds", json!({})).await;
        let row = bench.wait_for_state(succeeds, "completed").await;
        assert_eq!((row.attempt, row.errors), (1, 0), "{statement}");
        let row = bench.wait_for_state(fails, "discarded").await;
        assert_eq!((row.attempt, row.errors), (1, 1), "{statement}: written once, however often it was sent");
        let started = Instant::now();
        while loses.left.load(Ordering::SeqCst) > 0 {
            assert!(started.elapsed() < LIMIT, "{statement} was not tried again");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        process.stop(LIMIT).await;
        second.stop(LIMIT).await;
        let row = bench.row(fails).await;
        assert_eq!((row.state.as_str(), row.errors), ("discarded", 1), "{statement}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_die_without_a_word_hold_the_queue_up_for_seconds_only() {
    let bench = Bench::new().await;
    let url = bench.database.authenticator_url().expose().expect("a URL").to_owned();
    let proxy = Proxy::cut_in_front_of(&url);
    proxy.resume().await;
    let through = Secret::new(proxy.url(&url));
    let db = Db::open(DbOptions { url: through.clone(), pool_max: 4, ..DbOptions::default() }).expect("a pool");
    let hub = Hub::spawn(&through, "jobs test").expect("a listener");
    let registry = Registry::new().with(kind("succeeds", async |_| Outcome::Complete));
    let process = JobQueue::start(Store::new(db), Some(hub), registry, vec![], quick_heartbeat());
    let before = bench.insert("succeeds", json!({})).await;
    bench.wait_for_state(before, "completed").await;
    proxy.freeze();
    let after = bench.insert("succeeds", json!({})).await;
    let frozen = Instant::now();
    // Several connections may have to be found out one after the other, ten seconds each.
    while bench.row(after).await.state != "completed" {
        assert!(frozen.elapsed() < Duration::from_secs(60), "{:?}", bench.row(after).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    process.stop(LIMIT).await;
}
