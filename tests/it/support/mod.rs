//! What tests stand on: a private PostgreSQL, a database per test, the real server as a child process, tokens.
//!
//! `CIVIC_OS_TEST_DATABASE_URL` names the server that `./dev test` started; without it the first test that needs one
//! starts its own, which ends with the test process.
#![allow(dead_code, unused_imports, reason = "a subject uses what it needs")]

mod app;
mod database;
mod proxy;
mod server;
pub(crate) mod tokens;

pub(crate) use app::{ServerProcess, TestApp, binary, binary_path, free_port, http_client, test_config};
pub(crate) use database::TestDatabase;
pub(crate) use proxy::Proxy;
pub(crate) use server::connect;
