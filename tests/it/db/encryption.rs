//! `sslmode` as libpq means it, against a server with a certificate of a private authority.

use super::open;
use civic_os::cluster::{Cluster, ClusterOptions, Durability};
use civic_os::config::Secret;
use civic_os::db::{Db, DbError, Lane, Statement, connect_direct};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

const ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

/// An authority, a certificate for `localhost`, and an authority that nobody asked; `false` without openssl.
fn make_certificates(folder: &Path) -> bool {
    let script = "set -e
        key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
        openssl req -x509 $key -keyout ca.key -out ca.crt -subj /CN=authority -days 2
        openssl req -x509 $key -keyout other.key -out other.crt -subj /CN=other -days 2
        openssl req $key -keyout server.key -out server.csr -subj /CN=localhost
        echo subjectAltName=DNS:localhost > names
        openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 2 -extfile names";
    Command::new("sh").args(["-c", script]).current_dir(folder).output().is_ok_and(|output| output.status.success())
}

async fn is_encrypted(url: &str) -> Result<bool, DbError> {
    let direct: bool = connect_direct(&Secret::new(url)).await?.query_one(ENCRYPTED, &[]).await?.get(0);
    let db: Db = open(Secret::new(url), |_| {});
    let statement = Statement { sql: ENCRYPTED, params: &[], reusable: false };
    let rows = db.snapshot(Lane::System, &[], &[statement]).await?;
    let pooled = rows[0][0].text(0) == Some("t");
    assert_eq!(direct, pooled, "pool and direct connections agree");
    Ok(pooled)
}

#[tokio::test]
async fn sslmode_means_what_libpq_means() {
    let folder = tempfile::tempdir().unwrap();
    if !make_certificates(folder.path()) {
        eprintln!("skipped: openssl is not installed");
        return;
    }
    let data = folder.path().join("cluster");
    let options = ClusterOptions { durability: Durability::None, require_postgis: false, ..ClusterOptions::new(&data) };
    let cluster = Cluster::start(options).await.unwrap();
    let url = url::Url::parse(cluster.owner_tcp_url().expose().unwrap()).unwrap();
    let with = |host: &str, query: &str| {
        let mut url = url.clone();
        url.set_host(Some(host)).unwrap();
        url.set_query(Some(query));
        url.to_string()
    };
    assert!(!is_encrypted(&with("127.0.0.1", "sslmode=prefer")).await.unwrap(), "the server offers none yet");
    assert!(is_encrypted(&with("127.0.0.1", "sslmode=require")).await.unwrap_err().is_unreachable());

    let owner = connect_direct(&Secret::new(url.as_str())).await.unwrap();
    let home: String = owner.query_one("show data_directory", &[]).await.unwrap().get(0);
    let account = std::fs::metadata(&home).unwrap();
    for name in ["server.crt", "server.key"] {
        let path = Path::new(&home).join(name);
        std::fs::copy(folder.path().join(name), &path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&path, Some(account.uid()), Some(account.gid())).unwrap();
    }
    owner.batch_execute("alter system set ssl = on").await.unwrap();
    owner.execute("select pg_reload_conf()", &[]).await.unwrap();
    // The postmaster reloads when it gets to it; new sessions tell.
    while !is_encrypted(&with("127.0.0.1", "sslmode=prefer")).await.unwrap() {
        tokio::task::yield_now().await;
    }
    let root = format!("&sslrootcert={}", folder.path().join("ca.crt").display());
    let other = format!("&sslrootcert={}", folder.path().join("other.crt").display());
    assert!(!is_encrypted(&with("127.0.0.1", "sslmode=disable")).await.unwrap());
    assert!(!is_encrypted(&with("127.0.0.1", "sslmode=allow")).await.unwrap());
    assert!(is_encrypted(&with("127.0.0.1", "sslmode=require")).await.unwrap());
    assert!(is_encrypted(&with("127.0.0.1", &format!("sslmode=verify-ca{root}"))).await.unwrap());
    assert!(is_encrypted(&with("localhost", &format!("sslmode=verify-full{root}"))).await.unwrap());
    for (host, query) in [
        ("127.0.0.1", format!("sslmode=verify-full{root}")),
        ("localhost", format!("sslmode=verify-full{other}")),
        ("localhost", format!("sslmode=verify-ca{other}")),
        ("localhost", format!("sslmode=require{other}")),
        ("localhost", "sslmode=verify-full".to_owned()),
    ] {
        let error = is_encrypted(&with(host, &query)).await.unwrap_err();
        assert!(error.is_unreachable(), "{host} {query}: {error}");
    }
    let missing = is_encrypted(&with("localhost", "sslmode=verify-full&sslrootcert=/nowhere.crt")).await;
    assert!(matches!(missing, Err(DbError::Tls(_))));
    cluster.stop().await.unwrap();
}
