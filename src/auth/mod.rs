//! Who is asking: bearer tokens are verified here and become an [`Identity`], the database role a request starts as
//! and the claims that SQL sees (`POSTGREST.md` §14, `BEHAVIOUR.md` §2).
//!
//! Signatures are checked with ring against a [`KeySet`] that comes from a configured secret, from an OpenID Connect
//! issuer (refreshed, D-19) or from the embedded provider. No HTTP handlers here; `api` calls
//! [`Authenticator::authenticate_headers`] once per request. Tests: `tests/it/auth`, and beside the grammar in `role_path`.

mod authenticator;
mod claim_paths;
mod claims;
mod clock;
mod error;
mod issuer;
mod jws;
mod key_source;
mod keys;
mod login;
mod role_path;
mod who_am_i;

pub use authenticator::{AuthOptions, Authenticator, Identity};
pub use claim_paths::ClaimPaths;
pub use clock::Clock;
pub use error::{AuthError, SetupError};
pub use issuer::{IssuerOptions, KeyStatus};
pub use jws::verified_claims;
pub use key_source::{KeySource, SharedKeySet};
pub use keys::{Algorithm, KeySet, KeySetError};
pub use login::{LoginRights, login_check};
pub use role_path::{RolePath, RolePathError};
pub use who_am_i::who_am_i;
