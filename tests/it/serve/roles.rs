//! Roles are sets of modules of one process: each starts alone, does its own and refuses the rest.

use crate::support::{TestApp, TestDatabase, free_port};
use civic_os::config::Secret;
use nix::sys::signal::Signal;

#[tokio::test]
async fn api_alone_serves_browsers_and_stops_in_order() {
    let mut app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    assert_eq!(app.get("/api/schema_entities").send().await.expect("API").status(), 200);
    assert_eq!(app.get("/webhooks/stripe").send().await.expect("webhook").status(), 404, "payments are off");
    assert_eq!(app.get("/realms/civic-os").send().await.expect("provider").status(), 404, "nobody asked for one");
    app.signal(Signal::SIGTERM);
    assert_eq!(app.ended().await.code(), Some(0), "{}", app.log());
}

#[tokio::test]
async fn worker_and_payments_have_no_web_client() {
    for role in ["worker", "payments"] {
        let listen = format!("127.0.0.1:{}", free_port());
        let mut app = TestApp::spawn_roles(TestDatabase::create().await, &[role], |config| {
            config.payments.listen = Some(listen);
            config.payments.stripe_api_key = Secret::new("sk_test_of_nobody");
            config.payments.stripe_webhook_secret = Secret::new("whsec_of_nobody");
        })
        .await;
        app.get("/").send().await.expect_err("nobody listens on web.listen");
        // There is nothing that they would read again; they are no reason to end.
        for signal in [Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2] {
            app.signal(signal);
        }
        app.wait_until("/ready", |status| status == 200).await;
        app.signal(Signal::SIGTERM);
        assert_eq!(app.ended().await.code(), Some(0), "{role}: {}", app.log());
    }
}

#[tokio::test]
async fn a_role_without_its_secrets_names_them() {
    let mut app = TestApp::launch(&crate::support::test_config(), &["payments"]);
    assert_eq!(app.ended().await.code(), Some(1), "{}", app.log());
    for key in ["database.url", "payments.stripe_api_key", "payments.stripe_webhook_secret"] {
        assert!(app.log().contains(key), "{key} is missing in: {}", app.log());
    }
}

#[tokio::test]
async fn migrate_alone_deploys_and_ends() {
    let database = TestDatabase::empty().await;
    let mut config = crate::support::test_config();
    config.database.owner_url = database.owner_url();
    let mut app = TestApp::launch(&config, &["migrate"]);
    assert_eq!(app.ended().await.code(), Some(0), "{}", app.log());
    let client = database.connect().await;
    client.query_one("select count(*) from metadata.statuses", &[]).await.expect("the core is there");
}

#[tokio::test]
async fn an_old_database_is_refused_by_a_role_that_does_not_migrate() {
    let database = TestDatabase::empty().await;
    let mut config = crate::support::test_config();
    config.database.url = database.authenticator_url();
    let mut app = TestApp::launch(&config, &["api"]);
    assert_eq!(app.ended().await.code(), Some(2), "{}", app.log());
    assert!(app.log().contains("civic-os migrate deploy"), "names the remedy: {}", app.log());
}

/// A database that a later release migrated: served while its changes are compatible, refused when one is not.
#[tokio::test]
async fn a_newer_database_is_served_as_long_as_it_is_compatible() {
    let database = TestDatabase::create().await;
    database
        .execute(
            "insert into civic_os_migrations.schema_history values (900, 'of_the_future', '2030-01-01T00:00:00Z', '1')",
        )
        .await;
    let mut config = crate::support::test_config();
    config.database.url = database.authenticator_url();
    let mut app = TestApp::launch(&config, &["api"]);
    app.wait_until("/ready", |status| status == 200).await;
    app.signal(Signal::SIGTERM);
    assert_eq!(app.ended().await.code(), Some(0), "{}", app.log());

    database
        .execute(
            "insert into civic_os_migrations.change_log (event, change, version, checksum, breaking, duration_ms, binary_version)
             values ('deploy', '900-of-the-future', 900, '', true, 1, '9.0.0')",
        )
        .await;
    let mut app = TestApp::launch(&config, &["api"]);
    assert_eq!(app.ended().await.code(), Some(2), "{}", app.log());
    assert!(app.log().contains("900-of-the-future") && app.log().contains("start a newer release"), "{}", app.log());
}

#[tokio::test]
async fn an_unknown_role_is_a_usage_error() {
    let output = crate::support::binary().args(["serve", "--role", "everything"]).output().expect("run the binary");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("everything"));
}
