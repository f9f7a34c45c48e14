//! The bounded cache of named statements of one connection.
