//! `docs/integrating.md` is true: its blocks, applied by the binary to a fresh database, make the application that it
//! describes.

use super::questions::Person;
use crate::support::{ServerProcess, TestApp, TestDatabase, binary, free_port, http_client};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

/// Every block of the guide that has a file name above it.
fn blocks() -> Vec<(String, String)> {
    let guide =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/integrating.md")).expect("guide");
    let mut blocks = Vec::new();
    let mut lines = guide.lines();
    let mut name = None;
    while let Some(line) = lines.next() {
        if let Some(file) = line.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')) {
            name = Some(file.to_owned());
        } else if line.starts_with("```sql") || line.starts_with("```csv") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let name = name.take().unwrap_or_else(|| panic!("a block without a file name: {}", text[0]));
            blocks.push((name, text.join("\n") + "\n"));
        }
    }
    blocks
}

fn apply(folder: &Path, database: &TestDatabase) -> Output {
    let output = binary()
        .args(["app", "apply"])
        .arg(folder)
        .env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().expect("URL"))
        .current_dir(folder)
        .output()
        .expect("run the binary");
    assert!(output.status.success(), "{output:?}");
    output
}

#[tokio::test]
async fn the_guides_application_works_as_it_stands() {
    let folder = tempfile::tempdir().expect("folder");
    let blocks = blocks();
    assert_eq!(blocks.len(), 10, "{:?}", blocks.iter().map(|block| &block.0).collect::<Vec<_>>());
    for (name, text) in &blocks {
        std::fs::write(folder.path().join(name), text).expect("write");
    }
    let database = TestDatabase::create().await;
    apply(folder.path(), &database);
    // A second run finds nothing to do.
    apply(folder.path(), &database);

    let app = TestApp::spawn(database, |_| {}).await;
    let anyone = Person::anonymous(&app);
    let borrower = Person::signed_in(&app, "borrower", &["user"]).await;
    let other = Person::signed_in(&app, "other", &["user"]).await;
    let staff = Person::signed_in(&app, "staff", &["user", "editor"]).await;

    assert_eq!(anyone.rights("tools").await, Some([false, true, false, false]));
    assert_eq!(anyone.rights("loans").await, None);
    assert_eq!(borrower.rights("loans").await, Some([true, true, false, false]));
    assert_eq!(staff.rights("tools").await, Some([true, true, true, true]));
    let form = borrower.rows("schema_entities?select=form_mode&table_name=eq.loans").await;
    assert_eq!(form[0]["form_mode"], "steps");
    let topics = "schema_properties?select=column_name&table_name=eq.loans&form_group=eq.When%3F&order=column_name";
    let topics = borrower.rows(topics).await;
    assert_eq!((topics.len(), &topics[0]["column_name"]), (2, &json!("from_day")));

    let found = anyone.rows("tools?select=id,display_name,deposit&civic_os_text_search=wfts.ladder").await;
    assert_eq!(
        (found.len(), &found[0]["display_name"], &found[0]["deposit"]),
        (1, &json!("Extension ladder"), &json!("$25.00"))
    );
    let ladder = found[0]["id"].clone();

    let loan =
        json!({ "display_name": "Gutters", "tool_id": ladder, "from_day": "2030-05-01", "to_day": "2030-05-03" });
    let made = borrower.send(Method::POST, "loans", &loan).await;
    let id = made.row()["id"].as_i64().expect("id");
    let read = "loans?select=status_id:statuses!status_id(id,display_name),borrower_id:civic_os_users!borrower_id(id,display_name)";
    let rows = borrower.rows(&format!("{read}&id=eq.{id}")).await;
    assert_eq!(rows[0]["status_id"]["display_name"], "Requested");
    assert_eq!(rows[0]["borrower_id"]["display_name"], "Borrower E.");
    assert_eq!(other.rows(read).await.len(), 0, "loans of others are hidden");
    assert_eq!(staff.rows(read).await.len(), 1);

    // Both constraints, with the sentences that people read.
    for (field, constraint, code) in [
        (json!({ "to_day": "2030-04-30" }), "loans_ends_after_start", "23514"),
        (json!({ "display_name": "Roof" }), "loans_no_overlap", "23P01"),
    ] {
        let mut refused = loan.clone();
        refused.as_object_mut().expect("object").extend(field.as_object().expect("object").clone());
        let answer = other.send(Method::POST, "loans", &refused).await;
        assert_eq!(answer.body["code"], code, "{answer:?}");
        assert!(answer.body.to_string().contains(constraint), "{answer:?}");
        assert_eq!(anyone.rows(&format!("constraint_messages?constraint_name=eq.{constraint}")).await.len(), 1);
    }
    let own = borrower.send(Method::PATCH, &format!("loans?id=eq.{id}"), &json!({ "display_name": "Roof" })).await;
    assert_eq!(own.body, json!([]), "borrowers do not change loans");

    // What the columns became.
    let properties = anyone.rows("schema_properties?table_name=eq.tools").await;
    let property =
        |name: &str| properties.iter().find(|row| row["column_name"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(property("shelf")["geography_type"], "Point");
    assert_eq!(property("photo")["join_table"], "files");
    assert_eq!(property("photo")["validation_rules"][0]["value"], "image/*");
    let placed = json!({ "shelf": "SRID=4326;POINT(-92.15 44.78)" });
    staff.send(Method::PATCH, "tools?display_name=eq.Hammer%20drill", &placed).await.row();
    let drill = anyone.rows("tools?select=shelf:shelf_text&display_name=eq.Hammer%20drill").await;
    assert_eq!(drill[0]["shelf"], "POINT(-92.15 44.78)");
    let labelled =
        "tools?select=display_name,tool_labels_m2m:tool_labels!tool_id(labels!label_id(id,display_name,color))";
    assert_eq!(anyone.rows(labelled).await.len(), 3);
}

#[tokio::test]
async fn a_changed_file_is_an_error_and_a_new_one_is_applied() {
    let folder = tempfile::tempdir().expect("folder");
    for (name, text) in blocks().iter().take(3) {
        std::fs::write(folder.path().join(name), text).expect("write");
    }
    let database = TestDatabase::create().await;
    apply(folder.path(), &database);
    std::fs::write(folder.path().join("10_fees.sql"), "ALTER TABLE public.tools ADD COLUMN daily_fee MONEY;\n")
        .expect("write");
    apply(folder.path(), &database);
    database.execute("SELECT daily_fee FROM public.tools").await;

    std::fs::write(folder.path().join("10_fees.sql"), "ALTER TABLE public.tools ADD COLUMN fee MONEY;\n")
        .expect("write");
    let output = binary()
        .args(["app", "apply"])
        .arg(folder.path())
        .env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().expect("URL"))
        .output()
        .expect("run the binary");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("10_fees.sql"), "{output:?}");
}

