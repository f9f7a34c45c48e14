//! Which kinds of jobs the roles of this process work on. A new kind is one line here.

use super::payments::Payments;
use crate::config::{Config, Role, RoleSet};
use crate::jobs::Registry;
use crate::payments;

/// The kinds of these roles. What a kind needs beyond its arguments is handed to it here.
pub(super) fn registry(roles: RoleSet, config: &Config, of_payments: &Payments) -> Registry {
    let mut registry = Registry::new();
    if roles.contains(Role::Worker) {
        // Files, notifications: none yet.
    }
    if let Some(cashier) = &of_payments.cashier {
        // One more than configured: a long reconciliation must not keep payers waiting.
        let parallel = usize::from(config.payments.river_worker_count.max(1)) + 1;
        registry = payments::register(registry, cashier).with_parallel("default", parallel);
    }
    registry
}
