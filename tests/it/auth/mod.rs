//! Tests of the subject `auth`.
