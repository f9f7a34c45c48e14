//! Jobs, files, notifications and payments as the database sees them.

use super::caller::{ANNA, BERT, Door, Who, anna, bert, carla, heard};
use crate::support::TestDatabase;
use serde_json::{Value, json};

/// Kind, queue, priority, attempts and arguments of the newest job.
const NEWEST_JOB: &str = "select concat_ws('|', kind, queue, priority, max_attempts, state) || ' ' || args from metadata.river_job order by id desc limit 1";

fn job(text: &str) -> (&str, Value) {
    let (head, args) = text.split_once(' ').unwrap();
    (head, serde_json::from_str(args).unwrap())
}

#[tokio::test]
async fn the_queue_keeps_rivers_rules_and_wakes_listeners() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let insert = "insert into metadata.river_job (kind, args, max_attempts, queue) values ('k', '{}', 1, 'a')";
    let bad = [
        ("state, finalized_at) values ('k', '{}', 1, 'completed', null", "finalized_or_finalized_at_null"),
        ("state, finalized_at) values ('k', '{}', 1, 'available', now()", "finalized_or_finalized_at_null"),
        ("priority) values ('k', '{}', 1, 5", "priority_in_range"),
        ("priority) values ('k', '{}', 0, 1", "max_attempts_is_positive"),
        ("priority) values ('', '{}', 1, 1", "kind_length"),
        ("queue) values ('k', '{}', 1, ''", "queue_length"),
    ];
    for (rest, constraint) in bad {
        let refusal = door
            .refusal(&Who::Owner, &format!("insert into metadata.river_job (kind, args, max_attempts, {rest})"))
            .await;
        assert!(refusal.code == "23514" && refusal.message.contains(constraint), "{refusal:?}");
    }
    let unique = "insert into metadata.river_job (kind, args, max_attempts, unique_key, unique_states) values ('u', '{}', 1, 'k', b'11110101')";
    door.run_as(&Who::Owner, unique).await;
    assert_eq!(door.refused(&Who::Owner, unique).await, "23505");
    for (mask, state, expected) in [
        ("00000001", "available", "t"),
        ("10000000", "scheduled", "t"),
        ("11111110", "available", "f"),
        ("00000100", "completed", "t"),
    ] {
        let sql = format!("select metadata.river_job_state_in_bitmask(b'{mask}', '{state}')");
        assert_eq!(door.value(&Who::Owner, &sql).await, expected, "{mask} {state}");
    }
    // "Admins see jobs" (D-02)
    assert_eq!(door.value(&anna(), "select count(*) from metadata.river_job").await, "0");
    assert_eq!(door.value(&carla(), "select count(*) from metadata.river_job").await, "1");
    assert_eq!(door.refused(&Who::Anonymous, "select * from metadata.river_job").await, "42501");
    assert_eq!(door.refused(&carla(), insert).await, "42501");

    // D-09: notify_river_insert_trigger, once per queue and transaction.
    let mut received = heard(&database, "metadata.river_insert").await;
    door.run_as(
        &Who::Owner,
        "insert into metadata.river_job (kind, args, max_attempts, queue) select 'k', '{}', 1, 'a' from generate_series(1, 50);
         insert into metadata.river_job (kind, args, max_attempts, queue) values ('k', '{}', 1, 'a');
         insert into metadata.river_job (kind, args, max_attempts, queue, state, scheduled_at) values ('k', '{}', 1, 'later', 'scheduled', now() + interval '1 day');
         insert into metadata.river_job (kind, args, max_attempts, queue) values ('k', '{}', 1, 'z')",
    )
    .await;
    assert_eq!(received.recv().await.unwrap(), r#"{"queue": "a"}"#);
    assert_eq!(received.recv().await.unwrap(), r#"{"queue": "z"}"#, "one per queue, none for jobs of the future");
}

/// What the narrow roles of our own processes may do; how they use it is tested with the jobs.
#[tokio::test]
async fn workers_reach_the_queue_and_people_do_not() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let as_role = |role: &str, sql: &str| format!("set local role {role}; {sql}");
    let beat = "insert into metadata.job_processes (client_id) values ('w1') on conflict do nothing; select client_id from metadata.job_processes";
    for role in ["civic_os_worker", "civic_os_payments"] {
        // "Workers handle jobs", "Workers beat", "Workers keep time"
        let job = "insert into metadata.river_job (kind, args, max_attempts) values ('k', '{}', 1) returning kind";
        assert_eq!(door.value(&Who::Owner, &as_role(role, job)).await, "k");
        assert_eq!(door.value(&Who::Owner, &as_role(role, beat)).await, "w1");
        assert_eq!(door.value(&Who::Owner, &as_role(role, "select count(*) from metadata.periodic_jobs")).await, "0");
        // The worker reads addresses of mail; nobody's work needs dashboards.
        let foreign = if role == "civic_os_worker" { "metadata.dashboards" } else { "metadata.civic_os_users_private" };
        assert_eq!(door.refused(&Who::Owner, &as_role(role, &format!("select * from {foreign}"))).await, "42501");
    }
    // "Admins see processes", "Admins manage periodic jobs"
    assert_eq!(door.value(&anna(), "select count(*) from metadata.job_processes").await, "0");
    assert_eq!(door.value(&carla(), "select count(*) from metadata.job_processes").await, "1");
    let periodic = "insert into metadata.periodic_jobs (name, cron, kind) values ('nightly', '0 3 * * *', 'k')";
    assert_eq!(door.refused(&anna(), periodic).await, "42501");
    door.run_as(&carla(), periodic).await;
    for table in ["job_processes", "periodic_jobs"] {
        assert_eq!(door.refused(&Who::Anonymous, &format!("select * from metadata.{table}")).await, "42501");
    }
}

