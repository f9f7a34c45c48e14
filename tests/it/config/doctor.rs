//! `doctor` and `health` against a real database and a real process.

use crate::notifications::sink::Sink;
use crate::support::{TestApp, TestDatabase, binary, free_port, tokens};
use serde_json::Value;
use std::net::TcpListener;

/// The findings of `doctor --json`, and its exit code.
fn doctor(roles: &str, variables: &[(&str, &str)]) -> (Vec<Value>, Option<i32>) {
    let folder = tempfile::tempdir().expect("folder");
    let output = binary()
        .args(["doctor", "--json", "--role", roles])
        .env("CIVIC_OS_DATA_DIR", folder.path())
        .env("CIVIC_OS_WEB__LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("CIVIC_OS_ADMIN__LISTEN", format!("127.0.0.1:{}", free_port()))
        .env("CIVIC_OS_AUTH__JWT_SECRET", tokens::SECRET)
        .envs(variables.iter().copied())
        .current_dir(folder.path())
        .output()
        .expect("run the binary");
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (report["findings"].as_array().expect("findings").clone(), output.status.code())
}

#[track_caller]
fn found(findings: &[Value], check: &str, verdict: &str, message: &str) -> String {
    let hit = findings.iter().find(|finding| {
        finding["check"] == check
            && finding["verdict"] == verdict
            && finding["message"].as_str().is_some_and(|text| text.contains(message))
    });
    let hit = hit.unwrap_or_else(|| panic!("no {verdict} of {check} with '{message}' in {findings:#?}"));
    hit["remedy"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_installation_has_nothing_to_complain_about() {
    let database = TestDatabase::create().await;
    let (pool, owner) = (database.authenticator_url(), database.owner_url());
    let variables = [
        ("CIVIC_OS_DATABASE__URL", pool.expose().expect("url")),
        ("CIVIC_OS_DATABASE__OWNER_URL", owner.expose().expect("url")),
    ];
    let (findings, code) = doctor("all", &variables);
    found(&findings, "database", "ok", "login authenticator");
    found(&findings, "owner", "ok", "may deploy");
    found(&findings, "core schema", "ok", "up to date");
    found(&findings, "issuer", "ok", "auth.jwt_secret");
    found(&findings, "data folder", "ok", "can be written");
    found(&findings, "ports", "ok", "web.listen");
    assert_eq!(code, Some(0), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_differ_are_seen() {
    let database = TestDatabase::create().await;
    // What this login takes for the server's clock.
    let name = database.name();
    database
        .execute(&format!(
            "create schema other_clock; grant usage on schema other_clock to authenticator;
             create function other_clock.clock_timestamp() returns timestamptz language sql as
               $$ select pg_catalog.clock_timestamp() + interval '2 hours' $$;
             alter role authenticator in database {name} set search_path = other_clock, pg_catalog"
        ))
        .await;
    let pool = database.authenticator_url();
    let (findings, code) = doctor("api", &[("CIVIC_OS_DATABASE__URL", pool.expose().expect("url"))]);
    let remedy = found(&findings, "clock", "warn", "s ahead of the clock of this machine");
    assert!(remedy.contains("time server"), "{remedy}");
    assert_eq!(code, Some(0), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_row_security_does_not_bind_is_explained() {
    let database = TestDatabase::create().await;
    let owner = database.owner_url();
    let variables = [("CIVIC_OS_DATABASE__URL", owner.expose().expect("url"))];
    let (findings, code) = doctor("api", &variables);
    let remedy = found(&findings, "database", "fail", "is a superuser");
    assert!(remedy.contains("noinherit"), "{remedy}");
    assert_eq!(code, Some(2));
    let (findings, code) = doctor("worker", &[("DATABASE_URL", owner.expose().expect("url"))]);
    found(&findings, "worker login", "warn", "is a superuser");
    assert_eq!(code, Some(0), "{findings:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_without_the_core_is_told_what_to_run() {
    let database = TestDatabase::empty().await;
    let (pool, owner) = (database.authenticator_url(), database.owner_url());
    let variables = [
        ("CIVIC_OS_DATABASE__URL", pool.expose().expect("url")),
        ("CIVIC_OS_DATABASE__OWNER_URL", owner.expose().expect("url")),
    ];
    let (findings, code) = doctor("all", &variables);
    found(&findings, "core schema", "fail", "civic-os migrate deploy");
    assert_eq!(code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_may_not_deploy_is_told_what_it_lacks() {
    let database = TestDatabase::empty().await;
    let role = format!("{}_poor", database.name());
    database.execute(&format!("create role {role} login password '{}'", database.password())).await;
    let (pool, owner) = (database.authenticator_url(), database.login_url(&role));
    let variables = [
        ("CIVIC_OS_DATABASE__URL", pool.expose().expect("url")),
        ("CIVIC_OS_DATABASE__OWNER_URL", owner.expose().expect("url")),
    ];
    let (findings, code) = doctor("all", &variables);
    let remedy = found(&findings, "owner", "fail", "cannot create schemas");
    assert!(remedy.contains(&format!("OWNER TO \"{role}\"")), "{remedy}");
    assert_eq!(code, Some(2));
    database.execute(&format!("drop role {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_and_a_wrong_password_are_told_apart() {
    let nobody = format!("postgres://authenticator:hunter2@127.0.0.1:{}/x", free_port());
    let (findings, _) = doctor("api", &[("CIVIC_OS_DATABASE__URL", &nobody)]);
    let remedy = found(&findings, "database", "fail", "cannot reach");
    assert!(remedy.contains("pg_isready"), "{remedy}");
    assert!(!format!("{findings:?}").contains("hunter2"));

    let database = TestDatabase::empty().await;
    let url = database.authenticator_url();
    let url = url.expose().expect("url").replace(database.name(), "no_such_database");
    let (findings, _) = doctor("api", &[("CIVIC_OS_DATABASE__URL", &url)]);
    let remedy = found(&findings, "database", "fail", "no_such_database");
    assert!(remedy.contains("create the database"), "{remedy}");
}

#[test]
fn ports_folders_and_issuers_that_cannot_work_are_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("listener");
    let address = taken.local_addr().expect("address").to_string();
    let issuer = format!("http://127.0.0.1:{}/realms/town", free_port());
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("a-file");
    std::fs::write(&file, "").expect("write");
    let variables = [
        ("CIVIC_OS_WEB__LISTEN", address.as_str()),
        ("CIVIC_OS_AUTH__JWT_SECRET", ""),
        ("CIVIC_OS_AUTH__ISSUER", &issuer),
        ("CIVIC_OS_DATA_DIR", file.to_str().expect("path")),
    ];
    let (findings, code) = doctor("api", &variables);
    let remedy = found(&findings, "ports", "fail", "taken by another process");
    assert!(remedy.contains("web.listen"), "{remedy}");
    found(&findings, "data folder", "fail", "is not a folder");
    let remedy = found(&findings, "issuer", "fail", "cannot reach");
    assert!(remedy.contains(".well-known/openid-configuration"), "{remedy}");
    found(&findings, "configuration", "fail", "database.url is not set");
    assert_eq!(code, Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_process_is_healthy_and_its_ports_are_its_own() {
    let database = TestDatabase::create().await;
    let pool = database.authenticator_url();
    let app = TestApp::spawn(database, |_| {}).await;
    let address = |url: &str| url.trim_start_matches("http://").to_owned();
    let (web, admin) = (address(&app.base_url), address(&app.admin_url));
    for arguments in [&["health"][..], &["health", "--ready"]] {
        let output = binary().args(arguments).env("CIVIC_OS_ADMIN__LISTEN", &admin).output().expect("run");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let output = binary().arg("health").env("CIVIC_OS_ADMIN__LISTEN", "off").env("CIVIC_OS_WEB__LISTEN", &web).output();
    assert_eq!(output.expect("run").status.code(), Some(0), "asks the web listener where there is no other");
    let variables = [
        ("CIVIC_OS_WEB__LISTEN", web.as_str()),
        ("CIVIC_OS_ADMIN__LISTEN", &admin),
        ("CIVIC_OS_DATABASE__URL", pool.expose().expect("url")),
    ];
    let (findings, _) = doctor("api", &variables);
    found(&findings, "ports", "ok", "is answered by a running civic-os");
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_that_cannot_leave_is_explained() {
    let database = TestDatabase::create().await;
    let pool = database.authenticator_url();
    let url = pool.expose().expect("url");
    let sink = Sink::start().await;
    let (port, nowhere) = (sink.port.to_string(), free_port().to_string());
    let doctor = |variables: &[(&str, &str)]| {
        let named: Vec<(String, &str)> =
            variables.iter().map(|(name, value)| (format!("CIVIC_OS_NOTIFICATIONS__{name}"), *value)).collect();
        let mut all = vec![("CIVIC_OS_DATABASE__URL", url)];
        all.extend(named.iter().map(|(name, value)| (name.as_str(), *value)));
        tokio::task::block_in_place(|| doctor("worker", &all))
    };
    let (findings, code) = doctor(&[]);
    let remedy = found(&findings, "mail", "warn", "no server is configured");
    assert!(remedy.contains("`civic-os demo` and nowhere else"), "{remedy}");
    assert_eq!(code, Some(0), "{findings:#?}");
    let local = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", port.as_str())];
    let (findings, code) = doctor(&local);
    found(&findings, "mail", "fail", "smtp_from is not set");
    assert_eq!(code, Some(2));
    let with = |more: &[(&'static str, &'static str)]| {
        [&local[..], &[("SMTP_FROM", "Town <town@town.example>")], more].concat()
    };
    let (findings, code) = doctor(&with(&[]));
    let remedy = found(&findings, "mail", "fail", "does not offer STARTTLS");
    assert!(remedy.contains("465"), "{remedy}");
    assert_eq!(code, Some(2));
    let readable = [("SMTP_SECURITY", "none"), ("SMTP_USERNAME", "town")];
    let (findings, code) = doctor(&with(&readable));
    found(&findings, "mail", "warn", "travels readable");
    found(&findings, "mail", "warn", "only one of smtp_username and smtp_password");
    found(&findings, "mail", "ok", "not encrypted, without a login, sender Town <town@town.example>");
    assert_eq!(code, Some(0), "{findings:#?}");
    sink.refuse_logins(true);
    let (findings, code) =
        doctor(&with(&[("SMTP_SECURITY", "none"), ("SMTP_USERNAME", "town"), ("SMTP_PASSWORD", "hunter2")]));
    let remedy = found(&findings, "mail", "fail", "refused user or password");
    assert!(remedy.contains("smtp_password") && !format!("{findings:?}").contains("hunter2"), "{remedy}");
    assert_eq!(code, Some(2));
    let half = [("SMTP_SECURITY", "none"), ("DKIM_DOMAIN", "town.example"), ("SKIP_TEST_EMAILS", "true")];
    let (findings, _) = doctor(&with(&half));
    found(&findings, "mail", "warn", "DKIM are incomplete");
    found(&findings, "mail", "warn", "skip_test_emails");
    let away = [("SMTP_HOST", "127.0.0.1"), ("SMTP_PORT", nowhere.as_str()), ("SMTP_FROM", "town@town.example")];
    let (findings, code) = doctor(&away);
    found(&findings, "mail", "fail", "failed to connect to SMTP server");
    assert_eq!(code, Some(2));
    assert!(sink.messages().is_empty(), "a check sends nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_works_and_is_not_safe_is_told() {
    let database = TestDatabase::create().await;
    let (pool, owner) = (database.authenticator_url(), database.owner_url());
    let (pool, owner) = (pool.expose().expect("url"), owner.expose().expect("url"));
    let sound = [("CIVIC_OS_DATABASE__URL", pool), ("CIVIC_OS_DATABASE__OWNER_URL", owner)];
    let (findings, _) = doctor("all", &sound);
    found(&findings, "row security", "ok", "every table of the application");
    assert!(
        !findings.iter().any(|finding| finding["check"] == "secrets" || finding["check"] == "encryption"),
        "{findings:#?}"
    );

    database
        .execute("create table public.open_to_all (id int); grant select on public.open_to_all to web_anon; create table public.nobodys (id int)")
        .await;
    let (findings, _) = doctor("all", &[sound[0], sound[1], ("CIVIC_OS_DATABASE__READ_URL", pool)]);
    found(&findings, "standby", "warn", "this server is no standby");
    let variables = [
        ("CIVIC_OS_DATABASE__URL", pool),
        ("CIVIC_OS_DATABASE__OWNER_URL", owner),
        ("CIVIC_OS_DATABASE__READ_URL", "postgres://authenticator:changeme@127.0.0.1:1/x"),
        ("CIVIC_OS_DATABASE__WORKER_URL", "postgres://authenticator:short@127.0.0.1:1/x"),
        ("STRIPE_API_KEY", "sk_test_x9Fq27hTzLw0pK"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_your_signing_secret"),
        ("CIVIC_OS_PAYMENTS__STRIPE_API_BASE", "http://127.0.0.1:1"),
        ("CIVIC_OS_WEB__PUBLIC_URL", "https://town.gov"),
    ];
    let (findings, _) = doctor("all", &variables);
    let remedy = found(&findings, "row security", "warn", "public.open_to_all");
    assert!(remedy.contains("enable row level security"), "{remedy}");
    assert!(!findings.iter().any(|finding| finding.to_string().contains("nobodys")), "no client reaches it");
    for message in [
        "the password in database.read_url is a placeholder",
        "the password in database.worker_url has fewer than 12 characters",
        "payments.stripe_webhook_secret is a placeholder",
        "payments.stripe_api_key is a test key",
    ] {
        found(&findings, "secrets", "warn", message);
    }
    assert!(!findings.iter().any(|finding| finding.to_string().contains("whsec_your")), "no secret is repeated");
    found(&findings, "proxy", "warn", "everybody is one address to the limits");
    let named = [&variables[..], &[("CIVIC_OS_WEB__TRUSTED_PROXIES", "127.0.0.1/32")]].concat();
    assert!(!doctor("all", &named).0.iter().any(|finding| finding["check"] == "proxy"));
}
