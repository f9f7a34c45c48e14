//! The grammar of `jwt-role-claim-key` (`POSTGREST.md` §14.3): `.key`, `."quoted key"`, `[n]` and, as last step, a
//! filter over an array of strings such as `[?(@ ^== "app_")]`.

use serde_json::Value;
use std::borrow::Cow;

/// Where the role stands in the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePath(Vec<Step>);

/// The text is not in the grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse the role claim path at character {position} of {text:?}: {expected} expected")]
pub struct RolePathError {
    /// The whole text.
    pub text: String,
    /// Zero-based.
    pub position: usize,
    /// What would have been right there.
    pub expected: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    Filter(Comparison, String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    StartsWith,
    EndsWith,
    Contains,
}

impl Default for RolePath {
    fn default() -> Self {
        Self(vec![Step::Key("role".into())])
    }
}

impl RolePath {
    /// Parses the text of the setting.
    ///
    /// # Errors
    /// The place where the text leaves the grammar.
    pub fn parse(text: &str) -> Result<Self, RolePathError> {
        let mut scanner = Scanner { text, rest: text };
        let mut steps = Vec::new();
        while !scanner.rest.is_empty() {
            if let Some(Step::Filter(..)) = steps.last() {
                return Err(scanner.error("the end (a filter is the last step)"));
            }
            steps.push(scanner.step()?);
        }
        if steps.is_empty() {
            return Err(scanner.error("a step such as .role"));
        }
        Ok(Self(steps))
    }

    /// Whether the path is a plain top-level `role`, so that the claims already carry the value in its place.
    pub fn is_default(&self) -> bool {
        matches!(self.0.as_slice(), [Step::Key(key)] if key == "role")
    }

    /// The role in `claims`, if the path leads anywhere; values that are no strings as their JSON text.
    pub fn find<'c>(&self, claims: &'c Value) -> Option<Cow<'c, str>> {
        let mut value = claims;
        for step in &self.0 {
            value = match step {
                Step::Key(key) => value.as_object()?.get(key)?,
                Step::Index(index) => value.as_array()?.get(*index)?,
                Step::Filter(comparison, operand) => value
                    .as_array()?
                    .iter()
                    .find(|element| element.as_str().is_some_and(|text| comparison.holds(text, operand)))?,
            };
        }
        match value {
            Value::Null => None,
            Value::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

impl Comparison {
    fn holds(self, text: &str, operand: &str) -> bool {
        match self {
            Self::Equal => text == operand,
            Self::NotEqual => text != operand,
            Self::StartsWith => text.starts_with(operand),
            Self::EndsWith => text.ends_with(operand),
            Self::Contains => text.contains(operand),
        }
    }
}

struct Scanner<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Scanner<'t> {
    fn error(&self, expected: &'static str) -> RolePathError {
        let position = self.text[..self.text.len() - self.rest.len()].chars().count();
        RolePathError { text: self.text.into(), position, expected }
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start_matches(' ');
    }

    fn step(&mut self) -> Result<Step, RolePathError> {
        if self.eat(".") {
            return if self.rest.starts_with('"') { Ok(Step::Key(self.quoted()?)) } else { self.bare_key() };
        }
        if self.eat("[?(@") {
            return self.filter();
        }
        if self.eat("[") {
            let digits = self.take_while(|c| c.is_ascii_digit());
            let index = digits.parse().map_err(|_| self.error("an index"))?;
            return if self.eat("]") { Ok(Step::Index(index)) } else { Err(self.error("]")) };
        }
        Err(self.error(". or ["))
    }

    fn take_while(&mut self, accept: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !accept(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn bare_key(&mut self) -> Result<Step, RolePathError> {
        let key = self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | '-'));
        if key.is_empty() { Err(self.error("a key")) } else { Ok(Step::Key(key.into())) }
    }

    fn quoted(&mut self) -> Result<String, RolePathError> {
        if !self.eat("\"") {
            return Err(self.error("a text in double quotes"));
        }
        let text = self.take_while(|c| c != '"');
        if self.eat("\"") { Ok(text.into()) } else { Err(self.error("a closing double quote")) }
    }

    fn filter(&mut self) -> Result<Step, RolePathError> {
        self.spaces();
        const OPERATORS: [(&str, Comparison); 5] = [
            ("*==", Comparison::Contains),
            ("^==", Comparison::StartsWith),
            ("==^", Comparison::EndsWith),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
        ];
        let Some(comparison) = OPERATORS.iter().find_map(|(sign, comparison)| self.eat(sign).then_some(*comparison))
        else {
            return Err(self.error("==, !=, ^==, ==^ or *=="));
        };
        self.spaces();
        let operand = self.quoted()?;
        self.spaces();
        if self.eat(")]") { Ok(Step::Filter(comparison, operand)) } else { Err(self.error(")]")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn find(path: &str, claims: Value) -> Option<String> {
        RolePath::parse(path).expect(path).find(&claims).map(Cow::into_owned)
    }

    #[test]
    fn paths_lead_to_the_role() {
        let claims = json!({"role": "a", "https://x/role": "b", "n": {"roles": ["web", "app_x", "x_app"]}, "num": 7, "b-c": true, "nil": null});
        for (path, expected) in [
            (".role", Some("a")),
            (".\"https://x/role\"", Some("b")),
            (".n.roles[0]", Some("web")),
            (".n.roles[3]", None),
            (".n.roles[?(@ == \"web\")]", Some("web")),
            (".n.roles[?(@ != \"web\")]", Some("app_x")),
            (".n.roles[?(@ ^== \"app_\")]", Some("app_x")),
            (".n.roles[?(@ ==^ \"_app\")]", Some("x_app")),
            (".n.roles[?(@ *== \"p_x\")]", Some("app_x")),
            (".n.roles[?(@==\"nobody\")]", None),
            (".n.roles", Some(r#"["web","app_x","x_app"]"#)),
            (".num", Some("7")),
            (".b-c", Some("true")),
            (".nil", None),
            (".missing.deeper", None),
            (".role[0]", None),
        ] {
            assert_eq!(find(path, claims.clone()).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn texts_outside_the_grammar_are_refused_with_their_place() {
        for (text, position) in [
            ("", 0),
            ("role", 0),
            (".", 1),
            (".role..x", 6),
            (".roles[x]", 7),
            (".roles[1", 8),
            (".roles[99999999999999999999999]", 30),
            (".\"open", 6),
            (".r[?(@ = \"x\")]", 7),
            (".r[?(@ == x)]", 10),
            (".r[?(@ == \"x\")][0]", 15),
            (".r[?(@ == \"x\"]", 13),
        ] {
            assert_eq!(RolePath::parse(text).map_err(|e| e.position), Err(position), "{text}");
        }
    }
}
