//! The provider's signature over the raw bytes of a webhook (WORKERS.md §6.6), checked by ourselves: events are stored as they
//! came, before anything parses them. Several secrets for rotation, tolerance in both directions, comparison in constant time.

use crate::config::Secret;
use ring::hmac;
use std::fmt::Write as _;

/// Seconds that the signature's time may differ from ours, in both directions.
pub const TOLERANCE: u64 = 300;

/// Why a request is not the provider's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not `t=…,v1=…`.
    #[error("the header is malformed")]
    Malformed,
    /// Signed too long ago.
    #[error("the signature is too old")]
    Stale,
    /// Signed by a clock ahead of ours.
    #[error("the signature lies in the future")]
    Future,
    /// No secret makes one of its signatures.
    #[error("no signature fits")]
    Mismatch,
}

/// The endpoint's secrets; the newest first, older ones while they rotate.
#[derive(Clone)]
pub struct Secrets(Vec<hmac::Key>);

impl Secrets {
    /// Reads `whsec_…[,whsec_…]`.
    pub fn new(list: &Secret) -> Self {
        let texts = list.expose().unwrap_or_default().split([',', ' ', '\n']).filter(|text| !text.is_empty());
        Self(texts.map(|text| hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())).collect())
    }

    /// Whether there is none, so that nothing can be verified.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Checks a request's header against its body; the answer is the time of the signature.
    ///
    /// # Errors
    /// [`SignatureError`]
    pub fn verify(&self, header: &str, body: &[u8], now: u64, tolerance: u64) -> Result<u64, SignatureError> {
        let (time, signatures) = parse(header)?;
        let signed = [time.to_string().as_bytes(), b".", body].concat();
        let mut fits = false;
        for key in &self.0 {
            for signature in &signatures {
                // Every pair is compared, so that the time tells nothing about which one fits.
                fits |= hmac::verify(key, &signed, signature).is_ok();
            }
        }
        if !fits {
            return Err(SignatureError::Mismatch);
        }
        if now.saturating_sub(time) > tolerance {
            return Err(SignatureError::Stale);
        }
        if time.saturating_sub(now) > tolerance {
            return Err(SignatureError::Future);
        }
        Ok(time)
    }

    /// The header that the provider would send; `None` without a secret. For the sandbox and for tests.
    pub fn sign(&self, body: &[u8], time: u64) -> Option<String> {
        let tag = hmac::sign(self.0.first()?, &[time.to_string().as_bytes(), b".", body].concat());
        let mut header = format!("t={time},v1=");
        for byte in tag.as_ref() {
            let _ = write!(header, "{byte:02x}");
        }
        Some(header)
    }
}

/// Pairs separated by commas, each with exactly one equals sign; unknown keys and signatures that are no hex are passed over.
fn parse(header: &str) -> Result<(u64, Vec<Vec<u8>>), SignatureError> {
    let mut time = None;
    let mut signatures = Vec::new();
    for pair in header.split(',') {
        let (key, value) = pair.split_once('=').ok_or(SignatureError::Malformed)?;
        if value.contains('=') {
            return Err(SignatureError::Malformed);
        }
        match key {
            "t" => time = Some(value.parse().map_err(|_| SignatureError::Malformed)?),
            "v1" => signatures.extend(bytes_of(value)),
            _ => {}
        }
    }
    match (time, signatures.is_empty()) {
        (Some(time), false) => Ok((time, signatures)),
        _ => Err(SignatureError::Malformed),
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const KNOWN: &str = "0c8670ed117751cc551a20e35839447075c42800ea3cf3e8a2fbda99cd1e6edd";
    const THEN: u64 = 1_700_000_000;

    fn secrets(list: &str) -> Secrets {
        Secrets::new(&Secret::new(list))
    }

    #[test]
    fn the_contracts_vector_fits_both_ways() {
        let secrets = secrets("whsec_test_secret");
        let header = format!("t={THEN},v1={KNOWN}");
        assert_eq!(secrets.sign(BODY, THEN), Some(header.clone()));
        assert_eq!(secrets.verify(&header, BODY, THEN, TOLERANCE), Ok(THEN));
        let among_others = format!("t={THEN},v0=ff,v1=zz,v1={},v1={KNOWN},x=y", "0".repeat(64));
        assert_eq!(secrets.verify(&among_others, BODY, THEN, TOLERANCE), Ok(THEN));
    }

    #[test]
    fn each_secret_of_a_rotation_is_good() {
        let both = secrets("whsec_new,whsec_old");
        for one in ["whsec_new", "whsec_old"] {
            let header = secrets(one).sign(BODY, THEN).unwrap();
            assert_eq!(both.verify(&header, BODY, THEN, TOLERANCE), Ok(THEN), "{one}");
        }
        let header = secrets("whsec_other").sign(BODY, THEN).unwrap();
        assert_eq!(both.verify(&header, BODY, THEN, TOLERANCE), Err(SignatureError::Mismatch));
        assert_eq!(secrets("").verify(&header, BODY, THEN, TOLERANCE), Err(SignatureError::Mismatch));
        assert!(secrets(" , ").is_empty());
    }

    #[test]
    fn time_is_checked_in_both_directions() {
        let secrets = secrets("whsec_test_secret");
        let header = format!("t={THEN},v1={KNOWN}");
        for (now, expected) in [
            (THEN + TOLERANCE, Ok(THEN)),
            (THEN + TOLERANCE + 1, Err(SignatureError::Stale)),
            (THEN - TOLERANCE, Ok(THEN)),
            (THEN - TOLERANCE - 1, Err(SignatureError::Future)),
        ] {
            assert_eq!(secrets.verify(&header, BODY, now, TOLERANCE), expected, "{now}");
        }
        // Another time than the signed one is another message.
        let moved = format!("t={},v1={KNOWN}", THEN + 1);
        assert_eq!(secrets.verify(&moved, BODY, THEN, TOLERANCE), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_changed_body_or_header_does_not_fit() {
        let secrets = secrets("whsec_test_secret");
        let good = format!("t={THEN},v1={KNOWN}");
        assert_eq!(secrets.verify(&good, &BODY[1..], THEN, TOLERANCE), Err(SignatureError::Mismatch));
        for bad in [
            String::new(),
            "t".to_owned(),
            format!("v1={KNOWN}"),
            format!("t={THEN}"),
            format!("t=,v1={KNOWN}"),
            format!("t=-1,v1={KNOWN}"),
            format!("t={THEN},v1={KNOWN}="),
            format!("t={THEN}, v1={KNOWN}"),
            format!("t={THEN},v1={}", &KNOWN[..63]),
            format!("t={THEN},v1=é{}", &KNOWN[2..]),
            format!("t={THEN},v0={KNOWN}"),
        ] {
            assert_eq!(secrets.verify(&bad, BODY, THEN, TOLERANCE), Err(SignatureError::Malformed), "{bad}");
        }
    }
}
