//! The token endpoint: codes and refresh tokens become tokens. Revocation is beside it.

use super::ProviderError;
use super::form::Form;
use super::provider::Inner;
use super::sessions::{Granted, Refreshed};
use super::tokens::REFRESH;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) async fn exchange(provider: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let answer = grant(&provider, &body).await;
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

async fn grant(provider: &Inner, body: &[u8]) -> Result<Value, Refusal> {
    let form = Form::parse(body).map_err(|_| refusal("invalid_request", "A parameter came twice."))?;
    if form.text("client_id") != provider.client_id {
        return Err(Refusal { status: 401, ..refusal("invalid_client", "The client is not known here.") });
    }
    match form.text("grant_type") {
        "authorization_code" => from_code(provider, &form).await,
        "refresh_token" => from_refresh_token(provider, &form).await,
        "" => Err(refusal("invalid_request", "grant_type is missing.")),
        _ => Err(refusal("unsupported_grant_type", "Only authorization_code and refresh_token are supported.")),
    }
}

async fn from_code(provider: &Inner, form: &Form) -> Result<Value, Refusal> {
    let verifier = form.text("code_verifier");
    // A verifier of another length cannot be the right one; the code is spent all the same.
    let fits = (43..=128).contains(&verifier.len());
    let challenge = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()));
    let challenge = if fits { challenge.as_str() } else { "" };
    let redeemed = provider.sessions.redeem_code(form.text("code"), form.text("redirect_uri"), challenge).await;
    let granted = redeemed.map_err(|error| unavailable(&error))?.ok_or(refusal("invalid_grant", "Code not valid"))?;
    respond(provider, &granted)
}

async fn from_refresh_token(provider: &Inner, form: &Form) -> Result<Value, Refusal> {
    const NOT_ACTIVE: Refusal = refusal("invalid_grant", "Token is not active");
    let claims = provider.keys.unseal(form.text("refresh_token")).filter(|claims| claims["typ"] == REFRESH);
    let claims = claims.ok_or(refusal("invalid_grant", "Invalid refresh token"))?;
    if claims["exp"].as_i64().is_none_or(|exp| exp < super::sessions::now()) {
        return Err(NOT_ACTIVE);
    }
    let family = claims["family"].as_str().and_then(|id| Uuid::parse_str(id).ok()).ok_or(NOT_ACTIVE)?;
    let generation = claims["generation"].as_u64().ok_or(NOT_ACTIVE)?;
    match provider.sessions.rotate(family, generation).await.map_err(|error| unavailable(&error))? {
        Refreshed::Granted(granted) => respond(provider, &granted),
        Refreshed::Ended => Err(NOT_ACTIVE),
        Refreshed::Replayed => {
            tracing::warn!(subject = %claims["sub"], sid = %claims["sid"],
                "a refresh token was used twice: all tokens that descend from the same sign-in are revoked");
            Err(refusal("invalid_grant", "Token was used before"))
        }
    }
}

fn respond(provider: &Inner, granted: &Granted) -> Result<Value, Refusal> {
    provider.token_response(granted).map_err(|error| unavailable(&error))
}

/// Clients keep what they have and try again: only `invalid_grant` makes them forget it.
fn unavailable(error: &ProviderError) -> Refusal {
    tracing::error!(error = error as &dyn std::error::Error, "tokens cannot be given out");
    Refusal { status: 503, ..refusal("temporarily_unavailable", "Tokens cannot be given out at the moment.") }
}

/// RFC 7009: an unknown token is no error.
pub(super) async fn revoke(
    provider: web::Data<Inner>,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, ProviderError> {
    let family = Form::parse(&body)
        .ok()
        .and_then(|form| provider.keys.unseal(form.text("token")))
        .filter(|claims| claims["typ"] == REFRESH)
        .and_then(|claims| claims["family"].as_str().and_then(|id| Uuid::parse_str(id).ok()));
    if let Some(family) = family {
        provider.sessions.revoke(family).await?;
    }
    let mut response = HttpResponse::Ok();
    provider.allow_origin(&request, &mut response);
    Ok(response.insert_header((header::CACHE_CONTROL, "no-store")).finish())
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
