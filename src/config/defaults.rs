//! Defaults that depend on the mode. The others stand beside the fields (`sections`).

use super::ApiMode;
use super::loading::Entry;
use super::node::Node;
use super::source::Source;

/// What differs from the fields' own defaults: in plain mode, PostgREST's (POSTGREST.md §19).
pub(super) fn of(mode: ApiMode) -> Vec<Entry> {
    match mode {
        ApiMode::CivicOs => Vec::new(),
        ApiMode::Postgrest => POSTGREST.iter().map(Default::entry).collect(),
    }
}

enum Default {
    Text(&'static str, &'static str),
    Boolean(&'static str, bool),
    Unset(&'static str),
}

impl Default {
    fn entry(&self) -> Entry {
        let (key, value) = match *self {
            Default::Text(key, text) => (key, Node::Variable(text.into())),
            Default::Boolean(key, value) => (key, Node::Boolean(value)),
            Default::Unset(key) => (key, Node::Nothing),
        };
        Entry { key: key.into(), value, source: Source::Default }
    }
}

const POSTGREST: &[Default] = &[
    Default::Text("api.listen", "0.0.0.0:3000"),
    Default::Text("api.db_schemas", "public"),
    Default::Unset("api.db_anon_role"),
    Default::Unset("api.db_pre_request"),
    Default::Unset("auth.audience"),
    Default::Unset("auth.allowed_roles"),
    Default::Boolean("auth.honour_role_claim", true),
    Default::Text("web.listen", ""),
    Default::Text("admin.listen", ""),
    Default::Text("log.level", "error"),
    Default::Boolean("migrate.on_start", false),
    Default::Text("auth.jwt_cache_max_lifetime", "0"),
];
