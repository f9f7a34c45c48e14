//! RSA keys that sign tokens, kept in the database so that every process of an installation signs with the same one
//! and a restart signs nobody out; and a secret of the provider's own for what only it has to recognise (refresh
//! tokens, forms).
//!
//! A new key is published a minute before it signs: by then every process, and whoever else verifies, knows it.

use super::ProviderError;
use super::sessions::now;
use super::store::{Store, column};
use crate::auth::{KeySet, SharedKeySet};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::EncodePrivateKey;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

const LOAD: &str = include_str!("../sql/identity/keys_load.sql");
const SEAL_INSERT: &str = include_str!("../sql/identity/seal_insert.sql");
const INSERT_FIRST: &str = include_str!("../sql/identity/key_insert_first.sql");
const INSERT: &str = include_str!("../sql/identity/key_insert.sql");

const BITS: usize = 2048;

/// Seconds that a key stays published after the next one has taken over; longer than any access token lives.
pub(super) const RETIRE_AFTER: &str = "86400";
/// Time between the publication of a key and its first signature; longer than the pause between two loads.
pub(super) const ANNOUNCED: Duration = Duration::from_secs(60);

#[derive(Clone, Deserialize)]
struct StoredKey {
    kid: String,
    /// Base64url of the DER.
    private_key: String,
    /// Whether it signs already.
    signs: bool,
    /// Seconds.
    age: i64,
}

/// What was loaded last.
struct Loaded {
    seal: ring::hmac::Key,
    kid: String,
    pair: RsaKeyPair,
    published: Value,
    /// Kids in order and which of them signs: whether anything has changed.
    state: String,
    /// When the newest key was made, seconds since 1970.
    newest_made: i64,
}

/// The keys of a provider.
pub(super) struct SigningKeys {
    store: Store,
    loaded: RwLock<Option<Arc<Loaded>>>,
    shared: SharedKeySet,
    random: SystemRandom,
}

impl SigningKeys {
    /// Nothing is loaded yet.
    pub(super) fn new(store: Store) -> Self {
        let shared = SharedKeySet::new(KeySet::default());
        Self { store, loaded: RwLock::default(), shared, random: SystemRandom::new() }
    }

