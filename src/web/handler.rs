//! What `web.listen` answers once the API and the provider have had their turn.

use super::SecurityPolicy;
use super::assets::{self, Asset};
use super::foreign::{self, Folder};
use super::runtime_config::RuntimeConfig;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use std::sync::Arc;

/// The web client as a set of routes; cheap to clone.
#[derive(Clone)]
pub struct Web {
    config_script: Arc<str>,
    /// Origin under which people reach the client.
    public_url: Arc<str>,
    foreign: Option<Arc<(Folder, SecurityPolicy)>>,
}

impl Web {
    /// Prepares the runtime configuration once.
    pub fn new(config: &RuntimeConfig, public_url: &str) -> Self {
        Self { config_script: config.to_script().into(), public_url: public_url.into(), foreign: None }
    }

    /// Serves a foreign client's folder in place of the embedded client (D-20, D-21).
    ///
    /// # Errors
    /// There is no such folder.
    pub fn with_foreign_client(mut self, root: &std::path::Path, policy: SecurityPolicy) -> std::io::Result<Self> {
        self.foreign = Some(Arc::new((Folder::new(root)?, policy)));
        Ok(self)
    }

    /// Mounts the routes; the last is a catch-all, so call this after everything else.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        let script = self.config_script.clone();
        let public_url = self.public_url.clone();
        let (foreign, page_script) = (self.foreign.clone(), self.config_script.clone());
        routes
            .route("/health", web::get().to(health))
            .route("/health", web::head().to(health))
            .service(web::resource("/assets/config.js").to(move |request: HttpRequest| {
                let response = config_script(&request, &script);
                async move { response }
            }))
            .default_service(web::to(move |request: HttpRequest| {
                let other_name = to_the_public_name(&request, &public_url);
                let (foreign, script) = (foreign.clone(), page_script.clone());
                async move {
                    match (other_name, foreign) {
                        (Some(redirect), _) => redirect,
                        (None, Some(foreign)) => serve_foreign(&request, &foreign.0, &foreign.1, &script).await,
                        (None, None) => serve(&request),
                    }
                }
            }));
    }
}

/// The operator's check of the front door (WORKERS.md §7.2).
async fn health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("healthy\n")
}

fn config_script(request: &HttpRequest, script: &str) -> HttpResponse {
    if !is_read(request.method()) {
        return method_not_allowed();
    }
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store, no-cache, must-revalidate, proxy-revalidate"))
        .body(script.to_owned())
}

fn to_the_public_name(request: &HttpRequest, public_url: &str) -> Option<HttpResponse> {
    let is_other = is_read(request.method())
        && accepts_html(request.headers())
        && is_other_name_of_this_machine(request.connection_info().host(), public_url);
    is_other.then(|| {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let location = format!("{public_url}/{}", target.trim_start_matches('/'));
        HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, location)).finish()
    })
}

/// A file of a foreign client's folder, or its page for any other address of the client (as nginx in release 0.15).
async fn serve_foreign(request: &HttpRequest, folder: &Folder, policy: &SecurityPolicy, script: &str) -> HttpResponse {
    if !is_read(request.method()) {
        return method_not_allowed();
    }
    let path = percent_encoding::percent_decode_str(request.path().trim_start_matches('/')).decode_utf8();
    let path = path.as_deref().unwrap_or("\0");
    let found = if path.is_empty() { None } else { folder.find(path).filter(|_| path != "index.html") };
    if let Some(file) = found {
        let cache = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        let mut response = HttpResponse::Ok();
        response.insert_header((header::ETAG, file.etag.as_str())).insert_header((header::CACHE_CONTROL, cache));
        if validator_matches(request.headers(), &file.etag) {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        return match tokio::fs::read(&file.path).await {
            Ok(body) => response.content_type(file.media_type).body(body),
            Err(_) => nothing_here(),
        };
    }
    if looks_like_file(path) || path.contains('\0') {
        return nothing_here();
    }
    let Some(index) = folder.find("index.html") else { return nothing_here() };
    let Ok(html) = tokio::fs::read_to_string(&index.path).await else { return nothing_here() };
    let nonce = nonce();
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy.for_page(&nonce)))
        .body(foreign::page(&html, script, &nonce))
}

/// 128 random bits for one page.
fn nonce() -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(rand::random::<[u8; 16]>())
}

fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body("Nothing is served at this address.\n")
}

