//! The embedded store as its users meet it: addresses, ranges, CORS, refusals, durability. boto3 does the same and more in `./dev test --with store`.

use civic_os::config::Secret;
use civic_os::files::{Permission, Presigner, SigningKey, Storage, StorageError, StorageOptions};
use civic_os::store::{ObjectStore, StoreCredentials, StoreOptions};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;
use time::OffsetDateTime;
use url::Url;

pub(crate) const ACCESS_KEY: &str = "TESTTESTTESTTESTTEST";
pub(crate) const SECRET_KEY: &str = "a-secret-for-tests-only-a-secret-for-tests-only";
pub(crate) const BUCKET: &str = "civic-os-files";

/// A running store.
pub(crate) struct TestStore {
    pub(crate) store: Option<ObjectStore>,
    pub(crate) endpoint: String,
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn options(folder: &Path, public: bool) -> StoreOptions {
    StoreOptions {
        folder: folder.to_owned(),
        credentials: StoreCredentials { access_key_id: ACCESS_KEY.into(), secret_access_key: Secret::new(SECRET_KEY) },
        buckets: vec![BUCKET.into()],
        public,
        largest_object: 8 * 1024 * 1024,
    }
}

impl TestStore {
    pub(crate) fn start(public: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let store = ObjectStore::start(options(folder.path(), public), vec![listener]).expect("a store");
        Self { store: Some(store), endpoint, folder }
    }

    /// Starts again on the same folder. The last connection lets go of it a moment after its answer.
    pub(crate) async fn reopen(&mut self) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        self.endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let listener = listener.try_clone().expect("cloned");
            match ObjectStore::start(options(self.folder.path(), true), vec![listener]) {
                Ok(running) => {
                    self.store = Some(running);
                    return;
                }
                Err(civic_os::store::StoreError::InUse { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error:?}"),
            }
        }
        panic!("the folder is not free again");
    }

    pub(crate) fn storage_options(&self) -> StorageOptions {
        StorageOptions {
            bucket: BUCKET.into(),
            region: "us-east-1".into(),
            endpoint: Some(self.endpoint.clone()),
            public_endpoint: None,
            access_key_id: Secret::new(ACCESS_KEY),
            secret_access_key: Secret::new(SECRET_KEY),
        }
    }

    pub(crate) fn storage(&self) -> Storage {
        Storage::new(self.storage_options()).expect("access")
    }

    /// Makes a bucket in the running store.
    pub(crate) async fn create_bucket(&self, name: &str) {
        let credentials = s3::creds::Credentials::new(Some(ACCESS_KEY), Some(SECRET_KEY), None, None, None);
        let region = s3::Region::Custom { region: "us-east-1".into(), endpoint: self.endpoint.clone() };
        let private = s3::BucketConfiguration::default();
        let made = s3::Bucket::create_with_path_style(name, region, credentials.expect("a key"), private).await;
        assert!(made.expect("an answer").success(), "no bucket {name}");
    }

    fn url(&self, key: &str) -> String {
        format!("{}/{BUCKET}/{key}", self.endpoint)
    }
}

pub(crate) fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

#[tokio::test]
async fn objects_are_written_read_listed_and_deleted() {
    let store = TestStore::start(true);
    let storage = store.storage();
    let longest = "ü/".repeat(341);
    for key in ["a/b c/ü+&=.png", "a/b", "a/b/c", &longest] {
        storage.put(BUCKET, key, key.as_bytes(), "text/plain").await.unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(storage.get(BUCKET, key).await.expect("readable").as_ref(), key.as_bytes(), "{key}");
        assert_eq!(storage.head(BUCKET, key).await.expect("there").size, key.len() as u64);
    }
    assert_eq!(storage.get_start(BUCKET, "a/b/c", 2).await.expect("a range").as_ref(), b"a/");
    let (listed, next) = storage.list(None).await.expect("a listing");
    assert_eq!((listed.len(), next), (4, None));
    storage.delete(BUCKET, "a/b").await.expect("deleted");
    storage.delete(BUCKET, "a/b").await.expect("deleted already");
    assert!(matches!(storage.head(BUCKET, "a/b").await, Err(StorageError::NotFound { .. })));
    let elsewhere = storage.get("other-bucket", "a/b").await.expect_err("no such bucket");
    assert_eq!(elsewhere.code(), Some("NoSuchBucket"), "{elsewhere}");
}

