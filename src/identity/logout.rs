//! Signing out: at once when the client proves with its ID token whose session it is, otherwise after a question.

use super::ProviderError;
use super::form::Form;
use super::provider::{Inner, SESSION_COOKIE, STATE_COOKIE, page};
use super::{pages, tickets::Standing};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

const LOGOUT: &str = "Logout";

pub(super) async fn get(provider: web::Data<Inner>, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    answer(&provider, &request, request.query_string().as_bytes()).await
}

pub(super) async fn post(
    provider: web::Data<Inner>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ProviderError> {
    let sealed = Form::parse(&body).ok().and_then(|form| form.get("form").map(str::to_owned));
    match sealed.and_then(|sealed| provider.open_ticket(&request, LOGOUT, &sealed)) {
        Some((to, standing)) => {
            let to = to.as_str().and_then(|to| provider.redirects.accept(to));
            if standing != Standing::Good || !provider.is_own_form_post(&request) {
                return ask(&provider, &request, to.as_ref());
            }
            if let Some((session, _)) = provider.session(&request).await? {
                provider.sessions.end(session.sid).await?;
            }
            Ok(done(&provider, to, true))
        }
        None => answer(&provider, &request, &body).await,
    }
}

async fn answer(provider: &Inner, request: &HttpRequest, parameters: &[u8]) -> Result<HttpResponse, ProviderError> {
    let Ok(form) = Form::parse(parameters) else {
        return Ok(refuse(provider, "A parameter came twice."));
    };
    if form.get("client_id").is_some_and(|client| client != provider.client_id) {
        return Ok(refuse(provider, "The client is not known here."));
    }
    let wanted = form.get("post_logout_redirect_uri").or_else(|| form.get("redirect_uri"));
    let mut to = None;
    if let Some(wanted) = wanted {
        let Some(mut url) = provider.redirects.accept(wanted) else {
            return Ok(refuse(provider, "The address to return to is not one of the application's."));
        };
        if let Some(state) = form.get("state") {
            url.query_pairs_mut().append_pair("state", state);
        }
        to = Some(url);
    }
    let session = provider.session(request).await?;
    match hinted_session(provider, form.get("id_token_hint")) {
        Some(hinted) => {
            provider.sessions.end(hinted).await?;
            // Somebody else may have signed in here since; that session stays.
            let is_this_browsers = session.is_none_or(|(session, _)| session.sid == hinted);
            Ok(done(provider, to, is_this_browsers))
        }
        None if session.is_none() => Ok(done(provider, to, true)),
        None => ask(provider, request, to.as_ref()),
    }
}

/// The session of an ID token of ours, however old the token is.
fn hinted_session(provider: &Inner, hint: Option<&str>) -> Option<Uuid> {
    let claims = provider.verified_claims(hint?)?;
    let ours = claims["iss"] == *provider.issuer && claims["typ"] == "ID";
    claims["sid"].as_str().filter(|_| ours).and_then(|sid| Uuid::parse_str(sid).ok())
}

impl Inner {
    /// Claims of a token that one of the published keys has signed; its dates are not looked at.
    pub(super) fn verified_claims(&self, token: &str) -> Option<Value> {
        crate::auth::verified_claims(&self.keys.shared().current(), token)
    }
}

fn done(provider: &Inner, to: Option<Url>, forget_browser: bool) -> HttpResponse {
    let mut response = match to {
        Some(url) => HttpResponse::Found()
            .insert_header((header::LOCATION, url.as_str()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .finish(),
        None => {
            let text = "You have signed out. You can close this page.";
            page(
                200,
                pages::message(&provider.appearance, &provider.realm_path, "Signed out", text),
                &provider.form_policy(),
            )
        }
    };
    if forget_browser {
        for cookie in [provider.removal(SESSION_COOKIE, false), provider.removal(STATE_COOKIE, true)] {
            // Cookies of fixed names and no value: this cannot fail.
            let _ = response.add_cookie(&cookie);
        }
    }
    response
}

fn ask(provider: &Inner, request: &HttpRequest, to: Option<&Url>) -> Result<HttpResponse, ProviderError> {
    let ticket = provider.ticket(request, LOGOUT, to.map(Url::as_str).into())?;
    let html = pages::sign_out(&provider.appearance, &provider.realm_path, &ticket.sealed);
    let mut response = page(200, html, &provider.form_policy());
    ticket.attach(&mut response);
    Ok(response)
}

fn refuse(provider: &Inner, reason: &str) -> HttpResponse {
    let html = pages::message(&provider.appearance, &provider.realm_path, "Signing out is not possible", reason);
    page(400, html, &provider.form_policy())
}
