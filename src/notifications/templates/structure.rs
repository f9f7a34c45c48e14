//! Whether blocks are closed: `{{end}}` and `{{else}}` stand where something is open, and everything opened ends. The engine's parser stops silently at
//! a stray one.

use super::tree::Refusal;

#[derive(PartialEq)]
enum Open {
    Branch { has_else: bool },
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
        let mut words = words.split_whitespace();
        match words.next().unwrap_or_default() {
            "if" | "with" | "range" => open.push(Open::Branch { has_else: false }),
            "define" | "block" => open.push(Open::Definition),
            "end" if open.pop().is_none() => return refuse(start, "unexpected {{end}}"),
            "else" => match open.last_mut() {
                Some(Open::Branch { has_else }) if !*has_else => {
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
        ] {
            let refusal = check(bad).expect_err(bad);
            assert_eq!((refusal.line, refusal.reason.as_str()), (line, reason), "{bad}");
        }
    }
}
