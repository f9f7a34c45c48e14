//! Who is signed in: sessions by cookie, authorization codes, families of refresh tokens. Secrets are kept as hashes,
//! in the database, so that a restart signs nobody out and every process of an installation knows the same.

use super::ProviderError;
use super::people::Person;
use super::signing_keys::random_bytes;
use super::store::{Store, column};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::Deserialize;
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

const BEGIN: &str = include_str!("../sql/identity/session_begin.sql");
const BY_COOKIE: &str = include_str!("../sql/identity/session_by_cookie.sql");
const END: &str = include_str!("../sql/identity/session_end.sql");
const END_OF: &str = include_str!("../sql/identity/session_end_of.sql");
const END_ALL: &str = include_str!("../sql/identity/session_end_all.sql");
const LIST: &str = include_str!("../sql/identity/session_list.sql");
const CODE_INSERT: &str = include_str!("../sql/identity/code_insert.sql");
const CODE_REDEEM: &str = include_str!("../sql/identity/code_redeem.sql");
const ROTATE: &str = include_str!("../sql/identity/family_rotate.sql");
const REFUSED: &str = include_str!("../sql/identity/family_refused.sql");
const REVOKE: &str = include_str!("../sql/identity/family_revoke.sql");

/// Seconds between the redirect and the exchange of a code.
const CODE_LIFETIME: &str = "60";
/// Families of refresh tokens that one session may have (browser tabs); the oldest goes first.
const FAMILIES_PER_SESSION: &str = "50";

/// A signed-in browser.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Session {
    /// The claim `sid`.
    pub(super) sid: Uuid,
    /// When the password was checked.
    #[serde(with = "time::serde::rfc3339")]
    pub(super) signed_in_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) last_used_at: OffsetDateTime,
    pub(super) address: String,
    pub(super) browser: String,
}

impl Session {
    /// The claim `auth_time`, seconds since 1970.
    pub(super) fn auth_time(&self) -> i64 {
        self.signed_in_at.unix_timestamp()
    }
}

/// What a code stands for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) sid: Uuid,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) scope: String,
}

/// Refresh tokens that descend from one code.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Family {
    pub(super) id: Uuid,
    pub(super) scope: String,
    /// Number of the only token that is valid.
    pub(super) generation: u64,
}

/// What tokens are made of.
pub(super) struct Granted {
    pub(super) family: Family,
    pub(super) session: Session,
    pub(super) person: Person,
    pub(super) nonce: Option<String>,
}

/// How a refresh token was received.
pub(super) enum Refreshed {
    Granted(Box<Granted>),
    /// The session or family has ended.
    Ended,
    /// The token was used before: the family has been revoked.
    Replayed,
}

/// All sessions of the realm.
pub(super) struct Sessions {
    store: Store,
    idle: String,
    longest: String,
}

impl Sessions {
    pub(super) fn new(store: Store, idle: Duration, longest: Duration) -> Self {
        Self { store, idle: idle.as_secs().to_string(), longest: longest.as_secs().to_string() }
    }

    /// Seconds without use and in all after which a session is over.
    pub(super) fn limits(&self) -> (&str, &str) {
        (&self.idle, &self.longest)
    }

    /// Starts a session; returns the value of its cookie.
    pub(super) async fn begin(
        &self,
        person: Uuid,
        address: &str,
        browser: &str,
    ) -> Result<(String, Session), ProviderError> {
        let cookie = BASE64.encode(random_bytes());
        let browser: String = browser.chars().filter(|c| !c.is_control()).take(200).collect();
        let (sid, person) = (Uuid::new_v4().to_string(), person.to_string());
        let values = [Some(&*sid), Some(&*hash(&cookie)), Some(&*person), Some(address), Some(&*browser)];
        let session = self.store.first(BEGIN, &values).await?.ok_or(ProviderError::NotReady)?;
        Ok((cookie, session))
    }

    /// The session of a cookie and its person; it counts as used.
    pub(super) async fn by_cookie(&self, cookie: &str) -> Result<Option<(Session, Person)>, ProviderError> {
        let values = [Some(&*hash(cookie)), Some(&*self.idle), Some(&*self.longest)];
        let rows = self.store.rows(BY_COOKIE, &values).await?;
        rows.first().map(|row| Ok((column(row, 0)?, column(row, 1)?))).transpose()
    }

