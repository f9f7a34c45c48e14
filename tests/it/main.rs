//! The one integration target: every module here is a subject, and every test has a database of its own.
#![allow(clippy::disallowed_methods, reason = "the harness tells tests through the environment what it prepared")]
mod api;
mod architecture;
mod auth;
mod backup;
mod config;
mod db;
mod examples;
mod files;
mod jobs;
mod migrate;
mod notifications;
mod payments;
mod release;
mod schema_cache;
mod serve;
mod spreadsheets;
mod store;
mod support;
