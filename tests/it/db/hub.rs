//! The LISTEN connection.

use super::prepared;
use crate::support::Proxy;
use civic_os::config::Secret;
use civic_os::db::{Hub, HubEvent};
use std::time::Duration;

async fn listening(hub: &Hub) {
    tokio::time::timeout(Duration::from_secs(20), async {
        while !hub.is_connected() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn notifications_reach_their_channel_and_a_loss_is_told() {
    let (database, _) = prepared(|_| {}).await;
    let url = database.authenticator_url().expose().unwrap().to_owned();
    let proxy = Proxy::cut_in_front_of(&url);
    proxy.resume().await;
    let hub = Hub::spawn(&Secret::new(proxy.url(&url)), "test").unwrap();
    let mut first = hub.subscribe("first");
    let mut odd = hub.subscribe("odd \"name\"");
    listening(&hub).await;
    // A channel that is added later is listened to as well; it is there once its own notification arrives.
    database
        .execute("select pg_notify('first', 'one'), pg_notify('odd \"name\"', 'two'), pg_notify('third', 'x')")
        .await;
    assert_eq!(first.recv().await.unwrap(), HubEvent::Notification("one".into()));
    assert_eq!(odd.recv().await.unwrap(), HubEvent::Notification("two".into()));

    proxy.cut().await;
    proxy.resume().await;
    let event = tokio::time::timeout(Duration::from_secs(20), first.recv()).await.unwrap().unwrap();
    assert_eq!(event, HubEvent::Reconnected);
    database.execute("select pg_notify('first', 'three')").await;
    assert_eq!(first.recv().await.unwrap(), HubEvent::Notification("three".into()));
    hub.stop();
}
