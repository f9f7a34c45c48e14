//! Tests of the subject `migrate`: the engine, the interface of the core schema, and the behaviour of its objects.

mod adopt;
mod application;
mod bad_input;
mod behaviour;
mod caller;
mod catalogue;
mod command_line;
mod coverage;
mod deviations;
mod disk_full;
mod embedded_provider;
mod engine;
mod entities;
mod facts;
mod fresh_server;
mod identity;
mod interface;
mod interruption;
mod notifications;
mod payments;
mod privileges;
mod revert;
mod rights;
mod services;
mod verify;
mod web;

use crate::support::TestDatabase;
use civic_os::config::Secret;
use civic_os::migrate::{DeployOptions, DeployReport, MigrateError, Silent, deploy};

/// Deploys up to a change or tag.
async fn deploy_to(database: &TestDatabase, to: &str) -> Result<DeployReport, MigrateError> {
    let options = DeployOptions { to: Some(to.to_owned()), ..DeployOptions::default() };
    deploy(&database.owner_url(), &options, &Silent).await
}

/// Deploys everything.
async fn deploy_all(database: &TestDatabase) -> Result<DeployReport, MigrateError> {
    deploy(&database.owner_url(), &DeployOptions::default(), &Silent).await
}

/// The same login at another database of the server.
fn other_database(url: &Secret, name: &str) -> Secret {
    let mut other = url::Url::parse(url.expose().unwrap()).unwrap();
    other.set_path(name);
    Secret::new(other.to_string())
}
