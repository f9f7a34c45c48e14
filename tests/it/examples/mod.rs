//! The example applications and the integrator's guide, through the HTTP API of the real server.

mod guide;
mod questions;
mod town;
mod wildlife;
