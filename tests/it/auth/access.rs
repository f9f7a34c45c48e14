//! What the process makes of identities: the login it accepts, who-am-I, headers that come twice.

use crate::support::{TestApp, TestDatabase};
use serde_json::{Value, json};

#[tokio::test]
async fn the_api_refuses_logins_that_row_security_does_not_bind() {
    let database = TestDatabase::create().await;
    let logins = [
        ("superuser", "", "is a superuser"),
        ("bypassrls", "", "BYPASSRLS"),
        ("createrole", "", "create roles"),
        (
            "",
            "create table public.stray_{role} (id int); alter table public.stray_{role} owner to {role};",
            "owns 1 tables",
        ),
        ("", "create role {role}_boss superuser; grant {role}_boss to {role};", "may become"),
    ];
    for (position, (attribute, more, complaint)) in logins.into_iter().enumerate() {
        // Roles belong to the whole server, and other tests run beside this one.
        let role = format!("login_{}_{position}", database.name().replace('-', "_"));
        let more = more.replace("{role}", &role);
        let password = database.password();
        database
            .execute(&format!(
                "create role {role} login noinherit {attribute} password '{password}'; \
                 grant usage on schema civic_os_migrations to {role}; \
                 grant select on all tables in schema civic_os_migrations to {role}; {more}"
            ))
            .await;
        let mut config = crate::support::test_config();
        config.database.url = database.login_url(&role);
        let mut app = TestApp::launch(&config, &["api"]);
        let status = app.ended().await;
        let log = app.log();
        assert_eq!(status.code(), Some(2), "{attribute} {more}\n{log}");
        assert!(log.contains(complaint) && log.contains("allow_privileged_login"), "{complaint}\n{log}");
        if attribute == "bypassrls" {
            database.execute(&format!("grant web_anon, authenticated to {role}")).await;
            config.auth.allow_privileged_login = true;
            let mut app = TestApp::launch(&config, &["api"]);
            app.wait_until("/ready", |status| status == 200).await;
            assert!(app.log().contains("BYPASSRLS"), "it warns\n{}", app.log());
        }
        database.execute(&format!("drop owned by {role}; drop role {role}; drop role if exists {role}_boss")).await;
    }
}

#[tokio::test]
async fn who_am_i_tells_what_the_server_sees() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let ask = async |authorization: Option<String>| -> (u16, Value) {
        let mut request = app.get("/auth/whoami");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let answer = request.send().await.expect("answer");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    };
    let (status, anonymous) = ask(None).await;
    assert_eq!(status, 200, "{anonymous}");
    assert_eq!(anonymous["authenticated"], false);
    assert_eq!(anonymous["database"]["role"], "web_anon");
    assert_eq!(anonymous["database"]["roles"], json!(["anonymous"]));

    let (status, admin) = ask(Some(format!("Bearer {}", app.token_for("ann", &["user", "admin"])))).await;
    assert_eq!(status, 200, "{admin}");
    assert_eq!(admin["authenticated"], true);
    assert_eq!(admin["claims"]["preferred_username"], "ann");
    assert_eq!(admin["claims"]["sub"], admin["subject"]);
    assert_eq!(admin["database"]["role"], "authenticated");
    assert_eq!(admin["database"]["roles"], json!(["user", "admin"]));
    assert_eq!(admin["database"]["is_admin"], true);
    assert!(admin["database"]["permissions"].is_array(), "{admin}");

    let (status, refused) = ask(Some("Bearer a.b".into())).await;
    assert_eq!(status, 401);
    assert_eq!(refused["authenticated"], false);
    assert_eq!(refused["refused"]["code"], "PGRST301");
    assert_eq!(refused["refused"]["message"], "Expected 3 parts in JWT; got 2");
    assert!(refused.get("claims").is_none() && refused.get("database").is_none(), "{refused}");
}

#[tokio::test]
async fn ambiguous_authorization_headers_are_refused() {
    let app = TestApp::spawn(TestDatabase::create().await, |_| {}).await;
    let token = format!("Bearer {}", app.token_for("ann", &["user"]));
    let get = || app.get("/api/schema_cache_versions");
    assert_eq!(get().header("Authorization", &token).send().await.expect("answer").status(), 200);
    let twice =
        get().header("Authorization", &token).header("Authorization", "Bearer other").send().await.expect("answer");
    assert_eq!(twice.status(), 401);
    let body: Value = twice.json().await.expect("JSON");
    assert_eq!(body["details"], "The Authorization header came more than once");
    let bytes = reqwest::header::HeaderValue::from_bytes(b"Bearer \xe9.\xe9.\xe9").expect("value");
    let odd = get().header("Authorization", bytes).send().await.expect("answer");
    assert_eq!(odd.status(), 401, "not taken for anonymous");
}
