//! Links of invitations and password resets: 256 random bits, kept as a hash, good once and for a limited time.

use super::ProviderError;
use super::people::Person;
use super::sessions::hash;
use super::signing_keys::random_bytes;
use super::store::Store;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use uuid::Uuid;

const INSERT: &str = include_str!("../sql/identity/link_insert.sql");
const FIND: &str = include_str!("../sql/identity/link_find.sql");
const USE: &str = include_str!("../sql/identity/link_use.sql");

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Invitation,
    Reset,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    fn seconds(self) -> &'static str {
        match self {
            Self::Invitation => "604800",
            Self::Reset => "3600",
        }
    }

    pub(super) fn validity_in_words(self) -> &'static str {
        match self {
            Self::Invitation => "seven days",
            Self::Reset => "an hour",
        }
    }
}

/// All links; cheap to clone.
#[derive(Clone)]
pub(super) struct Links {
    store: Store,
}

impl Links {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// Makes the secret part of a link; an older link of the same kind is void.
    pub(super) async fn issue(&self, person: Uuid, purpose: Purpose) -> Result<String, ProviderError> {
        let token = BASE64.encode(random_bytes());
        let values = [Some(&*hash(&token)), Some(&*person.to_string()), Some(purpose.name()), Some(purpose.seconds())];
        self.store.rows(INSERT, &values).await?;
        Ok(token)
    }

    /// Whose link this is, while it is good. Looking does not use it up: mail scanners look.
    pub(super) async fn find(&self, token: &str) -> Result<Option<Person>, ProviderError> {
        self.store.first(FIND, &[Some(&hash(token))]).await
    }

    /// Uses up a link; the person's id, once.
    pub(super) async fn take(&self, token: &str) -> Result<Option<Uuid>, ProviderError> {
        let rows = self.store.rows(USE, &[Some(&hash(token))]).await?;
        Ok(rows.first().and_then(|row| row.text(0)).and_then(|id| Uuid::parse_str(id).ok()))
    }
}
