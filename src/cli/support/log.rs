//! Recent warnings and errors of the log: from the journal, or a file.

use super::Part;
use serde_json::Value;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

/// Lines that are kept, the newest.
const LINES: usize = 500;
/// Bytes that are read of the end of a file.
const TAIL: u64 = 4 * 1024 * 1024;
const NAME: &str = "errors.log";

pub(super) fn errors(file: Option<&Path>) -> Part {
    let text = match file {
        Some(path) => tail(path).map_err(|error| format!("{} cannot be read: {error}\n", path.display())),
        None => journal(),
    };
    Part { name: NAME, text: text.map_or_else(|reason| reason, |text| selected(&text)) }
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn journal() -> Result<String, String> {
    let mut command = Command::new("journalctl");
    command.args(["--unit=civic-os*", "--lines=20000", "--no-pager", "--output=cat", "--quiet"]);
    match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        _ => Err("no journal on this machine that this user may read; --log FILE takes another log\n".to_owned()),
    }
}

/// The newest lines of level warning and above, without what people asked for.
fn selected(text: &str) -> String {
    let kept: Vec<String> = text.lines().rev().filter_map(line).take(LINES).collect();
    kept.into_iter().rev().fold(String::new(), |text, line| text + &line + "\n")
}

fn line(line: &str) -> Option<String> {
    if let Ok(Value::Object(mut fields)) = serde_json::from_str(line) {
        let level = fields.get("level").and_then(Value::as_str).unwrap_or_default();
        if !matches!(level, "WARN" | "ERROR") {
            return None;
        }
        for name in ["message", "role"] {
            if let Some(Value::String(text)) = fields.get_mut(name) {
                *text = without_request(text);
            }
        }
        return Some(Value::Object(fields).to_string());
    }
    let plain = without_colours(line);
    (plain.contains(" WARN ") || plain.contains("ERROR ")).then(|| without_request(&plain))
}

/// Of a request's line: without the client's address and program, and without what stands behind the question mark.
fn without_request(text: &str) -> String {
    let Some(protocol) = text.find(" HTTP/1.") else { return text.to_owned() };
    let Some(quote) = text[..protocol].rfind('"') else { return text.to_owned() };
    let address = text[..quote].find(" - ").map_or(quote, |dash| text[..dash].rfind(' ').map_or(0, |space| space + 1));
    let asked = &text[quote..protocol];
    let path = asked.split_once('?').map_or(asked, |(path, _)| path);
    let rest = &text[protocol..];
    // `" 404 12`, then referrer and program in quotes.
    let quotes: Vec<usize> = rest.match_indices('"').map(|(at, _)| at).collect();
    let status = quotes.get(1).map_or(rest, |at| &rest[..*at]);
    let fields = quotes.get(4).map_or("", |at| &rest[at + 1..]);
    format!("{}{path}{}{fields}", &text[..address], status.trim_end())
}

fn without_colours(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        kept.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_warnings_and_errors_and_nothing_of_people() {
        let text = "2026-01-01T00:00:00Z  INFO Serving\n\
            2026-01-01T00:00:01Z  WARN 203.0.113.9 - ann \"GET /api/people?email=eq.ann HTTP/1.1\" 404 12 \"http://x/?q=1\" \"Browser\" role=\"ann\"\n\
            2026-01-01T00:00:02Z \u{1b}[31mERROR\u{1b}[0m it broke\n\
            {\"level\":\"INFO\",\"message\":\"fine\"}\n\
            {\"level\":\"ERROR\",\"message\":\"broken\",\"job_id\":7}\n";
        assert_eq!(
            selected(text),
            "2026-01-01T00:00:01Z  WARN \"GET /api/people HTTP/1.1\" 404 12 role=\"ann\"\n\
             2026-01-01T00:00:02Z ERROR it broke\n\
             {\"level\":\"ERROR\",\"message\":\"broken\",\"job_id\":7}\n"
        );
    }
}
