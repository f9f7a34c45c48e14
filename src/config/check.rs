//! What a value's type cannot say: addresses, URLs, colours, and what a role cannot do without.

use super::error::Problem;
use super::secret::without_credentials;
use super::{ApiMode, Config, DatabaseMode, Loaded, Role, RoleSet, Source};
use std::collections::BTreeMap;

/// Spellings that mean the same become one.
pub(super) fn normalise(config: &mut Config) {
    let tidy = |listen: &str| match listen.trim() {
        "off" => String::new(),
        text => match text.strip_prefix('*').unwrap_or(text).strip_prefix(':') {
            Some(port) => format!("0.0.0.0:{port}"),
            None => text.to_owned(),
        },
    };
    config.web.listen = tidy(&config.web.listen);
    config.admin.listen = tidy(&config.admin.listen);
    for listen in
        [&mut config.api.listen, &mut config.payments.listen, &mut config.store.listen, &mut config.tls.redirect_listen]
    {
        *listen = listen.as_deref().map(tidy).filter(|text| !text.is_empty());
    }
}

/// Settings that are well and do nothing in a process with these roles.
pub(super) fn without_effect(config: &Config, roles: RoleSet, sources: &BTreeMap<String, Source>) -> Option<String> {
    let serves_and_works =
        roles.contains(Role::Api) && (roles.contains(Role::Worker) || roles.contains(Role::Payments));
    // The variable DATABASE_URL has a warning of its own: it means the owner as well.
    let is_meant = match sources.get("database.worker_url") {
        Some(Source::Variables { names, .. }) => names.iter().any(|name| name != "DATABASE_URL"),
        _ => true,
    };
    (serves_and_works && is_meant && config.database.worker_url.is_set()).then(|| {
        "database.worker_url has no effect in a process that has the role api as well: its jobs use database.url and \
         switch to a narrow role. Run the roles worker and payments as processes of their own to keep the logins apart"
            .to_owned()
    })
}

/// Values that have the right type and are wrong nevertheless.
pub(super) fn values(loaded: &Loaded) -> Vec<Problem> {
    let mut found = Found { loaded, problems: Vec::new() };
    let config = &loaded.config;
    found.listeners();
    for (key, url) in [
        ("web.public_url", &config.web.public_url),
        ("web.postgrest_url", &config.web.postgrest_url),
        ("web.swagger_url", &config.web.swagger_url),
        ("api.openapi_server_proxy_uri", &config.api.openapi_server_proxy_uri),
        ("auth.issuer", &config.auth.issuer),
        ("storage.s3_endpoint", &config.storage.s3_endpoint),
        ("storage.s3_public_endpoint", &config.storage.s3_public_endpoint),
        ("backup.s3_endpoint", &config.backup.s3_endpoint),
        ("telemetry.otlp_endpoint", &config.telemetry.otlp_endpoint),
        ("notifications.site_url", &config.notifications.site_url),
        ("matomo.url", &config.matomo.url),
        ("tls.acme_directory", &Some(config.tls.acme_directory.clone())),
        ("map.geocoder_url", &config.map.geocoder_url),
    ] {
        if let Some(url) = url {
            found.http_url(key, url);
        }
    }
    for (key, secret) in [
        ("database.url", &config.database.url),
        ("database.owner_url", &config.database.owner_url),
        ("database.worker_url", &config.database.worker_url),
        ("database.listen_url", &config.database.listen_url),
        ("database.read_url", &config.database.read_url),
    ] {
        if let Some(text) = secret.expose() {
            found.connection(key, text);
        }
    }
    for (key, color) in
        [("branding.color", &config.branding.color), ("branding.color_dark", &config.branding.color_dark)]
    {
        if color.as_deref().is_some_and(|color| !is_color(color)) {
            found.add(key, "must be a colour such as #1c5c3a");
        }
    }
    for network in &config.web.trusted_proxies {
        if !is_network(network) {
            found.add("web.trusted_proxies", "must list networks such as 10.0.0.0/8 or addresses such as 192.0.2.1");
        }
    }
    let tls = &config.tls;
    match (&tls.certificate, &tls.key, tls.acme.is_empty()) {
        (Some(_), None, _) => found.add("tls.key", "is not set, but tls.certificate is: name the file of its key"),
        (None, Some(_), _) => {
            found.add("tls.certificate", "is not set, but tls.key is: name the file of its certificate")
        }
        (Some(_), Some(_), false) => {
            found.add("tls.acme", "orders a certificate, but tls.certificate names one: leave one out")
        }
        _ => {}
    }
    if tls.acme.iter().any(|name| !is_host_name(name)) {
        found.add("tls.acme", "must list names such as town.example, without scheme, port or *");
    }
    if tls.redirect_listen.is_some() && !tls.is_on() {
        found.add("tls.redirect_listen", "sends browsers to https, but neither tls.certificate nor tls.acme is set");
    }
    if config.api.db_schemas.is_empty() {
        found.add("api.db_schemas", "must name at least one schema");
    }
    for (key, size) in [
        ("database.pool_max", config.database.pool_max.unwrap_or(1)),
        ("database.pool_api", config.database.pool_api),
        ("database.pool_worker", config.database.pool_worker),
        ("database.pool_payments", config.database.pool_payments),
    ] {
        if size == 0 {
            found.add(key, "must be at least 1");
        }
    }
    if !(-90.0..=90.0).contains(&config.map.default_lat) {
        found.add("map.default_lat", "must be degrees between -90 and 90");
    }
    if !(-180.0..=180.0).contains(&config.map.default_lng) {
        found.add("map.default_lng", "must be degrees between -180 and 180");
    }
    if !(0.0..=1.0).contains(&config.telemetry.sample_ratio) {
        found.add("telemetry.sample_ratio", "must be a number from 0 to 1");
    }
    let mode = u32::from_str_radix(&config.api.server_unix_socket_mode, 8);
    if !mode.is_ok_and(|mode| (0o600..=0o777).contains(&mode)) {
        found.add("api.server_unix_socket_mode", "must be an octal file mode from 600 to 777");
    }
    let currency = &config.payments.currency;
    if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        found.add("payments.currency", "must be three letters, such as USD");
    }
    found.payments();
    if let Some(secret) = config.auth.jwt_secret.expose()
        && !config.auth.jwt_secret_is_base64
        && !secret.trim_start().starts_with('{')
        && secret.chars().count() < 32
    {
        found.add("auth.jwt_secret", "must have at least 32 characters, or be a JWK or JWK set, or @file");
    }
    found.problems
}

