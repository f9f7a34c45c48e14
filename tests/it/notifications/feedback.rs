//! What providers report over HTTP: opt-outs by text message and bounces, each only with its proof.

use super::ANNA;
use crate::support::{TestApp, TestDatabase, tokens};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use civic_os::config::{Secret, SmsProvider};
use ring::signature::KeyPair as _;
use serde_json::json;

const SUPPRESSED: &str = "select coalesce(string_agg(concat_ws('|', channel, address, reason, detail), ',' order by address), 'nobody') from metadata.notification_suppressions";

async fn suppressed(admin: &tokio_postgres::Client) -> String {
    admin.query_one(SUPPRESSED, &[]).await.expect("suppressions").get(0)
}

/// Twilio's signature: HMAC-SHA1 over the public address and the sorted fields.
fn twilio_signature(key: &str, fields: &[(&str, &str)]) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let fields: String = sorted.iter().flat_map(|(name, value)| [*name, *value]).collect();
    let signed = format!("https://town.example/webhooks/sms{fields}");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key.as_bytes());
    STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes()))
}

#[tokio::test]
async fn stop_and_start_are_heard_from_twilio_alone() {
    let database = TestDatabase::create().await;
    let admin = database.connect().await;
    let app = TestApp::spawn(database, |config| {
        config.web.public_url = Some("https://town.example".into());
        let settings = &mut config.notifications;
        settings.sms_provider = Some(SmsProvider::Twilio);
        settings.sms_from = Some("+15550100".into());
        settings.sms_account = Some("AC1".into());
        settings.sms_token = Secret::new("sesame");
    })
    .await;
    let send = async |text: &str, signed_with: Option<&str>| {
        let fields = [("From", "+15551234567"), ("To", "+15550100"), ("Body", text), ("MessageSid", "SM7")];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = app.request(reqwest::Method::POST, "/webhooks/sms");
        let mut request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        if let Some(key) = signed_with {
            request = request.header("X-Twilio-Signature", twilio_signature(key, &fields));
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    for key in [None, Some("guessed")] {
        assert_eq!(send("STOP", key).await.0, 403);
    }
    assert_eq!(suppressed(&admin).await, "nobody", "strangers stop nothing");
    let (status, markup) = send(" stop ", Some("sesame")).await;
    assert!(status == 200 && markup.contains("<Response/>"), "{status} {markup}");
    assert_eq!(suppressed(&admin).await, "sms|+15551234567|opt_out|STOP");
    assert_eq!(send("please do not stop", Some("sesame")).await.0, 200);
    assert_eq!(suppressed(&admin).await, "sms|+15551234567|opt_out|STOP");
    assert_eq!(send("START", Some("sesame")).await.0, 200);
    assert_eq!(suppressed(&admin).await, "nobody");
}

#[tokio::test]
async fn stop_is_heard_from_telnyx_with_its_signature() {
    let document = ring::signature::Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("a key");
    let key = ring::signature::Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a key");
    let public = STANDARD.encode(key.public_key().as_ref());
    let database = TestDatabase::create().await;
    let admin = database.connect().await;
    let app = TestApp::spawn(database, |config| {
        let settings = &mut config.notifications;
        settings.sms_provider = Some(SmsProvider::Telnyx);
        settings.sms_from = Some("+15550100".into());
        settings.sms_token = Secret::new("sesame");
        settings.sms_public_key = Some(public);
    })
    .await;
    let body = json!({"data": {"event_type": "message.received", "payload": {"from": {"phone_number": "+15551234567"}, "text": "Stop"}}})
        .to_string();
    let send = async |stamp: u64, signed: &str| {
        let signature = STANDARD.encode(key.sign(format!("{stamp}|{signed}").as_bytes()));
        let request = app.request(reqwest::Method::POST, "/webhooks/sms").body(body.clone());
        let request = request.header("telnyx-timestamp", stamp).header("telnyx-signature-ed25519", signature);
        request.send().await.expect("an answer").status().as_u16()
    };
    let now = tokens::now();
    assert_eq!(send(now, "another body").await, 403);
    assert_eq!(send(now - 3600, &body).await, 403, "an old request is no longer believed");
    assert_eq!(suppressed(&admin).await, "nobody");
    assert_eq!(send(now, &body).await, 200);
    assert_eq!(suppressed(&admin).await, "sms|+15551234567|opt_out|STOP");
}

#[tokio::test]
async fn bounces_and_complaints_count_with_the_secret_alone() {
    let database = TestDatabase::create().await;
    let admin = database.connect().await;
    let app = TestApp::spawn(database, |config| config.notifications.feedback_secret = Secret::new("sesame")).await;
    let report = async |body: String, secret: Option<&str>, query: &str| {
        let mut request = app.request(reqwest::Method::POST, &format!("/webhooks/mail{query}")).body(body);
        if let Some(secret) = secret {
            request = request.header("X-Webhook-Secret", secret);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    let bounce = |kind: &str, address: &str| json!({"notificationType": "Bounce", "bounce": {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [{"emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1"}]}});
    let permanent = bounce("Permanent", "Anna@Town.example");
    for (secret, query) in [(None, ""), (Some("guessed"), ""), (None, "?secret=guessed")] {
        assert_eq!(report(permanent.to_string(), secret, query).await, 403);
    }
    assert_eq!(report("{".into(), Some("sesame"), "").await, 400);
    assert_eq!(report(bounce("Transient", "full@town.example").to_string(), Some("sesame"), "").await, 200);
    assert_eq!(suppressed(&admin).await, "nobody", "a mailbox that is full for a while is no reason");
    assert_eq!(report(permanent.to_string(), Some("sesame"), "").await, 200);
    assert_eq!(report(permanent.to_string(), Some("sesame"), "").await, 200, "reported twice");
    // As SNS wraps it, with SES' other format inside.
    let complaint = json!({"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse", "complainedRecipients": [{"emailAddress": "bert@town.example"}]}});
    let envelope = json!({"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:us-east-1:1:mail", "Message": complaint.to_string(),
        "Timestamp": "2025-01-01T00:00:00.000Z", "SignatureVersion": "2", "Signature": "AAAA", "SigningCertURL": "https://sns.us-east-1.amazonaws.com/x.pem"});
    assert_eq!(report(envelope.to_string(), None, "?secret=sesame").await, 200);
    assert_eq!(
        suppressed(&admin).await,
        "email|anna@town.example|bounce|General smtp; 550 5.1.1,email|bert@town.example|complaint|abuse"
    );
    // Administrators see the list and take somebody off it; others see nothing.
    admin
        .batch_execute(&format!("insert into metadata.civic_os_users (id, display_name) values ('{ANNA}', 'Anna')"))
        .await
        .expect("a person");
    let path = "/api/notification_suppressions?select=address&order=address";
    let listed = async |roles: &[&str]| {
        let answer = app.get(path).bearer_auth(app.token_for("anna", roles)).send().await.expect("an answer");
        answer.text().await.expect("text")
    };
    assert_eq!(listed(&["user"]).await, "[]");
    assert!(listed(&["admin"]).await.contains("bert@town.example"));
    let request = app.request(reqwest::Method::DELETE, "/api/notification_suppressions?address=eq.bert@town.example");
    assert_eq!(request.bearer_auth(app.token_for("anna", &["admin"])).send().await.expect("an answer").status(), 204);
    assert_eq!(suppressed(&admin).await, "email|anna@town.example|bounce|General smtp; 550 5.1.1");
}
