//! What tokens say: Keycloak's claims, so that clients and SQL functions written for it find what they look for.

use super::people::Person;
use super::provider::Inner;
use super::sessions::{Granted, now};
use super::{ProviderError, redirects::Redirects};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Kinds of sealed texts, so that one is never taken for another.
pub(super) const REFRESH: &str = "Refresh";

impl Inner {
    /// The body of a successful token response.
    pub(super) fn token_response(&self, granted: &Granted) -> Result<Value, ProviderError> {
        let Granted { person, session, family, nonce } = granted;
        let now = now();
        let lifetime = i64::try_from(self.access_token_lifetime.as_secs()).unwrap_or(300);
        let common = |kind: &str, audience: &str, lifetime: i64| {
            let mut claims = Map::new();
            claims.insert("exp".into(), (now + lifetime).into());
            claims.insert("iat".into(), now.into());
            claims.insert("auth_time".into(), session.auth_time().into());
            claims.insert("jti".into(), Uuid::new_v4().to_string().into());
            claims.insert("iss".into(), self.issuer.clone().into());
            claims.insert("aud".into(), audience.into());
            claims.insert("sub".into(), person.id.to_string().into());
            claims.insert("typ".into(), kind.into());
            claims.insert("azp".into(), self.client_id.clone().into());
            claims.insert("sid".into(), session.sid.to_string().into());
            claims
        };
        let mut access = common("Bearer", "account", lifetime);
        access.insert("acr".into(), "1".into());
        access.insert("allowed-origins".into(), allowed_origins(&self.redirects));
        access.insert("realm_access".into(), json!({ "roles": person.roles }));
        access.insert(
            "resource_access".into(),
            json!({"account": {"roles": ["manage-account", "manage-account-links", "view-profile"]}}),
        );
        access.insert("scope".into(), family.scope.clone().into());
        access.extend(profile(person));
        let access_token = self.keys.sign(&Value::Object(access))?;

        let mut refresh = common(REFRESH, &self.issuer, self.sessions.idle_seconds());
        refresh.insert("scope".into(), family.scope.clone().into());
        refresh.insert("family".into(), family.id.to_string().into());
        refresh.insert("generation".into(), family.generation.into());

        let mut response = json!({
            "access_token": access_token,
            "expires_in": lifetime,
            "refresh_expires_in": self.sessions.idle_seconds(),
            "refresh_token": self.keys.seal(&Value::Object(refresh))?,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session.sid.to_string(),
            "scope": family.scope,
        });
        if family.scope.split(' ').any(|word| word == "openid") {
            let mut id = common("ID", &self.client_id, lifetime);
            if let Some(nonce) = nonce {
                id.insert("nonce".into(), nonce.clone().into());
            }
            let digest = ring::digest::digest(&ring::digest::SHA256, access_token.as_bytes());
            id.insert("at_hash".into(), BASE64.encode(&digest.as_ref()[..16]).into());
            id.insert("acr".into(), "1".into());
            id.extend(profile(person));
            response["id_token"] = self.keys.sign(&Value::Object(id))?.into();
        }
        Ok(response)
    }
}

fn allowed_origins(redirects: &Redirects) -> Value {
    redirects.origins().to_vec().into()
}

/// The claims of the scopes `profile`, `email` and the phone mapper.
pub(super) fn profile(person: &Person) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            claims.insert(name.into(), value.into());
        }
    };
    add("name", &person.full_name());
    add("preferred_username", &person.username);
    add("given_name", &person.given_name);
    add("family_name", &person.family_name);
    add("email", person.email());
    add("phone_number", person.phone_number.as_deref().unwrap_or_default());
    if !person.email().is_empty() {
        claims.insert("email_verified".into(), true.into());
    }
    claims
}