/// What the roles need and nobody said, and listeners that exclude each other.
pub(super) fn for_roles(loaded: &Loaded) -> Vec<Problem> {
    let (config, roles) = (&loaded.config, loaded.roles);
    let mut found = Found { loaded, problems: Vec::new() };
    found.shared_ports();
    let database = &config.database;
    let external = database.mode == DatabaseMode::External;
    if external && roles.contains(Role::Api) && !database.url.is_set() {
        found.add(
            "database.url",
            "is not set: give the login of the pool, for example \
             postgres://authenticator:password@localhost:5432/civic_os, here or in CIVIC_OS_DATABASE__URL or PGRST_DB_URI \
             (DATABASE_URL is the owner's login and never the API's), or set database.mode = \"managed\" for a private \
             PostgreSQL, or try `civic-os demo`",
        );
    } else if external
        && (roles.contains(Role::Worker) || roles.contains(Role::Payments))
        && !config.pool_url(roles).is_set()
    {
        found.add(
            "database.worker_url",
            "is not set, and database.url neither: give the login of the jobs here or in DATABASE_URL, or the pool's in \
             database.url",
        );
    }
    if external && (config.migrate_on_start(roles) || roles.contains(Role::Migrate)) && !database.owner_url.is_set() {
        let alternative = if roles.is_only(Role::Migrate) {
            ""
        } else {
            ", or set migrate.on_start = false and run `civic-os migrate deploy` yourself"
        };
        // A process with all roles that was told not to migrate needs no owner.
        if config.migrate_on_start(roles) || !roles.is_all() {
            found.add(
                "database.owner_url",
                &format!(
                    "is not set: migrations need the login that owns the schema; give it here or in \
                     CIVIC_OS_DATABASE__OWNER_URL or DATABASE_URL{alternative}"
                ),
            );
        }
    }
    let anybody = config.auth.issuer.is_some() || config.auth.jwt_secret.is_set() || config.identity.enabled;
    if roles.contains(Role::Api) && config.api.mode == ApiMode::CivicOs && !anybody {
        found.add(
            "auth.issuer",
            "is not set: give the URL of your realm, for example https://auth.example.org/realms/town, here or in \
             KEYCLOAK_URL and KEYCLOAK_REALM; or set identity.enabled = true for the embedded provider, or auth.jwt_secret",
        );
    }
    if roles.is_only(Role::Payments) {
        for (key, secret, variable) in [
            ("payments.stripe_api_key", &config.payments.stripe_api_key, "STRIPE_API_KEY"),
            ("payments.stripe_webhook_secret", &config.payments.stripe_webhook_secret, "STRIPE_WEBHOOK_SECRET"),
        ] {
            if !secret.is_set() {
                found.add(key, &format!("is not set: role payments needs it, here or in {variable}"));
            }
        }
    }
    found.problems
}

