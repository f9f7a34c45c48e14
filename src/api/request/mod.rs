//! From HTTP to an [`ApiRequest`]: path, query string, preferences, profile, range, media types, payload.
//!
//! Everything that can be refused without knowing the database's schema is refused here. No I/O. Called by `handler`.

pub(crate) mod filter;
pub(crate) mod grammar;
pub(crate) mod media_type;
pub(crate) mod order;
pub(crate) mod payload;
pub(crate) mod preferences;
#[cfg(test)]
mod properties;
pub(crate) mod query;
pub(crate) mod range;
pub(crate) mod select;

use super::error::ApiError;
use super::settings::ApiSettings;
use bytes::Bytes;
use media_type::MediaType;
use payload::{Payload, PayloadTarget, parse_payload};
use percent_encoding::percent_decode_str;
use preferences::Preferences;
use query::QueryParams;
use range::{RangeRefusal, RowRange, intersect, parse_range_header};

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// `/`
    Root,
    /// `/{relation}`
    Relation(String),
    /// `/rpc/{function}`
    Function(String),
}

impl Resource {
    /// Reads a path below the mount.
    ///
    /// # Errors
    /// PGRST125 for any other shape.
    pub(crate) fn parse(path: &str) -> Result<Self, ApiError> {
        let decode = |segment: &str| {
            percent_decode_str(segment).decode_utf8().map(|text| text.into_owned()).map_err(|_| ApiError::InvalidPath)
        };
        let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
        match (segments.next(), segments.next(), segments.next()) {
            (None | Some(""), None, _) => Ok(Self::Root),
            (Some("rpc"), Some(name), None) if !name.is_empty() => decode(name).map(Self::Function),
            (Some(name), None, _) => decode(name).map(Self::Relation),
            (Some(name), Some(""), None) if name != "rpc" && !name.is_empty() => decode(name).map(Self::Relation),
            _ => Err(ApiError::InvalidPath),
        }
    }
}

/// What is asked of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// GET or HEAD of a relation.
    Read {
        /// HEAD: no body.
        head: bool,
    },
    /// POST to a relation.
    Create,
    /// PATCH of a relation.
    Update,
    /// PUT to a relation.
    SingleUpsert,
    /// DELETE of a relation.
    Delete,
    /// A function call.
    Call(CallMethod),
    /// OpenAPI.
    Inspect {
        /// HEAD: no body.
        head: bool,
    },
    /// OPTIONS.
    Info,
}

/// How a function is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallMethod {
    Get,
    Head,
    Post,
}

impl Action {
    fn of(method: &str, resource: &Resource) -> Result<Self, ApiError> {
        Ok(match (resource, method) {
            (_, "OPTIONS") => Self::Info,
            (Resource::Root, "GET") => Self::Inspect { head: false },
            (Resource::Root, "HEAD") => Self::Inspect { head: true },
            (Resource::Function(_), "GET") => Self::Call(CallMethod::Get),
            (Resource::Function(_), "HEAD") => Self::Call(CallMethod::Head),
            (Resource::Function(_), "POST") => Self::Call(CallMethod::Post),
            (Resource::Function(_), _) => return Err(ApiError::MethodOnFunction(method.to_owned())),
            (Resource::Relation(_), "GET") => Self::Read { head: false },
            (Resource::Relation(_), "HEAD") => Self::Read { head: true },
            (Resource::Relation(_), "POST") => Self::Create,
            (Resource::Relation(_), "PATCH") => Self::Update,
            (Resource::Relation(_), "PUT") => Self::SingleUpsert,
            (Resource::Relation(_), "DELETE") => Self::Delete,
            _ => return Err(ApiError::UnsupportedMethod(method.to_owned())),
        })
    }

    /// Whether the answer has no body because the method is HEAD.
    pub(crate) fn is_head(self) -> bool {
        matches!(self, Self::Read { head: true } | Self::Inspect { head: true } | Self::Call(CallMethod::Head))
    }
}

/// The parts of an HTTP request that the API looks at.
#[derive(Debug)]
pub(crate) struct RawRequest<'a> {
    /// Method in upper case.
    pub(crate) method: &'a str,
    /// Path below the mount, still encoded.
    pub(crate) path: &'a str,
    /// Query string without `?`, still encoded.
    pub(crate) query: &'a str,
    /// Headers with lower-case names.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// Body.
    pub(crate) body: Bytes,
}