#[tokio::test]
async fn check_9_an_address_takes_any_type_unless_it_is_bound() {
    let store = TestStore::start(true);
    let (storage, http) = (store.storage(), http());
    let minutes = Duration::from_secs(900);
    let url = storage.presign_put("t/1/x/original.png", minutes, None).await.expect("signed");
    for part in
        ["/civic-os-files/t/1/x/original.png?", "X-Amz-Expires=900", "X-Amz-SignedHeaders=host&", "x-id=PutObject"]
    {
        assert!(url.contains(part), "{part} in {url}");
    }
    for content_type in ["image/png", "text/html", "x/y"] {
        let answer = http.put(&url).header("content-type", content_type).body("12345").send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{content_type}");
    }

    let url = storage.presign_put("t/1/y/original.png", minutes, Some(("image/png", 5))).await.expect("signed");
    let put = async |content_type: &str, body: &'static str| {
        http.put(&url).header("content-type", content_type).body(body).send().await.expect("an answer").status()
    };
    assert_eq!(put("image/png", "123456").await, 403, "another size");
    assert_eq!(put("text/html", "12345").await, 403, "another type");
    assert!(storage.head(BUCKET, "t/1/y/original.png").await.is_err());
    assert_eq!(put("image/png", "12345").await, 200);

    let large = storage.presign_put("t/1/z/original.png", minutes, None).await.expect("signed");
    let answer = http.put(&large).body(vec![0_u8; 8 * 1024 * 1024 + 1]).send().await;
    assert!(answer.is_err() || answer.is_ok_and(|answer| answer.status() == 400), "above the limit");
    assert!(storage.head(BUCKET, "t/1/z/original.png").await.is_err());
}

