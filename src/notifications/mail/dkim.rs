//! DKIM signatures (RFC 6376): rsa-sha256, relaxed canonicalisation of headers and body. Optional; most relays sign themselves.

use super::MailConfigError;
use crate::config::NotificationsConfig;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use std::time::{SystemTime, UNIX_EPOCH};

/// Headers that are signed where they are there.
const SIGNED: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

pub(super) struct Signer {
    domain: String,
    selector: String,
    key: RsaKeyPair,
}

impl Signer {
    pub(super) fn from_config(config: &NotificationsConfig) -> Result<Option<Self>, MailConfigError> {
        let (Some(domain), Some(selector), Some(path)) =
            (&config.dkim_domain, &config.dkim_selector, &config.dkim_key_file)
        else {
            return Ok(None);
        };
        let failed =
            |reason: String| MailConfigError::File { key: "dkim_key_file", path: path.display().to_string(), reason };
        let key = PrivateKeyDer::from_pem_file(path).map_err(|error| failed(error.to_string()))?;
        let key = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(failed("it holds no RSA key".to_owned())),
        };
        let key = key.map_err(|error| failed(format!("it holds no usable RSA key: {error}")))?;
        Ok(Some(Self { domain: domain.clone(), selector: selector.clone(), key }))
    }

    /// Puts the signature before the message; a message without a body is left alone.
    pub(super) fn sign(&self, message: &mut Vec<u8>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if let Some(header) = self.header(message, now) {
            message.splice(0..0, header.into_bytes());
        }
    }

    fn header(&self, message: &[u8], now: u64) -> Option<String> {
        let split = message.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&message[..split + 2]).ok()?;
        let body = &message[split + 4..];
        let body_hash = STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, &relaxed_body(body)));
        let fields = fields(head);
        let mut names = Vec::new();
        let mut signed = String::new();
        for name in SIGNED {
            if let Some((_, value)) = fields.iter().find(|(field, _)| field == name) {
                names.push(*name);
                signed.push_str(&format!("{name}:{value}\r\n"));
            }
        }
        let unsigned = format!(
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={}; t={now}; h={}; bh={body_hash}; b=",
            self.domain,
            self.selector,
            names.join(":")
        );
        signed.push_str(&format!("dkim-signature:{unsigned}"));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
        // Folded where a verifier removes it again.
        let signature = STANDARD.encode(signature);
        let folded: Vec<&str> =
            signature.as_bytes().chunks(70).filter_map(|chunk| std::str::from_utf8(chunk).ok()).collect();
        let tags = unsigned.replace("; ", ";\r\n ");
        Some(format!("DKIM-Signature: {tags}{}\r\n", folded.join("\r\n ")))
    }
}

/// Header fields, unfolded, in relaxed form.
fn fields(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.trim().to_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
    };
    unfolded.lines().filter_map(field).collect()
}

/// Runs of blanks are one, none at the end of lines, no empty lines at the end.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut relaxed = Vec::with_capacity(line.len());
        for byte in line {
            match byte {
                b' ' | b'\t' if relaxed.last() == Some(&b' ') => {}
                b' ' | b'\t' => relaxed.push(b' '),
                other => relaxed.push(*other),
            }
        }
        if relaxed.last() == Some(&b' ') {
            relaxed.pop();
        }
        lines.push(relaxed);
    }
    while lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    let mut output = Vec::with_capacity(body.len());
    for line in lines {
        output.extend_from_slice(&line);
        output.extend_from_slice(b"\r\n");
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxed_form_is_the_rfcs() {
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"");
        assert_eq!(fields("A: X\r\nB : Y\t\r\n\tZ  \r\n"), [("a".into(), "X".into()), ("b".into(), "Y Z".into())]);
    }
}
