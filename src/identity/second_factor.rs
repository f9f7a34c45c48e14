//! Time-based one-time passwords (RFC 6238: SHA-1, 30 seconds, 6 digits, what authenticator apps expect by default) and
//! recovery codes for the day the telephone is lost.

use super::passwords::random_password;
use super::sessions::hash;
use qrcode::render::svg;
use qrcode::{EcLevel, QrCode};
use ring::hmac;

/// Seconds of a time step.
const STEP: u64 = 30;
/// Steps that clocks may differ, in both directions.
const TOLERATED: u64 = 1;
/// Bytes of a secret, the size of SHA-1's digest as RFC 4226 asks.
const SECRET_BYTES: usize = 20;
/// Recovery codes given out at once.
const RECOVERY_CODES: usize = 8;

/// A new secret in base32.
pub(super) fn new_secret() -> String {
    base32(&rand::random::<[u8; SECRET_BYTES]>())
}

/// What an authenticator app reads from the picture.
pub(super) fn address(secret: &str, issuer: &str, account: &str) -> String {
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let issuer = encode(issuer);
    format!("otpauth://totp/{issuer}:{}?secret={secret}&issuer={issuer}", encode(account))
}

/// The picture, black on white in every theme so that cameras can read it.
pub(super) fn picture(address: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    Some(
        code.render::<svg::Color<'_>>()
            .min_dimensions(200, 200)
            .dark_color(svg::Color("#000"))
            .light_color(svg::Color("#fff"))
            .build(),
    )
}

/// The step whose code this is, near `now` (seconds since 1970).
pub(super) fn matching_step(secret: &str, code: &str, now: i64) -> Option<u64> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &from_base32(secret)?);
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let step = u64::try_from(now).ok()? / STEP;
    (step.saturating_sub(TOLERATED)..=step + TOLERATED)
        .find(|step| subtle::ConstantTimeEq::ct_eq(digits.as_bytes(), code_of(&key, *step).as_bytes()).into())
}

fn code_of(key: &hmac::Key, step: u64) -> String {
    let tag = hmac::sign(key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let number = u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// New recovery codes and their hashes.
pub(super) fn recovery_codes() -> (Vec<String>, Vec<String>) {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| random_password()).collect();
    let hashes = codes.iter().map(|code| recovery_hash(code)).collect();
    (codes, hashes)
}

/// The hash of a recovery code as typed: case, spaces and hyphens do not count. The codes have 79 random bits, so that
/// a fast hash is enough.
pub(super) fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    hash(&plain)
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(buffer >> bits & 31) as usize]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(buffer << (5 - bits) & 31) as usize]));
    }
    text
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut buffer, mut bits) = (0u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        buffer = buffer << 5 | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((buffer >> bits & 255) as u8);
        }
        buffer &= (1 << bits) - 1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the last six digits of SHA-1's column.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = base32(b"12345678901234567890");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(matching_step(&secret, code, time), Some(time as u64 / 30), "{time}");
            assert_eq!(matching_step(&secret, code, time + 30), Some(time as u64 / 30), "a step late");
            assert_eq!(matching_step(&secret, code, time + 120), None, "too late");
        }
        assert_eq!(matching_step(&secret, "287 082", 59), Some(1), "as apps show it");
        for wrong in ["", "28708", "2870820", "287083", "abcdef"] {
            assert_eq!(matching_step(&secret, wrong, 59), None, "{wrong}");
        }
        assert_eq!(matching_step("not base32!", "287082", 59), None);
    }

    #[test]
    fn base32_goes_there_and_back() {
        for length in 0..40_u8 {
            let bytes: Vec<u8> = (0..length).map(|n: u8| n.wrapping_mul(37)).collect();
            assert_eq!(from_base32(&base32(&bytes)), Some(bytes), "{length}");
        }
    }

    #[test]
    fn recovery_codes_bear_how_people_type() {
        let (codes, hashes) = recovery_codes();
        assert_eq!(codes.len(), 8);
        assert_eq!(recovery_hash(&codes[0].to_uppercase().replace('-', " ")), hashes[0]);
        assert_ne!(hashes[0], hashes[1]);
    }

    #[test]
    fn the_picture_carries_names_with_any_character() {
        let address = address("ABC", "Town of Elmwood & more", "ann@town.example");
        assert_eq!(
            address,
            "otpauth://totp/Town%20of%20Elmwood%20%26%20more:ann%40town%2Eexample?secret=ABC&issuer=Town%20of%20Elmwood%20%26%20more"
        );
        assert!(picture(&address).is_some_and(|svg| svg.contains("<svg")));
    }
}
