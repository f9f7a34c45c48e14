//! Token verification and the embedded provider, through their public surface.

mod access;
mod accounts;
mod attacks;
mod claim_paths;
mod grants;
mod hostile;
mod http;
mod issuer;
mod keys;
mod neighbours;
mod people;
mod processes;
mod provider;
mod robustness;
mod sign_in;
mod throttling;
mod timing;
mod verification;
