//! The table of embedded files that `build.rs` writes: each with its strong validator, compressed where that pays, and then only compressed.

use actix_web::web::Bytes;
use std::io::Read as _;
use std::sync::OnceLock;

/// One file of the web client.
pub(super) struct Asset {
    /// Path below `/`, without the leading slash.
    pub(super) path: &'static str,
    /// Strong entity tag, quotes included.
    pub(super) etag: &'static str,
    /// The file as it is, where compression does not pay.
    identity: Option<&'static [u8]>,
    /// Brotli, quality 11; absent where compression does not pay.
    pub(super) brotli: Option<&'static [u8]>,
    /// Gzip, best.
    pub(super) gzip: Option<&'static [u8]>,
    /// The file as it is, once somebody has asked for it who takes nothing compressed.
    unpacked: OnceLock<Bytes>,
}

// `ASSETS`, sorted by path.
include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The file at a path without leading slash.
pub(super) fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.binary_search_by(|asset| asset.path.cmp(path)).ok().map(|index| &ASSETS[index])
}

impl Asset {
    /// The file as it is. Browsers never ask for it; for who does it is unpacked once and kept.
    pub(super) fn plain(&self) -> Bytes {
        match (self.identity, self.gzip) {
            (None, Some(gzip)) => self.unpacked.get_or_init(|| unpack(self.path, gzip)).clone(),
            (identity, _) => Bytes::from_static(identity.unwrap_or_default()),
        }
    }

    /// Media type by the file's ending.
    pub(super) fn media_type(&self) -> &'static str {
        media_type(self.path)
    }

    /// Names with a content hash never change; everything else is asked for again each time.
    pub(super) fn cache_control(&self) -> &'static str {
        if has_content_hash(self.path) { "public, max-age=31536000, immutable" } else { "no-cache" }
    }
}

fn unpack(path: &str, gzip: &[u8]) -> Bytes {
    let mut plain = Vec::new();
    match flate2::read::GzDecoder::new(gzip).read_to_end(&mut plain) {
        Ok(_) => plain.into(),
        Err(error) => unreachable!("the embedded file {path} was compressed by the build: {error}"),
    }
}

/// Media type by a file name's ending; unknown endings are downloads.
pub(super) fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "ttf" => "font/ttf",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

/// Vite names files `assets/<name>-<8 or more characters of hash>.<ending>`.
fn has_content_hash(path: &str) -> bool {
    path.starts_with("assets/")
        && path.rsplit_once('.').and_then(|(stem, _)| stem.rsplit_once('-')).is_some_and(|(_, hash)| {
            hash.len() >= 8 && hash.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_immutable() {
        assert!(has_content_hash("assets/index-BX93kd_a.js"));
        assert!(!has_content_hash("assets/config.js"));
        assert!(!has_content_hash("index.html"));
        assert!(!has_content_hash("assets/marker-icon.png"));
    }

    #[test]
    fn every_file_comes_back_as_it_was() {
        use sha2::{Digest as _, Sha256};
        use std::fmt::Write as _;
        for asset in &ASSETS {
            let hash = Sha256::digest(asset.plain());
            let hash = hash.iter().take(12).fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            });
            assert_eq!(asset.etag.trim_matches('"'), hash, "{}", asset.path);
        }
    }

    #[test]
    fn the_table_is_sorted_so_that_it_can_be_searched() {
        assert!(ASSETS.windows(2).all(|pair| pair[0].path < pair[1].path));
    }
}
