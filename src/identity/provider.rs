//! The provider as a whole: its parts, its options and its routes.

use super::{
    Appearance, NewPerson, ProviderError, account, authorize, documents, files, form, frames, logout,
    passwords::PasswordChecks,
    people::People,
    redirects::{Redirects, origin_of},
    sessions::Sessions,
    signing_keys::SigningKeys,
    throttle::Throttle,
    token,
};
use crate::auth::SharedKeySet;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, HttpResponse, web};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// What a provider needs to know.
#[derive(Clone, Debug)]
pub struct ProviderOptions {
    /// The data directory; the provider's files are in `identity/` below it.
    pub data_dir: PathBuf,
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
    /// People to be there after the start.
    pub people: Vec<NewPerson>,
    /// Accounts to show on the sign-in page, with a password that is no secret. Demonstrations on loopback only.
    pub shown_password: Option<String>,
    /// Name and colours of the organisation.
    pub appearance: Appearance,
}

impl ProviderOptions {
    /// Defaults for an issuer whose web client lives at the same origin.
    pub fn new(data_dir: impl Into<PathBuf>, public_url: &str, realm: &str, client_id: &str) -> Self {
        let public_url = public_url.trim_end_matches('/');
        Self {
            data_dir: data_dir.into(),
            realm: realm.into(),
            client_id: client_id.into(),
            issuer: format!("{public_url}/realms/{realm}"),
            redirect_origins: vec![public_url.into()],
            access_token_lifetime: Duration::from_secs(300),
            session_idle_lifetime: Duration::from_secs(36_000),
            session_max_lifetime: Duration::from_secs(7 * 24 * 3600),
            people: Vec::new(),
            shown_password: None,
            appearance: Appearance::default(),
        }
    }
}

/// A running provider; cheap to clone.
#[derive(Clone)]
pub struct Provider {
    inner: Arc<Inner>,
    made_passwords: Arc<Vec<(String, String)>>,
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
    pub(super) people: People,
    pub(super) sessions: Sessions,
    pub(super) passwords: PasswordChecks,
    pub(super) throttle: Throttle,
    pub(super) secure_cookies: bool,
}

impl Provider {
    /// Opens the provider's files, makes keys and people where they are missing. The first start takes up to a second.
    ///
    /// # Errors
    /// An option is not usable, or a file cannot be read or written.
    pub fn open(options: ProviderOptions) -> Result<Self, ProviderError> {
        let own_origin =
            origin_of(&options.issuer).ok_or_else(|| ProviderError::Url { url: options.issuer.clone() })?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if options.realm.is_empty() || !options.realm.chars().all(fits) {
            return Err(ProviderError::Realm { realm: options.realm });
        }
        let folder = options.data_dir.join("identity");
        files::create_folder(&folder)?;
        let (people, made_passwords) = People::open(&folder, &options.people)?;
        let shown_accounts = options
            .shown_password
            .iter()
            .flat_map(|password| options.people.iter().map(|person| (person.username.clone(), password.clone())))
            .collect();
        let inner = Arc::new(Inner {
            realm_path: format!("/realms/{}", options.realm),
            client_id: options.client_id,
            own_origin,
            redirects: Redirects::new(&options.redirect_origins)?,
            access_token_lifetime: options.access_token_lifetime,
            shown_accounts,
            appearance: options.appearance,
            keys: SigningKeys::open(&folder)?,
            people,
            sessions: Sessions::open(&folder, options.session_idle_lifetime, options.session_max_lifetime)?,
            passwords: PasswordChecks::new(),
            throttle: Throttle::new(),
            secure_cookies: options.issuer.starts_with("https:"),
            issuer: options.issuer,
        });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(keep_saved(Arc::downgrade(&inner)));
        }
        Ok(Self { inner, made_passwords: Arc::new(made_passwords) })
    }

    /// Mounts `/realms/<realm>/…`.
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
            .app_data(web::Data::from(Arc::clone(&self.inner)))
            .app_data(web::PayloadConfig::new(form::LARGEST_BODY))
            .route("", web::get().to(documents::realm))
            .route("/.well-known/openid-configuration", web::get().to(documents::discovery))
            .service(protocol)
            .route("/login-actions/authenticate", web::post().to(authorize::sign_in))
            .route("/login-actions/authenticate", web::get().to(authorize::reloaded))
            .service(account::routes())
            .route("/resources/{file}", web::get().to(frames::resource))
            .default_service(web::to(documents::not_found));
        routes.service(realm);
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
        &self.made_passwords
    }

    /// Signs with a new key from now on; returns its name. The old one stays published for a day.
    ///
    /// # Errors
    /// The key cannot be made or kept.
    pub fn rotate_keys(&self) -> Result<String, ProviderError> {
        self.inner.keys.rotate()
    }

    /// Allows or forbids a person to sign in and to renew tokens; whether there is such a person.
    ///
    /// # Errors
    /// The change cannot be kept.
    pub fn set_enabled(&self, username: &str, enabled: bool) -> Result<bool, ProviderError> {
        let found = self.inner.people.set_enabled(username, enabled)?;
        if let (false, Some(person)) = (enabled, self.inner.people.find(username)) {
            self.inner.sessions.end_all_of(person.id);
        }
        Ok(found)
    }

    /// Writes sessions that have changed since the last second; for the end of the process.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self) -> Result<(), ProviderError> {
        self.inner.sessions.save()
    }
}

async fn keep_saved(provider: Weak<Inner>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Some(inner) = provider.upgrade() else { return };
        let saved = tokio::task::spawn_blocking(move || inner.sessions.save()).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "the provider's sessions are not kept");
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

    /// The session of a request.
    pub(super) fn session(&self, request: &HttpRequest) -> Option<super::sessions::Session> {
        let cookie = request.cookie(SESSION_COOKIE)?;
        let session = self.sessions.by_cookie(cookie.value())?;
        self.people.enabled(session.subject).map(|_| session)
    }

    /// A URL of this provider, relative to its own origin.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}{rest}", self.realm_path)
    }
}

/// The address of the other side.
pub(super) fn address(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip())
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
