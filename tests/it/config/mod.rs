//! Tests of the subject `config`.
