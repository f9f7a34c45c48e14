//! A worker process that is killed outright between handing a mail over and recording the answer.

use super::sink::{Script, Sink};
use super::{LIMIT, Office};
use crate::support::{TestApp, test_config};
use civic_os::config::SmtpSecurity;
use nix::sys::signal::Signal;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn message_id(message: &str) -> &str {
    message.lines().find(|line| line.starts_with("Message-ID: ")).expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_worker_leaves_one_unknown_and_repeats_nothing_else() {
    let sink = Sink::start().await;
    let office = Office::new(Some(&sink)).await;
    let start = || {
        let mut config = test_config();
        config.database.url = office.database().authenticator_url();
        config.database.owner_url = office.database().owner_url();
        config.notifications = office.config.notifications.clone();
        config.notifications.smtp_security = Some(SmtpSecurity::None);
        TestApp::launch(&config, &["worker"])
    };
    let mut first = start();
    let mut before = Vec::new();
    for title in ["one", "two", "three"] {
        let id = office.notify(title).await;
        office.until(id, "sent").await;
        before.push(id);
    }
    assert_eq!(sink.messages().len(), 3);
    // The server has the whole message and has not answered yet: nobody can know.
    let hold = Arc::new(tokio::sync::Notify::new());
    sink.script([Script::Hold(Arc::clone(&hold))]);
    let unknown = office.notify("unknown").await;
    let started = Instant::now();
    while sink.messages().len() < 4 {
        assert!(started.elapsed() < LIMIT, "the message does not arrive");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let waiting = office.notify("waiting").await;
    office.until(waiting, "sent").await;
    first.signal(Signal::SIGKILL);
    first.ended().await;
    hold.notify_waiters();
    let ledger = format!("select state from metadata.notification_deliveries where notification_id = {unknown}");
    assert_eq!(office.text(&ledger).await, "sending");
    assert_eq!(office.status(unknown).await.0, "pending");
    let _second = start();
    office.until(unknown, "sent").await;
    let messages = sink.messages();
    assert_eq!(messages.len(), 6, "each once, and the unknown one a second time");
    let ids: Vec<&str> = messages.iter().map(|message| message_id(message)).collect();
    let distinct: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(distinct.len(), 5, "under the same id: {ids:?}");
    assert_eq!(ids[3], ids[5]);
    assert_eq!(
        office
            .text("select string_agg(distinct state, ',') || sum(attempts) from metadata.notification_deliveries")
            .await,
        "sent6"
    );
}
