//! The real server as a child process, on free ports, with a configuration file of its own.

use super::TestDatabase;
use super::tokens;
use civic_os::cluster::end_with_parent;
use civic_os::config::{Config, LimitsConfig, Secret};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a server may take until it answers, on a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(20);

/// A running server; ended with this value.
pub(crate) struct TestApp {
    process: ServerProcess,
    http: reqwest::Client,
    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub(crate) base_url: String,
    /// The same for live, ready and metrics.
    pub(crate) admin_url: String,
    // Dropped after the process.
    database: Option<TestDatabase>,
}

impl TestApp {
    /// Starts `serve --role api` on a database and waits until it is ready. The closure changes the configuration.
    pub(crate) async fn spawn(database: TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        Self::spawn_roles(database, &["api"], change).await
    }

    /// The same on a database that others use too.
    pub(crate) async fn spawn_on(database: &TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = test_config();
        config.database.url = database.authenticator_url();
        config.database.owner_url = database.owner_url();
        change(&mut config);
        let mut app = Self::launch(&config, &["api"]);
        app.wait_until("/ready", |status| status == 200).await;
        app
    }

    /// The same for other roles.
    pub(crate) async fn spawn_roles(database: TestDatabase, roles: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let mut config = test_config();
        config.database.url = database.authenticator_url();
        config.database.owner_url = database.owner_url();
        change(&mut config);
        let mut app = Self::launch(&config, roles);
        app.database = Some(database);
        app.wait_until("/ready", |status| status == 200).await;
        app
    }

    /// Starts the server with exactly this configuration and does not wait for anything.
    pub(crate) fn launch(config: &Config, roles: &[&str]) -> Self {
        Self {
            process: ServerProcess::start(config, roles),
            http: http_client(),
            base_url: format!("http://{}", config.web.listen),
            admin_url: format!("http://{}", config.admin.listen),
            database: None,
        }
    }

