//! Builds the shared parts once and starts the modules that a role asks for.
