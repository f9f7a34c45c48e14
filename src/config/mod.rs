//! Configuration: one struct per section, defaults beside the fields, secrets as a type that never prints.
//!
//! Layers, each stronger than the one before: defaults < `civic-os.toml` < the reference's variable names (`aliases`)
//! < `CIVIC_OS_SECTION__KEY` < flags. Every value keeps its source; every error names key, source and remedy. This module
//! reads files and variables and nothing else: no socket, no database. `cli` calls [`load`]; everybody else receives the
//! narrow part that concerns him. For operators: `civic-os.toml.example` and `docs/configuration.md`.
//! Tests: at the foot of the files and in `tests/it/config`.

mod aliases;
mod check;
mod defaults;
mod derived;
mod env_file;
mod error;
mod file;
mod in_database;
mod keys;
mod loading;
#[cfg(test)]
mod manual;
mod node;
mod printing;
mod roles;
mod secret;
mod sections;
mod source;
mod variables;

pub use derived::PoolParts;
pub use error::{ConfigError, Problem};
pub use loading::{Disagreement, LOCAL_FILE, Loaded, Overrides, SYSTEM_FILE, Sources, load};
pub use roles::{Role, RoleSet, UnknownRole};
pub use secret::{MASK, Secret};
pub use sections::*;
pub use source::Source;
