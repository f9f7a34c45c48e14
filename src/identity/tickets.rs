//! Forms that only the browser they were shown in can send: a sealed text in the form, its counterpart in a cookie.

use super::ProviderError;
use super::provider::{FORM_COOKIE, Inner};
use super::sessions::now;
use super::signing_keys::random_bytes;
use actix_web::cookie::Cookie;
use actix_web::{HttpRequest, HttpResponse};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Value, json};

/// Seconds that a page with a form may stay open.
const LIFETIME: i64 = 3600;

/// A form about to be shown.
pub(super) struct Ticket<'c> {
    /// Goes into the hidden field `form`.
    pub(super) sealed: String,
    cookie: Cookie<'c>,
}

/// Whether a form that came back may be acted on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    /// The cookie is missing or another browser's.
    OtherBrowser,
    TooOld,
}

impl Ticket<'_> {
    /// Gives the browser its half.
    pub(super) fn attach(&self, response: &mut HttpResponse) {
        // The value is base64url: this cannot fail.
        let _ = response.add_cookie(&self.cookie);
    }
}

impl Inner {
    /// Seals `content` for the browser of `request`. Several open forms share one cookie.
    pub(super) fn ticket(
        &self,
        request: &HttpRequest,
        kind: &str,
        content: Value,
    ) -> Result<Ticket<'static>, ProviderError> {
        let known = request.cookie(FORM_COOKIE).map(|cookie| cookie.value().to_owned());
        let browser = known.filter(|value| value.len() == 43).unwrap_or_else(|| BASE64.encode(random_bytes()));
        let sealed = self.keys.seal(
            &json!({"typ": kind, "content": content, "browser": fingerprint(&browser), "exp": now() + LIFETIME}),
        )?;
        Ok(Ticket { sealed, cookie: self.cookie(FORM_COOKIE, browser, false) })
    }

    /// Opens a hidden field of this kind; `None` when it is not one of ours.
    pub(super) fn open_ticket(&self, request: &HttpRequest, kind: &str, sealed: &str) -> Option<(Value, Standing)> {
        let mut sealed = self.keys.unseal(sealed).filter(|sealed| sealed["typ"] == kind)?;
        let same = request.cookie(FORM_COOKIE).is_some_and(|cookie| sealed["browser"] == fingerprint(cookie.value()));
        let fresh = sealed["exp"].as_i64().is_some_and(|exp| exp >= now());
        let standing = match (same, fresh) {
            (false, _) => Standing::OtherBrowser,
            (true, false) => Standing::TooOld,
            (true, true) => Standing::Good,
        };
        Some((sealed["content"].take(), standing))
    }
}

fn fingerprint(text: &str) -> String {
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}
