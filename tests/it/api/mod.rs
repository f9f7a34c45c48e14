//! The REST API through its public surface: what it answers and what it refuses, each test on a database of its own.

mod abuse;
mod concurrency;
mod configuration;
mod errors;
mod functions;
mod logging;
mod reads;
mod schema;
mod writes;
