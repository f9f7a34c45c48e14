//! Cuts SQL text into statements, so that an error can name its statement and line.
//!
//! The rules are those of psql: semicolons count outside quotes, dollar quotes, comments, parentheses and SQL-standard
//! function bodies. psql's own commands are not SQL: `\echo` is skipped, any other is an error. Used for migrations and
//! for applications' files; it must not look at what statements mean, except for the transaction control that a file
//! inside one transaction cannot have. Tests: the foot of this file.

/// One statement and where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement<'a> {
    /// Text without the closing semicolon; leading comments and space are cut off.
    pub(super) text: &'a str,
    /// Line of its first character, counted from 1.
    pub(super) line: usize,
}

/// Why a text cannot be cut.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SplitError {
    /// A command of psql.
    #[error("line {line}: `\\{command}` is a command of psql, not SQL; only `\\echo` is understood (and skipped)")]
    MetaCommand {
        /// Line, counted from 1.
        line: usize,
        /// The command without the backslash.
        command: String,
    },
    /// A quote or comment that never ends.
    #[error("line {line}: this {what} is never closed")]
    Unterminated {
        /// Line where it starts.
        line: usize,
        /// What it is.
        what: &'static str,
    },
    /// `ROLLBACK` and savepoint-free transaction control.
    #[error("line {line}: a file runs in one transaction and cannot roll it back itself")]
    Rollback {
        /// Line, counted from 1.
        line: usize,
    },
    /// `COPY … FROM STDIN` with data in the file.
    #[error("line {line}: COPY FROM STDIN has no input here; put the data into a file `NN_table.csv`")]
    CopyFromStdin {
        /// Line, counted from 1.
        line: usize,
    },
}

/// Cuts `sql` into statements. `BEGIN` and `COMMIT` are left out: the whole text runs in one transaction anyway.
pub(super) fn split(sql: &str) -> Result<Vec<Statement<'_>>, SplitError> {
    let mut statements = Vec::new();
    let mut scanner = Scanner { bytes: sql.as_bytes(), at: 0, line: 1 };
    while let Some(raw) = scanner.next_statement(sql)? {
        match first_words(raw.text).as_slice() {
            ["begin" | "commit" | "end", ..] | ["start", "transaction", ..] => {}
            ["rollback", "to", ..] => statements.push(raw),
            ["rollback" | "abort", ..] => return Err(SplitError::Rollback { line: raw.line }),
            ["copy", ..] if reads_stdin(raw.text) => return Err(SplitError::CopyFromStdin { line: raw.line }),
            _ => statements.push(raw),
        }
    }
    Ok(statements)
}

/// The first words in lower case, at most four.
fn first_words(text: &str) -> Vec<&'static str> {
    const KNOWN: [&str; 10] =
        ["begin", "commit", "end", "start", "transaction", "rollback", "to", "abort", "copy", "savepoint"];
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .take(4)
        .map(|word| KNOWN.iter().find(|known| word.eq_ignore_ascii_case(known)).copied().unwrap_or(""))
        .collect()
}

