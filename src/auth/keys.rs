//! Public keys and shared secrets that verify signatures, parsed from JSON Web Keys.
//!
//! A key decides which algorithms it can be used with; a token only chooses among them. That rules out `none` and
//! HMAC "signed" with a public key by construction.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ring::{hmac, rsa::PublicKeyComponents, signature};
use serde_json::Value;

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
const BASE64_TEXT: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);

/// Shortest shared secret in bytes, the size of HS256's digest.
const SHORTEST_SECRET: usize = 32;

/// Signature algorithms of RFC 7518 and RFC 8037 that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the registered ones")]
pub enum Algorithm {
    HS256,
    HS384,
    HS512,
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
    ES256,
    ES384,
    EdDSA,
}

impl Algorithm {
    const ALL: [(&'static str, Self); 13] = [
        ("HS256", Self::HS256),
        ("HS384", Self::HS384),
        ("HS512", Self::HS512),
        ("RS256", Self::RS256),
        ("RS384", Self::RS384),
        ("RS512", Self::RS512),
        ("PS256", Self::PS256),
        ("PS384", Self::PS384),
        ("PS512", Self::PS512),
        ("ES256", Self::ES256),
        ("ES384", Self::ES384),
        ("EdDSA", Self::EdDSA),
        ("Ed25519", Self::EdDSA),
    ];

    /// From the `alg` of a header or key; case counts.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// The registered name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, algorithm)| *algorithm == self).map_or("", |(name, _)| name)
    }
}

/// One verification key.
pub(super) struct Key {
    pub(super) kid: Option<String>,
    algorithm: Option<Algorithm>,
    material: Material,
}

enum Material {
    Rsa(PublicKeyComponents<Vec<u8>>),
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
    Secret { bytes: Vec<u8>, only_hs256: bool },
}

/// Why a text is no usable key or set of keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// A text secret that could be guessed.
    #[error("a secret must have at least 32 characters, this one has {length}")]
    SecretTooShort {
        /// Characters.
        length: usize,
    },
    /// `jwt-secret-is-base64` is on and the text is no base64.
    #[error("not valid base64")]
    Base64,
    /// It looks like a JWK or JWKS and is not.
    #[error("not a JSON Web Key or key set: {reason}")]
    Malformed {
        /// What is wrong, without key material.
        reason: String,
    },
    /// A set in which no key can verify anything.
    #[error("no usable signature key in the set ({reasons})")]
    NoUsableKey {
        /// One reason a key, without key material.
        reasons: String,
    },
}

impl Key {
    /// A text secret, used with HS256 only.
    pub(super) fn text_secret(bytes: Vec<u8>) -> Self {
        Self { kid: None, algorithm: None, material: Material::Secret { bytes, only_hs256: true } }
    }

    /// Whether a kid in a token must be this key's; a text secret has no name to compare with.
    pub(super) fn answers_to(&self, kid: Option<&str>) -> bool {
        match (kid, &self.kid, &self.material) {
            (None, ..) | (Some(_), None, Material::Secret { only_hs256: true, .. }) => true,
            (Some(wanted), own, _) => own.as_deref() == Some(wanted),
        }
    }

    /// Whether the key can be used with `algorithm`.
    pub(super) fn accepts(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{ES256, ES384, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512};
        self.algorithm.is_none_or(|own| own == algorithm)
            && match &self.material {
                Material::Rsa(_) => matches!(algorithm, RS256 | RS384 | RS512 | PS256 | PS384 | PS512),
                Material::P256(_) => algorithm == ES256,
                Material::P384(_) => algorithm == ES384,
                Material::Ed25519(_) => algorithm == EdDSA,
                Material::Secret { only_hs256, .. } => {
                    algorithm == HS256 || (!only_hs256 && matches!(algorithm, HS384 | HS512))
                }
            }
    }

