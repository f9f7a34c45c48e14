//! The pages that keycloak-js puts into invisible frames, and the files all pages share.

use super::pages;
use super::provider::Inner;
use actix_web::cookie::Cookie;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

const PROBE_COOKIE: &str = "CIVIC_OS_3P_PROBE";

/// Tells whether the session that a tab knows is still the one of the browser.
pub(super) async fn login_status(provider: web::Data<Inner>) -> HttpResponse {
    framed(&provider, "Session status", "login-status.js", None)
}

/// Sets a cookie and goes on; whether it comes back in step 2 tells if frames have cookies here.
pub(super) async fn third_party_cookies_step1(provider: web::Data<Inner>) -> HttpResponse {
    HttpResponse::Found()
        .insert_header((header::LOCATION, provider.path("/protocol/openid-connect/3p-cookies/step2.html")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("Content-Security-Policy", provider.frame_policy()))
        .cookie(provider.cookie(PROBE_COOKIE, "1".into(), false))
        .finish()
}

pub(super) async fn third_party_cookies_step2(provider: web::Data<Inner>, request: HttpRequest) -> HttpResponse {
    let came_back = request.cookie(PROBE_COOKIE).is_some();
    let script = if came_back { "cookies-supported.js" } else { "cookies-unsupported.js" };
    framed(&provider, "Cookie check", script, Some(provider.removal(PROBE_COOKIE, false)))
}

/// Style sheet and scripts: fixed names, nothing of the request is used as a path.
pub(super) async fn resource(provider: web::Data<Inner>, file: web::Path<String>) -> HttpResponse {
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let (kind, body) = match file.as_str() {
        "pages.css" => ("text/css; charset=utf-8", provider.appearance.style_sheet()),
        "login-status.js" => (SCRIPT, include_str!("frames/login-status.js").to_owned()),
        "cookies-supported.js" => (SCRIPT, "parent.postMessage(\"supported\", \"*\");\n".to_owned()),
        "cookies-unsupported.js" => (SCRIPT, "parent.postMessage(\"unsupported\", \"*\");\n".to_owned()),
        _ => return HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("not found\n"),
    };
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(body)
}

fn framed(provider: &Inner, title: &str, script: &str, cookie: Option<Cookie<'_>>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("Content-Security-Policy", provider.frame_policy()))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if let Some(cookie) = cookie {
        response.cookie(cookie);
    }
    response.body(pages::frame(title, &provider.path(&format!("/resources/{script}")), provider.redirects.origins()))
}

impl Inner {
    fn frame_policy(&self) -> String {
        format!(
            "default-src 'none'; script-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' {}",
            self.redirects.origins().join(" ")
        )
    }
}
