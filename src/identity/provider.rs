//! The provider as a whole: its parts, its options, its routes, and what it does in the background.

use super::{
    Appearance, Directory, LetterSender, NewPerson, ProviderError, account, administration, authorize, choose_password,
    documents, form, frames, logout,
    passwords::PasswordChecks,
    people::{People, Person},
    redirects::{Redirects, origin_of},
    sessions::{Session, Sessions},
    signing_keys::{ANNOUNCED, RETIRE_AFTER, SigningKeys},
    store::Store,
    throttle::Throttle,
    token,
};
use crate::auth::{AuthOptions, Authenticator, KeySource, SharedKeySet};
use crate::db::Db;
use crate::limits::ClientAddress;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

const CLEAN: &str = include_str!("../sql/identity/clean.sql");
/// Pause between two looks for keys that another process has made.
const LOOK_FOR_KEYS: Duration = Duration::from_secs(15);
/// Looks between two rounds of forgetting what is over.
const LOOKS_PER_CLEANING: u32 = 40;

/// What a provider needs to know.
#[derive(Clone)]
pub struct ProviderOptions {
    /// Name in the paths, `civic-os`.
    pub realm: String,
    /// The one client, public, PKCE only.
    pub client_id: String,
    /// `<web.public_url>/realms/<realm>`.
    pub issuer: String,
    /// URLs or origins of the web client; browsers are sent back to pages of these only.
    pub redirect_origins: Vec<String>,
    /// Validity of access and ID tokens.
    pub access_token_lifetime: Duration,
    /// How long a sign-in lasts without use.
    pub session_idle_lifetime: Duration,
    /// How long a sign-in lasts at most.
    pub session_max_lifetime: Duration,
    /// How long a key signs before the next one takes over.
    pub key_rotation: Duration,
    /// People to be there after the start.
    pub people: Vec<NewPerson>,
    /// Accounts to show on the sign-in page, with a password that is no secret. Demonstrations on loopback only.
    pub shown_password: Option<String>,
    /// Name and colours of the organisation.
    pub appearance: Appearance,
    /// Who sends invitations and links to choose another password; without it administrators hand links over.
    pub letter_sender: Option<Arc<dyn LetterSender>>,
}

impl ProviderOptions {
    /// Defaults for an issuer whose web client lives at the same origin.
    pub fn new(public_url: &str, realm: &str, client_id: &str) -> Self {
        let public_url = public_url.trim_end_matches('/');
        Self {
            realm: realm.into(),
            client_id: client_id.into(),
            issuer: format!("{public_url}/realms/{realm}"),
            redirect_origins: vec![public_url.into()],
            access_token_lifetime: Duration::from_secs(300),
            session_idle_lifetime: Duration::from_secs(36_000),
            session_max_lifetime: Duration::from_secs(7 * 24 * 3600),
            key_rotation: Duration::from_secs(90 * 24 * 3600),
            people: Vec::new(),
            shown_password: None,
            appearance: Appearance::default(),
            letter_sender: None,
        }
    }
}

/// A running provider; cheap to clone.
#[derive(Clone)]
pub struct Provider {
    inner: web::Data<Inner>,
}

/// What handlers share.
pub(super) struct Inner {
    pub(super) realm_path: String,
    pub(super) client_id: String,
    pub(super) issuer: String,
    pub(super) own_origin: String,
    pub(super) redirects: Redirects,
    pub(super) access_token_lifetime: Duration,
    pub(super) shown_accounts: Vec<(String, String)>,
    pub(super) appearance: Appearance,
    pub(super) keys: SigningKeys,
    pub(super) directory: Directory,
    pub(super) sessions: Sessions,
    pub(super) passwords: PasswordChecks,
    pub(super) throttle: Throttle,
    pub(super) access_tokens: Authenticator,
    pub(super) secure_cookies: bool,
    store: Store,
    key_rotation: Duration,
    wanted_people: Vec<NewPerson>,
    made_passwords: OnceLock<Vec<(String, String)>>,
}

