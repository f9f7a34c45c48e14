//! Messages of Amazon SNS: signature version 2 (RSA with SHA-256), the certificate only from Amazon's own hosts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use url::Url;

/// What SNS sends.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) kind: String,
    pub(super) topic: String,
    pub(super) message: String,
    id: String,
    subject: Option<String>,
    timestamp: String,
    token: Option<String>,
    subscribe_url: Option<String>,
    signature: String,
    signature_version: String,
    certificate_url: String,
}

impl Envelope {
    /// `None` when the document is no message of SNS.
    pub(super) fn of(document: &Value) -> Option<Self> {
        let text = |name: &str| document[name].as_str().map(str::to_owned);
        Some(Self {
            kind: text("Type")?,
            topic: text("TopicArn")?,
            message: text("Message")?,
            id: text("MessageId")?,
            subject: text("Subject"),
            timestamp: text("Timestamp")?,
            token: text("Token"),
            subscribe_url: text("SubscribeURL"),
            signature: text("Signature")?,
            signature_version: text("SignatureVersion")?,
            certificate_url: text("SigningCertURL")?,
        })
    }

    /// The text that is signed: names and values in SNS' order, a line each.
    fn signed(&self) -> String {
        let is_notification = self.kind == "Notification";
        let fields: Vec<(&str, Option<&str>)> = vec![
            ("Message", Some(&self.message)),
            ("MessageId", Some(&self.id)),
            ("Subject", self.subject.as_deref().filter(|_| is_notification)),
            ("SubscribeURL", self.subscribe_url.as_deref().filter(|_| !is_notification)),
            ("Timestamp", Some(&self.timestamp)),
            ("Token", self.token.as_deref().filter(|_| !is_notification)),
            ("TopicArn", Some(&self.topic)),
            ("Type", Some(&self.kind)),
        ];
        let lines = fields.into_iter().filter_map(|(name, value)| value.map(|value| format!("{name}\n{value}\n")));
        lines.collect()
    }

    fn is_signed_by(&self, certificate: &CertificateDer<'_>) -> Result<(), &'static str> {
        if self.signature_version != "2" {
            return Err("only SignatureVersion 2 is accepted; set it on the topic");
        }
        let signature = STANDARD.decode(&self.signature).map_err(|_| "the signature is no base64")?;
        let certificate = webpki::EndEntityCert::try_from(certificate).map_err(|_| "the certificate cannot be read")?;
        certificate
            .verify_signature(webpki::ring::RSA_PKCS1_2048_8192_SHA256, self.signed().as_bytes(), &signature)
            .map_err(|_| "the signature does not fit")
    }
}

pub(super) async fn verify(client: &reqwest::Client, envelope: &Envelope) -> Result<(), &'static str> {
    let url = amazons(&envelope.certificate_url).ok_or("the certificate is not on one of Amazon's hosts")?;
    let answer = client.get(url).send().await.map_err(|_| "the certificate cannot be fetched")?;
    let answer = answer.error_for_status().map_err(|_| "the certificate cannot be fetched")?;
    let pem = answer.bytes().await.map_err(|_| "the certificate cannot be fetched")?;
    let certificate = CertificateDer::from_pem_slice(&pem).map_err(|_| "the certificate cannot be read")?;
    envelope.is_signed_by(&certificate)
}

/// Visits the link that makes SNS send.
pub(super) async fn confirm(client: &reqwest::Client, envelope: &Envelope) -> Result<(), &'static str> {
    let url = envelope.subscribe_url.as_deref().and_then(amazons).ok_or("the link does not lead to Amazon")?;
    let answer = client.get(url).send().await.map_err(|_| "the subscription cannot be confirmed")?;
    answer.error_for_status().map(drop).map_err(|_| "the subscription cannot be confirmed")
}

/// `https://sns.<region>.amazonaws.com/…` and nothing else.
fn amazons(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let labels: Vec<&str> = url.host_str()?.split('.').collect();
    let is_host = match labels.as_slice() {
        ["sns", region, "amazonaws", "com"] | ["sns", region, "amazonaws", "com", "cn"] => {
            region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }
        _ => false,
    };
    let is_plain = url.port().is_none() && url.username().is_empty() && url.password().is_none();
    (is_host && is_plain && url.scheme() == "https").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_amazons_hosts_are_asked() {
        assert!(amazons("https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abc.pem").is_some());
        for bad in [
            "http://sns.us-east-1.amazonaws.com/x.pem",
            "https://sns.us-east-1.amazonaws.com.evil.example/x.pem",
            "https://evil.example/sns.us-east-1.amazonaws.com",
            "https://sns.us-east-1.amazonaws.com:8443/x.pem",
            "https://user@sns.us-east-1.amazonaws.com/x.pem",
            "https://s3.us-east-1.amazonaws.com/x.pem",
            "nonsense",
        ] {
            assert!(amazons(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_signature_covers_every_field() {
        let document: Value = serde_json::from_str(include_str!("sns-signed.json")).expect("fixture");
        let certificate = CertificateDer::from_pem_slice(include_bytes!("sns-test.pem")).expect("fixture");
        let envelope = |change: Value| {
            let mut document = document.clone();
            for (name, value) in change.as_object().expect("object") {
                document[name] = value.clone();
            }
            Envelope::of(&document).expect("an envelope")
        };
        assert_eq!(envelope(json!({})).is_signed_by(&certificate), Ok(()));
        for (name, value) in [
            ("Message", "{}"),
            ("MessageId", "x"),
            ("Timestamp", "2020-01-01T00:00:00.000Z"),
            ("TopicArn", "arn:other"),
            ("Subject", "x"),
        ] {
            assert!(envelope(json!({name: value})).is_signed_by(&certificate).is_err(), "{name}");
        }
        assert!(envelope(json!({"SignatureVersion": "1"})).is_signed_by(&certificate).is_err());
    }
}
