//! The link at the foot of a mail. A mail program posts to it (RFC 8058); a person sees a page and presses a button, because programs that look at links
//! must not unsubscribe anybody.

use super::super::Inner;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Deserialize)]
pub(super) struct Query {
    token: Option<String>,
}

impl Query {
    fn token(&self) -> Option<String> {
        self.token.as_deref().and_then(|token| Uuid::parse_str(token).ok()).map(|token| token.to_string())
    }
}

pub(super) async fn ask(query: web::Query<Query>) -> HttpResponse {
    match query.token() {
        Some(token) => page(
            200,
            "Stop these mails?",
            &format!(
                "<p>You will get no more notifications by mail. You can change that in your settings.</p>\
                 <form method=\"post\" action=\"/notifications/unsubscribe?token={token}\"><button>Unsubscribe</button></form>"
            ),
        ),
        None => page(404, "This link does not work", "<p>Change what you get in your settings.</p>"),
    }
}

pub(super) async fn act(inner: web::Data<Inner>, query: web::Query<Query>) -> HttpResponse {
    let Some(token) = query.token() else {
        return page(404, "This link does not work", "<p>Change what you get in your settings.</p>");
    };
    match inner.store.unsubscribe(&token).await {
        Ok(true) => page(200, "You are unsubscribed", "<p>You get no more notifications by mail.</p>"),
        Ok(false) => page(404, "This link does not work", "<p>Change what you get in your settings.</p>"),
        Err(error) => {
            tracing::warn!(%error, "Somebody could not be unsubscribed");
            page(503, "Please try again later", "<p>Something does not work at the moment.</p>")
        }
    }
}

fn page(status: u16, title: &str, main: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ))
        .body(format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
             <title>{title}</title></head><body><main><h1>{title}</h1>{main}</main></body></html>"
        ))
}