impl Provider {
    /// Makes a provider on a database; nothing is asked of it yet.
    ///
    /// # Errors
    /// An option is not usable.
    pub fn new(options: ProviderOptions, db: Db) -> Result<Self, ProviderError> {
        let own_origin =
            origin_of(&options.issuer).ok_or_else(|| ProviderError::Url { url: options.issuer.clone() })?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if options.realm.is_empty() || !options.realm.chars().all(fits) {
            return Err(ProviderError::Realm { realm: options.realm });
        }
        let shown_accounts = options
            .shown_password
            .iter()
            .flat_map(|password| options.people.iter().map(|person| (person.username.clone(), password.clone())))
            .collect();
        let store = Store::new(db.clone());
        let keys = SigningKeys::new(store.clone());
        let rules = AuthOptions { issuer: Some(options.issuer.clone()), ..AuthOptions::default() };
        let access_tokens = Authenticator::new(rules, KeySource::Local(keys.shared()))
            .map_err(|error| ProviderError::Damaged { reason: error.to_string() })?;
        let inner = web::Data::new(Inner {
            realm_path: format!("/realms/{}", options.realm),
            client_id: options.client_id,
            own_origin,
            redirects: Redirects::new(&options.redirect_origins)?,
            access_token_lifetime: options.access_token_lifetime,
            shown_accounts,
            directory: Directory::new(db, &options.issuer, options.appearance.clone(), options.letter_sender),
            appearance: options.appearance,
            keys,
            sessions: Sessions::new(store.clone(), options.session_idle_lifetime, options.session_max_lifetime),
            passwords: PasswordChecks::new(),
            throttle: Throttle::new(store.clone()),
            access_tokens,
            secure_cookies: options.issuer.starts_with("https:"),
            issuer: options.issuer,
            store,
            key_rotation: options.key_rotation,
            wanted_people: options.people,
            made_passwords: OnceLock::new(),
        });
        Ok(Self { inner })
    }

    /// Loads or makes keys and the people of the options, and goes on looking for changes in the background. While the
    /// database is away it answers 503 and tries again by itself. The first start takes up to a second.
    ///
    /// # Errors
    /// What is stored cannot be used; a database that is away is no error.
    pub async fn start(&self) -> Result<(), ProviderError> {
        match self.inner.prepare().await {
            Err(error) if !error.is_unreachable() => return Err(error),
            Err(error) => tracing::warn!(%error, "the identity provider waits for the database"),
            Ok(()) => {}
        }
        tokio::spawn(watch(Arc::downgrade(&self.inner.clone().into_inner())));
        Ok(())
    }

    /// Mounts `/realms/<realm>/…` and `/auth/users`.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        let protocol = web::scope("/protocol/openid-connect")
            .route("/auth", web::get().to(authorize::get))
            .route("/auth", web::post().to(authorize::post))
            .route("/token", web::post().to(token::exchange))
            .route("/token", web::method(actix_web::http::Method::OPTIONS).to(token::preflight))
            .route("/revoke", web::post().to(token::revoke))
            .route("/revoke", web::method(actix_web::http::Method::OPTIONS).to(token::preflight))
            .route("/certs", web::get().to(documents::certs))
            .route("/userinfo", web::get().to(documents::userinfo))
            .route("/userinfo", web::post().to(documents::userinfo))
            .route("/userinfo", web::method(actix_web::http::Method::OPTIONS).to(token::preflight))
            .route("/logout", web::get().to(logout::get))
            .route("/logout", web::post().to(logout::post))
            .route("/login-status-iframe.html", web::get().to(frames::login_status))
            .route("/3p-cookies/step1.html", web::get().to(frames::third_party_cookies_step1))
            .route("/3p-cookies/step2.html", web::get().to(frames::third_party_cookies_step2));
        let realm = web::scope(&self.inner.realm_path)
            .app_data(self.inner.clone())
            .app_data(web::PayloadConfig::new(form::LARGEST_BODY))
            .route("", web::get().to(documents::realm))
            .route("/.well-known/openid-configuration", web::get().to(documents::discovery))
            .service(protocol)
            .route("/login-actions/authenticate", web::post().to(authorize::sign_in))
            .route("/login-actions/authenticate", web::get().to(authorize::reloaded))
            .route("/login-actions/second-factor", web::post().to(authorize::second_factor))
            .route("/login-actions/second-factor", web::get().to(authorize::reloaded))
            .route("/login-actions/set-password", web::get().to(choose_password::get))
            .route("/login-actions/set-password", web::post().to(choose_password::post))
            .route("/login-actions/forgotten-password", web::get().to(choose_password::forgotten))
            .route("/login-actions/forgotten-password", web::post().to(choose_password::send))
            .service(account::routes())
            .route("/resources/{file}", web::get().to(frames::resource))
            .default_service(web::to(documents::not_found));
        let administration =
            administration::routes().app_data(self.inner.clone()).app_data(web::PayloadConfig::new(form::LARGEST_BODY));
        routes.service(realm).service(administration);
    }

    /// The verification keys, shared: a rotation shows at once.
    pub fn key_set(&self) -> SharedKeySet {
        self.inner.keys.shared()
    }

    /// The issuer in its tokens.
    pub fn issuer(&self) -> &str {
        &self.inner.issuer
    }

    /// Username and password of people that this start made with a random password: to be shown once.
    pub fn made_passwords(&self) -> &[(String, String)] {
        self.inner.made_passwords.get().map_or(&[], Vec::as_slice)
    }

    /// Makes another signing key, published at once, that signs after `announced`. The old ones stay published for a
    /// day. Other processes know it within 15 seconds.
    ///
    /// # Errors
    /// The key cannot be made or kept.
    pub async fn rotate_keys(&self, announced: Duration) -> Result<Option<String>, ProviderError> {
        self.inner.keys.rotate(Duration::ZERO, announced).await
    }

    /// The people, for administration.
    pub fn directory(&self) -> Directory {
        self.inner.directory.clone()
    }
}