#[tokio::test]
async fn the_demo_shows_an_integrators_folder() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    // As root the database runs as an unprivileged user, who has to pass.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
    let application = folder.path().join("tool-library");
    std::fs::create_dir(&application).expect("folder");
    for (name, text) in blocks() {
        std::fs::write(application.join(name), text).expect("write");
    }
    let data = folder.path().join("data");
    let demo = |more: &[&str]| {
        let mut command = binary();
        command.arg("demo").arg("--data-dir").arg(&data).args(more);
        command
    };
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = demo(&["--listen", &address]);
    command.arg("--app").arg(&application);
    let mut process = ServerProcess::spawn(command, tempfile::tempdir().expect("folder"));
    process.says("Ctrl-C").await;
    let url = format!("http://{address}/api/tools?select=display_name&order=display_name");
    let tools: Value = http_client().get(&url).send().await.expect("answer").json().await.expect("JSON");
    assert_eq!(tools[0]["display_name"], "Extension ladder", "{tools}");

    // The data folder belongs to this application, and a folder that is not there is named.
    let listen = format!("127.0.0.1:{}", free_port());
    for (more, says) in [
        (vec!["--listen", &listen], "tool-library"),
        (vec!["--listen", &listen, "--app", "no-such-folder"], "no-such-folder"),
        (vec!["--listen", &listen, "--app", "x", "--example", "town"], "--example"),
    ] {
        let output = demo(&more).output().expect("run the binary");
        assert!(!output.status.success(), "{more:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(says), "{more:?}: {output:?}");
    }
}