    /// Ends a session and everything that descends from it.
    pub(super) async fn end(&self, sid: Uuid) -> Result<(), ProviderError> {
        self.store.rows(END, &[Some(&sid.to_string())]).await.map(drop)
    }

    /// Ends one session of a person.
    pub(super) async fn end_of(&self, person: Uuid, sid: Uuid) -> Result<(), ProviderError> {
        self.store.rows(END_OF, &[Some(&person.to_string()), Some(&sid.to_string())]).await.map(drop)
    }

    /// Ends all sessions of a person.
    pub(super) async fn end_all_of(&self, person: Uuid) -> Result<(), ProviderError> {
        self.store.rows(END_ALL, &[Some(&person.to_string())]).await.map(drop)
    }

    /// Live sessions of a person, the last used first.
    pub(super) async fn list_of(&self, person: Uuid) -> Result<Vec<Session>, ProviderError> {
        let values = [Some(&*person.to_string()), Some(&*self.idle), Some(&*self.longest)];
        self.store.rows(LIST, &values).await?.iter().map(|row| column(row, 0)).collect()
    }

    /// Makes a code for a grant.
    pub(super) async fn issue_code(&self, grant: &Grant) -> Result<String, ProviderError> {
        let code = format!("{}.{}", BASE64.encode(random_bytes()), grant.sid);
        let values = [
            Some(&*hash(&code)),
            Some(&*grant.sid.to_string()),
            Some(&*grant.redirect_uri),
            Some(&*grant.code_challenge),
            grant.nonce.as_deref(),
            Some(&*grant.scope),
        ];
        self.store.rows(CODE_INSERT, &values).await?;
        Ok(code)
    }

    /// Exchanges a code, once. A failed exchange spends the code: nobody gets to try verifiers. A second use revokes
    /// what came from the first.
    pub(super) async fn redeem_code(
        &self,
        code: &str,
        redirect_uri: &str,
        code_challenge: &str,
    ) -> Result<Option<Granted>, ProviderError> {
        // PostgreSQL's text has no NUL; such an address is none of ours.
        let redirect_uri = if redirect_uri.contains('\0') { "" } else { redirect_uri };
        let family = Uuid::new_v4().to_string();
        let values = [
            Some(&*hash(code)),
            Some(redirect_uri),
            Some(code_challenge),
            Some(CODE_LIFETIME),
            Some(&*family),
            Some(&*self.idle),
            Some(&*self.longest),
            Some(FAMILIES_PER_SESSION),
        ];
        let rows = self.store.rows(CODE_REDEEM, &values).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let nonce = row.text(3).map(str::to_owned);
        Ok(Some(Granted { family: column(row, 0)?, session: column(row, 1)?, person: column(row, 2)?, nonce }))
    }

    /// Uses up a refresh token: the next one of the family becomes the valid one.
    pub(super) async fn rotate(&self, family: Uuid, generation: u64) -> Result<Refreshed, ProviderError> {
        let (family, generation) = (family.to_string(), generation.to_string());
        let values = [Some(&*family), Some(&*generation), Some(&*self.idle), Some(&*self.longest)];
        let rows = self.store.rows(ROTATE, &values).await?;
        if let Some(row) = rows.first() {
            let granted =
                Granted { family: column(row, 0)?, session: column(row, 1)?, person: column(row, 2)?, nonce: None };
            return Ok(Refreshed::Granted(Box::new(granted)));
        }
        let replayed = self.store.has_row(REFUSED, &[Some(&family), Some(&generation)]).await?;
        Ok(if replayed { Refreshed::Replayed } else { Refreshed::Ended })
    }

    /// Forgets a family, for the revocation endpoint.
    pub(super) async fn revoke(&self, family: Uuid) -> Result<(), ProviderError> {
        self.store.rows(REVOKE, &[Some(&family.to_string())]).await.map(drop)
    }

    /// Seconds that a session may rest.
    pub(super) fn idle_seconds(&self) -> i64 {
        self.idle.parse().unwrap_or(i64::MAX)
    }
}

/// Secrets are looked up by their hashes: no timing tells how much of one was right.
pub(super) fn hash(secret: &str) -> String {
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()))
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
