//! Where a provider keeps what SQL functions look for (D-18).
//!
//! Roles are found by SQL itself, which reads the paths from a setting of the transaction. The other four are moved to
//! the names that SQL reads (`sub`, `name`, `email`, `phone_number`) once per token, so that row security, which asks
//! for the person's id per row, stays a plain look at one claim.

use serde_json::{Map, Value};

/// Dotted paths into the claims; `<client>` stands for the client's id. `None` and an empty list are the usual places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimPaths {
    /// Lists of role names; the first place that exists counts.
    pub roles: Vec<String>,
    /// The person's id, a UUID.
    pub user_id: Option<String>,
    /// The person's full name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
}

impl ClaimPaths {
    /// Moves the configured places to the usual names. A configured place that a token lacks leaves nothing: the usual
    /// claim would be somebody else's idea of the same thing.
    pub(super) fn normalise(&self, claims: &mut Map<String, Value>, client_id: &str) {
        let places =
            [("sub", &self.user_id), ("name", &self.name), ("email", &self.email), ("phone_number", &self.phone)];
        let found: Vec<(&str, Option<Value>)> = places
            .into_iter()
            .filter_map(|(usual, path)| Some((usual, find(claims, path.as_deref()?, client_id).cloned())))
            .collect();
        for (usual, value) in found {
            match value {
                Some(value) => claims.insert(usual.into(), value),
                None => claims.remove(usual),
            };
        }
    }

    /// Settings by which SQL finds the roles.
    pub(super) fn sql_settings(&self, client_id: Option<&str>) -> Vec<(String, String)> {
        let mut settings = Vec::new();
        if let Some(client_id) = client_id {
            settings.push(("civic_os.client_id".to_owned(), client_id.to_owned()));
        }
        if !self.roles.is_empty() {
            settings.push(("civic_os.role_claim_paths".to_owned(), self.roles.join(",")));
        }
        settings
    }
}

fn find<'c>(claims: &'c Map<String, Value>, path: &str, client_id: &str) -> Option<&'c Value> {
    // A claim whose name has dots or slashes, such as `https://town.example/phone`, is itself before it is a path.
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let mut parts = path.split('.').map(|part| if part == "<client>" { client_id } else { part });
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part)).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn normalised(paths: &ClaimPaths, claims: Value) -> Value {
        let mut claims = claims.as_object().cloned().expect("object");
        paths.normalise(&mut claims, "town");
        Value::Object(claims)
    }

    #[test]
    fn configured_places_become_the_usual_names() {
        let paths = ClaimPaths {
            user_id: Some("oid".into()),
            name: Some("profile.full".into()),
            email: Some("https://town.example/email".into()),
            phone: Some("resource_access.<client>.phone".into()),
            ..ClaimPaths::default()
        };
        let claims = json!({"sub": "other", "oid": "me", "profile": {"full": "Ann"}, "https://town.example/email": "a@b.c",
            "resource_access": {"town": {"phone": "1"}}, "email": "wrong"});
        let claims = normalised(&paths, claims);
        for (usual, value) in [("sub", "me"), ("name", "Ann"), ("email", "a@b.c"), ("phone_number", "1")] {
            assert_eq!(claims[usual], value, "{usual}");
        }
        let claims = normalised(&paths, json!({"sub": "other", "email": "wrong"}));
        assert_eq!(claims, json!({}), "nothing else is taken for what was configured");
    }

    #[test]
    fn without_paths_nothing_changes() {
        let claims = json!({"sub": "me", "email": "a@b.c"});
        assert_eq!(normalised(&ClaimPaths::default(), claims.clone()), claims);
    }
}
