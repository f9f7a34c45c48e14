//! Everything of a kind, straight from the catalogue: timestamps of every table that keeps them, every policy of the
//! workers' roles, and the policies that have no privilege to act on until an application grants one.

use super::caller::{ANNA, BERT, Door, Who, anna, bert, carla};
use crate::support::TestDatabase;

/// A row in each table with a timestamp trigger or a policy of the workers, as the owner; times are of the last century.
const ROWS: &str = "
    insert into metadata.entities (table_name) values ('t');
    insert into metadata.validations (table_name, column_name, validation_type, error_message) values ('t', 'c', 'min', 'm');
    insert into metadata.constraint_messages (constraint_name, table_name, error_message) values ('k', 't', 'm');
    insert into metadata.civic_os_users (id, display_name, created_at, updated_at) values ('ANNA', 'A', '1999-01-01', '1999-01-01'), ('BERT', 'B', '1999-01-01', '1999-01-01');
    insert into metadata.civic_os_users_private (id, display_name, email, created_at, updated_at) values ('ANNA', 'A', 'a@example.org', '1999-01-01', '1999-01-01');
    insert into metadata.dashboards (display_name, created_at, updated_at) values ('D', '1999-01-01', '1999-01-01');
    insert into metadata.dashboard_widgets (dashboard_id, widget_type, created_at, updated_at) values (1, 'map', '1999-01-01', '1999-01-01');
    insert into metadata.user_dashboard_preferences values ('ANNA', 1, '1999-01-01');
    insert into metadata.user_settings (user_id, key, value) values ('ANNA', 'k', '1');
    insert into metadata.saved_views (user_id, entity, name, query, created_at, updated_at) values ('ANNA', 't', 'n', '?', '1999-01-01', '1999-01-01');
    insert into metadata.notification_digests (user_id, updated_at) values ('ANNA', '1999-01-01');
    insert into metadata.notification_templates (name, subject_template, html_template, text_template) values ('x', 's', 'h', 't');
    insert into metadata.notifications (user_id, template_name) values ('ANNA', 'x'), ('BERT', 'x');
    insert into metadata.template_validation_results (id) values ('ANNA');
    insert into metadata.template_part_validation_results (validation_id, part_name, valid) values ('ANNA', 'text', true);
    insert into metadata.notification_deliveries (key, channel, state, message_id, recipient) values ('k', 'email', 'sent', 'm', 'r');
    insert into metadata.notification_inbox (notification_id, user_id, subject, body) select id, user_id, 's', 'b' from metadata.notifications limit 1;
    insert into metadata.notification_digest_items (notification_id, user_id, subject, body) select id, user_id, 's', 'b' from metadata.notifications limit 1;
    insert into metadata.notification_suppressions (channel, address, reason) values ('email', 'a@example.org', 'manual');
    insert into metadata.notification_unsubscribe_tokens (user_id, channel) values ('ANNA', 'email');
    insert into metadata.file_upload_requests (entity_type, entity_id, file_name, file_type) values ('t', '1', 'f', 'x/y');
    insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_original_key) values ('t', '1', 'f', 'x/y', 1, 'k');
    insert into metadata.job_processes (client_id) values ('w');
    insert into metadata.periodic_jobs (name, cron, kind) values ('p', '0 3 * * *', 'k');
    insert into payments.settings (currency) values ('USD');
    insert into payments.transactions (user_id, amount, status) values ('ANNA', 5, 'succeeded'), ('BERT', 7, 'pending');
    insert into payments.refunds (transaction_id, amount, reason, initiated_by) select id, 1, 'long enough', 'BERT' from payments.transactions where user_id = 'ANNA';
    insert into metadata.webhooks (provider, provider_event_id, event_type, payload) values ('stripe', 'e', 'x', '{}');";

async fn filled() -> (TestDatabase, Door) {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&Who::Owner, &ROWS.replace("ANNA", ANNA).replace("BERT", BERT)).await;
    (database, door)
}

#[tokio::test]
async fn every_table_with_a_timestamp_trigger_keeps_its_times() {
    let (_database, door) = filled().await;
    for (trigger, column) in [("set_created_at_trigger", "created_at"), ("set_updated_at_trigger", "updated_at")] {
        let tables = format!("select tgrelid::regclass::text from pg_trigger where tgname = '{trigger}'");
        let tables = door.values(&Who::Owner, &tables).await;
        assert!(tables.len() >= 5, "{tables:?}");
        for table in tables {
            let kept = format!("select count(*) > 0 and bool_and({column} > '2020-01-01') from {table}");
            assert_eq!(door.value(&Who::Owner, &kept).await, "t", "{table}: an insert's {column} is the server's");
            door.run_as(&Who::Owner, &format!("update {table} set {column} = '1999-01-01'")).await;
            let after = door.value(&Who::Owner, &kept).await;
            assert_eq!(after == "t", column == "updated_at", "{table}: only updated_at is forced by an update");
        }
    }
}

