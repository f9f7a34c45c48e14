//! From the operator's configuration to the object that the web client reads.

use crate::config::{Config, Visibility};
use crate::web::RuntimeConfig;
use std::net::SocketAddr;

/// A listener on port 0 has its address only now; everything derived from it needs the real one.
pub(super) fn derive_public_url(config: &mut Config, web: Option<SocketAddr>) {
    if let (None, Some(address)) = (&config.web.public_url, web)
        && config.web.listen.ends_with(":0")
    {
        let host = if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
        let scheme = if config.tls.is_on() { "https" } else { "http" };
        config.web.public_url = Some(format!("{scheme}://{host}:{}", address.port()));
    }
}

/// The complete object (D-20).
pub(super) fn runtime_config(config: &Config, demo: bool) -> RuntimeConfig {
    let issuer = config.issuer().unwrap_or_default();
    let (keycloak_url, keycloak_realm) = match issuer.rsplit_once("/realms/") {
        Some((base, realm)) => (base.to_owned(), realm.trim_end_matches('/').to_owned()),
        // Another provider: the client takes the whole issuer as its base.
        None => (issuer, String::new()),
    };
    let optional = |value: &Option<String>| value.clone().unwrap_or_default();
    RuntimeConfig {
        postgrest_url: config.postgrest_url(),
        swagger_url: config.web.swagger_url.clone().unwrap_or_else(|| config.postgrest_url()),
        keycloak_url,
        keycloak_realm,
        keycloak_client_id: config.auth.client_id.clone(),
        tile_url: config.map.tile_url.clone(),
        tile_url_dark: optional(&config.map.tile_url_dark),
        attribution: config.map.attribution.clone(),
        default_center: [config.map.default_lat, config.map.default_lng],
        default_zoom: config.map.default_zoom,
        s3_endpoint: config.storage.public_endpoint().unwrap_or_default().to_owned(),
        s3_bucket: optional(&config.storage.s3_bucket),
        s3_private: config.files.visibility == Visibility::Private,
        stripe_publishable_key: optional(&config.payments.stripe_publishable_key),
        payments_sandbox: if config.payments.sandbox { "/sandbox/".to_owned() } else { String::new() },
        matomo_url: optional(&config.matomo.url),
        matomo_site_id: optional(&config.matomo.site_id),
        matomo_enabled: config.matomo.enabled && config.matomo.url.is_some(),
        branding_name: optional(&config.branding.name),
        branding_logo: optional(&config.branding.logo),
        branding_color: optional(&config.branding.color),
        branding_color_dark: optional(&config.branding.color_dark),
        time_zone: optional(&config.notifications.notification_timezone),
        demo,
        user_administration: if config.identity.enabled { "/auth/users".into() } else { String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_organisations_zone_is_what_was_said_and_utc_is_an_answer() {
        let mut config = Config::default();
        let zone = |config: &Config| runtime_config(config, false).to_json()["timeZone"].clone();
        assert_eq!(zone(&config), "", "nothing was said");
        for said in ["UTC", "Europe/Berlin"] {
            config.notifications.notification_timezone = Some(said.into());
            assert_eq!(zone(&config), said);
        }
    }
}