fn reads_stdin(text: &str) -> bool {
    let words: Vec<String> = text.split_whitespace().map(str::to_ascii_lowercase).collect();
    words.windows(2).any(|pair| pair[0] == "from" && pair[1].trim_end_matches([';', ')', '(']) == "stdin")
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl Scanner<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn bump(&mut self) {
        if self.peek(0) == b'\n' {
            self.line += 1;
        }
        self.at += 1;
    }

    fn next_statement<'s>(&mut self, sql: &'s str) -> Result<Option<Statement<'s>>, SplitError> {
        let mut start: Option<(usize, usize)> = None;
        let mut parentheses = 0_u32;
        let mut routine = RoutineBody::default();
        while self.at < self.bytes.len() {
            let c = self.peek(0);
            match (c, self.peek(1)) {
                (b'-', b'-') => {
                    self.skip_line();
                    continue;
                }
                (b'/', b'*') => {
                    self.block_comment()?;
                    continue;
                }
                (b'\\', _) => {
                    self.meta_command(sql)?;
                    continue;
                }
                (b';', _) if parentheses == 0 && !routine.is_open() => {
                    let end = self.at;
                    self.bump();
                    if let Some((from, line)) = start {
                        return Ok(Some(Statement { text: sql[from..end].trim_end(), line }));
                    }
                    continue;
                }
                _ => {}
            }
            if c.is_ascii_whitespace() {
                self.bump();
                continue;
            }
            start.get_or_insert((self.at, self.line));
            match c {
                b'\'' => self.quoted(b'\'', false, "string")?,
                b'"' => self.quoted(b'"', false, "quoted name")?,
                b'$' => self.dollar_quoted(sql)?,
                b'(' => {
                    parentheses += 1;
                    self.bump();
                }
                b')' => {
                    parentheses = parentheses.saturating_sub(1);
                    self.bump();
                }
                c if c.is_ascii_alphabetic() || c == b'_' || c >= 0x80 => {
                    let from = self.at;
                    while {
                        let c = self.peek(0);
                        c.is_ascii_alphanumeric() || c == b'_' || c == b'$' || c >= 0x80
                    } {
                        self.bump();
                    }
                    let word = &sql[from..self.at];
                    if self.peek(0) == b'\'' && word.eq_ignore_ascii_case("e") {
                        self.quoted(b'\'', true, "string")?;
                    } else {
                        routine.word(word);
                    }
                }
                c if c.is_ascii_digit() => {
                    // `1$a$` is a number and a parameter, never the start of a dollar quote.
                    while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'_' {
                        self.bump();
                    }
                }
                _ => self.bump(),
            }
        }
        Ok(start.map(|(from, line)| Statement { text: sql[from..].trim_end(), line }))
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            self.bump();
        }
    }

    fn block_comment(&mut self) -> Result<(), SplitError> {
        let line = self.line;
        let mut depth = 0_u32;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                _ => self.bump(),
            }
        }
        Err(SplitError::Unterminated { line, what: "comment" })
    }

    /// A backslash outside quotes. `\echo` goes to the end of its line.
    fn meta_command(&mut self, sql: &str) -> Result<(), SplitError> {
        let line = self.line;
        let rest = &sql[self.at + 1..];
        let command: String = rest.chars().take_while(|c| !c.is_whitespace()).collect();
        if command == "echo" {
            self.skip_line();
            return Ok(());
        }
        Err(SplitError::MetaCommand { line, command })
    }

    fn quoted(&mut self, quote: u8, escapes: bool, what: &'static str) -> Result<(), SplitError> {
        let line = self.line;
        self.bump();
        while self.at < self.bytes.len() {
            let c = self.peek(0);
            if escapes && c == b'\\' {
                self.bump();
                self.bump();
            } else if c == quote && self.peek(1) == quote {
                self.at += 2;
            } else if c == quote {
                self.at += 1;
                return Ok(());
            } else {
                self.bump();
            }
        }
        Err(SplitError::Unterminated { line, what })
    }

    fn dollar_quoted(&mut self, sql: &str) -> Result<(), SplitError> {
        let rest = &sql[self.at + 1..];
        let tag_length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let starts_quote = rest[tag_length..].starts_with('$') && !rest.starts_with(|c: char| c.is_ascii_digit());
        if !starts_quote {
            self.bump();
            return Ok(());
        }
        let line = self.line;
        let delimiter = &sql[self.at..self.at + tag_length + 2];
        let body = self.at + delimiter.len();
        let Some(length) = sql[body..].find(delimiter) else {
            return Err(SplitError::Unterminated { line, what: "dollar-quoted text" });
        };
        let end = body + length + delimiter.len();
        while self.at < end {
            self.bump();
        }
        Ok(())
    }
}

