//! Documents for clients: discovery, keys, the claims of whoever asks.

use super::people::Person;
use super::provider::{Inner, page};
use super::tokens::profile;
use super::{ProviderError, pages};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use uuid::Uuid;

pub(super) async fn discovery(provider: web::Data<Inner>) -> HttpResponse {
    let endpoint = |name: &str| format!("{}/protocol/openid-connect/{name}", provider.issuer);
    public_json(&json!({
        "issuer": provider.issuer,
        "authorization_endpoint": endpoint("auth"),
        "token_endpoint": endpoint("token"),
        "userinfo_endpoint": endpoint("userinfo"),
        "end_session_endpoint": endpoint("logout"),
        "revocation_endpoint": endpoint("revoke"),
        "jwks_uri": endpoint("certs"),
        "check_session_iframe": endpoint("login-status-iframe.html"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "profile", "email", "phone", "roles", "web-origins"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "azp", "sid", "name",
            "preferred_username", "given_name", "family_name", "email", "email_verified", "phone_number",
            "realm_access", "resource_access"],
        "prompt_values_supported": ["none", "login"],
        "authorization_response_iss_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "claims_parameter_supported": false,
    }))
}

pub(super) async fn certs(provider: web::Data<Inner>) -> Result<HttpResponse, ProviderError> {
    Ok(public_json(&provider.keys.published()?))
}

/// Keycloak's description of a realm; some clients look here for the addresses.
pub(super) async fn realm(provider: web::Data<Inner>) -> HttpResponse {
    public_json(&json!({
        "realm": provider.realm_path.trim_start_matches("/realms/"),
        "token-service": format!("{}/protocol/openid-connect", provider.issuer),
        "account-service": format!("{}/account", provider.issuer),
        "tokens-not-before": 0,
    }))
}

fn public_json(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .json(document)
}

pub(super) async fn userinfo(provider: web::Data<Inner>, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    let mut response = match provider.bearer(&request).await? {
        Some(person) => {
            let mut claims = profile(&person);
            claims.insert("sub".into(), person.id.to_string().into());
            claims.insert("realm_access".into(), json!({ "roles": person.roles }));
            let mut response = HttpResponse::Ok();
            provider.allow_origin(&request, &mut response);
            response.json(claims)
        }
        None => {
            let mut response = HttpResponse::Unauthorized();
            provider.allow_origin(&request, &mut response);
            response
                .insert_header((header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\""))
                .json(json!({"error": "invalid_token", "error_description": "Token verification failed"}))
        }
    };
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Inner {
    /// The enabled person of an access token of this provider.
    pub(super) async fn bearer(&self, request: &HttpRequest) -> Result<Option<Person>, ProviderError> {
        let headers = request.headers().get_all(header::AUTHORIZATION).map(|value| value.as_bytes());
        let Ok(identity) = self.access_tokens.authenticate_headers(headers).await else { return Ok(None) };
        match identity.subject.as_deref().and_then(|subject| Uuid::parse_str(subject).ok()) {
            Some(id) => self.people().enabled(id).await,
            None => Ok(None),
        }
    }
}

pub(super) async fn not_found(provider: web::Data<Inner>) -> HttpResponse {
    let html = pages::message(&provider.appearance, &provider.realm_path, "Not found", "There is no such page here.");
    page(404, html, &provider.form_policy())
}
