//! From an `Authorization` header to an [`Identity`].

use super::{
    AuthError, ClaimPaths, Clock, KeySet, KeySource, KeyStatus, RolePath, SetupError, SharedKeySet,
    claims::{self, Expected, Validity},
    jws::Parts,
    key_source::Keys,
    keys::digest,
};
use serde_json::{Map, Value};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Roles that no request may ever become, whatever a token says (ARCHITECTURE.md §2).
const NEVER_FOR_REQUESTS: [&str; 3] = ["civic_os_worker", "civic_os_payments", "civic_os_identity"];

/// Rough upper limit of the memory for verified tokens, in bytes.
const CACHE_BYTES: u64 = 24 * 1024 * 1024;
/// What a token needs beside its claims, as measured: identity, entry, and the cache's own lists.
const ENTRY_BYTES: u32 = 2_500;
/// A token that is not sent for so long is verified again, which takes some 20 µs: most have been replaced by a newer one.
const IDLE: Duration = Duration::from_secs(120);
/// More than any token lives; the cache's own limit is far above.
const LONGEST_CACHED: Duration = Duration::from_secs(365 * 86_400);

/// What a token has to satisfy and which role it gives.
#[derive(Clone, Debug)]
pub struct AuthOptions {
    /// Role of requests without a token; `None` refuses them with PGRST302.
    pub anonymous_role: Option<String>,
    /// Audience that a token with an `aud` must name.
    pub audience: Option<String>,
    /// Issuer that `iss` must equal. Independent of the key source, so that several processes agree.
    pub issuer: Option<String>,
    /// Clients (`azp`) whose tokens are accepted; `None` accepts all.
    pub authorized_parties: Option<Vec<String>>,
    /// Whether tokens whose `typ` claim is not `Bearer` (ID and refresh tokens) are refused.
    pub access_tokens_only: bool,
    /// `jwt-role-claim-key`.
    pub role_claim_key: String,
    /// Whether the role claim chooses the database role. Without it every request starts as the anonymous role and
    /// `check_jwt` switches (D-25).
    pub honour_role_claim: bool,
    /// Roles that a request may become; `None` or none at all: any that the login may become. The worker roles never.
    pub allowed_roles: Option<Vec<String>>,
    /// Longest time a verified token stays in the cache; zero switches the cache off.
    pub cache_max_lifetime: Duration,
    /// Id of the web application's client: roles may be listed under it.
    pub client_id: Option<String>,
    /// Where the claims are that SQL functions look for.
    pub claim_paths: ClaimPaths,
    /// The time of day.
    pub clock: Clock,
}

impl Default for AuthOptions {
    /// Civic OS's own rules: start as `web_anon`, audience `account`, access tokens only.
    fn default() -> Self {
        Self {
            anonymous_role: Some("web_anon".into()),
            audience: Some("account".into()),
            issuer: None,
            authorized_parties: None,
            access_tokens_only: true,
            role_claim_key: ".role".into(),
            honour_role_claim: false,
            allowed_roles: Some(vec!["web_anon".into(), "authenticated".into()]),
            cache_max_lifetime: Duration::from_secs(3600),
            client_id: None,
            claim_paths: ClaimPaths::default(),
            clock: Clock::default(),
        }
    }
}

impl AuthOptions {
    /// PostgREST's rules: the role claim decides, no default audience or anonymous role.
    pub fn postgrest() -> Self {
        Self {
            anonymous_role: None,
            audience: None,
            access_tokens_only: false,
            honour_role_claim: true,
            allowed_roles: None,
            ..Self::default()
        }
    }
}

/// Who is asking, as far as a request needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Database role the transaction starts as.
    pub role: String,
    /// JSON text for the setting `request.jwt.claims`; it always has a `role`.
    pub claims_json: String,
    /// The claim `sub`.
    pub subject: Option<String>,
    /// Whether this is nobody in particular: no token, or one that gives no more than the anonymous role. Decides
    /// between 401 and 403 when the database refuses.
    pub anonymous: bool,
}

/// Verifies bearer tokens. Cheap to clone; clones share keys and cache.
#[derive(Clone)]
pub struct Authenticator {
    current: Arc<RwLock<Arc<Inner>>>,
}

struct Inner {
    options: AuthOptions,
    role_path: RolePath,
    keys: Arc<Keys>,
    anonymous: Option<Arc<Identity>>,
    cache: moka::sync::Cache<[u8; 32], Arc<Verified>>,
}

struct Verified {
    identity: Arc<Identity>,
    validity: Validity,
    cached_until: f64,
    /// Version of the key set that verified it: tokens of a removed key must not live on in the cache.
    key_version: u64,
}

