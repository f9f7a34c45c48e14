//! What can be wrong with a configuration, each with the place and the remedy. No message repeats a secret.

use super::{RoleSet, Source};
use std::fmt;
use std::path::PathBuf;

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that was asked for cannot be read.
    #[error("could not read {what} {path}; check the path and that this user may read it", path = path.display())]
    ReadFile {
        /// "the configuration file", …
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The configuration file is no TOML.
    #[error("{path}:{line}:{column}: {message}", path = path.display())]
    Syntax {
        /// Its path.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the parser says; the line itself is not repeated.
        message: String,
    },
    /// A file of variables cannot be understood.
    #[error("{path}:{line}: {message}", path = path.display())]
    EnvFileSyntax {
        /// Its path.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong; the line itself is not repeated.
        message: String,
    },
    /// Unknown keys, malformed values, values that contradict each other.
    #[error("the configuration has {}{}", count(.0, "error"), lines(.0))]
    Invalid(Vec<Problem>),
    /// Roles that cannot work with this configuration.
    #[error("role {roles} cannot start with this configuration{}", lines(problems))]
    Incomplete {
        /// The roles.
        roles: RoleSet,
        /// What they lack.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    /// The things that are wrong one by one; none for a file that cannot be read at all.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Invalid(problems) | Self::Incomplete { problems, .. } => problems,
            Self::ReadFile { .. } | Self::Syntax { .. } | Self::EnvFileSyntax { .. } => &[],
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as in the file: `web.listen`.
    pub key: String,
    /// Where the value comes from, if there is one.
    pub source: Option<Source>,
    /// What is wrong and what to do: the rest of a sentence that begins with the key.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(source) = &self.source {
            write!(f, " ({source})")?;
        }
        write!(f, " {}", self.message)
    }
}

fn count(problems: &[Problem], noun: &str) -> String {
    match problems.len() {
        1 => format!("an {noun}"),
        number => format!("{number} {noun}s"),
    }
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}
