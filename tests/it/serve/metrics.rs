//! `/metrics` of a process with all roles: PostgREST's names and our own, in a format that Prometheus reads.

use crate::support::{TestApp, TestDatabase};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_all_roles_shows_every_family_once() {
    // A backup that went on to a bucket, as `backup create` leaves its time.
    let backups = tempfile::tempdir().expect("folder");
    std::fs::write(backups.path().join(".newest"), "2026-01-02T03:04:05Z").expect("file");
    let app = TestApp::spawn_roles(TestDatabase::create().await, &["all"], |config| {
        config.backup.dir = Some(backups.path().to_owned());
    })
    .await;
    let url = format!("{}/metrics", app.admin_url);
    let look = async || {
        let answer = app.http().get(&url).send().await.expect("an answer");
        assert_eq!(answer.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
        answer.text().await.expect("text")
    };
    for (path, status) in [("/health", 200), ("/api/no_such_table", 404)] {
        assert_eq!(app.get(path).send().await.expect("an answer").status(), status);
    }
    // The first election happens a moment after the start.
    let mut text = look().await;
    let started = std::time::Instant::now();
    while !text.lines().any(|line| line == "civic_os_jobs_leader 1.0") {
        assert!(started.elapsed() < std::time::Duration::from_secs(30), "nobody leads:\n{text}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        text = look().await;
    }
    for name in
        ["pgrst_db_pool_timeouts_total", "pgrst_db_pool_available", "pgrst_db_pool_waiting", "pgrst_db_pool_max"]
    {
        assert!(text.lines().any(|line| line.starts_with(&format!("{name} "))), "PostgREST's {name} is gone");
    }
    for line in [
        r#"civic_os_http_requests_total{class="health",method="GET",status="200"} 1"#,
        r#"civic_os_http_requests_total{class="api",method="GET",status="404"} 1"#,
        r#"civic_os_http_request_seconds_count{class="api"} 1"#,
        "civic_os_backup_newest_timestamp_seconds 1767323045",
    ] {
        assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
    }
    let age = text.lines().find_map(|line| line.strip_prefix("civic_os_schema_cache_age_seconds "));
    let age: f64 = age.expect("the schema cache's age").parse().expect("a number");
    assert!((0.0..60.0).contains(&age), "{age}");
    let figure = |name: &str| -> f64 {
        let shown = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        shown.unwrap_or_else(|| panic!("no {name}")).parse().expect("a number")
    };
    assert!((1e6..1e9).contains(&figure("process_resident_memory_bytes")));
    assert!((10.0..1000.0).contains(&figure("process_open_fds")) && figure("process_max_fds") > 100.0);
    assert!(figure("process_cpu_seconds_total") > 0.01 && figure("process_threads") > 1.0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs_f64();
    assert!((0.0..600.0).contains(&(now - figure("process_start_time_seconds"))));
    let mut families = BTreeSet::new();
    for line in text.lines() {
        match line.strip_prefix("# TYPE ") {
            Some(family) => assert!(families.insert(family.to_owned()), "{family} twice"),
            None if line.starts_with("# HELP ") => {}
            None => {
                let (series, value) = line.rsplit_once(' ').expect("name and value");
                assert!(["pgrst_", "civic_os_", "process_"].iter().any(|start| series.starts_with(start)), "{line}");
                value.parse::<f64>().unwrap_or_else(|_| panic!("no number: {line}"));
            }
        }
    }
}
