//! Ordinary owners: CREATEROLE and ownership are enough; what is lacking is named.

use super::caller::{Door, Who};
use crate::support::TestDatabase;
use civic_os::config::Secret;
use civic_os::migrate::{
    ApplyOptions, DeployOptions, MigrateError, RevertOptions, Silent, VerifyOptions, apply_application, deploy, lacks,
    revert, verify,
};
use std::path::Path;

/// A login without superuser; the suffix keeps tests apart, roles belong to the server.
async fn login(database: &TestDatabase, suffix: &str, attributes: &str) -> (Door, Secret, String) {
    let door = Door::open(database).await;
    let role = format!("{}_{suffix}", database.name());
    door.run_as(&Who::Owner, &format!("create role {role} login {attributes} password '{}'", database.password()))
        .await;
    let url = database.login_url(&role);
    (door, url, role)
}

async fn drop_login(door: &Door, role: &str) {
    let owner = door.value(&Who::Owner, "select current_user").await;
    door.run_as(
        &Who::Owner,
        &format!("alter database {} owner to {owner}", door.value(&Who::Owner, "select current_database()").await),
    )
    .await;
    door.run_as(&Who::Owner, &format!("reassign owned by {role} to {owner}; drop owned by {role}; drop role {role}"))
        .await;
}

#[tokio::test]
async fn an_ordinary_owner_deploys_applies_verifies_and_reverts() {
    // Another database of the server has made the roles already.
    let _first = TestDatabase::create().await;
    let database = TestDatabase::empty().await;
    let (door, url, role) = login(&database, "owner", "createrole").await;
    door.run_as(&Who::Owner, &format!("alter database {} owner to {role}", database.name())).await;
    // What a managed server's operator does beforehand.
    door.run_as(
        &Who::Owner,
        "create schema postgis; create extension postgis schema postgis; grant usage on schema postgis to public",
    )
    .await;

    let report = deploy(&url, &DeployOptions { verify: true, ..DeployOptions::default() }, &Silent).await.unwrap();
    assert_eq!(report.notices, Vec::<String>::new());
    let town = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/town");
    apply_application(&url, &town, ApplyOptions::default(), &Silent).await.unwrap();
    let verified = verify(&url, VerifyOptions { full: true }).await.unwrap();
    assert!(verified.is_healthy(), "{verified:?}");
    assert_ne!(door.value(&Who::Owner, "select count(*) from service_requests").await, "0");
    let refused = revert(&url, &RevertOptions { to: "@ROOT".into(), ..RevertOptions::default() }, &Silent).await;
    assert!(matches!(refused, Err(MigrateError::WouldLose { .. })));
    drop_login(&door, &role).await;
}

/// Scripts that were written for release 0.15.0, where a superuser ran them.
#[tokio::test]
async fn applications_load_as_an_ordinary_owner() {
    let _first = TestDatabase::create().await;
    let database = TestDatabase::empty().await;
    let (door, url, role) = login(&database, "integrator", "createrole").await;
    door.run_as(&Who::Owner, &format!("alter database {} owner to {role}", database.name())).await;
    door.run_as(
        &Who::Owner,
        "create schema postgis; create extension postgis schema postgis; grant usage on schema postgis to public",
    )
    .await;
    deploy(&url, &DeployOptions::default(), &Silent).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/migrate/fixtures/application");
    let report = apply_application(&url, &folder, ApplyOptions::default(), &Silent).await.unwrap();
    assert_eq!(report.applied.len(), 3);
    let verified = verify(&url, VerifyOptions { full: true }).await.unwrap();
    assert!(verified.is_healthy(), "{verified:?}");
    drop_login(&door, &role).await;
}

#[tokio::test]
async fn without_postgis_everything_but_maps_is_there() {
    let _first = TestDatabase::create().await;
    let database = TestDatabase::empty().await;
    let (door, url, role) = login(&database, "plain", "createrole").await;
    door.run_as(&Who::Owner, &format!("alter database {} owner to {role}", database.name())).await;
    let report = deploy(&url, &DeployOptions::default(), &Silent).await.unwrap();
    assert!(report.notices[0].contains("location columns cannot be used"), "{:?}", report.notices);
    let verified = verify(&url, VerifyOptions { full: true }).await.unwrap();
    assert!(verified.is_healthy(), "{verified:?}");
    assert!(verified.notices[0].contains("PostGIS"), "{:?}", verified.notices);
    let back = RevertOptions { to: "@ROOT".into(), ..RevertOptions::default() };
    revert(&url, &back, &Silent).await.unwrap();
    drop_login(&door, &role).await;
}

#[tokio::test]
async fn what_a_login_lacks_is_named_before_anything_happens() {
    let _first = TestDatabase::create().await;
    let database = TestDatabase::empty().await;
    let (door, url, role) = login(&database, "weak", "").await;
    let error = deploy(&url, &DeployOptions::default(), &Silent).await.unwrap_err();
    let MigrateError::Privileges { login, lacking } = &error else { panic!("{error}") };
    assert_eq!(login, &role);
    assert!(lacking.contains("cannot create schemas") && lacking.contains("OWNER TO"), "{lacking}");
    // What `doctor` prints.
    let named = lacks(&url).await.unwrap();
    assert_eq!(named.len(), 1, "the roles are there already: {named:?}");
    assert_eq!(named[0].remedy, format!("ALTER DATABASE \"{}\" OWNER TO \"{role}\";", database.name()));
    assert_eq!(door.value(&Who::Owner, "select count(*) from pg_namespace where nspname like 'civic%'").await, "0");
    drop_login(&door, &role).await;
}
