//! The issuer of tokens: is it reachable, and are there keys that we can use?

use super::PATIENCE;
use super::finding::Findings;
use crate::auth::{AuthOptions, Authenticator, IssuerOptions, KeySource};
use crate::config::Config;
use std::time::{Duration, Instant};

const ISSUER: &str = "issuer";
const LOOK: Duration = Duration::from_millis(20);

pub(super) async fn check(config: &Config, findings: &mut Findings) {
    if let Some(secret) = config.auth.jwt_secret.expose() {
        match KeySource::from_secret(secret, config.auth.jwt_secret_is_base64) {
            Ok(_) => findings.ok(ISSUER, "tokens are verified with auth.jwt_secret"),
            Err(error) => {
                findings.fail(ISSUER, format!("auth.jwt_secret cannot be used: {error}"), "see docs/configuration.md")
            }
        }
        return;
    }
    if config.auth.issuer.is_none() && config.identity.enabled {
        findings.ok(ISSUER, "tokens come from the embedded provider of this process");
        return;
    }
    let Some(issuer) = &config.auth.issuer else {
        findings.warn(ISSUER, "no keys are configured: requests with a token are refused", "set auth.issuer");
        return;
    };
    let mut options = IssuerOptions::new(issuer);
    options.timeout = PATIENCE;
    let authenticator = match Authenticator::new(AuthOptions::default(), KeySource::Issuer(options)) {
        Ok(authenticator) => authenticator,
        Err(error) => {
            findings.fail(ISSUER, format!("{issuer} cannot be used: {error}"), "correct auth.issuer");
            return;
        }
    };
    let deadline = Instant::now() + PATIENCE + PATIENCE;
    loop {
        let status = authenticator.key_status();
        if let Some(error) = status.last_error {
            findings.fail(
                ISSUER,
                error,
                format!(
                    "auth.issuer must equal the `issuer` in {}/.well-known/openid-configuration, and this machine must \
                     reach it",
                    issuer.trim_end_matches('/')
                ),
            );
            return;
        }
        if status.age.is_some() {
            match status.keys.len() {
                0 => findings.fail(
                    ISSUER,
                    format!("{issuer} has no key that can be used"),
                    "give the realm a key for RS256",
                ),
                count => findings.ok(ISSUER, format!("{issuer} answers with {count} usable keys")),
            }
            return;
        }
        if Instant::now() > deadline {
            findings.fail(
                ISSUER,
                format!("{issuer} does not answer"),
                "check the address, the firewall and its certificate",
            );
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}
