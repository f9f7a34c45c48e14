//! Values that follow from others when nobody sets them. They are methods, so that they hold for a configuration put
//! together in code as well as for a loaded one.

use super::{Config, RequestLogLevel, Role, RoleSet, Secret};
use std::path::PathBuf;

/// How many connections each role may hold: its part of the pool, which is also its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolParts {
    /// The API's.
    pub api: u32,
    /// The worker's.
    pub worker: u32,
    /// The payments role's.
    pub payments: u32,
}

impl PoolParts {
    /// All of them.
    pub fn sum(self) -> u32 {
        self.api + self.worker + self.payments
    }
}

impl Config {
    /// The folder of files of our own: `data_dir`, or `/var/lib/civic-os` for root, or civic-os in the user's data folder.
    pub fn data_dir(&self) -> PathBuf {
        if let Some(folder) = &self.data_dir {
            return folder.clone();
        }
        if nix::unistd::geteuid().is_root() {
            return PathBuf::from("/var/lib/civic-os");
        }
        #[expect(clippy::disallowed_methods, reason = "this is the configuration")]
        let folder_in = |variable: &str| std::env::var_os(variable).filter(|v| !v.is_empty()).map(PathBuf::from);
        folder_in("XDG_DATA_HOME")
            .filter(|folder| folder.is_absolute())
            .or_else(|| folder_in("HOME").map(|home| home.join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("/var/lib"))
            .join("civic-os")
    }

    /// Folder of the backups: `backup.dir`, or `backups` below [`Config::data_dir`].
    pub fn backup_dir(&self) -> PathBuf {
        self.backup.dir.clone().unwrap_or_else(|| self.data_dir().join("backups"))
    }

    /// Folder of the embedded store's files.
    pub fn store_dir(&self) -> PathBuf {
        self.data_dir().join("store")
    }

    /// The parts of the pool that these roles use; 0 for the others. `migrate` has no part: it connects as the owner.
    pub fn pool_parts(&self, roles: RoleSet) -> PoolParts {
        let part = |role, size| if roles.contains(role) { size } else { 0 };
        PoolParts {
            api: part(Role::Api, self.database.pool_api),
            worker: part(Role::Worker, self.database.pool_worker),
            payments: part(Role::Payments, self.database.pool_payments),
        }
    }

    /// The most connections of the pool. One more listens.
    pub fn pool_max(&self, roles: RoleSet) -> u32 {
        self.database.pool_max.unwrap_or_else(|| self.pool_parts(roles).sum()).max(1)
    }

    /// The login of the pool: `database.worker_url` for a process without the API, if it is set; otherwise `database.url`.
    pub fn pool_url(&self, roles: RoleSet) -> &Secret {
        if roles.contains(Role::Api) { &self.database.url } else { self.database.worker_url.or(&self.database.url) }
    }

    /// The login that listens.
    pub fn listen_url(&self, roles: RoleSet) -> &Secret {
        self.database.listen_url.or(self.pool_url(roles))
    }

    /// The most connections to the hot standby that answers reads; 0 without one.
    pub fn pool_read(&self, roles: RoleSet) -> u32 {
        let reads = roles.contains(Role::Api) && self.database.read_url.is_set();
        if reads { self.database.pool_api.max(1) } else { 0 }
    }

    /// Whether the process deploys before it serves.
    pub fn migrate_on_start(&self, roles: RoleSet) -> bool {
        self.migrate.on_start.unwrap_or(roles.is_all())
    }

    /// The listener of the webhook alone, if there is one.
    pub fn payments_listen(&self, roles: RoleSet) -> Option<String> {
        if !roles.contains(Role::Payments) {
            return None;
        }
        let alone = || roles.is_only(Role::Payments).then(|| "0.0.0.0:8080".to_owned());
        self.payments.listen.clone().filter(|listen| !listen.is_empty()).or_else(alone)
    }

    /// The URL under which people reach the web client, without a slash at its end.
    pub fn public_url(&self) -> String {
        if let Some(url) = &self.web.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let (host, port) = self.web.listen.rsplit_once(':').unwrap_or((&self.web.listen, "80"));
        let host = if matches!(host, "" | "0.0.0.0" | "[::]" | "*") { "localhost" } else { host };
        let (scheme, usual) = if self.tls.is_on() { ("https", "443") } else { ("http", "80") };
        if let Some(name) = self.tls.acme.first().filter(|_| port == usual) {
            return format!("https://{name}");
        }
        if port == usual { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") }
    }

    /// The API's base as browsers see it, with a slash at its end.
    pub fn postgrest_url(&self) -> String {
        match &self.web.postgrest_url {
            Some(url) => format!("{}/", url.trim_end_matches('/')),
            None => format!("{}/api/", self.public_url()),
        }
    }

    /// The URL of links in mails.
    pub fn site_url(&self) -> String {
        self.notifications
            .site_url
            .as_deref()
            .map_or_else(|| self.public_url(), |url| url.trim_end_matches('/').to_owned())
    }

    /// The issuer of tokens: `auth.issuer`, or the embedded provider's where it is on.
    pub fn issuer(&self) -> Option<String> {
        let embedded =
            || self.identity.enabled.then(|| format!("{}/realms/{}", self.public_url(), self.identity.realm));
        self.auth.issuer.clone().or_else(embedded)
    }

    /// Which requests are logged: `api.log_level`, or what `log.level` says for everything.
    pub fn request_log_level(&self) -> RequestLogLevel {
        self.api.log_level.unwrap_or_else(|| {
            let general = self.log.level.split(',').map(str::trim).find(|part| !part.contains('=')).unwrap_or("info");
            match general.to_ascii_lowercase().as_str() {
                "off" | "crit" | "critical" => RequestLogLevel::Crit,
                "error" => RequestLogLevel::Error,
                "warn" | "warning" => RequestLogLevel::Warn,
                "debug" | "trace" => RequestLogLevel::Debug,
                _ => RequestLogLevel::Info,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_url_follows_the_listener() {
        let mut config = Config::default();
        for (listen, url) in [
            ("0.0.0.0:8000", "http://localhost:8000"),
            ("127.0.0.1:80", "http://127.0.0.1"),
            ("[::]:8080", "http://localhost:8080"),
            ("town.example:9000", "http://town.example:9000"),
        ] {
            config.web.listen = listen.into();
            assert_eq!(config.public_url(), url);
            assert_eq!(config.postgrest_url(), format!("{url}/api/"));
        }
        config.web.listen = "0.0.0.0:443".into();
        config.tls.acme = vec!["town.example".into()];
        assert_eq!(config.public_url(), "https://town.example");
        config.web.listen = "localhost:8443".into();
        assert_eq!(config.public_url(), "https://localhost:8443");
        config.web.public_url = Some("https://town.example/".into());
        assert_eq!(config.public_url(), "https://town.example");
        config.identity.enabled = true;
        assert_eq!(config.issuer().as_deref(), Some("https://town.example/realms/civic-os"));
    }

    #[test]
    fn the_pool_is_the_sum_of_the_roles() {
        let mut config = Config::default();
        assert_eq!(config.pool_max(RoleSet::ALL), 18);
        assert_eq!(config.pool_max(RoleSet::only(Role::Api)), 10);
        assert_eq!(config.pool_max("worker,payments".parse().unwrap()), 8);
        config.database.pool_max = Some(5);
        assert_eq!(config.pool_max(RoleSet::ALL), 5);
    }

    #[test]
    fn the_webhook_has_a_listener_of_its_own_only_where_payments_are_alone() {
        let mut config = Config::default();
        assert_eq!(config.payments_listen(RoleSet::ALL), None);
        assert_eq!(config.payments_listen(RoleSet::only(Role::Payments)).as_deref(), Some("0.0.0.0:8080"));
        config.payments.listen = Some("127.0.0.1:9".into());
        assert_eq!(config.payments_listen(RoleSet::ALL).as_deref(), Some("127.0.0.1:9"));
        assert_eq!(config.payments_listen(RoleSet::only(Role::Api)), None);
    }

    #[test]
    fn requests_are_logged_as_the_general_level_says() {
        let mut config = Config::default();
        for (level, requests) in [
            ("info", RequestLogLevel::Info),
            ("crit", RequestLogLevel::Crit),
            ("civic_os=debug,warn", RequestLogLevel::Warn),
        ] {
            config.log.level = level.into();
            assert_eq!(config.request_log_level(), requests);
        }
        config.api.log_level = Some(RequestLogLevel::Error);
        assert_eq!(config.request_log_level(), RequestLogLevel::Error);
    }
}
