//! `/events` over a real server: whose events are heard, what a loss looks like, how a stream ends.

use super::ANNA;
use crate::support::{TestApp, TestDatabase, tokens};
use serde_json::json;
use std::time::Duration;

/// Reads a stream until a text is in it.
async fn until(stream: &mut reqwest::Response, heard: &mut String, wanted: &str) {
    let reading = async {
        while !heard.contains(wanted) {
            let chunk = stream.chunk().await.expect("a chunk");
            let chunk = chunk.unwrap_or_else(|| panic!("the stream ended without {wanted}:\n{heard}"));
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    let limit = tokio::time::timeout(Duration::from_secs(30), reading).await;
    assert!(limit.is_ok(), "no {wanted} in time");
}

fn token(subject: &str, lifetime: u64) -> String {
    let mut claims = tokens::claims("anna", &["user"]);
    claims["sub"] = json!(subject);
    claims["exp"] = json!(tokens::now() + lifetime);
    tokens::sign(&claims)
}

#[tokio::test]
async fn people_hear_of_their_own_and_of_tables_they_may_read() {
    let database = TestDatabase::create().await;
    let admin = database.connect().await;
    let bert = "00000000-0000-4000-8000-00000000000b";
    admin
        .batch_execute(&format!(
            "insert into metadata.civic_os_users (id, display_name) values ('{ANNA}', 'Anna'), ('{bert}', 'Bert');
             insert into metadata.notification_templates (name, subject_template, html_template, text_template) values ('n', 's', 'h', 't');
             create table public.open_things (id int); create table public.closed_things (id int);
             grant select on public.open_things to authenticated, web_anon;
             select metadata.watch_table('public.open_things'), metadata.watch_table('public.closed_things')"
        ))
        .await
        .expect("tables");
    let app = TestApp::spawn(database, |_| {}).await;
    assert_eq!(
        app.get("/events").header("Authorization", "Bearer nonsense").send().await.expect("answer").status(),
        401
    );
    let listen = |path: &str| app.get(path).bearer_auth(token(ANNA, 600));
    let answer = listen("/events?tables=open_things,closed_things,nothing").send().await.expect("a stream");
    assert_eq!(answer.headers()["content-type"], "text/event-stream; charset=utf-8");
    let mut stream = answer;
    let mut heard = String::new();
    until(&mut stream, &mut heard, "event: ready").await;
    assert!(heard.contains("\"tables\":[\"open_things\"]") && heard.contains("\"notifications\":true"), "{heard}");
    let inbox = |user: &str| {
        format!(
            "with n as (insert into metadata.notifications (user_id, template_name) values ('{user}', 'n') returning id)
             insert into metadata.notification_inbox (notification_id, user_id, subject, body) select id, '{user}', 's', 'b' from n"
        )
    };
    admin.batch_execute("insert into closed_things values (1)").await.expect("closed");
    admin.batch_execute(&inbox(bert)).await.expect("bert's");
    admin.batch_execute(&inbox(ANNA)).await.expect("anna's");
    admin.batch_execute("insert into open_things values (1)").await.expect("open");
    until(&mut stream, &mut heard, "\"table\":\"open_things\"}").await;
    assert_eq!(heard.matches("event: notification").count(), 1, "{heard}");
    assert_eq!(heard.matches("event: change").count(), 1, "{heard}");
    // Somebody who comes back gets what was missed; an id of another process is answered with a reset.
    let last = heard.lines().rev().find_map(|line| line.strip_prefix("id: ")).expect("an id").to_owned();
    drop(stream);
    admin.batch_execute("delete from open_things").await.expect("missed");
    let mut again = listen("/events?tables=open_things").header("Last-Event-ID", &last).send().await.expect("a stream");
    let mut missed = String::new();
    until(&mut again, &mut missed, "event: change").await;
    let mut foreign = listen("/events").header("Last-Event-ID", "other-3").send().await.expect("a stream");
    let mut reset = String::new();
    until(&mut foreign, &mut reset, "event: reset").await;
    // Nobody signed in hears tables that everybody may read, and no notifications.
    let mut anonymous = app.get("/events?tables=open_things").send().await.expect("a stream");
    let mut first = String::new();
    until(&mut anonymous, &mut first, "event: ready").await;
    assert!(first.contains("\"notifications\":false") && first.contains("open_things"), "{first}");
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let database = TestDatabase::create().await;
    let app = TestApp::spawn(database, |_| {}).await;
    let answer = app.get("/events").bearer_auth(token(ANNA, 2)).send().await.expect("a stream");
    let whole = tokio::time::timeout(Duration::from_secs(30), answer.text()).await.expect("an end").expect("text");
    assert!(whole.contains("event: ready"), "{whole}");
}

#[tokio::test]
async fn unsubscribing_bounces_and_the_outbox_have_doors_that_fit() {
    let database = TestDatabase::create().await;
    let admin = database.connect().await;
    admin
        .batch_execute(&format!(
            "insert into metadata.civic_os_users (id, display_name) values ('{ANNA}', 'Anna');
             insert into metadata.civic_os_users_private (id, display_name, email) values ('{ANNA}', 'Anna', 'anna@town.example');
             insert into metadata.notification_unsubscribe_tokens (token, user_id, channel) values ('{ANNA}', '{ANNA}', 'email')"
        ))
        .await
        .expect("a person");
    let app = TestApp::spawn(database, |config| {
        config.notifications.feedback_topic = Some("arn:aws:sns:us-east-1:1:mail".into());
    })
    .await;
    let enabled = async || -> bool {
        admin
            .query_one("select enabled from metadata.notification_preferences where channel = 'email'", &[])
            .await
            .expect("preference")
            .get(0)
    };
    let path = format!("/notifications/unsubscribe?token={ANNA}");
    let page = app.get(&path).send().await.expect("a page").text().await.expect("text");
    assert!(page.contains("<button>Unsubscribe</button>"), "{page}");
    assert!(enabled().await, "looking at the link does nothing");
    for (token, status) in [("nonsense", 404), ("00000000-0000-4000-8000-0000000000ff", 404)] {
        let path = format!("/notifications/unsubscribe?token={token}");
        assert_eq!(app.request(reqwest::Method::POST, &path).send().await.expect("answer").status(), status);
    }
    let one_click =
        app.request(reqwest::Method::POST, &path).body("List-Unsubscribe=One-Click").send().await.expect("answer");
    assert_eq!(one_click.status(), 200);
    assert!(!enabled().await);
    // A bounce that nobody vouches for changes nothing.
    let bounce = json!({"notificationType": "Bounce", "bounce": {"bounceType": "Permanent", "bouncedRecipients": [{"emailAddress": "anna@town.example"}]}});
    let report =
        |body: serde_json::Value| app.request(reqwest::Method::POST, "/webhooks/mail").body(body.to_string()).send();
    assert_eq!(report(bounce.clone()).await.expect("answer").status(), 403);
    let envelope = json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:1:mail", "Message": bounce.to_string(),
        "Timestamp": "2025-01-01T00:00:00.000Z", "SignatureVersion": "2", "Signature": "AAAA", "SigningCertURL": "https://evil.example/cert.pem"});
    assert_eq!(report(envelope).await.expect("answer").status(), 403);
    let count: i64 =
        admin.query_one("select count(*) from metadata.notification_suppressions", &[]).await.expect("count").get(0);
    assert_eq!(count, 0);
    // Not a demonstration: there is no outbox, and text messages are off.
    let outbox = app.get("/outbox/").header("Accept", "application/json").send().await.expect("answer");
    assert_eq!(outbox.status(), 404);
    assert_eq!(
        app.request(reqwest::Method::POST, "/webhooks/sms").body("x").send().await.expect("answer").status(),
        404
    );
}
