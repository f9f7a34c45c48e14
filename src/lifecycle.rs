//! Signals, stopping in order, service-manager notification.
