//! Mail that arrives once, or says why it does not.

use super::sink::{Script, Sink};
use super::{ANNA, Office};
use civic_os::config::SmtpSecurity;
use std::sync::Arc;
use std::time::Duration;

fn headers(message: &str) -> &str {
    message.split("\r\n\r\n").next().expect("headers")
}

#[tokio::test]
async fn a_mail_arrives_with_everything_it_needs() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    let id = office.notify("Straße & Brücke\r\nBcc: evil@example.org").await;
    office.until(id, "sent").await;
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    let head = headers(&messages[0]);
    for wanted in [
        "From: ",
        "<rathaus@town.example>",
        "<anna@town.example>",
        "Subject: =?utf-8?",
        "MIME-Version: 1.0",
        "Date: ",
        "Message-ID: <n",
        "multipart/alternative",
        "Auto-Submitted: auto-generated",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ] {
        assert!(head.contains(wanted), "{wanted} is not in\n{head}");
    }
    assert!(
        head.replace("\r\n ", " ").contains("List-Unsubscribe: <https://town.example/notifications/unsubscribe?token="),
        "{head}"
    );
    assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    let row = "select concat_ws('|', status, channels_sent::text, channels_failed::text, sent_at is not null) from metadata.notifications";
    assert_eq!(office.text(row).await, "sent|{email}|t");
    let ledger =
        "select concat_ws('|', key, channel, state, recipient, attempts, reply) from metadata.notification_deliveries";
    assert_eq!(office.text(ledger).await, format!("n{id}/email|email|sent|anna@town.example|1|250 2.0.0 taken"));
    let inbox = "select concat_ws('|', subject, body, entity_type, entity_id) from metadata.notification_inbox";
    assert!(office.text(inbox).await.starts_with("Änderung: Straße & Brücke"));
}

#[tokio::test]
async fn connections_are_kept() {
    let sink = Sink::start().await;
    let mut office = Office::new(Some(&sink)).await;
    office.config.notifications.smtp_connections = 2;
    let _worker = office.worker();
    office.admin.batch_execute(&format!("insert into metadata.notifications (user_id, template_name, entity_data) select '{ANNA}', 'news', '{{\"title\": \"x\"}}' from generate_series(1, 100)")).await.expect("notifications");
    office.until_text("select count(*)::text from metadata.notifications where status = 'sent'", "100").await;
    assert_eq!(sink.messages().len(), 100);
    assert!(sink.connections() <= 2, "{} connections", sink.connections());
}

#[tokio::test]
async fn what_the_server_says_decides() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    // Greylisting: again after a second, and it arrives.
    sink.script([Script::Recipient("451 4.7.1 greylisted, come back")]);
    let id = office.notify("patience").await;
    office.until(id, "sent").await;
    let (state, attempt, errors) = office.job(id).await;
    assert_eq!((attempt, errors), (2, 1), "{state}");
    let error = office.text("select error_message from metadata.notifications").await;
    assert_eq!(
        error,
        "All channels failed: the SMTP server refused sender or recipient: transient error (451): 4.7.1 greylisted, come back"
    );
    // The content is refused for good: no second attempt.
    sink.script([Script::Content("554 5.7.1 looks like spam")]);
    let id = office.notify("spam").await;
    assert!(office.until(id, "failed").await.contains("554"));
    office.until_text("select state::text from metadata.river_job order by id desc limit 1", "completed").await;
    // A connection that breaks before anything was sent.
    sink.script([Script::HangUp, Script::HangUp]);
    let id = office.notify("dropped").await;
    office.until(id, "sent").await;
    // The address does not exist: it gets nothing any more.
    sink.script([Script::Recipient("550 5.1.1 no such user")]);
    let id = office.notify("nobody").await;
    assert!(office.until(id, "failed").await.contains("5.1.1"));
    let before = sink.messages().len();
    let id = office.notify("again").await;
    assert!(office.until(id, "failed").await.contains("suppression: anna@town.example gets no mail any more (bounce)"));
    assert_eq!(sink.messages().len(), before);
}

#[tokio::test]
async fn a_lost_answer_is_the_one_case_of_two() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    sink.script([Script::Vanish]);
    let id = office.notify("unknown").await;
    office.until(id, "sent").await;
    let messages = sink.messages();
    assert_eq!(messages.len(), 2, "the outcome was unknown");
    let id_of = |message: &str| headers(message).lines().find(|line| line.starts_with("Message-ID")).map(str::to_owned);
    assert_eq!(id_of(&messages[0]), id_of(&messages[1]), "receiving systems see that it is the same");
}

