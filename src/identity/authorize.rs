//! The authorization endpoint and the sign-in form behind it.

use super::form::Form;
use super::passwords::Busy;
use super::people::Person;
use super::provider::{FORM_COOKIE, Inner, SESSION_COOKIE, STATE_COOKIE, address, page};
use super::sessions::{Grant, Session, now};
use super::throttle::Admission;
use super::{ProviderError, pages, second_factor, tickets::Standing};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::json;
use url::Url;
use uuid::Uuid;

const FORM: &str = "Form";
const SECOND_FACTOR: &str = "SecondFactor";
/// Seconds between the right password and the code of the second factor.
const SECOND_FACTOR_WITHIN: i64 = 300;

type Answer = Result<HttpResponse, ProviderError>;

/// An authorization request that may be answered with a redirect.
struct Request {
    redirect: Redirect,
    nonce: Option<String>,
    code_challenge: String,
    scope: String,
    silent: bool,
    always_ask: bool,
    max_age: Option<i64>,
    login_hint: String,
}

/// Where and how the answer goes.
struct Redirect {
    redirect_uri: String,
    url: Url,
    in_fragment: bool,
    state: Option<String>,
}

/// Why there is no form and no code.
enum Refusal {
    /// Nobody can be redirected safely.
    Page(&'static str),
    /// The client is told.
    Client(Box<Redirect>, &'static str, &'static str),
}

pub(super) async fn get(provider: web::Data<Inner>, request: HttpRequest) -> Answer {
    authorize(&provider, &request, request.query_string()).await
}

pub(super) async fn post(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    match std::str::from_utf8(&body) {
        Ok(query) => authorize(&provider, &request, query).await,
        Err(_) => Ok(refuse(&provider, Refusal::Page("The request is not readable."))),
    }
}

async fn authorize(provider: &Inner, request: &HttpRequest, query: &str) -> Answer {
    let wanted = match Request::parse(provider, query) {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(refuse(provider, refusal)),
    };
    let session = provider.session(request).await?.filter(|(session, _)| {
        !wanted.always_ask && wanted.max_age.is_none_or(|seconds| now() - session.auth_time() <= seconds)
    });
    match session {
        Some((session, _)) => Ok(wanted.answer_with_code(provider, &session).await?.finish()),
        None if wanted.silent => {
            let refusal = Refusal::Client(Box::new(wanted.redirect), "login_required", "Nobody is signed in.");
            Ok(refuse(provider, refusal))
        }
        None => {
            let username = wanted.login_hint.clone();
            show_form(provider, request, query, &wanted, Shown { username: &username, ..Shown::default() })
        }
    }
}

/// How the form is shown.
#[derive(Default)]
struct Shown<'s> {
    username: &'s str,
    problem: Option<String>,
    status: Option<u16>,
    retry_after: Option<u64>,
}

fn show_form(provider: &Inner, request: &HttpRequest, query: &str, wanted: &Request, shown: Shown<'_>) -> Answer {
    let ticket = provider.ticket(request, FORM, query.into())?;
    let html = pages::sign_in(
        &provider.appearance,
        &pages::SignIn {
            realm_path: &provider.realm_path,
            form: &ticket.sealed,
            username: shown.username,
            problem: shown.problem.as_deref(),
            accounts: &provider.shown_accounts,
            can_be_forgotten: provider.directory.letters.can_be_sent(),
            back: &wanted.redirect.home(),
        },
    );
    let mut response = page(shown.status.unwrap_or(200), html, &provider.form_policy());
    if let Some(seconds) = shown.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    ticket.attach(&mut response);
    Ok(response)
}

