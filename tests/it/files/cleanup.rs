//! The end of abandoned requests and of objects without a file.

use super::Desk;
use super::samples::jpeg;
use crate::store::{ACCESS_KEY, BUCKET, SECRET_KEY, TestStore, http};
use crate::support::{TestDatabase, binary};
use civic_os::files::{Cleanup, Records};
use std::io::{Read, Write};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn only_what_is_old_and_nobody_s_goes() {
    let desk = Desk::open().await;
    let kept = desk.upload("kept.jpg", "image/jpeg", jpeg(200, 100, None)).await;
    assert_eq!(desk.end(&kept).await.status, "completed");
    // An upload that nobody registered, and things in the bucket that are not uploads.
    let [_, url, orphan, _] = desk.request("orphan.jpg", "image/jpeg").await;
    http().put(&url).body("never registered").send().await.expect("an answer");
    let storage = desk.store.storage();
    storage.put(BUCKET, "backups/night.tar", b"not ours", "x/y").await.expect("written");
    let cleanup = Cleanup::new(Records::new(desk.db.clone()), Some(storage.clone()), 24 * HOUR);

    let young = cleanup.run(false).await.expect("cleaned");
    assert_eq!((young.requests, young.objects), (0, 0), "everything is young");

    // A day later, as far as the database knows; the store's clock is moved by writing the descriptions anew.
    desk.client
        .batch_execute("update metadata.file_upload_requests set created_at = now() - interval '2 days'")
        .await
        .expect("aged");
    let mut desk = desk;
    desk.age_objects().await;
    let storage = desk.store.storage();
    let cleanup = Cleanup::new(Records::new(desk.db.clone()), Some(storage.clone()), 24 * HOUR);
    let dry = cleanup.run(true).await.expect("looked");
    assert_eq!((dry.requests, dry.objects, dry.bytes, dry.dry_run), (2, 1, 16, true));
    assert_eq!(dry.keys, [format!("reports/7/{orphan}/original.jpg")]);
    let wet = cleanup.run(false).await.expect("cleaned");
    assert_eq!((wet.requests, wet.objects), (2, 1));
    let again = cleanup.run(false).await.expect("cleaned");
    assert_eq!((again.requests, again.objects), (0, 0));
    let (left, _) = storage.list(None).await.expect("a listing");
    let left: Vec<&str> = left.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(left.len(), 5, "{left:?}");
    assert!(left.contains(&"backups/night.tar") && left.iter().filter(|key| key.contains(&kept)).count() == 4);
    let requests = desk.owner("select count(*)::text from metadata.file_upload_requests").await;
    assert_eq!(requests, "0");
}

/// Gives this secret to whoever asks, as the agent of a container does; returns its address.
fn agent(secret: &str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}/role", listener.local_addr().expect("an address"));
    let body = format!(
        r#"{{"AccessKeyId":"{ACCESS_KEY}","SecretAccessKey":"{secret}","Token":"a token","Expiration":"2099-01-01T00:00:00Z"}}"#
    );
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut start = [0; 512];
            let _ = stream.read(&mut start);
            let length = body.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verb_works_with_keys_of_the_environment_and_of_the_machine() {
    let (database, store) = (TestDatabase::create().await, TestStore::start(false));
    let url = database.authenticator_url();
    let prune = |variables: &[(&str, &str)]| {
        let mut command = binary();
        command.args(["files", "prune", "--dry-run", "--json"]);
        command.env("CIVIC_OS_DATABASE__URL", url.expose().expect("a URL"));
        command.env("CIVIC_OS_STORAGE__S3_BUCKET", BUCKET).env("CIVIC_OS_STORAGE__S3_ENDPOINT", &store.endpoint);
        command.envs(variables.iter().copied());
        let output = tokio::task::block_in_place(|| command.output().expect("ended"));
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    const AGENT: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    for (what, variables, good) in [
        ("environment", &[("AWS_ACCESS_KEY_ID", ACCESS_KEY), ("AWS_SECRET_ACCESS_KEY", SECRET_KEY)][..], true),
        ("machine", &[(AGENT, &agent(SECRET_KEY))], true),
        ("another machine", &[(AGENT, &agent("another"))], false),
    ] {
        let (code, text) = prune(variables);
        assert_eq!(code == Some(0), good, "{what}: {code:?} {text}");
        assert!(text.contains(if good { "\"objects\": 0" } else { "SignatureDoesNotMatch" }), "{what}: {text}");
    }
}

impl Desk {
    /// Objects become three days old: the store is stopped, its descriptions are changed, and it starts again.
    async fn age_objects(&mut self) {
        self.queue.take().expect("working").stop(Duration::from_secs(5)).await;
        self.store.store.take().expect("running").stop(Duration::from_secs(5)).await;
        let keys = self.store.folder.path().join("buckets").join(BUCKET).join("keys");
        for folder in std::fs::read_dir(keys).expect("keys").flatten() {
            for file in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
                let text = std::fs::read_to_string(file.path()).expect("readable");
                let mut description: serde_json::Value = serde_json::from_str(&text).expect("JSON");
                let modified = description["modified"].as_i64().expect("a time") - 3 * 24 * 3_600_000_000;
                description["modified"] = modified.into();
                std::fs::write(file.path(), description.to_string()).expect("written");
            }
        }
        self.store.reopen().await;
    }
}
