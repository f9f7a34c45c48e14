//! Every seed, and every input that once broke something, goes through its target.

use std::path::Path;

fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
    let mut number = 0;
    for entry in std::fs::read_dir(&folder).expect("seeds") {
        target(&std::fs::read(entry.expect("entry").path()).expect("seed"));
        number += 1;
    }
    assert!(number > 0, "no seeds in {}", folder.display());
}

#[test]
fn queries() {
    replay("query", civic_os_fuzz::query);
}

#[test]
fn preferences() {
    replay("prefer", civic_os_fuzz::prefer);
}

#[test]
fn select_lists() {
    replay("select", civic_os_fuzz::select);
}

#[test]
fn payloads() {
    replay("payload", civic_os_fuzz::payload);
}

#[test]
fn request_heads() {
    replay("heads", civic_os_fuzz::heads);
}