#[tokio::test]
async fn a_worker_that_dies_sends_nothing_twice_that_was_recorded() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    // Dies between the record and the completion of the job: the job runs again, the mail does not.
    let worker = office.worker();
    let id = office.notify("once").await;
    office.until(id, "sent").await;
    drop(worker);
    office
        .admin
        .execute("update metadata.river_job set state = 'available', finalized_at = null where args->>'notification_id' = $1", &[&id.to_string()])
        .await
        .expect("back");
    let worker = office.worker();
    office.until_text("select state::text from metadata.river_job where kind = 'send_notification'", "completed").await;
    assert_eq!(sink.messages().len(), 1);
    // The ledger decides even when the notification's own row was not written.
    office.admin.batch_execute("update metadata.notifications set status = 'pending'; update metadata.river_job set state = 'available', finalized_at = null where kind = 'send_notification'; notify \"metadata.river_insert\", '{\"queue\": \"notifications\"}'").await.expect("back");
    office.until(id, "sent").await;
    assert_eq!(sink.messages().len(), 1);
    // Dies while the server thinks: nobody knows, and it is sent again under the same id.
    let hold = Arc::new(tokio::sync::Notify::new());
    sink.script([Script::Hold(Arc::clone(&hold))]);
    let id = office.notify("killed").await;
    office.until_text("select count(*)::text from metadata.notification_deliveries where state = 'sending'", "1").await;
    let started = tokio::time::Instant::now();
    while sink.messages().len() < 2 {
        assert!(started.elapsed() < super::LIMIT, "the message does not arrive");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    drop(worker);
    let _worker = office.worker();
    office.until(id, "sent").await;
    hold.notify_waiters();
    assert_eq!(sink.messages().len(), 3, "the documented unknown outcome, and no more");
}

#[tokio::test]
async fn a_server_that_is_away_or_refuses_us_loses_nothing() {
    let sink = Sink::start().await;
    let port = sink.port;
    let mut office = Office::new(Some(&sink)).await;
    drop(sink);
    let worker = office.worker();
    let id = office.notify("away").await;
    assert!(office.until(id, "failed").await.contains("All channels failed: failed to connect to SMTP server"));
    // After the last attempt it waits a quarter of an hour, and again.
    let later = "update metadata.river_job set attempt = 4, state = 'available', scheduled_at = now() where kind = 'send_notification' and state in ('available', 'retryable')";
    // The notification reads "failed" a moment before its job is put aside.
    while office.admin.execute(later, &[]).await.expect("later") == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    office.until_text("select (state = 'scheduled' and scheduled_at > now() + interval '10 minutes')::text from metadata.river_job where kind = 'send_notification'", "true").await;
    drop(worker);
    let sink = Sink::start_on(port).await;
    // A wrong password is about us: the mail waits for somebody to mend it.
    sink.refuse_logins(true);
    office.with_password("wrong");
    let worker = office.worker();
    let again = "update metadata.river_job set state = 'available', scheduled_at = now() where kind = 'send_notification'; notify \"metadata.river_insert\", '{\"queue\": \"notifications\"}'";
    office.admin.batch_execute(again).await.expect("again");
    office
        .until_text(
            "select (error_message like '%refused user or password%535%')::text from metadata.notifications",
            "true",
        )
        .await;
    office.until_text("select state::text from metadata.river_job where kind = 'send_notification'", "scheduled").await;
    assert!(!office.text("select string_agg(error_message, ' ') from metadata.notifications").await.contains("wrong"));
    drop(worker);
    sink.refuse_logins(false);
    let _worker = office.worker();
    office.admin.batch_execute(again).await.expect("again");
    office.until(id, "sent").await;
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_readable() {
    let sink = Sink::start().await;
    let mut office = Office::new(Some(&sink)).await;
    office.config.notifications.smtp_security = Some(SmtpSecurity::Starttls);
    let _worker = office.worker();
    let id = office.notify("secret").await;
    assert!(office.until(id, "failed").await.contains("does not offer STARTTLS"));
    assert!(sink.messages().is_empty());
}

#[tokio::test]
async fn every_reason_not_to_send_is_said() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    let sql = |text: &'static str| office.admin.batch_execute(text);
    sql("update metadata.notification_preferences set enabled = false where channel = 'email'").await.expect("off");
    let id = office.notify("unwanted").await;
    assert_eq!(office.until(id, "failed").await, "All channels failed: the recipient does not want mail");
    // Without a preference the profile's address counts (the reference loses this one).
    sql("delete from metadata.notification_preferences").await.expect("none");
    let id = office.notify("by profile").await;
    office.until(id, "sent").await;
    sql("update metadata.civic_os_users_private set email = null").await.expect("no address");
    let id = office.notify("nowhere").await;
    assert_eq!(office.until(id, "failed").await, "All channels failed: no mail address is known for the recipient");
    sql("update metadata.civic_os_users_private set email = E'a@b.example\\r\\nRCPT TO:<x@y.example>'")
        .await
        .expect("odd");
    let id = office.notify("injected").await;
    assert!(office.until(id, "failed").await.contains("invalid address"));
    sql("update metadata.notification_templates set subject_template = '{{.Entity.title.x}}'").await.expect("broken");
    let id = office.notify("broken").await;
    assert!(
        office
            .until(id, "failed")
            .await
            .starts_with("Rendering error: subject rendering failed: template execution error: template: text:1:2")
    );
    // The notification or its person is gone: the job is simply done.
    office.admin.batch_execute("insert into metadata.river_job (kind, args, queue, max_attempts) values ('send_notification', '{\"notification_id\": \"999999\", \"user_id\": \"00000000-0000-4000-8000-0000000000ff\", \"template_name\": \"news\", \"channels\": [\"email\"]}', 'notifications', 5)").await.expect("job");
    office.until_text("select state::text from metadata.river_job order by id desc limit 1", "completed").await;
    assert_eq!(sink.messages().len(), 1);
}

