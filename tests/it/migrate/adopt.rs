//! Taking over a database that Sqitch deployed at release 0.15.0.

use super::bad_input::{assert_untouched, state};
use super::caller::{Door, Who};
use super::command_line::run;
use super::interruption::waiting_backend;
use super::{deploy_all, deploy_to};
use crate::support::TestDatabase;
use civic_os::migrate::{
    Allowed, Interface, MigrateError, Profile, RevertOptions, Silent, VerifyOptions, adopt, compare, dump_interface,
    revert, status, verify,
};
use serde_json::Value;
use std::collections::BTreeMap;

const RELEASE: &str = include_str!("../../../migrations/adopt/interface-0.15.0.json");
const ALLOWED: &str = include_str!("../../contract/allowed.txt");
const REFERENCE_LIKE: &str = include_str!("fixtures/reference_like.sql");
const REGISTRY: &str = include_str!("fixtures/sqitch_registry.sql");

/// A database with exactly the interface of 0.15.0 and data in it: ours, the parts that differ made as they were, and
/// whatever 0.15.0 had not dropped, so that nothing new in our scripts can hide here.
async fn reference() -> (TestDatabase, Door) {
    let database = TestDatabase::empty().await;
    deploy_to(&database, "@v0.15.0").await.unwrap();
    let door = Door::open(&database).await;
    door.client.batch_execute("set search_path to public").await.unwrap();
    door.run_as(&Who::Owner, REFERENCE_LIKE).await;
    let release: Interface = serde_json::from_str(RELEASE).unwrap();
    for (key, policy) in &release.categories["policies"] {
        door.run_as(&Who::Owner, &policy_of_the_release(key, policy)).await;
    }
    for statement in additions(&release, &dump_interface(&database.owner_url()).await.unwrap()) {
        door.run_as(&Who::Owner, &statement).await;
    }
    let found = dump_interface(&database.owner_url()).await.unwrap();
    assert_eq!(additions(&release, &found), Vec::<String>::new());
    let allowed = Allowed::parse("roles:authenticator\nextensions:postgis");
    assert_eq!(compare(&release, &found, Profile::Interface, &allowed), []);
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

/// Parts of a table's or relation's key: relation and quoted name.
fn part(key: &str) -> (String, String) {
    let mut parts = key.splitn(3, '.');
    let (schema, relation, name) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or_default());
    (format!("{schema}.{relation}"), format!("\"{name}\""))
}

