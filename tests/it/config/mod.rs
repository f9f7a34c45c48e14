//! The configuration: layers, variables of existing deployments, mistakes, secrets, and the verbs that show it.

mod aliases;
mod command_line;
mod doctor;
mod every_alias;
mod layers;
mod mistakes;
mod plain_mode;
mod secrets;

use civic_os::config::{ConfigError, Loaded, Role, RoleSet, Sources, load};
use std::path::PathBuf;
use tempfile::TempDir;

/// Sources put together step by step, with nothing of the machine in them.
struct Setting {
    sources: Sources,
    folder: TempDir,
}

fn setting(roles: &str) -> Setting {
    let roles: RoleSet = roles.parse().expect("roles");
    Setting { sources: Sources::none(roles), folder: tempfile::tempdir().expect("folder") }
}

impl Setting {
    fn file(mut self, text: &str) -> Self {
        self.sources.file = Some(self.write("civic-os.toml", text));
        self
    }

    fn env_file(mut self, text: &str) -> Self {
        let path = self.write(&format!("{}.env", self.sources.env_files.len()), text);
        self.sources.env_files.push(path);
        self
    }

    fn variables(mut self, variables: &[(&str, &str)]) -> Self {
        self.sources.environment.extend(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        self
    }

    fn flag(mut self, key: &str, value: &str, flag: &str) -> Self {
        self.sources.overrides.set(key, value, flag);
        self
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("write");
        path
    }

    #[track_caller]
    fn load(&self) -> Loaded {
        self.try_load().unwrap_or_else(|error| panic!("{error}"))
    }

    fn try_load(&self) -> Result<Loaded, ConfigError> {
        load(&self.sources)
    }

    /// What a process with these sources would be told before it starts.
    #[track_caller]
    fn refusal(&self) -> String {
        let error = match self.try_load() {
            Ok(loaded) => loaded.require_complete().expect_err("a refusal"),
            Err(error) => error,
        };
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{error}{cause}")
    }
}

fn only(role: Role) -> RoleSet {
    RoleSet::only(role)
}

/// Variables with which a process with all roles is complete.
const COMPLETE: &[(&str, &str)] = &[
    ("PGRST_DB_URI", "postgres://authenticator:x@db/civic"),
    ("DATABASE_URL", "postgres://postgres:y@db/civic"),
    ("KEYCLOAK_URL", "https://auth.example.org/"),
    ("KEYCLOAK_REALM", "town"),
];