/// The form was sent.
pub(super) async fn sign_in(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let provider = provider.get_ref();
    if !provider.is_own_form_post(&request) {
        return Ok(refuse(provider, Refusal::Page("The form was sent from another site.")));
    }
    let Ok(form) = Form::parse(&body) else {
        return Ok(refuse(provider, Refusal::Page("The form is not readable.")));
    };
    let Some((query, standing)) = provider.open_ticket(&request, FORM, form.text("form")) else {
        return Ok(refuse(provider, Refusal::Page("The form is not one of ours.")));
    };
    let query = query.as_str().unwrap_or_default();
    let wanted = match Request::parse(provider, query) {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(refuse(provider, refusal)),
    };
    let username = form.text("username").trim();
    let again = |problem: &str, status: u16, retry_after: Option<u64>| {
        let shown = Shown { username, problem: Some(problem.into()), status: Some(status), retry_after };
        show_form(provider, &request, query, &wanted, shown)
    };
    match standing {
        Standing::Good => {}
        Standing::OtherBrowser => {
            return again("Your browser did not send the cookie of this page. Allow cookies and try again.", 400, None);
        }
        Standing::TooOld => return again("This page was open for too long. Please sign in again.", 400, None),
    }
    let password = form.text("password");
    if username.is_empty() || password.is_empty() {
        return again("Enter your username and your password.", 400, None);
    }
    let attempt = match provider.throttle.begin(username, address(&request)).await? {
        Admission::Admitted(attempt) => attempt,
        Admission::Wait(wait) => {
            tracing::warn!(address = ?address(&request), "sign-in attempts throttled");
            let seconds = wait.as_secs() + 1;
            let problem = format!("Too many attempts. Try again in {seconds} seconds.");
            return again(&problem, 429, Some(seconds));
        }
    };
    let person = provider.people().find(username).await?;
    let hash = person.as_ref().filter(|person| person.enabled).and_then(|person| person.password_hash.clone());
    let person = match provider.passwords.holds(hash, password.to_owned()).await {
        Ok(true) => person,
        Ok(false) => None,
        Err(Busy) => return again("The server is busy. Please try again.", 503, Some(5)),
    };
    let Some(person) = person else {
        tracing::info!(address = ?address(&request), "sign-in refused");
        return again("The username or the password is not right.", 401, None);
    };
    attempt.succeeded().await?;
    if person.has_second_factor {
        return ask_for_code(provider, &request, query, person.id, now(), None, 200);
    }
    complete(provider, &request, &wanted, &person).await
}

fn ask_for_code(
    provider: &Inner,
    request: &HttpRequest,
    query: &str,
    person: Uuid,
    password_at: i64,
    problem: Option<&str>,
    status: u16,
) -> Answer {
    let content = json!({"query": query, "person": person.to_string(), "password_at": password_at});
    let ticket = provider.ticket(request, SECOND_FACTOR, content)?;
    let html = pages::second_factor(&provider.appearance, &provider.realm_path, &ticket.sealed, problem);
    let mut response = page(status, html, &provider.form_policy());
    ticket.attach(&mut response);
    Ok(response)
}

/// The code of the second factor, or a recovery code, was sent.
pub(super) async fn second_factor(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let provider = provider.get_ref();
    if !provider.is_own_form_post(&request) {
        return Ok(refuse(provider, Refusal::Page("The form was sent from another site.")));
    }
    let opened = Form::parse(&body).ok().and_then(|form| {
        let (content, standing) = provider.open_ticket(&request, SECOND_FACTOR, form.text("form"))?;
        (standing == Standing::Good).then_some((content, form))
    });
    let Some((content, form)) = opened else {
        return Ok(refuse(provider, Refusal::Page("The form is not one of ours. Start from the application again.")));
    };
    let query = content["query"].as_str().unwrap_or_default();
    let wanted = match Request::parse(provider, query) {
        Ok(wanted) => wanted,
        Err(refusal) => return Ok(refuse(provider, refusal)),
    };
    let password_at = content["password_at"].as_i64().unwrap_or_default();
    let id = content["person"].as_str().and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_default();
    let person = provider.people().enabled(id).await?.filter(|_| now() - password_at <= SECOND_FACTOR_WITHIN);
    let Some(person) = person else {
        let shown = Shown {
            problem: Some("This page was open for too long. Please sign in again.".into()),
            status: Some(400),
            ..Shown::default()
        };
        return show_form(provider, &request, query, &wanted, shown);
    };
    let again = |problem: &str, status| ask_for_code(provider, &request, query, id, password_at, Some(problem), status);
    let Admission::Admitted(attempt) =
        provider.throttle.begin(&format!("second factor {id}"), address(&request)).await?
    else {
        tracing::warn!(address = ?address(&request), "codes of a second factor throttled");
        return again("Too many attempts. Try again in a few minutes.", 429);
    };
    if !code_holds(provider, &person, form.text("code")).await? {
        tracing::info!(address = ?address(&request), "second factor refused");
        return again("The code is not right.", 401);
    }
    attempt.succeeded().await?;
    complete(provider, &request, &wanted, &person).await
}

