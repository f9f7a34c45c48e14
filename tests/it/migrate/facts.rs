//! Each change alone: deploys, its verify script states what it made, its revert takes exactly that away (D-22).

use super::deploy_to;
use crate::support::TestDatabase;
use civic_os::migrate::{
    Allowed, Interface, Profile, RevertOptions, Silent, VerifyOptions, compare, dump_interface, revert, verify,
};
use std::path::PathBuf;

/// Names of all changes in order.
fn changes() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder("deploy"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("migrations").join(name)
}

/// Roles belong to the server and may be there before; each is stated by the change that makes it.
fn maker_of(role: &str) -> &'static str {
    match role {
        "civic_os_identity" => "20-identity",
        role if role.starts_with("civic_os_") => "16-job-workers",
        _ => "01-roles-and-schemas",
    }
}

/// What a verify script states: everything new, without what belongs to the cluster or the operator.
fn stated(change: &str, found: &Interface, before: &Interface) -> Interface {
    let mut new = found.since(before);
    let mut roles = found.categories.get("roles").cloned().unwrap_or_default();
    roles.retain(|role, _| maker_of(role) == change);
    new.categories.remove("roles");
    if !roles.is_empty() {
        new.categories.insert("roles".to_owned(), roles);
    }
    new.categories.retain(|category, _| !category.starts_with("seed_"));
    if let Some(extensions) = new.categories.get_mut("extensions") {
        extensions.remove("postgis");
    }
    if let Some(roles) = new.categories.get_mut("roles") {
        for (name, record) in roles.iter_mut() {
            record.retain(|field, _| {
                matches!(field.as_str(), "superuser" | "bypass_rls" | "inherit" | "login")
                    || (field == "settings" && name != "authenticator")
            });
        }
    }
    new
}

/// With `CIVIC_OS_WRITE_FACTS` set, writes the facts into the scripts instead of comparing.
#[tokio::test]
async fn verify_scripts_state_exactly_what_their_change_makes() {
    let database = TestDatabase::empty().await;
    let url = database.owner_url();
    let write = std::env::var_os("CIVIC_OS_WRITE_FACTS").is_some();
    let mut before = dump_interface(&url).await.unwrap();
    for change in changes() {
        deploy_to(&database, &change).await.unwrap();
        let found = dump_interface(&url).await.unwrap();
        let facts = stated(&change, &found, &before);
        let path = folder("verify").join(format!("{change}.sql"));
        let script = std::fs::read_to_string(&path).unwrap();
        let mut parts = script.split("$facts$");
        let (head, old, tail) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or("{}"), parts.next().unwrap_or_default());
        if write {
            let (head, tail) = if script.contains("$facts$") {
                (head.to_owned(), tail.to_owned())
            } else {
                (format!("-- What {change} makes.\nselect pg_temp.expect("), ");\n".to_owned())
            };
            std::fs::write(&path, format!("{head}$facts$\n{}\n$facts${tail}", facts.to_json())).unwrap();
        } else {
            let old: Interface = serde_json::from_str(old).unwrap_or_default();
            if old.server == facts.server {
                assert_eq!(old.to_json(), facts.to_json(), "{} (write it with CIVIC_OS_WRITE_FACTS=1)", path.display());
            } else {
                // Another major version prints some expressions otherwise; everything else is the same, both ways.
                let none = Allowed::default();
                assert_eq!(compare(&old, &facts, Profile::Strict, &none), [], "{change}");
                assert_eq!(compare(&facts, &old, Profile::Strict, &none), [], "{change}");
            }
        }
        assert_the_way_back_and_forth(&database, &change, &before, &found).await;
        before = found;
    }
}

/// Verifies the newest change, reverts it, which gives the catalogue before, and deploys it again to the same.
async fn assert_the_way_back_and_forth(database: &TestDatabase, change: &str, before: &Interface, found: &Interface) {
    let url = database.owner_url();
    let report = verify(&url, VerifyOptions { full: true }).await.unwrap();
    assert!(report.is_healthy() || std::env::var_os("CIVIC_OS_WRITE_FACTS").is_some(), "{change}: {report:?}");
    let back = RevertOptions { to: "@HEAD^".to_owned(), ..RevertOptions::default() };
    assert_eq!(revert(&url, &back, &Silent).await.unwrap().reverted, [change]);
    assert_eq!(without_roles(&dump_interface(&url).await.unwrap()), without_roles(before), "after reverting {change}");
    deploy_to(database, change).await.unwrap();
    assert_eq!(&dump_interface(&url).await.unwrap(), found, "after deploying {change} again");
}

/// Roles belong to the server and stay.
fn without_roles(interface: &Interface) -> String {
    let mut interface = interface.clone();
    interface.categories.remove("roles");
    interface.to_json()
}