/// `CREATE FUNCTION … BEGIN ATOMIC …; …; END`: semicolons inside do not end the statement.
#[derive(Default)]
struct RoutineBody {
    words: u32,
    creates_routine: bool,
    after_begin: bool,
    depth: u32,
}

impl RoutineBody {
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    fn word(&mut self, word: &str) {
        self.words += 1;
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        if self.words <= 4 && (is("function") || is("procedure")) {
            self.creates_routine = true;
        }
        if !self.creates_routine {
            return;
        }
        let opens = (self.after_begin && is("atomic")) || (self.depth > 0 && is("case"));
        if opens {
            self.depth += 1;
        } else if self.depth > 0 && is("end") {
            self.depth -= 1;
        }
        self.after_begin = is("begin");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<(&str, usize)> {
        split(sql).unwrap().into_iter().map(|statement| (statement.text, statement.line)).collect()
    }

    #[test]
    fn semicolons_end_statements_outside_quotes_only() {
        let sql = "select ';';\n-- a; b\nselect \";\" /* ; /* ; */ */ ;\n\nselect $x$ ; $$ ; $x$;select E'\\';';";
        assert_eq!(
            texts(sql),
            [
                ("select ';'", 1),
                ("select \";\" /* ; /* ; */ */", 3),
                ("select $x$ ; $$ ; $x$", 5),
                ("select E'\\';'", 5)
            ]
        );
    }

    #[test]
    fn the_last_statement_needs_no_semicolon() {
        assert_eq!(texts("select 1;\nselect 2\n"), [("select 1", 1), ("select 2", 2)]);
        assert_eq!(texts(" \n-- nothing\n;;"), []);
    }

    #[test]
    fn routine_bodies_and_rules_keep_their_semicolons() {
        let function = "create function f() returns int begin atomic select 1; select case when true then 2 end; end";
        assert_eq!(texts(&format!("{function};\nselect 3;")), [(function, 1), ("select 3", 2)]);
        let rule = "create rule r as on insert to t do (select 1; select 2)";
        assert_eq!(texts(&format!("{rule};")), [(rule, 1)]);
    }

    #[test]
    fn dollars_in_numbers_and_names_are_no_quotes() {
        assert_eq!(texts("select $1; select a$b$c;"), [("select $1", 1), ("select a$b$c", 1)]);
    }

    #[test]
    fn psql_commands_are_refused_except_echo() {
        assert_eq!(texts("\\echo 'hello; world'\nselect 1;"), [("select 1", 2)]);
        assert_eq!(
            split("select 1;\n\\set ON_ERROR_STOP on\n"),
            Err(SplitError::MetaCommand { line: 2, command: "set".into() })
        );
        assert_eq!(split("select 1 \\gset\n"), Err(SplitError::MetaCommand { line: 1, command: "gset".into() }));
    }

    #[test]
    fn transaction_control_is_the_runners() {
        assert_eq!(texts("BEGIN;\nselect 1;\nCOMMIT;"), [("select 1", 2)]);
        assert_eq!(split("select 1;\nROLLBACK;"), Err(SplitError::Rollback { line: 2 }));
        assert_eq!(split("copy t from stdin;\n1\n\\.\n"), Err(SplitError::CopyFromStdin { line: 1 }));
    }

    #[test]
    fn what_never_ends_is_named_with_its_line() {
        assert_eq!(split("select 1;\nselect 'a"), Err(SplitError::Unterminated { line: 2, what: "string" }));
        assert_eq!(split("/* a"), Err(SplitError::Unterminated { line: 1, what: "comment" }));
        assert_eq!(split("\n\ndo $$ begin"), Err(SplitError::Unterminated { line: 3, what: "dollar-quoted text" }));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_cut_or_refused(sql in "[a-z'\"$;\\\\ \n(){}*/-]{0,60}") {
            let _ = split(&sql);
        }
    }
}
