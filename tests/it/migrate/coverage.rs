//! Nothing in the core without a test: every function, trigger and policy is named by one.

use super::caller::{Door, Who};
use crate::support::TestDatabase;
use std::collections::BTreeMap;
use std::path::Path;

const FACTS: &str = include_str!("../../contract/behaviour.md");

/// All test sources of this subject and of the queue, which tests its own change.
pub(super) fn sources() -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut text = String::new();
    for folder in ["migrate", "jobs", "files", "notifications", "payments"] {
        for entry in std::fs::read_dir(tests.join(folder)).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("coverage.rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    text
}

#[tokio::test]
async fn every_function_trigger_and_policy_is_named_by_a_test() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let not_extension = "not exists (select from pg_depend d where d.objid = o.oid and d.deptype = 'e')";
    let functions = format!(
        "select distinct proname::text from pg_proc o where pronamespace::regnamespace::text in ('public', 'metadata', 'payments')
         and prorettype <> 'trigger'::regtype and {not_extension}"
    );
    let triggers = "select distinct tgname::text from pg_trigger where not tgisinternal";
    let policies = "select distinct polname::text from pg_policy";
    let sources = sources();
    let mut missing = Vec::new();
    for query in [functions.as_str(), triggers, policies] {
        let names = door.values(&Who::Owner, query).await;
        assert!(!names.is_empty(), "{query}");
        missing.extend(names.into_iter().filter(|name| !sources.contains(name.as_str())));
    }
    assert_eq!(missing, Vec::<String>::new());
    // A name says where it stands, except for these: `catalogue` finds them on every table by itself.
    let on_many_tables = "select name from (
          select tgname::text as name, tgrelid as relation from pg_trigger where not tgisinternal
          union select polname::text, polrelid from pg_policy
        ) named group by name having count(*) > 1 order by name";
    assert_eq!(
        door.values(&Who::Owner, on_many_tables).await,
        ["Workers deliver", "set_created_at_trigger", "set_updated_at_trigger"]
    );
}

/// Sources by the name of their file.
fn by_file(folder: &Path, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            by_file(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            found.entry(name).or_default().push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every statement of the database contract has a test that is really there.
#[test]
fn the_list_of_facts_names_tests_that_exist() {
    let mut sources = BTreeMap::new();
    by_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"), &mut sources);
    let mut facts = 0;
    for line in FACTS.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Fact")) {
        for test in line.rsplit('|').nth(1).unwrap().split(',') {
            let (file, name) = test.trim().trim_matches('`').split_once("::").unwrap_or_else(|| panic!("{line}"));
            let source = sources.get(file).unwrap_or_else(|| panic!("no file {file}: {line}"));
            assert!(source.contains(&format!("fn {name}(")), "{line}");
        }
        facts += 1;
    }
    assert!(facts > 150, "{facts}");
}
