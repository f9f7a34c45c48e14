//! `civic-os support bundle`: everything that helps is in it, and nothing that must not leave.

use crate::support::{TestApp, TestDatabase, binary};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// What every secret of this test begins with: not even that may appear.
const MARK: &str = "QJ7SECRET";

fn unpack(path: &Path) -> BTreeMap<String, String> {
    let file = std::fs::File::open(path).expect("the archive");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
    let mut parts = BTreeMap::new();
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("entry");
        let name = entry.path().expect("path").file_name().expect("name").to_string_lossy().into_owned();
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        parts.insert(name, text);
    }
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_tells_the_state_and_no_secret() {
    let database = TestDatabase::create().await;
    database
        .execute(
            "insert into metadata.river_job (kind, args, queue, state, max_attempts, attempt, priority, errors, finalized_at, attempted_at)
             values ('send_email', '{\"to\": \"private argument\"}', 'notifications', 'discarded', 3, 3, 1,
               array['{\"at\": \"2026-01-01T00:00:00Z\", \"attempt\": 3, \"trace\": \"\",
                 \"error\": \"550 <ann@example.org> refused by smtp://mailer:QJ7SECRETmail@mx.example.org\"}'::jsonb], now(), now());
             drop policy if exists \"Admins see jobs\" on metadata.river_job;
             create function public.of_the_application() returns int language sql as 'select 1'",
        )
        .await;
    let app = TestApp::spawn(database, |_| {}).await;
    let folder = tempfile::tempdir().expect("folder");
    let (path, log) = (folder.path().join("bundle.tar.gz"), folder.path().join("log"));
    std::fs::write(&log, format!("2026-01-01T00:00:00Z ERROR no connection to postgres://u:{MARK}log@db/x\n"))
        .expect("log");
    let output = binary()
        .args(["support", "bundle", "--config"])
        .arg(app.folder().join("civic-os.toml"))
        .arg("--output")
        .arg(&path)
        .arg("--log")
        .arg(&log)
        .env("CIVIC_OS_DATABASE__URL", app.database().authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_DATABASE__OWNER_URL", app.database().owner_url().expose().expect("URL"))
        .env("CIVIC_OS_AUTH__JWT_SECRET", format!("{MARK}{}", "x".repeat(32)))
        .env("STRIPE_API_KEY", format!("sk_test_{MARK}"))
        .env("STRIPE_WEBHOOK_SECRET", format!("whsec_{MARK}"))
        .env("SMTP_PASSWORD", format!("{MARK}mail"))
        .env("S3_SECRET_ACCESS_KEY", format!("{MARK}store"))
        .env("PGRST_APP_SETTINGS_TOKEN", format!("{MARK}setting"))
        .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-api-key={MARK}traces"))
        .env("CIVIC_OS_DATABASE__READ_URL", format!("postgres://authenticator:{MARK}read@127.0.0.1:1/x"))
        .env("KEYCLOAK_REALM", format!("postgres://u:{MARK}misplaced@db/x"))
        .output()
        .expect("run");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).expect("file")) & 0o777, 0o600);

    let parts = unpack(&path);
    let names: Vec<&str> = parts.keys().map(String::as_str).collect();
    let expected = [
        "about.json",
        "configuration.json",
        "database.json",
        "doctor.json",
        "errors.log",
        "metrics.txt",
        "migrations.json",
        "queue.json",
        "ready.txt",
    ];
    assert_eq!(names, expected);
    let password = app.database().password();
    for (name, text) in &parts {
        for secret in [MARK, password, "ann@example.org", "private argument"] {
            assert!(!text.contains(secret), "{name} holds {secret}:\n{text}");
        }
    }

    let document =
        |name: &str| -> Value { serde_json::from_str(&parts[name]).unwrap_or_else(|e| panic!("{name}: {e}")) };
    assert_eq!(document("about.json")["program"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document("configuration.json")["payments.stripe_api_key"]["value"], "********");
    assert!(document("database.json")["sessions"].as_array().is_some_and(|sessions| !sessions.is_empty()));
    let migrations = document("migrations.json");
    assert_eq!(migrations["status"]["pending"], serde_json::json!([]));
    assert!(
        migrations["verified"]["drift"].to_string().contains("Admins see jobs"),
        "the catalogue's difference: {migrations:#}"
    );
    let queue = document("queue.json");
    assert_eq!(queue["failed"][0]["kind"], "send_email");
    let error = queue["failed"][0]["errors"][0].as_str().expect("error");
    assert!(error.starts_with("550 <<address>> refused by smtp://"), "{error}");
    assert!(parts["ready.txt"].starts_with("HTTP 200"), "{}", parts["ready.txt"]);
    assert!(parts["metrics.txt"].contains("pgrst_db_pool_max"));
    assert!(parts["errors.log"].contains("ERROR no connection to postgres://********@db/x"), "{}", parts["errors.log"]);
    assert!(document("doctor.json")["findings"].as_array().is_some_and(|findings| findings.len() > 3));
}

#[test]
fn a_configuration_that_cannot_be_read_and_a_database_that_is_away_are_told_too() {
    let folder = tempfile::tempdir().expect("folder");
    let run = |variables: &[(&str, &str)]| {
        let path = folder.path().join("bundle.tar.gz");
        let output = binary()
            .args(["support", "bundle", "--output"])
            .arg(&path)
            .current_dir(folder.path())
            .env("CIVIC_OS_DATA_DIR", folder.path())
            .env("CIVIC_OS_ADMIN__LISTEN", "127.0.0.1:1")
            .envs(variables.iter().copied())
            .output()
            .expect("run");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        unpack(&path)
    };
    let parts = run(&[("CIVIC_OS_WEB__LISTEN", "nonsense")]);
    assert!(parts["configuration.txt"].contains("web.listen"), "{parts:?}");
    let parts = run(&[("PGRST_DB_URI", "postgres://u:QJ7SECRET@127.0.0.1:1/x")]);
    for name in ["database.json", "queue.json", "migrations.json"] {
        assert!(parts[name].contains("error"), "{name}: {}", parts[name]);
    }
    assert!(parts["ready.txt"].contains("does not answer"));
    assert!(!format!("{parts:?}").contains("QJ7SECRET"));
}
