//! Tests of the subject `support`.
