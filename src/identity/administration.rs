//! `/auth/users`: people for the application's administration page. JSON, bearer tokens, administrators only.
//!
//! Whether somebody is an administrator is looked up at every request: a token that is still good does not keep a right
//! that was taken away. Errors have PostgREST's shape. Documented in `docs/authentication.md`.

use super::directory::{Account, Delivery, DirectoryError};
use super::people::NewPerson;
use super::provider::Inner;
use super::{ProviderError, form::Form};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Scope, web};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// People on a page, unless asked otherwise, and at most.
const PAGE: (u32, u32) = (50, 500);

type Answer = Result<HttpResponse, Refusal>;

pub(super) fn routes() -> Scope {
    web::scope("/auth/users")
        .route("", web::get().to(list))
        .route("", web::post().to(invite))
        .route("/{id}", web::get().to(get))
        .route("/{id}", web::patch().to(change))
        .route("/{id}/link", web::post().to(send_link))
        .route("/{id}/sign-out", web::post().to(sign_out))
        .route("/{id}/second-factor", web::delete().to(remove_second_factor))
}

/// A person to invite, or changes of one. What is absent stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wish {
    username: Option<String>,
    email: Option<String>,
    given_name: Option<String>,
    family_name: Option<String>,
    phone_number: Option<String>,
    roles: Option<Vec<String>>,
    enabled: Option<bool>,
}

async fn list(provider: web::Data<Inner>, request: HttpRequest) -> Answer {
    administrator(&provider, &request).await?;
    let form = Form::parse(request.query_string().as_bytes())
        .map_err(|_| Refusal::new(400, "PGRST100", "A parameter came twice"))?;
    let number = |name: &str, default: u32| match form.get(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| Refusal::new(400, "PGRST100", format!("{name} must be a number"))),
    };
    let (limit, offset) = (number("limit", PAGE.0)?.min(PAGE.1), number("offset", 0)?);
    let (users, total) = provider.directory.list(form.text("search"), limit, offset).await?;
    Ok(json_answer(StatusCode::OK, &json!({"users": users, "total": total})))
}

async fn get(provider: web::Data<Inner>, request: HttpRequest, id: web::Path<String>) -> Answer {
    administrator(&provider, &request).await?;
    Ok(json_answer(StatusCode::OK, &json!(provider.directory.get(parsed(&id)?).await?)))
}

