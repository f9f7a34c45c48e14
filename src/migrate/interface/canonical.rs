//! One spelling for expressions that differ by white space only or, after a dump and restore, by where the server
//! writes the cast of varchar literals.

use serde_json::Value;

/// Applies it to the fields that hold one expression.
pub(super) fn spelling(field: &str, value: Value) -> Value {
    match value {
        Value::String(raw) if matches!(field, "definition" | "using" | "with_check") => Value::String(text(&raw)),
        other => other,
    }
}

fn text(raw: &str) -> String {
    let spaced = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    // (ARRAY['a'::character varying, …])::text[] → ARRAY['a'::text, …]
    let mut out = String::with_capacity(spaced.len());
    let mut rest = spaced.as_str();
    while let Some(start) = rest.find("(ARRAY[") {
        let Some(length) = rest[start..].find("])::text[]") else { break };
        let items = &rest[start + "(ARRAY[".len()..start + length];
        out.push_str(&rest[..start]);
        if items.split(", ").all(|item| item.starts_with('\'') && item.ends_with("'::character varying")) {
            out.push_str("ARRAY[");
            out.push_str(&items.replace("::character varying", "::text"));
            out.push(']');
        } else {
            out.push_str(&rest[start..start + length + "])::text[]".len()]);
        }
        rest = &rest[start + length + "])::text[]".len()..];
    }
    out.push_str(rest);
    literal_casts(&out)
}

/// ('a'::character varying)::text → 'a'::text
fn literal_casts(raw: &str) -> String {
    const CAST: &str = "'::character varying)::text";
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(end) = rest.find(CAST) {
        match rest[..end].rfind("('") {
            Some(start) if !rest[start + 2..end].contains("::") => {
                out.push_str(&rest[..start]);
                out.push_str(&rest[start + 1..=end]);
                out.push_str("::text");
            }
            _ => out.push_str(&rest[..end + CAST.len()]),
        }
        rest = &rest[end + CAST.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_of_literals_have_one_spelling() {
        assert_eq!(
            text("CHECK (((a)::text = ANY ((ARRAY['x'::character varying, 'y'::character varying])::text[])))"),
            "CHECK (((a)::text = ANY (ARRAY['x'::text, 'y'::text])))"
        );
        assert_eq!(text("((a)::text =\n   ('x'::character varying)::text)"), "((a)::text = 'x'::text)");
        assert_eq!(text("(ARRAY[a, b])::text[]"), "(ARRAY[a, b])::text[]");
    }
}
