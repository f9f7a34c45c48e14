//! The embedded list of changes: `migrations/plan` and the three scripts of each change.
//!
//! Parsed once per command. It must not touch a database. Tests: the foot of this file; that every change has its
//! scripts and that nothing lies beside the plan is checked there as well.

use include_dir::{Dir, include_dir};
use refinery_core::Migration;
use sha2::{Digest, Sha256};

static MIGRATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// One change of the core schema.
#[derive(Clone, Debug)]
pub(super) struct Change {
    /// Name in the plan, e.g. `05-roles-and-permissions`.
    pub(super) name: &'static str,
    /// Position in the plan, from 1; refinery's version.
    pub(super) version: i32,
    /// Names of changes it builds on.
    pub(super) requires: Vec<&'static str>,
    /// Tags directly behind it.
    pub(super) tags: Vec<&'static str>,
    /// Whether a process that does not know the change can work with the database.
    pub(super) compatible: bool,
    /// What it makes, in one line.
    pub(super) note: &'static str,
    pub(super) deploy: &'static str,
    pub(super) verify: &'static str,
    pub(super) revert: &'static str,
}

impl Change {
    /// The change as refinery knows it.
    pub(super) fn migration(&self) -> Result<Migration, PlanError> {
        let slug = self.slug();
        Migration::unapplied(&format!("V{}__{slug}", self.version), self.deploy)
            .map_err(|source| PlanError::Name { change: self.name.to_owned(), source: Box::new(source) })
    }

    /// Name in refinery's history: without the number, with underscores.
    pub(super) fn slug(&self) -> String {
        self.name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-').replace('-', "_")
    }

    /// SHA-256 of the deploy script, hexadecimal.
    pub(super) fn checksum(&self) -> String {
        checksum(self.deploy.as_bytes())
    }
}

/// SHA-256, hexadecimal.
pub(super) fn checksum(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Why the embedded plan cannot be used: a mistake of this build, or a name that the plan does not have.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A line that is neither a change nor a tag.
    #[error("migrations/plan line {line}: {reason}")]
    Line {
        /// Line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A script is missing.
    #[error("change {change} has no script migrations/{script}")]
    MissingScript {
        /// Name of the change.
        change: String,
        /// Path below `migrations/`.
        script: String,
    },
    /// refinery does not accept the name.
    #[error("change {change} has a name that cannot be recorded")]
    Name {
        /// Name of the change.
        change: String,
        /// refinery's reason.
        #[source]
        source: Box<refinery_core::Error>,
    },
    /// Somebody asked for a change or tag that is not there.
    #[error("there is no change or tag `{asked}`; the plan has: {known}")]
    Unknown {
        /// What was asked for.
        asked: String,
        /// Names and tags.
        known: String,
    },
}

/// All changes in order.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) changes: Vec<Change>,
}

impl Plan {
    /// The plan of this build.
    pub(super) fn embedded() -> Result<Self, PlanError> {
        let text = MIGRATIONS.get_file("plan").and_then(|file| file.contents_utf8()).unwrap_or_default();
        Self::parse(text, |path| MIGRATIONS.get_file(path).and_then(|file| file.contents_utf8()))
    }

    fn parse(text: &'static str, script: impl Fn(&str) -> Option<&'static str>) -> Result<Self, PlanError> {
        let mut changes: Vec<Change> = Vec::new();
        for (index, full) in text.lines().enumerate() {
            let wrong = |reason: &str| PlanError::Line { line: index + 1, reason: reason.to_owned() };
            let (line, note) = full.split_once('#').unwrap_or((full, ""));
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            if let Some(tag) = line.strip_prefix('@') {
                changes.last_mut().ok_or_else(|| wrong("a tag needs a change above it"))?.tags.push(tag);
                continue;
            }
            let (line, compatible) = match line.strip_suffix("!breaking") {
                Some(rest) => (rest.trim_end(), false),
                None => (line, true),
            };
            let (name, requires) = match line.split_once('[') {
                Some((name, list)) => {
                    let list = list.strip_suffix(']').ok_or_else(|| wrong("the list in brackets is not closed"))?;
                    (name.trim_end(), list.split_whitespace().collect())
                }
                None => (line, Vec::new()),
            };
            if name.contains(char::is_whitespace) {
                return Err(wrong("expected `name [requirements] # note`"));
            }
            if changes.iter().any(|change| change.name == name) {
                return Err(wrong("this name appears twice"));
            }
            if let Some(unknown) = requires.iter().find(|required| !changes.iter().any(|c| c.name == **required)) {
                return Err(wrong(&format!("`{unknown}` does not stand above")));
            }
            let file = |folder: &str| {
                let path = format!("{folder}/{name}.sql");
                script(&path).ok_or(PlanError::MissingScript { change: name.to_owned(), script: path })
            };
            changes.push(Change {
                name,
                version: i32::try_from(changes.len() + 1).unwrap_or(i32::MAX),
                requires,
                tags: Vec::new(),
                compatible,
                note: note.trim(),
                deploy: file("deploy")?,
                verify: file("verify")?,
                revert: file("revert")?,
            });
        }
        Ok(Self { changes })
    }

