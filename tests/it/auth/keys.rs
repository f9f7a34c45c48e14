//! Keys of this test run, and tokens signed with them by an implementation other than the one under test.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
};
use rsa::pkcs8::EncodePrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A key pair: signs tokens, and describes its public half as a JWK.
pub(crate) struct TestKey {
    signing: EncodingKey,
    pub(crate) public: Value,
}

impl TestKey {
    pub(crate) fn rsa(bits: usize) -> Self {
        let key = rsa::PrivateKey::new(&mut rand::rng(), bits).expect("generate");
        let der = key.to_pkcs8_der().expect("encode");
        let public = json!({
            "kty": "RSA",
            "n": BASE64.encode(key.n().to_be_bytes_trimmed_vartime()),
            "e": BASE64.encode(key.e().to_be_bytes_trimmed_vartime()),
        });
        Self { signing: EncodingKey::from_rsa_pem(pem(der.as_bytes()).as_bytes()).expect("use"), public }
    }

    pub(crate) fn p256() -> Self {
        Self::ec(&ECDSA_P256_SHA256_FIXED_SIGNING, "P-256")
    }

    pub(crate) fn p384() -> Self {
        Self::ec(&ECDSA_P384_SHA384_FIXED_SIGNING, "P-384")
    }

    fn ec(algorithm: &'static ring::signature::EcdsaSigningAlgorithm, curve: &str) -> Self {
        let random = ring::rand::SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("generate");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, der.as_ref(), &random).expect("read");
        let point = &pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(point.len() / 2);
        let public = json!({"kty": "EC", "crv": curve, "x": BASE64.encode(x), "y": BASE64.encode(y)});
        Self { signing: EncodingKey::from_ec_pem(pem(der.as_ref()).as_bytes()).expect("use"), public }
    }

    pub(crate) fn ed25519() -> Self {
        let der = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).expect("generate");
        let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).expect("read");
        let public = json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64.encode(pair.public_key())});
        Self { signing: EncodingKey::from_ed_pem(pem(der.as_ref()).as_bytes()).expect("use"), public }
    }

    pub(crate) fn secret(bytes: &[u8]) -> Self {
        Self { signing: EncodingKey::from_secret(bytes), public: json!({"kty": "oct", "k": BASE64.encode(bytes)}) }
    }

    /// The JWK with further members.
    pub(crate) fn jwk(&self, members: Value) -> Value {
        let mut jwk = self.public.clone();
        for (name, value) in members.as_object().expect("object") {
            jwk[name] = value.clone();
        }
        jwk
    }

    pub(crate) fn sign(&self, algorithm: Algorithm, kid: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(algorithm);
        header.kid = kid.map(Into::into);
        encode(&header, claims, &self.signing).expect("sign")
    }

    /// A token with any header at all.
    pub(crate) fn sign_with_header(&self, algorithm: Algorithm, header: &Value, claims: &str) -> String {
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.signing, algorithm).expect("sign");
        format!("{message}.{signature}")
    }
}

fn pem(pkcs8: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(pkcs8);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

pub(crate) static RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::rsa(2048));
pub(crate) static OTHER_RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::rsa(2048));

/// Seconds since 1970, moved by `offset`.
pub(crate) fn at(offset: i64) -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp() + offset
}
