//! Tests of the subject `serve`.
