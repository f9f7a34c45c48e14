//! Two installations on one database server: roles are shared, nothing else is. Neither takes the other's tokens or jobs, and one can go without the other.

use super::provider::{Browser, VERIFIER, challenge, client, encode};
use crate::support::{TestApp, TestDatabase, binary, test_config};
use civic_os::config::{Config, Secret};
use serde_json::Value;
use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "a password of this town";
/// Jobs that each of the two gets.
const JOBS: i64 = 20;

/// One installation: its database, its own table, its process.
struct Town {
    table: &'static str,
    database: TestDatabase,
    config: Config,
    app: TestApp,
}

/// A verb on a database, with an application's login for the pool.
fn verb(database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = binary();
    command
        .args(arguments)
        .env("CIVIC_OS_DATABASE__URL", database.authenticator_url().expose().expect("URL"))
        .env("CIVIC_OS_DATABASE__OWNER_URL", database.owner_url().expose().expect("URL"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn ended(child: Child, wanted: i32) -> Output {
    let output = child.wait_with_output().expect("output");
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    assert_eq!(output.status.code(), Some(wanted), "{}", String::from_utf8_lossy(&said));
    output
}

fn run(database: &TestDatabase, arguments: &[&str], wanted: i32) -> String {
    let output = ended(verb(database, arguments).spawn().expect("run"), wanted);
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

impl Town {
    async fn open(table: &'static str, database: TestDatabase) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let sql = format!(
            "create table public.{table} (id serial primary key, display_name text not null);
             alter table public.{table} enable row level security;
             create policy everybody on public.{table} for select to web_anon, authenticated using (true);
             grant select on public.{table} to web_anon, authenticated;
             insert into public.{table} (display_name) values ('one of ours');"
        );
        std::fs::write(folder.path().join("01_ours.sql"), sql).expect("application");
        run(&database, &["app", "apply", folder.path().to_str().expect("path")], 0);

        let mut config = test_config();
        config.database.url = database.authenticator_url();
        config.database.owner_url = database.owner_url();
        config.auth.jwt_secret = Secret::default();
        config.identity.enabled = true;
        config.web.public_url = Some(format!("http://{}", config.web.listen));
        let mut admin = verb(&database, &["users", "create-admin", "ann", "--email", "ann@town.example"])
            .env("CIVIC_OS_IDENTITY__ENABLED", "true")
            .env("CIVIC_OS_WEB__PUBLIC_URL", config.web.public_url.as_deref().expect("address"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("run");
        writeln!(admin.stdin.take().expect("stdin"), "{PASSWORD}").expect("password");
        ended(admin, 0);

        let mut app = TestApp::launch(&config, &["api", "worker"]);
        app.wait_until("/ready", |status| status == 200).await;
        Self { table, database, config, app }
    }

    /// An access token, by the pages of this installation.
    async fn sign_in(&self) -> String {
        let issuer = format!("{}/realms/civic-os", self.app.base_url);
        let (redirect, challenge) = (format!("{}/", self.app.base_url), challenge(VERIFIER));
        let asked = encode(&[
            ("client_id", "civic-os"),
            ("redirect_uri", &redirect),
            ("response_type", "code"),
            ("scope", "openid"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let mut browser = Browser::default();
        let page = browser.get(&format!("{issuer}/protocol/openid-connect/auth?{asked}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let form = page.form();
        let fields = [("form", form.as_str()), ("username", "ann"), ("password", PASSWORD)];
        let answer = browser.post(&format!("{issuer}/login-actions/authenticate"), &fields).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let form = encode(&[
            ("grant_type", "authorization_code"),
            ("client_id", "civic-os"),
            ("code", &answer.parameter("code")),
            ("redirect_uri", &redirect),
            ("code_verifier", VERIFIER),
        ]);
        let response = client().post(format!("{issuer}/protocol/openid-connect/token")).body(form).send().await;
        let tokens: Value = response.expect("answer").json().await.expect("JSON");
        tokens["access_token"].as_str().unwrap_or_else(|| panic!("{tokens}")).to_owned()
    }

    async fn status(&self, table: &str, token: Option<&str>) -> u16 {
        let mut request = self.app.get(&format!("/api/{table}"));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("answer").status().as_u16()
    }

    async fn number(&self, query: &str) -> i64 {
        self.database.connect().await.query_one(query, &[]).await.expect(query).get(0)
    }

    async fn enqueue(&self) {
        let sql = format!(
            "insert into metadata.river_job (kind, args, queue, max_attempts)
             select 'files_cleanup', '{{\"of\": \"{}\"}}', 'files_cleanup', 3 from generate_series(1, {JOBS});
             select pg_notify('metadata.river_insert', '{{\"queue\": \"files_cleanup\"}}')",
            self.table
        );
        self.database.execute(&sql).await;
    }

    /// Jobs of a table's town that are done here.
    async fn done(&self, of: &str) -> i64 {
        let ours = format!("from metadata.river_job where args ->> 'of' = '{of}'");
        self.number(&format!("select count(*) filter (where state = 'completed') {ours}")).await
    }

    async fn worked_off(&self, jobs: i64) {
        let limit = Instant::now() + Duration::from_secs(60);
        while self.done(self.table).await < jobs {
            assert!(Instant::now() < limit, "jobs wait for ever:\n{}", self.app.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The exit code and the text of `doctor` for the running process.
    fn doctor(&self) -> String {
        let file = self.app.folder().join("civic-os.toml");
        run(&self.database, &["doctor", "--role", "api,worker", "--config", file.to_str().expect("path")], 0)
    }
}

#[actix_web::test]
async fn two_towns_on_one_server_do_not_notice_each_other() {
    let (parks, boats) = (TestDatabase::empty().await, TestDatabase::empty().await);
    // Both at the same time: the shared roles are made once.
    let deploys =
        [&parks, &boats].map(|database| verb(database, &["migrate", "deploy", "--verify"]).spawn().expect("run"));
    for deploy in deploys {
        ended(deploy, 0);
    }
    let (parks, boats) = (Town::open("parks", parks).await, Town::open("boats", boats).await);

    // Each knows its own table and nobody else's.
    assert_eq!((parks.status("parks", None).await, parks.status("boats", None).await), (200, 404));
    assert_eq!((boats.status("boats", None).await, boats.status("parks", None).await), (200, 404));
    let (at_parks, at_boats) = (parks.sign_in().await, boats.sign_in().await);
    assert_eq!(
        (parks.status("parks", Some(&at_parks)).await, boats.status("boats", Some(&at_boats)).await),
        (200, 200)
    );
    assert_eq!(
        (parks.status("parks", Some(&at_boats)).await, boats.status("boats", Some(&at_parks)).await),
        (401, 401)
    );

    parks.enqueue().await;
    parks.worked_off(JOBS).await;
    boats.enqueue().await;
    boats.worked_off(JOBS).await;
    assert_eq!((parks.done("boats").await, boats.done("parks").await), (0, 0));
    let leaders = "select count(*) from metadata.river_leader";
    assert_eq!(
        (parks.number(leaders).await, boats.number(leaders).await),
        (1, 1),
        "each queue has a leader of its own"
    );

    for town in [&parks, &boats] {
        let report = town.doctor();
        assert!(report.contains(", 0 failed"), "{report}");
    }

    // One goes: it stops, its core is taken back, its database is dropped. The other goes on, rights and all.
    let Town { database, mut app, config, .. } = parks;
    app.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(app.ended().await.success(), "{}", app.log());
    database.execute("drop table public.parks").await;
    run(&database, &["migrate", "revert", "--to", "@ROOT", "-y", "--discard-data"], 0);
    assert_eq!(boats.status("boats", Some(&at_boats)).await, 200);
    run(&boats.database, &["migrate", "verify", "--full"], 0);
    drop((app, config, database));
    boats.enqueue().await;
    boats.worked_off(2 * JOBS).await;
    assert_eq!(boats.status("boats", Some(&boats.sign_in().await)).await, 200);
    boats.doctor();
}