    /// The number of changes that are in place once `target` is reached: a change's name or number, a tag with or
    /// without `@`, `@HEAD`, `@ROOT`, and `^` or `~n` behind any of them for "one" or "n changes before". `deployed` is
    /// what `@HEAD` means.
    pub(super) fn resolve(&self, target: &str, deployed: usize) -> Result<usize, PlanError> {
        let unknown = || PlanError::Unknown { asked: target.to_owned(), known: self.names() };
        let (base, back) = if let Some((base, count)) = target.split_once('~') {
            (base, count.parse::<usize>().map_err(|_| unknown())?)
        } else {
            let base = target.trim_end_matches('^');
            (base, target.len() - base.len())
        };
        let position = match base {
            "@HEAD" | "HEAD" => deployed,
            "@ROOT" | "ROOT" => 0,
            _ => {
                let tag = base.strip_prefix('@').unwrap_or(base);
                self.changes
                    .iter()
                    .find(|change| {
                        change.name == base || change.tags.contains(&tag) || base.parse() == Ok(change.version)
                    })
                    .map(|change| usize::try_from(change.version).unwrap_or_default())
                    .ok_or_else(unknown)?
            }
        };
        position.checked_sub(back).ok_or_else(unknown)
    }

    fn names(&self) -> String {
        let mut names: Vec<String> = Vec::new();
        for change in &self.changes {
            names.push(change.name.to_owned());
            names.extend(change.tags.iter().map(|tag| format!("@{tag}")));
        }
        names.extend(["@HEAD".to_owned(), "@ROOT".to_owned()]);
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_belongs_to_a_change_and_every_change_has_its_scripts() {
        let plan = Plan::embedded().unwrap();
        for folder in ["deploy", "verify", "revert"] {
            let mut files: Vec<String> = MIGRATIONS
                .get_dir(folder)
                .unwrap()
                .files()
                .map(|file| file.path().file_stem().unwrap().to_string_lossy().into_owned())
                .collect();
            files.sort();
            let names: Vec<&str> = plan.changes.iter().map(|change| change.name).collect();
            assert_eq!(files, names, "migrations/{folder} and migrations/plan");
        }
        for change in &plan.changes {
            change.migration().unwrap();
            assert!(!change.note.is_empty(), "{} says what it makes", change.name);
            for script in [change.deploy, change.verify, change.revert] {
                super::super::statement::split(script).unwrap();
            }
        }
    }

    fn parse(text: &'static str) -> Result<Plan, PlanError> {
        Plan::parse(text, |_| Some("select 1"))
    }

    #[test]
    fn targets_are_names_numbers_tags_and_places_before_them() {
        let plan = parse("a\nb [a] # second\n@v1\nc [a b] !breaking\n").unwrap();
        assert_eq!(plan.changes[1].requires, ["a"]);
        assert_eq!(plan.changes.iter().map(|change| change.compatible).collect::<Vec<_>>(), [true, true, false]);
        for (target, position) in
            [("a", 1), ("2", 2), ("v1", 2), ("@v1^", 1), ("@HEAD", 3), ("@HEAD^", 2), ("@HEAD~3", 0), ("@ROOT", 0)]
        {
            assert_eq!(plan.resolve(target, 3).unwrap(), position, "{target}");
        }
        for target in ["d", "@v2", "@ROOT^", "@HEAD~x", "0"] {
            let error = plan.resolve(target, 3).unwrap_err().to_string();
            assert!(error.contains(target) && error.contains("@v1"), "{error}");
        }
    }

    #[test]
    fn mistakes_in_a_plan_name_their_line() {
        for (text, line) in [("@v1", 1), ("a\na", 2), ("a\nb [c]", 2), ("a [b", 1), ("a b", 1)] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, PlanError::Line { line: l, .. } if l == line), "{error}");
        }
    }
}
