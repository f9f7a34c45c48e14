//! Text messages through a provider's interface on loopback.

use super::{ANNA, Office};
use civic_os::config::{Secret, SmsProvider};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<String>>>;

/// Answers each request in turn; keeps what was asked.
async fn provider(answers: &'static [(u16, &'static str)]) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("port");
    let url = format!("http://{}", listener.local_addr().expect("address"));
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        for (status, body) in answers {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            loop {
                let count = stream.read(&mut buffer).await.unwrap_or(0);
                request.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let length = text
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.lines().next()?.parse::<usize>().ok());
                let body_at = text.find("\r\n\r\n").map(|at| at + 4);
                if count == 0 || matches!((length, body_at), (Some(length), Some(at)) if request.len() >= at + length) {
                    break;
                }
            }
            kept.lock().expect("lock").push(String::from_utf8_lossy(&request).into_owned());
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
        }
    });
    (url, seen)
}

async fn office(kind: SmsProvider, url: String) -> Office {
    let mut office = Office::new(None).await;
    let settings = &mut office.config.notifications;
    settings.sms_provider = Some(kind);
    settings.sms_from = Some("+15550100".into());
    settings.sms_account = Some("AC1".into());
    settings.sms_token = Secret::new("sesame");
    settings.sms_base_url = Some(url);
    settings.sms_rate = 0;
    office
}

#[tokio::test]
async fn twilio_is_asked_as_documented() {
    let (url, seen) =
        provider(&[(503, "{\"message\": \"later\"}"), (201, "{\"sid\": \"SM1\"}"), (400, "{\"code\": 21211}")]).await;
    let office = office(SmsProvider::Twilio, url).await;
    let _worker = office.worker();
    let id = office.notify_by("a", "{sms}").await;
    assert_eq!(office.until(id, "failed").await, "All channels failed: the recipient does not want text messages");
    office
        .admin
        .batch_execute(&format!(
            "update metadata.notification_preferences set enabled = true where channel = 'sms' and user_id = '{ANNA}'"
        ))
        .await
        .expect("on");
    let id = office.notify_by("Grüße", "{sms}").await;
    office.until(id, "sent").await;
    let requests = seen.lock().expect("lock").clone();
    assert_eq!(requests.len(), 2, "503 is tried again");
    assert!(requests[1].starts_with("POST /2010-04-01/Accounts/AC1/Messages.json"), "{}", requests[1]);
    assert!(requests[1].contains("To=%2B15551234567&From=%2B15550100&Body=SMS+Gr%C3%BC%C3%9Fe"), "{}", requests[1]);
    assert_eq!(
        office.text("select concat_ws('|', channel, state, reply) from metadata.notification_deliveries").await,
        "sms|sent|SM1 (1 segments)"
    );
    let id = office.notify_by("bad number", "{sms}").await;
    assert!(office.until(id, "failed").await.contains("Twilio answered 400"));
    office.admin.batch_execute("insert into metadata.notification_suppressions (channel, address, reason) values ('sms', '+15551234567', 'opt_out')").await.expect("stop");
    let id = office.notify_by("stopped", "{sms}").await;
    assert!(office.until(id, "failed").await.contains("gets no text messages any more (opt_out)"));
}

#[tokio::test]
async fn telnyx_is_asked_as_documented() {
    let (url, seen) = provider(&[(200, "{\"data\": {\"id\": \"T1\"}}")]).await;
    let office = office(SmsProvider::Telnyx, url).await;
    let _worker = office.worker();
    office
        .admin
        .batch_execute("update metadata.notification_preferences set enabled = true where channel = 'sms'")
        .await
        .expect("on");
    let id = office.notify_by("x", "{sms}").await;
    office.until(id, "sent").await;
    let request = seen.lock().expect("lock")[0].clone();
    assert!(
        request.starts_with("POST /v2/messages") && request.to_lowercase().contains("authorization: bearer sesame"),
        "{request}"
    );
    assert!(request.contains("\"to\":\"+15551234567\"") && request.contains("\"text\":\"SMS x\""), "{request}");
}
