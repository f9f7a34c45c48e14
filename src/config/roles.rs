//! The roles of a process: which modules it runs.

use std::fmt;
use std::str::FromStr;

/// One set of modules that can run as a process of its own (SURFACE.md §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The REST API, the web client and everything else that answers browsers.
    Api,
    /// Background jobs: files, thumbnails, notifications.
    Worker,
    /// Stripe: payment jobs and the webhook.
    Payments,
    /// Deploys the core schema and the integrator's application, then ends.
    Migrate,
}

impl Role {
    /// Every role, in the order in which they are printed.
    pub const EVERY: [Role; 4] = [Role::Api, Role::Worker, Role::Payments, Role::Migrate];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Role::Api => "api",
            Role::Worker => "worker",
            Role::Payments => "payments",
            Role::Migrate => "migrate",
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A text that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no role: choose from api, worker, payments, migrate, or all for the four")]
pub struct UnknownRole(String);

/// The roles of one process; never empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RoleSet(u8);

impl RoleSet {
    /// The four roles in one process.
    pub const ALL: RoleSet = RoleSet(0b1111);

    /// A process with one role.
    pub fn only(role: Role) -> Self {
        Self(role.bit())
    }

    /// A process with both sets of roles.
    #[must_use]
    pub fn union(self, other: RoleSet) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the process has this role.
    pub fn contains(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// Whether the process has this role and no other.
    pub fn is_only(self, role: Role) -> bool {
        self.0 == role.bit()
    }

    /// Whether these are the four.
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }

    /// The roles, in the order of [`Role::EVERY`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::EVERY.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromStr for RoleSet {
    type Err = UnknownRole;

    /// One name, or several separated by commas.
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let mut roles = RoleSet(0);
        for name in text.split(',').map(str::trim) {
            roles = roles.union(match name {
                "all" => RoleSet::ALL,
                _ => Role::EVERY
                    .into_iter()
                    .find(|role| role.name() == name)
                    .map(RoleSet::only)
                    .ok_or_else(|| UnknownRole(name.to_owned()))?,
            });
        }
        Ok(roles)
    }
}

impl fmt::Display for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_all() {
            return f.write_str("all");
        }
        for (position, role) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            f.write_str(role.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lists_of_names_are_roles() {
        let roles: RoleSet = "worker, api".parse().unwrap();
        assert!(roles.contains(Role::Api) && roles.contains(Role::Worker) && !roles.contains(Role::Migrate));
        assert_eq!(roles.to_string(), "api,worker");
        assert_eq!("all".parse(), Ok(RoleSet::ALL));
        assert_eq!("api,worker,payments,migrate".parse::<RoleSet>().unwrap().to_string(), "all");
    }

    #[test]
    fn other_words_are_refused_by_name() {
        let error = "api,wroker".parse::<RoleSet>().unwrap_err().to_string();
        assert!(error.contains("`wroker`") && error.contains("worker"), "{error}");
        assert!("".parse::<RoleSet>().is_err());
    }
}
