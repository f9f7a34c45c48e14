//! The embedded OpenID Connect provider: for demonstrations and for small organisations without a Keycloak.
//!
//! It speaks the part of the protocol that browsers with keycloak-js use (`web/HTTP.md` §7): authorization code with
//! PKCE, refresh tokens that rotate, single sign-on by cookie, logout, and the two pages that keycloak-js frames, under
//! Keycloak's paths and with Keycloak's claims. It must never run unless configured: `app` opens a [`Provider`] in demo
//! mode or when `identity.enabled` is set, nothing else does. No SQL and no knowledge of the API here.
//! Tests: `tests/it/auth` and `tests/keycloak-js`.

mod account;
mod authorize;
mod documents;
mod error;
mod files;
mod form;
mod frames;
mod logout;
mod pages;
mod passwords;
mod people;
mod provider;
mod redirects;
mod sessions;
mod signing_keys;
mod throttle;
mod tickets;
mod token;
mod tokens;

pub use error::ProviderError;
pub use pages::Appearance;
pub use passwords::random_password;
pub use people::NewPerson;
pub use provider::{Provider, ProviderOptions};
