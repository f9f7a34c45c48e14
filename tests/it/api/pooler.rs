//! The API behind a transaction pooler (PgBouncer, if it is installed): the same answers, and nobody gets another's.

use super::schema::town_database;
use crate::db::pooler::pooler;
use crate::support::TestApp;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn many_people_at_once_get_their_own_answers_through_two_connections() {
    let database = town_database().await;
    let direct = database.authenticator_url();
    let Some(pooler) = pooler(direct.expose().expect("URL")).await else { return };
    let through = pooler.url.clone();
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.database.url = through;
        config.database.listen_url = direct;
    })
    .await;
    assert!(app.log().contains("a connection pooler stands before the database"), "{}", app.log());
    let people = (0..16).map(|number| {
        let app = &app;
        async move {
            let name = format!("person{number}");
            let token = app.token_for(&name, &["user"]);
            for round in 0..20 {
                let body = json!({"body": round.to_string()}).to_string();
                let written = app
                    .request(Method::POST, "/api/notes?select=owner,body")
                    .bearer_auth(&token)
                    .header("prefer", "return=representation")
                    .header("content-type", "application/json")
                    .body(body);
                let written: Value = written.send().await.expect("answer").json().await.expect("JSON");
                assert_eq!(written, json!([{"owner": name, "body": round.to_string()}]));
                let own = app.get("/api/notes?select=owner").bearer_auth(&token).send().await.expect("answer");
                let own: Vec<Value> = own.json().await.expect("JSON");
                assert_eq!(own, vec![json!({"owner": name}); round + 1], "{name}");
                let sum = app.get(&format!("/api/rpc/add?a={number}&b={round}")).send().await.expect("answer");
                assert_eq!(sum.json::<usize>().await.expect("number"), number + round);
            }
        }
    });
    futures_util::future::join_all(people).await;
    // A notification does not pass through a pooler; the direct connection hears it.
    app.database()
        .execute("create table shop.late (id int); grant select on shop.late to web_anon; notify pgrst")
        .await;
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.get("/api/late").send().await.expect("answer").status() != 200 {
        assert!(std::time::Instant::now() < limit, "{}", app.log());
    }
}
