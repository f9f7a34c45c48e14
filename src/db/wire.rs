//! One connection that speaks the wire protocol without a driver task.