    /// Loads the keys, and makes the first one where there is none.
    pub(super) async fn load(&self) -> Result<(), ProviderError> {
        let (mut seal, mut keys) = self.read().await?;
        if seal.is_none() {
            self.store.rows(SEAL_INSERT, &[Some(&BASE64.encode(random_bytes()))]).await?;
        }
        if keys.is_empty() {
            let (kid, private_key) = generate().await?;
            self.store.rows(INSERT_FIRST, &[Some(&kid), Some(&private_key)]).await?;
        }
        if seal.is_none() || keys.is_empty() {
            (seal, keys) = self.read().await?;
        }
        let damaged = |reason: &str| ProviderError::Damaged { reason: reason.into() };
        let secret = seal.and_then(|secret| BASE64.decode(secret).ok()).ok_or_else(|| damaged("the seal"))?;
        if secret.len() < 32 {
            return Err(damaged("the seal is too short"));
        }
        let signer = keys.iter().find(|key| key.signs).or(keys.first()).ok_or_else(|| damaged("there is no key"))?;
        let state = keys.iter().fold(signer.kid.clone(), |state, key| state + " " + &key.kid);
        if self.current().is_ok_and(|loaded| loaded.state == state) {
            return Ok(());
        }
        let published = publish(&keys).map_err(damaged)?;
        let set = KeySet::from_jwk_or_set(&published).map_err(|_| damaged("a key cannot verify"))?;
        let loaded = Loaded {
            seal: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret),
            kid: signer.kid.clone(),
            pair: pair(signer).map_err(damaged)?,
            published,
            state,
            newest_made: now() - keys.iter().map(|key| key.age).min().unwrap_or_default(),
        };
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
        self.shared.replace(set);
        Ok(())
    }

    async fn read(&self) -> Result<(Option<String>, Vec<StoredKey>), ProviderError> {
        let rows = self.store.rows(LOAD, &[]).await?;
        let row = rows.first().ok_or(ProviderError::NotReady)?;
        Ok((row.text(0).map(str::to_owned), column(row, 1)?))
    }

    /// Makes the next key when the newest is older than `every`; signs with it after `announced`. Of several processes
    /// one does it. Returns the new key's name.
    pub(super) async fn rotate(&self, every: Duration, announced: Duration) -> Result<Option<String>, ProviderError> {
        let age = u64::try_from(now() - self.current()?.newest_made).unwrap_or_default();
        if age < every.as_secs() {
            return Ok(None);
        }
        let (kid, private_key) = generate().await?;
        let (announced, every) = (announced.as_secs().to_string(), every.as_secs().to_string());
        let inserted =
            self.store.has_row(INSERT, &[Some(&kid), Some(&private_key), Some(&announced), Some(&every)]).await?;
        self.load().await?;
        Ok(inserted.then_some(kid))
    }

    fn current(&self) -> Result<Arc<Loaded>, ProviderError> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or(ProviderError::NotReady)
    }

    /// The key set for everybody.
    pub(super) fn published(&self) -> Result<Value, ProviderError> {
        Ok(self.current()?.published.clone())
    }

    /// The same keys for whoever verifies in this process.
    pub(super) fn shared(&self) -> SharedKeySet {
        self.shared.clone()
    }

    /// Signs claims with RS256.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, ProviderError> {
        let signer = self.current()?;
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
    pub(super) fn seal(&self, claims: &Value) -> Result<String, ProviderError> {
        let message = message(&json!({"alg": "HS256", "typ": "JWT"}), claims);
        let tag = ring::hmac::sign(&self.current()?.seal, message.as_bytes());
        Ok(format!("{message}.{}", BASE64.encode(tag)))
    }

    /// The claims of a text made by [`Self::seal`]; anything else gives `None`.
    pub(super) fn unseal(&self, sealed: &str) -> Option<Value> {
        let (message, tag) = sealed.rsplit_once('.')?;
        let tag = BASE64.decode(tag).ok()?;
        ring::hmac::verify(&self.current().ok()?.seal, message.as_bytes(), &tag).ok()?;
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

/// A new key: name and private part. Takes up to a second of a thread.
async fn generate() -> Result<(String, String), ProviderError> {
    let failed = |reason: String| ProviderError::KeyGeneration { reason };
    let made = tokio::task::spawn_blocking(move || {
        let key = rsa::PrivateKey::new(&mut rand::rng(), BITS).map_err(|error| failed(error.to_string()))?;
        let der = key.to_pkcs8_der().map_err(|error| failed(error.to_string()))?;
        let pair = RsaKeyPair::from_pkcs8(der.as_bytes()).map_err(|error| failed(error.to_string()))?;
        // RFC 7638: the thumbprint is over the required members in lexicographic order.
        let thumbprint = ring::digest::digest(&ring::digest::SHA256, public_members(&pair).to_string().as_bytes());
        Ok((BASE64.encode(thumbprint), BASE64.encode(der.as_bytes())))
    });
    made.await.map_err(|error| failed(error.to_string()))?
}

fn public_members(pair: &RsaKeyPair) -> Value {
    let public: PublicKeyComponents<Vec<u8>> = PublicKeyComponents::from(pair.public());
    json!({"e": BASE64.encode(public.e), "kty": "RSA", "n": BASE64.encode(public.n)})
}

fn pair(key: &StoredKey) -> Result<RsaKeyPair, &'static str> {
    let der = BASE64.decode(&key.private_key).map_err(|_| "a key is not base64url")?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| "a key is no RSA key")
}

fn publish(keys: &[StoredKey]) -> Result<Value, &'static str> {
    let keys = keys.iter().map(|key| {
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