async fn invite(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> Answer {
    administrator(&provider, &request).await?;
    let wish = wish(&body)?;
    if wish.enabled == Some(false) {
        return Err(Refusal::new(400, "PGRST102", "Nobody is invited who may not sign in"));
    }
    let new = NewPerson {
        username: wish.username.unwrap_or_default(),
        email: wish.email.unwrap_or_default(),
        given_name: wish.given_name.unwrap_or_default(),
        family_name: wish.family_name.unwrap_or_default(),
        phone_number: wish.phone_number,
        roles: wish.roles.unwrap_or_else(|| vec!["user".into()]),
        ..NewPerson::default()
    };
    let account = provider.directory.add(&new).await?;
    tracing::info!(person = %account.id, "somebody was invited");
    let delivery = provider.directory.send_link(account.id).await;
    let account = provider.directory.get(account.id).await?;
    Ok(json_answer(StatusCode::CREATED, &with_delivery(account, delivery)))
}

async fn change(provider: web::Data<Inner>, request: HttpRequest, id: web::Path<String>, body: web::Bytes) -> Answer {
    let administrator = administrator(&provider, &request).await?;
    let (id, wish) = (parsed(&id)?, wish(&body)?);
    let before = provider.directory.get(id).await?;
    if wish.username.as_ref().is_some_and(|username| *username != before.username) {
        return Err(Refusal::new(400, "PGRST102", "A username cannot be changed"));
    }
    let gives_up = wish.enabled == Some(false) || wish.roles.as_ref().is_some_and(|r| !r.iter().any(|r| r == "admin"));
    if id == administrator && gives_up {
        return Err(Refusal::new(
            409,
            "23514",
            "You cannot take your own administration away; ask another administrator",
        ));
    }
    let texts = NewPerson {
        email: wish.email.clone().or(before.email.clone()).unwrap_or_default(),
        given_name: wish.given_name.clone().unwrap_or(before.given_name),
        family_name: wish.family_name.clone().unwrap_or(before.family_name),
        phone_number: wish.phone_number.clone().or(before.phone_number),
        ..NewPerson::default()
    };
    if wish.email.is_some() || wish.given_name.is_some() || wish.family_name.is_some() || wish.phone_number.is_some() {
        provider.directory.update(id, &texts).await?;
    }
    if let Some(roles) = &wish.roles {
        provider.directory.set_roles(id, roles).await?;
    }
    if let Some(enabled) = wish.enabled {
        provider.directory.set_enabled(id, enabled).await?;
    }
    Ok(json_answer(StatusCode::OK, &json!(provider.directory.get(id).await?)))
}

async fn send_link(provider: web::Data<Inner>, request: HttpRequest, id: web::Path<String>) -> Answer {
    administrator(&provider, &request).await?;
    let account = provider.directory.get(parsed(&id)?).await?;
    if !account.enabled {
        return Err(Refusal::new(409, "23514", "The account is disabled; enable it first"));
    }
    let delivery = provider.directory.send_link(account.id).await;
    Ok(json_answer(StatusCode::OK, &with_delivery(account, delivery)))
}

async fn sign_out(provider: web::Data<Inner>, request: HttpRequest, id: web::Path<String>) -> Answer {
    administrator(&provider, &request).await?;
    let account = provider.directory.get(parsed(&id)?).await?;
    provider.directory.sign_out(account.id).await?;
    Ok(HttpResponse::NoContent().insert_header((header::CACHE_CONTROL, "no-store")).finish())
}

async fn remove_second_factor(provider: web::Data<Inner>, request: HttpRequest, id: web::Path<String>) -> Answer {
    administrator(&provider, &request).await?;
    let account = provider.directory.get(parsed(&id)?).await?;
    Ok(json_answer(StatusCode::OK, &json!(provider.directory.remove_second_factor(account.id).await?)))
}

/// The account, and how its link goes to the person. A letter that fails does not undo the invitation: the link can be
/// asked for again.
fn with_delivery(account: Account, delivery: Result<Delivery, DirectoryError>) -> Value {
    let (sent, link, problem) = match delivery {
        Ok(Delivery::Sent) => (true, None, None),
        Ok(Delivery::Link(link)) => (false, Some(link), None),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a link to choose a password was not sent");
            (false, None, Some("The letter could not be sent."))
        }
    };
    json!({"user": account, "sent": sent, "link": link, "problem": problem})
}

/// The administrator who asks.
async fn administrator(provider: &Inner, request: &HttpRequest) -> Result<Uuid, Refusal> {
    if !request.headers().contains_key(header::AUTHORIZATION) {
        return Err(Refusal::new(401, "42501", "Sign in as an administrator"));
    }
    let Some(person) = provider.bearer(request).await? else {
        return Err(Refusal::new(401, "PGRST301", "The token is not valid here any more"));
    };
    if !person.roles.iter().any(|role| role == "admin") {
        return Err(Refusal::new(403, "42501", "Admin access required"));
    }
    Ok(person.id)
}

fn parsed(id: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(id).map_err(|_| Refusal::new(404, "P0002", "There is no such person"))
}

fn wish(body: &[u8]) -> Result<Wish, Refusal> {
    // By way of a map: a list would be taken for a wish without names.
    serde_json::from_slice::<serde_json::Map<String, Value>>(body)
        .and_then(|members| Wish::deserialize(Value::Object(members)))
        .map_err(|error| Refusal::new(400, "PGRST102", format!("The body is not readable: {error}")))
}

fn json_answer(status: StatusCode, document: &Value) -> HttpResponse {
    HttpResponse::build(status).insert_header((header::CACHE_CONTROL, "no-store")).json(document)
}

/// An answer that is no success.
#[derive(Debug)]
struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl actix_web::ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let document = json!({"code": self.code, "message": self.message, "details": null, "hint": null});
        let mut response = json_answer(self.status_code(), &document);
        if self.status == 401 {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<ProviderError> for Refusal {
    fn from(error: ProviderError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "administration of people failed");
        Self::new(503, "PGRST000", "People cannot be administered at the moment")
    }
}

impl From<DirectoryError> for Refusal {
    fn from(error: DirectoryError) -> Self {
        let (status, code) = match error {
            DirectoryError::Provider(error) => return error.into(),
            DirectoryError::Unknown(_) => (404, "P0002"),
            DirectoryError::Taken(_) => (409, "23505"),
            DirectoryError::LastAdministrator(_) => (409, "23514"),
            DirectoryError::Invalid(_) | DirectoryError::UnknownRole { .. } => (400, "22023"),
        };
        Self::new(status, code, error.to_string())
    }
}