#[tokio::test]
async fn files_follow_an_upload_of_the_same_person() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let request = "select request_upload_url('requests', '7', 'a photo.jpg', 'image/jpeg')";
    assert_eq!(door.refused(&Who::Anonymous, request).await, "42501", "D-03");
    let id = door.value(&anna(), request).await;
    // insert_s3_presign_job_trigger
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    let (head, args) = job(&newest);
    assert_eq!(head, "s3_presign|s3_signer|1|25|available");
    assert_eq!(
        args,
        json!({"request_id": id, "file_name": "a photo.jpg", "file_type": "image/jpeg", "entity_type": "requests", "entity_id": "7"})
    );
    let poll = format!("select concat_ws('|', status, url, file_id, error) from get_upload_url('{id}')");
    assert_eq!(door.value(&anna(), &poll).await, "pending");
    assert_eq!(door.values(&bert(), &poll).await, Vec::<String>::new(), "an address is for who asked");
    assert_eq!(door.values(&anna(), "select 1 from get_upload_url(gen_random_uuid())").await, Vec::<String>::new());
    assert_eq!(door.refused(&Who::Anonymous, &poll).await, "42501");
    // "Users see own upload requests"
    assert_eq!(door.value(&anna(), "select count(*) from metadata.file_upload_requests").await, "1");
    assert_eq!(door.value(&bert(), "select count(*) from metadata.file_upload_requests").await, "0");

    let file = door
        .value(
            &Who::Owner,
            &format!(
                "update metadata.file_upload_requests set status = 'completed', file_id = uuid_generate_v7(), s3_key = 'requests/7/f/original.jpg',
                 presigned_url = 'http://store:9000/civic-os-files/requests/7/f/original.jpg?X=1' where id = '{id}' returning file_id"
            ),
        )
        .await;
    let insert = |file: &str, bucket: &str, key: &str, status: &str| {
        format!(
            "insert into files (id, entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
             values ('{file}', 'requests', '7', 'a photo.jpg', 'image/jpeg', 10, '{bucket}', '{key}', '{status}')
             returning concat_ws('|', created_by, s3_key_prefix)"
        )
    };
    let key = "requests/7/f/original.jpg";
    // guard_file_write_trigger (D-02)
    let foreign = "This file does not belong to an upload of yours";
    assert_eq!(door.refused_with(&bert(), &insert(&file, "civic-os-files", key, "pending")).await, foreign);
    assert_eq!(door.refused_with(&anna(), &insert(&file, "civic-os-files", "other/key", "pending")).await, foreign);
    assert_eq!(door.refused_with(&anna(), &insert(&file, "secrets", key, "pending")).await, foreign);
    assert_eq!(door.refused(&Who::Anonymous, &insert(&file, "civic-os-files", key, "pending")).await, "42501");
    // set_file_created_by_trigger
    assert_eq!(
        door.value(&anna(), &insert(&file, "civic-os-files", key, "pending")).await,
        format!("{ANNA}|requests/7/{file}")
    );
    // insert_thumbnail_job_trigger
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    assert_eq!(job(&newest), ("thumbnail_generate|thumbnails|1|25|available", json!({"file_id": file})));
    let other = "00000000-0000-7000-8000-000000000001";
    door.run_as(&Who::Owner, &insert(other, "civic-os-files", "k", "not_applicable")).await;
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    assert_eq!(
        job(&newest),
        ("file_verify|thumbnails|1|25|available", json!({"file_id": other})),
        "no thumbnail, only a check"
    );

    // "Users can view files"
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from files").await, "2");
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from metadata.files").await, "2");
    let rename = format!("update files set file_name = 'b.jpg' where id = '{file}'");
    assert_eq!(door.refused_with(&bert(), &rename).await, "Only the person who uploaded a file may change it");
    door.run_as(&anna(), &rename).await;
    door.run_as(&carla(), &rename).await;
    let steal = format!("update files set s3_original_key = 'x' where id = '{file}'");
    assert_eq!(door.refused(&anna(), &steal).await, "42501");
    // "Users can update own recent uploads"
    let direct = "with t as (update metadata.files set file_name = 'c.jpg' returning 1) select count(*) from t";
    assert_eq!(door.value(&bert(), direct).await, "0");
    assert_eq!(door.value(&anna(), direct).await, "1");
    assert_eq!(door.refused(&anna(), "delete from files").await, "42501");
    // "Authenticated users can upload files" looks at the role claim.
    let direct = "insert into metadata.files (entity_type, entity_id, file_name, file_type, file_size, s3_original_key) values ('a', 'b', 'c', 'd', 1, 'e')";
    assert_eq!(door.refused(&anna(), direct).await, "42501");
    assert_eq!(door.refused(&Who::Owner, "update metadata.files set thumbnail_status = 'error'").await, "23514");
    assert_eq!(
        door.value(
            &Who::Anonymous,
            "select concat_ws('|', display_name, sort_order, show_on_list) from metadata.properties"
        )
        .await,
        "Uploaded By|100|f"
    );
}

