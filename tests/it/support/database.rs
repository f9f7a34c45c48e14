//! A database per test, cloned from a template that carries the core schema and, if wanted, an example application.

use super::server::{TestServer, connect, server};
use civic_os::cluster::AUTHENTICATOR_ROLE;
use civic_os::config::Secret;
use civic_os::migrate::{self, ApplyOptions, DeployOptions, Silent};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::Client;

/// Key of the advisory lock under which templates and roles are made: one builder on the whole server.
const TEMPLATE_LOCK: i64 = 0x0c17_1c05;

/// A database of one test; dropped with this value.
pub(crate) struct TestDatabase {
    server: &'static TestServer,
    name: String,
}

impl TestDatabase {
    /// With the core schema deployed.
    pub(crate) async fn create() -> Self {
        let server = server().await;
        let template = template(server, None).await;
        Self::from_template(server, &template).await
    }

    /// With the core schema and `examples/<name>` applied.
    pub(crate) async fn with_example(name: &str) -> Self {
        let server = server().await;
        let template = template(server, Some(name)).await;
        Self::from_template(server, &template).await
    }

    /// Without anything; the pool's login exists (roles belong to the server).
    pub(crate) async fn empty() -> Self {
        let server = server().await;
        prepare_roles(server).await;
        Self::from_template(server, "template0").await
    }

    async fn from_template(server: &'static TestServer, template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("civic_os_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let client = server.connect().await;
        client
            .batch_execute(&format!("create database {name} template {template} strategy wal_log"))
            .await
            .unwrap_or_else(|error| panic!("could not clone {template}: {error:?}"));
        Self { server, name }
    }

    /// Name of the database.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// URL of the owner, a superuser.
    pub(crate) fn owner_url(&self) -> Secret {
        Secret::new(self.server.owner_url(&self.name))
    }

    /// URL of the pool's login.
    pub(crate) fn authenticator_url(&self) -> Secret {
        self.login_url(AUTHENTICATOR_ROLE)
    }

    /// URL of a login that the test made with [`TestDatabase::password`].
    pub(crate) fn login_url(&self, role: &str) -> Secret {
        Secret::new(self.server.login_url(role, &self.name))
    }

    /// Password of all of the server's logins.
    pub(crate) fn password(&self) -> &str {
        self.server.password()
    }

    /// The owner's connection, driven by the test's runtime.
    pub(crate) async fn connect(&self) -> Client {
        connect(&self.server.owner_url(&self.name)).await
    }

    /// Runs SQL as the owner.
    pub(crate) async fn execute(&self, sql: &str) {
        self.connect().await.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let url = self.server.owner_url("postgres");
        let statement = format!("drop database if exists {} with (force)", self.name);
        // The test's runtime is busy dropping us, so another thread with a runtime of its own does it.
        let _ = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async {
                let client = connect(&url).await;
                if let Err(error) = client.batch_execute(&statement).await {
                    eprintln!("{statement}: {error:?}");
                }
            });
        })
        .join();
    }
}

/// The pool's login, made once per server.
async fn prepare_roles(server: &TestServer) {
    let client = server.connect().await;
    locked(&client, async || create_login(&client, server).await).await;
}

async fn create_login(client: &Client, server: &TestServer) {
    let sql = format!(
        "do $$ begin
           if not exists (select from pg_roles where rolname = '{AUTHENTICATOR_ROLE}') then
             create role {AUTHENTICATOR_ROLE} login noinherit;
           end if;
         end $$;
         alter role {AUTHENTICATOR_ROLE} password '{}'",
        server.password().replace('\'', "''")
    );
    client.batch_execute(&sql).await.expect("create the pool's login");
}

/// Builds the template unless the server has it; returns its name.
async fn template(server: &TestServer, example: Option<&str>) -> String {
    let name = template_name(example);
    let client = server.connect().await;
    locked(&client, async || {
        let exists = "select from pg_database where datname = $1 and datistemplate";
        if client.query_opt(exists, &[&name]).await.expect("look for the template").is_some() {
            return;
        }
        create_login(&client, server).await;
        // One without the mark is the remains of a builder that died.
        let run = async |sql: String| client.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        run(format!("drop database if exists {name} with (force)")).await;
        run(format!("create database {name} template template0")).await;
        fill(&Secret::new(server.owner_url(&name)), example).await;
        run(format!("alter database {name} with is_template true allow_connections false")).await;
    })
    .await;
    name
}

async fn locked(client: &Client, work: impl AsyncFnOnce()) {
    client.execute("select pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.expect("take the template's lock");
    work().await;
    client.execute("select pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await.expect("release the template's lock");
}

/// Deploys the core and applies the example.
async fn fill(owner_url: &Secret, example: Option<&str>) {
    migrate::deploy(owner_url, &DeployOptions::default(), &Silent).await.expect("deploy the core");
    if let Some(example) = example {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        migrate::apply_application(owner_url, &folder, ApplyOptions::default(), &Silent)
            .await
            .unwrap_or_else(|error| panic!("{example}: {error}"));
    }
}

/// Content decides: a changed migration or example makes another template.
fn template_name(example: Option<&str>) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("migrations")];
    folders.extend(example.map(|name| root.join("examples").join(name)));
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.strip_prefix(root).unwrap_or(&file).to_string_lossy().as_bytes());
        hash.update(std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    }
    let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    match example {
        Some(example) => format!("civic_os_template_{}_{digest}", example.replace('-', "_")),
        None => format!("civic_os_template_{digest}"),
    }
}