impl Authenticator {
    /// Builds the authenticator. With an issuer this starts the background refresh, inside a tokio runtime.
    ///
    /// # Errors
    /// The role path or the key source is not usable; an unreachable issuer is no error.
    pub fn new(options: AuthOptions, source: KeySource) -> Result<Self, SetupError> {
        let inner = Inner::new(options, Arc::new(source.open()?))?;
        Ok(Self { current: Arc::new(RwLock::new(Arc::new(inner))) })
    }

    /// Goes by other rules, and other keys where a source is given, from the next request on. Tokens that were verified
    /// before are verified again. On an error nothing changes.
    ///
    /// # Errors
    /// As [`Authenticator::new`].
    pub fn replace(&self, options: AuthOptions, source: Option<KeySource>) -> Result<(), SetupError> {
        let keys = match source {
            Some(source) => Arc::new(source.open()?),
            None => Arc::clone(&self.inner().keys),
        };
        let inner = Arc::new(Inner::new(options, keys)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = inner;
        Ok(())
    }

    fn inner(&self) -> Arc<Inner> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Decides who is asking from the `Authorization` headers of a request as they came. Two of them are refused: what
    /// stands before us and we might not take the same one.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn authenticate_headers<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h [u8]>,
    ) -> Result<Arc<Identity>, AuthError> {
        let mut headers = headers.into_iter();
        let (first, second) = (headers.next(), headers.next());
        if second.is_some() {
            return Err(AuthError::undecodable_because(
                "JWT couldn't be decoded",
                "The Authorization header came more than once",
            ));
        }
        // Bytes beyond ASCII make a token undecodable, not anonymous.
        let first = first.map(String::from_utf8_lossy);
        self.authenticate(first.as_deref()).await
    }

    /// Decides who is asking from the value of the `Authorization` header. Schemes other than Bearer count as no
    /// header. Waits only when the token names an unknown key and the issuer is asked for newer ones.
    ///
    /// # Errors
    /// See [`AuthError`].
    pub async fn authenticate(&self, authorization_header: Option<&str>) -> Result<Arc<Identity>, AuthError> {
        let inner = self.inner();
        let Some(token) = authorization_header.and_then(bearer_token) else {
            return inner.anonymous.clone().ok_or(AuthError::AnonymousDisabled);
        };
        if token.is_empty() {
            Parts::parse(token)?;
        }
        match &*inner.keys {
            Keys::None => Err(AuthError::NoKeysConfigured),
            // The embedded provider has not read its keys yet.
            Keys::Shared(shared) if shared.current().is_empty() => Err(AuthError::KeysUnavailable { retry_after: 5 }),
            Keys::Shared(shared) => inner.verify_cached(shared, token),
            Keys::Issuer(issuer) => {
                let shared = issuer.keys();
                if shared.current().is_empty() {
                    // A start without the provider: anonymous requests work, signed ones have to wait.
                    issuer.look_for_newer_keys().await;
                    if shared.current().is_empty() {
                        return Err(AuthError::KeysUnavailable { retry_after: issuer.retry_after() });
                    }
                }
                match inner.verify_cached(shared, token) {
                    Err(_) if Parts::parse(token)?.names_unknown_key(&shared.current()) => {
                        issuer.look_for_newer_keys().await;
                        inner.verify_cached(shared, token)
                    }
                    decided => decided,
                }
            }
        }
    }

    /// The identity of requests without a token, if they are allowed.
    pub fn anonymous(&self) -> Option<Arc<Identity>> {
        self.inner().anonymous.clone()
    }

    /// Settings of every transaction of a request, by which SQL functions find a person's roles in the claims (D-18).
    pub fn sql_settings(&self) -> Vec<(String, String)> {
        let options = &self.inner().options;
        options.claim_paths.sql_settings(options.client_id.as_deref())
    }

    /// What is known about the keys.
    pub fn key_status(&self) -> KeyStatus {
        let of = |source: &str, keys: &KeySet| KeyStatus {
            source: source.into(),
            keys: keys.describe(),
            left_out: keys.left_out.clone(),
            ..KeyStatus::default()
        };
        match &*self.inner().keys {
            Keys::Issuer(issuer) => issuer.status(),
            Keys::Shared(shared) => of("this process", &shared.current()),
            Keys::None => of("none configured", &KeySet::default()),
        }
    }

    /// The issuer whose keys are used, if the keys come from one.
    pub fn issuer(&self) -> Option<String> {
        let inner = self.inner();
        match &*inner.keys {
            Keys::Issuer(issuer) => Some(issuer.issuer().to_owned()),
            _ => inner.options.issuer.clone(),
        }
    }
}

