//! The direction of dependencies between the library's modules: a module may use what stands below it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// From the door to the cellar. Modules of one line do not use each other.
const LEVELS: [&[&str]; 7] = [
    &["cli"],
    &["app"],
    &["backup"],
    &[
        "api",
        "web",
        "admin",
        "identity",
        "migrate",
        "notifications",
        "payments",
        "files",
        "store",
        "events",
        "spreadsheets",
    ],
    &["auth", "schema_cache", "cluster", "jobs"],
    &["db"],
    &["activation", "config", "telemetry", "lifecycle", "limits", "memory", "outbound", "priority"],
];

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|line| line.contains(&module))
}

/// Modules that a source text uses by a path from the crate's root.
fn used_modules(source: &str) -> BTreeSet<String> {
    let code: String =
        source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut modules = BTreeSet::new();
    for path in ["crate::", "civic_os::"] {
        for (at, _) in code.match_indices(path) {
            let before = code[..at].chars().next_back();
            if before.is_some_and(|character| character.is_alphanumeric() || ['_', '$', '"'].contains(&character)) {
                continue;
            }
            let rest = code[at + path.len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(group) => modules.extend(group_heads(group)),
                None => modules.extend(head(rest)),
            }
        }
    }
    modules
}

/// First names of the members of `{a::b, c::{d, e}}`, given what follows the first brace.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 0;
    let mut member = String::new();
    for character in group.chars() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.extend(head(&std::mem::take(&mut member))),
            _ if depth == 0 => member.push(character),
            _ => {}
        }
    }
    heads.extend(head(&member));
    heads
}

fn head(path: &str) -> Option<String> {
    let name: String = path.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    // Only a module starts small; `crate::Type` would be an item of the root.
    name.starts_with(|character: char| character.is_lowercase()).then_some(name)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("source folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

fn violations(module: &str, source: &str) -> Vec<String> {
    let own = level(module);
    used_modules(source)
        .into_iter()
        .filter(|used| used != module)
        .filter(|used| match (own, level(used)) {
            (Some(own), Some(other)) => other <= own,
            _ => true,
        })
        .map(|used| format!("{module} uses {used}"))
        .collect()
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).expect("below src");
        let first = relative.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = first.trim_end_matches(".rs");
        if ["lib", "main"].contains(&module) {
            continue;
        }
        seen.insert(module.to_owned());
        let text = std::fs::read_to_string(&file).expect("readable");
        wrong.extend(violations(module, &text).into_iter().map(|what| format!("{}: {what}", relative.display())));
    }
    let known: BTreeSet<String> = LEVELS.iter().flat_map(|line| line.iter().map(|name| (*name).to_owned())).collect();
    assert_eq!(seen, known, "each module of the library has its place in LEVELS, and the other way round");
    assert!(wrong.is_empty(), "dependencies against the direction:\n{}", wrong.join("\n"));
}

#[test]
fn the_check_sees_what_it_should() {
    assert!(violations("db", "use crate::config::Secret;").is_empty());
    assert!(violations("app", "use crate::{api::Api, db::{Db, Hub}, config};").is_empty());
    assert!(violations("db", "/// See [`crate::api`].\nfn f() {}").is_empty());
    assert_eq!(violations("db", "use crate::api::Api;"), ["db uses api"]);
    assert_eq!(violations("api", "fn f() { crate::web::g() }"), ["api uses web"]);
    assert_eq!(
        violations("config", "use crate::{telemetry::{self, X}, db};"),
        ["config uses db", "config uses telemetry"]
    );
    assert_eq!(violations("unheard_of", "use crate::config::Secret;"), ["unheard_of uses config"]);
}
