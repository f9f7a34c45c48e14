//! The grammars of the REST API and the reader of request heads, fed with bytes from a fuzzer or from `seeds/`.
//!
//! The files are those of `src/api/request` and `src/app/heads`, taken in by path: they depend on nothing of the server but
//! its error type, so a fuzzer is built in a minute. Each function panics when a promise of the grammar is broken.

#![allow(dead_code, unused_imports)]

mod api;
mod heads;

pub use heads::heads;

use api::error::ApiError;
use api::request::filter::{parse_filter_value, parse_logic_path, parse_logic_tree, parse_names, parse_tree_path};
use api::request::media_type::MediaType;
use api::request::order::parse_order;
use api::request::payload::{Payload, PayloadTarget, parse_payload};
use api::request::preferences::Preferences;
use api::request::query::QueryParams;
use api::request::range::parse_range_header;
use api::request::select::parse_select;

/// What a refusal must look like: PostgREST's clients read the position from it.
fn check(error: &ApiError) {
    if let ApiError::QuerySyntax { message, .. } = error {
        assert!(!message.is_empty());
    }
}

/// A whole query string, of a relation and of a function. What was read says the same when it is read again.
pub fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // A parameter without `=` counts for nothing, but is printed with an empty value, as PostgREST prints it.
    let has_values = text.split('&').all(|pair| pair.is_empty() || pair.contains('='));
    for arguments in [false, true] {
        match QueryParams::parse(text, arguments) {
            Ok(params) if has_values => {
                let again = QueryParams::parse(&params.canonical, arguments).expect("what was printed can be read");
                assert_eq!(again.canonical, params.canonical, "{text}");
                assert_eq!(again.select, params.select, "{text}");
            }
            Ok(_) => {}
            Err(error) => check(&error),
        }
    }
}

/// Values of `Prefer`, and beside it those of `Accept` and `Range`.
pub fn prefer(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let headers: Vec<&str> = text.split('\n').collect();
    let preferences = Preferences::parse(headers.iter().copied(), true, |name| name == "UTC");
    assert!(preferences.timezone.as_deref().is_none_or(|name| name == "UTC"), "{text}");
    for media_type in MediaType::parse_accept(headers.iter().copied()) {
        let _ = media_type.content_type();
    }
    let _ = parse_range_header(text);
}

/// The grammars of single parameters.
pub fn select(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = parse_select(text) {
        check(&error);
    }
    let _ = parse_order(text);
    let _ = parse_filter_value(text);
    let _ = parse_tree_path(text);
    let _ = parse_logic_path(text);
    let _ = parse_logic_tree(false, "or", text);
    let _ = parse_names("columns parameter", text);
}

/// Bodies: the first byte chooses type and target. JSON that is taken is JSON.
pub fn payload(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    let types = [
        MediaType::Json,
        MediaType::Csv,
        MediaType::UrlEncoded,
        MediaType::Text,
        MediaType::OctetStream,
        MediaType::Xml,
    ];
    let kind = &types[usize::from(choice & 7) % types.len()];
    let target = if choice & 8 == 0 { PayloadTarget::Relation } else { PayloadTarget::Function };
    let columns = choice & 16 != 0;
    if let Ok(Payload::Json { text, keys, .. }) = parse_payload(target, kind, bytes::Bytes::copy_from_slice(body), columns) {
        if keys.is_some() {
            serde_json::from_slice::<serde::de::IgnoredAny>(&text).expect("JSON");
        }
        std::str::from_utf8(&text).expect("text");
    }
}