struct Found<'a> {
    loaded: &'a Loaded,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, key: &str, message: &str) {
        let source = self.loaded.sources.get(key).cloned();
        self.problems.push(Problem { key: key.into(), source, message: message.into() });
    }

    fn payments(&mut self) {
        let payments = &self.loaded.config.payments;
        // The sandbox must not be mistaken for the real thing, nor the other way round.
        if payments.sandbox {
            let publishable = payments.stripe_publishable_key.as_ref().is_some_and(|key| !key.is_empty());
            for (key, is_set) in [
                ("payments.stripe_api_key", payments.stripe_api_key.is_set()),
                ("payments.stripe_webhook_secret", payments.stripe_webhook_secret.is_set()),
                ("payments.stripe_publishable_key", publishable),
            ] {
                if is_set {
                    self.add(
                        key,
                        "is set together with payments.sandbox: take the key away, or switch the sandbox off",
                    );
                }
            }
        }
        let decimal = |text: &str, decimals: usize| {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits(whole) && digits(fraction) && whole.len() <= 6 && fraction.len() <= decimals
        };
        if !decimal(&payments.fee_percent, 4)
            || payments.fee_percent.parse::<f64>().is_ok_and(|percent| percent >= 50.0)
        {
            self.add(
                "payments.fee_percent",
                "must be a decimal number below 50 with at most four decimals, such as \"2.9\"",
            );
        }
        if !decimal(&payments.fee_fixed, 2) {
            self.add("payments.fee_fixed", "must be a decimal number with at most two decimals, such as \"0.30\"");
        }
        let base = &payments.stripe_api_base;
        let is_url = url::Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if !is_url {
            self.add("payments.stripe_api_base", "must be a URL, such as https://api.stripe.com");
        } else if payments.stripe_api_key.expose().is_some_and(|key| key.contains("_live_"))
            && !base.starts_with("https://")
        {
            self.add("payments.stripe_api_base", "must be https:// where the key is a live one");
        }
    }

    fn listeners(&mut self) {
        let config = &self.loaded.config;
        for (key, listen) in [
            ("web.listen", Some(&config.web.listen)),
            ("api.listen", config.api.listen.as_ref()),
            ("payments.listen", config.payments.listen.as_ref()),
            ("admin.listen", Some(&config.admin.listen)),
            ("store.listen", config.store.listen.as_ref()),
            ("tls.redirect_listen", config.tls.redirect_listen.as_ref()),
        ] {
            let Some(listen) = listen.filter(|listen| !listen.is_empty()) else { continue };
            if parse_listen(listen).is_none() {
                let is_port = listen.bytes().all(|digit| digit.is_ascii_digit());
                let hint = if is_port { format!("0.0.0.0:{listen}") } else { "0.0.0.0:8000".into() };
                self.add(
                    key,
                    &format!("must be host:port, for example {hint}, or off; not \"{}\"", without_credentials(listen)),
                );
            }
        }
    }

    fn shared_ports(&mut self) {
        let (config, roles) = (&self.loaded.config, self.loaded.roles);
        if roles.is_only(Role::Migrate) {
            return;
        }
        let of_api = |listen: Option<&String>| listen.filter(|_| roles.contains(Role::Api)).cloned();
        let listeners = [
            ("web.listen", of_api(Some(&config.web.listen))),
            ("api.listen", of_api(config.api.listen.as_ref())),
            ("payments.listen", config.payments_listen(roles)),
            ("admin.listen", Some(config.admin.listen.clone())),
            ("store.listen", config.store.listen.clone()),
            ("tls.redirect_listen", of_api(config.tls.redirect_listen.as_ref())),
        ];
        let mut taken: Vec<(&str, String, u16)> = Vec::new();
        for (key, listen) in listeners {
            let Some((host, port)) = listen.as_deref().and_then(parse_listen).filter(|(_, port)| *port != 0) else {
                continue;
            };
            let clash = taken
                .iter()
                .find(|(_, other, number)| *number == port && (*other == host || is_every(other) || is_every(&host)));
            if let Some((other, ..)) = clash {
                let message = format!("wants port {port}, and so does {other}: give one of them another port");
                self.add(key, &message);
            }
            taken.push((key, host, port));
        }
    }

    fn http_url(&mut self, key: &str, text: &str) {
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                if url.password().is_some() {
                    self.add(key, "must not contain a password");
                }
            }
            _ => self.add(key, "must be a URL that starts with http:// or https://"),
        }
    }

    /// Catches what makes PostgreSQL's client misread a connection string. The text is never repeated.
    fn connection(&mut self, key: &str, text: &str) {
        let rest = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
        match rest {
            Some(rest) if rest.split(['/', '?']).next().is_some_and(|authority| authority.matches('@').count() > 1) => {
                self.add(key, "has an @ in the user or password: write it as %40");
            }
            Some(_) => {}
            None if text.contains('=') && !text.contains("://") => {}
            None => self.add(
                key,
                "must be postgres://user:password@host:5432/database, or pairs such as `host=/run/postgresql dbname=x`",
            ),
        }
    }
}

fn parse_listen(listen: &str) -> Option<(String, u16)> {
    let (host, port) = listen.rsplit_once(':')?;
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let well_formed = match bracketed {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_')),
    };
    well_formed.then_some(())?;
    Some((host.to_owned(), port.parse().ok()?))
}

fn is_every(host: &str) -> bool {
    matches!(host, "0.0.0.0" | "[::]")
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|c| c.is_ascii_hexdigit()))
}

fn is_network(text: &str) -> bool {
    let (address, prefix) = text.trim().split_once('/').map_or((text.trim(), None), |(a, p)| (a, Some(p)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits))
}

fn is_host_name(text: &str) -> bool {
    text.contains('.') && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-'))
}
