//! Where an object lies: `<entity type>/<entity id>/<file id>/original<ext>` (WORKERS.md §3.1), and which parts a key cannot be built from.

use uuid::Uuid;

/// S3's limit.
const LONGEST: usize = 1024;

/// Key of a new upload.
///
/// The reference takes the parts unchecked. Browsers cut the key out of an address and normalise its path on the way, so what would not survive that is
/// refused here, with a text for the person who uploads.
pub(super) fn original(entity_type: &str, entity_id: &str, file_id: Uuid, file_name: &str) -> Result<String, String> {
    for (what, part) in [("entity type", entity_type), ("entity id", entity_id)] {
        if part.is_empty() {
            return Err(format!("The {what} of the upload is empty."));
        }
        if matches!(part, "." | "..") || part.chars().any(|c| c.is_control() || "/\\?#%".contains(c)) {
            return Err(format!("The {what} \"{}\" cannot be part of an object's key.", shortened(part)));
        }
    }
    let key = format!("{entity_type}/{entity_id}/{file_id}/original{}", extension(file_name));
    if key.len() > LONGEST {
        return Err(format!("The key of the object would have {} bytes; a store takes {LONGEST}.", key.len()));
    }
    Ok(key)
}

/// From the last dot of the last path element, dot included, case kept; `.bin` where there is none or it cannot stand in an address.
fn extension(file_name: &str) -> &str {
    let name = file_name.rsplit('/').next().unwrap_or_default();
    match name.rfind('.').map(|at| &name[at..]) {
        Some(extension) if !extension.chars().any(|c| c.is_control() || c.is_whitespace() || "\\?#%".contains(c)) => {
            extension
        }
        _ => ".bin",
    }
}

/// `<dirname of the original>/thumb-<size>.jpg`.
pub(super) fn thumbnail(original: &str, size: &str) -> String {
    let folder = original.rsplit_once('/').map_or("", |(folder, _)| folder);
    format!("{folder}/thumb-{size}.jpg")
}

fn shortened(text: &str) -> String {
    text.chars().take(40).filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_the_contract_s() {
        for (name, wanted) in [
            ("photo.JPG", ".JPG"),
            ("archive.tar.gz", ".gz"),
            (".env", ".env"),
            ("name.", "."),
            ("name", ".bin"),
            ("dir.d/name", ".bin"),
            ("", ".bin"),
            ("odd.a?b", ".bin"),
            ("straße.öäü", ".öäü"),
        ] {
            assert_eq!(extension(name), wanted, "{name}");
        }
    }

    #[test]
    fn keys_follow_the_layout_or_say_why_not() {
        let id = Uuid::nil();
        assert_eq!(
            original("Issue", "1", id, "x.png").as_deref(),
            Ok("Issue/1/00000000-0000-0000-0000-000000000000/original.png")
        );
        assert!(original("Schäden und mehr", "näh 7", id, "x.png").is_ok(), "unicode and spaces are fine");
        for (entity_type, entity_id) in
            [("..", "1"), ("a", ".."), ("a/b", "1"), ("a", "1?x"), ("a", "1\n"), ("", "1"), ("a", ""), ("a", "%2e")]
        {
            assert!(original(entity_type, entity_id, id, "x.png").is_err(), "{entity_type} {entity_id}");
        }
        let longest = LONGEST - "t//".len() - 36 - "/original.png".len();
        assert!(original("t", &"i".repeat(longest), id, "x.png").is_ok());
        let error = original("t", &"i".repeat(longest + 1), id, "x.png").expect_err("too long");
        assert!(error.contains("1025 bytes"), "{error}");
    }

    #[test]
    fn thumbnails_lie_beside_the_original() {
        assert_eq!(thumbnail("a/b/c/original.png", "small"), "a/b/c/thumb-small.jpg");
    }
}
