//! How much is too much, and whose request it is: rate limits per address and person, addresses behind trusted proxies.
//!
//! Used by `app` for every request of the public listeners, by `identity` for addresses, and by whoever has a limit of
//! its own (failing signatures of webhooks). It answers questions and keeps counters; it refuses nothing by itself.
//! Tests: beside the code and `tests/it/serve/front_door.rs`.

mod address;
mod rate;

pub use address::{ClientAddress, ForwardedHeader, Network, NetworkError, TrustedProxies};
pub use rate::{LimitKey, RateLimit, too_many_requests};
