//! The process: its private PostgreSQL, its roles, how it starts, bears failures and stops.

mod activation;
mod api_docs;
mod bad_input;
mod bench;
mod cluster;
mod compression;
mod connections;
mod demo;
mod footprint;
mod front_door;
mod metrics;
mod outage;
mod roles;
mod service_manager;
mod support_bundle;
mod tls;
mod traces;
