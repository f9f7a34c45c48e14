//! Notifications: what people are told by mail, text message and in the client (WORKERS.md §5; D-02, D-10, D-23, D-24, D-32).

pub mod templates;
