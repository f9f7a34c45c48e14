//! The way back: what stands in it, and what is given up on request.

use super::caller::{Door, Who, anna};
use super::{deploy_all, deploy_to};
use crate::support::TestDatabase;
use civic_os::migrate::{MigrateError, RevertOptions, Silent, dump_interface, revert, revert_plan, status};

fn to(target: &str) -> RevertOptions {
    RevertOptions { to: target.to_owned(), ..RevertOptions::default() }
}

#[tokio::test]
async fn an_applications_objects_are_never_dropped() {
    let database = TestDatabase::with_example("town").await;
    let url = database.owner_url();
    let before = dump_interface(&url).await.unwrap();
    for discard_data in [false, true] {
        let error = revert(&url, &RevertOptions { discard_data, ..to("@ROOT") }, &Silent).await.unwrap_err();
        let MigrateError::WouldLose { losses, .. } = &error else { panic!("{error}") };
        assert!(losses.iter().any(|loss| loss.contains("service_requests")), "{error}");
        assert_eq!(
            losses.iter().any(|loss| loss.ends_with("of table metadata.civic_os_users")),
            !discard_data,
            "{error}"
        );
    }
    assert_eq!(dump_interface(&url).await.unwrap(), before, "nothing changed");
}

#[tokio::test]
async fn rows_are_given_up_only_on_request() {
    let database = TestDatabase::create().await;
    let url = database.owner_url();
    let door = Door::open(&database).await;
    door.run_as(&anna(), "select refresh_current_user()").await;
    door.run_as(&anna(), "insert into metadata.user_settings (key, value) values ('theme', '1')").await;

    let newest = revert_plan(&url, "14-payments").await.unwrap();
    assert_eq!(newest.last().unwrap(), "15-personal-settings");
    let error = revert(&url, &to("14-payments"), &Silent).await.unwrap_err();
    let MigrateError::WouldLose { losses, advice } = &error else { panic!("{error}") };
    assert!(losses.contains(&"1 row of table metadata.user_settings".to_owned()), "{error}");
    assert!(advice.contains("--discard-data"));
    let trial = RevertOptions { discard_data: true, dry_run: true, ..to("14-payments") };
    assert_eq!(revert(&url, &trial, &Silent).await.unwrap().reverted, newest);
    assert_eq!(door.value(&anna(), "select count(*) from metadata.user_settings").await, "1");

    let report = revert(&url, &RevertOptions { discard_data: true, ..to("14-payments") }, &Silent).await.unwrap();
    assert_eq!(report.reverted, newest);
    assert_eq!(status(&url).await.unwrap().deployed.len(), 14);
    let events = "select string_agg(event || ' ' || change, ',' order by id desc) from (select * from civic_os_migrations.change_log order by id desc limit 1) l";
    assert_eq!(door.value(&Who::Owner, events).await, "revert 15-personal-settings");
    deploy_all(&database).await.unwrap();
}

#[tokio::test]
async fn impossible_targets_are_refused() {
    let database = TestDatabase::empty().await;
    deploy_to(&database, "03-timestamps-and-identifiers").await.unwrap();
    let url = database.owner_url();
    let later = revert(&url, &to("05-roles-and-permissions"), &Silent).await.unwrap_err();
    assert!(matches!(later, MigrateError::WrongDirection { verb: "deploy", .. }), "{later}");
    for unknown in ["@v9", "@HEAD~4"] {
        assert!(matches!(revert(&url, &to(unknown), &Silent).await, Err(MigrateError::Plan(_))), "{unknown}");
    }
    assert_eq!(revert(&url, &to("@HEAD^"), &Silent).await.unwrap().reverted, ["03-timestamps-and-identifiers"]);
    assert_eq!(revert(&url, &to("@ROOT"), &Silent).await.unwrap().reverted.len(), 2);
    assert_eq!(revert(&url, &to("@ROOT"), &Silent).await.unwrap().reverted, Vec::<String>::new());
}
