//! Behind a transaction pooler (Debian's PgBouncer, if it is installed).

use super::{open, prepared, run, value};
use crate::support::free_port;
use civic_os::config::{PreparedStatements, Secret};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) struct Pooler {
    process: Child,
    _folder: tempfile::TempDir,
    pub(crate) url: Secret,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// PgBouncer in transaction mode with two server connections, or `None` with the reason printed.
pub(crate) async fn pooler(database_url: &str) -> Option<Pooler> {
    let program =
        ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].into_iter().find(|path| std::path::Path::new(path).exists());
    let Some(program) = program else {
        // `./dev test --with pgbouncer` installs it and wants to see it used.
        assert!(std::env::var_os("CIVIC_OS_REQUIRE_PGBOUNCER").is_none(), "PgBouncer is not installed");
        eprintln!("skipped: PgBouncer is not installed");
        return None;
    };
    let url = url::Url::parse(database_url).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let users = folder.path().join("users");
    std::fs::write(&users, format!("\"{}\" \"{}\"\n", url.username(), url.password().unwrap_or_default())).unwrap();
    let configuration = folder.path().join("pgbouncer.ini");
    std::fs::write(
        &configuration,
        format!(
            "[databases]\n* = host={} port={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = plain\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 2\n",
            url.host_str().unwrap(),
            url.port().unwrap_or(5432),
            users.display(),
        ),
    )
    .unwrap();
    let mut command = Command::new(program);
    if nix::unistd::Uid::effective().is_root() {
        // It refuses to run as root.
        for path in [folder.path(), users.as_path(), configuration.as_path()] {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        command.args(["-u", "nobody"]);
    }
    let process = command.arg(&configuration).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut url = url;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(port)).unwrap();
    let pooler = Pooler { process, _folder: folder, url: Secret::new(url.as_str()) };
    for _ in 0..500 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some(pooler);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("PgBouncer does not answer");
}

#[tokio::test]
async fn auto_recognises_a_transaction_pooler_and_mixes_nothing_up() {
    let (database, direct) = prepared(|_| {}).await;
    assert_eq!(value(&direct, "select 1").await, "1");
    assert!(direct.names_statements(), "a direct connection is no pooler");
    let Some(pooler) = pooler(database.authenticator_url().expose().unwrap()).await else { return };
    let db = open(pooler.url.clone(), |options| options.pool_max = 8);
    assert_eq!(value(&db, "select 1").await, "1");
    assert!(!db.names_statements(), "PgBouncer is one");
    let tasks = (0..8).map(|task| {
        let db = db.clone();
        async move {
            for round in 0..50 {
                let sql = format!("select '{task}/{round}', current_user");
                let rows = run(&db, &sql).await.unwrap().rows;
                assert_eq!(
                    (rows[0].text(0), rows[0].text(1)),
                    (Some(format!("{task}/{round}").as_str()), Some("web_anon"))
                );
            }
        }
    });
    futures_util::future::join_all(tasks).await;
}

#[tokio::test]
async fn unnamed_never_names() {
    let (_database, db) = prepared(|options| {
        options.pool_max = 1;
        options.prepared_statements = PreparedStatements::Unnamed;
    })
    .await;
    for _ in 0..3 {
        assert_eq!(value(&db, "select count(*) from pg_prepared_statements").await, "0");
    }
}