    /// The test's database.
    pub(crate) fn database(&self) -> &TestDatabase {
        self.database.as_ref().expect("this server was started without a database of its own")
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A request to a path of the public listener.
    pub(crate) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url))
    }

    /// A GET of a path of the public listener.
    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.request(reqwest::Method::GET, path)
    }

    /// A token of a person with application roles.
    pub(crate) fn token_for(&self, name: &str, roles: &[&str]) -> String {
        tokens::sign(&tokens::claims(name, roles))
    }

    /// Process id of the server.
    pub(crate) fn pid(&self) -> u32 {
        self.process.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid().cast_signed()), signal).expect("signal the server");
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// The server's own folder; its configuration file is `civic-os.toml`.
    pub(crate) fn folder(&self) -> &Path {
        self.process.folder()
    }

    /// What the server logged so far.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Asks a path of the admin listener until its status is as wanted.
    pub(crate) async fn wait_until(&mut self, path: &str, wanted: impl Fn(u16) -> bool) {
        let url = format!("{}{path}", self.admin_url);
        let limit = Instant::now() + START_LIMIT;
        let mut last = "no answer".to_owned();
        while Instant::now() < limit {
            if let Some(status) = self.process.child.try_wait().expect("look at the server") {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            match self.http.get(&url).send().await {
                Ok(answer) if wanted(answer.status().as_u16()) => return,
                Ok(answer) => last = answer.status().to_string(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(LOOK).await;
        }
        panic!("{url} says {last} after {START_LIMIT:?}:\n{}", self.log());
    }
}

/// A configuration on free ports with the tests' key and nothing else set.
pub(crate) fn test_config() -> Config {
    let mut config = Config::default();
    config.web.listen = format!("127.0.0.1:{}", free_port());
    config.admin.listen = format!("127.0.0.1:{}", free_port());
    config.auth.jwt_secret = Secret::new(tokens::SECRET);
    config.log.level = "info".into();
    // One address asks for everything here; the limits have tests of their own.
    config.limits = LimitsConfig {
        sign_in: 0,
        anonymous_calls: 0,
        anonymous_writes: 0,
        writes: 0,
        uploads: 0,
        failing_webhooks: 0,
        held_bytes: None,
    };
    config
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).expect("free port").port()
}

/// A client without proxies.
pub(crate) fn http_client() -> reqwest::Client {
    // Fails when another test was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("HTTP client")
}

/// A `civic-os` process with its folder.
pub(crate) struct ServerProcess {
    child: Child,
    folder: TempDir,
}

impl ServerProcess {
    fn start(config: &Config, roles: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("civic-os.toml");
        let mut config = config.clone();
        config.data_dir.get_or_insert_with(|| folder.path().join("data"));
        std::fs::write(&file, config.to_toml()).expect("configuration file");
        let mut command = binary();
        command.arg("serve").arg("--config").arg(&file);
        for role in roles {
            command.args(["--role", role]);
        }
        let secrets = [
            ("CIVIC_OS_DATABASE__URL", &config.database.url),
            ("CIVIC_OS_DATABASE__OWNER_URL", &config.database.owner_url),
            ("CIVIC_OS_DATABASE__WORKER_URL", &config.database.worker_url),
            ("CIVIC_OS_DATABASE__LISTEN_URL", &config.database.listen_url),
            ("CIVIC_OS_DATABASE__READ_URL", &config.database.read_url),
            ("CIVIC_OS_TELEMETRY__OTLP_HEADERS", &config.telemetry.otlp_headers),
            ("CIVIC_OS_AUTH__JWT_SECRET", &config.auth.jwt_secret),
            ("CIVIC_OS_STORAGE__S3_ACCESS_KEY_ID", &config.storage.s3_access_key_id),
            ("CIVIC_OS_STORAGE__S3_SECRET_ACCESS_KEY", &config.storage.s3_secret_access_key),
            ("CIVIC_OS_PAYMENTS__STRIPE_API_KEY", &config.payments.stripe_api_key),
            ("CIVIC_OS_PAYMENTS__STRIPE_WEBHOOK_SECRET", &config.payments.stripe_webhook_secret),
            ("CIVIC_OS_NOTIFICATIONS__SMTP_PASSWORD", &config.notifications.smtp_password),
            ("CIVIC_OS_NOTIFICATIONS__FEEDBACK_SECRET", &config.notifications.feedback_secret),
            ("CIVIC_OS_NOTIFICATIONS__SMS_TOKEN", &config.notifications.sms_token),
        ];
        for (name, secret) in secrets {
            if let Some(text) = secret.expose() {
                command.env(name, text);
            }
        }
        Self::spawn(command, folder)
    }

    /// Starts a prepared command with its output in a file of the folder.
    pub(crate) fn spawn(command: Command, folder: TempDir) -> Self {
        Self::spawn_with(command, folder, Stdio::null())
    }

    /// The same with something as its standard input.
    pub(crate) fn spawn_with(mut command: Command, folder: TempDir, stdin: Stdio) -> Self {
        let log = File::create(folder.path().join("log")).expect("log");
        command.stdin(stdin).stdout(log.try_clone().expect("log")).stderr(log);
        end_with_parent(&mut command, Signal::SIGKILL);
        let child = command.spawn().expect("start the binary");
        Self { child, folder }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("signal the process");
    }

    /// Waits for the end of the process.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let limit = Instant::now() + START_LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("look at the process") {
                return status;
            }
            assert!(Instant::now() < limit, "the process does not end:\n{}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Waits until the output contains a text.
    pub(crate) async fn says(&mut self, text: &str) {
        let limit = Instant::now() + START_LIMIT;
        while !self.log().contains(text) {
            if let Some(status) = self.child.try_wait().expect("look at the process") {
                panic!("ended with {status} without saying '{text}':\n{}", self.log());
            }
            assert!(Instant::now() < limit, "does not say '{text}':\n{}", self.log());
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("── log of process {}\n{}", self.child.id(), self.log());
        }
    }
}

/// The binary under test, without the settings of whoever runs the tests.
pub(crate) fn binary() -> Command {
    let mut command = Command::new(binary_path());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("RUST_BACKTRACE", "1");
    command
}

/// The one that cargo built, or another that `./dev bench` names.
pub(crate) fn binary_path() -> PathBuf {
    std::env::var_os("CIVIC_OS_TEST_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_civic-os").into()).into()
}
