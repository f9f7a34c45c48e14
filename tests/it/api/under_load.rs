//! The database goes away while requests are under way: no wrong answer, refusals meanwhile, recovery by itself.

use super::schema::town_database;
use crate::support::{Proxy, TestApp};
use civic_os::config::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_database_that_goes_away_under_load_gives_no_wrong_answer() {
    let database = town_database().await;
    let direct = database.authenticator_url();
    let proxy = Proxy::cut_in_front_of(direct.expose().expect("URL"));
    proxy.resume().await;
    let through = Secret::new(proxy.url(direct.expose().expect("URL")));
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.database.url = through;
        config.database.pool_acquisition_timeout = 2;
    })
    .await;
    let (stop, served, refused) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let kept = std::sync::Mutex::new(Vec::new());

    let reader = async |id: usize| {
        let expected = [json!([{"id": 1, "name": "Hammer"}]), json!([{"id": 2, "name": "Doll"}])];
        while !stop.load(Ordering::Relaxed) {
            let answer = app.get(&format!("/api/products?id=eq.{id}&select=id,name")).send().await.expect("an answer");
            let status = answer.status().as_u16();
            let body: Value = answer.json().await.expect("JSON");
            match status {
                200 => {
                    assert_eq!(body, expected[id - 1], "an answer is complete and one's own");
                    served.fetch_add(1, Ordering::Relaxed);
                }
                503 | 504 => {
                    assert!(body["code"].as_str().is_some_and(|code| code.starts_with("PGRST00")), "{body}");
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                _ => panic!("{status} {body}"),
            }
        }
    };
    let writer = async |number: usize| {
        let mut round = 0;
        while !stop.load(Ordering::Relaxed) {
            round += 1;
            let name = format!("w{number}-{round}");
            let written = app
                .request(Method::POST, "/api/products")
                .header("content-type", "application/json")
                .body(json!({"name": name}).to_string());
            let answer = written.send().await.expect("an answer");
            match answer.status().as_u16() {
                201 => kept.lock().expect("list").push(name),
                // Nobody knows whether a write whose answer was lost has happened; it is never said that it has.
                503 | 504 => {}
                status => panic!("{status} {}", answer.text().await.unwrap_or_default()),
            }
        }
    };
    let trouble = async {
        for _ in 0..4 {
            let before = served.load(Ordering::Relaxed);
            let limit = Instant::now() + Duration::from_secs(60);
            while served.load(Ordering::Relaxed) < before + 50 {
                assert!(Instant::now() < limit, "no answers after the database came back\n{}", app.log());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            proxy.cut().await;
            let before = refused.load(Ordering::Relaxed);
            while refused.load(Ordering::Relaxed) < before + 10 {
                assert!(Instant::now() < limit, "no refusals\n{}", app.log());
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            proxy.resume().await;
        }
        let before = served.load(Ordering::Relaxed);
        let limit = Instant::now() + Duration::from_secs(60);
        while served.load(Ordering::Relaxed) < before + 50 {
            assert!(Instant::now() < limit, "it does not recover\n{}", app.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(
        futures_util::future::join_all((0..12).map(|number| reader(1 + number % 2))),
        futures_util::future::join_all((0..4).map(writer)),
        trouble,
    );
    let kept = kept.into_inner().expect("list");
    let owner = app.database().connect().await;
    let sql = "select count(*) from shop.products where name = any($1)";
    let stored: i64 = owner.query_one(sql, &[&kept]).await.expect("count").get(0);
    assert!(!kept.is_empty());
    assert_eq!(stored, i64::try_from(kept.len()).expect("few"), "what was confirmed is there");
    println!("{} served, {} refused, {} written", served.into_inner(), refused.into_inner(), kept.len());
}
