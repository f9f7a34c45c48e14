//! The grammars themselves.

#[path = "../../../../src/api/request/filter.rs"]
pub(crate) mod filter;
#[path = "../../../../src/api/request/grammar.rs"]
pub(crate) mod grammar;
#[path = "../../../../src/api/request/media_type.rs"]
pub(crate) mod media_type;
#[path = "../../../../src/api/request/order.rs"]
pub(crate) mod order;
#[path = "../../../../src/api/request/payload.rs"]
pub(crate) mod payload;
#[path = "../../../../src/api/request/preferences.rs"]
pub(crate) mod preferences;
#[path = "../../../../src/api/request/query.rs"]
pub(crate) mod query;
#[path = "../../../../src/api/request/range.rs"]
pub(crate) mod range;
#[path = "../../../../src/api/request/select.rs"]
pub(crate) mod select;
