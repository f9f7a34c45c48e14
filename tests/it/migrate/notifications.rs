//! Inbox, digests, suppressions, batches and live events as the database decides them.

use super::caller::{ANNA, BERT, Door, Who, anna, bert, carla, heard};
use crate::support::TestDatabase;
use serde_json::Value;

const TEMPLATE: &str = "insert into metadata.notification_templates (name, subject_template, html_template, text_template) values ('news', 's', 'h', 't')";

async fn prepared() -> (TestDatabase, Door) {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(&Who::Owner, TEMPLATE).await;
    (database, door)
}

fn inbox_row(user: &str) -> String {
    format!(
        "with n as (insert into metadata.notifications (user_id, template_name) values ('{user}', 'news') returning id)
         insert into metadata.notification_inbox (notification_id, user_id, subject, body) select id, '{user}', 'for ' || '{user}', 'b' from n returning notification_id"
    )
}

#[tokio::test]
async fn everybody_has_an_inbox_of_their_own() {
    let (_database, door) = prepared().await;
    for user in [ANNA, ANNA, BERT] {
        door.run_as(&Who::Owner, &inbox_row(user)).await;
    }
    // "Users see own inbox", "Users mark own inbox"
    assert_eq!(door.value(&anna(), "select count(*) from my_notifications").await, "2");
    assert_eq!(
        door.value(&bert(), "select subject from my_notifications where read_at is null").await,
        format!("for {BERT}")
    );
    assert_eq!(door.refused(&Who::Anonymous, "select * from my_notifications").await, "42501");
    let theirs = door.value(&bert(), "select id from my_notifications").await;
    door.run_as(&anna(), &format!("update my_notifications set read_at = now() where id = {theirs}")).await;
    assert_eq!(
        door.value(&bert(), "select count(*) from my_notifications where read_at is null").await,
        "1",
        "not by others"
    );
    assert_eq!(door.refused(&anna(), "update my_notifications set subject = 'x'").await, "42501");
    assert_eq!(door.refused(&anna(), "delete from my_notifications").await, "42501");
    let first = door.value(&anna(), "select min(id) from my_notifications").await;
    assert_eq!(door.value(&anna(), &format!("select mark_notifications_read(array[{first}, {theirs}])")).await, "1");
    assert_eq!(door.value(&anna(), "select mark_notifications_read()").await, "1", "the rest");
    assert_eq!(door.value(&anna(), "select mark_notifications_read()").await, "0");
    assert_eq!(door.refused(&Who::Anonymous, "select mark_notifications_read()").await, "42501");
}

#[tokio::test]
async fn digests_and_suppressions_belong_to_those_who_may() {
    let (_database, door) = prepared().await;
    // "Users choose own digests"
    door.run_as(&anna(), "insert into notification_digests (frequency, hour) values ('daily', 7)").await;
    assert_eq!(door.value(&bert(), "select count(*) from notification_digests").await, "0");
    let for_another = format!("insert into notification_digests (user_id, frequency) values ('{BERT}', 'daily')");
    assert_eq!(door.refused(&anna(), &for_another).await, "42501");
    assert_eq!(door.refused(&anna(), "update notification_digests set frequency = 'yearly'").await, "23514");
    assert_eq!(door.refused(&anna(), "update notification_digests set hour = 24").await, "23514");
    door.run_as(&anna(), "update notification_digests set frequency = 'hourly'").await;
    // "Admins manage suppressions", "Admins see deliveries"
    let add =
        "insert into notification_suppressions (channel, address, reason) values ('email', 'a@example.org', 'manual')";
    assert_eq!(door.refused(&anna(), add).await, "42501");
    door.run_as(&carla(), add).await;
    assert_eq!(door.value(&anna(), "select count(*) from notification_suppressions").await, "0");
    door.run_as(&carla(), "delete from notification_suppressions").await;
    door.run_as(&Who::Owner, "insert into metadata.notification_deliveries (key, channel, state, message_id, recipient) values ('k', 'email', 'sent', 'm', 'r')").await;
    assert_eq!(door.value(&anna(), "select count(*) from metadata.notification_deliveries").await, "0");
    assert_eq!(door.value(&carla(), "select count(*) from metadata.notification_deliveries").await, "1");
    for table in ["notification_unsubscribe_tokens", "notification_digest_items", "notification_batches"] {
        assert_eq!(door.refused(&carla(), &format!("select * from metadata.{table}")).await, "42501", "{table}");
    }
}

/// "Workers deliver", "Workers read templates", "Workers read addresses"
#[tokio::test]
async fn the_worker_reads_what_it_needs_and_no_more() {
    let (database, door) = prepared().await;
    let worker = database.connect().await;
    worker.batch_execute("set role civic_os_worker").await.unwrap();
    for works in [
        "select * from metadata.notifications",
        "select * from metadata.notification_templates",
        "select * from metadata.notification_preferences",
        "select * from metadata.civic_os_users_private",
        "update metadata.notifications set status = 'failed', error_message = 'x'",
    ] {
        worker.batch_execute(works).await.unwrap_or_else(|error| panic!("{works}: {error}"));
    }
    let off = format!(
        "insert into metadata.notification_preferences (user_id, channel, enabled) values ('{ANNA}', 'email', false) on conflict (user_id, channel) do update set enabled = false"
    );
    worker.batch_execute(&off).await.expect("guard_preference_write_trigger lets the worker pass");
    assert_eq!(door.value(&anna(), "select enabled from notification_preferences where channel = 'email'").await, "f");
    for refused in [
        "update metadata.notifications set user_id = user_id",
        "delete from metadata.notifications",
        "insert into metadata.notification_templates (name, subject_template, html_template, text_template) values ('x', '', '', '')",
        "update metadata.notification_preferences set email_address = 'a@example.org'",
        "update metadata.civic_os_users_private set email = 'x'",
        "select metadata.send_email('{a@example.org}', 'news')",
    ] {
        let error = worker.batch_execute(refused).await.expect_err(refused);
        assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{refused}");
    }
}

