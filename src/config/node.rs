//! One value from any layer, and how it becomes a field's type.
//!
//! A text from a variable or flag takes the shape that the field wants (`"10"` → 10, `"a, b"` → list); a value from a
//! file keeps its type. Refusals say what is expected and never repeat the value: whether it may be shown is decided by
//! whoever knows the key. Used by `loading`. Tests: the foot of this file.

use super::secret::without_credentials;
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// A value before it has a type. No `Debug`: it may be a secret.
#[derive(Clone, PartialEq)]
pub(super) enum Node {
    /// From a variable or flag.
    Variable(String),
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
    /// Explicitly nothing: takes a default away.
    Nothing,
}

impl Node {
    /// Puts the value below the segments of a dotted key: `a.b` → `{a: {b: value}}`.
    pub(super) fn below(self, key: &str) -> Node {
        key.rsplit('.').fold(self, |inner, segment| Node::Table(BTreeMap::from([(segment.to_owned(), inner)])))
    }

    /// Adds a table built by [`Node::below`]; the added value wins.
    pub(super) fn merge(&mut self, other: Node) {
        match (self, other) {
            (Node::Table(mine), Node::Table(theirs)) => {
                for (key, value) in theirs {
                    match mine.get_mut(&key) {
                        Some(present) => present.merge(value),
                        None => drop(mine.insert(key, value)),
                    }
                }
            }
            (mine, theirs) => *mine = theirs,
        }
    }

    /// The value as it was written, for keys that are no secrets.
    pub(super) fn shown(&self) -> String {
        const LONGEST: usize = 80;
        let text = match self {
            Node::Variable(text) | Node::Text(text) => format!("\"{}\"", without_credentials(text)),
            Node::Integer(number) => number.to_string(),
            Node::Float(number) => number.to_string(),
            Node::Boolean(value) => value.to_string(),
            Node::List(items) => format!("[{}]", items.iter().map(Node::shown).collect::<Vec<_>>().join(", ")),
            Node::Table(_) => "a table".to_owned(),
            Node::Nothing => "nothing".to_owned(),
        };
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    /// Whether two spellings mean the same: `"10"` from a variable and `10` from a file.
    pub(super) fn means_the_same_as(&self, other: &Node) -> bool {
        fn plain(node: &Node) -> String {
            match node {
                Node::Variable(text) | Node::Text(text) => text.trim().to_owned(),
                Node::List(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
                other => other.shown(),
            }
        }
        let squeeze = |node| plain(node).replace(", ", ",");
        squeeze(self) == squeeze(other)
    }
}

/// Why a value does not fit: what would have fitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(expected.to_string())
    }
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(expected.to_string())
    }
    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("one of {}", expected.join(", ")))
    }
    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self(format!("keys out of {}", expected.join(", ")))
    }
}

fn a_number_between(low: impl fmt::Display, high: impl fmt::Display) -> Refusal {
    Refusal(format!("a whole number from {low} to {high}"))
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident $type:ident),*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            let refusal = || a_number_between($type::MIN, $type::MAX);
            visitor.$visit(match self {
                Node::Integer(number) => $type::try_from(number).map_err(|_| refusal())?,
                Node::Variable(text) => text.trim().parse::<$type>().map_err(|_| refusal())?,
                _ => return Err(refusal()),
            })
        }
    )* };
}

