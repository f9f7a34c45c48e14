//! Deploying: targets, refusals, failures, the lock, and what a running system asks.

use super::caller::{Door, Who};
use super::{deploy_all, deploy_to, other_database};
use crate::support::TestDatabase;
use civic_os::cluster::{Cluster, ClusterOptions, Durability};
use civic_os::migrate::{Currency, DeployOptions, MigrateError, Silent, deploy, is_current, log, status};

#[tokio::test]
async fn a_deploy_stops_where_it_is_told_and_goes_on_from_there() {
    let database = TestDatabase::empty().await;
    let url = database.owner_url();
    let plan = deploy(&url, &DeployOptions { dry_run: true, ..DeployOptions::default() }, &Silent).await.unwrap();
    let total = plan.deployed.len();
    assert!(total >= 15 && plan.dry_run);
    assert_eq!(status(&url).await.unwrap().deployed.len(), 0, "a dry run does nothing");

    let unknown = deploy_to(&database, "99-nonsense").await.unwrap_err();
    assert!(
        matches!(unknown, MigrateError::Plan(_)) && unknown.to_string().contains("01-roles-and-schemas"),
        "{unknown}"
    );
    let first = deploy_to(&database, "08-statuses").await.unwrap();
    assert_eq!((first.deployed.len(), first.already_deployed), (8, 0));
    let back = deploy_to(&database, "02-domains").await.unwrap_err();
    assert!(matches!(back, MigrateError::WrongDirection { verb: "revert", .. }), "{back}");
    assert_eq!(deploy_to(&database, "@v0.15.0").await.unwrap().deployed.len(), 7);
    let verified = DeployOptions { verify: true, ..DeployOptions::default() };
    assert_eq!(deploy(&url, &verified, &Silent).await.unwrap().already_deployed, 15);
    let nothing = deploy_all(&database).await.unwrap();
    assert_eq!((nothing.deployed.len(), nothing.already_deployed), (0, total));

    let report = status(&url).await.unwrap();
    assert_eq!((report.deployed.len(), report.pending.len(), report.sqitch), (total, 0, None));
    assert_eq!(report.deployed[14].tags, ["v0.15.0"]);
    let entries = log(&url).await.unwrap();
    assert_eq!(entries.len(), total);
    assert!(entries.iter().all(|entry| entry.event == "deploy"));
}

#[tokio::test]
async fn a_failing_change_names_its_statement_and_leaves_nothing() {
    let database = TestDatabase::empty().await;
    let door = Door::open(&database).await;
    door.run_as(&Who::Owner, "create domain public.phone_number as text").await;
    let error = deploy_all(&database).await.unwrap_err();
    let MigrateError::Statement(failure) = &error else { panic!("{error}") };
    assert_eq!((failure.file.as_str(), failure.sqlstate.as_str()), ("migrations/deploy/02-domains.sql", "42710"));
    assert!(failure.statement.contains("create domain public.phone_number"), "{failure}");
    let script = include_str!("../../../migrations/deploy/02-domains.sql");
    assert!(script.lines().nth(failure.line - 1).unwrap().contains("phone_number"), "line {}", failure.line);
    assert_eq!(status(&database.owner_url()).await.unwrap().deployed.len(), 1);
    let domains = "select count(*) from pg_type where typname in ('hex_color', 'email_address')";
    assert_eq!(door.value(&Who::Owner, domains).await, "0", "the statements before it are undone");
    let entries = log(&database.owner_url()).await.unwrap();
    assert_eq!((entries[0].event.as_str(), entries[0].change.as_str()), ("fail", "02-domains"));
    assert!(entries[0].detail.as_ref().unwrap().contains("already exists"));

    door.run_as(&Who::Owner, "drop domain public.phone_number").await;
    deploy_all(&database).await.unwrap();
}

