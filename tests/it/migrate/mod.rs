//! Tests of the subject `migrate`: the engine, the interface of the core schema, and the behaviour of its objects.

mod caller;
mod entities;
mod facts;
mod identity;
mod services;