    /// Checks a signature; `accepts(algorithm)` must hold, otherwise the answer is no.
    pub(super) fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        if !self.accepts(algorithm) {
            return false;
        }
        let asymmetric = |verifier: &'static dyn signature::VerificationAlgorithm, key: &[u8]| {
            signature::UnparsedPublicKey::new(verifier, key).verify(message, signature).is_ok()
        };
        match &self.material {
            Material::Rsa(key) => {
                let parameters = match algorithm {
                    Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
                    Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
                    Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
                    Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
                    Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                key.verify(parameters, message, signature).is_ok()
            }
            Material::P256(key) => asymmetric(&signature::ECDSA_P256_SHA256_FIXED, key),
            Material::P384(key) => asymmetric(&signature::ECDSA_P384_SHA384_FIXED, key),
            Material::Ed25519(key) => asymmetric(&signature::ED25519, key),
            Material::Secret { bytes, .. } => {
                let digest = match algorithm {
                    Algorithm::HS384 => hmac::HMAC_SHA384,
                    Algorithm::HS512 => hmac::HMAC_SHA512,
                    _ => hmac::HMAC_SHA256,
                };
                hmac::verify(&hmac::Key::new(digest, bytes), message, signature).is_ok()
            }
        }
    }

    fn from_jwk(jwk: &Value) -> Result<Self, String> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if !jwk.is_object() {
            return Err("a key is no object".into());
        }
        if text("use").is_some_and(|usage| usage != "sig") {
            return Err("not a signature key".into());
        }
        if let Some(operations) = jwk.get("key_ops").and_then(Value::as_array)
            && !operations.iter().any(|operation| matches!(operation.as_str(), Some("verify" | "sign")))
        {
            return Err("key_ops without verify".into());
        }
        let algorithm = match text("alg") {
            None => None,
            Some(name) => Some(Algorithm::from_name(name).ok_or_else(|| format!("algorithm {name:?} not supported"))?),
        };
        let bytes = |name: &str| -> Result<Vec<u8>, String> {
            let encoded = text(name).ok_or_else(|| format!("member {name:?} missing"))?;
            BASE64_URL.decode(encoded).map_err(|_| format!("member {name:?} is not base64url"))
        };
        let material = match (text("kty"), text("crv")) {
            (Some("RSA"), _) => {
                let (n, e) = (without_leading_zeros(bytes("n")?), without_leading_zeros(bytes("e")?));
                let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
                if !(2048..=8192).contains(&bits) {
                    return Err(format!("an RSA key of {bits} bits is outside 2048 to 8192"));
                }
                if e.is_empty() || e.len() > 4 {
                    return Err("unusual RSA exponent".into());
                }
                Material::Rsa(PublicKeyComponents { n, e })
            }
            (Some("EC"), Some("P-256")) => Material::P256(uncompressed_point(&bytes("x")?, &bytes("y")?, 32)?),
            (Some("EC"), Some("P-384")) => Material::P384(uncompressed_point(&bytes("x")?, &bytes("y")?, 48)?),
            (Some("OKP"), Some("Ed25519")) => {
                let x = bytes("x")?;
                if x.len() != 32 {
                    return Err("an Ed25519 key has 32 bytes".into());
                }
                Material::Ed25519(x)
            }
            (Some("oct"), _) => {
                let bytes = bytes("k")?;
                if bytes.len() < SHORTEST_SECRET {
                    return Err(format!("a secret of {} bytes is shorter than 32", bytes.len()));
                }
                Material::Secret { bytes, only_hs256: false }
            }
            (Some(kty @ ("EC" | "OKP")), curve) => {
                return Err(format!("{kty} curve {} not supported", curve.unwrap_or("(none)")));
            }
            (Some(kty), _) => return Err(format!("key type {kty:?} not supported")),
            (None, _) => return Err("member \"kty\" missing".into()),
        };
        let key = Self { kid: text("kid").map(Into::into), algorithm, material };
        match algorithm {
            Some(own) if !key.accepts(own) => Err(format!("algorithm {} does not fit the key type", own.name())),
            _ => Ok(key),
        }
    }

    fn type_name(&self) -> &'static str {
        match self.material {
            Material::Rsa(_) => "RSA",
            Material::P256(_) => "EC P-256",
            Material::P384(_) => "EC P-384",
            Material::Ed25519(_) => "OKP Ed25519",
            Material::Secret { .. } => "oct",
        }
    }
}

