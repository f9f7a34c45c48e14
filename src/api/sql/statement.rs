//! The text of a statement and its parameters, built so that nothing but fixed text, quoted names, quoted literals and
//! placeholders can get into it.
//!
//! Every printer of this folder writes through [`SqlStatement`]; there is no way to add a client's text unquoted except
//! [`SqlStatement::type_name`], whose characters the grammar limits. Tests at the foot and in `tests/golden`.

use crate::db::{Param, ParamType};
use crate::schema_cache::QualifiedIdentifier;
use std::borrow::Cow;

/// A statement under construction.
#[derive(Debug, Default)]
pub(crate) struct SqlStatement<'p> {
    text: String,
    params: Vec<Param<'p>>,
}

impl<'p> SqlStatement<'p> {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self { text: String::with_capacity(512), params: Vec::new() }
    }

    /// The text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The parameters.
    pub(crate) fn params(&self) -> &[Param<'p>] {
        &self.params
    }

    /// Adds fixed text.
    pub(crate) fn raw(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a quoted name.
    pub(crate) fn ident(&mut self, name: &str) -> &mut Self {
        quote_into(&mut self.text, name);
        self
    }

    /// Adds a quoted name with its schema.
    pub(crate) fn qualified(&mut self, name: &QualifiedIdentifier) -> &mut Self {
        if !name.schema.is_empty() {
            quote_into(&mut self.text, &name.schema);
            self.text.push('.');
        }
        quote_into(&mut self.text, &name.name);
        self
    }

    /// Adds a quoted column of a named row.
    pub(crate) fn column(&mut self, row: &str, column: &str) -> &mut Self {
        self.ident(row);
        self.text.push('.');
        self.ident(column)
    }

    /// Adds a quoted literal. For texts that are part of a statement's shape, such as json keys; values are bound.
    pub(crate) fn literal(&mut self, text: &str) -> &mut Self {
        if text.contains('\\') {
            self.text.push_str(" E");
        }
        self.text.push('\'');
        for c in text.chars() {
            if matches!(c, '\'' | '\\') {
                self.text.push(c);
            }
            self.text.push(c);
        }
        self.text.push('\'');
        self
    }

    /// Adds an integer.
    pub(crate) fn int(&mut self, number: i64) -> &mut Self {
        self.text.push_str(&number.to_string());
        self
    }

    /// Adds the name of a type as the client wrote it, reduced to the characters that the grammar allows in one.
    pub(crate) fn type_name(&mut self, name: &str) -> &mut Self {
        self.text.extend(name.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | ' ')));
        self
    }

    /// Adds a type or a default expression as the catalogue spells it.
    pub(crate) fn catalogue_text(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Binds a value whose type PostgreSQL infers.
    pub(crate) fn bind(&mut self, value: impl Into<Cow<'p, str>>) -> &mut Self {
        self.push_param(Param::unknown(value))
    }

    /// Binds a value of a declared type.
    pub(crate) fn bind_typed(&mut self, param_type: ParamType, value: impl Into<Cow<'p, [u8]>>) -> &mut Self {
        self.push_param(Param { param_type, value: Some(value.into()) })
    }

    fn push_param(&mut self, param: Param<'p>) -> &mut Self {
        self.params.push(param);
        self.text.push('$');
        self.text.push_str(&self.params.len().to_string());
        self
    }

    /// Adds items with a separator.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &'static str,
        mut print: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                self.raw(separator);
            }
            print(self, item);
        }
        self
    }
}

fn quote_into(target: &mut String, name: &str) {
    target.push('"');
    for c in name.chars() {
        match c {
            '"' => target.push_str("\"\""),
            // Ends the text on the wire; no name has one.
            '\0' => {}
            c => target.push(c),
        }
    }
    target.push('"');
}

/// A quoted name as a string of its own, for settings such as `search_path`.
pub(crate) fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    quote_into(&mut text, name);
    text
}

/// An array literal with every element quoted.
pub(crate) fn array_literal<'a>(elements: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("{");
    for element in elements {
        if text.len() > 1 {
            text.push(',');
        }
        text.push('"');
        for c in element.chars() {
            if matches!(c, '"' | '\\') {
                text.push('\\');
            }
            text.push(c);
        }
        text.push('"');
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_names_and_literals() {
        let mut sql = SqlStatement::new();
        sql.ident("a\"b\0").raw(" ").literal("it's \\").raw(" ").type_name("int); drop table x --");
        assert_eq!(sql.text(), r#""a""b"  E'it''s \\' int drop table x "#);
    }

    #[test]
    fn binds_values() {
        let mut sql = SqlStatement::new();
        sql.raw("select ").bind("x").raw(", ").bind("y");
        assert_eq!((sql.text(), sql.params().len()), ("select $1, $2", 2));
    }

    #[test]
    fn writes_array_literals() {
        assert_eq!(array_literal(["a", "b\"c", "d\\", ""]), r#"{"a","b\"c","d\\",""}"#);
    }
}