impl<'a> RawRequest<'a> {
    /// Values of a header, in order.
    pub(crate) fn header(&self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// A request that was understood.
#[derive(Debug, Clone)]
pub(crate) struct ApiRequest {
    /// What the path names.
    pub(crate) resource: Resource,
    /// What is asked.
    pub(crate) action: Action,
    /// Schema in use.
    pub(crate) schema: String,
    /// Whether the answer names the schema.
    pub(crate) negotiated_schema: bool,
    /// The query string.
    pub(crate) query: QueryParams,
    /// Window at the root, from `limit`, `offset` and `Range`.
    pub(crate) range: RowRange,
    /// `Prefer`
    pub(crate) preferences: Preferences,
    /// Accepted types in the order of preference.
    pub(crate) accept: Vec<MediaType>,
    /// Type of the body.
    pub(crate) content_type: MediaType,
    /// The body, for actions that have one.
    pub(crate) payload: Option<Payload>,
    /// Versions in `If-Match`, when the API honours it (D-32).
    pub(crate) if_match: Option<Vec<String>>,
    /// The body as it came, for functions with a single unnamed parameter.
    pub(crate) raw_body: Bytes,
}

impl ApiRequest {
    /// Reads a request; the order of the steps decides which refusal wins (POSTGREST.md §2).
    ///
    /// # Errors
    /// Whatever can be refused without the schema cache.
    pub(crate) fn parse(
        raw: &RawRequest<'_>,
        settings: &ApiSettings,
        is_timezone: impl Fn(&str) -> bool,
    ) -> Result<Self, ApiError> {
        let preferences = Preferences::parse(raw.header("prefer"), settings.tx_end.allows_override(), is_timezone);
        let mut resource = Resource::parse(raw.path)?;
        let mut root_schema = None;
        if resource == Resource::Root
            && let Some((schema, function)) = &settings.root_spec
            && matches!(raw.method, "GET" | "HEAD")
        {
            root_schema.clone_from(schema);
            resource = Resource::Function(function.clone());
        }
        let (schema, negotiated_schema) = profile(raw, settings)?;
        let schema = root_schema.unwrap_or(schema);
        let action = Action::of(raw.method, &resource)?;
        let arguments = matches!(action, Action::Call(CallMethod::Get | CallMethod::Head));
        let query = QueryParams::parse(raw.query, arguments)?;
        let header_range =
            if raw.method == "GET" { raw.header("range").next().and_then(parse_range_header) } else { None };
        let range = intersect(header_range, query.root_range()).map_err(ApiError::InvalidRange)?;
        let negative = query.ranges.iter().any(|(_, range)| range.limit.is_some_and(|limit| limit < 0));
        if negative && matches!(action, Action::Read { .. } | Action::Call(_)) {
            return Err(ApiError::InvalidRange(RangeRefusal::NegativeLimit));
        }
        if action == Action::SingleUpsert && query.has_root_range() {
            return Err(ApiError::RangeOnPut);
        }
        let accept = MediaType::parse_accept(raw.header("accept"));
        let content_type = raw.header("content-type").next().map_or(MediaType::Json, MediaType::parse);
        let target = match action {
            Action::Create | Action::Update | Action::SingleUpsert => Some(PayloadTarget::Relation),
            Action::Call(CallMethod::Post) => Some(PayloadTarget::Function),
            _ => None,
        };
        let payload = target
            .map(|target| parse_payload(target, &content_type, raw.body.clone(), query.columns.is_some()))
            .transpose()?;
        Ok(Self {
            resource,
            action,
            schema,
            negotiated_schema,
            query,
            range,
            preferences,
            accept,
            content_type,
            payload,
            if_match: settings.etags_enabled.then(|| raw.header("if-match").next().and_then(parse_if_match)).flatten(),
            raw_body: raw.body.clone(),
        })
    }
}

fn profile(raw: &RawRequest<'_>, settings: &ApiSettings) -> Result<(String, bool), ApiError> {
    let name = match raw.method {
        "POST" | "PATCH" | "PUT" | "DELETE" => "content-profile",
        _ => "accept-profile",
    };
    match raw.header(name).next() {
        Some(schema) if settings.schemas.iter().any(|known| known == schema) => Ok((schema.to_owned(), true)),
        Some(schema) => Err(ApiError::UnknownSchema { schema: schema.to_owned(), exposed: settings.schemas.clone() }),
        None => {
            let schema = settings.schemas.first().cloned().unwrap_or_else(|| "public".to_owned());
            Ok((schema, settings.schemas.len() > 1))
        }
    }
}

/// The versions in `If-Match`; `*` asks for nothing in particular.
fn parse_if_match(value: &str) -> Option<Vec<String>> {
    let versions: Vec<String> = value
        .split(',')
        .map(|etag| etag.trim().trim_start_matches("W/").trim_matches('"').to_owned())
        .filter(|etag| !etag.is_empty())
        .collect();
    (!versions.is_empty() && !versions.iter().any(|etag| etag == "*")).then_some(versions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths() {
        assert!(matches!(Resource::parse("/"), Ok(Resource::Root)));
        assert!(matches!(Resource::parse("/a%20b"), Ok(Resource::Relation(name)) if name == "a b"));
        assert!(matches!(Resource::parse("/rpc/f"), Ok(Resource::Function(name)) if name == "f"));
        for bad in ["/a/b", "/rpc/a/b", "/%ff", "//", "/rpc/"] {
            assert!(matches!(Resource::parse(bad), Err(ApiError::InvalidPath)), "{bad}");
        }
    }
}
