//! Token verification and the embedded provider, through their public surface.

mod hostile;
mod http;
mod issuer;
mod keys;
mod provider;
mod robustness;
mod verification;
