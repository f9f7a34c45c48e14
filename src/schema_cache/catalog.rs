//! Typed access to the catalogue's rows.

use super::QualifiedIdentifier;
use crate::db::ResultRow;
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// A column that is not what the query says.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) column: usize,
}

/// A row of a catalogue query.
pub(super) struct Row<'a>(pub(super) &'a ResultRow);

impl<'a> Row<'a> {
    pub(super) fn optional(&self, column: usize) -> Option<&'a str> {
        self.0.text(column)
    }
    pub(super) fn text(&self, column: usize) -> Result<&'a str, Shape> {
        self.0.text(column).ok_or(Shape { column })
    }
    pub(super) fn parse<T: FromStr>(&self, column: usize) -> Result<T, Shape> {
        self.text(column)?.parse().map_err(|_| Shape { column })
    }
    pub(super) fn oid(&self, column: usize) -> Result<u32, Shape> {
        self.parse(column)
    }
    pub(super) fn is_true(&self, column: usize) -> Result<bool, Shape> {
        self.text(column).map(|value| value == "t")
    }
    pub(super) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<Option<T>, Shape> {
        self.optional(column).map(serde_json::from_str).transpose().map_err(|_| Shape { column })
    }
    /// Schema and name in two neighbouring columns.
    pub(super) fn identifier(&self, column: usize) -> Result<QualifiedIdentifier, Shape> {
        Ok(QualifiedIdentifier::new(self.text(column)?, self.text(column + 1)?))
    }
}

/// `{1,2}`
pub(super) fn int_array(text: &str) -> Vec<i32> {
    text.trim_matches(['{', '}']).split(',').filter_map(|item| item.parse().ok()).collect()
}