#[tokio::test]
async fn digests_collect_and_arrive_as_one() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    office
        .admin
        .batch_execute(&format!(
            "insert into metadata.notification_digests (user_id, frequency, hour) values ('{ANNA}', 'daily', 7)"
        ))
        .await
        .expect("daily");
    let (first, second) = (office.notify("one <1>").await, office.notify("two").await);
    office.until_text("select count(*)::text from metadata.notification_digest_items", "2").await;
    assert_eq!(office.status(first).await.0, "pending");
    assert_eq!(
        office.text("select count(*)::text from metadata.notification_inbox").await,
        "2",
        "the client shows them at once"
    );
    let at = |hour: u32| {
        format!(
            "insert into metadata.river_job (kind, args, queue, max_attempts) values ('send_digests', '{{\"hour\": {hour}}}', 'notifications', 3)"
        )
    };
    office.admin.batch_execute(&at(6)).await.expect("too early");
    office
        .until_text(
            "select state::text from metadata.river_job where kind = 'send_digests' order by id desc limit 1",
            "completed",
        )
        .await;
    assert!(sink.messages().is_empty());
    office.admin.batch_execute(&at(7)).await.expect("now");
    office.until(first, "sent").await;
    office.until(second, "sent").await;
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("Subject: 2 notifications"), "{}", messages[0]);
    assert_eq!(office.text("select count(*)::text from metadata.notification_digest_items").await, "0");
    // An hourly one goes out at every hour, and one that says "immediate" waits for nothing.
    office.admin.batch_execute("update metadata.notification_digests set frequency = 'hourly'").await.expect("hourly");
    let third = office.notify("three").await;
    office.until_text("select count(*)::text from metadata.notification_digest_items", "1").await;
    office.admin.batch_execute(&at(3)).await.expect("another hour");
    office.until(third, "sent").await;
    office.admin.batch_execute("update metadata.notification_digests set frequency = 'immediate'").await.expect("now");
    let fourth = office.notify("four").await;
    office.until(fourth, "sent").await;
    assert_eq!(sink.messages().len(), 3);
}

#[tokio::test]
async fn a_batch_drains_and_shows_its_progress() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    office
        .admin
        .batch_execute(
            "insert into metadata.civic_os_users (id, display_name) select gen_random_uuid(), 'P' || n from generate_series(1, 200) n;
             insert into metadata.civic_os_users_private (id, display_name, email) select id, display_name, lower(display_name) || '@town.example' from metadata.civic_os_users where display_name like 'P%';
             select metadata.notify_users(array(select id from metadata.civic_os_users where display_name like 'P%'), 'news', p_entity_data := '{\"title\": \"all\"}')",
        )
        .await
        .expect("a batch");
    let _worker = office.worker();
    office.until_text("select count(*)::text from metadata.notifications where status = 'sent'", "200").await;
    let mut recipients: Vec<String> = sink
        .messages()
        .iter()
        .filter_map(|message| headers(message).lines().find(|line| line.starts_with("To: ")).map(str::to_owned))
        .collect();
    recipients.sort();
    recipients.dedup();
    assert_eq!(recipients.len(), 200, "each got one");
}

#[tokio::test]
async fn a_configured_rate_is_kept() {
    let sink = Sink::start().await;
    let mut office = Office::new(Some(&sink)).await;
    office.config.notifications.mail_rate = 20;
    office.admin.batch_execute(&format!("insert into metadata.notifications (user_id, template_name, entity_data) select '{ANNA}', 'news', '{{\"title\": \"x\"}}' from generate_series(1, 61)")).await.expect("notifications");
    let started = tokio::time::Instant::now();
    let _worker = office.worker();
    office.until_text("select count(*)::text from metadata.notifications where status = 'sent'", "61").await;
    assert!(started.elapsed() >= Duration::from_secs(3), "61 mails at 20 a second: {:?}", started.elapsed());
    assert_eq!(sink.messages().len(), 61);
}

#[tokio::test]
async fn mail_to_addresses_goes_to_each_alone() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let _worker = office.worker();
    office.admin.batch_execute("insert into metadata.notification_suppressions (channel, address, reason) values ('email', 'gone@example.org', 'bounce'); select metadata.send_email(array['a@example.org', 'Gone@example.org', 'b@example.org'], 'news', p_entity_data := '{\"title\": \"t\"}', p_reply_to := 'c@example.org')").await.expect("job");
    office.until_text("select state::text from metadata.river_job where kind = 'send_email'", "completed").await;
    let messages = sink.messages();
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message.contains("Reply-To: c@example.org")), "{}", messages[0]);
}
