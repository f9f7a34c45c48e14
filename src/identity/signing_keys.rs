//! RSA keys that sign tokens, kept in the data directory so that a restart signs nobody out, and a secret of the
//! provider's own for what only it has to recognise (refresh tokens, forms).

use super::{ProviderError, files};
use crate::auth::{KeySet, SharedKeySet};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use time::OffsetDateTime;

const BITS: usize = 2048;

/// Seconds after which a rotated-out key is no longer published; longer than any access token lives.
const RETIRE_AFTER: i64 = 24 * 3600;

#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    /// Base64url, 32 bytes.
    secret: String,
    /// The first signs.
    keys: Vec<StoredKey>,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredKey {
    kid: String,
    /// Seconds since 1970.
    created: i64,
    /// When another key took over.
    replaced: Option<i64>,
    /// Base64url of the DER.
    pkcs8: String,
}

struct Signer {
    kid: String,
    pair: RsaKeyPair,
}

/// The keys of a provider.
pub(super) struct SigningKeys {
    path: PathBuf,
    stored: RwLock<Stored>,
    signer: RwLock<Arc<Signer>>,
    published: RwLock<Arc<Value>>,
    shared: SharedKeySet,
    secret: ring::hmac::Key,
    random: SystemRandom,
}

impl SigningKeys {
    /// Loads the keys below `folder`, or makes the first one.
    pub(super) fn open(folder: &Path) -> Result<Self, ProviderError> {
        let path = folder.join("keys.json");
        let stored = match files::read::<Stored>(&path)? {
            Some(stored) => stored,
            None => {
                let stored = Stored { secret: BASE64.encode(random_bytes()), keys: vec![generate()?] };
                files::write(&path, &stored)?;
                stored
            }
        };
        let damaged = |reason: &str| ProviderError::Damaged { path: path.clone(), reason: reason.into() };
        let secret = BASE64.decode(&stored.secret).map_err(|_| damaged("the secret is not base64url"))?;
        if secret.len() < 32 {
            return Err(damaged("the secret is too short"));
        }
        let signer = Arc::new(signer(&stored).map_err(damaged)?);
        let published = publish(&stored).map_err(damaged)?;
        let keys = KeySet::from_jwk_or_set(&published).map_err(|error| damaged(&error.to_string()))?;
        Ok(Self {
            stored: RwLock::new(stored),
            signer: RwLock::new(signer),
            published: RwLock::new(Arc::new(published)),
            shared: SharedKeySet::new(keys),
            secret: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret),
            random: SystemRandom::new(),
            path,
        })
    }

    /// A new key signs from now on; the old ones stay published until tokens signed with them have expired.
    pub(super) fn rotate(&self) -> Result<String, ProviderError> {
        let fresh = generate()?;
        let kid = fresh.kid.clone();
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let damaged = |reason: &str| ProviderError::Damaged { path: self.path.clone(), reason: reason.into() };
        let mut stored = self.stored.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = stored.clone();
        for key in &mut next.keys {
            key.replaced.get_or_insert(now);
        }
        next.keys.retain(|key| key.replaced.is_none_or(|replaced| now - replaced < RETIRE_AFTER));
        next.keys.insert(0, fresh);
        let signer = signer(&next).map_err(damaged)?;
        let published = publish(&next).map_err(damaged)?;
        let keys = KeySet::from_jwk_or_set(&published).map_err(|error| damaged(&error.to_string()))?;
        files::write(&self.path, &next)?;
        *stored = next;
        self.shared.replace(keys);
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(published);
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(signer);
        Ok(kid)
    }

    /// The JWK Set document.
    pub(super) fn published(&self) -> Arc<Value> {
        Arc::clone(&self.published.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The same keys for whoever verifies in this process.
    pub(super) fn shared(&self) -> SharedKeySet {
        self.shared.clone()
    }

    /// Signs claims with RS256.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, ProviderError> {
        let signer = Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner));
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": signer.kid});
        let message = message(&header, claims);
        let mut signature = vec![0; signer.pair.public().modulus_len()];
        signer
            .pair
            .sign(&RSA_PKCS1_SHA256, &self.random, message.as_bytes(), &mut signature)
            .map_err(|_| ProviderError::KeyGeneration { reason: "signing failed".into() })?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    /// Signs claims so that only this provider recognises them.
    pub(super) fn seal(&self, claims: &Value) -> String {
        let message = message(&json!({"alg": "HS256", "typ": "JWT"}), claims);
        let tag = ring::hmac::sign(&self.secret, message.as_bytes());
        format!("{message}.{}", BASE64.encode(tag))
    }

    /// The claims of a text made by [`Self::seal`]; anything else gives `None`.
    pub(super) fn unseal(&self, sealed: &str) -> Option<Value> {
        let (message, tag) = sealed.rsplit_once('.')?;
        let tag = BASE64.decode(tag).ok()?;
        ring::hmac::verify(&self.secret, message.as_bytes(), &tag).ok()?;
        let (_, payload) = message.split_once('.')?;
        serde_json::from_slice(&BASE64.decode(payload).ok()?).ok()
    }
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

/// 32 bytes that cannot be guessed.
pub(super) fn random_bytes() -> [u8; 32] {
    rand::random()
}

fn generate() -> Result<StoredKey, ProviderError> {
    let failed = |reason: String| ProviderError::KeyGeneration { reason };
    let key = rsa::PrivateKey::new(&mut rand::rng(), BITS).map_err(|error| failed(error.to_string()))?;
    let der = key.to_pkcs8_der().map_err(|error| failed(error.to_string()))?;
    let pair = RsaKeyPair::from_pkcs8(der.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let jwk = public_members(&pair);
    // RFC 7638: the thumbprint is over the required members in lexicographic order.
    let thumbprint = ring::digest::digest(&ring::digest::SHA256, jwk.to_string().as_bytes());
    Ok(StoredKey {
        kid: BASE64.encode(thumbprint),
        created: OffsetDateTime::now_utc().unix_timestamp(),
        replaced: None,
        pkcs8: BASE64.encode(der.as_bytes()),
    })
}

fn public_members(pair: &RsaKeyPair) -> Value {
    let public: PublicKeyComponents<Vec<u8>> = PublicKeyComponents::from(pair.public());
    json!({"e": BASE64.encode(public.e), "kty": "RSA", "n": BASE64.encode(public.n)})
}

fn pair(key: &StoredKey) -> Result<RsaKeyPair, &'static str> {
    let der = BASE64.decode(&key.pkcs8).map_err(|_| "a key is not base64url")?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| "a key is no RSA key")
}

fn signer(stored: &Stored) -> Result<Signer, &'static str> {
    let first = stored.keys.first().ok_or("there is no key")?;
    Ok(Signer { kid: first.kid.clone(), pair: pair(first)? })
}

fn publish(stored: &Stored) -> Result<Value, &'static str> {
    let keys = stored.keys.iter().map(|key| {
        let mut jwk = public_members(&pair(key)?);
        if let Some(members) = jwk.as_object_mut() {
            members.insert("kid".into(), key.kid.clone().into());
            members.insert("alg".into(), "RS256".into());
            members.insert("use".into(), "sig".into());
        }
        Ok(jwk)
    });
    Ok(json!({ "keys": keys.collect::<Result<Vec<_>, &'static str>>()? }))
}
