//! The `Prefer` headers.
//!
//! Unknown tokens are collected, so that the plan can refuse them under `handling=strict`. Tests at the foot.

/// `return=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    Representation,
    Minimal,
    HeadersOnly,
}

/// `count=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Count {
    Exact,
    Planned,
    Estimated,
}

/// `resolution=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    MergeDuplicates,
    IgnoreDuplicates,
}

/// `missing=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    Default,
    Null,
}

/// `handling=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handling {
    Strict,
    Lenient,
}

/// `tx=…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TxEnd {
    Commit,
    Rollback,
}

/// What the client prefers; the first value of a kind wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) resolution: Option<Resolution>,
    pub(crate) representation: Option<Return>,
    pub(crate) count: Option<Count>,
    pub(crate) tx: Option<TxEnd>,
    pub(crate) missing: Option<Missing>,
    pub(crate) handling: Option<Handling>,
    pub(crate) timezone: Option<String>,
    pub(crate) max_affected: Option<i64>,
    /// Tokens that are none of the above.
    pub(crate) invalid: Vec<String>,
}

impl Preferences {
    /// Reads all `Prefer` headers of a request. `allow_tx` says whether `tx=` is honoured, `is_timezone` whether a name
    /// is a time zone of the database.
    pub(crate) fn parse<'a>(
        headers: impl Iterator<Item = &'a str>,
        allow_tx: bool,
        is_timezone: impl Fn(&str) -> bool,
    ) -> Self {
        let mut preferences = Self::default();
        for token in headers.flat_map(|header| header.split(',')).map(str::trim).filter(|token| !token.is_empty()) {
            preferences.take(token, allow_tx, &is_timezone);
        }
        preferences
    }

    fn take(&mut self, token: &str, allow_tx: bool, is_timezone: &impl Fn(&str) -> bool) {
        fn first<T>(slot: &mut Option<T>, value: T) {
            slot.get_or_insert(value);
        }
        match token {
            "return=representation" => first(&mut self.representation, Return::Representation),
            "return=minimal" => first(&mut self.representation, Return::Minimal),
            "return=headers-only" => first(&mut self.representation, Return::HeadersOnly),
            "count=exact" => first(&mut self.count, Count::Exact),
            "count=planned" => first(&mut self.count, Count::Planned),
            "count=estimated" => first(&mut self.count, Count::Estimated),
            "resolution=merge-duplicates" => first(&mut self.resolution, Resolution::MergeDuplicates),
            "resolution=ignore-duplicates" => first(&mut self.resolution, Resolution::IgnoreDuplicates),
            "missing=default" => first(&mut self.missing, Missing::Default),
            "missing=null" => first(&mut self.missing, Missing::Null),
            "handling=strict" => first(&mut self.handling, Handling::Strict),
            "handling=lenient" => first(&mut self.handling, Handling::Lenient),
            "tx=commit" if allow_tx => first(&mut self.tx, TxEnd::Commit),
            "tx=rollback" if allow_tx => first(&mut self.tx, TxEnd::Rollback),
            "tx=commit" | "tx=rollback" => {}
            other => match other.split_once('=') {
                Some(("timezone", name)) if is_timezone(name) => first(&mut self.timezone, name.to_owned()),
                Some(("max-affected", number)) => {
                    if let Ok(number) = number.parse() {
                        first(&mut self.max_affected, number);
                    }
                }
                _ => self.invalid.push(other.to_owned()),
            },
        }
    }

    /// Whether `handling=strict` was given.
    pub(crate) fn is_strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(headers: &[&str]) -> Preferences {
        Preferences::parse(headers.iter().copied(), true, |name| name == "Europe/Berlin")
    }

    #[test]
    fn merges_headers_and_keeps_the_first_value() {
        let preferences = parse(&["return=minimal, count=exact", "return=representation,  tx=rollback"]);
        assert_eq!(preferences.representation, Some(Return::Minimal));
        assert_eq!(preferences.count, Some(Count::Exact));
        assert_eq!(preferences.tx, Some(TxEnd::Rollback));
    }

    #[test]
    fn collects_what_it_does_not_know() {
        let preferences = parse(&["foo, handling=strict, timezone=Mars, timezone=Europe/Berlin, max-affected=x"]);
        assert_eq!(preferences.invalid, ["foo", "timezone=Mars"]);
        assert_eq!(preferences.timezone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(preferences.max_affected, None);
        assert!(preferences.is_strict());
    }

    #[test]
    fn ignores_tx_unless_allowed() {
        let preferences = Preferences::parse(["tx=rollback"].into_iter(), false, |_| false);
        assert_eq!(preferences, Preferences::default());
    }
}