const TEMPLATE: &str = "insert into notification_templates (name, subject_template, html_template, text_template) values ('greet', 's', 'h', 't')";

#[tokio::test]
async fn notifications_are_checked_stored_and_enqueued() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    // guard_template_write_trigger (D-02)
    let only_admins = "Only administrators may change notification templates";
    assert_eq!(door.refused_with(&anna(), TEMPLATE).await, only_admins);
    assert_eq!(door.refused(&Who::Anonymous, TEMPLATE).await, "42501");
    door.run_as(&carla(), TEMPLATE).await;
    assert_eq!(door.refused_with(&anna(), "update notification_templates set name = 'x'").await, only_admins);
    assert_eq!(door.refused_with(&anna(), "delete from notification_templates").await, only_admins);
    door.run_as(&carla(), "update notification_templates set description = 'd' where name = 'greet'").await;
    assert_eq!(door.value(&Who::Anonymous, "select count(*) from notification_templates").await, "3");
    // "All can view templates", "Admins manage templates", "Users see own notifications", "Users can create notifications",
    // "Users manage own preferences", "Users see own validation results" and "Users see validation part results" have no
    // privilege to act on.
    for table in [
        "notification_templates",
        "notifications",
        "notification_preferences",
        "template_validation_results",
        "template_part_validation_results",
    ] {
        assert_eq!(door.refused(&carla(), &format!("select * from metadata.{table}")).await, "42501", "{table}");
    }

    let send = |rest: &str| format!("select create_notification('{BERT}'{rest})");
    assert_eq!(door.refused(&Who::Anonymous, &send(", 'greet'")).await, "42501", "D-03");
    assert_eq!(door.refused_with(&anna(), &send(", 'nothing'")).await, "Template \"nothing\" does not exist");
    let nobody = "00000000-0000-4000-8000-0000000000ff";
    assert_eq!(
        door.refused_with(&anna(), &format!("select create_notification('{nobody}', 'greet')")).await,
        format!("User \"{nobody}\" does not exist")
    );
    assert_eq!(
        door.refused_with(&anna(), &send(", 'greet', p_channels := null")).await,
        "At least one channel must be specified"
    );
    assert_eq!(
        door.refused_with(&anna(), &send(", 'greet', p_channels := '{fax}'")).await,
        "Invalid channel. Must be one of: email, sms"
    );
    assert_eq!(door.refused(&anna(), &send(", 'greet', p_channels := '{}'")).await, "23514");
    let named = format!(
        "select create_notification(p_user_id := '{BERT}', p_template_name := 'greet', p_entity_type := 'requests', p_entity_id := '7', p_entity_data := '{{\"a\": 1}}', p_channels := array['email', 'sms'])"
    );
    let id = door.value(&anna(), &named).await;
    // enqueue_notification_job_trigger
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    let (head, args) = job(&newest);
    assert_eq!(head, "send_notification|notifications|2|5|available", "D-10");
    assert_eq!(
        args,
        json!({"notification_id": id, "user_id": BERT, "template_name": "greet", "entity_type": "requests", "entity_id": "7",
            "entity_data": {"a": 1}, "channels": ["email", "sms"]})
    );
}

