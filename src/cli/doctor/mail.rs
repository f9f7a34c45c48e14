//! Mail: is there a server, does it encrypt, does it let us in, is there a sender?

use super::PATIENCE;
use super::finding::Findings;
use crate::config::{Config, NotificationsConfig, Role, RoleSet, SmtpSecurity};
use crate::notifications::mail::{Mailer, Refusal, Stage};

const MAIL: &str = "mail";

pub(super) async fn check(config: &Config, roles: RoleSet, findings: &mut Findings) {
    if !roles.contains(Role::Worker) {
        return;
    }
    let settings = &config.notifications;
    let Some(host) = settings.smtp_host.as_deref() else {
        let remedy = "set notifications.smtp_host and smtp_from; the page /outbox/ takes mail in `civic-os demo` and nowhere else";
        findings.warn(MAIL, "no server is configured (notifications.smtp_host): every mail fails", remedy);
        return;
    };
    half_said(settings, findings);
    // The outbox is never given here: a real process has none.
    let mailer = match Mailer::from_config(settings, None) {
        Ok(Some(mailer)) => mailer,
        Ok(None) => return,
        Err(error) => {
            findings.fail(MAIL, error.to_string(), "docs/notifications.md lists the settings");
            return;
        }
    };
    let server = format!("{host}:{}", settings.smtp_port);
    match tokio::time::timeout(PATIENCE, mailer.probe()).await {
        Ok(Ok(name)) => {
            let encryption = match settings.security() {
                SmtpSecurity::Starttls => "STARTTLS",
                SmtpSecurity::Tls => "TLS",
                SmtpSecurity::None => "not encrypted",
            };
            let user = match &settings.smtp_username {
                Some(user) if settings.smtp_password.is_set() => format!("signed in as {user}"),
                _ => "without a login".to_owned(),
            };
            findings.ok(MAIL, format!("{server} ({name}): {encryption}, {user}, sender {}", mailer.sender()));
        }
        Ok(Err(refusal)) => findings.fail(MAIL, format!("{server}: {refusal}"), remedy(&refusal)),
        Err(_) => findings.fail(MAIL, format!("{server} does not answer"), "check the name, the port and the way out"),
    }
}

/// Settings that need each other, and those that are meant for tests.
fn half_said(settings: &NotificationsConfig, findings: &mut Findings) {
    if settings.smtp_username.is_some() != settings.smtp_password.is_set() {
        let remedy = "smtp_username and smtp_password are used together or not at all";
        findings.warn(MAIL, "only one of smtp_username and smtp_password is set: there is no login", remedy);
    }
    let signing = [settings.dkim_domain.is_some(), settings.dkim_selector.is_some(), settings.dkim_key_file.is_some()];
    if signing.contains(&true) && signing.contains(&false) {
        let remedy = "set dkim_domain, dkim_selector and dkim_key_file, or none of them";
        findings.warn(MAIL, "the settings of DKIM are incomplete: nothing is signed", remedy);
    }
    if settings.security() == SmtpSecurity::None {
        findings.warn(MAIL, "mail travels readable (smtp_security = \"none\")", "use starttls or tls");
    }
    if settings.skip_test_emails {
        let what = "mail to example.com, example.org and example.net is swallowed (skip_test_emails)";
        findings.warn(MAIL, what, "set it to false where real people use such addresses");
    }
}

fn remedy(refusal: &Refusal) -> &'static str {
    match refusal.stage {
        Stage::Login => "check smtp_username and smtp_password",
        _ if refusal.text.contains("STARTTLS") => {
            "port 465 speaks TLS from the first byte (smtp_security = \"tls\"); otherwise ask the server's operator for STARTTLS"
        }
        _ if refusal.text.contains("certificate") => {
            "smtp_host has to be the name in the certificate; smtp_ca_file adds a private authority"
        }
        _ => "check smtp_host, smtp_port and the way out of this machine",
    }
}
