//! The account page: who am I here, another password, a second factor, devices, sign out everywhere.

use super::directory::check_password;
use super::form::Form;
use super::people::{Person, hashed};
use super::provider::{Inner, SESSION_COOKIE, STATE_COOKIE, address, page};
use super::sessions::{Session, now};
use super::throttle::Admission;
use super::{ProviderError, pages, passwords::Busy, second_factor, tickets::Standing};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use serde_json::{Value, json};
use uuid::Uuid;

const ACCOUNT: &str = "Account";
const SECOND_FACTOR: &str = "SecondFactorSetup";

type Answer = Result<HttpResponse, ProviderError>;

pub(super) fn routes() -> Scope {
    web::scope("/account")
        .route("", web::get().to(show))
        .route("/", web::get().to(show))
        .route("/password", web::post().to(change_password))
        .route("/second-factor", web::get().to(offer_second_factor))
        .route("/second-factor", web::post().to(confirm_second_factor))
        .route("/second-factor/remove", web::post().to(remove_second_factor))
        .route("/sign-out", web::post().to(sign_out_one))
        .route("/sign-out-everywhere", web::post().to(sign_out_everywhere))
}

async fn show(provider: web::Data<Inner>, request: HttpRequest) -> Answer {
    match provider.session(&request).await? {
        Some((session, person)) => shown(&provider, &request, &session, &person, None, 200).await,
        None => Ok(not_signed_in(&provider)),
    }
}

async fn change_password(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let Some((session, person, form)) = checked(&provider, &request, &body).await? else {
        return Ok(not_signed_in(&provider));
    };
    let new = form.text("new_password");
    if let Err(problem) = check_password(new) {
        return shown(&provider, &request, &session, &person, Some(problem), 400).await;
    }
    if new != form.text("new_password_again") {
        let problem = "The two new passwords are not the same.";
        return shown(&provider, &request, &session, &person, Some(problem), 400).await;
    }
    if let Err((problem, status)) = password_holds(&provider, &request, &person, form.text("password")).await? {
        return shown(&provider, &request, &session, &person, Some(problem), status).await;
    }
    provider.people().set_password_hash(person.id, &hashed(new.to_owned()).await?).await?;
    // Whoever knew the old password is out.
    provider.sessions.end_all_of(person.id).await?;
    tracing::info!(subject = %person.id, "password changed");
    Ok(signed_out(&provider, "Your password has been changed. Please sign in again."))
}

/// Asks for the present password again: an unattended device must not be enough for changes that lock the owner out.
async fn password_holds(
    provider: &Inner,
    request: &HttpRequest,
    person: &Person,
    password: &str,
) -> Result<Result<(), (&'static str, u16)>, ProviderError> {
    let admission = provider.throttle.begin(&person.username, address(request)).await?;
    let Admission::Admitted(attempt) = admission else {
        return Ok(Err(("Too many attempts. Try again in a few minutes.", 429)));
    };
    Ok(match provider.passwords.holds(person.password_hash.clone(), password.to_owned()).await {
        Ok(true) => {
            attempt.succeeded().await?;
            Ok(())
        }
        Ok(false) => Err(("The present password is not right.", 401)),
        Err(Busy) => Err(("The server is busy. Please try again.", 503)),
    })
}

async fn offer_second_factor(provider: web::Data<Inner>, request: HttpRequest) -> Answer {
    match provider.session(&request).await? {
        Some((_, person)) if person.has_second_factor => Ok(to_account(&provider)),
        Some((session, person)) => {
            offered(&provider, &request, &session, &person, second_factor::new_secret(), None, 200)
        }
        None => Ok(not_signed_in(&provider)),
    }
}

fn offered(
    provider: &Inner,
    request: &HttpRequest,
    session: &Session,
    person: &Person,
    secret: String,
    problem: Option<&str>,
    status: u16,
) -> Answer {
    let uri = second_factor::address(&secret, provider.appearance.name(), &person.username);
    let content = json!({"sid": session.sid.to_string(), "secret": secret});
    let ticket = provider.ticket(request, SECOND_FACTOR, content)?;
    let html = pages::second_factor_setup(
        &provider.appearance,
        &pages::SecondFactorSetup {
            realm_path: &provider.realm_path,
            form: &ticket.sealed,
            picture: second_factor::picture(&uri).as_deref(),
            secret: &secret,
            username: &person.username,
            problem,
        },
    );
    let mut response = page(status, html, &provider.form_policy());
    ticket.attach(&mut response);
    Ok(response)
}

