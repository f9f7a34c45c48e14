//! The two forms of a connection string, read into fields.

use super::ConninfoError;

/// Keywords that libpq knows and that mean nothing here.
const IGNORED: &[&str] = &[
    "passfile",
    "service",
    "gssencmode",
    "krbsrvname",
    "gsslib",
    "gssdelegation",
    "requirepeer",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslsni",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "channel_binding",
    "require_auth",
    "load_balance_hosts",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
    "replication",
    "client_encoding",
    "tty",
    "authtype",
    "sslcertmode",
    "sslnegotiation",
    "min_protocol_version",
    "max_protocol_version",
    "servicefile",
    "sslkeylogfile",
];

/// What a text says, by keyword.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) host: Option<String>,
    pub(super) hostaddr: Option<String>,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) dbname: Option<String>,
    pub(super) application_name: Option<String>,
    pub(super) fallback_application_name: Option<String>,
    pub(super) options: Option<String>,
    pub(super) connect_timeout: Option<String>,
    pub(super) keepalives: Option<String>,
    pub(super) sslmode: Option<String>,
    pub(super) sslrootcert: Option<String>,
    pub(super) sslcert: Option<String>,
    pub(super) sslkey: Option<String>,
    pub(super) target_session_attrs: Option<String>,
}

impl Fields {
    fn set(&mut self, key: &str, value: String) -> Result<(), ConninfoError> {
        let slot = match key {
            "host" => &mut self.host,
            "hostaddr" => &mut self.hostaddr,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "dbname" => &mut self.dbname,
            "application_name" => &mut self.application_name,
            "fallback_application_name" => &mut self.fallback_application_name,
            "options" => &mut self.options,
            "connect_timeout" => &mut self.connect_timeout,
            "keepalives" => &mut self.keepalives,
            "sslmode" => &mut self.sslmode,
            "sslrootcert" => &mut self.sslrootcert,
            "sslcert" => &mut self.sslcert,
            "sslkey" => &mut self.sslkey,
            "target_session_attrs" => &mut self.target_session_attrs,
            // JDBC's spelling, which libpq accepts in URLs.
            "ssl" if value == "true" => {
                self.sslmode = Some("require".into());
                return Ok(());
            }
            _ if IGNORED.contains(&key) => return Ok(()),
            _ => return Err(ConninfoError::UnknownKeyword(key.chars().take(40).collect())),
        };
        *slot = Some(value);
        Ok(())
    }
}

fn decode(text: &str) -> Result<String, ConninfoError> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' && !(0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())) {
            return Err(ConninfoError::Syntax("invalid percent-encoding"));
        }
    }
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| ConninfoError::Syntax("invalid UTF-8"))?;
    if decoded.contains('\0') {
        return Err(ConninfoError::Syntax("NUL character"));
    }
    Ok(decoded.into_owned())
}

/// What follows `postgresql://`.
pub(super) fn parse_url(rest: &str) -> Result<Fields, ConninfoError> {
    let mut fields = Fields::default();
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = location.split_once('/').unwrap_or((location, ""));
    let servers = match authority.rsplit_once('@') {
        Some((login, servers)) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            fields.user = Some(decode(user)?);
            fields.password = Some(decode(password)?);
            servers
        }
        None => authority,
    };
    if !servers.is_empty() {
        let mut names = Vec::new();
        let mut ports = Vec::new();
        for server in servers.split(',') {
            let (name, port) = match server.strip_prefix('[') {
                Some(inner) => {
                    let (name, rest) = inner.split_once(']').ok_or(ConninfoError::Syntax("missing ] after address"))?;
                    (name, rest.strip_prefix(':').unwrap_or(rest))
                }
                None => server.split_once(':').unwrap_or((server, "")),
            };
            names.push(decode(name)?);
            ports.push(decode(port)?);
        }
        fields.host = Some(names.join(","));
        if ports.iter().any(|port| !port.is_empty()) {
            fields.port = Some(ports.join(","));
        }
    }
    if !database.is_empty() {
        fields.dbname = Some(decode(database)?);
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or(ConninfoError::Syntax("missing = in the query part"))?;
        fields.set(&decode(key)?, decode(value)?)?;
    }
    Ok(fields)
}

/// Keywords with values, as in `host=db user='a b'`.
pub(super) fn parse_pairs(text: &str) -> Result<Fields, ConninfoError> {
    let mut fields = Fields::default();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(fields);
        }
        let mut key = String::new();
        while let Some(c) = rest.next_if(|c| *c != '=' && !c.is_whitespace()) {
            key.push(c);
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.next() != Some('=') {
            return Err(ConninfoError::Syntax("expected postgresql:// or key=value pairs"));
        }
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        let quoted = rest.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match rest.next() {
                Some('\\') => value.extend(rest.next()),
                Some('\'') if quoted => break,
                Some(c) if !quoted && c.is_whitespace() => break,
                Some(c) => value.push(c),
                None if quoted => return Err(ConninfoError::Syntax("unterminated quoted value")),
                None => break,
            }
        }
        fields.set(&key, value)?;
    }
}