fn policy_of_the_release(key: &str, policy: &BTreeMap<String, Value>) -> String {
    let (table, name) = part(key);
    let roles: Vec<&str> = policy["roles"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let clause = |word: &str, field: &str| match policy[field].as_str() {
        Some(expression) => format!(" {word} ({expression})"),
        None => String::new(),
    };
    format!(
        "drop policy if exists {name} on {table}; create policy {name} on {table} for {} to {}{}{}",
        policy["command"].as_str().unwrap(),
        roles.join(", "),
        clause("using", "using"),
        clause("with check", "with_check")
    )
}

/// Statements that drop what `found` has in the core's schemas and the release has not.
fn additions(release: &Interface, found: &Interface) -> Vec<String> {
    type Drop = fn(&str) -> String;
    let drops: [(&str, Drop); 8] = [
        ("policies", |key| {
            let (table, name) = part(key);
            format!("drop policy {name} on {table}")
        }),
        ("triggers", |key| {
            let (table, name) = part(key);
            format!("drop trigger {name} on {table}")
        }),
        ("views", |key| format!("drop view {key}")),
        ("tables", |key| format!("drop table {key} cascade")),
        ("constraints", |key| {
            let (table, name) = part(key);
            format!("alter table {table} drop constraint if exists {name}")
        }),
        ("columns", |key| {
            let (table, name) = part(key);
            format!("alter table {table} drop column if exists {name}")
        }),
        ("indexes", |key| {
            let (table, name) = part(key);
            format!("drop index if exists {}.{name}", table.split('.').next().unwrap())
        }),
        ("functions", |key| format!("drop function {key}")),
    ];
    let mut statements = Vec::new();
    for (category, statement) in drops {
        let known = &release.categories[category];
        for key in found.categories[category].keys().filter(|key| !known.contains_key(*key)) {
            // What goes with its table needs no word.
            let (table, _) = part(key);
            if matches!(category, "policies" | "triggers" | "constraints" | "columns" | "indexes")
                && !release.categories["tables"].contains_key(&table)
            {
                continue;
            }
            statements.push(statement(key));
        }
    }
    statements
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
    // The same interface as on a new database, seed rows included (the application has added none).
    let release: Interface = serde_json::from_str(RELEASE).unwrap();
    let allowed = Allowed::parse(&format!("{ALLOWED}\nextensions:postgis\n"));
    assert_eq!(compare(&release, &dump_interface(&url).await.unwrap(), Profile::Interface, &allowed), []);

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
        "Sqitch's registry is kept (D-06)"
    );
    assert_eq!(
        door.value(&Who::Owner, "select note from metadata.events where event = 'merge'").await,
        format!("Taken over by civic-os {}", env!("CARGO_PKG_VERSION"))
    );
    assert!(refused(&database).await.contains("already"), "only once");

    // The way back does not take Sqitch's tables or the application with it.
    let before = dump_interface(&url).await.unwrap();
    let back = RevertOptions { to: "@ROOT".into(), discard_data: true, dry_run: false };
    let error = revert(&url, &back, &Silent).await.unwrap_err();
    let MigrateError::WouldLose { losses, .. } = &error else { panic!("{error}") };
    assert!(losses.iter().any(|loss| loss.contains("permits")), "{error}");
    assert!(losses.iter().any(|loss| loss.contains("metadata.changes")), "{error}");
    assert_eq!(dump_interface(&url).await.unwrap(), before);
}

/// Through the command: JSON, and a connection that is cut in the middle.
#[tokio::test]
async fn a_take_over_that_is_cut_off_leaves_the_database_to_sqitch() {
    let (database, door) = reference().await;
    door.run_as(&Who::Owner, REGISTRY).await;
    let url = database.owner_url();
    let trial = run(Some(url.clone()), &["migrate", "adopt", "--dry-run", "--json"]).await;
    assert_eq!((trial.code, trial.json()["dry_run"].as_bool()), (Some(0), Some(true)), "{}", trial.err);
    assert!(trial.json()["changed"].as_array().unwrap().len() > 20);

    let before = state(&url).await;
    let holder = Door::open(&database).await;
    holder.client.batch_execute("begin; lock table metadata.statuses in access exclusive mode").await.unwrap();
    let ran = tokio::spawn(run(Some(url.clone()), &["migrate", "adopt"]));
    let pid = waiting_backend(&door).await;
    door.run_as(&Who::Owner, &format!("select pg_terminate_backend({pid})")).await;
    let ran = ran.await.unwrap();
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    holder.client.batch_execute("rollback").await.unwrap();
    assert_untouched(&url, &before, "cut off").await;

    let done = run(Some(url.clone()), &["migrate", "adopt", "--json"]).await;
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(done.json()["adopted"][0], "01-roles-and-schemas");
    assert!(verify(&url, VerifyOptions { full: true }).await.unwrap().is_healthy());
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

/// A policy that an operator made stricter would be lost.
#[tokio::test]
async fn altered_policies_are_named_before_they_are_replaced() {
    let (database, door) = reference().await;
    door.run_as(&Who::Owner, REGISTRY).await;
    door.run_as(&Who::Owner, "alter policy \"Everyone can read users\" on metadata.civic_os_users using (is_admin())")
        .await;
    if !door.value(&Who::Owner, "show server_version_num").await.starts_with("15") {
        // Other versions print expressions otherwise, so there only the rest of a policy is compared.
        return;
    }
    let text = refused(&database).await;
    assert!(text.contains("~ policies metadata.civic_os_users.Everyone can read users: using"), "{text}");
    let using = "select pg_get_expr(polqual, polrelid) from pg_policy where polname = 'Everyone can read users'";
    assert_eq!(door.value(&Who::Owner, using).await, "is_admin()", "nothing changed");
}
