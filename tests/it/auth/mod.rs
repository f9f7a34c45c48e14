//! Token verification and the embedded provider, through their public surface.

mod access;
mod accounts;
mod claim_paths;
mod hostile;
mod http;
mod issuer;
mod keys;
mod people;
mod provider;
mod robustness;
mod timing;
mod verification;
