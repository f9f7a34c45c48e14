//! Choosing a password by a link: accepting an invitation, and the way back in after forgetting it.

use super::directory::check_password;
use super::form::Form;
use super::people::hashed;
use super::provider::{Inner, address, page};
use super::throttle::Admission;
use super::{ProviderError, links::Purpose, pages, tickets::Standing};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

const CHOOSE: &str = "ChoosePassword";
const FORGOTTEN: &str = "ForgottenPassword";

type Answer = Result<HttpResponse, ProviderError>;

/// The page behind a link. Looking at it does not use the link up.
pub(super) async fn get(provider: web::Data<Inner>, request: HttpRequest) -> Answer {
    let token = Form::parse(request.query_string().as_bytes()).ok();
    let token = token.as_ref().map(|form| form.text("token")).unwrap_or_default();
    choose(&provider, &request, token, None, 200).await
}

async fn choose(provider: &Inner, request: &HttpRequest, token: &str, problem: Option<&str>, status: u16) -> Answer {
    let Some(person) = provider.directory.links.find(token).await? else {
        return Ok(void(provider));
    };
    let ticket = provider.ticket(request, CHOOSE, token.into())?;
    let html =
        pages::choose_password(&provider.appearance, &provider.realm_path, &ticket.sealed, &person.username, problem);
    let mut response = page(status, html, &provider.form_policy());
    // The address has the secret: nobody is told where this page was.
    response.headers_mut().insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    ticket.attach(&mut response);
    Ok(response)
}

/// The password was chosen: the link is used up, everybody who was signed in as this person is out.
pub(super) async fn post(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let provider = provider.get_ref();
    let opened = Form::parse(&body)
        .ok()
        .and_then(|form| Some((provider.open_ticket(&request, CHOOSE, form.text("form"))?, form)));
    let Some(((token, Standing::Good), form)) = opened.filter(|_| provider.is_own_form_post(&request)) else {
        return Ok(void(provider));
    };
    let token = token.as_str().unwrap_or_default();
    let new = form.text("new_password");
    if let Err(problem) = check_password(new) {
        return choose(provider, &request, token, Some(problem), 400).await;
    }
    if new != form.text("new_password_again") {
        return choose(provider, &request, token, Some("The two new passwords are not the same."), 400).await;
    }
    let hash = hashed(new.to_owned()).await?;
    let Some(id) = provider.directory.links.take(token).await? else { return Ok(void(provider)) };
    provider.people().set_password_hash(id, &hash).await?;
    provider.sessions.end_all_of(id).await?;
    tracing::info!(subject = %id, "password chosen by a link");
    let text = "Your password is set. Go to the application and sign in.";
    let html = pages::message(&provider.appearance, &provider.realm_path, "Password set", text);
    Ok(page(200, html, &provider.form_policy()))
}

fn void(provider: &Inner) -> HttpResponse {
    let text = "The link was used before or is too old. Ask for another one.";
    let html = pages::message(&provider.appearance, &provider.realm_path, "This link does not work", text);
    page(400, html, &provider.form_policy())
}

/// "Forgot your password?"
pub(super) async fn forgotten(provider: web::Data<Inner>, request: HttpRequest) -> Answer {
    if !provider.directory.letters.can_be_sent() {
        let text = "This installation cannot send letters. Ask an administrator for a link.";
        let html = pages::message(&provider.appearance, &provider.realm_path, "Forgot your password?", text);
        return Ok(page(200, html, &provider.form_policy()));
    }
    let ticket = provider.ticket(&request, FORGOTTEN, true.into())?;
    let html = pages::forgotten(&provider.appearance, &provider.realm_path, &ticket.sealed);
    let mut response = page(200, html, &provider.form_policy());
    ticket.attach(&mut response);
    Ok(response)
}

/// The answer is the same whoever was named, and as fast: the letter is written behind its back.
pub(super) async fn send(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    let opened = Form::parse(&body).ok().and_then(|form| {
        let (_, standing) = provider.open_ticket(&request, FORGOTTEN, form.text("form"))?;
        (standing == Standing::Good && provider.is_own_form_post(&request)).then_some(form)
    });
    let Some(form) = opened else { return forgotten(provider, request).await };
    let login = form.text("username").trim().to_owned();
    // Not given back: asking again and again is what this is against.
    let admission = provider.throttle.begin(&format!("forgotten {login}"), address(&request)).await?;
    if matches!(admission, Admission::Wait(_)) {
        let text = "Too many attempts. Try again in a few minutes.";
        let html = pages::message(&provider.appearance, &provider.realm_path, "Please wait", text);
        return Ok(page(429, html, &provider.form_policy()));
    }
    let behind = provider.clone();
    tokio::spawn(async move {
        if let Err(error) = send_link(&behind, &login).await {
            tracing::error!(error = &error as &dyn std::error::Error, "a link to choose a password was not sent");
        }
    });
    let text = "If there is an account of this name with an e-mail address, a letter with a link is on its way.";
    let html = pages::message(&provider.appearance, &provider.realm_path, "Look into your mailbox", text);
    Ok(page(200, html, &provider.form_policy()))
}

async fn send_link(provider: &Inner, login: &str) -> Result<(), ProviderError> {
    let Some(person) = provider.people().find(login).await?.filter(|person| person.enabled) else { return Ok(()) };
    let Some(to) = person.email.as_deref() else { return Ok(()) };
    let purpose = if person.password_hash.is_some() { Purpose::Reset } else { Purpose::Invitation };
    let link = provider.directory.link(person.id, purpose).await?;
    let name = if person.given_name.is_empty() { &person.username } else { &person.given_name };
    provider.directory.letters.send_link(&provider.appearance, to, name, purpose, &link).await
}
