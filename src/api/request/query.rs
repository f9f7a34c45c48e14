//! The query string: which parameter is what, before names are resolved.
//!
//! Parsed as `application/x-www-form-urlencoded`; reserved words as POSTGREST.md §4. Called by the request module; tests at
//! the foot.

use super::filter::{
    Filter, LogicTree, TreePath, parse_filter_value, parse_logic_path, parse_logic_tree, parse_names, parse_tree_path,
};
use super::order::{OrderTerm, parse_order};
use super::range::RowRange;
use super::select::{SelectItem, parse_select};
use crate::api::error::ApiError;
use percent_encoding::percent_decode;
use std::borrow::Cow;

/// Names of embedded relations from the root; empty at the root.
pub(crate) type EmbedPath = Vec<String>;

/// A parsed query string.
#[derive(Debug, Default, Clone)]
pub(crate) struct QueryParams {
    /// Keys sorted and encoded anew, for `Content-Location`.
    pub(crate) canonical: String,
    /// Function arguments of GET on `/rpc`.
    pub(crate) arguments: Vec<(String, String)>,
    /// Windows at root and embedded relations.
    pub(crate) ranges: Vec<(EmbedPath, RowRange)>,
    /// Orders at root and embedded relations.
    pub(crate) orders: Vec<(EmbedPath, Vec<OrderTerm>)>,
    /// Logic trees.
    pub(crate) logic: Vec<(EmbedPath, LogicTree)>,
    /// `columns`
    pub(crate) columns: Option<Vec<String>>,
    /// `select`
    pub(crate) select: Vec<SelectItem>,
    /// Simple filters.
    pub(crate) filters: Vec<(EmbedPath, Filter)>,
    /// `on_conflict`
    pub(crate) on_conflict: Option<Vec<String>>,
}

impl QueryParams {
    /// Parses a query string. With `arguments`, parameters that are no filters are function arguments.
    ///
    /// # Errors
    /// PGRST100 when a part does not follow its grammar, is not UTF-8 or has a NUL.
    pub(crate) fn parse(query: &str, arguments: bool) -> Result<Self, ApiError> {
        let mut params = Self::default();
        if query.is_empty() {
            params.select.push(all_columns());
            return Ok(params);
        }
        let mut pairs: Vec<(Cow<'_, str>, Option<Cow<'_, str>>)> = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = match pair.split_once('=') {
                Some((key, value)) => (key, Some(decode(value)?)),
                None => (pair, None),
            };
            pairs.push((decode(key)?, value));
        }
        let mut select = None;
        let mut columns = None;
        let mut on_conflict = None;
        for (key, value) in &pairs {
            let Some(value) = value else { continue };
            match key.as_ref() {
                "select" => {
                    select.get_or_insert(value);
                }
                "columns" => {
                    columns.get_or_insert(value);
                }
                "on_conflict" => {
                    on_conflict.get_or_insert(value);
                }
                _ => params.take(key, value, arguments)?,
            }
        }
        params.select = match select {
            Some(select) => parse_select(select)?,
            None => vec![all_columns()],
        };
        params.columns = columns.map(|columns| parse_names("columns parameter", columns)).transpose()?;
        params.on_conflict = on_conflict.map(|names| parse_names("on_conflict parameter", names)).transpose()?;
        params.canonical = canonical(&mut pairs);
        Ok(params)
    }

    fn take(&mut self, key: &str, value: &str, arguments: bool) -> Result<(), ApiError> {
        let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
        match last {
            "order" => {
                let terms = parse_order(value)?;
                if let Some(path) = embed_path(path)? {
                    self.orders.push((path, terms));
                }
            }
            "limit" | "offset" => {
                let (Some(path), Ok(number)) = (embed_path(path)?, value.parse::<i64>()) else { return Ok(()) };
                let range = self.range_entry(path);
                if last == "limit" { range.limit = Some(number) } else { range.offset = number.max(0) }
            }
            "and" | "or" => {
                let (path, negated, operator) = parse_logic_path(key)?;
                self.logic.push((path, parse_logic_tree(negated, &operator, value)?));
            }
            _ => self.take_filter(key, value, arguments)?,
        }
        Ok(())
    }

    fn take_filter(&mut self, key: &str, value: &str, arguments: bool) -> Result<(), ApiError> {
        let parsed = parse_filter_value(value);
        if arguments && parsed.is_err() {
            self.arguments.push((key.to_owned(), value.to_owned()));
            return Ok(());
        }
        let TreePath { embeds, field } = parse_tree_path(key)?;
        let (negated, test) = parsed?;
        self.filters.push((embeds, Filter { field, negated, test }));
        Ok(())
    }

    fn range_entry(&mut self, path: EmbedPath) -> &mut RowRange {
        if let Some(at) = self.ranges.iter().position(|(known, _)| *known == path) {
            return &mut self.ranges[at].1;
        }
        self.ranges.push((path, RowRange::ALL));
        let last = self.ranges.len() - 1;
        &mut self.ranges[last].1
    }

    /// Window asked for at the root.
    pub(crate) fn root_range(&self) -> RowRange {
        self.ranges.iter().find(|(path, _)| path.is_empty()).map_or(RowRange::ALL, |(_, range)| *range)
    }

    /// Whether `limit` or `offset` was given at the root.
    pub(crate) fn has_root_range(&self) -> bool {
        self.root_range() != RowRange::ALL
    }
}

