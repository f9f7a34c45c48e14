//! What `/metrics` says about deliveries.

use super::Office;
use super::sink::{Script, Sink};
use crate::support::{TestApp, test_config};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_a_delivery_is_counted() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let mut config = test_config();
    config.database.url = office.database().authenticator_url();
    config.database.owner_url = office.database().owner_url();
    config.notifications = office.config.notifications.clone();
    let app = TestApp::launch(&config, &["worker"]);
    let id = office.notify("sent").await;
    office.until(id, "sent").await;
    sink.script([Script::Recipient("451 4.7.1 later")]);
    let id = office.notify("retried").await;
    office.until(id, "sent").await;
    sink.script([Script::Content("554 5.7.1 no")]);
    let id = office.notify("failed").await;
    office.until(id, "failed").await;
    let sms = office.notify_by("declined", "{sms}").await;
    office.until(sms, "failed").await;
    office.admin.batch_execute("insert into metadata.notification_suppressions (channel, address, reason) values ('email', 'anna@town.example', 'bounce')").await.expect("bounced");
    let id = office.notify("suppressed").await;
    office.until(id, "failed").await;
    office.admin.batch_execute("insert into metadata.river_job (kind, args, queue, max_attempts, state, scheduled_at) values ('send_notification', '{}', 'notifications', 5, 'scheduled', now() + interval '1 hour')").await.expect("a job that waits");
    let wanted = [
        r#"civic_os_notifications_deliveries_total{channel="email",outcome="sent"} 2"#,
        r#"civic_os_notifications_deliveries_total{channel="email",outcome="retried"} 1"#,
        r#"civic_os_notifications_deliveries_total{channel="email",outcome="failed"} 1"#,
        r#"civic_os_notifications_deliveries_total{channel="email",outcome="suppressed"} 1"#,
        r#"civic_os_notifications_deliveries_total{channel="email",outcome="declined"} 0"#,
        r#"civic_os_notifications_deliveries_total{channel="sms",outcome="declined"} 1"#,
        r#"civic_os_notifications_deliveries_total{channel="sms",outcome="sent"} 0"#,
        r#"civic_os_notifications_delivery_seconds_count{channel="email"} 4"#,
        r#"civic_os_jobs_depth{queue="notifications",kind="send_notification",state="scheduled"} 1.0"#,
    ];
    let started = Instant::now();
    loop {
        let text = app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("an answer");
        let text = text.text().await.expect("text");
        let missing: Vec<_> = wanted.iter().filter(|wanted| !text.lines().any(|line| line == **wanted)).collect();
        if missing.is_empty() {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "no {missing:#?} in\n{text}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
