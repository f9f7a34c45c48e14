//! Telnyx' messages and the signature of its requests.

use super::{Inbound, Incoming, Provider, Refusal, judged, unreachable};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, UnparsedPublicKey};
use std::time::{SystemTime, UNIX_EPOCH};

/// Older or younger requests are no longer believed, seconds.
const TOLERANCE: u64 = 300;

pub(super) struct Telnyx {
    client: reqwest::Client,
    url: String,
    token: String,
    from: String,
    public_key: Option<Vec<u8>>,
}

impl Telnyx {
    pub(super) fn new(
        client: reqwest::Client,
        base: Option<String>,
        token: String,
        from: String,
        public_key: Option<&str>,
    ) -> Self {
        let base = base.unwrap_or_else(|| "https://api.telnyx.com".to_owned());
        let public_key = public_key.and_then(|key| STANDARD.decode(key).ok());
        Self { client, url: format!("{base}/v2/messages"), token, from, public_key }
    }
}

#[async_trait]
impl Provider for Telnyx {
    async fn send(&self, to: &str, text: &str, key: &str) -> Result<String, Refusal> {
        let document = serde_json::json!({"from": self.from, "to": to, "text": text, "tags": [key]});
        let request = self.client.post(&self.url).bearer_auth(&self.token).json(&document);
        let answer = request.send().await.map_err(|error| unreachable("Telnyx", &error))?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(|error| unreachable("Telnyx", &error))?;
        if !(200..300).contains(&status) {
            return Err(judged("Telnyx", status, &body));
        }
        let document: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        Ok(document["data"]["id"].as_str().unwrap_or("accepted").to_owned())
    }

    fn incoming(&self, request: &Incoming<'_>) -> Option<Inbound> {
        let key = self.public_key.as_ref()?;
        let stamp = (request.header)("telnyx-timestamp")?;
        let age = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs().abs_diff(stamp.parse().ok()?);
        if age > TOLERANCE {
            return None;
        }
        let signature = STANDARD.decode((request.header)("telnyx-signature-ed25519")?).ok()?;
        let signed = [stamp.as_bytes(), b"|", request.body].concat();
        UnparsedPublicKey::new(&ED25519, key).verify(&signed, &signature).ok()?;
        let document: serde_json::Value = serde_json::from_slice(request.body).ok()?;
        let data = &document["data"];
        if data["event_type"] != "message.received" {
            return Some(Inbound { from: String::new(), text: String::new() });
        }
        let payload = &data["payload"];
        let from = payload["from"]["phone_number"].as_str()?.to_owned();
        Some(Inbound { from, text: payload["text"].as_str().unwrap_or_default().to_owned() })
    }
}
