//! Tests of the subject `examples`.