#[tokio::test]
async fn preferences_start_with_the_profile_and_belong_to_their_person() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let odd = Who::Person {
        id: BERT,
        name: "Bert",
        roles: &["user"],
        more: json!({"email": "bert@localhost", "phone_number": "(555) 010-0123"}),
    };
    // create_default_notification_preferences_trigger
    door.run_as(&odd, "select refresh_current_user()").await;
    let all = "select string_agg(concat_ws('|', channel, enabled, email_address, phone_number), ',' order by channel) from metadata.notification_preferences";
    assert_eq!(
        door.value(&Who::Owner, all).await,
        "email|t,sms|f|5550100123",
        "W2: a refused address does not stop the sign-in"
    );
    door.run_as(&anna(), "select refresh_current_user()").await;
    assert_eq!(door.value(&anna(), "select email_address from notification_preferences").await, "anna@example.org");
    assert_eq!(door.value(&odd, "select count(*) from notification_preferences").await, "2", "own rows (W4)");
    assert_eq!(door.refused(&Who::Anonymous, "select * from notification_preferences").await, "42501");
    let update = "with t as (update notification_preferences set enabled = false returning 1) select count(*) from t";
    assert_eq!(door.value(&anna(), update).await, "1");
    // guard_preference_write_trigger
    let foreign = format!("insert into notification_preferences (user_id, channel) values ('{BERT}', 'sms')");
    let text = "Notification preferences can only be changed by the person they belong to";
    assert_eq!(door.refused_with(&anna(), &foreign).await, text);
    assert_eq!(
        door.refused_with(&anna(), &format!("update notification_preferences set user_id = '{BERT}'")).await,
        text
    );
    door.run_as(&anna(), &format!("insert into notification_preferences (user_id, channel, phone_number) values ('{ANNA}', 'sms', '5550100999')")).await;
    assert_eq!(
        door.refused(&anna(), "update notification_preferences set channel = 'fax' where channel = 'sms'").await,
        "23514"
    );
    assert_eq!(
        door.value(&Who::Owner, "select count(*) from notification_preferences").await,
        "4",
        "the owner sees all"
    );
}