impl<'de> Deserializer<'de> for Node {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Node::Variable(text) | Node::Text(text) => visitor.visit_string(text),
            Node::Integer(number) => visitor.visit_i64(number),
            Node::Float(number) => visitor.visit_f64(number),
            Node::Boolean(value) => visitor.visit_bool(value),
            Node::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            Node::Table(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
            Node::Nothing => visitor.visit_none(),
        }
    }

    whole_numbers!(
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16, deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64, deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64
    );

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let number = match self {
            Node::Float(number) => Some(number),
            #[expect(clippy::cast_precision_loss, reason = "a coordinate written without a point")]
            Node::Integer(number) => Some(number as f64),
            Node::Variable(text) => text.trim().parse().ok(),
            _ => None,
        };
        visitor.visit_f64(number.filter(|number| number.is_finite()).ok_or_else(|| Refusal("a number".into()))?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let value = match self {
            Node::Boolean(value) => Some(value),
            Node::Variable(text) => boolean(&text),
            _ => None,
        };
        visitor.visit_bool(value.ok_or_else(|| Refusal("true or false".into()))?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Node::Variable(text) | Node::Text(text) => visitor.visit_string(text),
            Node::List(_) => Err(Refusal("one text, not a list".into())),
            _ => Err(Refusal("a text in quotes".into())),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.deserialize_string(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Node::Nothing => visitor.visit_none(),
            Node::Variable(ref text) | Node::Text(ref text) if text.is_empty() => visitor.visit_none(),
            other => visitor.visit_some(other),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        let items = match self {
            Node::List(items) => items,
            Node::Variable(text) => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Node::Variable(item.to_owned()))
                .collect(),
            _ => return Err(Refusal("a list such as [\"a\", \"b\"]".into())),
        };
        visitor.visit_seq(SeqDeserializer::new(items.into_iter()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Node::Table(entries) => visitor.visit_map(MapDeserializer::new(entries.into_iter())),
            _ => Err(Refusal("a table".into())),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self {
            Node::Variable(text) | Node::Text(text) => visitor.visit_enum(text.into_deserializer()),
            _ => Err(Refusal::unknown_variant("", variants)),
        }
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, Refusal> for Node {
    type Deserializer = Node;
    fn into_deserializer(self) -> Node {
        self
    }
}

/// The spellings of PostgREST (true/false in any case, numbers) and of Go's `strconv`, and what people write.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim().trim_matches('"').to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "on" => Some(true),
        "false" | "f" | "no" | "off" => Some(false),
        number => number.parse::<i64>().ok().map(|number| number > 0),
    }
}

/// Whether a type can be read from a value at all: the check of one key on its own.
pub(super) fn fits<T: for<'de> de::Deserialize<'de>>(node: Node) -> Result<(), Refusal> {
    std::marker::PhantomData::<T>.deserialize(node).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    fn read<T: for<'de> Deserialize<'de>>(node: Node) -> Result<T, String> {
        T::deserialize(node).map_err(|refusal| refusal.0)
    }

    #[test]
    fn variables_take_the_shape_of_the_field() {
        let text = |text: &str| Node::Variable(text.into());
        assert_eq!(read::<u32>(text(" 10 ")), Ok(10));
        assert_eq!(read::<Option<u64>>(text("")), Ok(None));
        assert_eq!(read::<Vec<String>>(text("public, metadata")), Ok(vec!["public".into(), "metadata".into()]));
        assert_eq!(read::<f64>(text("-83.6875")), Ok(-83.6875));
        for (written, value) in [("TRUE", true), ("1", true), ("\"true\"", true), ("F", false), ("0", false)] {
            assert_eq!(read::<bool>(text(written)), Ok(value));
        }
    }

    #[test]
    fn refusals_say_what_would_fit_and_keep_the_value_to_themselves() {
        let secret = || Node::Variable("hunter2".into());
        for refusal in [
            read::<u16>(secret()).unwrap_err(),
            read::<bool>(secret()).unwrap_err(),
            read::<f64>(secret()).unwrap_err(),
            read::<crate::config::ApiMode>(secret()).unwrap_err(),
            read::<Vec<u8>>(secret()).unwrap_err(),
            read::<String>(Node::Integer(42)).unwrap_err(),
        ] {
            assert!(!refusal.contains("hunter2") && !refusal.contains("42"), "{refusal}");
        }
        assert_eq!(read::<u16>(Node::Integer(70_000)).unwrap_err(), "a whole number from 0 to 65535");
        assert_eq!(read::<u16>(Node::Text("80".into())).unwrap_err(), "a whole number from 0 to 65535");
        assert_eq!(read::<crate::config::ApiMode>(secret()).unwrap_err(), "one of civic-os, postgrest");
    }

    #[test]
    fn the_same_value_from_two_layers_is_no_disagreement() {
        assert!(Node::Variable("10".into()).means_the_same_as(&Node::Integer(10)));
        let list = Node::List(vec![Node::Text("a".into()), Node::Text("b".into())]);
        assert!(Node::Variable("a, b".into()).means_the_same_as(&list));
        assert!(!Node::Variable("11".into()).means_the_same_as(&Node::Integer(10)));
    }
}
