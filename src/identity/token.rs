//! The token endpoint: codes and refresh tokens become tokens. Revocation is beside it.

use super::form::Form;
use super::provider::Inner;
use super::sessions::RefreshRefusal;
use super::tokens::{REFRESH, Subject};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) async fn exchange(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let answer = grant(&provider, &body);
    let (status, body) = match answer {
        Ok(tokens) => (StatusCode::OK, tokens),
        Err(refusal) => (
            StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST),
            json!({"error": refusal.error, "error_description": refusal.description}),
        ),
    };
    let mut response = HttpResponse::build(status);
    provider.allow_origin(&request, &mut response);
    response.insert_header((header::CACHE_CONTROL, "no-store")).insert_header((header::PRAGMA, "no-cache")).json(body)
}

struct Refusal {
    status: u16,
    error: &'static str,
    description: &'static str,
}

const fn refusal(error: &'static str, description: &'static str) -> Refusal {
    Refusal { status: 400, error, description }
}

fn grant(provider: &Inner, body: &[u8]) -> Result<Value, Refusal> {
    let form = Form::parse(body).map_err(|_| refusal("invalid_request", "A parameter came twice."))?;
    if form.text("client_id") != provider.client_id {
        return Err(Refusal { status: 401, ..refusal("invalid_client", "The client is not known here.") });
    }
    match form.text("grant_type") {
        "authorization_code" => from_code(provider, &form),
        "refresh_token" => from_refresh_token(provider, &form),
        "" => Err(refusal("invalid_request", "grant_type is missing.")),
        _ => Err(refusal("unsupported_grant_type", "Only authorization_code and refresh_token are supported.")),
    }
}

fn from_code(provider: &Inner, form: &Form) -> Result<Value, Refusal> {
    const NOT_VALID: Refusal = refusal("invalid_grant", "Code not valid");
    let verifier = form.text("code_verifier");
    let challenge = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()));
    let redeemed = provider.sessions.redeem_code(form.text("code"), |grant| {
        grant.redirect_uri == form.text("redirect_uri")
            && (43..=128).contains(&verifier.len())
            && grant.code_challenge == challenge
    });
    let (grant, session, family_id, family) = redeemed.ok_or(NOT_VALID)?;
    let person = provider.people.enabled(session.subject).ok_or(NOT_VALID)?;
    let nonce = grant.nonce.as_deref();
    respond(provider, &Subject { person: &person, session: &session, family_id, family: &family, nonce })
}

fn from_refresh_token(provider: &Inner, form: &Form) -> Result<Value, Refusal> {
    const NOT_ACTIVE: Refusal = refusal("invalid_grant", "Token is not active");
    let claims = provider.keys.unseal(form.text("refresh_token")).filter(|claims| claims["typ"] == REFRESH);
    let claims = claims.ok_or(refusal("invalid_grant", "Invalid refresh token"))?;
    if claims["exp"].as_i64().is_none_or(|exp| exp < super::sessions::now()) {
        return Err(NOT_ACTIVE);
    }
    let family_id = claims["family"].as_str().and_then(|id| Uuid::parse_str(id).ok()).ok_or(NOT_ACTIVE)?;
    let generation = claims["generation"].as_u64().ok_or(NOT_ACTIVE)?;
    let (session, family) = match provider.sessions.rotate(family_id, generation) {
        Ok(rotated) => rotated,
        Err(RefreshRefusal::Ended) => return Err(NOT_ACTIVE),
        Err(RefreshRefusal::Replayed) => {
            tracing::warn!(subject = %claims["sub"], sid = %claims["sid"],
                "a refresh token was used twice: all tokens that descend from the same sign-in are revoked");
            return Err(refusal("invalid_grant", "Token was used before"));
        }
    };
    let person = provider.people.enabled(session.subject).ok_or(NOT_ACTIVE)?;
    respond(provider, &Subject { person: &person, session: &session, family_id, family: &family, nonce: None })
}

fn respond(provider: &Inner, subject: &Subject<'_>) -> Result<Value, Refusal> {
    provider.token_response(subject).map_err(|error| {
        tracing::error!(%error, "cannot sign a token");
        Refusal { status: 500, ..refusal("server_error", "Tokens cannot be signed at the moment.") }
    })
}

/// RFC 7009: an unknown token is no error.
pub(super) async fn revoke(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let family = Form::parse(&body)
        .ok()
        .and_then(|form| provider.keys.unseal(form.text("token")))
        .filter(|claims| claims["typ"] == REFRESH)
        .and_then(|claims| claims["family"].as_str().and_then(|id| Uuid::parse_str(id).ok()));
    if let Some(family) = family {
        provider.sessions.revoke(family);
    }
    let mut response = HttpResponse::Ok();
    provider.allow_origin(&request, &mut response);
    response.insert_header((header::CACHE_CONTROL, "no-store")).finish()
}

pub(super) async fn preflight(provider: web::Data<Inner>, request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    if provider.allow_origin(&request, &mut response) {
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"))
            .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type"))
            .insert_header((header::ACCESS_CONTROL_MAX_AGE, "3600"));
    }
    response.finish()
}

impl Inner {
    /// Lets scripts of the web client's origins read the answer, cookies included; nobody else's.
    pub(super) fn allow_origin(&self, request: &HttpRequest, response: &mut HttpResponseBuilder) -> bool {
        response.append_header((header::VARY, "Origin"));
        let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let Some(origin) = origin.filter(|origin| self.redirects.is_origin(origin)) else { return false };
        response
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin))
            .insert_header((header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"));
        true
    }
}