/// A code works once, in all processes.
async fn code_holds(provider: &Inner, person: &Person, code: &str) -> Result<bool, ProviderError> {
    let secret = person.totp_secret.as_deref().filter(|_| person.has_second_factor);
    match secret.and_then(|secret| second_factor::matching_step(secret, code, now())) {
        Some(step) => provider.people().use_step(person.id, step).await,
        None => provider.people().use_recovery_code(person.id, &second_factor::recovery_hash(code)).await,
    }
}

async fn complete(provider: &Inner, request: &HttpRequest, wanted: &Request, person: &Person) -> Answer {
    // A browser that changes hands leaves nothing of the person before.
    if let Some((before, _)) = provider.session(request).await?.filter(|(_, before)| before.id != person.id) {
        provider.sessions.end(before.sid).await?;
    }
    let text = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let browser = text(header::USER_AGENT).unwrap_or_default();
    let from = address(request).map(|address| address.to_string()).unwrap_or_default();
    let (cookie, session) = provider.sessions.begin(person.id, &from, browser).await?;
    provider.people().signed_in(person.id).await?;
    tracing::info!(subject = %person.id, "signed in");
    let mut answer = wanted.answer_with_code(provider, &session).await?;
    Ok(answer
        .cookie(provider.cookie(SESSION_COOKIE, cookie, false))
        .cookie(provider.cookie(STATE_COOKIE, session.sid.to_string(), true))
        .cookie(provider.removal(FORM_COOKIE, false))
        .finish())
}

/// Somebody reloads the address of the form.
pub(super) async fn reloaded(provider: web::Data<Inner>) -> HttpResponse {
    refuse(&provider, Refusal::Page("This address only takes the sign-in form. Start from the application again."))
}

impl Inner {
    /// The policy of the sign-in page: no scripts, no frames, forms to here and redirects to the client.
    pub(super) fn form_policy(&self) -> String {
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self' data: https:; base-uri 'none'; \
             frame-ancestors 'none'; form-action 'self' {}",
            self.redirects.origins().join(" ")
        )
    }

    /// Whether a form post comes from a page of this origin, as far as the browser says.
    pub(super) fn is_own_form_post(&self, request: &HttpRequest) -> bool {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let site_fits = text("Sec-Fetch-Site").is_none_or(|site| matches!(site, "same-origin" | "none"));
        let origin_fits = text("Origin").is_none_or(|origin| {
            origin == self.own_origin || (self.redirects.is_origin(origin) && text("Sec-Fetch-Site").is_some())
        });
        site_fits && origin_fits
    }
}

