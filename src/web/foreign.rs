//! A foreign client's folder (`web.root`) in place of the embedded one: the client of release 0.15, or an integrator's
//! own. The runtime configuration is put into its page, inline and with a nonce (D-20); everything else is served as
//! it lies there, and nothing outside of it.

use super::assets::media_type;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Largest file that is served; a client has none of that size.
const LARGEST: u64 = 64 * 1024 * 1024;

/// The folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

/// A file of it.
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) etag: String,
    pub(super) media_type: &'static str,
    /// Whether its name carries a hash of its content.
    pub(super) immutable: bool,
}

impl Folder {
    /// A folder that exists; links inside of it must not lead outside.
    pub(super) fn new(root: &Path) -> std::io::Result<Self> {
        Ok(Self { root: root.canonicalize()? })
    }

    /// The file at a decoded path without leading slash. Anything but plain names below the folder is nothing.
    pub(super) fn find(&self, path: &str) -> Option<File> {
        if path.contains(['\0', '\\']) || path.split('/').any(|part| part.starts_with('.')) {
            return None;
        }
        let relative = Path::new(path);
        if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return None;
        }
        let found = self.root.join(relative).canonicalize().ok()?;
        if !found.starts_with(&self.root) {
            return None;
        }
        let metadata = found.metadata().ok()?;
        if !metadata.is_file() || metadata.len() > LARGEST {
            return None;
        }
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let etag = format!("\"{:x}-{:x}\"", modified.as_nanos(), metadata.len());
        Some(File { etag, media_type: media_type(path), immutable: is_hashed(path), path: found })
    }
}

/// Angular and others write `main-ABCDEFGH.js` or `main.0123456789abcdef.js`.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let Some((_, hash)) = stem.rsplit_once(['-', '.']) else { return false };
    let is_hash = hash.len() >= 8
        && hash.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (hash.bytes().any(|byte| byte.is_ascii_digit()) || hash.bytes().all(|byte| byte.is_ascii_uppercase()));
    is_hash && !matches!(ending, "html" | "json")
}

/// The page with the configuration right after `<head>`, and the nonce on every script that is written in it.
pub(super) fn page(html: &str, script: &str, nonce: &str) -> String {
    let mut marked = String::with_capacity(html.len() + script.len() + 512);
    let mut rest = html;
    while let Some(at) = find_tag(rest, "<script") {
        let (before, tag) = rest.split_at(at + "<script".len());
        marked.push_str(before);
        marked.push_str(&format!(" nonce=\"{nonce}\""));
        rest = tag;
    }
    marked.push_str(rest);
    let inline = format!("<script nonce=\"{nonce}\">{}</script>", script.trim_end());
    match find_tag(&marked, "<head").and_then(|at| marked[at..].find('>').map(|end| at + end + 1)) {
        Some(at) => format!("{}{inline}{}", &marked[..at], &marked[at..]),
        None => format!("{inline}{marked}"),
    }
}

/// Position of a tag whatever its case.
fn find_tag(html: &str, tag: &str) -> Option<usize> {
    html.as_bytes().windows(tag.len()).enumerate().find_map(|(at, window)| {
        let ends = html.as_bytes().get(at + tag.len()).is_none_or(|next| !next.is_ascii_alphanumeric());
        (window.eq_ignore_ascii_case(tag.as_bytes()) && ends).then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder_is_found() {
        let outer = tempfile::tempdir().expect("folder");
        let root = outer.path().join("client");
        std::fs::create_dir_all(root.join("assets")).expect("folder");
        std::fs::write(outer.path().join("secret.txt"), "secret").expect("file");
        std::fs::write(root.join("index.html"), "<html>").expect("file");
        std::fs::write(root.join(".env"), "secret").expect("file");
        std::fs::write(root.join("assets/main-AB12CD34.js"), "1").expect("file");
        std::os::unix::fs::symlink(outer.path().join("secret.txt"), root.join("link.txt")).expect("link");
        let folder = Folder::new(&root).expect("folder");
        assert!(folder.find("index.html").is_some_and(|file| !file.immutable));
        assert!(folder.find("assets/main-AB12CD34.js").is_some_and(|file| file.immutable));
        for path in [
            "../secret.txt",
            "assets/../../secret.txt",
            "/etc/passwd",
            "..",
            ".",
            "",
            ".env",
            "link.txt",
            "assets",
            "assets\\..\\..\\secret.txt",
            "index.html\0.js",
            "./index.html",
            "assets/./main-AB12CD34.js",
            "//etc/passwd",
        ] {
            assert!(folder.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_configuration_stands_first_in_the_head_with_a_nonce_on_every_script() {
        let html = "<!doctype html><HTML><Head lang=\"en\"><script src=\"a.js\"></script><SCRIPT>x</SCRIPT><scripted></head></html>";
        let page = page(html, "window.civicOsConfig = {};\n", "N");
        assert!(page.contains("<Head lang=\"en\"><script nonce=\"N\">window.civicOsConfig = {};</script>"), "{page}");
        assert!(page.contains("<script nonce=\"N\" src=\"a.js\">") && page.contains("<SCRIPT nonce=\"N\">x"), "{page}");
        assert!(page.contains("<scripted>"), "{page}");
        assert!(super::page("no head", "s", "N").starts_with("<script nonce=\"N\">s</script>no head"));
    }
}