async fn confirm_second_factor(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let Some((session, person, form, content)) = opened(&provider, &request, &body, SECOND_FACTOR).await? else {
        return Ok(not_signed_in(&provider));
    };
    let secret = content["secret"].as_str().unwrap_or_default().to_owned();
    if content["sid"] != session.sid.to_string() || secret.is_empty() || person.has_second_factor {
        return Ok(not_signed_in(&provider));
    }
    if let Err((problem, status)) = password_holds(&provider, &request, &person, form.text("password")).await? {
        return offered(&provider, &request, &session, &person, secret, Some(problem), status);
    }
    let Some(step) = second_factor::matching_step(&secret, form.text("code"), now()) else {
        let problem = "The code is not right. Check the clock of your device and try the next code.";
        return offered(&provider, &request, &session, &person, secret, Some(problem), 400);
    };
    let (codes, hashes) = second_factor::recovery_codes();
    provider.people().set_second_factor(person.id, Some((&secret, step)), &hashes).await?;
    tracing::info!(subject = %person.id, "second factor set up");
    let html = pages::recovery_codes(&provider.appearance, &provider.realm_path, &codes);
    Ok(page(200, html, &provider.form_policy()))
}

async fn remove_second_factor(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let Some((session, person, form)) = checked(&provider, &request, &body).await? else {
        return Ok(not_signed_in(&provider));
    };
    if let Err((problem, status)) = password_holds(&provider, &request, &person, form.text("password")).await? {
        return shown(&provider, &request, &session, &person, Some(problem), status).await;
    }
    provider.people().set_second_factor(person.id, None, &[]).await?;
    tracing::info!(subject = %person.id, "second factor removed");
    Ok(to_account(&provider))
}

async fn sign_out_one(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let Some((session, person, form)) = checked(&provider, &request, &body).await? else {
        return Ok(not_signed_in(&provider));
    };
    if let Ok(sid) = Uuid::parse_str(form.text("device")) {
        provider.sessions.end_of(person.id, sid).await?;
        if sid == session.sid {
            return Ok(signed_out(&provider, "You have signed out on this device."));
        }
    }
    Ok(to_account(&provider))
}

async fn sign_out_everywhere(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    match checked(&provider, &request, &body).await? {
        Some((_, person, _)) => {
            provider.sessions.end_all_of(person.id).await?;
            Ok(signed_out(&provider, "You have signed out on all devices."))
        }
        None => Ok(not_signed_in(&provider)),
    }
}

/// A form of the account page, sent from the browser it was shown in, by the person it was shown to.
async fn checked(
    provider: &Inner,
    request: &HttpRequest,
    body: &[u8],
) -> Result<Option<(Session, Person, Form)>, ProviderError> {
    let opened = opened(provider, request, body, ACCOUNT).await?;
    Ok(opened
        .and_then(|(session, person, form, sid)| (sid == session.sid.to_string()).then_some((session, person, form))))
}

async fn opened(
    provider: &Inner,
    request: &HttpRequest,
    body: &[u8],
    kind: &str,
) -> Result<Option<(Session, Person, Form, Value)>, ProviderError> {
    let Some((session, person)) = provider.session(request).await? else { return Ok(None) };
    let Ok(form) = Form::parse(body) else { return Ok(None) };
    let Some((content, standing)) = provider.open_ticket(request, kind, form.text("form")) else { return Ok(None) };
    let fits = standing == Standing::Good && provider.is_own_form_post(request);
    Ok(fits.then_some((session, person, form, content)))
}

async fn shown(
    provider: &Inner,
    request: &HttpRequest,
    session: &Session,
    person: &Person,
    problem: Option<&str>,
    status: u16,
) -> Answer {
    let ticket = provider.ticket(request, ACCOUNT, session.sid.to_string().into())?;
    let back = Form::parse(request.query_string().as_bytes())
        .ok()
        .and_then(|form| form.get("referrer_uri").and_then(|uri| provider.redirects.accept(uri)))
        .map(|url| url.to_string())
        .or_else(|| provider.redirects.origins().first().map(|origin| format!("{origin}/")))
        .unwrap_or_default();
    let devices = provider.sessions.list_of(person.id).await?;
    let html = pages::account(
        &provider.appearance,
        &pages::Account {
            realm_path: &provider.realm_path,
            form: &ticket.sealed,
            person,
            devices: &devices,
            here: session.sid,
            problem,
            back: &back,
        },
    );
    let mut response = page(status, html, &provider.form_policy());
    ticket.attach(&mut response);
    Ok(response)
}

fn to_account(provider: &Inner) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, provider.path("/account")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
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
    page(401, html, &provider.form_policy())
}
