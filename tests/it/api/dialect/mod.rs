//! The dialect as data: what is asked, and what must come back. `cases.json` is in the order in which it is asked, since
//! some cases write; `schema.sql` is what they ask about.

use super::plain::Plain;
use crate::support::{TestApp, TestDatabase};
use civic_os::config::OpenApiMode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    about: String,
    /// Method and path.
    ask: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// A text as it is, anything else as JSON.
    body: Option<Value>,
    status: u16,
    /// The whole JSON answer; of an object with a `code`, what is named here.
    answer: Option<Value>,
    /// The whole answer as text.
    text: Option<String>,
    /// Headers of the answer; `*` is any value.
    #[serde(default)]
    expect: BTreeMap<String, String>,
}

async fn database() -> TestDatabase {
    let database = TestDatabase::create().await;
    database.execute(include_str!("schema.sql")).await;
    database
}

/// PostgREST's own mode: the core's settings of roles do not count there.
async fn serve() -> Plain {
    Plain::start(
        database().await,
        String::new(),
        "authenticator",
        "web_anon",
        &[
            ("PGRST_DB_SCHEMAS", "d, e"),
            ("PGRST_DB_CONFIG", "false"),
            ("PGRST_DB_AGGREGATES_ENABLED", "true"),
            ("PGRST_DB_PLAN_ENABLED", "true"),
            ("PGRST_DB_TX_END", "commit-allow-override"),
            ("PGRST_DB_PRE_REQUEST", "d.before"),
            ("PGRST_APP_SETTINGS_COLOUR", "red"),
            ("PGRST_SERVER_CORS_ALLOWED_ORIGINS", "https://a.example"),
            ("PGRST_SERVER_TRACE_HEADER", "X-Trace"),
            ("PGRST_SERVER_TIMING_ENABLED", "true"),
        ],
    )
    .await
}

fn fits(answer: &Value, wanted: &Value) -> bool {
    match (answer, wanted) {
        (Value::Object(answer), Value::Object(wanted)) if wanted.contains_key("code") => {
            wanted.iter().all(|(key, value)| answer.get(key) == Some(value))
        }
        _ => answer == wanted,
    }
}

#[tokio::test]
async fn every_case_is_answered_as_postgrest_answers_it() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("cases.json")).expect("cases");
    let server = serve().await;
    let mut wrong = Vec::new();
    for case in &cases {
        let (method, path) = case.ask.split_once(' ').expect("method and path");
        let mut request = server.http.request(method.parse().expect("method"), format!("{}{path}", server.base));
        for (name, value) in &case.headers {
            request = request.header(name, value);
        }
        if let Some(body) = &case.body {
            if !case.headers.contains_key("content-type") {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body.as_str().map_or_else(|| body.to_string(), str::to_owned));
        }
        let answer = request.send().await.unwrap_or_else(|error| panic!("{}: {error}", case.ask));
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.expect("body");
        let text = String::from_utf8_lossy(&bytes);
        let json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let has = |(name, value): (&String, &String)| {
            headers.get(name).is_some_and(|found| value == "*" || found.as_bytes() == value.as_bytes())
        };
        let is_right = status == case.status
            && case.answer.as_ref().is_none_or(|wanted| fits(&json, wanted))
            && case.text.as_ref().is_none_or(|wanted| *wanted == text)
            && case.expect.iter().all(has);
        if !is_right {
            wrong.push(format!("{}: {}\n  {status} {headers:?}\n  {text}", case.about, case.ask));
        }
    }
    assert!(cases.len() > 140 && wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[tokio::test]
async fn the_document_follows_its_settings() {
    let document = async |change: fn(&mut civic_os::config::Config)| {
        let app = TestApp::spawn(database().await, |config| {
            config.api.db_schemas = vec!["d".into()];
            change(config);
        })
        .await;
        let answer = app.get("/api/").send().await.expect("answer");
        assert_eq!(answer.headers()["content-type"], "application/openapi+json; charset=utf-8");
        answer.json::<Value>().await.expect("JSON")
    };
    let follows = document(|_| {}).await;
    assert_eq!(follows["info"]["title"], "Dialect");
    assert_eq!(follows["info"]["description"], "All of it");
    assert!(
        follows["paths"]["/jobs"]["post"].is_object() && follows["definitions"]["jobs"]["properties"]["id"].is_object()
    );
    assert_eq!(follows["definitions"]["jobs"]["required"], json!(["id", "title"]));
    assert!(follows["securityDefinitions"].is_null());
    let ignores = document(|config| {
        config.api.openapi_mode = OpenApiMode::IgnorePrivileges;
        config.api.openapi_security_active = true;
        config.api.openapi_server_proxy_uri = Some("https://api.example.org:8443/v1".into());
    })
    .await;
    assert_eq!(ignores["host"], "api.example.org:8443");
    assert_eq!((&ignores["basePath"], &ignores["schemes"]), (&json!("/v1"), &json!(["https"])));
    assert_eq!(ignores["securityDefinitions"]["JWT"]["in"], "header");
    assert_eq!(ignores["security"], json!([{"JWT": []}]));
}

/// The columns of the statement are in PostgREST's order where clients see them.
#[tokio::test]
async fn plans_show_the_body_where_postgrest_has_it() {
    let server = serve().await;
    let plan = "application/vnd.pgrst.plan+json; for=\"application/json\"; options=verbose";
    let request = server.http.get(format!("{}/groups", server.base)).header("accept", plan);
    let answer: Value = request.send().await.expect("answer").json().await.expect("JSON");
    let column = answer[0]["Plan"]["Output"][2].as_str().unwrap_or_default();
    assert!(column.starts_with("COALESCE(json_agg("), "{answer}");
}

#[tokio::test]
async fn a_function_may_stand_at_the_root() {
    let app = TestApp::spawn(database().await, |config| {
        config.api.db_schemas = vec!["d".into()];
        config.api.db_root_spec = Some("pairs".into());
    })
    .await;
    let answer = app.get("/api/").send().await.expect("answer");
    assert_eq!(answer.json::<Value>().await.expect("JSON"), json!([{"k": "a", "v": 1}, {"k": "b", "v": 2}]));
}

/// What clients send without encoding it, as curl does with the address it is given.
#[tokio::test]
async fn targets_may_have_bytes_that_uris_must_not_have() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = serve().await;
    let app = TestApp::spawn(database().await, |config| config.api.db_schemas = vec!["d".into()]).await;
    for (base, mount) in [(&server.base, ""), (&app.base_url, "/api")] {
        let address = base.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("connect");
        let requests = [
            format!("GET {mount}/people?select=x:data->n->>x&data->list->>0=eq.10 HTTP/1.1\r\nhost: x\r\n\r\n"),
            format!(
                "POST {mount}/rpc/take_text HTTP/1.1\r\nhost: x\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nget /<> é"
            ),
            format!(
                "GET {mount}/groups?name=eq.\u{fc}\"<>`&select=id HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            ),
        ];
        // The é has two bytes, and the length counts them.
        let all = requests.concat().replace("content-length: 9", "content-length: 10");
        stream.write_all(all.as_bytes()).await.expect("send");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answers");
        let bodies: Vec<&str> =
            answer.split("HTTP/1.1 200 OK").skip(1).filter_map(|one| one.split("\r\n\r\n").nth(1)).collect();
        assert_eq!(bodies, ["[{\"x\":\"1\"}]", "\"GET /<> É\"", "[]"], "{answer}");
    }
}
