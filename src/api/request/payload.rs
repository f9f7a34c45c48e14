//! Request bodies: JSON, CSV, forms, and raw text or bytes for functions.
//!
//! JSON is checked and its keys are read, but it is never rebuilt: PostgreSQL gets the client's bytes. Tests at the foot.

use super::media_type::MediaType;
use super::query::decode;
use crate::api::error::ApiError;
use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A body that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    /// JSON text: an object or an array.
    Json {
        /// The text.
        text: Bytes,
        /// Keys of all rows; unknown when `columns` decides.
        keys: Option<Vec<String>>,
        /// An object rather than an array.
        is_object: bool,
    },
    /// Form fields for a function.
    Form(Vec<(String, String)>),
    /// Anything else, for a function with a single unnamed parameter.
    Raw(Bytes),
}

/// Where the body goes to; decides which types are acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PayloadTarget {
    /// Insert, update or upsert.
    Relation,
    /// A function call.
    Function,
}

/// Reads a body. `columns` says that the client named the columns, so the keys are not looked at.
///
/// # Errors
/// PGRST102 when the type is not acceptable or the body is not of its type.
pub(crate) fn parse_payload(
    target: PayloadTarget,
    content_type: &MediaType,
    body: Bytes,
    columns: bool,
) -> Result<Payload, ApiError> {
    match (content_type, target) {
        (MediaType::Json | MediaType::Any, PayloadTarget::Function) if body.is_empty() => {
            Ok(Payload::Json { text: Bytes::from_static(b"{}"), keys: Some(Vec::new()), is_object: true })
        }
        (MediaType::Json | MediaType::Any, _) if columns => {
            if std::str::from_utf8(&body).is_err() || nests_too_deep(&body) {
                return Err(ApiError::InvalidBody("Empty or invalid json".into()));
            }
            let is_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
            Ok(Payload::Json { text: body, keys: None, is_object })
        }
        (MediaType::Json | MediaType::Any, _) => parse_json(body),
        (MediaType::Csv, _) => parse_csv(&body),
        (MediaType::UrlEncoded, PayloadTarget::Function) => Ok(Payload::Form(parse_form(&body)?)),
        (MediaType::UrlEncoded, PayloadTarget::Relation) => {
            let mut object = serde_json::Map::new();
            for (key, value) in parse_form(&body)? {
                object.insert(key, value.into());
            }
            let keys = object.keys().cloned().collect();
            let text = Bytes::from(serde_json::Value::Object(object).to_string());
            Ok(Payload::Json { text, keys: Some(keys), is_object: true })
        }
        (MediaType::Text | MediaType::Xml | MediaType::OctetStream, PayloadTarget::Function) => Ok(Payload::Raw(body)),
        (other, _) => Err(ApiError::InvalidBody(format!("Content-Type not acceptable: {}", other.as_text()))),
    }
}

