//! Which kinds of jobs the roles of this process work on. A new kind is one line here.

use crate::config::{Role, RoleSet};
use crate::jobs::Registry;

/// The kinds of these roles. What a kind needs beyond its arguments is handed to it here.
pub(super) fn registry(roles: RoleSet) -> Registry {
    let registry = Registry::new();
    if roles.contains(Role::Worker) {
        // Files, notifications: none yet.
    }
    if roles.contains(Role::Payments) {
        // Payments: none yet.
    }
    registry
}
