//! Plain mode: `serve --role api --postgrest` with `PGRST_*` variables alone, on a database that never saw Civic OS.

use crate::support::{ServerProcess, TestDatabase, binary, free_port, http_client, tokens};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A server of this mode.
pub(super) struct Plain {
    process: ServerProcess,
    pub(super) http: reqwest::Client,
    pub(super) base: String,
    admin: String,
    role: String,
    database: TestDatabase,
}

/// One with roles that are made for this test alone.
async fn plain(more: &[(&str, &str)]) -> Plain {
    let database = TestDatabase::empty().await;
    let role = format!("plain_{}", database.name());
    database
        .execute(&format!(
            "create role {role}_login login noinherit password '{}'; create role {role}_anon; create role {role}_clerk;
             grant {role}_anon, {role}_clerk to {role}_login;
             grant usage on schema public to {role}_anon, {role}_clerk;
             create table public.letters (id int primary key, body text);
             insert into public.letters values (1, 'a');
             create table public.files (id int primary key);
             insert into public.files values (7);
             create function public.who() returns text language sql stable as $$ select current_user::text $$;
             create function public.claims() returns json language sql stable as $$
               select current_setting('request.jwt.claims')::json $$;
             grant select on public.letters to {role}_anon; grant select on public.files to {role}_clerk",
            database.password()
        ))
        .await;
    let (anon, login) = (format!("{role}_anon"), format!("{role}_login"));
    Plain::start(database, role, &login, &anon, more).await
}

impl Plain {
    /// Starts it with `PGRST_*` variables alone and waits until it is ready.
    pub(super) async fn start(
        database: TestDatabase,
        role: String,
        login: &str,
        anon: &str,
        more: &[(&str, &str)],
    ) -> Self {
        let (port, admin) = (free_port().to_string(), free_port().to_string());
        let folder = tempfile::tempdir().expect("folder");
        let url = database.login_url(login);
        let mut command = binary();
        command
            .args(["serve", "--role", "api", "--postgrest"])
            .current_dir(folder.path())
            .env("PGRST_DB_URI", url.expose().expect("URL"))
            .env("PGRST_DB_ANON_ROLE", anon)
            .env("PGRST_JWT_SECRET", tokens::SECRET)
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", &port)
            .env("PGRST_ADMIN_SERVER_PORT", &admin)
            .envs(more.iter().copied());
        let process = ServerProcess::spawn(command, folder);
        let (base, admin) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{admin}"));
        let plain = Self { process, http: http_client(), base, admin, role, database };
        let limit = Instant::now() + Duration::from_secs(120);
        while plain.ready().await != Some(StatusCode::OK) {
            assert!(Instant::now() < limit, "never ready\n{}", plain.process.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        plain
    }

    async fn ready(&self) -> Option<StatusCode> {
        self.http.get(format!("{}/ready", self.admin)).send().await.ok().map(|answer| answer.status())
    }

    async fn ask(&self, path: &str, claims: Option<&Value>) -> (u16, Value) {
        let mut request = self.http.get(format!("{}{path}", self.base));
        if let Some(claims) = claims {
            request = request.bearer_auth(tokens::sign(claims));
        }
        let answer = request.send().await.expect("answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn end(mut self) {
        self.process.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(self.process.ended().await.code(), Some(0), "{}", self.process.log());
        let role = &self.role;
        self.database
            .execute(&format!(
                "drop owned by {role}_anon, {role}_clerk, {role}_login; drop role {role}_login, {role}_anon, {role}_clerk"
            ))
            .await;
    }
}

#[tokio::test]
async fn it_is_a_postgrest_on_any_database() {
    let server = plain(&[]).await;
    // At the root, schema public, no core schema, no pre-request function.
    assert_eq!(server.ask("/letters", None).await, (200, json!([{"id": 1, "body": "a"}])));
    assert_eq!(server.ask("/api/letters", None).await.0, 404, "nothing is mounted below /api");
    let (status, document) = server.ask("/", None).await;
    assert_eq!((status, &document["swagger"]), (200, &json!("2.0")), "the root is the OpenAPI document");
    assert_eq!(document["basePath"], "/");
    for path in ["/api-docs", "/health", "/assets/config.js"] {
        assert_eq!(server.ask(path, None).await.0, 404, "{path} is no part of a PostgREST");
    }
    // The role claim is honoured: any role that the login was granted, and no other.
    let claims = |role: &str| json!({"role": role, "sub": "ann"});
    let clerk = format!("{}_clerk", server.role);
    assert_eq!(server.ask("/rpc/who", None).await, (200, json!(format!("{}_anon", server.role))));
    assert_eq!(server.ask("/rpc/who", Some(&claims(&clerk))).await, (200, json!(clerk)));
    assert_eq!(server.ask("/files", Some(&claims(&clerk))).await, (200, json!([{"id": 7}])));
    assert_eq!(server.ask("/letters", Some(&claims(&clerk))).await.1["code"], "42501");
    let (status, answer) = server.ask("/rpc/who", Some(&claims("pg_monitor"))).await;
    assert!(matches!(status, 401 | 403), "{status} {answer}");
    assert_eq!(server.ask("/rpc/claims", Some(&claims(&clerk))).await, (200, claims(&clerk)));
    // No ETag unless asked for.
    let object = server.http.get(format!("{}/letters?id=eq.1", server.base));
    let object = object.header("accept", "application/vnd.pgrst.object+json").send().await.expect("answer");
    assert!(object.status().is_success() && !object.headers().contains_key("etag"));
    assert!(object.headers()["server"].to_str().expect("text").to_lowercase().contains("postgrest"));
    // Administration on its own port only.
    for (path, status) in [("/live", 200), ("/ready", 200), ("/metrics", 200), ("/schema_cache", 200), ("/x", 404)] {
        let answer = server.http.get(format!("{}{path}", server.admin)).send().await.expect("answer");
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    assert_eq!(server.ask("/live", None).await.0, 404);
    server.end().await;
}

#[tokio::test]
async fn its_variables_are_postgrests() {
    let server = plain(&[
        ("PGRST_DB_MAX_ROWS", "1"),
        ("PGRST_DB_AGGREGATES_ENABLED", "true"),
        ("PGRST_JWT_ROLE_CLAIM_KEY", ".realm.roles[0]"),
        ("PGRST_DB_TX_END", "rollback"),
        ("PGRST_SERVER_TRACE_HEADER", "X-Trace"),
        ("PGRST_APP_SETTINGS_COLOUR", "red"),
    ])
    .await;
    server.database.execute("insert into public.letters values (2, 'b'), (3, 'c')").await;
    assert_eq!(server.ask("/letters?select=id&order=id", None).await.1, json!([{"id": 1}]));
    assert_eq!(server.ask("/letters?select=id.count()", None).await.1, json!([{"count": 3}]));
    let clerk = format!("{}_clerk", server.role);
    assert_eq!(server.ask("/rpc/who", Some(&json!({"realm": {"roles": [clerk]}}))).await.1, json!(clerk));
    let traced =
        server.http.get(format!("{}/letters", server.base)).header("x-trace", "7").send().await.expect("answer");
    assert_eq!(traced.headers()["x-trace"], "7");
    server.end().await;
}
