//! `--env-file`: variables in docker compose's syntax.
//!
//! `NAME=value`, `NAME: value`, `export NAME=value`; comments on lines of their own or after a space; `'literal'`;
//! `"with \n escapes"`; quoted values may span lines; `$NAME`, `${NAME}`, `${NAME:-default}` and `$$` outside of single
//! quotes. Messages name the line and never repeat it. Used by `variables`. Tests: the foot of this file.

use std::collections::HashMap;

/// What a file says.
#[derive(Default)]
pub(super) struct EnvFile {
    /// In the order of the file; a later line wins.
    pub(super) variables: Vec<(String, String)>,
    /// Lines that refer to a variable which is not set.
    pub(super) unset_references: Vec<usize>,
}

/// Reads a file's text. `outer` answers for variables that the file does not set itself.
///
/// # Errors
/// The line, counted from 1, and what is wrong with it.
pub(super) fn parse(text: &str, outer: &dyn Fn(&str) -> Option<String>) -> Result<EnvFile, (usize, String)> {
    let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), line: 1 };
    let mut file = EnvFile::default();
    let mut known: HashMap<String, String> = HashMap::new();
    while let Some(name) = reader.next_name()? {
        let line = reader.line;
        let Some((raw, substitute)) = reader.value()? else { continue };
        let value = if substitute {
            let lookup = |name: &str| outer(name).or_else(|| known.get(name).cloned());
            let (value, complete) = expand(&raw, &lookup).map_err(|message| (line, message))?;
            if !complete {
                file.unset_references.push(line);
            }
            value
        } else {
            raw
        };
        known.insert(name.clone(), value.clone());
        file.variables.push((name, value));
    }
    Ok(file)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    /// The name at the start of the next line that has one; the reader then stands behind it.
    fn next_name(&mut self) -> Result<Option<String>, (usize, String)> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', '\r']);
            match self.rest.chars().next() {
                None => return Ok(None),
                Some('\n') => {
                    self.rest = &self.rest[1..];
                    self.line += 1;
                }
                Some('#') => self.rest = &self.rest[self.rest.find('\n').unwrap_or(self.rest.len())..],
                Some(_) => break,
            }
        }
        if let Some(rest) = self.rest.strip_prefix("export ") {
            self.rest = rest.trim_start_matches([' ', '\t']);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let end = self.rest.find(|c| !allowed(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err((self.line, "a line must be NAME=value or a comment".into()));
        }
        self.rest = rest.trim_start_matches([' ', '\t']);
        Ok(Some(name.to_owned()))
    }

    /// The value behind a name, and whether `$` means something in it. `None`: the name stands alone.
    fn value(&mut self) -> Result<Option<(String, bool)>, (usize, String)> {
        match self.rest.chars().next() {
            Some('=' | ':') => self.rest = &self.rest[1..],
            None | Some('\n' | '\r' | '#') => {
                self.end_of_line()?;
                return Ok(None);
            }
            Some(_) => return Err((self.line, "after the name, `=` is expected".into())),
        }
        let value = self.rest.trim_start_matches([' ', '\t']);
        match value.chars().next() {
            Some(quote @ ('\'' | '"')) => {
                self.rest = &value[1..];
                let text = self.quoted(quote)?;
                self.end_of_line()?;
                Ok(Some((text, quote == '"')))
            }
            _ => {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                let (line, rest) = self.rest.split_at(end);
                self.rest = rest;
                let comment = line
                    .char_indices()
                    .find(|(at, c)| *c == '#' && line[..*at].ends_with([' ', '\t']))
                    .map_or(line.len(), |(at, _)| at);
                Ok(Some((line[..comment].trim().to_owned(), true)))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, (usize, String)> {
        let opened = self.line;
        let mut text = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\n' => {
                    self.line += 1;
                    text.push('\n');
                }
                '\\' if quote == '"' => match characters.next().map(|(_, escaped)| escaped) {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('$') => text.push_str("$$"),
                    Some(escaped @ ('"' | '\\')) => text.push(escaped),
                    Some(other) => text.extend(['\\', other]),
                    None => break,
                },
                '\\' if self.rest[at + 1..].starts_with('\'') => {
                    characters.next();
                    text.push('\'');
                }
                _ if character == quote => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                _ => text.push(character),
            }
        }
        Err((opened, format!("the quote {quote} is never closed")))
    }

    fn end_of_line(&mut self) -> Result<(), (usize, String)> {
        let end = self.rest.find('\n').unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            Ok(())
        } else {
            Err((self.line, "there is text after the closing quote".into()))
        }
    }
}

