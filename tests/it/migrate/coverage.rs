//! Nothing in the core without a test: every function, trigger and policy is named by one.

use super::caller::{Door, Who};
use crate::support::TestDatabase;
use std::path::Path;

/// All test sources of this subject and of the queue, which tests its own change.
pub(super) fn sources() -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut text = String::new();
    for folder in ["migrate", "jobs", "files", "notifications"] {
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
    // set_created_at_trigger and its twin are on many tables and tested as functions of one.
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
}
