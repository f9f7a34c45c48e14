//! Security headers of everything that `web.listen` answers (D-21). The policy is built from the configuration: an origin that the client has to
//! reach is listed, nothing else. A response that brings its own policy (the provider's sign-in page) keeps it.

use super::RuntimeConfig;
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;
use std::sync::Arc;
use url::Url;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Where a page's nonce stands in the policy of a foreign client.
const NONCE: &str = " 'nonce-?'";

/// The headers, computed once.
#[derive(Clone)]
pub struct SecurityPolicy {
    headers: Arc<Vec<(HeaderName, HeaderValue)>>,
    /// The content policy with [`NONCE`] in it.
    template: Arc<str>,
}

impl SecurityPolicy {
    /// The policy for our own client: no inline script, ever. `foreign` is the compatibility switch for a foreign client's
    /// folder (D-21): inline scripts of its page by nonce, the handler by which Angular loads its style sheets, inline
    /// styles, and the fonts and tiles that the client of release 0.15 names itself.
    pub fn new(config: &RuntimeConfig, public_url: &str, foreign: bool) -> Self {
        let own = origin(public_url);
        let list = |urls: &[&str]| {
            let mut origins: Vec<String> =
                urls.iter().filter_map(|url| origin(url)).filter(|o| Some(o) != own.as_ref()).collect();
            origins.sort();
            origins.dedup();
            origins.into_iter().fold(String::new(), |list, origin| list + " " + &origin)
        };
        let stripe = !config.stripe_publishable_key.is_empty();
        let matomo = if config.matomo_enabled { config.matomo_url.as_str() } else { "" };
        let provider = list(&[&config.keycloak_url]);
        let store = list(&[&config.s3_endpoint]);
        let directives = [
            "default-src 'self'".to_owned(),
            format!(
                "script-src 'self'{}{}{}",
                if foreign {
                    format!("{NONCE} 'unsafe-hashes' {}", hash_of("this.media='all'"))
                } else {
                    String::new()
                },
                list(&[matomo]),
                if stripe { " https://js.stripe.com" } else { "" }
            ),
            format!(
                "connect-src 'self'{}{}",
                list(&[&config.postgrest_url, &config.keycloak_url, &config.s3_endpoint, matomo]),
                if stripe { " https://api.stripe.com" } else { "" }
            ),
            // Our client has no inline style either; a foreign one may.
            format!("style-src 'self'{}", if foreign { " 'unsafe-inline' https://fonts.googleapis.com" } else { "" }),
            format!(
                "img-src 'self' data: blob:{}{}{}",
                list(&[&config.s3_endpoint, matomo, &config.branding_logo]),
                tile_origins(config),
                if foreign { FOREIGN_TILES } else { "" }
            ),
            format!("font-src 'self' data:{}", if foreign { " https://fonts.gstatic.com" } else { "" }),
            format!(
                "frame-src 'self'{provider}{store}{}",
                if stripe { " https://js.stripe.com https://hooks.stripe.com" } else { "" }
            ),
            // The provider's silent sign-in frames a page of ours, and it frames pages of its own.
            format!("frame-ancestors 'self'{provider}"),
            "object-src 'none'".to_owned(),
            "base-uri 'self'".to_owned(),
            format!("form-action 'self'{provider}"),
        ];
        let mut headers = vec![
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
            (
                PERMISSIONS_POLICY,
                HeaderValue::from_static("camera=(self), geolocation=(self), microphone=(), payment=(self), usb=()"),
            ),
            (CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin-allow-popups")),
        ];
        let template = directives.join("; ");
        match HeaderValue::from_str(&template.replace(NONCE, "")) {
            Ok(value) => headers.push((CONTENT_SECURITY_POLICY, value)),
            Err(error) => {
                tracing::error!(%error, "The content security policy contains a character that a header cannot carry; sending the strictest one")
            }
        }
        if public_url.starts_with("https://") {
            headers.push((STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
        }
        Self { headers: Arc::new(headers), template: template.into() }
    }

    /// The content policy of a foreign client's page whose scripts carry this nonce.
    pub(super) fn for_page(&self, nonce: &str) -> String {
        self.template.replace(NONCE, &format!(" 'nonce-{nonce}'"))
    }

    fn add_to(&self, response: &mut HeaderMap) {
        for (name, value) in self.headers.iter() {
            if !response.contains_key(name) {
                response.insert(name.clone(), value.clone());
            }
        }
    }

    /// Middleware step: adds what the response does not say itself, errors included.
    ///
    /// # Errors
    /// Those of the service behind it.
    pub async fn apply<B: MessageBody>(
        self,
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let mut response = next.call(request).await?;
        self.add_to(response.headers_mut());
        Ok(response)
    }
}

/// Tiles that the client of release 0.15 asks for whatever the configuration says.
const FOREIGN_TILES: &str =
    " https://tile.openstreetmap.org https://*.tile.openstreetmap.org https://server.arcgisonline.com";

fn hash_of(script: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("'sha256-{}'", STANDARD.encode(ring::digest::digest(&ring::digest::SHA256, script.as_bytes())))
}

fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Tile templates have `{s}` for a sub-domain: the policy allows that one level.
fn tile_origins(config: &RuntimeConfig) -> String {
    let mut list = String::new();
    for template in [&config.tile_url, &config.tile_url_dark] {
        let (scheme, rest) = template.split_once("://").unwrap_or(("", ""));
        let host = rest.split('/').next().unwrap_or("");
        if !matches!(scheme, "http" | "https") || host.is_empty() {
            continue;
        }
        for host in if host.contains("{s}") {
            vec![host.replace("{s}", "*"), host.replace("{s}.", "")]
        } else {
            vec![host.to_owned()]
        } {
            if host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:*".contains(&byte)) {
                let entry = format!(" {scheme}://{host}");
                if !list.contains(&entry) {
                    list.push_str(&entry);
                }
            }
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(config: &RuntimeConfig, public_url: &str) -> String {
        let policy = SecurityPolicy::new(config, public_url, false);
        let (_, value) = policy.headers.iter().find(|(name, _)| *name == CONTENT_SECURITY_POLICY).expect("a policy");
        value.to_str().expect("ascii").to_owned()
    }

    #[test]
    fn lists_exactly_the_configured_origins() {
        let config = RuntimeConfig {
            keycloak_url: "https://auth.example.org/base".into(),
            s3_endpoint: "https://files.example.org:9000".into(),
            tile_url: "https://{s}.tile.example.org/{z}/{x}/{y}.png".into(),
            stripe_publishable_key: "pk_test_1".into(),
            ..Default::default()
        };
        let policy = policy(&config, "https://town.example.org");
        assert!(policy.contains("script-src 'self' https://js.stripe.com;"), "{policy}");
        assert!(
            policy.contains(
                "connect-src 'self' https://auth.example.org https://files.example.org:9000 https://api.stripe.com;"
            ),
            "{policy}"
        );
        assert!(policy.contains("img-src 'self' data: blob: https://files.example.org:9000 https://*.tile.example.org https://tile.example.org;"), "{policy}");
        assert!(policy.contains("frame-ancestors 'self' https://auth.example.org;"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn own_origin_is_not_repeated_and_hostile_tiles_are_left_out() {
        let config = RuntimeConfig {
            keycloak_url: "http://127.0.0.1:8000".into(),
            tile_url: "https://evil.example.org; script-src *".into(),
            ..Default::default()
        };
        let policy = policy(&config, "http://127.0.0.1:8000");
        assert!(policy.contains("connect-src 'self';"), "{policy}");
        assert!(!policy.contains("script-src *"), "{policy}");
    }
}
