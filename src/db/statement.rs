//! The bounded cache of named statements of one connection.
//!
//! Keyed by (role, SQL, declared types): a statement shared by two roles would be planned again on each switch when
//! row-level security is involved. A text is named when it is seen the second time, so that one-off texts neither push
//! useful ones out nor fill the server's memory. Invariant: a name is in `named` only after the server confirmed it.

use super::request::ParamType;
use lru::LruCache;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;

/// How a statement is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Preparation {
    /// Parse into the unnamed statement.
    Unnamed,
    /// Parse under a new name first.
    New(StatementName),
    /// Bind the name.
    Ready(StatementName),
}

/// Number behind a server-side name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatementName(u32);

impl StatementName {
    pub(super) fn text(self) -> String {
        format!("c{}", self.0)
    }
}

pub(super) struct StatementCache {
    named: LruCache<Box<[u8]>, StatementName>,
    seen: LruCache<u64, ()>,
    hasher: RandomState,
    key: Vec<u8>,
    next: u32,
    /// Names to close with the next flight.
    doomed: Vec<StatementName>,
    enabled: bool,
}

impl StatementCache {
    pub(super) fn new(size: usize, enabled: bool) -> Self {
        let size = NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN);
        Self {
            named: LruCache::new(size),
            seen: LruCache::new(size.saturating_mul(NonZeroUsize::MIN.saturating_add(1))),
            hasher: RandomState::new(),
            key: Vec::new(),
            next: 0,
            doomed: Vec::new(),
            enabled,
        }
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Decides how to send a text. With `at_once` it is named without having been seen before.
    pub(super) fn prepare(
        &mut self,
        role: &str,
        sql: &str,
        types: impl Iterator<Item = ParamType>,
        at_once: bool,
    ) -> Preparation {
        if !self.enabled {
            return Preparation::Unnamed;
        }
        self.key.clear();
        self.key.extend_from_slice(&(role.len() as u64).to_be_bytes());
        self.key.extend_from_slice(role.as_bytes());
        // The number of types is the number of placeholders, so the same text always has as many.
        for param_type in types {
            self.key.extend_from_slice(&param_type.oid().to_be_bytes());
        }
        self.key.extend_from_slice(sql.as_bytes());
        if let Some(name) = self.named.get(self.key.as_slice()) {
            return Preparation::Ready(*name);
        }
        if !at_once && self.seen.put(self.hasher.hash_one(&self.key), ()).is_none() {
            return Preparation::Unnamed;
        }
        self.next = self.next.wrapping_add(1);
        Preparation::New(StatementName(self.next))
    }

    /// The key of the statement last asked about, to be handed back to [`Self::confirm`].
    pub(super) fn last_key(&self) -> Box<[u8]> {
        self.key.as_slice().into()
    }

    /// The server has it.
    pub(super) fn confirm(&mut self, key: Box<[u8]>, name: StatementName) {
        if let Some((_, old)) = self.named.push(key, name)
            && old != name
        {
            self.doomed.push(old);
        }
    }

    /// Dooms everything, for instance after a schema reload.
    pub(super) fn clear(&mut self) {
        while let Some((_, name)) = self.named.pop_lru() {
            self.doomed.push(name);
        }
        self.seen.clear();
    }

    /// Forgets everything without closing it: the server has lost it already.
    pub(super) fn forget(&mut self) {
        self.named.clear();
        self.seen.clear();
        self.doomed.clear();
    }

    /// Names nothing from now on.
    pub(super) fn disable(&mut self) {
        self.clear();
        self.enabled = false;
    }

    pub(super) fn take_doomed(&mut self) -> Vec<StatementName> {
        std::mem::take(&mut self.doomed)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.named.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(cache: &mut StatementCache, role: &str, sql: &str) -> Preparation {
        let preparation = cache.prepare(role, sql, std::iter::empty(), false);
        if let Preparation::New(name) = preparation {
            let key = cache.last_key();
            cache.confirm(key, name);
        }
        preparation
    }

    #[test]
    fn named_at_second_sight_and_per_role() {
        let mut cache = StatementCache::new(4, true);
        assert_eq!(ask(&mut cache, "a", "select 1"), Preparation::Unnamed);
        let Preparation::New(first) = ask(&mut cache, "a", "select 1") else { panic!("second sight prepares") };
        assert_eq!(ask(&mut cache, "a", "select 1"), Preparation::Ready(first));
        assert_eq!(ask(&mut cache, "b", "select 1"), Preparation::Unnamed);
    }

    #[test]
    fn bounded_and_evicted_names_are_closed() {
        let mut cache = StatementCache::new(2, true);
        for sql in ["1", "2", "3"] {
            ask(&mut cache, "a", sql);
            ask(&mut cache, "a", sql);
        }
        assert_eq!(cache.len(), 2);
        assert_eq!(cache.take_doomed().len(), 1);
    }

    #[test]
    fn types_are_part_of_the_key() {
        let mut cache = StatementCache::new(4, true);
        cache.prepare("a", "select $1", [ParamType::Text].into_iter(), false);
        assert_eq!(cache.prepare("a", "select $1", [ParamType::Json].into_iter(), false), Preparation::Unnamed);
    }

    #[test]
    fn off_means_never_named() {
        let mut cache = StatementCache::new(4, false);
        for _ in 0..3 {
            assert_eq!(ask(&mut cache, "a", "select 1"), Preparation::Unnamed);
        }
    }
}
