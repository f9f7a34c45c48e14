//! Cross-origin answers (POSTGREST.md §18).
//!
//! Pure: decides which headers an answer gets. Called by `handler`.

use super::settings::ApiSettings;

const EXPOSED: &str = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit";

/// Headers of the answer to a preflight.
pub(super) fn preflight(settings: &ApiSettings, origin: &str, requested: Option<&str>) -> Vec<(&'static str, String)> {
    let Some(mut headers) = origin_headers(settings, origin) else { return Vec::new() };
    let requested: String = requested
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("authorization"))
        .map(|name| format!("{name}, "))
        .collect();
    headers.push(("Access-Control-Allow-Methods", "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD".to_owned()));
    headers.push((
        "Access-Control-Allow-Headers",
        format!("Authorization, {requested}Accept, Accept-Language, Content-Language"),
    ));
    headers.push(("Access-Control-Max-Age", "86400".to_owned()));
    headers
}

/// Headers of any other answer. Scripts may read what PostgREST lets them read, and that rows were left out where they were.
pub(super) fn simple(settings: &ApiSettings, origin: &str, is_cut: bool) -> Vec<(&'static str, String)> {
    let Some(mut headers) = origin_headers(settings, origin) else { return Vec::new() };
    let exposed = if is_cut { format!("{EXPOSED}, X-Max-Rows") } else { EXPOSED.to_owned() };
    headers.push(("Access-Control-Expose-Headers", exposed));
    headers
}

fn origin_headers(settings: &ApiSettings, origin: &str) -> Option<Vec<(&'static str, String)>> {
    match &settings.cors_allowed_origins {
        None => Some(vec![("Access-Control-Allow-Origin", "*".to_owned())]),
        Some(allowed) if allowed.iter().any(|known| known == origin) => Some(vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Allow-Credentials", "true".to_owned()),
        ]),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value<'a>(headers: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
        headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn answers_a_preflight() {
        let headers = preflight(&ApiSettings::default(), "http://a.example", Some("Foo,Bar"));
        assert_eq!(value(&headers, "Access-Control-Allow-Origin"), Some("*"));
        assert_eq!(
            value(&headers, "Access-Control-Allow-Headers"),
            Some("Authorization, Foo, Bar, Accept, Accept-Language, Content-Language")
        );
    }

    #[test]
    fn keeps_to_the_allowed_origins() {
        let settings =
            ApiSettings { cors_allowed_origins: Some(vec!["http://a.example".into()]), ..ApiSettings::default() };
        assert_eq!(
            value(&simple(&settings, "http://a.example", false), "Access-Control-Allow-Origin"),
            Some("http://a.example")
        );
        assert!(simple(&settings, "http://b.example", true).is_empty());
    }
}
