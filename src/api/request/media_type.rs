//! Media types of `Accept` and `Content-Type`.
//!
//! Negotiation against handlers is in `plan::negotiate`. Tests at the foot.

use std::borrow::Cow;

/// A media type that the API knows by name, or any other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `*/*`
    Any,
    /// `application/json`
    Json,
    /// `application/vnd.pgrst.array+json`
    Array {
        /// `;nulls=stripped`
        stripped: bool,
    },
    /// `application/vnd.pgrst.object+json`
    Object {
        /// `;nulls=stripped`
        stripped: bool,
    },
    /// `text/csv`
    Csv,
    /// `application/geo+json`
    GeoJson,
    /// `application/openapi+json`
    OpenApi,
    /// `application/x-www-form-urlencoded`
    UrlEncoded,
    /// `application/octet-stream`
    OctetStream,
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
    /// `application/vnd.pgrst.plan`
    Plan(Box<PlanMediaType>),
    /// Anything else, in lower case.
    Other(String),
}

/// What a plan answer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlanMediaType {
    /// `+json` instead of text.
    pub(crate) json: bool,
    /// `for="…"`
    pub(crate) for_type: MediaType,
    /// `options=…`
    pub(crate) options: Vec<PlanOption>,
}

/// An option of EXPLAIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanOption {
    Analyze,
    Verbose,
    Settings,
    Buffers,
    Wal,
}

impl PlanOption {
    /// As in the header; in upper case as in SQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Analyze => "analyze",
            Self::Verbose => "verbose",
            Self::Settings => "settings",
            Self::Buffers => "buffers",
            Self::Wal => "wal",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Analyze, Self::Verbose, Self::Settings, Self::Buffers, Self::Wal].into_iter().find(|o| o.name() == name)
    }
}

impl MediaType {
    /// Reads one media type with its parameters.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = split_quoted(text, ';');
        let name = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameters: Vec<(String, String)> = parts
            .filter_map(|part| part.split_once('='))
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()))
            .collect();
        let parameter = |key: &str| parameters.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let stripped = parameter("nulls") == Some("stripped");
        match name.as_str() {
            "" | "*/*" => Self::Any,
            "application/json" => Self::Json,
            "application/vnd.pgrst.array" | "application/vnd.pgrst.array+json" => Self::Array { stripped },
            "application/vnd.pgrst.object" | "application/vnd.pgrst.object+json" => Self::Object { stripped },
            "text/csv" => Self::Csv,
            "application/geo+json" => Self::GeoJson,
            "application/openapi+json" => Self::OpenApi,
            "application/x-www-form-urlencoded" => Self::UrlEncoded,
            "application/octet-stream" => Self::OctetStream,
            "text/plain" => Self::Text,
            "text/xml" => Self::Xml,
            "application/vnd.pgrst.plan" | "application/vnd.pgrst.plan+text" | "application/vnd.pgrst.plan+json" => {
                Self::Plan(Box::new(PlanMediaType {
                    json: name.ends_with("+json"),
                    for_type: parameter("for").map_or(Self::Json, Self::parse),
                    options: parameter("options")
                        .map(|list| list.split('|').filter_map(PlanOption::parse).collect())
                        .unwrap_or_default(),
                }))
            }
            _ => Self::Other(name),
        }
    }

    /// The types of `Accept` in the order of preference; without a header everything is accepted.
    pub(crate) fn parse_accept<'a>(headers: impl Iterator<Item = &'a str>) -> Vec<Self> {
        let mut types: Vec<(f32, Self)> = Vec::new();
        for header in headers {
            for part in split_quoted(header, ',').map(str::trim).filter(|part| !part.is_empty()) {
                let quality = split_quoted(part, ';')
                    .filter_map(|parameter| parameter.trim().strip_prefix("q="))
                    .find_map(|quality| quality.trim().parse::<f32>().ok())
                    .unwrap_or(1.0);
                types.push((quality, Self::parse(part)));
            }
        }
        if types.is_empty() {
            return vec![Self::Any];
        }
        types.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        types.into_iter().map(|(_, media_type)| media_type).collect()
    }

    /// The type as text, without a charset.
    pub(crate) fn as_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Any => "*/*",
            Self::Json => "application/json",
            Self::Array { stripped: false } => "application/vnd.pgrst.array+json",
            Self::Array { stripped: true } => "application/vnd.pgrst.array+json;nulls=stripped",
            Self::Object { stripped: false } => "application/vnd.pgrst.object+json",
            Self::Object { stripped: true } => "application/vnd.pgrst.object+json;nulls=stripped",
            Self::Csv => "text/csv",
            Self::GeoJson => "application/geo+json",
            Self::OpenApi => "application/openapi+json",
            Self::UrlEncoded => "application/x-www-form-urlencoded",
            Self::OctetStream => "application/octet-stream",
            Self::Text => "text/plain",
            Self::Xml => "text/xml",
            Self::Other(name) => name,
            Self::Plan(plan) => {
                let kind = if plan.json { "json" } else { "text" };
                let mut text = format!("application/vnd.pgrst.plan+{kind}; for=\"{}\"", plan.for_type.as_text());
                if !plan.options.is_empty() {
                    let options: Vec<&str> = plan.options.iter().map(|option| option.name()).collect();
                    text.push_str("; options=");
                    text.push_str(&options.join("|"));
                }
                return Cow::Owned(text);
            }
        })
    }

    /// Value of `Content-Type` for an answer of this type.
    pub(crate) fn content_type(&self) -> Cow<'static, str> {
        match self {
            Self::Json | Self::Array { stripped: false } => Cow::Borrowed("application/json; charset=utf-8"),
            Self::OctetStream | Self::Any => Cow::Borrowed("application/octet-stream"),
            Self::Other(name) => Cow::Owned(name.clone()),
            Self::Csv => Cow::Borrowed("text/csv; charset=utf-8"),
            other => Cow::Owned(format!("{}; charset=utf-8", other.as_text())),
        }
    }
}

/// Splits at `separator` outside of double quotes.
fn split_quoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut in_quotes = false;
    text.split(move |c: char| {
        if c == '"' {
            in_quotes = !in_quotes;
        }
        c == separator && !in_quotes
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_by_quality_and_keeps_ties() {
        let types = MediaType::parse_accept(["text/csv;q=0.5, application/json, text/plain, */*;q=0.1"].into_iter());
        assert_eq!(types, [MediaType::Json, MediaType::Text, MediaType::Csv, MediaType::Any]);
        assert_eq!(MediaType::parse_accept(std::iter::empty()), [MediaType::Any]);
    }

    #[test]
    fn reads_plan_parameters_inside_quotes() {
        let text = "application/vnd.pgrst.plan+json; for=\"application/vnd.pgrst.object+json;nulls=stripped\"; options=analyze|buffers";
        let MediaType::Plan(plan) = MediaType::parse(text) else { panic!("no plan") };
        assert_eq!(plan.for_type, MediaType::Object { stripped: true });
        assert_eq!(plan.options, [PlanOption::Analyze, PlanOption::Buffers]);
        assert_eq!(MediaType::Plan(plan).as_text(), text);
    }
}
