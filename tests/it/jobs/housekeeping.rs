//! What only the leader does besides scheduling and rescuing: old rows go after their keeping time, indexes are rebuilt.

use super::*;
use std::collections::BTreeMap;

impl Bench {
    async fn insert_finished(&self, state: &str, hours_ago: f64) -> i64 {
        let sql = "insert into metadata.river_job (kind, args, queue, max_attempts, state, finalized_at) \
                   values ('old', '{}', 'tests', 1, $1::text::metadata.river_job_state, now() - make_interval(secs => $2::float8 * 3600)) returning id";
        self.admin.query_one(sql, &[&state, &hours_ago]).await.expect("inserted").get(0)
    }

    async fn names(&self, sql: &str) -> Vec<String> {
        let rows = self.admin.query(sql, &[]).await.expect("read");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_jobs_queues_and_processes_are_kept_for_their_time() {
    let bench = Bench::new().await;
    let mut wanted = Vec::new();
    for (state, hours_ago, stays) in [
        ("completed", 23.9, true),
        ("completed", 24.1, false),
        ("cancelled", 23.9, true),
        ("cancelled", 24.1, false),
        ("discarded", 24.1, true),
        ("discarded", 7.0 * 24.0 - 0.1, true),
        ("discarded", 7.0 * 24.0 + 0.1, false),
    ] {
        let id = bench.insert_finished(state, hours_ago).await;
        if stays {
            wanted.push(id.to_string());
        }
    }
    bench
        .admin
        .batch_execute(
            "insert into metadata.river_queue (name, updated_at) values ('left', now() - interval '25 hours'), ('served', now() - interval '23 hours'); \
             insert into metadata.job_processes (client_id, roles, host, pid, version, started_at, last_seen_at) \
             values ('gone', '{}', 'h', 1, '1', now(), now() - interval '25 hours'), ('silent', '{}', 'h', 1, '1', now(), now() - interval '23 hours')",
        )
        .await
        .expect("inserted");
    let process = bench.process(Registry::new());
    let jobs = "select id::text from metadata.river_job where kind = 'old' order by id";
    let others = "select name from metadata.river_queue where name in ('left', 'served') \
                  union all select client_id from metadata.job_processes where client_id in ('gone', 'silent') order by 1";
    let started = Instant::now();
    loop {
        let left = (bench.names(jobs).await, bench.names(others).await);
        if left == (wanted.clone(), vec!["served".to_owned(), "silent".to_owned()]) {
            break;
        }
        assert!(started.elapsed() < LIMIT, "{left:?}, wanted {wanted:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.stop(LIMIT).await;
}

/// Where the login owns the table; the narrow role of an installation does not, and leaves it to the operator.
#[tokio::test(flavor = "multi_thread")]
async fn indexes_are_rebuilt_where_the_login_owns_them_and_leftovers_are_respected() {
    let bench = Bench::new().await;
    let indexes = async || {
        let sql = "select relname::text, oid from pg_class where relnamespace = 'metadata'::regnamespace and relkind = 'i' \
                   and relname like 'river\\_job\\_%' and relname not like '%\\_ccnew'";
        let rows = bench.admin.query(sql, &[]).await.expect("read");
        rows.iter().map(|row| (row.get(0), row.get(1))).collect::<BTreeMap<String, u32>>()
    };
    // What an interrupted rebuild leaves behind.
    bench.admin.batch_execute("create index river_job_kind_ccnew on metadata.river_job (kind)").await.expect("made");
    let before = indexes().await;
    assert_eq!(before.len(), 7, "{before:?}");
    let settings = QueueSettings { first_reindex: Some(Duration::ZERO), ..quick_heartbeat() };
    let process = JobQueue::start(bench.store.clone(), None, Registry::new(), vec![], settings.clone());
    let leads = "select count(*) from metadata.river_leader";
    let started = Instant::now();
    while bench.admin.query_one(leads, &[]).await.expect("read").get::<_, i64>(0) == 0 {
        assert!(started.elapsed() < LIMIT, "nobody leads");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    process.stop(LIMIT).await;
    assert_eq!(indexes().await, before, "the pool's login owns nothing");

    let db =
        Db::open(DbOptions { url: bench.database.owner_url(), pool_max: 4, ..DbOptions::default() }).expect("a pool");
    let process = JobQueue::start(Store::new(db), None, Registry::new(), vec![], settings);
    let started = Instant::now();
    loop {
        let now = indexes().await;
        let same: Vec<&String> =
            before.iter().filter(|(name, oid)| now.get(*name) == Some(oid)).map(|(name, _)| name).collect();
        if same == ["river_job_kind"] && now.len() == 7 {
            break;
        }
        assert!(started.elapsed() < LIMIT, "still the old ones: {same:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    process.stop(LIMIT).await;
}
