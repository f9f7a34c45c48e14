//! Who is signed in: sessions by cookie, authorization codes, families of refresh tokens. Secrets are kept as hashes.
//!
//! Everything is in memory and written to `sessions.json` a moment after a change and at the end, so that a restart
//! signs nobody out.

use super::{ProviderError, files, signing_keys::random_bytes};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};
use std::time::Duration;
use time::OffsetDateTime;
use uuid::Uuid;

/// Seconds between the redirect and the exchange of a code.
const CODE_LIFETIME: i64 = 60;
/// Families of refresh tokens that one session may have (browser tabs); the oldest goes first.
const FAMILIES_PER_SESSION: usize = 50;

/// A signed-in browser.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Session {
    /// The claim `sid`.
    pub(super) sid: Uuid,
    pub(super) subject: Uuid,
    /// Seconds since 1970 at which the password was checked.
    pub(super) auth_time: i64,
    pub(super) last_used: i64,
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

struct Code {
    grant: Grant,
    created: i64,
    /// The family made from it; present once the code is used.
    used_for: Option<Uuid>,
}

/// Refresh tokens that descend from one code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Family {
    pub(super) sid: Uuid,
    pub(super) scope: String,
    /// Number of the only token that is valid.
    pub(super) generation: u64,
    created: i64,
}

/// Why a refresh token was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RefreshRefusal {
    /// The session or family has ended.
    Ended,
    /// The token was used before: the family has been revoked.
    Replayed,
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// By hash of the cookie's value.
    sessions: HashMap<String, Session>,
    families: HashMap<Uuid, Family>,
}

#[derive(Default)]
struct State {
    stored: Stored,
    codes: HashMap<String, Code>,
}

/// All sessions of the realm.
pub(super) struct Sessions {
    path: PathBuf,
    idle: i64,
    longest: i64,
    state: Mutex<State>,
    changed: AtomicBool,
}

