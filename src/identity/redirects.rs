//! Where a browser may be sent: to pages of the configured origins, nowhere else.

use super::ProviderError;
use url::Url;

/// The origins of the web client.
#[derive(Clone, Debug)]
pub(super) struct Redirects {
    origins: Vec<String>,
}

impl Redirects {
    pub(super) fn new(urls: &[String]) -> Result<Self, ProviderError> {
        let mut origins = Vec::new();
        for url in urls {
            let origin = origin_of(url).ok_or_else(|| ProviderError::Url { url: url.clone() })?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(Self { origins })
    }

    /// Whether `Origin: text` is one of ours.
    pub(super) fn is_origin(&self, text: &str) -> bool {
        self.origins.iter().any(|origin| origin == text)
    }

    pub(super) fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Accepts an absolute URL of one of the origins. The text itself has to start with the origin, so that nothing a
    /// browser reads differently than a parser (backslashes, user names, tabs) gets through.
    pub(super) fn accept(&self, text: &str) -> Option<Url> {
        if text.len() > 4096 || text.chars().any(|c| c.is_control() || c == '\\' || c == ' ') {
            return None;
        }
        let rest = self.origins.iter().find_map(|origin| text.strip_prefix(origin.as_str()))?;
        if !(rest.is_empty() || rest.starts_with(['/', '?', '#'])) {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let same = self.is_origin(&url.origin().ascii_serialization());
        (same && url.username().is_empty() && url.password().is_none()).then_some(url)
    }
}

/// The origin of an http(s) URL as browsers write it.
pub(super) fn origin_of(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_the_origins_are_accepted() {
        let redirects =
            Redirects::new(&["https://town.example/".into(), "http://127.0.0.1:8000".into()]).expect("valid");
        for good in [
            "https://town.example",
            "https://town.example/",
            "https://town.example/view/issues/1?x=1",
            "http://127.0.0.1:8000/silent-check-sso.html",
        ] {
            assert!(redirects.accept(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "/",
            "//town.example",
            "https://town.example.evil.example/",
            "https://town.example@evil.example/",
            "https://town.example:8443/",
            "http://town.example/",
            "https://evil.example/https://town.example/",
            "https://town.example\\@evil.example/",
            "https://town.example/\t/evil",
            "https:/\\town.example",
            "javascript:alert(1)//https://town.example/",
            "data:text/html,https://town.example",
            "HTTPS://TOWN.EXAMPLE/",
            "https://town.example%2eevil.example",
            "http://127.0.0.1:80001/",
            "http://127.0.0.1:8000.evil.example/",
            " https://town.example/",
        ] {
            assert!(redirects.accept(bad).is_none(), "{bad}");
        }
    }
}