impl Inner {
    fn new(options: AuthOptions, keys: Arc<Keys>) -> Result<Self, SetupError> {
        let role_path = RolePath::parse(&options.role_claim_key)?;
        let anonymous = options.anonymous_role.as_ref().map(|role| {
            let claims_json = serde_json::json!({ "role": role }).to_string();
            Arc::new(Identity { role: role.clone(), claims_json, subject: None, anonymous: true })
        });
        let cache = moka::sync::Cache::builder()
            .max_capacity(CACHE_BYTES)
            // What is not asked for again is not kept until the room is needed.
            .time_to_live(options.cache_max_lifetime.min(LONGEST_CACHED))
            .time_to_idle(IDLE)
            .weigher(|_, verified: &Arc<Verified>| {
                u32::try_from(verified.identity.claims_json.len()).unwrap_or(u32::MAX).saturating_add(ENTRY_BYTES)
            })
            .build();
        Ok(Self { options, role_path, keys, anonymous, cache })
    }

    fn verify_cached(&self, shared: &SharedKeySet, token: &str) -> Result<Arc<Identity>, AuthError> {
        let key_version = shared.version();
        let now = self.options.clock.now();
        let fingerprint = digest(token.as_bytes());
        if let Some(verified) = self.cache.get(&fingerprint)
            && now < verified.cached_until
            && verified.key_version == key_version
        {
            verified.validity.check(now)?;
            return Ok(Arc::clone(&verified.identity));
        }
        let (identity, validity) = self.verify(&shared.current(), token, now)?;
        let lifetime = self.options.cache_max_lifetime.as_secs_f64();
        if lifetime > 0.0 {
            let cached_until = (now + lifetime).min(validity.expires.map_or(f64::INFINITY, |expires| expires + 60.0));
            let verified = Verified { identity: Arc::clone(&identity), validity, cached_until, key_version };
            self.cache.insert(fingerprint, Arc::new(verified));
        }
        Ok(identity)
    }

    fn verify(&self, keys: &KeySet, token: &str, now: f64) -> Result<(Arc<Identity>, Validity), AuthError> {
        let payload = Parts::parse(token)?.verify(keys)?;
        let Ok(mut claims) = serde_json::from_slice::<Value>(&payload) else {
            return Err(AuthError::claims("Parsing claims failed"));
        };
        let Some(members) = claims.as_object() else {
            return Err(AuthError::claims("Parsing claims failed"));
        };
        let expected = Expected {
            audience: self.options.audience.as_deref(),
            issuer: self.options.issuer.as_deref(),
            authorized_parties: self.options.authorized_parties.as_deref(),
            access_tokens_only: self.options.access_tokens_only,
        };
        let validity = claims::check(members, &expected, now)?;
        if let Some(members) = claims.as_object_mut() {
            self.options.claim_paths.normalise(members, self.options.client_id.as_deref().unwrap_or_default());
        }
        let subject = claims.get("sub").filter(|subject| !subject.is_null()).map(text_of);
        let identity = if self.options.honour_role_claim {
            let role = self.claimed_role(&claims)?;
            let anonymous = self.options.anonymous_role.as_deref() == Some(role.as_str());
            set_role(&mut claims, &role);
            Identity { role, claims_json: claims.to_string(), subject, anonymous }
        } else {
            let role = self.options.anonymous_role.clone().ok_or(AuthError::AnonymousDisabled)?;
            if claims.get("role").is_none_or(Value::is_null) {
                set_role(&mut claims, &role);
            }
            let anonymous = subject.is_none();
            Identity { role, claims_json: claims.to_string(), subject, anonymous }
        };
        Ok((Arc::new(identity), validity))
    }

    fn claimed_role(&self, claims: &Value) -> Result<String, AuthError> {
        let role = match self.role_path.find(claims) {
            Some(role) => role.into_owned(),
            None => return self.options.anonymous_role.clone().ok_or(AuthError::AnonymousDisabled),
        };
        let allowed = self.options.allowed_roles.as_deref().unwrap_or_default();
        let listed = allowed.is_empty() || allowed.contains(&role);
        if !listed || NEVER_FOR_REQUESTS.contains(&role.as_str()) {
            return Err(AuthError::RoleNotAllowed { role });
        }
        Ok(role)
    }
}

fn set_role(claims: &mut Value, role: &str) {
    let mut empty = Map::new();
    claims.as_object_mut().unwrap_or(&mut empty).insert("role".into(), role.into());
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), Into::into)
}

/// The token of a Bearer header; `None` when the scheme is another one.
fn bearer_token(header: &str) -> Option<&str> {
    let header = header.trim_matches([' ', '\t']);
    let (scheme, rest) = header.split_once([' ', '\t']).unwrap_or((header, ""));
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_matches([' ', '\t']))
}
