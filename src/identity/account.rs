//! The account page: who am I here, another password, sign out everywhere.

use super::form::Form;
use super::passwords::{self, Busy};
use super::people::Person;
use super::provider::{Inner, SESSION_COOKIE, STATE_COOKIE, address, page};
use super::sessions::Session;
use super::{pages, tickets::Standing};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Scope, web};

const ACCOUNT: &str = "Account";
/// Shortest new password in characters.
const SHORTEST: usize = 12;

pub(super) fn routes() -> Scope {
    web::scope("/account")
        .route("", web::get().to(show))
        .route("/", web::get().to(show))
        .route("/password", web::post().to(change_password))
        .route("/sign-out-everywhere", web::post().to(sign_out_everywhere))
}

async fn show(provider: web::Data<Inner>, request: HttpRequest) -> HttpResponse {
    match signed_in(&provider, &request) {
        Some((session, person)) => shown(&provider, &request, &session, &person, None, 200),
        None => not_signed_in(&provider),
    }
}

async fn change_password(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let Some((session, person, form)) = checked(&provider, &request, &body) else {
        return not_signed_in(&provider);
    };
    let again = |problem: &str, status| shown(&provider, &request, &session, &person, Some(problem), status);
    let (old, new) = (form.text("password"), form.text("new_password"));
    if new.chars().count() < SHORTEST {
        return again("The new password needs at least 12 characters.", 400);
    }
    if new.len() > passwords::LONGEST {
        return again("The new password is too long.", 400);
    }
    if new != form.text("new_password_again") {
        return again("The two new passwords are not the same.", 400);
    }
    let Ok(attempt) = provider.throttle.begin(&person.username, address(&request)) else {
        return again("Too many attempts. Try again in a few minutes.", 429);
    };
    match provider.passwords.holds(Some(person.password_hash.clone()), old.to_owned()).await {
        Ok(true) => attempt.succeeded(),
        Ok(false) => return again("The present password is not right.", 401),
        Err(Busy) => return again("The server is busy. Please try again.", 503),
    }
    let new = new.to_owned();
    let kept = tokio::task::spawn_blocking(move || passwords::hash(&new)).await;
    let kept = kept.map(|hash| hash.and_then(|hash| provider.people.set_password_hash(person.id, hash)));
    match kept {
        Ok(Ok(())) => {
            // Whoever knew the old password is out.
            provider.sessions.end_all_of(person.id);
            signed_out(&provider, "Your password has been changed. Please sign in again.")
        }
        _ => again("The password cannot be changed at the moment.", 500),
    }
}

async fn sign_out_everywhere(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    match checked(&provider, &request, &body) {
        Some((_, person, _)) => {
            provider.sessions.end_all_of(person.id);
            signed_out(&provider, "You have signed out on all devices.")
        }
        None => not_signed_in(&provider),
    }
}

fn signed_in(provider: &Inner, request: &HttpRequest) -> Option<(Session, Person)> {
    let session = provider.session(request)?;
    let person = provider.people.enabled(session.subject)?;
    Some((session, person))
}

/// A form of this page, sent from the browser it was shown in, by the person it was shown to.
fn checked(provider: &Inner, request: &HttpRequest, body: &[u8]) -> Option<(Session, Person, Form)> {
    let (session, person) = signed_in(provider, request)?;
    let form = Form::parse(body).ok()?;
    let (sid, standing) = provider.open_ticket(request, ACCOUNT, form.text("form"))?;
    let fits = standing == Standing::Good && sid == session.sid.to_string() && provider.is_own_form_post(request);
    fits.then_some((session, person, form))
}

fn shown(
    provider: &Inner,
    request: &HttpRequest,
    session: &Session,
    person: &Person,
    problem: Option<&str>,
    status: u16,
) -> HttpResponse {
    let ticket = provider.ticket(request, ACCOUNT, session.sid.to_string().into());
    let back = Form::parse(request.query_string().as_bytes())
        .ok()
        .and_then(|form| form.get("referrer_uri").and_then(|uri| provider.redirects.accept(uri)))
        .map(|url| url.to_string())
        .or_else(|| provider.redirects.origins().first().map(|origin| format!("{origin}/")))
        .unwrap_or_default();
    let html = pages::account(
        &provider.appearance,
        &pages::Account {
            realm_path: &provider.realm_path,
            form: &ticket.sealed,
            name: &person.full_name(),
            username: &person.username,
            email: &person.email,
            roles: &person.roles,
            sessions: provider.sessions.count_of(person.id),
            problem,
            back: &back,
        },
    );
    let mut response = page(status, html, &provider.form_policy());
    ticket.attach(&mut response);
    response
}

fn signed_out(provider: &Inner, text: &str) -> HttpResponse {
    let html = pages::message(&provider.appearance, &provider.realm_path, "Signed out", text);
    let mut response = page(200, html, &provider.form_policy());
    for cookie in [provider.removal(SESSION_COOKIE, false), provider.removal(STATE_COOKIE, true)] {
        let _ = response.add_cookie(&cookie);
    }
    response
}

fn not_signed_in(provider: &Inner) -> HttpResponse {
    let text = "Sign in from the application first, then open your account again.";
    let html = pages::message(&provider.appearance, &provider.realm_path, "You are not signed in", text);
    let mut response = page(401, html, &provider.form_policy());
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
