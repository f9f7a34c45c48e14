//! Twilio's Messages resource and the signature of its requests.

use super::{Inbound, Incoming, Provider, Refusal, judged, unreachable};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

pub(super) struct Twilio {
    client: reqwest::Client,
    url: String,
    account: String,
    token: String,
    from: String,
}

impl Twilio {
    pub(super) fn new(
        client: reqwest::Client,
        base: Option<String>,
        account: String,
        token: String,
        from: String,
    ) -> Self {
        let base = base.unwrap_or_else(|| "https://api.twilio.com".to_owned());
        let url = format!("{base}/2010-04-01/Accounts/{account}/Messages.json");
        Self { client, url, account, token, from }
    }
}

#[async_trait]
impl Provider for Twilio {
    async fn send(&self, to: &str, text: &str, _key: &str) -> Result<String, Refusal> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("To", to)
            .append_pair("From", &self.from)
            .append_pair("Body", text)
            .finish();
        let request = self.client.post(&self.url).basic_auth(&self.account, Some(&self.token));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.map_err(|error| unreachable("Twilio", &error))?;
        let status = answer.status().as_u16();
        let body = answer.text().await.map_err(|error| unreachable("Twilio", &error))?;
        if !(200..300).contains(&status) {
            return Err(judged("Twilio", status, &body));
        }
        let document: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        Ok(document["sid"].as_str().unwrap_or("accepted").to_owned())
    }

    fn incoming(&self, request: &Incoming<'_>) -> Option<Inbound> {
        let mut fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body).into_owned().collect();
        fields.sort();
        let mut signed = request.url.to_owned();
        for (name, value) in &fields {
            signed.push_str(name);
            signed.push_str(value);
        }
        let signature = STANDARD.decode((request.header)("x-twilio-signature")?).ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.token.as_bytes());
        hmac::verify(&key, signed.as_bytes(), &signature).ok()?;
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        Some(Inbound { from: field("From")?, text: field("Body").unwrap_or_default() })
    }
}