#[tokio::test]
async fn a_batch_is_one_statement_for_any_number_of_people() {
    let (_database, door) = prepared().await;
    let people = 1_000;
    door.run_as(
        &Who::Owner,
        &format!(
            "insert into metadata.civic_os_users (id, display_name) select gen_random_uuid(), 'P' || n from generate_series(1, {people}) n;
             insert into metadata.user_roles (user_id, role_id) select u.id, r.id from metadata.civic_os_users u, metadata.roles r where r.display_name = 'editor' and u.display_name like 'P%'"
        ),
    )
    .await;
    let refused = "Only administrators may notify all holders of a role";
    assert_eq!(door.refused_with(&anna(), "select notify_role('editor', 'news')").await, refused);
    assert_eq!(door.refused(&Who::Anonymous, "select notify_role('editor', 'news')").await, "42501");
    assert_eq!(door.refused_with(&carla(), "select notify_role('king', 'news')").await, "Role \"king\" does not exist");
    assert_eq!(
        door.refused_with(&carla(), "select notify_role('editor', 'nothing')").await,
        "Template \"nothing\" does not exist"
    );
    assert_eq!(
        door.refused_with(&carla(), "select notify_role('editor', 'news', p_channels := '{}')").await,
        "At least one channel must be specified"
    );
    assert_eq!(
        door.refused_with(&carla(), "select notify_role('editor', 'news', p_channels := '{fax}')").await,
        "Invalid channel. Must be one of: email, sms"
    );
    // metadata.notify_users
    let batch = door.value(&carla(), "select notify_role('editor', 'news', p_entity_data := '{\"a\": 1}')").await;
    let jobs = "select concat_ws('|', count(*), min(priority), max(priority), count(distinct args->>'notification_id')) from metadata.river_job where kind = 'send_notification'";
    assert_eq!(
        door.value(&Who::Owner, jobs).await,
        "1000|3|3|1000",
        "enqueue_notification_job_trigger added none of its own, D-10"
    );
    // metadata.batch_progress
    let progress = format!(
        "select concat_ws('|', total, sent, failed, pending, role) from notification_batches where id = '{batch}'"
    );
    assert_eq!(door.value(&carla(), &progress).await, "1000|0|0|1000|editor");
    assert_eq!(door.value(&anna(), "select count(*) from notification_batches").await, "0");
    door.run_as(&Who::Owner, &format!("select create_notification('{ANNA}', 'news')")).await;
    assert_eq!(
        door.value(&Who::Owner, "select count(*) from metadata.river_job where priority = 2").await,
        "1",
        "the next one is ordinary again"
    );
}

#[tokio::test]
async fn mail_to_addresses_is_the_applications_affair() {
    let (_database, door) = prepared().await;
    let call = "select metadata.send_email(array['a@example.org', 'b@example.org'], 'news', p_entity_data := '{\"x\": 1}', p_reply_to := 'c@example.org')";
    assert_eq!(door.refused(&carla(), call).await, "42501");
    let id = door.value(&Who::Owner, call).await;
    let job = door.value(&Who::Owner, &format!("select concat_ws('|', kind, queue, priority, max_attempts, args) from metadata.river_job where id = {id}")).await;
    let (head, args) = job.rsplit_once('|').unwrap();
    assert_eq!(head, "send_email|notifications|2|5");
    let args: Value = serde_json::from_str(args).unwrap();
    assert_eq!((args["to"][1].as_str(), args["reply_to"].as_str()), (Some("b@example.org"), Some("c@example.org")));
    assert_eq!(
        door.refused_with(&Who::Owner, "select metadata.send_email('{}', 'news')").await,
        "At least one recipient must be specified"
    );
    assert_eq!(
        door.refused_with(&Who::Owner, "select metadata.send_email('{a@example.org}', 'no')").await,
        "Template \"no\" does not exist"
    );
}

#[tokio::test]
async fn events_say_that_something_changed_and_not_what() {
    let (database, door) = prepared().await;
    let mut heard = heard(&database, "civic_os.events").await;
    // tell_notification_inbox_trigger
    let id = door.value(&Who::Owner, &inbox_row(ANNA)).await;
    let event: Value = serde_json::from_str(&heard.recv().await.unwrap()).unwrap();
    assert_eq!(
        (event["event"].as_str(), event["user"].as_str(), event["id"].to_string()),
        (Some("notification"), Some(ANNA), id)
    );
    door.run_as(&Who::Owner, "create table public.things (id int, secret text); select metadata.watch_table('public.things'); select metadata.watch_table('things')").await;
    // civic_os_tell_change
    for change in [
        "insert into things values (1, 'a'), (2, 'b')",
        "update things set secret = 'c'",
        "delete from things where id = 1",
        "truncate things",
    ] {
        door.run_as(&Who::Owner, change).await;
        let event: Value = serde_json::from_str(&heard.recv().await.unwrap()).unwrap();
        assert_eq!(event, serde_json::json!({"event": "change", "schema": "public", "table": "things"}), "{change}");
    }
    assert_eq!(door.refused(&carla(), "select metadata.watch_table('public.things')").await, "42501");
}
