//! Whether a file is one that its property takes: the rules `fileType` and `maxFileSize` of `metadata.validations`, held against what was announced and
//! against what lies in the store. The browser checks them too, but nobody has to use ours.

use serde::Deserialize;

/// Rules of one property.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Rule {
    property: String,
    /// List of MIME types, `image/*` among them.
    types: Option<String>,
    /// Bytes, as text.
    size: Option<String>,
}

impl Rule {
    /// The list as `metadata.file_rules` prints it.
    pub(super) fn read(text: &str) -> Option<Vec<Self>> {
        serde_json::from_str(text).ok()
    }

    fn check(&self, file_type: &str, size: Option<u64>) -> Result<(), String> {
        if let Some(types) = self.types.as_deref().filter(|types| !types.trim().is_empty())
            && !types.split(',').any(|pattern| matches(pattern.trim(), file_type))
        {
            return Err(format!("Files of type {} are not allowed here; allowed: {types}.", shown(file_type)));
        }
        let largest = self.size.as_deref().and_then(|size| size.trim().parse::<u64>().ok());
        if let (Some(largest), Some(size)) = (largest, size)
            && size > largest
        {
            return Err(format!("The file has {}; at most {} are allowed here.", bytes(size), bytes(largest)));
        }
        Ok(())
    }
}

/// A file may be any of its entity's: which property it is for is known only when the request says so.
pub(super) fn check(rules: &[Rule], file_type: &str, size: Option<u64>, largest: u64) -> Result<(), String> {
    match size {
        Some(0) => return Err("The file is empty.".to_owned()),
        Some(size) if size > largest => {
            return Err(format!("The file has {}; at most {} can be uploaded.", bytes(size), bytes(largest)));
        }
        _ => {}
    }
    let mut first = None;
    for rule in rules {
        match rule.check(file_type, size) {
            Ok(()) => return Ok(()),
            Err(message) => drop(first.get_or_insert(message)),
        }
    }
    first.map_or(Ok(()), Err)
}

/// Names of the properties, for logs.
pub(super) fn properties(rules: &[Rule]) -> Vec<&str> {
    rules.iter().map(|rule| rule.property.as_str()).collect()
}

fn matches(pattern: &str, file_type: &str) -> bool {
    let essence = essence(file_type);
    match pattern.strip_suffix("/*") {
        Some(family) => essence.split_once('/').is_some_and(|(own, _)| own.eq_ignore_ascii_case(family)),
        None => pattern == "*" || pattern.eq_ignore_ascii_case(&essence),
    }
}

/// `type/subtype` without parameters, lower case.
pub(super) fn essence(file_type: &str) -> String {
    file_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// What the first bytes say, where they say anything: text formats have no signature.
pub(super) fn sniff(start: &[u8]) -> Option<&'static str> {
    if let Some(kind) = super::pictures::Format::of(start) {
        return Some(kind.mime());
    }
    infer::get(start).map(|kind| kind.mime_type())
}

/// Holds what the bytes are against what they were announced as. Types without a signature pass, and so do containers that sniffing cannot tell apart
/// (office documents are ZIP archives). A page or a program under the name of a picture does not.
pub(super) fn check_content(announced: &str, start: &[u8]) -> Result<(), String> {
    let announced = essence(announced);
    let found = sniff(start);
    let family = |mime: &str| mime.split('/').next().unwrap_or_default().to_owned();
    let has_signature = family(&announced) == "image" || announced == "application/pdf";
    match found {
        Some(found) if found == announced => Ok(()),
        // image/jpg, image/x-png and others are the same thing under other names.
        Some(found) if family(found) == "image" && family(&announced) == "image" => Ok(()),
        Some(found) if has_signature => {
            Err(format!("The file was announced as {}, but it is {}.", shown(&announced), shown(found)))
        }
        Some(found) if family(found) == "image" || matches!(found, "application/pdf" | "text/html") => {
            Err(format!("The file was announced as {}, but it is {}.", shown(&announced), shown(found)))
        }
        Some(_) => Ok(()),
        None if has_signature => {
            Err(format!("The file was announced as {}, but its contents are something else.", shown(&announced)))
        }
        None => Ok(()),
    }
}

fn shown(file_type: &str) -> String {
    file_type.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// A size as people read it.
pub(super) fn bytes(count: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match count {
        0..1024 => format!("{count} bytes"),
        1024..MIB => format!("{:.0} KB", count as f64 / 1024.0),
        _ => format!("{:.1} MB", count as f64 / MIB as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<Rule> {
        Rule::read(
            r#"[{"property":"photo","types":"image/*","size":"5000000"},
                {"property":"plan","types":"application/pdf, image/png","size":null}]"#,
        )
        .expect("rules")
    }

    #[test]
    fn a_file_obeys_the_rules_of_one_property() {
        let (rules, largest) = (rules(), 100_000_000);
        assert!(check(&rules, "image/jpeg", Some(5_000_000), largest).is_ok());
        assert!(check(&rules, "application/pdf; x=y", Some(90_000_000), largest).is_ok());
        assert!(check(&rules, "image/png", Some(90_000_000), largest).is_ok(), "as a plan");
        assert_eq!(
            check(&rules, "image/jpeg", Some(5_000_001), largest),
            Err("The file has 4.8 MB; at most 4.8 MB are allowed here.".into())
        );
        assert_eq!(
            check(&rules, "text/html", None, largest),
            Err("Files of type text/html are not allowed here; allowed: image/*.".into())
        );
        assert!(check(&rules, "application/pdf", Some(largest + 1), largest).is_err());
        assert_eq!(check(&[], "anything", Some(0), largest), Err("The file is empty.".into()));
        assert!(check(&[], "anything/else", Some(7), largest).is_ok(), "no rules");
        assert_eq!(properties(&rules), ["photo", "plan"]);
    }

    #[test]
    fn contents_are_held_against_the_announcement() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        assert!(check_content("image/png", png).is_ok());
        assert!(check_content("image/jpeg", png).is_ok(), "another picture is still a picture");
        assert!(check_content("text/plain", png).is_err());
        assert!(check_content("image/png", b"<html><script>").is_err());
        assert!(check_content("image/jpeg", b"just text").is_err());
        assert!(check_content("text/csv", b"a;b;c").is_ok());
        assert!(check_content("application/pdf", b"%PDF-1.7\n").is_ok());
        assert!(check_content("application/pdf", b"PK\x03\x04").is_err());
        assert!(
            check_content("image/svg+xml", b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>")
                .is_ok()
        );
    }
}
