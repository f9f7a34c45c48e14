//! The whole interface of release 0.15.0 is offered, except for what was decided otherwise.

use crate::support::TestDatabase;
use civic_os::migrate::{Allowed, Interface, Profile, compare, dump_interface};

const RELEASE: &str = include_str!("../../../migrations/adopt/interface-0.15.0.json");
const ALLOWED: &str = include_str!("../../contract/allowed.txt");

#[tokio::test]
async fn everything_of_release_0_15_is_where_clients_expect_it() {
    let database = TestDatabase::create().await;
    let release: Interface = serde_json::from_str(RELEASE).unwrap();
    let found = dump_interface(&database.owner_url()).await.unwrap();
    let objects: usize = release.categories.values().map(std::collections::BTreeMap::len).sum();
    assert_eq!(objects, 973, "the contract itself is complete");

    let mut allowed = Allowed::parse(ALLOWED);
    if !found.categories["extensions"].contains_key("postgis") {
        // A server without PostGIS runs everything but maps.
        allowed = Allowed::parse(&format!("{ALLOWED}\nextensions:postgis\n"));
    }
    let differences = compare(&release, &found, Profile::Interface, &allowed);
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
    assert_eq!(allowed.unused(&release), Vec::<&str>::new(), "exceptions that fit nothing");

    let without = compare(&release, &found, Profile::Interface, &Allowed::default());
    assert!(without.len() > 20, "the exceptions are needed: {}", without.len());
}

#[test]
fn every_exception_has_a_decision() {
    let mut decided = false;
    for line in ALLOWED.lines().skip_while(|line| !line.trim().is_empty()) {
        match line {
            "" => decided = false,
            comment if comment.starts_with('#') => decided |= comment.starts_with("# D-"),
            pattern => assert!(decided, "{pattern} stands below no decision"),
        }
    }
}
