//! Ordinary owners on a server where nobody has made the shared roles yet: who may make and grant them is what PostgreSQL
//! 16 changed. The same walk runs on a server of its own here and, by `--with postgres-versions`, on 16 and 17.

use super::other_database;
use civic_os::cluster::{Cluster, ClusterOptions, Durability};
use civic_os::config::Secret;
use civic_os::migrate::{
    Currency, DeployOptions, Lack, MigrateError, RevertOptions, Silent, VerifyOptions, deploy, is_current, lacks,
    revert, verify,
};
use tokio_postgres::{Client, NoTls};

const SHARED_ROLES: &str = "'web_anon', 'authenticated', 'civic_os_worker', 'civic_os_payments', 'civic_os_identity'";

#[tokio::test]
async fn ordinary_owners_share_a_server_that_nobody_prepared() {
    let folder = tempfile::Builder::new().prefix("civic-os-fresh-").tempdir().unwrap();
    let options = ClusterOptions { durability: Durability::None, ..ClusterOptions::new(folder.path()) };
    let cluster = Cluster::start(options).await.unwrap();
    walk(&cluster.owner_tcp_url()).await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
#[ignore = "postgres-versions"]
async fn ordinary_owners_share_the_server_of_the_tests() {
    #[expect(clippy::disallowed_methods, reason = "the server that ./dev test started")]
    let url = std::env::var("CIVIC_OS_TEST_DATABASE_URL").expect("a server");
    walk(&Secret::new(url)).await;
}

/// A superuser's connection and what it makes for others.
struct Server {
    client: Client,
    url: Secret,
}

impl Server {
    async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// A database whose owner is an ordinary login; its URL.
    async fn owned(&self, name: &str, attributes: &str) -> Secret {
        self.run(&format!("create role {name}_owner login {attributes} password 'of-a-test'")).await;
        self.run(&format!("create database {name} owner {name}_owner")).await;
        let mut url = url::Url::parse(other_database(&self.url, name).expose().unwrap()).unwrap();
        url.set_username(&format!("{name}_owner")).unwrap();
        url.set_password(Some("of-a-test")).unwrap();
        Secret::new(url.to_string())
    }

    async fn count(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
    }

    async fn shared_roles(&self) -> i64 {
        self.count(&format!("select count(*) from pg_roles where rolname in ({SHARED_ROLES})")).await
    }
}

async fn healthy(url: &Secret) {
    let report = verify(url, VerifyOptions { full: true }).await.unwrap();
    assert!(report.is_healthy(), "{report:?}");
}

/// The only thing that the login lacks; a deploy says the same and does nothing.
async fn only_lack(url: &Secret) -> Lack {
    let mut found = lacks(url).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let error = deploy(url, &DeployOptions::default(), &Silent).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::Privileges { lacking, .. } if lacking.contains(&found[0].remedy)),
        "{error}"
    );
    found.swap_remove(0)
}

async fn walk(superuser: &Secret) {
    let (client, connection) = tokio_postgres::connect(superuser.expose().unwrap(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let server = Server { client, url: superuser.clone() };
    assert_eq!(server.shared_roles().await, 0, "nobody deployed here before");
    let version = server.count("select current_setting('server_version_num')::bigint").await;
    server.run("do $$ begin if exists (select from pg_roles where rolname = 'authenticator') then drop owned by authenticator; drop role authenticator; end if; end $$").await;

    // The login is missing: an error that prints the SQL, or one that is made.
    let one = server.owned("fresh_one", "createrole").await;
    let error = deploy(&one, &DeployOptions::default(), &Silent).await.unwrap_err();
    assert!(
        matches!(&error, MigrateError::NoAuthenticator { sql } if sql.contains("CREATE ROLE authenticator")),
        "{error}"
    );
    assert_eq!(server.shared_roles().await, 0);
    let options = DeployOptions {
        to: Some("03-timestamps-and-identifiers".into()),
        create_login: true,
        ..DeployOptions::default()
    };
    let report = deploy(&one, &options, &Silent).await.unwrap();
    let mut login = url::Url::parse(one.expose().unwrap()).unwrap();
    login.set_username("authenticator").unwrap();
    login.set_password(report.created_login_password.as_ref().unwrap().expose()).unwrap();
    let currency = is_current(&Secret::new(login.to_string())).await.unwrap();
    assert!(matches!(currency, Currency::Behind { .. }), "the login works: {currency:?}");
    let back = RevertOptions { to: "@ROOT".into(), ..RevertOptions::default() };
    revert(&one, &back, &Silent).await.unwrap();
    server.run("drop role web_anon; drop role authenticated").await;

    // Two owners at once: whoever comes second finds the roles.
    let two = server.owned("fresh_two", "createrole").await;
    let options = DeployOptions::default();
    let (first, second) = tokio::join!(deploy(&one, &options, &Silent), deploy(&two, &options, &Silent));
    for report in [first, second] {
        assert!(report.unwrap().deployed.len() > 15);
    }
    assert_eq!(server.shared_roles().await, 5);
    healthy(&one).await;
    healthy(&two).await;

    // Where the roles are ready, owning the database is enough.
    let three = server.owned("fresh_three", "").await;
    deploy(&three, &options, &Silent).await.unwrap();
    healthy(&three).await;

    // Where one is not, the deploy says so before its first change and not in the middle.
    for url in [&one, &two, &three] {
        revert(url, &back, &Silent).await.unwrap();
    }
    server.run("drop role civic_os_identity").await;
    let lack = only_lack(&three).await;
    assert_eq!(
        (lack.what.as_str(), lack.remedy.as_str()),
        ("cannot create the roles civic_os_identity", "ALTER ROLE \"fresh_three_owner\" CREATEROLE;")
    );
    server.run("create role civic_os_identity nologin").await;
    let lack = only_lack(&three).await;
    assert_eq!(lack.remedy, "GRANT civic_os_identity TO authenticator;");
    // CREATEROLE may grant any role up to 15, later only one's own.
    server.run("alter role fresh_three_owner createrole").await;
    if version >= 160_000 {
        assert_eq!(only_lack(&three).await, lack);
        server.run(&lack.remedy).await;
    }
    deploy(&three, &options, &Silent).await.unwrap();
    healthy(&three).await;

    for name in ["fresh_one", "fresh_two", "fresh_three"] {
        server.run(&format!("drop database {name} with (force)")).await;
    }
}
