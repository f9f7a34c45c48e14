//! The private PostgreSQL.

use crate::support::TestDatabase;
use civic_os::cluster::{BinarySearch, Cluster, ClusterError, ClusterOptions, ClusterStep, Durability};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// A folder that PostgreSQL's user may enter even when the tests run as root.
fn folder() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
    folder
}

fn options(folder: &Path) -> ClusterOptions {
    ClusterOptions { durability: Durability::None, ..ClusterOptions::new(folder) }
}

async fn query(url: &civic_os::config::Secret, sql: &str) -> Result<String, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url.expose().expect("URL"), tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client.query_one(sql, &[]).await?.get(0))
}

#[tokio::test]
async fn keeps_data_and_logins_over_a_restart() {
    let folder = folder();
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&steps);
    let progress = Arc::new(move |step| seen.lock().expect("steps").push(step));
    let options = ClusterOptions { progress, ..options(folder.path()) };

    let cluster = Cluster::start(options.clone()).await.expect("first start");
    query(&cluster.owner_url(), "select current_user::text").await.expect("owner over the socket");
    let (client, connection) =
        tokio_postgres::connect(cluster.owner_tcp_url().expose().expect("URL"), tokio_postgres::NoTls)
            .await
            .expect("owner over TCP");
    tokio::spawn(connection);
    client.batch_execute("create table kept as select 'kept'::text as word").await.expect("create a table");
    assert_eq!(
        query(&cluster.authenticator_url(), "select current_user::text").await.expect("pool's login"),
        "authenticator"
    );
    query(&cluster.authenticator_url(), "select word from kept").await.expect_err("the login by itself sees nothing");
    cluster.stop().await.expect("stop");

    let first: Vec<ClusterStep> = std::mem::take(&mut steps.lock().expect("steps"));
    assert!(first.contains(&ClusterStep::Initialising), "{first:?}");
    let cluster = Cluster::start(options).await.expect("second start");
    let second = steps.lock().expect("steps").clone();
    assert!(!second.contains(&ClusterStep::Initialising), "{second:?}");
    assert_eq!(query(&cluster.owner_url(), "select word from kept").await.expect("data"), "kept");
    query(&cluster.authenticator_url(), "select current_user::text").await.expect("pool's login, again");
    cluster.stop().await.expect("stop");
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let folder = folder();
    let cluster = Cluster::start(options(folder.path())).await.expect("start");
    let url = cluster.owner_url().expose().expect("URL").to_owned();
    let password = std::fs::read_to_string(folder.path().join("secrets/owner.password")).expect("password");
    let error =
        query(&civic_os::config::Secret::new(url.replace(&password, "wrong")), "select ''").await.expect_err("refused");
    assert_eq!(error.code().map(|code| code.code()), Some("28P01"));
    cluster.stop().await.expect("stop");
}

#[tokio::test]
async fn secrets_are_private() {
    use std::os::unix::fs::MetadataExt;
    let folder = folder();
    let cluster = Cluster::start(options(folder.path())).await.expect("start");
    for name in ["secrets/owner.password", "secrets/authenticator.password", "postgres.log"] {
        let mode = std::fs::metadata(folder.path().join(name)).expect(name).mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
    assert!(!folder.path().join("postgres.new.password").exists());
    let password = std::fs::read_to_string(folder.path().join("secrets/authenticator.password")).expect("password");
    let log = std::fs::read_to_string(cluster.log_file()).expect("log");
    assert!(!log.contains(&password), "a password in the log");
    cluster.stop().await.expect("stop");
}

#[tokio::test]
async fn one_process_at_a_time() {
    let folder = folder();
    let cluster = Cluster::start(options(folder.path())).await.expect("start");
    let error = Cluster::start(options(folder.path())).await.expect_err("second");
    assert!(matches!(&error, ClusterError::InUse { pid, .. } if *pid == std::process::id().to_string()), "{error}");
    cluster.stop().await.expect("stop");
}

#[tokio::test]
async fn without_binaries_it_says_what_to_install() {
    let folder = folder();
    let options = ClusterOptions {
        binaries: BinarySearch::folders([PathBuf::from("/nonexistent/bin")]),
        ..options(folder.path())
    };
    let error = Cluster::start(options).await.expect_err("no binaries");
    let message = error.to_string();
    assert!(message.contains("/nonexistent/bin") && message.contains("apt-get install postgresql"), "{message}");
    assert!(!folder.path().join("postgres").exists());
}

#[tokio::test]
async fn a_database_of_another_version_is_left_alone() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("postgres")).expect("folder");
    std::fs::write(folder.path().join("postgres/PG_VERSION"), "99\n").expect("version");
    let error = Cluster::start(options(folder.path())).await.expect_err("99");
    let message = error.to_string();
    assert!(message.contains("PostgreSQL 99") && message.contains("--reset"), "{message}");
    assert_eq!(std::fs::read_to_string(folder.path().join("postgres/PG_VERSION")).expect("version"), "99\n");
}

