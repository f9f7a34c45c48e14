//! The web client's calls, in its order, on a real process with the embedded store; and private objects.

use super::samples::jpeg;
use crate::store::http;
use crate::support::{TestApp, TestDatabase, free_port};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// An answer of the API as JSON; anything but success fails the test.
async fn call(app: &TestApp, token: &str, method: Method, path: &str, body: Option<Value>) -> Value {
    let mut request = app.request(method, path).bearer_auth(token).header("prefer", "return=representation");
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("text");
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

#[tokio::test]
async fn the_client_s_calls_work_and_private_files_stay_with_who_may_read_their_record() {
    let database = TestDatabase::create().await;
    // may_read_file: the record's row security decides.
    database
        .execute(
            "create table public.cases (id int primary key, owner uuid, photo uuid references metadata.files (id));
             alter table public.cases enable row level security;
             create policy own on public.cases using (owner = public.current_user_id());
             grant select, update on public.cases to authenticated;",
        )
        .await;
    let port = free_port();
    let app = TestApp::spawn_roles(database, &["api", "worker"], |config| {
        config.store.listen = Some(format!("127.0.0.1:{port}"));
        config.files.visibility = civic_os::config::Visibility::Private;
    })
    .await;
    let tokens = ["anna", "bert", "carl"].map(|name| app.token_for(name, &["user"]));
    let [anna, bert, carl] = &tokens;
    for token in &tokens {
        call(&app, token, Method::POST, "/api/rpc/refresh_current_user", Some(json!({}))).await;
    }
    app.database()
        .execute(&format!(
            "insert into public.cases (id, owner) values (7, '{}')",
            crate::support::tokens::subject("carl")
        ))
        .await;

    let bytes = jpeg(1000, 700, None);
    let request = json!({"p_entity_type": "cases", "p_entity_id": "7", "p_file_name": "x.jpg", "p_file_type": "image/jpeg", "p_file_size": bytes.len(), "p_property": "photo"});
    let id = call(&app, anna, Method::POST, "/api/rpc/request_upload", Some(request)).await;
    let poll = format!("/api/rpc/get_upload_url?p_request_id={}", id.as_str().expect("a bare string"));
    let started = Instant::now();
    let row = loop {
        let rows = call(&app, anna, Method::GET, &poll, None).await;
        if rows[0]["status"] == "completed" {
            break rows[0].clone();
        }
        assert!(rows[0]["status"] == "pending" && started.elapsed() < Duration::from_secs(30), "{rows}");
        tokio::task::yield_now().await;
    };
    let (url, file) = (row["url"].as_str().expect("a URL"), row["file_id"].as_str().expect("an id"));
    let put = http().put(url).header("content-type", "image/jpeg").body(bytes.clone()).send().await.expect("an answer");
    assert_eq!(put.status(), 200);
    let path = url.split('?').next().expect("a path").splitn(5, '/').nth(4).expect("a key");
    let file_row = json!({"id": file, "entity_type": "cases", "entity_id": "7", "file_name": "x.jpg", "file_type": "image/jpeg", "file_size": bytes.len(),
        "s3_bucket": "civic-os-files", "s3_original_key": path, "thumbnail_status": "pending"});
    let made = call(&app, anna, Method::POST, "/api/files", Some(file_row)).await;
    assert_eq!(made[0]["id"], file);
    let look = format!("/api/files?id=eq.{file}&select=thumbnail_status,thumbnail_error");
    loop {
        let rows = call(&app, anna, Method::GET, &look, None).await;
        if rows[0]["thumbnail_status"] == "completed" {
            break;
        }
        assert!(rows[0]["thumbnail_status"] != "failed" && started.elapsed() < Duration::from_secs(60), "{rows}");
        tokio::task::yield_now().await;
    }

    let store = format!("http://127.0.0.1:{port}/civic-os-files");
    assert_eq!(http().get(format!("{store}/{path}")).send().await.expect("an answer").status(), 403, "private");
    let addresses = format!("/files/{file}/addresses");
    for (who, token) in [("creator", anna), ("reader of the record", carl)] {
        let document = call(&app, token, Method::GET, &addresses, None).await;
        for name in ["original", "small", "medium", "large"] {
            let url = document[name].as_str().unwrap_or_else(|| panic!("{who}: {document}"));
            assert_eq!(http().get(url).send().await.expect("an answer").status(), 200, "{who}: {name}");
        }
    }
    let status = async |token: Option<&str>, path: &str| {
        let mut request = app.get(path);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(status(Some(bert), &addresses).await, 403);
    assert_eq!(status(None, &addresses).await, 401);
    assert_eq!(status(Some("no token"), &addresses).await, 401);
    assert_eq!(status(Some(anna), "/files/00000000-0000-0000-0000-000000000000/addresses").await, 404);
    assert_eq!(status(Some(anna), "/files/nothing/addresses").await, 404);
}
