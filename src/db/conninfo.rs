//! libpq connection strings: URLs and key=value pairs, with libpq's defaults and `PG*` variables.
//!
//! Only parsing happens here; [`super::wire`] and [`super::tls`] act on the result. Tests: end of this file.

mod text;

use secrecy::{ExposeSecret, SecretString};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use text::{parse_pairs, parse_url};

/// A parsed connection string.
#[derive(Clone, Debug)]
pub struct ConnectionString {
    pub(super) hosts: Vec<HostPort>,
    pub(super) user: String,
    pub(super) password: Option<SecretString>,
    pub(super) database: String,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) keepalives: bool,
    pub(super) ssl_mode: SslMode,
    pub(super) ssl_root_cert: Option<PathBuf>,
    pub(super) ssl_client: Option<(PathBuf, PathBuf)>,
    pub(super) target_session: TargetSession,
}

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    pub(super) host: Host,
    pub(super) port: u16,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// Name or address, and the address to use instead of looking the name up.
    Tcp { name: String, address: Option<String> },
    /// Folder of the unix socket.
    Unix(PathBuf),
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// libpq's `target_session_attrs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetSession {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// What is wrong with a connection string. The text never contains a value of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConninfoError {
    /// Neither a URL nor key=value pairs.
    #[error("connection string: {0}")]
    Syntax(&'static str),
    /// A keyword that libpq does not know either.
    #[error("connection string: unknown keyword \"{0}\"")]
    UnknownKeyword(String),
    /// A keyword with a value that it cannot have.
    #[error("connection string: unusable value for \"{0}\"")]
    Value(&'static str),
    /// No user given and the operating system has none either.
    #[error("connection string: no user name")]
    NoUser,
    /// No connection string configured.
    #[error("no database URL configured")]
    Missing,
}

impl ConnectionString {
    /// Parses a URL (`postgresql://…`, `postgres://…`) or key=value pairs. What is missing comes from libpq's
    /// variables (`PGHOST`…), then from its defaults.
    ///
    /// # Errors
    /// The text cannot be understood.
    pub fn parse(text: &str) -> Result<Self, ConninfoError> {
        Self::parse_with(text, &environment)
    }

    fn parse_with(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConninfoError> {
        let text = text.trim();
        let fields = match text.strip_prefix("postgresql://").or_else(|| text.strip_prefix("postgres://")) {
            Some(rest) => parse_url(rest)?,
            None => parse_pairs(text)?,
        };
        let or_variable =
            |value: Option<String>, name: &str| value.filter(|v| !v.is_empty()).or_else(|| variable(name));
        let user = or_variable(fields.user, "PGUSER").or_else(system_user).ok_or(ConninfoError::NoUser)?;
        let database = or_variable(fields.dbname, "PGDATABASE").unwrap_or_else(|| user.clone());
        let hosts = hosts(
            or_variable(fields.host, "PGHOST"),
            or_variable(fields.hostaddr, "PGHOSTADDR"),
            or_variable(fields.port, "PGPORT"),
        )?;
        let connect_timeout = or_variable(fields.connect_timeout, "PGCONNECT_TIMEOUT")
            .map(|value| value.parse::<i64>().map_err(|_| ConninfoError::Value("connect_timeout")))
            .transpose()?
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        let ssl_client = match (or_variable(fields.sslcert, "PGSSLCERT"), or_variable(fields.sslkey, "PGSSLKEY")) {
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (None, None) => None,
            _ => return Err(ConninfoError::Value("sslcert")),
        };
        Ok(Self {
            hosts,
            user,
            password: or_variable(fields.password, "PGPASSWORD").map(SecretString::from),
            database,
            application_name: or_variable(fields.application_name, "PGAPPNAME").or(fields.fallback_application_name),
            options: or_variable(fields.options, "PGOPTIONS"),
            connect_timeout,
            keepalives: fields.keepalives.as_deref() != Some("0"),
            ssl_mode: ssl_mode(or_variable(fields.sslmode, "PGSSLMODE").as_deref())?,
            ssl_root_cert: or_variable(fields.sslrootcert, "PGSSLROOTCERT").map(PathBuf::from),
            ssl_client,
            target_session: target_session(
                or_variable(fields.target_session_attrs, "PGTARGETSESSIONATTRS").as_deref(),
            )?,
        })
    }

    /// Login name.
    pub fn user(&self) -> &str {
        &self.user
    }
    /// Database name.
    pub fn database(&self) -> &str {
        &self.database
    }
    /// Servers as `host:port` or socket folder, for messages; no secrets.
    pub fn servers(&self) -> String {
        let names = self.hosts.iter().map(|server| match &server.host {
            Host::Tcp { name, .. } => format!("{name}:{}", server.port),
            Host::Unix(folder) => format!("{}:{}", folder.display(), server.port),
        });
        names.collect::<Vec<_>>().join(", ")
    }

    /// The same connection to another database of the server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self { database: name.to_owned(), ..self.clone() }
    }

    /// Whether both lead to the same database of the same server, as far as one can tell without asking. This machine has many names.
    pub fn is_same_database(&self, other: &Self) -> bool {
        let place = |server: &HostPort| {
            let here = match &server.host {
                Host::Unix(_) => true,
                Host::Tcp { name, .. } => {
                    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
                }
            };
            let elsewhere = (!here).then(|| server.host.clone());
            (elsewhere, server.port)
        };
        self.database == other.database && self.hosts.iter().map(place).eq(other.hosts.iter().map(place))
    }

    /// The connection as libpq's variables, for its own programs (`pg_dump`, `psql`): a child's arguments are visible to
    /// every user of the machine, its environment is not.
    pub fn libpq_environment(&self) -> Vec<(&'static str, OsString)> {
        let joined = |values: Vec<String>| OsString::from(values.join(","));
        let host = |server: &HostPort| match &server.host {
            Host::Tcp { name, .. } => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        };
        let ssl_mode = match self.ssl_mode {
            SslMode::Disable => "disable",
            SslMode::Allow => "allow",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        };
        let mut variables: Vec<(&'static str, OsString)> = vec![
            ("PGHOST", joined(self.hosts.iter().map(host).collect())),
            ("PGPORT", joined(self.hosts.iter().map(|server| server.port.to_string()).collect())),
            ("PGUSER", self.user.clone().into()),
            ("PGDATABASE", self.database.clone().into()),
            ("PGSSLMODE", ssl_mode.into()),
            ("PGAPPNAME", "civic-os".into()),
        ];
        if let Some(password) = &self.password {
            variables.push(("PGPASSWORD", password.expose_secret().into()));
        }
        if let Some(certificate) = &self.ssl_root_cert {
            variables.push(("PGSSLROOTCERT", certificate.into()));
        }
        if let Some((certificate, key)) = &self.ssl_client {
            variables.push(("PGSSLCERT", certificate.into()));
            variables.push(("PGSSLKEY", key.into()));
        }
        if let Some(options) = &self.options {
            variables.push(("PGOPTIONS", options.into()));
        }
        variables
    }

    /// For tokio-postgres over a stream that is connected already.
    pub(super) fn client_config(&self, application_name: &str) -> tokio_postgres::Config {
        let mut config = tokio_postgres::Config::new();
        config.user(&self.user).dbname(&self.database).ssl_mode(tokio_postgres::config::SslMode::Disable);
        config.application_name(self.application_name.as_deref().unwrap_or(application_name));
        if let Some(password) = &self.password {
            config.password(password.expose_secret());
        }
        if let Some(options) = &self.options {
            config.options(options);
        }
        config
    }
}

#[expect(clippy::disallowed_methods, reason = "libpq's own variables complete a connection string")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn system_user() -> Option<String> {
    nix::unistd::User::from_uid(nix::unistd::Uid::effective()).ok().flatten().map(|user| user.name)
}

