//! The issuer of tokens: is it reachable, and are there keys that we can use?

use super::PATIENCE;
use super::finding::Findings;
use crate::app::auth_options;
use crate::auth::{Authenticator, IssuerOptions, KeySource, KeyStatus};
use crate::config::Config;
use std::time::{Duration, Instant};

const ISSUER: &str = "issuer";
const LOOK: Duration = Duration::from_millis(20);

/// Says where keys come from and which there are; the result verifies tokens as the process would.
pub(super) async fn check(config: &Config, findings: &mut Findings) -> Option<Authenticator> {
    if let Some(secret) = config.auth.jwt_secret.expose().filter(|_| !config.identity.enabled) {
        let source = KeySource::from_secret(secret, config.auth.jwt_secret_is_base64);
        return match source.and_then(|source| Authenticator::new(auth_options(config, None), source)) {
            Ok(authenticator) => {
                let keys = authenticator.key_status().keys.join("; ");
                findings.ok(ISSUER, format!("tokens are verified with auth.jwt_secret ({keys})"));
                Some(authenticator)
            }
            Err(error) => {
                findings.fail(ISSUER, format!("auth.jwt_secret cannot be used: {error}"), "see docs/configuration.md");
                None
            }
        };
    }
    let embedded = config.identity.enabled.then(|| format!("{}/realms/{}", config.public_url(), config.identity.realm));
    let Some(issuer) = embedded.clone().or_else(|| config.auth.issuer.clone()) else {
        findings.warn(ISSUER, "no keys are configured: requests with a token are refused", "set auth.issuer");
        return None;
    };
    let mut options = IssuerOptions::new(&issuer);
    options.timeout = PATIENCE;
    if embedded.is_none() {
        options.jwks_url.clone_from(&config.auth.jwks_url);
    }
    let source = KeySource::Issuer(options);
    let authenticator = match Authenticator::new(auth_options(config, embedded.as_deref()), source) {
        Ok(authenticator) => authenticator,
        Err(error) => {
            findings.fail(ISSUER, format!("{issuer} cannot be used: {error}"), "correct auth.issuer");
            return None;
        }
    };
    let status = answered(&authenticator).await;
    match (status, embedded.is_some()) {
        (Ok(status), _) => {
            keys(&issuer, &status, findings);
            Some(authenticator)
        }
        // Its keys are in the database; nobody but a running process serves them.
        (Err(problem), true) => {
            findings.warn(
                ISSUER,
                format!("the embedded provider does not answer at {issuer}: {problem}"),
                "start `civic-os serve`, or correct web.public_url if it is running",
            );
            None
        }
        (Err(problem), false) => {
            let help = format!(
                "auth.issuer must equal the `issuer` in {}/.well-known/openid-configuration, and this machine must \
                 reach it",
                issuer.trim_end_matches('/')
            );
            findings.fail(ISSUER, problem, help);
            None
        }
    }
}

/// The first answer of the issuer, or why there is none.
async fn answered(authenticator: &Authenticator) -> Result<KeyStatus, String> {
    let deadline = Instant::now() + PATIENCE + PATIENCE;
    loop {
        let status = authenticator.key_status();
        if let Some(error) = status.last_error {
            return Err(error);
        }
        if status.age.is_some() {
            return Ok(status);
        }
        if Instant::now() > deadline {
            return Err(format!("{} does not answer", status.source));
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn keys(issuer: &str, status: &KeyStatus, findings: &mut Findings) {
    let age = status.age.unwrap_or_default().as_secs();
    match status.keys.len() {
        0 => findings.fail(ISSUER, format!("{issuer} has no key that can be used"), "give the realm a key for RS256"),
        count => findings
            .ok(ISSUER, format!("{issuer} answers with {count} usable keys, {age} s ago: {}", status.keys.join("; "))),
    }
    for left_out in &status.left_out {
        findings.warn(ISSUER, format!("a key of {issuer} is not used: {left_out}"), "");
    }
}
