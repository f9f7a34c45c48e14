//! Precompresses the web client in `static/` and writes the table that `src/web/assets.rs` includes.
//! Compression happens here, once per build, so that no request ever pays for it and the repository keeps plain files only.
#![allow(clippy::disallowed_methods, reason = "a build script is told everything through its environment")]

use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Below this size compression costs more than it saves.
const SMALLEST_WORTH_COMPRESSING: usize = 512;

fn main() {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=static");
    // include_dir! does not tell cargo what it reads.
    println!("cargo:rerun-if-changed=migrations");
    // Embedded for `demo` by src/cli/demo/example.rs.
    println!("cargo:rerun-if-changed=examples");

    pack_relocations();

    let mut files = Vec::new();
    collect(&root.join("static"), &mut files);
    files.sort();

    let (mut table, mut count) = (String::new(), 0);
    for file in files {
        println!("cargo:rerun-if-changed={}", file.display());
        let name = file
            .strip_prefix(root.join("static"))
            .expect("collected below static")
            .to_string_lossy()
            .replace('\\', "/");
        if name == "build-info.json" {
            continue;
        }
        let bytes = fs::read(&file).unwrap_or_else(|error| panic!("cannot read {}: {error}", file.display()));
        let hash = Sha256::digest(&bytes);
        let etag: String = hash.iter().take(12).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        let (brotli, gzip) = if compressible(&name) && bytes.len() >= SMALLEST_WORTH_COMPRESSING {
            (Some(store(&out, &etag, "br", &brotli(&bytes))), Some(store(&out, &etag, "gz", &gzip(&bytes))))
        } else {
            (None, None)
        };
        let include = |path: &Option<PathBuf>| match path {
            Some(path) => format!("Some(include_bytes!({path:?}))"),
            None => "None".to_owned(),
        };
        let _ = writeln!(
            table,
            "    Asset {{ path: {name:?}, etag: \"\\\"{etag}\\\"\", identity: {}, brotli: {}, gzip: {}, unpacked: OnceLock::new() }},",
            // What is there compressed is not there twice.
            include(&gzip.is_none().then_some(file)),
            include(&brotli),
            include(&gzip),
        );
        count += 1;
    }
    fs::write(out.join("assets.rs"), format!("static ASSETS: [Asset; {count}] = [\n{table}];\n"))
        .expect("OUT_DIR is writable");
}

/// The release binary has to move its own addresses at the start; packed, the table of them takes kilobytes instead of megabytes.
/// `./dev release` asks for it where the C library that is linked in understands the packed form (glibc from 2.36 on).
fn pack_relocations() {
    println!("cargo:rerun-if-env-changed=CIVIC_OS_PACK_RELOCATIONS");
    if env::var_os("CIVIC_OS_PACK_RELOCATIONS").is_some() {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn compressible(name: &str) -> bool {
    matches!(
        name.rsplit('.').next(),
        Some("html" | "js" | "mjs" | "css" | "json" | "svg" | "txt" | "map" | "webmanifest" | "xml" | "wasm" | "ico")
    )
}

/// Compressed forms are cached by content, so an unchanged file costs nothing at the next build.
fn store(out: &Path, etag: &str, extension: &str, bytes: &[u8]) -> PathBuf {
    let path = out.join(format!("{etag}.{extension}"));
    fs::write(&path, bytes).expect("OUT_DIR is writable");
    path
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 1 << 16, 11, 22);
    writer.write_all(bytes).expect("writing to memory");
    drop(writer);
    compressed
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("writing to memory");
    encoder.finish().expect("writing to memory")
}
