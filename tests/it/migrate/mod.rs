//! Tests of the subject `migrate`.
