//! Addresses that carry their own permission: AWS Signature Version 4 in the query (WORKERS.md §4).
//!
//! Path style always, because browsers cut bucket and key out of the path. Computing one needs no network.

use crate::config::Secret;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};
use std::fmt::Write as _;
use std::time::Duration;
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const PATH: &AsciiSet = &VALUE.remove(b'/');

/// The key that signs.
#[derive(Clone, Debug)]
pub struct SigningKey {
    /// Public half.
    pub access_key_id: String,
    /// Secret half.
    pub secret_access_key: Secret,
    /// Token of temporary keys.
    pub session_token: Option<String>,
}

/// Signs addresses of one bucket.
#[derive(Clone, Debug)]
pub struct Presigner {
    endpoint: Url,
    region: String,
    bucket: String,
}

/// What an address allows.
pub struct Permission<'a> {
    /// `PUT` or `GET`.
    pub method: &'a str,
    /// Object.
    pub key: &'a str,
    /// From now.
    pub valid_for: Duration,
    /// Headers beside `host` that the request must carry as they are here, lower case.
    pub headers: &'a [(&'a str, String)],
    /// Parameters beside the signature's.
    pub query: &'a [(&'a str, String)],
}

impl Presigner {
    /// For a bucket below an endpoint such as `http://localhost:9000`.
    pub fn new(endpoint: Url, region: impl Into<String>, bucket: impl Into<String>) -> Self {
        Self { endpoint, region: region.into(), bucket: bucket.into() }
    }

    /// The signed address.
    pub fn sign(&self, permission: &Permission<'_>, key: &SigningKey, now: OffsetDateTime) -> String {
        let stamp = |format| now.to_offset(time::UtcOffset::UTC).format(format).unwrap_or_default();
        let time = stamp(format_description!("[year][month][day]T[hour][minute][second]Z"));
        let day = &time[..8.min(time.len())];
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let host = match (self.endpoint.host_str(), self.endpoint.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let base = self.endpoint.path().trim_end_matches('/');
        let path = format!("{base}/{}/{}", self.bucket, utf8_percent_encode(permission.key, PATH));

        let mut headers: Vec<(&str, &str)> = vec![("host", &host)];
        headers.extend(permission.headers.iter().map(|(name, value)| (*name, value.as_str())));
        headers.sort_unstable();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let signed_headers = names.join(";");

        let mut query: Vec<(&str, String)> = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", format!("{}/{scope}", key.access_key_id)),
            ("X-Amz-Date", time.clone()),
            ("X-Amz-Expires", permission.valid_for.as_secs().to_string()),
            ("X-Amz-SignedHeaders", signed_headers.clone()),
        ];
        query.extend(key.session_token.iter().map(|token| ("X-Amz-Security-Token", token.clone())));
        query.extend(permission.query.iter().cloned());
        query.sort_unstable();
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{}={}", utf8_percent_encode(name, VALUE), utf8_percent_encode(value, VALUE)))
            .collect();
        let query = query.join("&");

        let mut canonical = format!("{}\n{path}\n{query}\n", permission.method);
        for (name, value) in &headers {
            let _ = writeln!(canonical, "{name}:{}", value.trim());
        }
        let _ = write!(canonical, "\n{signed_headers}\nUNSIGNED-PAYLOAD");
        let digest = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{digest}");
        let secret = format!("AWS4{}", key.secret_access_key.expose().unwrap_or_default());
        let mut signing = secret.into_bytes();
        for part in [day, &self.region, "s3", "aws4_request"] {
            signing = mac(&signing, part);
        }
        let signature = hex(&mac(&signing, &text));
        format!("{}://{host}{path}?{query}&X-Amz-Signature={signature}", self.endpoint.scheme())
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WORKERS.md §10, check 9: the vector that equals botocore's result.
    #[test]
    fn check_9_the_contract_s_vector() {
        let presigner =
            Presigner::new(Url::parse("http://localhost:9000").expect("a URL"), "us-east-1", "civic-os-files");
        let key = SigningKey {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("wJalrXUtnFEMIEXAMPLEKEY"),
            session_token: None,
        };
        let permission = Permission {
            method: "PUT",
            key: "Issue/1/01941f29-7c00-7000-8000-000000000001/original.png",
            valid_for: Duration::from_secs(900),
            headers: &[],
            query: &[("x-id", "PutObject".to_owned())],
        };
        let url = presigner.sign(&permission, &key, time::macros::datetime!(2025-01-01 00:00:00 UTC));
        assert_eq!(
            url,
            "http://localhost:9000/civic-os-files/Issue/1/01941f29-7c00-7000-8000-000000000001/original.png?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20250101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20250101T000000Z&X-Amz-Expires=900\
             &X-Amz-SignedHeaders=host&x-id=PutObject\
             &X-Amz-Signature=1ea1e81f19d9f9236c9ba79bbbffd9966edc70168fdf82aead7b95a76be78b61"
        );
    }
}
