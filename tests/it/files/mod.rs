//! Files from the request for an address to the thumbnails, through the real store and the real queue (WORKERS.md §10, checks 9 and 10).

mod bad_input;
mod bad_store;
mod cleanup;
mod crash;
mod foreign;
mod over_http;
mod samples;
mod thumbnails;
mod uploads;

use crate::store::{BUCKET, TestStore, http};
use crate::support::{TestDatabase, binary_path};
use civic_os::config::Secret;
use civic_os::db::{Db, DbOptions, Hub};
use civic_os::files::pictures::{Budget, PageRenderer, Painter};
use civic_os::files::{DrawThumbnails, Limits, Records, SignUpload, Storage, VerifyFile};
use civic_os::jobs::{JobQueue, QueueSettings, Registry, Store};
use std::time::{Duration, Instant};
use tokio_postgres::Client;

const ANNA: &str = "00000000-0000-4000-8000-00000000000a";
const LIMIT: Duration = Duration::from_secs(60);

/// A database, a store and a process that works on files.
struct Desk {
    database: TestDatabase,
    store: TestStore,
    client: Client,
    db: Db,
    /// Where the worker finds the database.
    url: Secret,
    queue: Option<JobQueue>,
    /// Bytes that a file may have.
    largest: u64,
}

/// A file's row and its newest job.
#[derive(Debug)]
struct State {
    status: String,
    error: String,
    size: i32,
    keys: Vec<String>,
    job: String,
}

fn painter() -> Painter {
    Painter::new(Budget::new(256 * 1024 * 1024), PageRenderer::new(binary_path(), Duration::from_secs(20)))
}

impl Desk {
    async fn open() -> Self {
        let store = TestStore::start(true);
        let storage = store.storage();
        Self::with(store, Some(storage)).await
    }

    async fn with(store: TestStore, storage: Option<Storage>) -> Self {
        let database = TestDatabase::create().await;
        let url = database.authenticator_url();
        let db = Db::open(DbOptions { url: url.clone(), pool_max: 8, ..DbOptions::default() }).expect("a pool");
        let client = database.connect().await;
        client
            .batch_execute(&format!(
                "insert into metadata.civic_os_users (id, display_name) values ('{ANNA}', 'Anna');
                 create table public.reports (id int primary key, photo uuid references metadata.files (id), plan uuid references metadata.files (id));"
            ))
            .await
            .expect("prepared");
        let mut desk = Self { database, store, client, db, url, queue: None, largest: 6 * 1024 * 1024 };
        desk.work(storage);
        desk
    }

    /// Starts working with this store; a process that worked before is dropped like one that dies.
    fn work(&mut self, storage: Option<Storage>) {
        let records = Records::new(self.db.clone());
        let limits = Limits { largest: self.largest };
        let registry = Registry::new()
            .with(SignUpload::new(records.clone(), storage.clone(), limits))
            .with(DrawThumbnails::new(records.clone(), storage.clone(), painter(), limits))
            .with(VerifyFile::new(records, storage, limits));
        let hub = Hub::spawn(&self.url, "files test").expect("a listener");
        let settings = QueueSettings { beat: Duration::from_millis(300), ..QueueSettings::default() };
        let store = Store::new(self.db.clone());
        self.queue = Some(JobQueue::start(store, Some(hub), registry, vec!["worker".into()], settings));
    }

    /// One value, as the signed-in Anna.
    async fn anna(&self, sql: &str) -> Result<String, String> {
        let claims = format!(r#"{{"sub":"{ANNA}","role":"authenticated"}}"#);
        self.client
            .batch_execute(&format!("begin; set local role authenticated; set local request.jwt.claims = '{claims}'"))
            .await
            .expect("begun");
        let result = self.client.query_one(sql, &[]).await;
        self.client.batch_execute(if result.is_ok() { "commit" } else { "rollback" }).await.expect("ended");
        result
            .map(|row| row.get::<_, Option<String>>(0).unwrap_or_default())
            .map_err(|error| error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned()))
    }

    async fn owner(&self, sql: &str) -> String {
        let row = self.client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    async fn wait(&self, sql: &str, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let value = self.owner(sql).await;
            if wanted(&value) {
                return value;
            }
            assert!(started.elapsed() < LIMIT, "{sql} is still {value:?}");
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Status, address, file id and error of an upload request that has an end.
    async fn address(&self, request: &str) -> [String; 4] {
        let sql = format!(
            "select concat_ws('|', status, presigned_url, file_id, coalesce(error_message, '')) from metadata.file_upload_requests where id = '{request}'"
        );
        let end = self.wait(&sql, |value| !value.starts_with("pending")).await;
        let mut parts: Vec<String> = end.split('|').map(str::to_owned).collect();
        if parts.len() == 2 {
            parts = vec![parts[0].clone(), String::new(), String::new(), parts[1].clone()];
        }
        parts.try_into().expect("four values")
    }

    async fn request(&self, name: &str, file_type: &str) -> [String; 4] {
        let sql = format!("select public.request_upload_url('reports', '7', '{name}', '{file_type}')::text");
        let request = self.anna(&sql).await.expect("requested");
        self.address(&request).await
    }

    /// Registers a file as the web client does, with what it cuts out of the address.
    async fn register(
        &self,
        url: &str,
        file: &str,
        name: &str,
        file_type: &str,
        size: usize,
    ) -> Result<String, String> {
        let path = url.split('?').next().expect("a path");
        let key = path.split_once(&format!("/{BUCKET}/")).expect("path style").1;
        let status = if file_type.starts_with("image/") || file_type == "application/pdf" {
            "pending"
        } else {
            "not_applicable"
        };
        self.anna(&format!(
            "insert into files (id, entity_type, entity_id, file_name, file_type, file_size, s3_bucket, s3_original_key, thumbnail_status)
             values ('{file}', 'reports', '7', '{name}', '{file_type}', {size}, '{BUCKET}', '{key}', '{status}') returning id::text"
        ))
        .await
    }

    /// The whole way of an upload; returns the file's id.
    async fn upload(&self, name: &str, file_type: &str, bytes: Vec<u8>) -> String {
        let [status, url, file, error] = self.request(name, file_type).await;
        assert_eq!(status, "completed", "{error}");
        let size = bytes.len();
        let answer = http().put(&url).header("content-type", file_type).body(bytes).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        self.register(&url, &file, name, file_type, size).await.expect("registered")
    }

    /// The file's row when its job has come to an end.
    async fn end(&self, file: &str) -> State {
        self.state_when(file, |job| matches!(job, "completed" | "discarded" | "cancelled")).await
    }

    async fn state_when(&self, file: &str, wanted: impl Fn(&str) -> bool) -> State {
        let job = format!(
            "select coalesce((select state::text from metadata.river_job where args ->> 'file_id' = '{file}' order by id desc limit 1), '')"
        );
        let job = self.wait(&job, wanted).await;
        let row = self
            .client
            .query_one(
                "select coalesce(thumbnail_status, ''), coalesce(thumbnail_error, ''), file_size,
                   array_remove(array[s3_thumbnail_small_key, s3_thumbnail_medium_key, s3_thumbnail_large_key], null) from metadata.files where id::text = $1",
                &[&file],
            )
            .await
            .expect("the file");
        State { status: row.get(0), error: row.get(1), size: row.get(2), keys: row.get(3), job }
    }

    /// Lets retries happen now instead of after seconds to hours.
    async fn hurry(&self) {
        let sql = "update metadata.river_job set state = 'available', scheduled_at = now() where state in ('retryable', 'available', 'scheduled')";
        self.client.batch_execute(sql).await.expect("hurried");
    }
}
