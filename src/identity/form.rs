//! Parameters of a query string or form body. OAuth forbids to repeat one, so a repeated one is an error here.

use std::collections::HashMap;

/// Largest form body in bytes.
pub(super) const LARGEST_BODY: usize = 16 * 1024;

/// Parsed parameters; empty values count as absent, as OAuth asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(HashMap<String, String>);

/// A parameter that came twice.
#[derive(Debug)]
pub(super) struct Repeated;

impl Form {
    pub(super) fn parse(text: &[u8]) -> Result<Self, Repeated> {
        let mut parameters = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Repeated);
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Whether a space-separated parameter has this word.
    pub(super) fn has_word(&self, name: &str, word: &str) -> bool {
        self.text(name).split(' ').any(|candidate| candidate == word)
    }
}
