//! `app apply`: files in name order, once each, one transaction per file.

use super::caller::{Door, Who, anna, bert, carla};
use crate::support::TestDatabase;
use civic_os::migrate::{ApplyOptions, ApplyReport, MigrateError, Silent, VerifyOptions, apply_application, verify};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;

struct App {
    folder: tempfile::TempDir,
    database: TestDatabase,
}

impl App {
    async fn new(files: &[(&str, &str)]) -> (Self, Door) {
        let app = Self { folder: tempfile::tempdir().unwrap(), database: TestDatabase::create().await };
        for (name, content) in files {
            app.write(name, content);
        }
        let door = Door::open(&app.database).await;
        (app, door)
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.folder.path().join(name);
        if name.ends_with(".gz") {
            let mut encoder = GzEncoder::new(std::fs::File::create(path).unwrap(), Compression::fast());
            encoder.write_all(content.as_bytes()).unwrap();
            encoder.finish().unwrap();
        } else {
            std::fs::write(path, content).unwrap();
        }
    }

    async fn apply(&self) -> Result<ApplyReport, MigrateError> {
        apply_application(&self.database.owner_url(), self.folder.path(), ApplyOptions::default(), &Silent).await
    }
}

const SCHEMA: &str = "\\echo 'Creating the schema; please wait'
begin;
create table items (id serial primary key, name text not null, amount numeric(10, 2), color hex_color);
create function f() returns text language plpgsql as $$ begin return ';'; end; $$;
commit;
";

#[tokio::test]
async fn files_run_in_name_order_and_once() {
    let (app, door) = App::new(&[
        ("01_schema.sql", SCHEMA),
        ("02_items.csv.gz", "id,name,amount,color\n1,a,2.5,#ffffff\n7,\"b, \"\"c\"\"\",,\n"),
        ("03_items.csv", "\u{feff}name\nfrom the sequence\n"),
        ("04_more.sql", "insert into items (name) values (f())"),
        ("README.md", "not SQL"),
    ])
    .await;
    let trial =
        apply_application(&app.database.owner_url(), app.folder.path(), ApplyOptions { dry_run: true }, &Silent)
            .await
            .unwrap();
    assert_eq!((trial.applied.len(), trial.dry_run), (4, true));
    assert_eq!(door.value(&Who::Owner, "select count(*) from pg_class where relname = 'items'").await, "0");

    let report = app.apply().await.unwrap();
    let files: Vec<(&str, usize, Option<u64>)> =
        report.applied.iter().map(|file| (file.file.as_str(), file.statements, file.rows)).collect();
    assert_eq!(
        files,
        [
            ("01_schema.sql", 2, None),
            ("02_items.csv.gz", 0, Some(2)),
            ("03_items.csv", 0, Some(1)),
            ("04_more.sql", 1, None)
        ]
    );
    assert_eq!(
        door.values(&Who::Owner, "select concat_ws('|', id, name, coalesce(color, '-')) from public.items order by id")
            .await,
        ["1|a|#ffffff", "7|b, \"c\"|-", "8|from the sequence|#3B82F6", "9|;|#3B82F6"],
        "sequences go on behind the loaded values"
    );
    app.write("05_late.sql", "insert into items (name) values ('late')");
    let report = app.apply().await.unwrap();
    assert_eq!((report.applied.len(), report.skipped.len()), (1, 4));
    assert_eq!(door.value(&Who::Owner, "select count(*) from items").await, "5");
}

