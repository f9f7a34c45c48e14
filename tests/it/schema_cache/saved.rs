//! A restart serves at once what the last process knew, and then what is true.

use crate::support::{TestApp, TestDatabase};

#[tokio::test]
async fn a_restart_serves_the_saved_snapshot_and_then_the_real_one() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("kept/schema-cache");
    let first = {
        let file = file.clone();
        TestApp::spawn(TestDatabase::create().await, move |config| config.api.schema_cache_file = Some(file)).await
    };
    assert!(file.exists());
    assert!(!first.log().contains("Serving the saved schema cache"), "there was none");
    let answer = first.get("/api/statuses?limit=1").send().await.expect("answer");
    assert_eq!(answer.status(), 200);
    let whole = std::fs::read(&file).expect("file");

    let database = first.database();
    // What the file does not know: the catalogue has the last word.
    database.execute("create table public.later (id int); grant select on public.later to web_anon").await;
    let again = async |spoil: &dyn Fn()| {
        spoil();
        let mut config = crate::support::test_config();
        config.database.url = database.authenticator_url();
        config.database.owner_url = database.owner_url();
        config.api.schema_cache_file = Some(file.clone());
        let mut app = TestApp::launch(&config, &["api"]);
        app.wait_until("/ready", |status| status == 200).await;
        loop {
            if app.get("/api/later").send().await.expect("answer").status() == 200 {
                break app.log();
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let log = again(&|| ()).await;
    assert!(log.contains("Serving the saved schema cache"), "{log}");
    let log = again(&|| std::fs::write(&file, &whole[..whole.len() / 2]).expect("write")).await;
    assert!(log.contains("is not used: it is damaged") && !log.contains("Serving the saved"), "{log}");
    let elsewhere = {
        let file = file.clone();
        TestApp::spawn(TestDatabase::create().await, move |config| config.api.schema_cache_file = Some(file)).await
    };
    let log = elsewhere.log();
    assert!(log.contains("is not used: it belongs to another version, database or list of schemas"), "{log}");
}