fn ssl_mode(value: Option<&str>) -> Result<SslMode, ConninfoError> {
    Ok(match value {
        None | Some("prefer") => SslMode::Prefer,
        Some("disable") => SslMode::Disable,
        Some("allow") => SslMode::Allow,
        Some("require") => SslMode::Require,
        Some("verify-ca") => SslMode::VerifyCa,
        Some("verify-full") => SslMode::VerifyFull,
        Some(_) => return Err(ConninfoError::Value("sslmode")),
    })
}

fn target_session(value: Option<&str>) -> Result<TargetSession, ConninfoError> {
    Ok(match value {
        None | Some("any") => TargetSession::Any,
        Some("read-write") => TargetSession::ReadWrite,
        Some("read-only") => TargetSession::ReadOnly,
        Some("primary") => TargetSession::Primary,
        Some("standby") => TargetSession::Standby,
        Some("prefer-standby") => TargetSession::PreferStandby,
        Some(_) => return Err(ConninfoError::Value("target_session_attrs")),
    })
}

fn hosts(host: Option<String>, address: Option<String>, port: Option<String>) -> Result<Vec<HostPort>, ConninfoError> {
    let split = |value: Option<String>| -> Vec<String> {
        value.map(|list| list.split(',').map(|item| item.trim().to_owned()).collect()).unwrap_or_default()
    };
    let (names, addresses, ports) = (split(host), split(address), split(port));
    let count = names.len().max(addresses.len()).max(1);
    if (!names.is_empty() && names.len() != count) || (!addresses.is_empty() && addresses.len() != count) {
        return Err(ConninfoError::Value("hostaddr"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(ConninfoError::Value("port"));
    }
    (0..count)
        .map(|index| {
            let port = match ports.get(index).or_else(|| ports.first()).map(String::as_str) {
                None | Some("") => 5432,
                Some(text) => text.parse().map_err(|_| ConninfoError::Value("port"))?,
            };
            let address = addresses.get(index).filter(|address| !address.is_empty()).cloned();
            let name = names.get(index).filter(|name| !name.is_empty()).cloned();
            let host = match (name, address) {
                (Some(name), address) if !name.starts_with('/') => Host::Tcp { name, address },
                (Some(folder), None) => Host::Unix(folder.into()),
                (_, Some(address)) => Host::Tcp { name: address.clone(), address: Some(address) },
                (None, None) => default_host(port),
            };
            Ok(HostPort { host, port })
        })
        .collect()
}

/// Distributions disagree on the socket folder; take the one that has a socket, else loopback.
fn default_host(port: u16) -> Host {
    ["/var/run/postgresql", "/tmp"]
        .into_iter()
        .map(PathBuf::from)
        .find(|folder| folder.join(format!(".s.PGSQL.{port}")).exists())
        .map_or_else(|| Host::Tcp { name: "localhost".into(), address: None }, Host::Unix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConnectionString, ConninfoError> {
        ConnectionString::parse_with(text, &|_| None)
    }

    fn tcp(name: &str, port: u16) -> HostPort {
        HostPort { host: Host::Tcp { name: name.into(), address: None }, port }
    }

    #[test]
    fn url_with_everything() {
        let parsed = parse(
            "postgres://ann%40x:p%3Aw@a.example:6432,[::1]/town?sslmode=verify-full&application_name=x&connect_timeout=3&target_session_attrs=read-write",
        )
        .unwrap();
        assert_eq!(parsed.user, "ann@x");
        assert_eq!(parsed.password.unwrap().expose_secret(), "p:w");
        assert_eq!(parsed.hosts, vec![tcp("a.example", 6432), tcp("::1", 5432)]);
        assert_eq!(parsed.database, "town");
        assert_eq!(parsed.ssl_mode, SslMode::VerifyFull);
        assert_eq!(parsed.target_session, TargetSession::ReadWrite);
        assert_eq!(parsed.connect_timeout, Some(Duration::from_secs(3)));
        assert_eq!(parsed.application_name.as_deref(), Some("x"));
    }

    #[test]
    fn the_same_database_by_other_names() {
        let is_same = |a: &str, b: &str| parse(a).unwrap().is_same_database(&parse(b).unwrap());
        assert!(is_same("postgres://a@localhost/town", "postgres://b:p@127.0.0.1:5432/town"));
        assert!(is_same("postgresql:///town?host=/run/pg&user=u", "postgres://b@[::1]/town"));
        assert!(is_same("postgres://a@db.example/town", "postgres://b@db.example/town?sslmode=require"));
        assert!(!is_same("postgres://a@localhost/town", "postgres://a@localhost/town2"));
        assert!(!is_same("postgres://a@localhost/town", "postgres://a@localhost:5433/town"));
        assert!(!is_same("postgres://a@localhost/town", "postgres://a@db.example/town"));
    }

    #[test]
    fn socket_folder_in_url_and_pairs() {
        for text in [
            "postgresql://u@%2Frun%2Fpg:5433/d",
            "host=/run/pg port=5433 user=u dbname=d",
            "postgresql:///d?host=/run/pg&port=5433&user=u",
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!(parsed.hosts, vec![HostPort { host: Host::Unix("/run/pg".into()), port: 5433 }], "{text}");
            assert_eq!((parsed.user.as_str(), parsed.database.as_str()), ("u", "d"), "{text}");
        }
    }

    #[test]
    fn pairs_with_quotes() {
        let parsed = parse(r"host = h user='o\'neil x' password=a\ b").unwrap();
        assert_eq!(parsed.user, "o'neil x");
        assert_eq!(parsed.database, "o'neil x");
        assert_eq!(parsed.password.unwrap().expose_secret(), "a b");
    }

    #[test]
    fn variables_fill_gaps_only() {
        let variable = |name: &str| (name == "PGHOST" || name == "PGUSER").then(|| "fallback".to_owned());
        let parsed = ConnectionString::parse_with("postgresql://me@/d", &variable).unwrap();
        assert_eq!((parsed.hosts, parsed.user.as_str()), (vec![tcp("fallback", 5432)], "me"));
    }

    #[test]
    fn refusals_do_not_repeat_the_value() {
        for text in [
            "just text",
            "host='open",
            "postgresql://u:se%cret@h/d",
            "postgresql://h/d?sslmode=secret",
            "port=secret user=u host=h",
            "secretkey",
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
        assert_eq!(parse("colour=red").unwrap_err(), ConninfoError::UnknownKeyword("colour".into()));
    }

    #[test]
    fn debug_hides_the_password() {
        assert!(!format!("{:?}", parse("postgres://u:hidden@h/d").unwrap()).contains("hidden"));
    }
}
