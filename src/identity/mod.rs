//! The embedded OpenID Connect provider: for demonstrations and for small organisations without a Keycloak.
//!
//! It speaks the part of the protocol that browsers with keycloak-js use (`web/HTTP.md` §7): authorization code with
//! PKCE, refresh tokens that rotate, single sign-on by cookie, logout, and the two pages that keycloak-js frames, under
//! Keycloak's paths and with Keycloak's claims. People, sessions and keys are in the database (`20-identity`), so that
//! several processes are one provider. It must never run unless configured: `app` makes a [`Provider`] in demo mode or
//! when `identity.enabled` is set, nothing else does; `cli` uses the [`Directory`]. No knowledge of the API here.
//! Tests: `tests/it/auth` and `tests/keycloak-js`.

mod account;
mod administration;
mod authorize;
mod choose_password;
mod directory;
mod documents;
mod error;
mod form;
mod frames;
mod letters;
mod links;
mod logout;
mod pages;
mod passwords;
mod people;
mod provider;
mod redirects;
mod second_factor;
mod sessions;
mod signing_keys;
mod store;
mod throttle;
mod tickets;
mod token;
mod tokens;

pub use directory::{Account, Delivery, Directory, DirectoryError};
pub use error::ProviderError;
pub use letters::LetterSender;
pub use pages::Appearance;
pub use passwords::random_password;
pub use people::NewPerson;
pub use provider::{Provider, ProviderOptions};