impl Request {
    fn parse(provider: &Inner, query: &str) -> Result<Self, Refusal> {
        let form = Form::parse(query.as_bytes()).map_err(|_| Refusal::Page("A parameter came twice."))?;
        if form.text("client_id") != provider.client_id {
            return Err(Refusal::Page("The client is not known here."));
        }
        let redirect_uri = form.text("redirect_uri").to_owned();
        let Some(url) = provider.redirects.accept(&redirect_uri) else {
            return Err(Refusal::Page("The address to return to is not one of the application's."));
        };
        let state = form.get("state").map(Into::into);
        let (in_fragment, mode_known) = match form.get("response_mode") {
            Some("fragment") => (true, true),
            Some("query") | None => (false, true),
            Some(_) => (false, false),
        };
        let redirect = Redirect { redirect_uri, url, in_fragment, state };
        let refuse = |redirect, error, description| Err(Refusal::Client(Box::new(redirect), error, description));
        if form.get("request").is_some() || form.get("request_uri").is_some() {
            return refuse(redirect, "request_not_supported", "Request objects are not supported.");
        }
        if !mode_known {
            return refuse(redirect, "invalid_request", "response_mode must be query or fragment.");
        }
        if form.text("response_type") != "code" {
            return refuse(redirect, "unsupported_response_type", "response_type must be code.");
        }
        if form.text("code_challenge_method") != "S256" {
            return refuse(redirect, "invalid_request", "PKCE with code_challenge_method S256 is required.");
        }
        let code_challenge = form.text("code_challenge").to_owned();
        if BASE64.decode(&code_challenge).map(|bytes| bytes.len()) != Ok(32) {
            return refuse(redirect, "invalid_request", "code_challenge is not a SHA-256 in base64url.");
        }
        let too_long = |name: &str| form.text(name).len() > 2048;
        if too_long("state") || too_long("nonce") || too_long("scope") || form.text("nonce").contains('\0') {
            return refuse(redirect, "invalid_request", "A parameter is too long.");
        }
        let silent = form.has_word("prompt", "none");
        if silent && form.text("prompt") != "none" {
            return refuse(redirect, "invalid_request", "prompt=none cannot be combined.");
        }
        Ok(Self {
            redirect,
            nonce: form.get("nonce").map(Into::into),
            code_challenge,
            scope: granted_scope(form.text("scope")),
            silent,
            always_ask: form.has_word("prompt", "login") || form.has_word("prompt", "select_account"),
            max_age: form.get("max_age").and_then(|seconds| seconds.parse().ok()),
            login_hint: form.text("login_hint").chars().take(200).collect(),
        })
    }

    async fn answer_with_code(
        &self,
        provider: &Inner,
        session: &Session,
    ) -> Result<actix_web::HttpResponseBuilder, ProviderError> {
        let grant = Grant {
            sid: session.sid,
            redirect_uri: self.redirect.redirect_uri.clone(),
            code_challenge: self.code_challenge.clone(),
            nonce: self.nonce.clone(),
            scope: self.scope.clone(),
        };
        let code = provider.sessions.issue_code(&grant).await?;
        let sid = session.sid.to_string();
        Ok(self.redirect.answer(provider, &[("session_state", &sid), ("code", &code)]))
    }
}

/// The scopes that exist here, in the order asked for; profile and email are always in, as in Keycloak's defaults.
fn granted_scope(asked: &str) -> String {
    let mut granted: Vec<&str> = Vec::new();
    for word in asked.split(' ').chain(["profile", "email"]) {
        if matches!(word, "openid" | "profile" | "email" | "phone" | "roles" | "web-origins")
            && !granted.contains(&word)
        {
            granted.push(word);
        }
    }
    granted.join(" ")
}

impl Redirect {
    fn answer(&self, provider: &Inner, parameters: &[(&str, &str)]) -> actix_web::HttpResponseBuilder {
        let mut all = url::form_urlencoded::Serializer::new(String::new());
        if let Some(state) = &self.state {
            all.append_pair("state", state);
        }
        all.extend_pairs(parameters).append_pair("iss", &provider.issuer);
        let all = all.finish();
        let mut url = self.url.clone();
        if self.in_fragment {
            url.set_fragment(Some(&all));
        } else {
            url.set_fragment(None);
            let query =
                url.query().filter(|query| !query.is_empty()).map_or(all.clone(), |query| format!("{query}&{all}"));
            url.set_query(Some(&query));
        }
        let mut response = HttpResponse::Found();
        response
            .insert_header((header::LOCATION, url.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"));
        response
    }

    /// The client's first page.
    fn home(&self) -> String {
        format!("{}/", self.url.origin().ascii_serialization())
    }
}

fn refuse(provider: &Inner, refusal: Refusal) -> HttpResponse {
    match refusal {
        Refusal::Page(reason) => {
            let html = pages::message(&provider.appearance, &provider.realm_path, "Sign-in is not possible", reason);
            page(400, html, &provider.form_policy())
        }
        Refusal::Client(redirect, error, description) => {
            redirect.answer(provider, &[("error", error), ("error_description", description)]).finish()
        }
    }
}