/// "Workers deliver", "Workers sign and clean up", "Workers draw thumbnails", "Payment jobs keep the ledger" and the rest:
/// where a narrow role may read a table with row security, it reads all of it; people's roles read what is theirs.
#[tokio::test]
async fn narrow_roles_see_all_rows_of_what_they_may_read() {
    let (_database, door) = filled().await;
    let policies = "select distinct polrelid::regclass || ' ' || r.rolname from pg_policy p
        join pg_roles r on r.oid = any (p.polroles) and r.rolname in ('civic_os_worker', 'civic_os_payments')";
    let policies = door.values(&Who::Owner, policies).await;
    assert!(policies.len() >= 20, "{policies:?}");
    for policy in policies {
        let (table, role) = policy.split_once(' ').unwrap();
        let all = door.value(&Who::Owner, &format!("select count(*) from {table}")).await;
        assert_ne!(all, "0", "{table} has no row to see");
        let may = format!("select has_table_privilege('{role}', '{table}', 'select')");
        assert_eq!(door.value(&Who::Owner, &may).await, "t", "a policy without a privilege: {policy}");
        let seen = door.value(&Who::Owner, &format!("set local role {role}; select count(*) from {table}")).await;
        assert_eq!(seen, all, "{policy}");
    }
}

/// The interface of 0.15 has policies on tables that no role of requests may touch. An application's own code may rely on
/// them after granting the table.
#[tokio::test]
async fn policies_act_where_an_application_grants_the_table() {
    let (_database, door) = filled().await;
    door.run_as(
        &Who::Owner,
        "grant all on metadata.roles, metadata.entities, metadata.notification_templates, metadata.notifications, metadata.notification_preferences,
           metadata.template_validation_results, metadata.template_part_validation_results, payments.transactions, payments.refunds to authenticated;
         grant usage on all sequences in schema metadata to authenticated",
    )
    .await;
    let count = async |who: &Who, sql: &str| {
        door.value(who, &format!("with t as ({sql} returning 1) select count(*) from t")).await
    };
    // "Admins can insert roles", "Admins can update roles", "Admins can delete roles"
    let insert = "insert into metadata.roles (display_name) values ('new')";
    assert_eq!(door.refused(&anna(), insert).await, "42501");
    assert_eq!(count(&carla(), insert).await, "1");
    for sql in [
        "update metadata.roles set description = 'x' where display_name = 'new'",
        "delete from metadata.roles where display_name = 'new'",
    ] {
        assert_eq!((count(&anna(), sql).await.as_str(), count(&carla(), sql).await.as_str()), ("0", "1"), "{sql}");
    }
    // "Admins can delete entities"
    let delete = "delete from metadata.entities";
    assert_eq!((count(&anna(), delete).await.as_str(), count(&carla(), delete).await.as_str()), ("0", "1"));
    // "All can view templates", "Admins manage templates"
    assert_eq!(door.value(&anna(), "select count(*) from metadata.notification_templates").await, "3");
    let update = "update metadata.notification_templates set description = 'x' where name = 'x'";
    assert_eq!((count(&anna(), update).await.as_str(), count(&carla(), update).await.as_str()), ("0", "1"));
    // "Users see own notifications", "Users can create notifications"
    assert_eq!(door.value(&anna(), "select string_agg(user_id::text, ',') from metadata.notifications").await, ANNA);
    let notify =
        |user: &str| format!("insert into metadata.notifications (user_id, template_name) values ('{user}', 'x')");
    assert_eq!(door.refused(&anna(), &notify(BERT)).await, "42501");
    door.run_as(&anna(), &notify(ANNA)).await;
    // "Users manage own preferences"
    assert_eq!(door.value(&anna(), "select count(*) from metadata.notification_preferences").await, "1");
    assert_eq!(count(&bert(), "delete from metadata.notification_preferences").await, "0");
    assert_eq!(count(&anna(), "delete from metadata.notification_preferences").await, "1");
    // "Users see own validation results", "Users see validation part results"
    for table in ["template_validation_results", "template_part_validation_results"] {
        assert_eq!(door.value(&bert(), &format!("select count(*) from metadata.{table}")).await, "1", "{table}");
    }
    // "Users see own payments", "Payment managers see all payments", "Users create own payments"
    assert_eq!(door.value(&anna(), "select string_agg(user_id::text, ',') from payments.transactions").await, ANNA);
    assert_eq!(door.value(&carla(), "select count(*) from payments.transactions").await, "2");
    let pay = |user: &str| format!("insert into payments.transactions (user_id, amount) values ('{user}', 3)");
    assert_eq!(door.refused(&bert(), &pay(ANNA)).await, "42501");
    door.run_as(&bert(), &pay(BERT)).await;
    // "Refund managers see refunds", "Refund managers create refunds"
    assert_eq!(door.value(&bert(), "select count(*) from payments.refunds").await, "0");
    assert_eq!(door.value(&carla(), "select count(*) from payments.refunds").await, "1");
    let refund = format!(
        "insert into payments.refunds (transaction_id, amount, reason, initiated_by) select id, 1, 'long enough', '{BERT}' from payments.transactions where user_id = '{ANNA}'"
    );
    assert_eq!(door.refused(&anna(), &refund).await, "42501");
    door.run_as(&carla(), &refund).await;
}
