//! The snapshot of a schema with every kind of relationship, and its replacement.
