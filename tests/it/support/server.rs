//! The PostgreSQL server of the tests: given by `./dev test`, or started here once per process.

use civic_os::cluster::{Cluster, ClusterOptions, Durability};
use std::path::Path;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use url::Url;

/// Names the server that `./dev test` started, as a superuser.
const SERVER_VARIABLE: &str = "CIVIC_OS_TEST_DATABASE_URL";
const FOLDER_PREFIX: &str = "civic-os-test-";

/// A server on which tests may create databases and roles.
pub(crate) struct TestServer {
    url: Url,
    // A static is never dropped: the server ends because its parent does.
    _cluster: Option<Cluster>,
}

/// The server of this test process.
pub(crate) async fn server() -> &'static TestServer {
    static SERVER: OnceCell<TestServer> = OnceCell::const_new();
    SERVER.get_or_init(TestServer::find_or_start).await
}

impl TestServer {
    async fn find_or_start() -> Self {
        let server = match std::env::var(SERVER_VARIABLE).ok().filter(|url| !url.is_empty()) {
            Some(url) => Self { url: Url::parse(&url).expect(SERVER_VARIABLE), _cluster: None },
            None => Self::start().await,
        };
        server.drop_leftover_databases().await;
        server
    }

    async fn start() -> Self {
        let parent = std::env::temp_dir();
        remove_leftover_folders(&parent);
        let folder = parent.join(format!("{FOLDER_PREFIX}{}", std::process::id()));
        let options =
            ClusterOptions { durability: Durability::None, max_connections: 200, ..ClusterOptions::new(folder) };
        let cluster = Cluster::start(options).await.unwrap_or_else(|error| panic!("{error}"));
        let url = Url::parse(cluster.owner_tcp_url().expose().expect("URL")).expect("URL");
        Self { url, _cluster: Some(cluster) }
    }

    /// The superuser's URL of a database.
    pub(crate) fn owner_url(&self, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.to_string()
    }

    /// The URL of another login, whose password is the owner's (see `database::prepare_roles`).
    pub(crate) fn login_url(&self, role: &str, database: &str) -> String {
        let mut url = self.url.clone();
        url.set_path(database);
        url.set_username(role).expect("URL with a host");
        url.to_string()
    }

    pub(crate) fn password(&self) -> &str {
        self.url.password().unwrap_or_default()
    }

    /// A superuser's connection outside any test's database.
    pub(crate) async fn connect(&self) -> Client {
        connect(&self.owner_url("postgres")).await
    }

    /// Databases of test processes that are gone.
    async fn drop_leftover_databases(&self) {
        let client = self.connect().await;
        let rows = client
            .query("select datname::text from pg_database where datname like 'civic\\_os\\_test\\_%'", &[])
            .await
            .expect("list databases");
        for name in rows.iter().map(|row| row.get::<_, String>(0)) {
            let pid = name.trim_start_matches("civic_os_test_").split('_').next().unwrap_or_default();
            if !Path::new("/proc").join(pid).exists() {
                // Another test process may be sweeping too.
                let _ = client.batch_execute(&format!("drop database if exists \"{name}\" with (force)")).await;
            }
        }
    }
}

/// A connection whose driver runs on the calling test's runtime.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap_or_else(|error| panic!("{error}"));
    tokio::spawn(connection);
    client
}

/// Folders of test processes that are gone; the servers in them have ended with those processes.
fn remove_leftover_folders(parent: &Path) {
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(FOLDER_PREFIX)) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
