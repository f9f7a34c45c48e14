//! The REST API through its public surface: what it answers and what it refuses, each test on a database of its own.

mod abuse;
mod any_bytes;
mod concurrency;
mod configuration;
mod dialect;
mod errors;
mod exports;
mod functions;
mod logging;
mod plain;
mod pooler;
mod reads;
mod schema;
mod under_load;
mod writes;
