//! Which kinds of jobs the roles of this process work on. A new kind is one line here.

use super::payments::Payments;
use super::{AppError, files};
use crate::config::{Config, Role, RoleSet};
use crate::db::Db;
use crate::jobs::Registry;
use crate::notifications::Notifications;
use crate::payments;

/// The kinds of these roles. What a kind needs beyond its arguments is handed to it here.
pub(super) fn registry(
    config: &Config,
    roles: RoleSet,
    db: &Db,
    notifications: Option<&Notifications>,
    of_payments: &Payments,
) -> Result<Registry, AppError> {
    let mut registry = files::kinds(Registry::new(), config, roles, db)?;
    if let (true, Some(notifications)) = (roles.contains(Role::Worker), notifications) {
        registry = notifications.register(registry);
    }
    if let Some(cashier) = &of_payments.cashier {
        // One more than configured: a long reconciliation must not keep payers waiting.
        let parallel = usize::from(config.payments.river_worker_count.max(1)) + 1;
        registry = payments::register(registry, cashier).with_parallel("default", parallel);
    }
    Ok(registry)
}
