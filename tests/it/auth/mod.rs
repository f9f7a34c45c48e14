//! Token verification and the embedded provider, through their public surface.

mod access;
mod hostile;
mod http;
mod issuer;
mod keys;
mod provider;
mod robustness;
mod timing;
mod verification;
