//! The keys of a bucket in order. Reading, writing and deleting need none of them; a listing does, so they are read from the descriptions when somebody
//! lists, kept up to date as long as pages are asked for, and forgotten afterwards: memory does not grow with what is stored.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Keys that nobody has listed for this long are forgotten.
pub(super) const KEPT: Duration = Duration::from_secs(60);

/// The keys of one bucket, if they are known.
#[derive(Default)]
pub(super) struct Keys {
    state: Mutex<State>,
    /// Held while descriptions are read: others who list meanwhile wait for the result.
    reading: Mutex<()>,
}

#[derive(Default)]
enum State {
    #[default]
    Unknown,
    /// Descriptions are being read; what changes meanwhile, in order: a key, and whether it is there.
    Reading(Vec<(String, bool)>),
    Known {
        keys: BTreeSet<Box<str>>,
        used: Instant,
    },
}

impl Keys {
    /// Takes note of a change that is on disk already.
    pub(super) fn changed(&self, key: &str, exists: bool) {
        match &mut *self.state() {
            State::Unknown => {}
            State::Reading(changes) => changes.push((key.to_owned(), exists)),
            State::Known { keys, .. } => apply(keys, key.into(), exists),
        }
    }

    /// Looks at the keys in order; `read` finds them in the descriptions where they are not known.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn look<R>(
        &self,
        read: impl FnOnce() -> io::Result<BTreeSet<Box<str>>>,
        look: impl FnOnce(&BTreeSet<Box<str>>) -> R,
    ) -> io::Result<R> {
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = self.state();
            if let State::Known { keys, used } = &mut *state {
                *used = Instant::now();
                return Ok(look(keys));
            }
            *state = State::Reading(Vec::new());
        }
        let found = read();
        let mut state = self.state();
        let State::Reading(changes) = std::mem::take(&mut *state) else { unreachable!("one reads at a time") };
        let mut keys = found?;
        for (key, exists) in changes {
            apply(&mut keys, key.into(), exists);
        }
        let result = look(&keys);
        *state = State::Known { keys, used: Instant::now() };
        Ok(result)
    }

    /// Forgets keys that nobody has listed since then; whether there were any.
    pub(super) fn forget_unused_since(&self, moment: Instant) -> bool {
        let mut state = self.state();
        let is_unused = matches!(&*state, State::Known { used, .. } if *used <= moment);
        if is_unused {
            *state = State::Unknown;
        }
        is_unused
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(keys: &mut BTreeSet<Box<str>>, key: Box<str>, exists: bool) {
    if exists {
        keys.insert(key);
    } else {
        keys.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(keys: &[&str]) -> BTreeSet<Box<str>> {
        keys.iter().map(|key| Box::from(*key)).collect()
    }

    fn seen(keys: &Keys, read: impl FnOnce() -> io::Result<BTreeSet<Box<str>>>) -> io::Result<Vec<String>> {
        keys.look(read, |keys| keys.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_changes_while_descriptions_are_read_counts() {
        let keys = Keys::default();
        keys.changed("unheard", true);
        let read = || {
            // The one was on disk in time to be found, the other was found and is gone.
            keys.changed("b", true);
            keys.changed("c", false);
            keys.changed("d", true);
            keys.changed("d", false);
            Ok(set(&["a", "b", "c", "d"]))
        };
        assert_eq!(seen(&keys, read).expect("keys"), ["a", "b"]);
        keys.changed("c", true);
        keys.changed("a", false);
        assert_eq!(seen(&keys, || panic!("they are known")).expect("keys"), ["b", "c"]);
    }

    #[test]
    fn they_are_forgotten_when_nobody_lists_and_read_again() {
        let keys = Keys::default();
        let before = Instant::now();
        seen(&keys, || Ok(set(&["a"]))).expect("keys");
        assert!(!keys.forget_unused_since(before), "they are in use");
        assert_eq!(seen(&keys, || panic!("they are known")).expect("keys"), ["a"]);
        assert!(keys.forget_unused_since(Instant::now()));
        assert!(seen(&keys, || Err(io::Error::other("disk"))).is_err());
        assert_eq!(seen(&keys, || Ok(set(&["a", "b"]))).expect("keys"), ["a", "b"], "a failure is not kept");
    }
}