#[tokio::test]
async fn templates_are_checked_and_previewed_by_the_worker() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for (name, ending) in [("validate_template_parts", "for validation"), ("preview_template_parts", "for preview")] {
        assert_eq!(
            door.refused_with(&anna(), &format!("select {name}()")).await,
            format!("At least one template part must be provided {ending}")
        );
        assert_eq!(door.refused(&Who::Anonymous, &format!("select {name}(p_text_template := 'x')")).await, "42501");
    }
    let id = door
        .value(&anna(), "select validate_template_parts(p_subject_template := '{{.Entity.a}}', p_text_template := 'b')")
        .await;
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    let (head, args) = job(&newest);
    assert_eq!(head, "validate_template_parts|notifications|1|3|available", "W12");
    assert_eq!(
        args,
        json!({"validation_id": id, "subject_template": "{{.Entity.a}}", "html_template": null, "text_template": "b", "sms_template": null})
    );
    let results =
        format!("select concat_ws('|', status, part_name, valid, error_message) from get_validation_results('{id}')");
    assert_eq!(door.values(&anna(), &results).await, ["pending"]);
    door.run_as(
        &Who::Owner,
        &format!(
            "insert into metadata.template_part_validation_results (validation_id, part_name, valid, error_message) values
               ('{id}', 'text', true, 'ok'), ('{id}', 'subject', false, 'bad');
             update metadata.template_validation_results set status = 'completed', completed_at = now() where id = '{id}'"
        ),
    )
    .await;
    assert_eq!(door.values(&anna(), &results).await, ["completed|subject|f|bad", "completed|text|t|ok"]);
    let preview = format!(
        "select concat_ws('|', status, part_name, coalesce(rendered_output, '-'), coalesce(error_message, '-')) from get_preview_results('{id}')"
    );
    assert_eq!(door.values(&anna(), &preview).await, ["completed|subject|-|bad", "completed|text|ok|-"]);
    let unknown = "00000000-0000-4000-8000-000000000001";
    for name in ["get_validation_results", "get_preview_results"] {
        let call = format!("select {name}('{unknown}')");
        assert_eq!(door.refused_with(&anna(), &call).await, format!("Validation ID not found: {unknown}"));
        assert_eq!(door.refused(&Who::Anonymous, &call).await, "42501");
    }
    door.run_as(&anna(), "select preview_template_parts(p_html_template := 'x')").await;
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    let (head, args) = job(&newest);
    assert_eq!(head, "preview_template_parts|notifications|1|3|available");
    assert_eq!(args["sample_entity_data"], json!({"display_name": "Example Entity", "id": 1}));
    assert_eq!(door.refused(&Who::Anonymous, "select cleanup_old_validation_results()").await, "42501");
    door.run_as(
        &Who::Owner,
        &format!(
            "update metadata.template_validation_results set created_at = now() - interval '2 hours' where id = '{id}'"
        ),
    )
    .await;
    door.run_as(&anna(), "select cleanup_old_validation_results()").await;
    assert_eq!(door.value(&Who::Owner, "select count(*) from metadata.template_validation_results").await, "1");
    assert_eq!(door.value(&Who::Owner, "select count(*) from metadata.template_part_validation_results").await, "0");
}

const PAID_TABLE: &str = "
    create table permits (id int primary key, payment_id uuid references payments.transactions on delete set null);
    insert into permits values (1), (2);
    create function pay(p_entity_id int, p_amount numeric) returns uuid language sql security definer
      as 'select payments.create_and_link_payment(''permits'', ''id'', $1, ''payment_id'', $2, ''Permit'')';";