fn serve(request: &HttpRequest) -> HttpResponse {
    if !is_read(request.method()) {
        return method_not_allowed();
    }
    let path = request.path().trim_start_matches('/');
    let path = match path {
        "" => "index.html",
        "api-docs/" => "api-docs/index.html",
        // Asked for by browsers on pages that name no icon, such as a JSON document.
        "favicon.ico" => "favicon.svg",
        path => path,
    };
    if path == "api-docs" {
        return HttpResponse::PermanentRedirect().insert_header((header::LOCATION, "/api-docs/")).finish();
    }
    if let Some(asset) = assets::find(path) {
        return answer(request, asset, StatusCode::OK);
    }
    // History fallback: only for navigations. A missing script must not come back as a page.
    if accepts_html(request.headers()) && !looks_like_file(path) {
        return match assets::find("index.html") {
            Some(index) => answer(request, index, StatusCode::OK),
            None => HttpResponse::NotFound()
                .content_type("text/plain; charset=utf-8")
                .body("This build carries no web client. The API is under /api/.\n"),
        };
    }
    nothing_here()
}

fn answer(request: &HttpRequest, asset: &'static Asset, status: StatusCode) -> HttpResponse {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::ETAG, asset.etag))
        .insert_header((header::CACHE_CONTROL, asset.cache_control()))
        .insert_header((header::VARY, "Accept-Encoding"));
    if validator_matches(request.headers(), asset.etag) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    let accepted = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (body, encoding) = match (asset.brotli, asset.gzip) {
        (Some(body), _) if accepts_encoding(accepted, "br") => (Bytes::from_static(body), Some("br")),
        (_, Some(body)) if accepts_encoding(accepted, "gzip") => (Bytes::from_static(body), Some("gzip")),
        _ => (asset.plain(), None),
    };
    if let Some(encoding) = encoding {
        response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(encoding)));
    }
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type())));
    response.body(body)
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, "GET, HEAD"))
        .content_type("text/plain; charset=utf-8")
        .body("Only GET and HEAD are answered here. The API is under /api/.\n")
}

/// Whether a browser came by another name of this machine (`localhost` for `127.0.0.1`). To the provider and to the security policy it would be a
/// stranger there, and signing in would fail.
fn is_other_name_of_this_machine(host: &str, public_url: &str) -> bool {
    const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];
    let split = |authority: &str| {
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, port),
            _ => (authority, ""),
        };
        (NAMES.iter().position(|known| name.eq_ignore_ascii_case(known)), port.to_owned())
    };
    let public = public_url.strip_prefix("http://").unwrap_or_default().trim_end_matches('/');
    match (split(host), split(public)) {
        ((Some(name), port), (Some(public_name), public_port)) => name != public_name && port == public_port,
        _ => false,
    }
}

/// Weak comparison, as RFC 9110 §13.1.2 asks for `If-None-Match`.
fn validator_matches(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|list| {
        list.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == etag)
    })
}

/// Whether `Accept-Encoding` names the coding with a quality above zero. `*` is not enough: identity is always right.
pub(super) fn accepts_encoding(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts
                .any(|parameter| parameter.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)))
    })
}

fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).filter_map(|value| value.to_str().ok()).any(|accept| accept.contains("text/html"))
}

/// Endings that the reference answers with 404 instead of the page (WORKERS.md §7.5).
fn looks_like_file(path: &str) -> bool {
    const ENDINGS: [&str; 16] = [
        "js",
        "mjs",
        "css",
        "map",
        "json",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "ico",
        "svg",
        "woff",
        "woff2",
        "ttf",
        "eot",
        "webmanifest",
    ];
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_negotiated_by_name_and_quality() {
        assert!(accepts_encoding("gzip, deflate, br", "br"));
        assert!(accepts_encoding("BR;q=0.5", "br"));
        assert!(!accepts_encoding("br;q=0, gzip", "br"));
        assert!(!accepts_encoding("*", "br"));
        assert!(!accepts_encoding("", "gzip"));
    }

    #[test]
    fn only_names_of_this_machine_are_exchanged() {
        let public = "http://127.0.0.1:8000";
        assert!(is_other_name_of_this_machine("localhost:8000", public));
        assert!(is_other_name_of_this_machine("[::1]:8000", public));
        assert!(!is_other_name_of_this_machine("127.0.0.1:8000", public));
        assert!(!is_other_name_of_this_machine("localhost:9000", public), "a forwarded port is somebody's intention");
        assert!(!is_other_name_of_this_machine("town.example:8000", public));
        assert!(!is_other_name_of_this_machine("localhost:8000", "https://town.example"));
    }

    #[test]
    fn record_addresses_with_dots_are_pages_and_scripts_are_not() {
        assert!(!looks_like_file("view/issues/a.b"));
        assert!(looks_like_file("assets/index-1234.js"));
    }
}