#[tokio::test]
async fn an_unwritable_folder_is_named() {
    // A file in the way stops even root.
    let folder = folder();
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("file");
    let error = Cluster::start(options(&file.join("data"))).await.expect_err("not writable");
    let message = error.to_string();
    assert!(matches!(error, ClusterError::NotWritable { .. }), "{message}");
    assert!(message.contains("--data-dir") && message.contains("file/data"), "{message}");
}

#[tokio::test]
async fn an_interrupted_creation_is_repeated() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("postgres.new")).expect("folder");
    std::fs::write(folder.path().join("postgres.new/PG_VERSION"), "15\n").expect("version");
    let cluster = Cluster::start(options(folder.path())).await.expect("start");
    assert_eq!(query(&cluster.owner_url(), "select 'there'::text").await.expect("query"), "there");
    cluster.stop().await.expect("stop");
}

/// A copy of the distribution's PostgreSQL whose PostGIS is missing: the programs find their files relative to
/// themselves. None where PostgreSQL is laid out in another way than Debian's.
fn without_postgis(prefix: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::symlink;
    let system = Path::new("/usr/lib/postgresql");
    let versions = std::fs::read_dir(system).ok()?.flatten();
    let version = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max()?.to_string();
    let link_all = |from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool| {
        std::fs::create_dir_all(to).expect("folder");
        for entry in std::fs::read_dir(from).expect("folder").flatten() {
            let name = entry.file_name();
            if wanted(&name.to_string_lossy()) {
                symlink(entry.path(), to.join(&name)).expect("link");
            }
        }
    };
    let bin = prefix.join("usr/lib/postgresql").join(&version).join("bin");
    std::fs::create_dir_all(&bin).ok()?;
    for program in ["initdb", "postgres"] {
        std::fs::copy(system.join(&version).join("bin").join(program), bin.join(program)).ok()?;
    }
    symlink(system.join(&version).join("lib"), bin.with_file_name("lib")).ok()?;
    let share = Path::new("/usr/share/postgresql").join(&version);
    let copy = prefix.join("usr/share/postgresql").join(&version);
    link_all(&share, &copy, &|name| name != "extension");
    link_all(&share.join("extension"), &copy.join("extension"), &|name| !name.starts_with("postgis"));
    Some(bin)
}

#[tokio::test]
async fn without_postgis_it_says_what_to_install() {
    let folder = folder();
    let Some(bin) = without_postgis(folder.path()) else {
        println!("skipped: no PostgreSQL below /usr/lib/postgresql");
        return;
    };
    let options = ClusterOptions { binaries: BinarySearch::folders([bin]), ..options(&folder.path().join("data")) };
    let error = Cluster::start(options.clone()).await.expect_err("no PostGIS");
    let message = error.to_string();
    assert!(message.contains("no PostGIS") && message.contains("-postgis-3"), "{message}");

    let cluster = Cluster::start(ClusterOptions { require_postgis: false, ..options }).await.expect("without it");
    cluster.stop().await.expect("stop");
}

#[tokio::test]
async fn databases_of_tests_are_separate() {
    let (one, two) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    one.execute("create table only_here (id int)").await;
    let client = two.connect().await;
    let row = client.query_one("select to_regclass('only_here') is null", &[]).await.expect("query");
    assert!(row.get::<_, bool>(0));
    assert_ne!(one.name(), two.name());
    assert!(
        client.query_one("select count(*) > 0 from metadata.statuses limit 1", &[]).await.is_ok(),
        "the core schema is deployed"
    );
    let name = one.name().to_owned();
    drop(one);
    let row = client.query_one("select count(*) from pg_database where datname = $1", &[&name]).await.expect("query");
    assert_eq!(row.get::<_, i64>(0), 0, "dropped with its test");
}
