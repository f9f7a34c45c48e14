//! Taking over a database that Sqitch deployed at release 0.15.0.

use super::caller::{Door, Who};
use super::{deploy_all, deploy_to};
use crate::support::TestDatabase;
use civic_os::migrate::{MigrateError, Silent, VerifyOptions, adopt, dump_interface, status, verify};

const REFERENCE_LIKE: &str = include_str!("fixtures/reference_like.sql");
const REGISTRY: &str = include_str!("fixtures/sqitch_registry.sql");

/// A database with the interface of 0.15.0 and data in it.
async fn reference() -> (TestDatabase, Door) {
    let database = TestDatabase::empty().await;
    deploy_to(&database, "@v0.15.0").await.unwrap();
    let door = Door::open(&database).await;
    door.client.batch_execute("set search_path to public").await.unwrap();
    door.run_as(&Who::Owner, REFERENCE_LIKE).await;
    door.run_as(
        &Who::Owner,
        "insert into metadata.civic_os_users (id, display_name) values ('00000000-0000-4000-8000-00000000000a', 'Anna');
         insert into payments.transactions (user_id, amount, status) values ('00000000-0000-4000-8000-00000000000a', 5, 'succeeded');
         create table permits (id int primary key, owner_id uuid references metadata.civic_os_users, color hex_color,
           payment_id uuid references payments.transactions);
         alter table permits enable row level security;
         create policy mine on permits using (owner_id = current_user_id() or has_permission('permits', 'read'));
         insert into permits select 1, user_id, null, id from payments.transactions",
    )
    .await;
    (database, door)
}

async fn refused(database: &TestDatabase) -> String {
    match adopt(&database.owner_url(), false, &Silent).await {
        Err(error @ MigrateError::NotAdoptable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_database_of_release_0_15_becomes_ours_with_its_data() {
    let (database, door) = reference().await;
    let url = database.owner_url();
    assert!(refused(&database).await.contains("no registry of Sqitch"));
    door.run_as(&Who::Owner, REGISTRY).await;
    let error = deploy_all(&database).await.unwrap_err();
    assert!(matches!(&error, MigrateError::NeedsAdoption { last } if last == "v0-15-0-add-status-type"), "{error}");

    let before = dump_interface(&url).await.unwrap();
    let trial = adopt(&url, true, &Silent).await.unwrap();
    assert!(trial.dry_run && trial.changed.iter().any(|d| d.object == "metadata.river_job"), "{:?}", trial.changed);
    assert_eq!(dump_interface(&url).await.unwrap(), before, "a dry run changes nothing");

    let report = adopt(&url, false, &Silent).await.unwrap();
    assert_eq!(report.changed.len(), trial.changed.len());
    let state = status(&url).await.unwrap();
    assert_eq!((state.pending.len(), state.deployed.len()), (0, report.adopted.len()));
    let verified = verify(&url, VerifyOptions { full: true }).await.unwrap();
    assert!(verified.is_healthy(), "{verified:?}");
    assert_eq!(deploy_all(&database).await.unwrap().deployed.len(), 0);

    assert_eq!(
        door.value(
            &Who::Owner,
            "select display_name || ' ' || t.amount from payments.transactions t join permits p on p.payment_id = t.id"
        )
        .await,
        "$5.00 - Paid 5.00"
    );
    assert_eq!(door.value(&Who::Owner, "select count(*) from metadata.dashboards").await, "1", "no second seed");
    assert_eq!(
        door.value(&Who::Owner, "select count(*) from metadata.changes").await,
        "18",
        "Sqitch's registry is kept"
    );
    assert_eq!(
        door.value(&Who::Owner, "select note from metadata.events where event = 'merge'").await,
        format!("Taken over by civic-os {}", env!("CARGO_PKG_VERSION"))
    );
    assert!(refused(&database).await.contains("already"), "only once");
}

#[tokio::test]
async fn anything_but_exactly_0_15_is_refused_and_left_alone() {
    let (database, door) = reference().await;
    door.run_as(&Who::Owner, REGISTRY).await;
    let change = "select change_id from metadata.changes where change = 'v0-15-0-add-status-type'";
    let id = door.value(&Who::Owner, change).await;
    door.run_as(&Who::Owner, &format!("update metadata.changes set change = 'v0-16-0-later' where change_id = '{id}'"))
        .await;
    assert!(refused(&database).await.contains("older than release 0.15.0 (change v0-15-0-add-status-type is missing)"));
    door.run_as(
        &Who::Owner,
        &format!(
            "insert into metadata.changes select 'x', 'x', 'v0-15-0-add-status-type', project, note, committed_at, committer_name, committer_email, planned_at, planner_name, planner_email
             from metadata.changes where change_id = '{id}'"
        ),
    )
    .await;
    assert!(refused(&database).await.contains("v0-16-0-later, which release 0.15.0 does not know"));
    door.run_as(&Who::Owner, &format!("delete from metadata.changes where change_id = '{id}'")).await;

    door.run_as(&Who::Owner, "alter table metadata.statuses drop constraint statuses_entity_type_display_name_key")
        .await;
    let text = refused(&database).await;
    assert!(text.contains("- constraints metadata.statuses.statuses_entity_type_display_name_key"), "{text}");
    assert_eq!(status(&database.owner_url()).await.unwrap().deployed.len(), 0);
}
