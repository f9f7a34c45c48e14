//! Whether blocks are closed and words stand where they may: `{{end}}`, `{{else}}`, `{{break}}` and `{{define}}`, and dots before names. The engine's
//! parser stops silently at a stray one or takes it for something else.

use super::tree::Refusal;

#[derive(PartialEq)]
enum Open {
    Branch { has_else: bool, is_loop: bool },
    Definition,
}

pub(super) fn check(source: &str) -> Result<(), Refusal> {
    let refuse = |offset: usize, reason: &str| {
        Err(Refusal { line: source[..offset].matches('\n').count() + 1, reason: reason.to_owned() })
    };
    let mut open = Vec::new();
    let mut offset = 0;
    while let Some(at) = source[offset..].find("{{") {
        let start = offset + at;
        let Some((words, end)) = action(source, start + 2) else { break };
        offset = end;
        if ends_with_dot(words) {
            return refuse(start, "unexpected <.> in operand");
        }
        let mut words = words.split_whitespace();
        match words.next().unwrap_or_default() {
            "if" | "with" => open.push(Open::Branch { has_else: false, is_loop: false }),
            "range" => open.push(Open::Branch { has_else: false, is_loop: true }),
            "define" if !open.is_empty() => return refuse(start, "unexpected <define> in command"),
            "define" | "block" => open.push(Open::Definition),
            word @ ("break" | "continue") if !is_in_loop(&open) => {
                return refuse(start, &format!("{{{{{word}}}}} outside {{{{range}}}}"));
            }
            "end" if open.pop().is_none() => return refuse(start, "unexpected {{end}}"),
            "else" => match open.last_mut() {
                Some(Open::Branch { has_else, .. }) if !*has_else => {
                    // `else if` and `else with` go on with the same end.
                    *has_else = words.next().is_none();
                }
                _ => return refuse(start, "unexpected {{else}}"),
            },
            _ => {}
        }
    }
    if open.is_empty() { Ok(()) } else { refuse(source.len(), "unexpected EOF") }
}

/// Whether a loop goes on here; a definition inside it, and what it says when there is nothing, are no part of it.
fn is_in_loop(open: &[Open]) -> bool {
    let mut here = open.iter().rev().take_while(|open| **open != Open::Definition);
    here.any(|open| *open == Open::Branch { has_else: false, is_loop: true })
}

/// Whether a name in an action ends with a dot, outside of quotes. Numbers may.
fn ends_with_dot(words: &str) -> bool {
    let bytes = words.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' && quote != b'`' { 2 } else { 1 };
                }
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => return false,
            b'.' if !bytes.get(at + 1).is_some_and(is_name) => {
                let before = &bytes[..at];
                let start = before.iter().rposition(|byte| !(is_name(byte) || *byte == b'.')).map_or(0, |end| end + 1);
                let is_number = bytes.get(start).is_some_and(u8::is_ascii_digit);
                let follows = before.last().is_some_and(|byte| is_name(byte) || matches!(byte, b')' | b'$'));
                if follows && !is_number {
                    return true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// The first two words of an action and the offset after it; quoted text and comments are skipped.
fn action(source: &str, start: usize) -> Option<(&str, usize)> {
    let body = &source[start..];
    let bytes = body.as_bytes();
    let comment = body.trim_start_matches('-').trim_start();
    if comment.starts_with("/*") {
        let from = body.len() - comment.len();
        let end = from + comment.find("*/")? + 2;
        return Some(("", start + end + body[end..].find("}}")? + 2));
    }
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => {
                at += 1;
                while at < bytes.len() && bytes[at] != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'`' => at += 1 + body[at + 1..].find('`')?,
            b'}' if bytes.get(at + 1) == Some(&b'}') => {
                let words = body[..at].strip_prefix('-').unwrap_or(&body[..at]);
                let words = words.strip_suffix('-').unwrap_or(words);
                return Some((words, start + at + 2));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_have_to_fit() {
        for good in [
            "",
            "plain",
            "{{if .a}}x{{else if .b}}y{{else}}z{{end}}",
            "{{range .a}}{{else}}{{end}}{{with .b}}{{else with .c}}{{end}}",
            "{{define \"a\"}}{{end}}{{- block \"b\" . -}}{{- end -}}",
            "{{/* {{end}} */}}{{\"{{end}}\"}}{{`{{end}}`}}",
            "{{- /* x */ -}}",
            "{{range .a}}{{if .b}}{{break}}{{else}}{{continue}}{{end}}{{end}}",
            "{{. }}{{$.a}}{{(.a).b}}{{1. }}{{.5}}{{\"a.\"}}{{`b.`}}{{'.'}}{{print . .a}}{{- . -}}{{/* a. */}}{{.é}}",
        ] {
            assert!(check(good).is_ok(), "{good}");
        }
        for (bad, line, reason) in [
            ("{{end}}", 1, "unexpected {{end}}"),
            ("{{if .a}}\n{{end}}\n{{end}}", 3, "unexpected {{end}}"),
            ("{{else}}", 1, "unexpected {{else}}"),
            ("{{if .a}}{{else}}{{else}}{{end}}", 1, "unexpected {{else}}"),
            ("{{define \"a\"}}{{else}}{{end}}", 1, "unexpected {{else}}"),
            ("{{if .a}}\nx", 2, "unexpected EOF"),
            ("\n{{break}}", 2, "{{break}} outside {{range}}"),
            ("{{range .a}}{{else}}{{continue}}{{end}}", 1, "{{continue}} outside {{range}}"),
            ("{{range .a}}{{block \"b\" .}}{{break}}{{end}}{{end}}", 1, "{{break}} outside {{range}}"),
            ("{{if .a}}{{define \"x\"}}{{end}}{{end}}", 1, "unexpected <define> in command"),
            ("{{.a.}}", 1, "unexpected <.> in operand"),
            ("{{print $.}}", 1, "unexpected <.> in operand"),
            ("{{(print 1).}}", 1, "unexpected <.> in operand"),
        ] {
            let refusal = check(bad).expect_err(bad);
            assert_eq!((refusal.line, refusal.reason.as_str()), (line, reason), "{bad}");
        }
    }
}