/// Replaces references; the second answer is whether all of them were set.
fn expand(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<(String, bool), String> {
    let mut expanded = String::with_capacity(text.len());
    let mut complete = true;
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        expanded.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            let end = inner.find('}').ok_or("`${` is never closed; a literal $ is written $$ or in single quotes")?;
            let (name, fallback) = match inner[..end].split_once('-') {
                Some((name, fallback)) => (name, Some(fallback)),
                None => (&inner[..end], None),
            };
            let (name, empty_counts) = match name.strip_suffix(':') {
                Some(name) => (name, false),
                None => (name, true),
            };
            match (lookup(name).filter(|value| empty_counts || !value.is_empty()), fallback) {
                (Some(value), _) => expanded.push_str(&value),
                (None, Some(fallback)) => expanded.push_str(fallback),
                (None, None) => complete = false,
            }
            rest = &inner[end + 1..];
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                expanded.push('$');
                continue;
            }
            match lookup(name) {
                Some(value) => expanded.push_str(&value),
                None => complete = false,
            }
            rest = after;
        }
    }
    expanded.push_str(rest);
    Ok((expanded, complete))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text, &|name| (name == "OUTER").then(|| "from outside".into())).unwrap().variables
    }

    #[track_caller]
    fn value_of(line: &str) -> String {
        read(line).remove(0).1
    }

    #[test]
    fn values_end_where_compose_ends_them() {
        assert_eq!(value_of("A=1"), "1");
        assert_eq!(value_of("A=  # nothing but a comment"), "");
        assert_eq!(value_of("A=a b   # comment"), "a b");
        assert_eq!(value_of("A=https://x/#fragment"), "https://x/#fragment");
        assert_eq!(value_of("A: yaml-like"), "yaml-like");
        assert_eq!(value_of("export A=1\r\n"), "1");
        assert_eq!(value_of("A=\"x # y\" # comment"), "x # y");
        assert_eq!(value_of("A='$HOME # \"x\"'"), "$HOME # \"x\"");
        assert_eq!(value_of("A=\"two\nlines\\tand a tab\""), "two\nlines\tand a tab");
        assert_eq!(value_of("A="), "");
    }

    #[test]
    fn references_are_replaced() {
        assert_eq!(value_of("A=$OUTER!"), "from outside!");
        assert_eq!(read("A=x\nB=${A}y").remove(1).1, "xy");
        assert_eq!(value_of("A=${MISSING:-default}"), "default");
        assert_eq!(value_of("A=pa$$word"), "pa$word");
        assert_eq!(value_of("A=\"pa\\$word\""), "pa$word");
        assert_eq!(value_of("A=50$"), "50$");
        let file = parse("\nA=pa$word", &|_| None).unwrap();
        assert_eq!((file.variables[0].1.as_str(), file.unset_references), ("pa", vec![2]));
    }

    #[test]
    fn names_alone_and_comments_set_nothing() {
        assert!(read("# comment\n\nA\n  # B=1\n").is_empty());
    }

    #[test]
    fn mistakes_are_named_by_line_without_the_value() {
        for (text, line) in [("A=1\nhunter2 x", 2), ("A='hunter2", 1), ("A=\"x\nhunter2\n", 1), ("A='x' hunter2", 1)] {
            let (found, message) = parse(text, &|_| None).err().unwrap();
            assert_eq!(found, line, "{text}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