impl Sessions {
    pub(super) fn open(folder: &Path, idle: Duration, longest: Duration) -> Result<Self, ProviderError> {
        let path = folder.join("sessions.json");
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let stored = match files::read(&path) {
            // Sessions are no loss worth refusing to start for.
            Err(ProviderError::Damaged { .. }) => None,
            other => other?,
        };
        let state = Mutex::new(State { stored: stored.unwrap_or_default(), codes: HashMap::new() });
        let (idle, longest) = (seconds(idle), seconds(longest));
        Ok(Self { path, idle, longest, state, changed: AtomicBool::new(false) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self, session: &Session, now: i64) -> bool {
        now - session.last_used < self.idle && now - session.auth_time < self.longest
    }

    /// Starts a session; returns the value of its cookie.
    pub(super) fn begin(&self, subject: Uuid) -> (String, Session) {
        let cookie = BASE64.encode(random_bytes());
        let now = now();
        let session = Session { sid: Uuid::new_v4(), subject, auth_time: now, last_used: now };
        let mut state = self.lock();
        state.stored.sessions.retain(|_, session| self.alive(session, now));
        state.stored.sessions.insert(hash(&cookie), session.clone());
        self.changed.store(true, Ordering::Release);
        (cookie, session)
    }

    /// The session of a cookie, which counts as used.
    pub(super) fn by_cookie(&self, cookie: &str) -> Option<Session> {
        let now = now();
        let mut state = self.lock();
        let session = state.stored.sessions.get_mut(&hash(cookie)).filter(|session| self.alive(session, now))?;
        session.last_used = now;
        let session = session.clone();
        self.changed.store(true, Ordering::Release);
        Some(session)
    }

    /// Ends a session and everything that descends from it.
    pub(super) fn end(&self, sid: Uuid) {
        self.end_where(|session| session.sid == sid);
    }

    /// Ends all sessions of a person.
    pub(super) fn end_all_of(&self, subject: Uuid) {
        self.end_where(|session| session.subject == subject);
    }

    fn end_where(&self, matches: impl Fn(&Session) -> bool) {
        let mut state = self.lock();
        let ended: Vec<Uuid> = state.stored.sessions.values().filter(|s| matches(s)).map(|s| s.sid).collect();
        state.stored.sessions.retain(|_, session| !matches(session));
        state.stored.families.retain(|_, family| !ended.contains(&family.sid));
        state.codes.retain(|_, code| !ended.contains(&code.grant.sid));
        self.changed.store(true, Ordering::Release);
    }

    /// Number of live sessions of a person.
    pub(super) fn count_of(&self, subject: Uuid) -> usize {
        let now = now();
        self.lock().stored.sessions.values().filter(|s| s.subject == subject && self.alive(s, now)).count()
    }

    /// Makes a code for a grant.
    pub(super) fn issue_code(&self, grant: Grant) -> String {
        let code = format!("{}.{}", BASE64.encode(random_bytes()), grant.sid);
        let now = now();
        let mut state = self.lock();
        state.codes.retain(|_, code| now - code.created <= 10 * CODE_LIFETIME);
        state.codes.insert(hash(&code), Code { grant, created: now, used_for: None });
        code
    }

    /// Exchanges a code, once, when `check` accepts its grant. A second use revokes what came from the first.
    pub(super) fn redeem_code(
        &self,
        code: &str,
        check: impl FnOnce(&Grant) -> bool,
    ) -> Option<(Grant, Session, Uuid, Family)> {
        let now = now();
        let mut guard = self.lock();
        let state = &mut *guard;
        let entry = state.codes.get_mut(&hash(code))?;
        if let Some(family) = entry.used_for {
            state.stored.families.remove(&family);
            self.changed.store(true, Ordering::Release);
            return None;
        }
        if now - entry.created > CODE_LIFETIME || !check(&entry.grant) {
            // A failed exchange spends the code: nobody gets to try verifiers.
            state.codes.remove(&hash(code));
            return None;
        }
        let grant = entry.grant.clone();
        let session = state.stored.sessions.values_mut().find(|s| s.sid == grant.sid && self.alive(s, now))?;
        session.last_used = now;
        let session = session.clone();
        let id = Uuid::new_v4();
        entry.used_for = Some(id);
        let family = Family { sid: grant.sid, scope: grant.scope.clone(), generation: 0, created: now };
        make_room(&mut state.stored.families, grant.sid);
        state.stored.families.insert(id, family.clone());
        self.changed.store(true, Ordering::Release);
        Some((grant, session, id, family))
    }

    /// Uses up a refresh token: the next one of the family becomes the valid one.
    pub(super) fn rotate(&self, id: Uuid, generation: u64) -> Result<(Session, Family), RefreshRefusal> {
        let now = now();
        let mut guard = self.lock();
        let state = &mut *guard;
        let family = state.stored.families.get_mut(&id).ok_or(RefreshRefusal::Ended)?;
        if family.generation != generation {
            state.stored.families.remove(&id);
            self.changed.store(true, Ordering::Release);
            return Err(RefreshRefusal::Replayed);
        }
        let session = state.stored.sessions.values_mut().find(|s| s.sid == family.sid && self.alive(s, now));
        let session = session.ok_or(RefreshRefusal::Ended)?;
        session.last_used = now;
        family.generation += 1;
        let result = (session.clone(), family.clone());
        self.changed.store(true, Ordering::Release);
        Ok(result)
    }

    /// Forgets a family, for the revocation endpoint.
    pub(super) fn revoke(&self, id: Uuid) {
        self.lock().stored.families.remove(&id);
        self.changed.store(true, Ordering::Release);
    }

    /// Seconds that a session may rest.
    pub(super) fn idle_seconds(&self) -> i64 {
        self.idle
    }

    /// Writes the file if something has changed since.
    pub(super) fn save(&self) -> Result<(), ProviderError> {
        if !self.changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let now = now();
        let content = {
            let mut state = self.lock();
            state.stored.sessions.retain(|_, session| self.alive(session, now));
            let live: Vec<Uuid> = state.stored.sessions.values().map(|session| session.sid).collect();
            state.stored.families.retain(|_, family| live.contains(&family.sid));
            serde_json::to_value(&state.stored).unwrap_or_default()
        };
        files::write(&self.path, &content)
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        if let Err(error) = self.save() {
            tracing::warn!(%error, "the provider's sessions are not kept");
        }
    }
}

fn make_room(families: &mut HashMap<Uuid, Family>, sid: Uuid) {
    let mut own: Vec<(i64, Uuid)> =
        families.iter().filter(|(_, family)| family.sid == sid).map(|(id, family)| (family.created, *id)).collect();
    own.sort_unstable();
    let surplus = (own.len() + 1).saturating_sub(FAMILIES_PER_SESSION);
    for (_, id) in own.into_iter().take(surplus) {
        families.remove(&id);
    }
}

/// Secrets are compared as hashes: no timing tells how much of one was right.
fn hash(secret: &str) -> String {
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, secret.as_bytes()))
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}
