//! `[files]`, `[storage]`, `[store]`, `[thumbnails]` and `[payments]`: what background jobs need.

use crate::config::Secret;
use serde::{Deserialize, Serialize};

/// `[storage]`: the object store of uploaded files.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StorageConfig {
    /// Bucket of new uploads; not set = no files.
    pub s3_bucket: Option<String>,
    /// Static key; not set = anonymous or the machine's role.
    pub s3_access_key_id: Secret,
    /// Its secret.
    pub s3_secret_access_key: Secret,
    /// Region that requests are signed for.
    pub s3_region: String,
    /// Endpoint of the process's own calls; not set = AWS.
    pub s3_endpoint: Option<String>,
    /// Endpoint in URLs handed to browsers; default: `s3_endpoint`.
    pub s3_public_endpoint: Option<String>,
}

impl Default for StorageConfig {
    fn default() -> Self {
        Self {
            s3_bucket: None,
            s3_access_key_id: Secret::default(),
            s3_secret_access_key: Secret::default(),
            s3_region: "us-east-1".into(),
            s3_endpoint: None,
            s3_public_endpoint: None,
        }
    }
}

impl StorageConfig {
    /// The endpoint that browsers use.
    pub fn public_endpoint(&self) -> Option<&str> {
        self.s3_public_endpoint.as_deref().or(self.s3_endpoint.as_deref())
    }
}

/// `[store]`: the embedded object store.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// Its listener, `host:port`; not set = off.
    pub listen: Option<String>,
}

/// `[files]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilesConfig {
    /// Who may read objects without a signature.
    pub visibility: Visibility,
    /// Bytes of the largest upload.
    pub max_size: u64,
    /// Hours before an abandoned upload is deleted.
    pub grace_hours: u32,
    /// Whether people who are not signed in may upload (D-03).
    pub anonymous_uploads: bool,
}

/// Who may read objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody who knows the address.
    #[default]
    Public,
    /// Who may read the file's row, by signed addresses.
    Private,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self { visibility: Visibility::Public, max_size: 104_857_600, grace_hours: 24, anonymous_uploads: false }
    }
}

/// `[thumbnails]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ThumbnailsConfig {
    /// Pictures processed at the same time.
    pub max_workers: u16,
}

impl Default for ThumbnailsConfig {
    fn default() -> Self {
        Self { max_workers: 3 }
    }
}

/// `[payments]`: Stripe.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentsConfig {
    /// A listener for the webhook alone, `host:port`; default: off in `all`, see [`crate::config::Config::payments_listen`].
    pub listen: Option<String>,
    /// Stripe's secret key, `sk_…`.
    pub stripe_api_key: Secret,
    /// Signing secret of the webhook, `whsec_…`.
    pub stripe_webhook_secret: Secret,
    /// Stripe's publishable key, `pk_…`, handed to browsers.
    pub stripe_publishable_key: Option<String>,
    /// Currency of new payments, ISO 4217.
    pub currency: String,
    /// Payment jobs processed at the same time.
    pub river_worker_count: u16,
    /// Base URL of Stripe's interface.
    pub stripe_api_base: String,
    /// Seconds that a webhook's signature may differ from our clock.
    pub webhook_tolerance: u64,
    /// Addresses and networks that may deliver webhooks, or `@file`; empty = all.
    pub webhook_addresses: Vec<String>,
    /// Percentage that is added to new payments, decimal text.
    pub fee_percent: String,
    /// Fixed part that is added to new payments, decimal text.
    pub fee_fixed: String,
    /// The built-in stand-in instead of Stripe.
    pub sandbox: bool,
}

impl Default for PaymentsConfig {
    fn default() -> Self {
        Self {
            listen: None,
            stripe_api_key: Secret::default(),
            stripe_webhook_secret: Secret::default(),
            stripe_publishable_key: None,
            currency: "USD".into(),
            river_worker_count: 1,
            stripe_api_base: "https://api.stripe.com".into(),
            webhook_tolerance: 300,
            webhook_addresses: Vec::new(),
            fee_percent: "0".into(),
            fee_fixed: "0".into(),
            sandbox: false,
        }
    }
}
