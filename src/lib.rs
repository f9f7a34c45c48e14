//! Civic OS: a complete civic application from a PostgreSQL schema, as one process.
//!
//! The map of the house, from the door to the cellar (a module may use those below it; `tests/it/architecture.rs`
//! enforces the direction):
//!
//! | Module | What it does |
//! |---|---|
//! | [`cli`] | verbs of the command line, one file per verb |
//! | [`app`] | builds the shared parts once and starts the modules that a role asks for |
//! | [`api`] | REST in PostgREST's dialect: request → plan → SQL → execute → response |
//! | [`web`] | embedded single-page application, runtime configuration, security headers |
//! | [`identity`] | embedded OpenID Connect provider |
//! | [`admin`] | live, ready, metrics on a port of their own |
//! | [`backup`] | dumps, checks and restores by PostgreSQL's own programs |
//! | [`migrate`] | deploys the core schema and applies integrators' SQL |
//! | [`events`] | server-sent events of what LISTEN hears |
//! | [`notifications`] | templates, mail, text messages, what people are told |
//! | [`payments`] | ledger, provider, webhooks, reconciliation, sandbox |
//! | [`files`] | uploads, thumbnails, private addresses |
//! | [`store`] | the embedded object store in S3's dialect |
//! | [`spreadsheets`] | workbooks and comma-separated files to rows and back |
//! | [`jobs`] | River's queue: producer, executor, completer, leader; knows no kind |
//! | [`cluster`] | a private PostgreSQL from the distribution's binaries |
//! | [`auth`] | token verification, key sets, database role of a request |
//! | [`schema_cache`] | tables, relationships and routines as read from the catalogue |
//! | [`db`] | pool, lanes, pipelined request transaction, listener |
//! | [`limits`], [`outbound`] | rate limits and clients' addresses; HTTP requests of our own |
//! | [`activation`] | sockets that the service manager bound |
//! | [`lifecycle`], [`priority`], [`memory`] | signals and stopping, who waits when the processor is short, what goes back to the system |
//! | [`telemetry`], [`config`] | logging, configuration |

pub mod activation;
pub mod admin;
pub mod api;
pub mod app;
pub mod auth;
pub mod backup;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod db;
pub mod events;
pub mod files;
pub mod identity;
pub mod jobs;
pub mod lifecycle;
pub mod limits;
pub mod memory;
pub mod migrate;
pub mod notifications;
pub mod outbound;
pub mod payments;
pub mod priority;
pub mod schema_cache;
pub mod spreadsheets;
pub mod store;
pub mod telemetry;
pub mod web;
