//! Password hashes: argon2id, two at a time, so that signing in cannot exhaust memory or both processors.

use super::ProviderError;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use rand::RngExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Longest password in bytes; longer ones are refused before they are hashed.
pub(super) const LONGEST: usize = 256;

/// Hash of a text nobody knows: checking against it takes as long as checking a real one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$UmE3nIGBzYdpgCmAO6/vXpSTPUOrbyG+HpJoMYg5hVs";

/// Checks passwords of requests.
#[derive(Clone)]
pub(super) struct PasswordChecks {
    permits: Arc<Semaphore>,
}

/// Too many checks are waiting.
pub(super) struct Busy;

impl PasswordChecks {
    pub(super) fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(2)) }
    }

    /// Whether `password` belongs to `hash`; with `None` it does the same work and says no.
    pub(super) async fn holds(&self, hash: Option<String>, password: String) -> Result<bool, Busy> {
        let permit = tokio::time::timeout(Duration::from_secs(10), Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| Busy)?
            .map_err(|_| Busy)?;
        let checked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let known = hash.is_some();
            verify(hash.as_deref().unwrap_or(NOBODY), &password) && known
        });
        Ok(checked.await.unwrap_or(false))
    }
}

/// Whether `password` belongs to `hash`. Takes tens of milliseconds.
pub(super) fn verify(hash: &str, password: &str) -> bool {
    password.len() <= LONGEST
        && PasswordHash::new(hash)
            .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

/// The PHC string of a password. Takes tens of milliseconds.
pub(super) fn hash(password: &str) -> Result<String, ProviderError> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| ProviderError::PasswordHash { reason: error.to_string() })
}

/// A password of four groups, 79 bits, without letters that look alike.
pub fn random_password() -> String {
    const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    let mut text = String::with_capacity(19);
    for position in 0..16 {
        if position > 0 && position % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[random.random_range(0..ALPHABET.len())]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_argon2id_and_verify() {
        let hash = hash("correct horse").expect("hash");
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(verify(&hash, "correct horse"));
        assert!(!verify(&hash, "correct horses"));
        assert!(!verify(&hash, &"x".repeat(LONGEST + 1)));
    }

    #[test]
    fn the_hash_of_nobody_has_the_same_cost_as_a_real_one() {
        let parameters = |hash: &str| hash.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(parameters(NOBODY), parameters(&hash("x").expect("hash")));
        assert!(PasswordHash::new(NOBODY).is_ok());
    }

    #[test]
    fn random_passwords_differ() {
        assert_ne!(random_password(), random_password());
        assert_eq!(random_password().len(), 19);
    }
}
