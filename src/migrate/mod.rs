//! Deploys the core schema and applies integrators' files.
//!
//! `migrations/` is embedded: a plan of changes, each with a deploy, a verify and a revert script. refinery runs the
//! deploys and keeps the history; this module adds what refinery has not: a lock, places of errors, verification against
//! the whole catalogue, a way back, a log, and the take-over of databases that Sqitch deployed. Everything runs on one
//! connection of the owner, never on the pool; the only question the pool may ask is [`currency`].
//! Callers: `app` and `cli`. Tests: `tests/it/migrate/`; documentation: `docs/migrations.md`.

mod adopt;
mod application;
mod deploy;
mod error;
mod interface;
mod plan;
mod prerequisites;
mod progress;
mod registry;
mod revert;
mod session;
mod statement;
mod status;
mod verify;

pub use adopt::{AdoptReport, adopt};
pub use application::{AppliedFile, ApplyOptions, ApplyReport, apply_application};
pub use deploy::{DeployOptions, DeployReport, DeployedChange, deploy};
pub use error::{MigrateError, StatementFailure};
pub use interface::{Allowed, Difference, Interface, Kind, Objects, Profile, compare, dump_interface};
pub use plan::PlanError;
pub use prerequisites::{Lack, lacks};
pub use progress::{Event, Logged, Progress, Silent};
pub use registry::LogEntry;
pub use revert::{RevertOptions, RevertReport, revert, revert_plan};
pub use statement::SplitError;
pub use status::{Currency, StatusEntry, StatusReport, currency, is_current, log, status};
pub use verify::{VerifiedChange, VerifyOptions, VerifyReport, verify};
