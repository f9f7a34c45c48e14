//! Does a database offer the whole expected interface?

use super::Interface;
use serde::Serialize;
use serde_json::Value;

/// Which fields count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Every recorded field but positions of table columns: a column that is added later stands last.
    Strict,
    /// Only what a client can observe: not the language and settings of functions, storage options, expressions of
    /// policies, trigger functions.
    Interface,
}

/// A difference between the expected and the found interface.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// E.g. `columns`.
    pub category: String,
    /// E.g. `metadata.roles.id`.
    pub object: String,
    /// What is wrong with it.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Kind {
    /// Expected, not found.
    Missing,
    /// Found with another value in one field.
    Different {
        /// The field.
        field: String,
        /// Expected value.
        expected: Value,
        /// Found value.
        found: Value,
    },
    /// Found on an object of the core, not expected.
    Unexpected,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (category, object) = (&self.category, &self.object);
        match &self.kind {
            Kind::Missing => write!(f, "- {category} {object}"),
            Kind::Unexpected => write!(f, "+ {category} {object}"),
            Kind::Different { field, expected, found } => {
                write!(f, "~ {category} {object}: {field}\n    - {}\n    + {}", plain(expected), plain(found))
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Accepted differences, one `category:object` pattern per line with `*` and `?`.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<String>);

impl Allowed {
    /// Reads a file's text; empty lines and lines that start with `#` do not count.
    pub fn parse(text: &str) -> Self {
        Self(
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .collect(),
        )
    }

    fn covers(&self, category: &str, object: &str) -> bool {
        let name = format!("{category}:{object}");
        self.0.iter().any(|pattern| matches(pattern.as_bytes(), name.as_bytes()))
    }

    /// Patterns that fit nothing in `interface`: leftovers.
    pub fn unused(&self, interface: &Interface) -> Vec<&str> {
        self.0
            .iter()
            .filter(|pattern| {
                !interface.categories.iter().any(|(category, objects)| {
                    objects.keys().any(|key| matches(pattern.as_bytes(), format!("{category}:{key}").as_bytes()))
                })
            })
            .map(String::as_str)
            .collect()
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => matches(&pattern[1..], text) || (!text.is_empty() && matches(pattern, &text[1..])),
        (Some(b'?'), Some(_)) => matches(&pattern[1..], &text[1..]),
        (Some(a), Some(b)) if a == b => matches(&pattern[1..], &text[1..]),
        _ => false,
    }
}

/// Objects and fields of `expected` that `found` lacks or has otherwise, in order. Fields that only `found` records do
/// not count; expressions that another major version prints differently do not count across versions.
pub fn compare(expected: &Interface, found: &Interface, profile: Profile, allowed: &Allowed) -> Vec<Difference> {
    let same_server = expected.server == found.server;
    let mut differences = Vec::new();
    for (category, objects) in &expected.categories {
        if category == "view_bodies" && !same_server {
            continue;
        }
        for (object, record) in objects {
            if allowed.covers(category, object) {
                continue;
            }
            let mut push =
                |kind| differences.push(Difference { category: category.clone(), object: object.clone(), kind });
            let Some(other) = found.categories.get(category).and_then(|objects| objects.get(object)) else {
                push(Kind::Missing);
                continue;
            };
            for (field, value) in record {
                let hidden = (category == "columns" && field == "position")
                    || (profile == Profile::Interface && is_implementation(category, field))
                    || (!same_server && is_printed_by_version(category, field));
                let other = other.get(field).unwrap_or(&Value::Null);
                if !hidden && value != other {
                    push(Kind::Different { field: field.clone(), expected: value.clone(), found: other.clone() });
                }
            }
        }
    }
    differences
}

/// What `found` has on relations and functions of `expected` beyond it. Indexes and triggers of applications are not
/// counted: they take nothing away and give nobody a right.
pub(in crate::migrate) fn unexpected(expected: &Interface, found: &Interface) -> Vec<Difference> {
    let mut differences = Vec::new();
    for category in ["columns", "constraints", "policies", "table_grants", "function_grants", "column_grants"] {
        let Some(objects) = found.categories.get(category) else { continue };
        for object in objects.keys() {
            let known = expected.categories.get(category).is_some_and(|objects| objects.contains_key(object));
            if !known && belongs_to_core(expected, category, object) {
                differences.push(Difference {
                    category: category.to_owned(),
                    object: object.clone(),
                    kind: Kind::Unexpected,
                });
            }
        }
    }
    differences
}

fn belongs_to_core(expected: &Interface, category: &str, object: &str) -> bool {
    let has =
        |category: &str, key: &str| expected.categories.get(category).is_some_and(|objects| objects.contains_key(key));
    let owner = object.rsplit_once(" TO ").map_or(object, |(owner, _)| owner);
    if category == "function_grants" {
        return has("functions", owner);
    }
    let mut parts = owner.splitn(3, '.');
    match (parts.next(), parts.next()) {
        (Some(schema), Some(name)) => {
            let relation = format!("{schema}.{name}");
            has("tables", &relation) || has("views", &relation)
        }
        _ => false,
    }
}

fn is_implementation(category: &str, field: &str) -> bool {
    matches!(
        (category, field),
        ("functions", "language" | "settings")
            | ("tables", "options")
            | ("policies", "using" | "with_check")
            | ("triggers", "function" | "when" | "enabled")
            | ("domains", "check_names")
    )
}

fn is_printed_by_version(category: &str, field: &str) -> bool {
    matches!((category, field), ("policies", "using" | "with_check") | ("triggers", "when"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(server: u32, text: &str) -> Interface {
        Interface { categories: serde_json::from_str(text).unwrap(), format: 1, server }
    }

    #[test]
    fn missing_and_different_objects_are_named() {
        let expected = interface(
            15,
            r#"{"columns": {"m.t.a": {"type": "text", "position": 1}, "m.t.b": {"type": "int"}},
                "functions": {"m.f()": {"language": "sql"}}}"#,
        );
        let found = interface(
            15,
            r#"{"columns": {"m.t.a": {"type": "uuid", "position": 2, "more": 1}}, "functions": {"m.f()": {"language": "c"}}}"#,
        );
        let lines = |profile| {
            compare(&expected, &found, profile, &Allowed::default()).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(lines(Profile::Interface), ["~ columns m.t.a: type\n    - text\n    + uuid", "- columns m.t.b"]);
        assert_eq!(lines(Profile::Strict).len(), 3, "strict looks at languages too");
        let allowed = Allowed::parse("# D-00\ncolumns:m.t.*\nfunctions:*\nviews:x\n");
        assert_eq!(compare(&expected, &found, Profile::Strict, &allowed), []);
        assert_eq!(allowed.unused(&expected), ["views:x"]);
    }

    #[test]
    fn expressions_are_not_compared_across_versions() {
        let record = |using: &str| format!(r#"{{"policies": {{"m.t.p": {{"using": "{using}", "command": "all"}}}}}}"#);
        let expected = interface(15, &record("a.b"));
        assert_eq!(compare(&expected, &interface(17, &record("b")), Profile::Strict, &Allowed::default()), []);
        assert_eq!(compare(&expected, &interface(15, &record("b")), Profile::Strict, &Allowed::default()).len(), 1);
    }

    #[test]
    fn additions_count_on_objects_of_the_core_only() {
        let expected = interface(15, r#"{"tables": {"m.t": {}}, "functions": {"m.f(text)": {}}}"#);
        let found = interface(
            15,
            r#"{"policies": {"m.t.all": {}, "m.u.all": {}}, "table_grants": {"m.t TO PUBLIC": {}, "m.u TO PUBLIC": {}},
                "function_grants": {"m.f(text) TO web_anon": {}, "m.g() TO PUBLIC": {}}, "indexes": {"m.t.i": {}}}"#,
        );
        let objects: Vec<String> = unexpected(&expected, &found).into_iter().map(|d| d.object).collect();
        assert_eq!(objects, ["m.t.all", "m.t TO PUBLIC", "m.f(text) TO web_anon"]);
    }
}