fn embed_path(path: &str) -> Result<Option<EmbedPath>, ApiError> {
    if path.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let TreePath { mut embeds, field } = parse_tree_path(path)?;
    if !field.json_path.is_empty() {
        return Ok(None);
    }
    embeds.push(field.name);
    Ok(Some(embeds))
}

fn all_columns() -> SelectItem {
    SelectItem::Field(super::select::SelectField {
        field: super::grammar::Field { name: "*".into(), json_path: Vec::new() },
        aggregate: None,
        aggregate_cast: None,
        cast: None,
        alias: None,
    })
}

/// Percent and `+` decoding of one key or value.
///
/// # Errors
/// PGRST100 when the result is not UTF-8 or has a NUL.
pub(crate) fn decode(text: &str) -> Result<Cow<'_, str>, ApiError> {
    let refused = |what: &str| ApiError::QuerySyntax {
        message: "\"failed to parse query string\" (line 1, column 1)".to_owned(),
        details: what.to_owned(),
    };
    let decoded = if text.contains('+') {
        let spaced = text.replace('+', " ");
        let bytes: Vec<u8> = percent_decode(spaced.as_bytes()).collect();
        Cow::Owned(String::from_utf8(bytes).map_err(|_| refused("unexpected bytes that are not UTF-8"))?)
    } else if text.contains('%') {
        percent_decode(text.as_bytes()).decode_utf8().map_err(|_| refused("unexpected bytes that are not UTF-8"))?
    } else {
        Cow::Borrowed(text)
    };
    if decoded.contains('\0') {
        return Err(refused("unexpected \"\\0\""));
    }
    Ok(decoded)
}

fn canonical(pairs: &mut [(Cow<'_, str>, Option<Cow<'_, str>>)]) -> String {
    pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut text = String::new();
    for (key, value) in pairs {
        if !text.is_empty() {
            text.push('&');
        }
        encode_into(&mut text, key);
        text.push('=');
        encode_into(&mut text, value.as_deref().unwrap_or_default());
    }
    text
}

/// Percent-encodes everything but letters, digits and `-_.~`.
pub(crate) fn encode_into(target: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            target.push(char::from(byte));
        } else {
            target.push('%');
            target.push(char::from(HEX[usize::from(byte >> 4)]));
            target.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> QueryParams {
        QueryParams::parse(query, false).unwrap_or_else(|error| panic!("{query}: {error:?}"))
    }

    #[test]
    fn sorts_parameters_into_their_kinds() {
        let query = "select=a&b=eq.1&c.d=gt.2&c.order=x.desc&c.limit=3&limit=5&offset=2&or=(a.eq.1,b.eq.2)&nothing&c.not.and=(x.is.null)";
        let params = parse(query);
        assert_eq!(params.filters.len(), 2);
        assert_eq!(params.filters[1].0, ["c"]);
        assert_eq!(params.orders, [(vec!["c".to_owned()], parse_order("x.desc").unwrap_or_default())]);
        assert_eq!(params.root_range(), RowRange { offset: 2, limit: Some(5) });
        assert_eq!(params.ranges.len(), 2);
        assert_eq!(params.logic.len(), 2);
    }

    #[test]
    fn treats_what_is_no_filter_as_argument_of_a_function() {
        let params = QueryParams::parse("a=1&b=eq.2&c=x.y", true).unwrap_or_default();
        assert_eq!(params.arguments, [("a".to_owned(), "1".to_owned()), ("c".to_owned(), "x.y".to_owned())]);
        assert_eq!(params.filters.len(), 1);
    }

    #[test]
    fn decodes_and_writes_the_canonical_form() {
        let params = parse("name=eq.a+b%2Bc&id=gt.1");
        assert_eq!(params.canonical, "id=gt.1&name=eq.a%20b%2Bc");
    }

    #[test]
    fn refuses_bytes_that_are_no_text() {
        for bad in ["a=eq.%ff", "a=eq.%00", "%00=eq.1", "select=%c3%28"] {
            assert!(QueryParams::parse(bad, false).is_err(), "{bad}");
        }
    }
}