async fn watch(provider: Weak<Inner>) {
    let mut looks = 0u32;
    loop {
        let ready = match provider.upgrade() {
            Some(inner) => inner.keys.published().is_ok(),
            None => return,
        };
        tokio::time::sleep(if ready { LOOK_FOR_KEYS } else { Duration::from_secs(1) }).await;
        let Some(inner) = provider.upgrade() else { return };
        looks = looks.wrapping_add(1);
        if let Err(error) = inner.look(looks.is_multiple_of(LOOKS_PER_CLEANING)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the identity provider's state is not refreshed");
        }
    }
}

/// Cookie with the session's secret.
pub(super) const SESSION_COOKIE: &str = "CIVIC_OS_SESSION";
/// Cookie that scripts of the status page may read: the session's name, which gives access to nothing.
pub(super) const STATE_COOKIE: &str = "CIVIC_OS_SESSION_STATE";
/// Cookie that ties a form to the browser it was shown in.
pub(super) const FORM_COOKIE: &str = "CIVIC_OS_FORM";

impl Inner {
    /// A cookie for this realm only.
    pub(super) fn cookie<'c>(&self, name: &'c str, value: String, for_scripts: bool) -> Cookie<'c> {
        Cookie::build(name, value)
            .path(format!("{}/", self.realm_path))
            .http_only(!for_scripts)
            .secure(self.secure_cookies)
            .same_site(SameSite::Lax)
            .finish()
    }

    /// The same cookie, to be deleted.
    pub(super) fn removal<'c>(&self, name: &'c str, for_scripts: bool) -> Cookie<'c> {
        let mut cookie = self.cookie(name, String::new(), for_scripts);
        cookie.make_removal();
        cookie
    }

    /// The session of a request and its enabled person.
    pub(super) async fn session(&self, request: &HttpRequest) -> Result<Option<(Session, Person)>, ProviderError> {
        match request.cookie(SESSION_COOKIE) {
            Some(cookie) => self.sessions.by_cookie(cookie.value()).await,
            None => Ok(None),
        }
    }

    pub(super) fn people(&self) -> &People {
        &self.directory.people
    }

    async fn prepare(&self) -> Result<(), ProviderError> {
        self.keys.load().await?;
        if self.made_passwords.get().is_none() {
            let made = self.people().ensure(&self.wanted_people).await?;
            let _ = self.made_passwords.set(made);
        }
        Ok(())
    }

    async fn look(&self, clean: bool) -> Result<(), ProviderError> {
        self.prepare().await?;
        if let Some(kid) = self.keys.rotate(self.key_rotation, ANNOUNCED).await? {
            tracing::info!(kid, "a new signing key was made; it signs in a minute");
        }
        if clean {
            let (idle, longest) = self.sessions.limits();
            self.store.rows(CLEAN, &[Some(idle), Some(longest), Some(RETIRE_AFTER)]).await?;
        }
        Ok(())
    }

    /// A URL of this provider, relative to its own origin.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.realm_path)
    }
}

/// The address of the other side.
pub(super) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let known = request.extensions().get::<ClientAddress>().map(|address| address.0);
    known.or_else(|| request.peer_addr().map(|address| address.ip()))
}

/// A page of the provider with the headers that all of them have.
pub(super) fn page(status: u16, html: String, policy: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(actix_web::http::StatusCode::OK);
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .insert_header(("Content-Security-Policy", policy))
        .insert_header(("Referrer-Policy", "same-origin"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header(("X-Robots-Tag", "noindex"))
        .body(html)
}
