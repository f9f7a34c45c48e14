//! The server goes away and comes back.

use super::{open, prepared, run, value};
use crate::support::Proxy;
use civic_os::config::Secret;
use civic_os::db::{AccessMode, Lane, RequestTransaction};
use std::time::{Duration, Instant};

#[tokio::test]
async fn unreachable_at_once_and_recovered_by_itself() {
    let (database, _) = prepared(|_| {}).await;
    let url = database.authenticator_url().expose().unwrap().to_owned();
    let proxy = Proxy::cut_in_front_of(&url);
    let db = open(Secret::new(proxy.url(&url)), |options| options.pool_max = 2);
    let started = Instant::now();
    let error = run(&db, "select 1").await.unwrap_err();
    assert!(error.is_unreachable(), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
    proxy.resume().await;
    assert_eq!(value(&db, "select 1").await, "1");
    proxy.cut().await;
    assert!(run(&db, "select 1").await.unwrap_err().is_unreachable());
    assert!(run(&db, "select 1").await.unwrap_err().is_unreachable());
    proxy.resume().await;
    assert_eq!(value(&db, "select 1").await, "1");
}

#[tokio::test]
async fn a_terminated_session_is_replaced() {
    let (database, db) = prepared(|options| options.pool_max = 1).await;
    let owner = database.connect().await;
    for _ in 0..5 {
        let backend: i32 = value(&db, "select pg_backend_pid()").await.parse().unwrap();
        owner.execute("select pg_terminate_backend($1, 5000)", &[&backend]).await.unwrap();
        let read =
            RequestTransaction { access: AccessMode::ReadOnly, ..super::transaction("select pg_backend_pid()", &[]) };
        let next = db.request(Lane::Api, &read).await.unwrap();
        assert_ne!(next.rows[0].text(0), Some(backend.to_string().as_str()));
    }
}

#[tokio::test]
async fn a_session_that_ends_in_the_middle_reports_why() {
    let (database, db) = prepared(|options| options.pool_max = 1).await;
    let owner = database.connect().await;
    let slow = run(&db, "select pg_sleep(30)");
    let kill = async {
        let kill = "select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and query like 'select pg_sleep%'";
        while owner.execute(kill, &[]).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
    };
    let (result, ()) = tokio::join!(slow, kill);
    assert_eq!(result.unwrap_err().sqlstate(), Some("57P01"));
    assert_eq!(value(&db, "select 1").await, "1");
}

#[tokio::test]
async fn a_refused_login_is_an_unreachable_database_without_the_password() {
    let (database, _) = prepared(|_| {}).await;
    let mut url = url::Url::parse(database.authenticator_url().expose().unwrap()).unwrap();
    url.set_password(Some("wrong-secret")).unwrap();
    let db = open(Secret::new(url.as_str()), |_| {});
    let error = run(&db, "select 1").await.unwrap_err();
    assert!(error.is_unreachable());
    assert!(!error.to_string().contains("wrong-secret"));
    let direct = civic_os::db::connect_direct(&Secret::new(url.as_str())).await.err().unwrap();
    assert_eq!(direct.sqlstate(), Some("28P01"));
}
