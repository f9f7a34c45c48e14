//! The embedded web client: static files, history fallback, runtime configuration, security headers.
//!
//! Called by [`crate::app`], which mounts it last on `web.listen`, so that it sees what the API and the provider left over.
//! It touches no database. Tests: beside the code and in `tests/it/serve`; the browser proof is in `web/e2e`.

mod assets;
mod compress;
mod foreign;
mod handler;
mod runtime_config;
mod security;

pub use compress::compress_answers;
pub use handler::Web;
pub use runtime_config::RuntimeConfig;
pub use security::SecurityPolicy;