#[tokio::test]
async fn errors_name_file_line_and_statement_and_keep_the_files_before() {
    let (app, door) = App::new(&[
        ("01_schema.sql", SCHEMA),
        ("02_bad.sql", "insert into items (name) values ('x');\n\ninsert into items (name)\nvalues (nothing);\n"),
    ])
    .await;
    let failure = async |app: &App| match app.apply().await.unwrap_err() {
        MigrateError::Statement(failure) => *failure,
        other => panic!("{other}"),
    };
    let bad = failure(&app).await;
    assert_eq!((bad.file.as_str(), bad.line, bad.statement.as_str()), ("02_bad.sql", 4, "insert into items (name)"));
    assert_eq!(bad.sqlstate, "42703");
    assert_eq!(
        door.value(&Who::Owner, "select count(*) from items").await,
        "0",
        "its first statement is undone, file 01 stays"
    );

    app.write("02_bad.sql", "do $$\nbegin\n  raise exception 'too %', 'bad' using hint = 'be good';\nend $$;");
    let bad = failure(&app).await;
    assert_eq!((bad.line, bad.message.as_str(), bad.hint.as_deref()), (1, "too bad", Some("be good")));
    assert!(bad.context.unwrap().contains("line 3 at RAISE"));

    for (content, part) in [
        ("\\set x 1\n", "`\\set` is a command of psql"),
        ("select 1;\nrollback;", "line 2: a file runs in one transaction"),
        ("copy items from stdin;\n", "NN_table.csv"),
        ("select 'never closed", "line 1: this string is never closed"),
    ] {
        app.write("02_bad.sql", content);
        let text = app.apply().await.unwrap_err().to_string();
        assert!(text.contains("02_bad.sql") && text.contains(part), "{text}");
    }
    std::fs::remove_file(app.folder.path().join("02_bad.sql")).unwrap();

    app.write("03_items.csv", "id,name,amount\n1,a,2\n2,b,much\n");
    let bad = failure(&app).await;
    assert_eq!((bad.file.as_str(), bad.line, bad.sqlstate.as_str()), ("03_items.csv", 3, "22P02"), "{bad}");
    for (content, part) in [("", "the file is empty"), ("id,,name\n", "has no name"), ("id,colour\n", "colour")] {
        app.write("03_items.csv", content);
        let text = app.apply().await.unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
    app.write("03_items.csv", "name\na\n");
    app.apply().await.unwrap();
}

#[tokio::test]
async fn an_applied_file_must_not_change() {
    let (app, door) = App::new(&[("01_schema.sql", SCHEMA), ("02_more.sql", "create table more (id int)")]).await;
    app.apply().await.unwrap();
    app.write("01_schema.sql", "select 1");
    app.write("03_new.sql", "create table newer (id int)");
    let error = app.apply().await.unwrap_err();
    assert!(matches!(&error, MigrateError::EditedFile { file, .. } if file == "01_schema.sql"), "{error}");
    assert_eq!(door.value(&Who::Owner, "select count(*) from pg_class where relname = 'newer'").await, "0");
    app.write("01_schema.sql", SCHEMA);
    app.apply().await.unwrap();
}

#[tokio::test]
async fn an_application_needs_the_core_and_a_folder_with_files() {
    let database = TestDatabase::empty().await;
    let folder = tempfile::tempdir().unwrap();
    let apply =
        async || apply_application(&database.owner_url(), folder.path(), ApplyOptions::default(), &Silent).await;
    assert!(matches!(apply().await, Err(MigrateError::NothingToApply { .. })));
    std::fs::write(folder.path().join("1.sql"), "select 1").unwrap();
    assert!(matches!(apply().await, Err(MigrateError::CoreMissing)));
    let missing = folder.path().join("nowhere");
    let error = apply_application(&database.owner_url(), &missing, ApplyOptions::default(), &Silent).await.unwrap_err();
    assert!(matches!(error, MigrateError::Read { .. }), "{error}");
}

/// What the four example applications of release 0.15 rely on, in an application of our own words.
#[tokio::test]
async fn applications_written_for_release_0_15_load_and_work() {
    let database = TestDatabase::create().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/migrate/fixtures/application");
    apply_application(&database.owner_url(), &folder, ApplyOptions::default(), &Silent).await.unwrap();
    let verified = verify(&database.owner_url(), VerifyOptions { full: true }).await.unwrap();
    assert!(verified.is_healthy(), "an application changes nothing of the core: {verified:?}");

    let door = Door::open(&database).await;
    door.sign_everybody_in().await;
    assert_eq!(
        door.value(&Who::Owner, "select string_agg(channel || ' ' || enabled, ',' order by channel) from metadata.notification_preferences where user_id = '11111111-1111-4111-8111-111111111111'").await,
        "email true,sms false"
    );
    assert_eq!(door.refused(&anna(), "insert into projects (display_name) values ('x')").await, "42501");
    door.run_as(&carla(), "insert into projects (display_name, location) values ('Hall', 'SRID=4326;POINT(1 2)')")
        .await;
    assert_eq!(door.value(&Who::Anonymous, "select location_text from projects").await, "POINT(1 2)");
    door.run_as(&anna(), "insert into reservation_requests (project_id, period) select id, '[2030-01-01,2030-01-02)' from projects, generate_series(1, 2)").await;
    assert_eq!(
        door.value(&Who::Owner, "select string_agg(status_color, ',') from reservation_requests").await,
        "#F59E0B,#F59E0B",
        "the first status has id 1"
    );
    assert_eq!(door.value(&Who::Owner, "select count(*) from metadata.notifications").await, "4");
    let refusal = door.refusal(&carla(), "update reservation_requests set status_id = 2").await;
    assert!(refusal.code == "23P01" && refusal.message.contains("\"no_overlap\""), "{refusal:?}");
    assert_eq!(door.refused_with(&bert(), "select start_payment(1)").await, "You can only pay for your own requests");
    let payment = door.value(&anna(), "select start_payment(1)").await;
    assert_eq!(door.value(&anna(), "select start_payment(1)").await, payment, "an open payment is used again");
    assert_eq!(
        door.value(&anna(), "select entity_display_name || ' ' || amount from payment_transactions").await,
        "Reservations 25.00"
    );
    assert_eq!(
        door.values(&anna(), "select table_name || ' ' || insert || ' ' || \"select\" from schema_entities").await,
        ["tags false false", "projects false true", "reservation_requests false true"]
    );
}
