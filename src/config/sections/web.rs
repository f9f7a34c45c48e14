//! `[web]`, `[branding]`, `[map]` and `[matomo]`: what browsers see.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `[web]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Listener of the web client, the API under `/api/` and the provider, `host:port`; empty = off.
    pub listen: String,
    /// URL under which people reach it; default: derived from the listener ([`crate::config::Config::public_url`]).
    pub public_url: Option<String>,
    /// API base as the browser sees it; default: `<public_url>/api/` ([`crate::config::Config::postgrest_url`]).
    pub postgrest_url: Option<String>,
    /// Link of the About dialog.
    pub swagger_url: Option<String>,
    /// Folder with a foreign client that replaces the embedded one.
    pub root: Option<PathBuf>,
    /// Networks of proxies whose word about the client's address is believed.
    pub trusted_proxies: Vec<String>,
    /// The header in which they say it.
    pub proxy_header: ProxyHeader,
}

/// How a trusted proxy names the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProxyHeader {
    /// What nginx, Caddy, Traefik and load balancers write.
    #[default]
    #[serde(rename = "x-forwarded-for")]
    XForwardedFor,
    /// RFC 7239.
    #[serde(rename = "forwarded")]
    Forwarded,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            listen: "0.0.0.0:8000".into(),
            public_url: None,
            postgrest_url: None,
            swagger_url: None,
            root: None,
            trusted_proxies: Vec::new(),
            proxy_header: ProxyHeader::default(),
        }
    }
}

/// `[branding]`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BrandingConfig {
    /// Name of the organisation.
    pub name: Option<String>,
    /// URL or file of the logo.
    pub logo: Option<String>,
    /// `#RRGGBB`
    pub color: Option<String>,
    /// `#RRGGBB` for the dark theme.
    pub color_dark: Option<String>,
}

/// `[map]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MapConfig {
    /// Raster tile template.
    pub tile_url: String,
    /// The same for the dark theme.
    pub tile_url_dark: Option<String>,
    /// Credit shown on the map.
    pub attribution: String,
    /// Start position, degrees north.
    pub default_lat: f64,
    /// Start position, degrees east.
    pub default_lng: f64,
    /// Start zoom.
    pub default_zoom: u8,
    /// Address search in Nominatim's dialect.
    pub geocoder_url: Option<String>,
}

impl Default for MapConfig {
    fn default() -> Self {
        Self {
            tile_url: "https://{s}.tile.openstreetmap.org/{z}/{x}/{y}.png".into(),
            tile_url_dark: None,
            attribution: "© OpenStreetMap contributors".into(),
            default_lat: 43.0125,
            default_lng: -83.6875,
            default_zoom: 13,
            geocoder_url: None,
        }
    }
}

/// `[matomo]`: analytics.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatomoConfig {
    /// Base URL; not set = no analytics.
    pub url: Option<String>,
    /// Site.
    pub site_id: Option<String>,
    /// A switch that leaves the other two in place.
    pub enabled: bool,
}

impl Default for MatomoConfig {
    fn default() -> Self {
        Self { url: None, site_id: None, enabled: true }
    }
}