#[tokio::test]
async fn wrong_signatures_and_old_addresses_are_refused() {
    let store = TestStore::start(false);
    let http = http();
    let presigner = Presigner::new(Url::parse(&store.endpoint).expect("a URL"), "us-east-1", BUCKET);
    let key = |secret: &str, id: &str| SigningKey {
        access_key_id: id.into(),
        secret_access_key: Secret::new(secret),
        session_token: None,
    };
    let permission =
        Permission { method: "PUT", key: "k", valid_for: Duration::from_secs(60), headers: &[], query: &[] };
    let now = OffsetDateTime::now_utc();
    let put = async |url: &str| {
        let answer = http.put(url).body("x").send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    let good = presigner.sign(&permission, &key(SECRET_KEY, ACCESS_KEY), now);
    assert_eq!(put(&good).await.0, 200);
    for (what, url, code) in [
        ("secret", presigner.sign(&permission, &key("another", ACCESS_KEY), now), "SignatureDoesNotMatch"),
        ("key", presigner.sign(&permission, &key(SECRET_KEY, "SOMEBODYELSE"), now), "InvalidAccessKeyId"),
        (
            "age",
            presigner.sign(&permission, &key(SECRET_KEY, ACCESS_KEY), now - time::Duration::minutes(5)),
            "AccessDenied",
        ),
        (
            "clock",
            presigner.sign(&permission, &key(SECRET_KEY, ACCESS_KEY), now + time::Duration::hours(2)),
            "RequestTimeTooSkewed",
        ),
        ("object", good.replace("/k?", "/other?"), "SignatureDoesNotMatch"),
        ("time", good.replace("X-Amz-Expires=60", "X-Amz-Expires=9999"), "SignatureDoesNotMatch"),
    ] {
        let (status, text) = put(&url).await;
        assert!(status == 403 && text.contains(&format!("<Code>{code}</Code>")), "{what}: {status} {text}");
    }
    let (status, text) = put(&store.url("k")).await;
    assert_eq!(status, 403, "unsigned: {text}");
    assert_eq!(http.get(good).send().await.expect("an answer").status(), 403, "an address to write does not read");
}

#[tokio::test]
async fn public_objects_need_no_signature_private_ones_do_and_nothing_is_listed() {
    for public in [true, false] {
        let store = TestStore::start(public);
        let (storage, http) = (store.storage(), http());
        storage.put(BUCKET, "t/1/p.html", b"<script>", "text/html").await.expect("written");
        let get = async |url: String| http.get(url).send().await.expect("an answer");
        let answer = get(store.url("t/1/p.html")).await;
        assert_eq!(answer.status(), if public { 200 } else { 403 });
        assert_eq!(get(format!("{}/{BUCKET}/", store.endpoint)).await.status(), 403, "a listing");
        assert_eq!(http.delete(store.url("t/1/p.html")).send().await.expect("an answer").status(), 403);

        let signed = storage
            .presign_get("t/1/p.html", Duration::from_secs(60), Some("Über \"uns\".html"))
            .await
            .expect("signed");
        let answer = get(signed).await;
        assert_eq!(answer.status(), 200);
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert!(
            header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")),
            "a page is disarmed"
        );
        let disposition = header("content-disposition").expect("a name");
        assert!(disposition.contains("filename*=UTF-8''%C3%9Cber"), "{disposition}");
    }
}

#[tokio::test]
async fn browsers_get_cors_ranges_and_conditions() {
    let store = TestStore::start(true);
    let (storage, http) = (store.storage(), http());
    storage.put(BUCKET, "k", b"0123456789", "image/png").await.expect("written");
    let preflight = http
        .request(reqwest::Method::OPTIONS, store.url("k"))
        .header("origin", "https://town.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "content-type")
        .send()
        .await
        .expect("an answer");
    assert_eq!(preflight.status(), 204);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "*");
    assert!(preflight.headers()["access-control-allow-methods"].to_str().expect("text").contains("PUT"));
    assert_eq!(preflight.headers()["access-control-allow-headers"], "content-type");

    let get = async |name: &str, value: &str| {
        http.get(store.url("k")).header("origin", "https://x").header(name, value).send().await.expect("an answer")
    };
    let part = get("range", "bytes=2-4").await;
    assert_eq!((part.status().as_u16(), part.headers()["content-range"].to_str().ok()), (206, Some("bytes 2-4/10")));
    assert_eq!(part.headers()["access-control-allow-origin"], "*");
    assert_eq!(part.text().await.expect("text"), "234");
    assert_eq!(get("range", "bytes=-3").await.text().await.expect("text"), "789");
    assert_eq!(get("range", "bytes=10-").await.status(), 416);
    let etag = get("x", "y").await.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(get("if-none-match", &etag).await.status(), 304);
    assert_eq!(get("if-match", "\"other\"").await.status(), 412);
}

#[tokio::test]
async fn objects_outlive_the_process_and_the_folder_has_one_owner() {
    let mut store = TestStore::start(true);
    store.storage().put(BUCKET, "k", b"kept", "text/plain").await.expect("written");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let second = ObjectStore::start(options(store.folder.path(), true), vec![listener]);
    assert!(second.is_err_and(|error| error.to_string().contains("another process")));
    store.store.take().expect("running").stop(Duration::from_secs(5)).await;

    store.reopen().await;
    assert_eq!(store.storage().get(BUCKET, "k").await.expect("readable").as_ref(), b"kept");
}

#[test]
fn a_generated_key_is_kept_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let first = StoreCredentials::load_or_create(folder.path()).expect("made");
    let second = StoreCredentials::load_or_create(folder.path()).expect("read");
    assert_eq!(first.access_key_id, second.access_key_id);
    assert_eq!(first.secret_access_key.expose(), second.secret_access_key.expose());
    let file = folder.path().join("credentials");
    let mode = std::fs::metadata(&file).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::write(&file, "something else").expect("written");
    assert!(StoreCredentials::load_or_create(folder.path()).is_err_and(|error| error.to_string().contains("key file")));
}
