//! `window.civicOsConfig`, the object by which a client learns where things are (WORKERS.md §7.4, web/HTTP.md §6).
//!
//! Always complete (D-20): a client may read any member without a guard. JSON-escaped, so no value can leave its string.

use serde_json::{Value, json};

/// What the client is told.
#[derive(Clone, Debug, Default)]
pub struct RuntimeConfig {
    /// API base with trailing slash, as the browser reaches it.
    pub postgrest_url: String,
    /// Link of the About dialog.
    pub swagger_url: String,
    /// Base of the identity provider, the part before `/realms/`.
    pub keycloak_url: String,
    /// Realm name.
    pub keycloak_realm: String,
    /// Client id.
    pub keycloak_client_id: String,
    /// Raster tile template.
    pub tile_url: String,
    /// The same for the dark theme; empty = use `tile_url`.
    pub tile_url_dark: String,
    /// Credit shown on maps.
    pub attribution: String,
    /// Latitude, longitude.
    pub default_center: [f64; 2],
    /// Start zoom.
    pub default_zoom: u8,
    /// Object store as the browser reaches it.
    pub s3_endpoint: String,
    /// Bucket of uploads.
    pub s3_bucket: String,
    /// Whether objects are read by signed addresses only (an addition to the original's shape).
    pub s3_private: bool,
    /// Stripe's publishable key; empty = payments off.
    pub stripe_publishable_key: String,
    /// Path of the payment sandbox; empty = none.
    pub payments_sandbox: String,
    /// Analytics base URL.
    pub matomo_url: String,
    /// Analytics site.
    pub matomo_site_id: String,
    /// Whether analytics is on.
    pub matomo_enabled: bool,
    /// Organisation.
    pub branding_name: String,
    /// Logo URL; empty = none.
    pub branding_logo: String,
    /// `#RRGGBB`; empty = default.
    pub branding_color: String,
    /// `#RRGGBB` for dark; empty = derived.
    pub branding_color_dark: String,
    /// The organisation's time zone by its IANA name; empty = not said, and only the browser's own counts.
    pub time_zone: String,
    /// Whether this is the demo, which tells people so.
    pub demo: bool,
    /// Where people are administered, where the embedded provider is on; empty = elsewhere.
    pub user_administration: String,
}

impl RuntimeConfig {
    /// The object as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "postgrestUrl": self.postgrest_url,
            "swaggerUrl": self.swagger_url,
            "map": {
                "tileUrl": self.tile_url,
                "tileUrlDark": self.tile_url_dark,
                "attribution": self.attribution,
                "defaultCenter": self.default_center,
                "defaultZoom": self.default_zoom,
            },
            "keycloak": { "url": self.keycloak_url, "realm": self.keycloak_realm, "clientId": self.keycloak_client_id },
            "s3": { "endpoint": self.s3_endpoint, "bucket": self.s3_bucket, "private": self.s3_private },
            "stripe": { "publishableKey": self.stripe_publishable_key, "sandbox": self.payments_sandbox },
            "matomo": { "url": self.matomo_url, "siteId": self.matomo_site_id, "enabled": self.matomo_enabled },
            "branding": {
                "name": self.branding_name,
                "logo": self.branding_logo,
                "color": self.branding_color,
                "colorDark": self.branding_color_dark,
            },
            "timeZone": self.time_zone,
            "demo": self.demo,
            "userAdministration": self.user_administration,
            "version": env!("CARGO_PKG_VERSION"),
        })
    }

    /// The statement that `/assets/config.js` consists of. `<` is escaped so that the same text is safe inside a page.
    pub fn to_script(&self) -> String {
        let json = self
            .to_json()
            .to_string()
            .replace('<', "\\u003c")
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029");
        format!("window.civicOsConfig = {json};\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_values_stay_inside_their_string() {
        let script = RuntimeConfig { branding_name: "</script><script>alert('|&\"')//".into(), ..Default::default() }
            .to_script();
        assert!(!script.contains('<'));
        let json = script.trim_start_matches("window.civicOsConfig = ").trim_end().trim_end_matches(';');
        let value: Value = serde_json::from_str(json).expect("still JSON");
        assert_eq!(value["branding"]["name"], "</script><script>alert('|&\"')//");
    }

    #[test]
    fn all_members_that_a_client_reads_unguarded_are_present() {
        let value = RuntimeConfig::default().to_json();
        for member in ["map", "keycloak", "s3", "stripe", "matomo"] {
            assert!(value[member].is_object(), "{member}");
        }
    }
}