#[tokio::test]
async fn edited_and_unknown_changes_are_told_apart() {
    let database = TestDatabase::create().await;
    let (owner, pool) = (database.owner_url(), database.authenticator_url());
    let door = Door::open(&database).await;
    assert_eq!(is_current(&pool).await.unwrap(), Currency::Current, "the pool's login may ask");

    door.run_as(
        &Who::Owner,
        "insert into civic_os_migrations.schema_history values (900, 'of_the_future', '2030-01-01T00:00:00Z', '1')",
    )
    .await;
    let future = deploy_all(&database).await.unwrap_err();
    assert!(matches!(&future, MigrateError::Future { changes } if changes == "900-of-the-future"), "{future}");
    let ahead = is_current(&pool).await.unwrap();
    assert!(matches!(ahead, Currency::AheadCompatible { .. }) && ahead.may_serve(), "{ahead}");
    assert_eq!(status(&owner).await.unwrap().unknown, ["900-of-the-future"]);
    door.run_as(
        &Who::Owner,
        "insert into civic_os_migrations.change_log (event, change, version, checksum, breaking, duration_ms, binary_version)
         values ('deploy', '900-of-the-future', 900, '', true, 1, '9.0.0')",
    )
    .await;
    let ahead = is_current(&pool).await.unwrap();
    assert!(matches!(ahead, Currency::AheadIncompatible { .. }) && !ahead.may_serve(), "{ahead}");

    door.run_as(&Who::Owner, "delete from civic_os_migrations.schema_history where version > 14").await;
    let behind = is_current(&pool).await.unwrap();
    assert!(!behind.may_serve() && behind.to_string().contains("civic-os migrate deploy"), "{behind}");
    door.run_as(&Who::Owner, "update civic_os_migrations.schema_history set checksum = '7' where version = 5").await;
    for error in [deploy_all(&database).await.unwrap_err(), is_current(&pool).await.unwrap_err()] {
        assert!(
            matches!(&error, MigrateError::Edited { change, .. } if change == "05-roles-and-permissions"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn replicas_deploy_once_and_databases_share_the_roles() {
    let (one, two) = (TestDatabase::empty().await, TestDatabase::empty().await);
    let (a, b, c, d) = tokio::join!(deploy_all(&one), deploy_all(&one), deploy_all(&one), deploy_all(&two));
    let counts: Vec<usize> = [a, b, c].into_iter().map(|report| report.unwrap().deployed.len()).collect();
    let total = d.unwrap().deployed.len();
    assert_eq!(
        (counts.iter().sum::<usize>(), counts.iter().filter(|count| **count == 0).count()),
        (total, 2),
        "{counts:?}"
    );
}

/// Needs a server of its own: roles belong to the whole server.
#[tokio::test]
async fn shared_roles_and_the_missing_login_are_made_once() {
    let folder = tempfile::Builder::new().prefix("civic-os-migrate-").tempdir().unwrap();
    let options = ClusterOptions { durability: Durability::None, ..ClusterOptions::new(folder.path()) };
    let cluster = Cluster::start(options).await.unwrap();
    let url = cluster.owner_tcp_url();
    let (client, connection) = tokio_postgres::connect(url.expose().unwrap(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);

    // Nobody has made the shared roles here yet: databases that deploy at the same moment do not stumble over each other.
    let roles = "select count(*)::text from pg_roles where rolname in ('web_anon', 'authenticated', 'civic_os_worker')";
    assert_eq!(client.query_one(roles, &[]).await.unwrap().get::<_, String>(0), "0");
    let mut others = Vec::new();
    for name in ["one", "two", "three"] {
        client.batch_execute(&format!("create database {name}")).await.unwrap();
        others.push(other_database(&url, name));
    }
    let options = DeployOptions::default();
    let (one, two, three) = tokio::join!(
        deploy(&others[0], &options, &Silent),
        deploy(&others[1], &options, &Silent),
        deploy(&others[2], &options, &Silent)
    );
    for report in [one, two, three] {
        assert!(report.unwrap().deployed.len() > 15);
    }
    assert_eq!(client.query_one(roles, &[]).await.unwrap().get::<_, String>(0), "3");
    for name in ["one", "two", "three"] {
        client.batch_execute(&format!("drop database {name} with (force)")).await.unwrap();
    }

    client.batch_execute("drop owned by authenticator; drop role authenticator").await.unwrap();

    let error = deploy(&url, &DeployOptions::default(), &Silent).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, MigrateError::NoAuthenticator { .. }), "{text}");
    assert!(
        text.contains("CREATE ROLE authenticator LOGIN NOINHERIT PASSWORD") && text.contains("--create-login"),
        "{text}"
    );

    let report =
        deploy(&url, &DeployOptions { create_login: true, ..DeployOptions::default() }, &Silent).await.unwrap();
    let mut login = url::Url::parse(url.expose().unwrap()).unwrap();
    login.set_username("authenticator").unwrap();
    login.set_password(report.created_login_password.as_ref().unwrap().expose()).unwrap();
    let login = civic_os::config::Secret::new(login.to_string());
    assert_eq!(is_current(&login).await.unwrap(), Currency::Current, "the login works");
    drop(client);
    cluster.stop().await.unwrap();
}