#[tokio::test]
async fn payments_are_linked_and_seen_by_their_payer() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    door.run_as(&Who::Owner, PAID_TABLE).await;
    assert_eq!(
        door.refused_with(&anna(), "select pay(1, 0)").await,
        "Invalid payment amount: 0. Amount must be greater than zero."
    );
    assert_eq!(door.refused_with(&Who::Anonymous, "select pay(1, 5)").await, "User ID required for payment creation");
    assert_eq!(door.refused_with(&anna(), "select pay(9, 5)").await, "Entity not found: permits.id = 9", "D-28");
    let direct =
        format!("select payments.create_and_link_payment('permits', 'id', 1, 'payment_id', 5, 'x', '{ANNA}', 'BHD')");
    assert_eq!(door.refused_with(&Who::Owner, &direct).await, "Unsupported currency or amount: 5 BHD", "D-30");
    assert_eq!(door.refused(&Who::Anonymous, &direct).await, "42501", "no way into the schema");

    let id = door.value(&anna(), "select pay(1, 20.5)").await;
    // enqueue_create_intent_job_trigger
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    assert_eq!(job(&newest), ("create_payment_intent|default|1|5|available", json!({"payment_id": id})));
    assert_eq!(door.value(&Who::Owner, "select payment_id from permits where id = 1").await, id);
    let check = async |status: &str| {
        door.run_as(&Who::Owner, &format!("update payments.transactions set status = '{status}'")).await;
        door.value(&Who::Owner, &format!("select payments.check_existing_payment('{id}')")).await
    };
    for (status, answer) in [
        ("pending_intent", "reuse"),
        ("pending", "reuse"),
        ("requires_action", "reuse"),
        ("failed", "create_new"),
        ("requires_action", "reuse"),
    ] {
        assert_eq!(check(status).await, answer, "{status}");
    }
    for (status, answer) in [("canceled", "create_new"), ("succeeded", "duplicate")] {
        let other = format!(
            "insert into payments.transactions (user_id, amount, status) values ('{ANNA}', 5, '{status}') returning id"
        );
        let other = door.value(&Who::Owner, &other).await;
        let answered = format!("select payments.check_existing_payment('{other}')");
        assert_eq!(door.value(&Who::Owner, &answered).await, answer, "{status}");
        door.run_as(&Who::Owner, &format!("delete from payments.transactions where id = '{other}'")).await;
    }
    for unknown in ["null", "gen_random_uuid()"] {
        assert_eq!(
            door.value(&Who::Owner, &format!("select payments.check_existing_payment({unknown})")).await,
            "create_new"
        );
    }
    assert_eq!(door.refused(&anna(), &format!("select payments.check_existing_payment('{id}')")).await, "42501");

    // D-01
    door.run_as(&Who::Owner, "update payments.transactions set status = 'requires_action', provider_payment_id = 'pi_1', provider_client_secret = 'secret'").await;
    let seen = "select string_agg(concat_ws('|', user_display_name, user_full_name, amount, status, effective_status, exact_status, display_name, coalesce(provider_client_secret, '-'), entity_display_name, stripe_payment_intent_id), ',') from payment_transactions";
    assert_eq!(
        door.value(&anna(), seen).await,
        "Anna E.|Anna Example|20.50|pending|pending|requires_action|$20.50 - Pending|secret|permits|pi_1"
    );
    assert_eq!(door.value(&bert(), seen).await, "");
    assert_eq!(door.value(&Who::Anonymous, seen).await, "");
    assert_eq!(
        door.value(&carla(), seen).await,
        "Anna E.|Anna Example|20.50|pending|pending|requires_action|$20.50 - Pending|-|permits|pi_1",
        "not even staff sees the secret"
    );
    door.run_as(&Who::Owner, "update payments.transactions set status = 'succeeded'").await;
    assert_eq!(
        door.value(&anna(), "select coalesce(provider_client_secret, '-') from payment_transactions").await,
        "-",
        "nothing to pay, no secret"
    );
    // "Users see own payments", "Users create own payments", "Payment managers see all payments",
    // "Refund managers see refunds" and "Refund managers create refunds" have no privilege to act on.
    for table in ["transactions", "refunds"] {
        assert_eq!(door.refused(&carla(), &format!("select * from payments.{table}")).await, "42501");
    }
    assert_eq!(door.refused(&carla(), "select * from metadata.webhooks").await, "42501");

    assert_eq!(
        door.refusal(&Who::Owner, "select create_payment_intent_sync(5)").await,
        super::caller::Refusal {
            code: "P0001".into(),
            message: "Authentication required".into(),
            hint: Some("User must be authenticated to create payment".into())
        }
    );
    assert_eq!(door.refused_with(&anna(), "select create_payment_intent_sync(-1)").await, "Invalid payment amount: -1");
    let pending: Value =
        serde_json::from_str(&door.value(&anna(), "select create_payment_intent_sync(7.25, 'Dog')").await).unwrap();
    assert_eq!(
        (
            &pending["status"],
            &pending["amount"],
            &pending["currency"],
            &pending["description"],
            &pending["client_secret"]
        ),
        (&json!("pending_intent"), &json!(7.25), &json!("USD"), &json!("Dog"), &Value::Null),
        "D-13"
    );
    assert_eq!(door.refused(&Who::Anonymous, "select create_payment_intent_sync(5)").await, "42501");
    let whole = format!("insert into payments.transactions (user_id, amount, currency) values ('{ANNA}', 5.50, 'JPY')");
    assert_eq!(door.refused(&Who::Owner, &whole).await, "23514", "yen have no decimals");
    assert_eq!(
        door.value(&Who::Owner, &format!("insert into payments.transactions (user_id, amount, currency) values ('{ANNA}', 5.50, 'EUR') returning display_name")).await,
        "EUR 5.50 - Creating..."
    );
    assert_eq!(
        door.refused(&Who::Owner, &format!("delete from metadata.civic_os_users where id = '{ANNA}'")).await,
        "23503"
    );
}

