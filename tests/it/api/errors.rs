//! Refusals: code, status, message, hint; and what happens while the database is away.

use super::schema::{send, town, town_database};
use crate::support::{Proxy, TestApp, TestDatabase, test_config, tokens};
use civic_os::config::{OpenApiMode, Secret};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

#[tokio::test]
async fn each_refusal_has_its_code() {
    let app = town().await;
    let strict = [("prefer", "handling=strict, odd")];
    for (method, path, headers, body, status, code) in [
        (Method::GET, "/products?select=(", &[][..], "", 400, "PGRST100"),
        (Method::GET, "/products?id=equals.1", &[], "", 400, "PGRST100"),
        (Method::GET, "/products?order=id.up", &[], "", 400, "PGRST100"),
        (Method::GET, "/products?or=(id.eq.1", &[], "", 400, "PGRST100"),
        (Method::POST, "/products", &[], "[1", 400, "PGRST102"),
        (Method::POST, "/products", &[], r#"[{"name":"a"},{"price":1}]"#, 400, "PGRST102"),
        (Method::POST, "/products", &[("content-type", "image/png")], "x", 400, "PGRST102"),
        (Method::GET, "/products?limit=-1", &[], "", 416, "PGRST103"),
        (Method::GET, "/products", &[("range", "5-2")], "", 416, "PGRST103"),
        (Method::GET, "/products", &[("accept-profile", "metadata")], "", 406, "PGRST106"),
        (Method::GET, "/products", &[("accept", "image/png")], "", 406, "PGRST107"),
        (Method::GET, "/products?kinds.id=eq.1", &[], "", 400, "PGRST108"),
        (Method::GET, "/products?order=kinds(id)", &[], "", 400, "PGRST108"),
        (Method::GET, "/products?select=tags(id)&order=tags(id)", &[], "", 400, "PGRST118"),
        (Method::GET, "/products", &strict, "", 400, "PGRST122"),
        (Method::GET, "/a/b", &[], "", 404, "PGRST125"),
        (Method::POST, "/", &[], "{}", 405, "PGRST117"),
        (Method::TRACE, "/products", &[], "", 405, "PGRST117"),
        (Method::GET, "/kinds?select=...products(id.sum())", &[], "", 400, "PGRST127"),
        (Method::GET, "/rpc/add?a=1&b=1", &[("prefer", "handling=strict, max-affected=1")], "", 400, "PGRST128"),
        (Method::GET, "/products?select=nowhere(id)", &[], "", 400, "PGRST200"),
        (Method::POST, "/products", &[], r#"{"colour":1}"#, 400, "PGRST204"),
        (Method::GET, "/product", &[], "", 404, "PGRST205"),
        (Method::GET, "/products", &[("authorization", "Bearer a.b")], "", 401, "PGRST301"),
        (Method::GET, "/products?colour=eq.red", &[], "", 400, "42703"),
        (Method::GET, "/products?id=eq.x", &[], "", 400, "22P02"),
        (Method::POST, "/products", &[], r#"{"name":"Hammer"}"#, 409, "23505"),
        (Method::POST, "/products", &[], r#"{"name":"z","kind_id":99}"#, 409, "23503"),
        (Method::POST, "/products", &[], r#"{"name":"z","price":-1}"#, 400, "23514"),
        (Method::POST, "/products", &[], r#"{"price":1}"#, 400, "23502"),
    ] {
        let (found, answer_headers, answer) = send(&app, method.clone(), path, headers, body).await;
        assert_eq!((found.as_u16(), answer["code"].as_str()), (status, Some(code)), "{method} {path}: {answer}");
        assert_eq!(answer_headers["content-type"], "application/json; charset=utf-8", "{path}");
        assert_eq!(
            answer_headers["proxy-status"].to_str().expect("text"),
            format!("PostgREST; error={code}"),
            "{path}"
        );
    }
    let (_, _, answer) = send(&app, Method::GET, "/product", &[], "").await;
    assert_eq!(answer["hint"], "Perhaps you meant the table 'shop.products'");
}

#[tokio::test]
async fn functions_raise_what_they_like() {
    let app = town().await;
    for (state, status) in
        [("P0001", 400), ("PT404", 404), ("42501", 401), ("23505", 409), ("57014", 500), ("53300", 503)]
    {
        let (found, _, answer) =
            send(&app, Method::POST, "/rpc/refuse", &[], &format!("{{\"state\":\"{state}\"}}")).await;
        assert_eq!(found.as_u16(), status, "{state}: {answer}");
        let expected = json!({"code": state, "message": format!("refused {state}"), "details": "why", "hint": "how"});
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_503_and_comes_back() {
    let database = TestDatabase::create().await;
    let url = database.authenticator_url();
    let proxy = Proxy::cut_in_front_of(url.expose().expect("URL"));
    proxy.resume().await;
    let through = Secret::new(proxy.url(url.expose().expect("URL")));
    let mut app = TestApp::spawn(database, |config| config.database.url = through).await;
    let (status, _, _) = send(&app, Method::GET, "/statuses?limit=1", &[], "").await;
    assert_eq!(status.as_u16(), 200);
    proxy.cut().await;
    let (status, headers, answer) = send(&app, Method::GET, "/statuses?limit=1", &[], "").await;
    assert_eq!(status.as_u16(), 503, "{answer}");
    assert!(matches!(answer["code"].as_str(), Some("PGRST000" | "PGRST001")), "{answer}");
    assert!(headers.contains_key("retry-after"));
    proxy.resume().await;
    app.wait_until("/ready", |status| status == 200).await;
    let (status, _, answer) = send(&app, Method::GET, "/statuses?limit=1", &[], "").await;
    assert_eq!(status.as_u16(), 200, "{answer}");
}

/// What is the same for each row: the answer's code and status.
async fn refused(
    app: &TestApp,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: &str,
    expected: (u16, &str),
) -> Value {
    let (status, headers, answer) = send(app, method.clone(), path, headers, body).await;
    assert_eq!((status.as_u16(), answer["code"].as_str()), (expected.0, Some(expected.1)), "{method} {path}: {answer}");
    assert_eq!(headers["content-type"], "application/json; charset=utf-8", "{path}");
    assert!(answer["message"].is_string(), "{answer}");
    assert!(["details", "hint"].iter().all(|key| answer.get(key).is_some()), "{answer}");
    answer
}

#[tokio::test]
async fn the_rest_of_the_table() {
    let database = town_database().await;
    database
        .execute(
            "alter table shop.products add column second_kind_id int references shop.kinds;
             create function shop.overload(a int) returns int language sql as $$ select 1 $$;
             create function shop.overload(a text) returns int language sql as $$ select 1 $$;
             create function shop.raises(message text, detail text) returns void language plpgsql as $$
               begin raise sqlstate 'PGRST' using message = message, detail = detail; end $$;
             grant execute on all functions in schema shop to web_anon;
             notify pgrst, 'reload schema'",
        )
        .await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.openapi_mode = OpenApiMode::Disabled;
    })
    .await;
    let singular = [("accept", "application/vnd.pgrst.object+json")];
    let affected = [("prefer", "handling=strict, max-affected=1")];
    let get = |path| (Method::GET, path);
    refused(&app, (Method::DELETE, "/rpc/add"), &[], "", (405, "PGRST101")).await;
    let put = r#"{"id":1,"name":"saw"}"#;
    refused(&app, (Method::PUT, "/kinds?name=eq.x"), &[], put, (405, "PGRST105")).await;
    refused(&app, get("/rpc/odd_headers"), &[], "", (500, "PGRST111")).await;
    refused(&app, get("/rpc/odd_status"), &[], "", (500, "PGRST112")).await;
    refused(&app, (Method::PUT, "/kinds?id=eq.1&limit=1"), &[], put, (400, "PGRST114")).await;
    let product = r#"{"id":7,"name":"saw"}"#;
    refused(&app, (Method::PUT, "/products?id=eq.8"), &[], product, (400, "PGRST115")).await;
    let answer = refused(&app, get("/products"), &singular, "", (406, "PGRST116")).await;
    assert_eq!(answer["details"], "The result contains 3 rows");
    refused(&app, get("/products?select=id.count()"), &[], "", (400, "PGRST123")).await;
    let patch = (Method::PATCH, "/products?id=gt.0");
    let answer = refused(&app, patch, &affected, r#"{"price":5}"#, (400, "PGRST124")).await;
    assert_eq!(answer["details"], "The query affects 3 rows");
    assert_eq!(super::schema::get(&app, "/products?price=eq.5").await, json!([]), "rolled back");
    refused(&app, get("/"), &[], "", (404, "PGRST126")).await;
    let answer = refused(&app, get("/products?select=kinds(id)"), &[], "", (300, "PGRST201")).await;
    assert_eq!(answer["details"].as_array().map(Vec::len), Some(2), "{answer}");
    assert_eq!(answer["details"][0]["embedding"], "products with kinds");
    let answer = refused(&app, get("/rpc/ad?a=1&b=2"), &[], "", (404, "PGRST202")).await;
    assert_eq!(answer["hint"], "Perhaps you meant to call the function shop.add");
    refused(&app, get("/rpc/overload?a=1"), &[], "", (300, "PGRST203")).await;
    // RAISE with full control, and with what cannot be read.
    let raise = |message: &str, detail: &str| json!({"message": message, "detail": detail}).to_string();
    let body = raise(r#"{"code":"X1","message":"m"}"#, r#"{"status":418,"headers":{"X-Pot":"tea"}}"#);
    let (status, headers, answer) = send(&app, Method::POST, "/rpc/raises", &[], &body).await;
    assert_eq!((status.as_u16(), &headers["x-pot"]), (418, &"tea".parse().expect("header")));
    assert_eq!((&answer["code"], &answer["message"]), (&json!("X1"), &json!("m")));
    refused(&app, (Method::POST, "/rpc/raises"), &[], &raise("no JSON", "{}"), (500, "PGRST121")).await;
    refused(&app, (Method::POST, "/rpc/raises"), &[], &raise("{\"message\":1}", "no JSON"), (500, "PGRST121")).await;
}

#[tokio::test]
async fn tokens_that_do_not_count() {
    let app = town().await;
    let expired = tokens::sign(&json!({"sub": "x", "aud": "account", "exp": 1}));
    let forged = tokens::sign_with(&tokens::claims("ann", &[]), "another-secret-of-more-than-thirty-two-bytes");
    for (token, code) in [(expired, "PGRST303"), (forged, "PGRST301"), ("a.b.c".to_owned(), "PGRST301")] {
        let bearer = [("authorization", &*format!("Bearer {token}"))];
        let answer = refused(&app, (Method::GET, "/kinds"), &bearer, "", (401, code)).await;
        assert!(!answer.to_string().contains(&token), "{answer}");
    }
    let database = town_database().await;
    let closed = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_anon_role = None;
        config.auth.honour_role_claim = true;
    })
    .await;
    let (status, headers, answer) = send(&closed, Method::GET, "/kinds", &[], "").await;
    assert_eq!((status.as_u16(), &answer["code"]), (401, &json!("PGRST302")), "{answer}");
    assert_eq!(headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_schema_that_does_not_exist_is_503_until_it_does() {
    let database = town_database().await;
    database.execute("alter schema shop rename to elsewhere").await;
    let mut config = test_config();
    config.database.url = database.authenticator_url();
    config.database.owner_url = database.owner_url();
    config.api.db_schemas = vec!["shop".into()];
    let mut app = TestApp::launch(&config, &["api"]);
    app.wait_until("/live", |status| status == 200).await;
    app.wait_until("/ready", |status| status == 503).await;
    let answer = refused(&app, (Method::GET, "/kinds"), &[], "", (503, "PGRST002")).await;
    assert_eq!(answer["message"], "Could not query the database for the schema cache. Retrying.");
    let (_, headers, _) = send(&app, Method::GET, "/kinds", &[], "").await;
    assert!(headers.contains_key("retry-after"));
    database.execute("alter schema elsewhere rename to shop").await;
    app.wait_until("/ready", |status| status == 200).await;
    assert_eq!(super::schema::get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]));
}

#[tokio::test]
async fn a_full_pool_is_504_after_the_configured_wait() {
    let database = town_database().await;
    database
        .execute(
            "create function shop.wait(s float) returns void language sql as $$ select pg_sleep(s) $$;
             grant execute on function shop.wait to web_anon",
        )
        .await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.database.pool_api = 1;
        config.database.pool_max = Some(1);
        config.database.pool_acquisition_timeout = 1;
    })
    .await;
    let busy = app.get("/api/rpc/wait?s=4").send();
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        let started = Instant::now();
        let answer = refused(&app, (Method::GET, "/kinds"), &[], "", (504, "PGRST003")).await;
        assert_eq!(answer["message"], "Timed out acquiring connection from connection pool.");
        started.elapsed()
    };
    let (_, waited) = tokio::join!(busy, waiting);
    assert!((Duration::from_millis(900)..Duration::from_secs(3)).contains(&waited), "{waited:?}");
    let metrics = app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("metrics");
    let metrics = metrics.text().await.expect("text");
    assert!(metrics.contains("pgrst_db_pool_timeouts_total 1"), "{metrics}");
}

#[tokio::test]
async fn each_row_of_the_sqlstate_table_arrives_through_http() {
    let app = town().await;
    for (state, status) in [
        ("08006", 503),
        ("09000", 500),
        ("0L000", 403),
        ("0P000", 403),
        ("21000", 500),
        ("22023", 400),
        ("22012", 400),
        ("23502", 400),
        ("23503", 409),
        ("23505", 409),
        ("25006", 405),
        ("25001", 500),
        ("28000", 403),
        ("2D000", 500),
        ("38000", 500),
        ("39000", 500),
        ("3B000", 500),
        ("40P01", 500),
        ("42501", 401),
        ("42883", 404),
        ("42P01", 404),
        ("42P17", 500),
        ("42704", 400),
        ("53400", 500),
        ("53200", 503),
        ("54000", 500),
        ("55000", 500),
        ("57P01", 503),
        ("57014", 500),
        ("58000", 500),
        ("F0000", 500),
        ("HV000", 500),
        ("P0001", 400),
        ("P0002", 500),
        ("PT429", 429),
        ("XX000", 500),
    ] {
        let body = json!({"state": state}).to_string();
        refused(&app, (Method::POST, "/rpc/refuse"), &[], &body, (status, state)).await;
    }
    // Three rows depend on the message.
    app.database()
        .execute(
            "create function shop.refuse_saying(state text, message text) returns void language plpgsql as $$
               begin raise using errcode = state, message = message; end $$;
             grant execute on function shop.refuse_saying to web_anon;
             notify pgrst, 'reload schema'",
        )
        .await;
    let limit = Instant::now() + Duration::from_secs(20);
    while send(&app, Method::OPTIONS, "/rpc/refuse_saying", &[], "").await.0 != 200 {
        assert!(Instant::now() < limit, "{}", app.log());
    }
    for (state, message, status) in [
        ("21000", "UPDATE requires a WHERE clause", 400),
        ("22023", "role \"nobody\" does not exist", 401),
        ("42883", "function xmlagg(json) does not exist", 406),
    ] {
        let body = json!({"state": state, "message": message}).to_string();
        refused(&app, (Method::POST, "/rpc/refuse_saying"), &[], &body, (status, state)).await;
    }
    // Not anonymous any more: refused rather than asked to sign in.
    let token = app.token_for("ann", &["user"]);
    let bearer = [("authorization", &*format!("Bearer {token}"))];
    refused(&app, (Method::GET, "/secrets"), &bearer, "", (403, "42501")).await;
    let answer = refused(&app, (Method::GET, "/secrets"), &[], "", (401, "42501")).await;
    assert_eq!(answer["message"], "permission denied for table secrets");
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_statement_with_it() {
    let database = town_database().await;
    database
        .execute(
            "create function shop.wait(s float) returns void language sql as $$ select pg_sleep(s) $$;
             grant execute on function shop.wait to web_anon",
        )
        .await;
    let app = TestApp::spawn(database, |config| config.api.db_schemas = vec!["shop".into()]).await;
    let owner = app.database().connect().await;
    let running = async || {
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%wait%' and pid <> pg_backend_pid()";
        owner.query_one(sql, &[]).await.expect("activity").get::<_, i64>(0)
    };
    let address = app.base_url.trim_start_matches("http://").to_owned();
    let mut client = tokio::net::TcpStream::connect(&address).await.expect("connect");
    client.write_all(b"GET /api/rpc/wait?s=120 HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("send");
    let limit = Instant::now() + Duration::from_secs(20);
    while running().await == 0 {
        assert!(Instant::now() < limit, "it runs");
    }
    drop(client);
    while running().await > 0 {
        assert!(Instant::now() < limit, "it is cancelled\n{}", app.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(super::schema::get(&app, "/kinds?id=eq.1&select=id").await, json!([{"id": 1}]));
}
