//! As much of the server's `api` as the grammars see of it.

pub(crate) mod error;
pub(crate) mod request;