/// Whether brackets are nested deeper than PostgreSQL's parser would follow. A body that is not read here may have
/// brackets inside of strings; they are not counted.
fn nests_too_deep(body: &[u8]) -> bool {
    const MAX_NESTING: usize = 512;
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                if depth > MAX_NESTING {
                    return true;
                }
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

fn parse_json(body: Bytes) -> Result<Payload, ApiError> {
    let invalid = || ApiError::InvalidBody("Empty or invalid json".into());
    let mut deserializer = serde_json::Deserializer::from_slice(&body);
    let shape = TopLevel.deserialize(&mut deserializer).map_err(|_| invalid())?;
    deserializer.end().map_err(|_| invalid())?;
    // The reader of keys skips strings without looking at their encoding.
    std::str::from_utf8(&body).map_err(|_| invalid())?;
    match shape {
        Shape::Object(keys) => Ok(Payload::Json { text: body, keys: Some(keys), is_object: true }),
        Shape::Rows { keys: Some(keys), uniform: true } => {
            Ok(Payload::Json { text: body, keys: Some(keys), is_object: false })
        }
        Shape::Rows { keys: None, uniform: true } | Shape::Value => {
            Ok(Payload::Json { text: Bytes::from_static(b"[]"), keys: Some(Vec::new()), is_object: false })
        }
        Shape::Rows { uniform: false, .. } => Err(ApiError::InvalidBody("All object keys must match".into())),
    }
}

enum Shape {
    Object(Vec<String>),
    Rows { keys: Option<Vec<String>>, uniform: bool },
    Value,
}

struct TopLevel;

impl<'de> DeserializeSeed<'de> for TopLevel {
    type Value = Shape;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! ignore_scalars {
    ($value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($value)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

impl<'de> Visitor<'de> for TopLevel {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    ignore_scalars!(Shape::Value);

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape, A::Error> {
        read_keys(map).map(Shape::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shape, A::Error> {
        let mut keys: Option<Vec<String>> = None;
        let mut uniform = true;
        loop {
            match &mut keys {
                None => match seq.next_element_seed(FirstRow)? {
                    None => return Ok(Shape::Rows { keys: None, uniform }),
                    Some(row) => {
                        uniform &= row.is_some();
                        keys = Some(row.unwrap_or_default());
                    }
                },
                Some(keys) => match seq.next_element_seed(NextRow(keys))? {
                    None => break,
                    Some(same) => uniform &= same,
                },
            }
        }
        Ok(Shape::Rows { keys, uniform })
    }
}

fn read_keys<'de, A: MapAccess<'de>>(mut map: A) -> Result<Vec<String>, A::Error> {
    let mut keys: Vec<String> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    while let Some(key) = map.next_key::<String>()? {
        map.next_value::<IgnoredAny>()?;
        if seen.insert(key.clone()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// The first element of an array; `None` when it is no object.
struct FirstRow;

impl<'de> DeserializeSeed<'de> for FirstRow {
    type Value = Option<Vec<String>>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for FirstRow {
    type Value = Option<Vec<String>>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    ignore_scalars!(None);
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        read_keys(map).map(Some)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// A later element; whether its keys are those of the first.
struct NextRow<'k>(&'k [String]);

impl<'de> DeserializeSeed<'de> for NextRow<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NextRow<'_> {
    type Value = bool;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    ignore_scalars!(false);
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut seen = vec![false; self.0.len()];
        let mut same = true;
        let mut expected = 0;
        while let Some(key) = map.next_key::<KeyText<'de>>()? {
            map.next_value::<IgnoredAny>()?;
            // Rows usually have their keys in the same order, so look there first.
            let at = if self.0.get(expected).is_some_and(|known| *known == key.0) {
                Some(expected)
            } else {
                self.0.iter().position(|known| *known == key.0)
            };
            match at {
                Some(at) => {
                    seen[at] = true;
                    expected = at + 1;
                }
                None => same = false,
            }
        }
        Ok(same && seen.into_iter().all(|seen| seen))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }
}

/// A key, borrowed from the body when it has no escapes.
struct KeyText<'de>(std::borrow::Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for KeyText<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = KeyText<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(KeyText(text.into()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(KeyText(text.to_owned().into()))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

fn parse_csv(body: &[u8]) -> Result<Payload, ApiError> {
    let ragged = || ApiError::InvalidBody("All lines must have same number of fields".into());
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(body);
    let header = reader.headers().map_err(|_| ragged())?.clone();
    let keys: Vec<String> = header.iter().map(str::to_owned).collect();
    let encoded: Vec<String> = keys.iter().map(|key| serde_json::Value::from(key.as_str()).to_string()).collect();
    let mut text = String::with_capacity(body.len() * 2);
    text.push('[');
    for record in reader.records() {
        let record = record.map_err(|_| ragged())?;
        text.push_str(if text.len() > 1 { ",{" } else { "{" });
        for (at, (key, cell)) in encoded.iter().zip(record.iter()).enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(key);
            text.push(':');
            if cell == "NULL" {
                text.push_str("null");
            } else {
                text.push_str(&serde_json::Value::from(cell).to_string());
            }
        }
        text.push('}');
    }
    text.push(']');
    Ok(Payload::Json { text: text.into(), keys: Some(keys), is_object: false })
}

fn parse_form(body: &[u8]) -> Result<Vec<(String, String)>, ApiError> {
    let invalid = || ApiError::InvalidBody("Invalid form data".into());
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |text| decode(text).map(|text| text.into_owned()).map_err(|_| invalid());
            Ok((decode(key)?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: &'static str) -> Result<Payload, ApiError> {
        parse_payload(PayloadTarget::Relation, &MediaType::Json, Bytes::from_static(body.as_bytes()), false)
    }

    fn keys(body: &'static str) -> Vec<String> {
        match json(body) {
            Ok(Payload::Json { keys: Some(keys), .. }) => keys,
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn reads_the_keys_and_keeps_the_bytes() {
        assert_eq!(keys(r#"{"a":1,"b":{"c":[1,2]},"a":2}"#), ["a", "b"]);
        assert_eq!(keys(r#"[{"a":1,"b":2},{"b":null,"a":[]}]"#), ["a", "b"]);
        assert_eq!(keys("[]"), Vec::<String>::new());
        assert_eq!(keys("3"), Vec::<String>::new());
    }

    #[test]
    fn refuses_rows_with_different_keys() {
        for body in [
            r#"[{"a":1},{"b":1}]"#,
            r#"[{"a":1},{"a":1,"b":1}]"#,
            r#"[{"a":1,"b":1},{"a":1}]"#,
            "[1,2]",
            r#"[{"a":1},2]"#,
        ] {
            assert!(
                matches!(json(body), Err(ApiError::InvalidBody(text)) if text == "All object keys must match"),
                "{body}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_json() {
        for body in ["", "{", "{\"a\":}", "nul", "{}{}", "[1,]"] {
            assert!(
                matches!(json(body), Err(ApiError::InvalidBody(text)) if text == "Empty or invalid json"),
                "{body}"
            );
        }
        let bad = Bytes::from_static(b"{\"a\":\"\xff\"}");
        assert!(parse_payload(PayloadTarget::Relation, &MediaType::Json, bad, false).is_err());
        let deep = Bytes::from("[".repeat(100_000));
        assert!(parse_payload(PayloadTarget::Relation, &MediaType::Json, deep, false).is_err());
    }

    #[test]
    fn turns_csv_into_rows() {
        let body = Bytes::from_static(b"a,b\n1,NULL\n\"x,\"\"y\"\"\",2\n");
        let Ok(Payload::Json { text, keys, .. }) = parse_payload(PayloadTarget::Relation, &MediaType::Csv, body, false)
        else {
            panic!("refused")
        };
        assert_eq!(keys.unwrap_or_default(), ["a", "b"]);
        assert_eq!(text, r#"[{"a":"1","b":null},{"a":"x,\"y\"","b":"2"}]"#);
        let ragged = Bytes::from_static(b"a,b\n1\n");
        assert!(parse_payload(PayloadTarget::Relation, &MediaType::Csv, ragged, false).is_err());
    }

    #[test]
    fn names_an_unacceptable_type() {
        let result = parse_payload(PayloadTarget::Relation, &MediaType::parse("text/plain"), Bytes::new(), false);
        assert!(
            matches!(result, Err(ApiError::InvalidBody(text)) if text == "Content-Type not acceptable: text/plain")
        );
    }
}
