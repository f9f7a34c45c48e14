//! Where a value comes from.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from. Names only, never the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Built in.
    Default,
    /// The configuration file.
    File {
        /// As it was named.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// One or more variables.
    Variables {
        /// Their names, in the order in which they were put together.
        names: Vec<String>,
        /// The `--env-file` that set them, when it was not the environment of the process.
        file: Option<PathBuf>,
    },
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File { path, line } => write!(f, "{}:{line}", path.display()),
            Source::Variables { names, file: None } => write!(f, "{}", names.join(" + ")),
            Source::Variables { names, file: Some(file) } => {
                write!(f, "{} in {}", names.join(" + "), file.display())
            }
            Source::Flag(flag) => f.write_str(flag),
        }
    }
}