fn without_leading_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.drain(..zeros);
    bytes
}

fn uncompressed_point(x: &[u8], y: &[u8], size: usize) -> Result<Vec<u8>, String> {
    if x.len() != size || y.len() != size {
        return Err(format!("coordinates must have {size} bytes"));
    }
    Ok([&[4_u8], x, y].concat())
}

/// An immutable set of verification keys.
#[derive(Default)]
pub struct KeySet {
    pub(super) keys: Vec<Key>,
    /// Why keys of the document were left out, for `doctor` and the log.
    pub(super) left_out: Vec<String>,
    /// Digest of the document, to see whether another one says the same.
    pub(super) fingerprint: [u8; 32],
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.describe()).finish()
    }
}

impl KeySet {
    /// Parses `jwt-secret`: a text of at least 32 characters, a JWK, or a JWK Set; with `is_base64` the text is
    /// decoded first (the URL-safe alphabet and `.` for `=` are tolerated).
    ///
    /// # Errors
    /// The secret is too short, or looks like JSON and holds no usable key.
    pub fn from_secret(text: &str, is_base64: bool) -> Result<Self, KeySetError> {
        let bytes = if is_base64 {
            let canonical: String = text
                .trim()
                .chars()
                .map(|c| match c {
                    '-' => '+',
                    '_' => '/',
                    '.' => '=',
                    other => other,
                })
                .collect();
            BASE64_TEXT.decode(canonical).map_err(|_| KeySetError::Base64)?
        } else {
            text.as_bytes().to_vec()
        };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(document @ Value::Object(_)) => Self::from_jwk_or_set(&document),
            _ => {
                let length = String::from_utf8_lossy(text.as_bytes()).chars().count();
                if length < SHORTEST_SECRET {
                    return Err(KeySetError::SecretTooShort { length });
                }
                let fingerprint = digest(&bytes);
                Ok(Self { keys: vec![Key::text_secret(bytes)], left_out: Vec::new(), fingerprint })
            }
        }
    }

    /// Parses a document that is a single JWK or a JWK Set. Keys of a set that cannot verify signatures here are left
    /// out, as RFC 7517 §5 asks.
    ///
    /// # Errors
    /// No object, or no usable key in it.
    pub fn from_jwk_or_set(document: &Value) -> Result<Self, KeySetError> {
        let fingerprint = digest(document.to_string().as_bytes());
        match document.get("keys") {
            Some(Value::Array(members)) => {
                let (mut keys, mut left_out) = (Vec::new(), Vec::new());
                for (index, jwk) in members.iter().enumerate() {
                    match Key::from_jwk(jwk) {
                        Ok(key) => keys.push(key),
                        Err(reason) => left_out.push(format!("key {index}: {reason}")),
                    }
                }
                if keys.is_empty() {
                    let reasons = if left_out.is_empty() { "it is empty".into() } else { left_out.join("; ") };
                    return Err(KeySetError::NoUsableKey { reasons });
                }
                Ok(Self { keys, left_out, fingerprint })
            }
            Some(_) => Err(KeySetError::Malformed { reason: "\"keys\" is no array".into() }),
            None => Key::from_jwk(document)
                .map(|key| Self { keys: vec![key], left_out: Vec::new(), fingerprint })
                .map_err(|reason| KeySetError::Malformed { reason }),
        }
    }

    /// Whether no token can be verified at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Whether some key bears this name.
    pub fn has_kid(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid.as_deref() == Some(kid))
    }

    /// One line a key: name, type and algorithm; never key material.
    pub fn describe(&self) -> Vec<String> {
        self.keys
            .iter()
            .map(|key| {
                let name = key.kid.as_deref().unwrap_or("(no kid)");
                let algorithm = key.algorithm.map_or("any that fits", Algorithm::name);
                format!("{name}: {}, {algorithm}", key.type_name())
            })
            .collect()
    }
}

/// SHA-256.
pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let mut copy = [0; 32];
    copy.copy_from_slice(digest.as_ref());
    copy
}

pub(super) fn decode_base64url_strict(text: &str) -> Option<Vec<u8>> {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}