#[tokio::test]
async fn refunds_pass_every_check_in_order() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    let id = door
        .value(&Who::Owner, &format!("insert into payments.transactions (user_id, amount, status, provider_payment_id, description) values ('{ANNA}', 1234.50, 'pending', 'pi_1', 'Hall') returning id"))
        .await;
    let refund = |amount: &str, reason: &str| format!("select initiate_payment_refund('{id}', {amount}, {reason})");
    let good = "'  a good reason  '";
    let refused = async |who: &Who, sql: &str| {
        let refusal = door.refusal(who, sql).await;
        (refusal.message, refusal.hint.unwrap_or_default())
    };
    assert_eq!(refused(&Who::Owner, &refund("1", good)).await.0, "Authentication required");
    assert_eq!(door.refused(&Who::Anonymous, &refund("1", good)).await, "42501");
    assert_eq!(
        refused(&anna(), &refund("0", "null")).await,
        (
            "Missing payment_refunds:create permission".into(),
            "Contact administrator to grant payment refund permissions".into()
        )
    );
    assert_eq!(
        refused(&carla(), &refund("0", "'   short   '")).await,
        ("Refund reason must be at least 10 characters".into(), "Provide a detailed reason for the refund".into())
    );
    let unknown = "00000000-0000-4000-8000-000000000001";
    assert_eq!(
        refused(&carla(), &format!("select initiate_payment_refund('{unknown}', 1, {good})")).await.0,
        format!("Payment not found: {unknown}")
    );
    assert_eq!(
        refused(&carla(), &refund("0", good)).await,
        (
            "Can only refund succeeded payments (current status: pending)".into(),
            "Payment must have succeeded before it can be refunded".into()
        )
    );
    // payment_succeeded_notification
    door.run_as(
        &Who::Owner,
        "update payments.transactions set status = 'succeeded'; update payments.transactions set status = 'succeeded'",
    )
    .await;
    let notices = "select string_agg(concat_ws('|', template_name, user_id, entity_type, entity_data ->> 'display_name', channels), ',' order by id) from metadata.notifications";
    assert_eq!(
        door.value(&Who::Owner, notices).await,
        format!("payment_succeeded|{ANNA}|payments.transactions|$1234.50 - Paid|{{email}}"),
        "once"
    );
    assert_eq!(
        refused(&carla(), &refund("0", good)).await,
        ("Invalid refund amount: 0".into(), "Refund amount must be greater than zero".into())
    );
    assert_eq!(
        refused(&carla(), &refund("2000", good)).await,
        (
            "Total refunds ($2000) would exceed payment amount ($1234.50). Already refunded: $0".into(),
            "Maximum additional refund allowed: $1234.50".into()
        )
    );
    let first = door.value(&carla(), &refund("0.29", good)).await;
    let newest = door.value(&Who::Owner, NEWEST_JOB).await;
    assert_eq!(
        job(&newest),
        (
            "process_refund|default|1|3|available",
            json!({"refund_id": first, "payment_intent_id": "pi_1", "amount_cents": 29})
        ),
        "D-15: exact"
    );
    assert_eq!(
        refused(&carla(), &refund("1", good)).await,
        (
            "Payment has 1 pending refund(s). Wait for them to complete before issuing another.".into(),
            "Pending refunds must complete or fail before new refunds can be initiated".into()
        )
    );
    let effective = "select concat_ws('|', effective_status, total_refunded, refund_count, pending_refund_count) from payment_transactions";
    assert_eq!(door.value(&anna(), effective).await, "refund_pending|0|0|1");
    // refund_succeeded_notification
    door.run_as(&Who::Owner, "update payments.refunds set status = 'succeeded'").await;
    assert_eq!(door.value(&anna(), effective).await, "partially_refunded|0.29|1|0");
    let data: Value = serde_json::from_str(
        &door
            .value(
                &Who::Owner,
                "select entity_data from metadata.notifications where template_name = 'payment_refunded'",
            )
            .await,
    )
    .unwrap();
    assert_eq!(
        (&data["payment"]["description"], &data["refunds"][0]["amount"], &data["total_refunded"], &data["remaining"]),
        (&json!("Hall"), &json!("$0.29"), &json!("$0.29"), &json!("$1,234.21"))
    );
    door.run_as(&carla(), &refund("1234.21", good)).await;
    // D-14: a missing template does not undo the ledger.
    door.run_as(&Who::Owner, "delete from metadata.notifications; delete from metadata.notification_templates where name = 'payment_refunded'").await;
    door.run_as(&Who::Owner, "update payments.refunds set status = 'succeeded'").await;
    assert_eq!(door.value(&anna(), effective).await, "refunded|1234.50|2|0");
    assert_eq!(
        door.value(&Who::Owner, "select payments.effective_status(t) from payments.transactions t").await,
        "refunded"
    );
    // D-01
    let refunds = "select count(*) || coalesce(min(initiated_by_name), '') from payment_refunds";
    assert_eq!(door.value(&anna(), refunds).await, "2Carla A.", "refunds of own payments");
    assert_eq!(door.value(&bert(), refunds).await, "0");
    assert_eq!(door.value(&carla(), refunds).await, "2Carla A.");
    assert_eq!(door.refused(&Who::Anonymous, refunds).await, "42501");
    assert_eq!(door.refused(&Who::Owner, "update payments.refunds set reason = 'short'").await, "23514");
}

#[tokio::test]
async fn keep_job_trace_writes_the_trace_of_the_transaction_and_nothing_without_one() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let insert = "insert into metadata.river_job (kind, args, queue, priority, max_attempts, metadata) values ('k', '{}', 'q', 1, 1, '{\"a\": 1}')";
    client
        .batch_execute(&format!("begin; set local civic_os.traceparent = '00-a-b-01'; {insert}; commit; {insert}"))
        .await
        .expect("two jobs");
    let rows = client
        .query("select metadata::text from metadata.river_job where kind = 'k' order by id", &[])
        .await
        .expect("jobs");
    let found: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(found, [r#"{"a": 1, "traceparent": "00-a-b-01"}"#, r#"{"a": 1}"#]);
}
