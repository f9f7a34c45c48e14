//! The process: its private PostgreSQL, its roles, how it starts, bears failures and stops.

mod cluster;
