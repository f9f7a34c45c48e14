//! Figures for docs/performance.md; run by `./dev bench` with the release binary, never as a check.

use crate::support::{TestApp, TestDatabase, binary, tokens};
use std::time::{Duration, Instant};

const WARM_UP: usize = 500;
const REQUESTS: usize = 5000;

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    println!(
        "{name}: p50 {:?}, p95 {:?}, p99 {:?} over {} requests",
        percentile(&times, 50),
        percentile(&times, 95),
        percentile(&times, 99),
        times.len()
    );
}

#[tokio::test]
#[ignore = "a measurement: ./dev bench"]
async fn single_row_get() {
    let app = TestApp::spawn(TestDatabase::with_example("town").await, |config| config.log.level = "warn".into()).await;
    let id: i64 = {
        let client = app.database().connect().await;
        client.query_one("select min(id)::bigint from public.service_requests", &[]).await.expect("a request").get(0)
    };
    let token = tokens::sign(&tokens::claims("staff", &["user", "editor"]));
    let url = format!("{}/api/service_requests?id=eq.{id}", app.base_url);
    for (name, token) in [("one row, anonymous", None), ("one row, signed in, row security", Some(&token))] {
        let mut times = Vec::with_capacity(REQUESTS);
        for round in 0..WARM_UP + REQUESTS {
            let mut request = app.http().get(&url);
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let start = Instant::now();
            let answer = request.send().await.expect("answer");
            assert_eq!(answer.status(), 200);
            let body = answer.bytes().await.expect("body");
            if round >= WARM_UP {
                times.push(start.elapsed());
            }
            assert!(body.starts_with(b"["));
        }
        report(name, times);
    }
}

#[test]
#[ignore = "a measurement: ./dev bench"]
fn start_of_the_process() {
    let times = (0..50)
        .map(|_| {
            let start = Instant::now();
            assert!(binary().arg("--help").output().expect("run").status.success());
            start.elapsed()
        })
        .collect();
    report("--help", times);
}
