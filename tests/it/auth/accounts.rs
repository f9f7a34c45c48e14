//! `/auth/users` as the application's administration page uses it.

use super::provider::{Browser, PASSWORD, TestProvider, claims, client, person};
use serde_json::{Value, json};
use uuid::Uuid;

struct Page {
    provider: TestProvider,
    token: String,
}

impl Page {
    async fn open() -> Self {
        let provider = TestProvider::start_with(|options| {
            options.people.push(person("boss", &["user", "editor", "admin"]));
        })
        .await;
        let token = token_of(&provider, "boss").await;
        Self { provider, token }
    }

    async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        send(&self.provider, Some(&self.token), method, path, body).await
    }

    async fn id_of(&self, name: &str) -> String {
        let (_, answer) = self.send("GET", &format!("?search={name}"), Value::Null).await;
        answer["users"][0]["id"].as_str().expect("id").into()
    }
}

async fn token_of(provider: &TestProvider, name: &str) -> String {
    let tokens = provider.sign_in(&mut Browser::default(), name).await;
    tokens["access_token"].as_str().expect("token").into()
}

async fn send(provider: &TestProvider, token: Option<&str>, method: &str, path: &str, body: Value) -> (u16, Value) {
    let method = method.parse().expect("method");
    let mut request = client().request(method, format!("{}/auth/users{path}", provider.origin));
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    if !body.is_null() {
        request = request.body(body.to_string());
    }
    let response = request.send().await.expect("answer");
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.expect("text")).unwrap_or_default())
}

#[actix_web::test]
async fn only_administrators_come_in_and_only_while_they_are() {
    let page = Page::open().await;
    let staff = token_of(&page.provider, "staff").await;
    let id = page.id_of("staff").await;
    let refresh = page.provider.sign_in(&mut Browser::default(), "boss").await["refresh_token"].clone();
    for (method, path) in [
        ("GET", String::new()),
        ("POST", String::new()),
        ("GET", format!("/{id}")),
        ("PATCH", format!("/{id}")),
        ("POST", format!("/{id}/link")),
        ("POST", format!("/{id}/sign-out")),
        ("DELETE", format!("/{id}/second-factor")),
    ] {
        let body = if method == "GET" { Value::Null } else { json!({}) };
        for (token, status) in [(None, 401), (Some("a.b.c"), 401), (refresh.as_str(), 401), (Some(staff.as_str()), 403)]
        {
            let (got, answer) = send(&page.provider, token, method, &path, body.clone()).await;
            assert_eq!(got, status, "{method} {path} with {token:?}: {answer}");
            assert!(answer["message"].is_string() && answer["code"].is_string(), "{answer}");
        }
    }
    // A right that was taken away is gone although the token still says otherwise.
    let directory = page.provider.provider.directory();
    let staff = directory.find("staff").await.expect("found");
    directory.set_roles(staff.id, &["user".into(), "admin".into()]).await.expect("promoted");
    let boss = directory.find("boss").await.expect("found");
    directory.set_roles(boss.id, &["user".into()]).await.expect("demoted");
    assert_eq!(page.send("GET", "", Value::Null).await.0, 403);
    directory.set_enabled(boss.id, false).await.expect("disabled");
    assert_eq!(page.send("GET", "", Value::Null).await.0, 401);
}

#[actix_web::test]
async fn people_are_listed_without_secrets() {
    let page = Page::open().await;
    let (status, answer) = page.send("GET", "", Value::Null).await;
    assert_eq!((status, &answer["total"]), (200, &json!(3)));
    let names: Vec<&str> =
        answer["users"].as_array().expect("list").iter().filter_map(|u| u["username"].as_str()).collect();
    assert_eq!(names, ["boss", "resident", "staff"]);
    let text = answer.to_string();
    assert!(!text.contains("argon2") && !text.contains("hash"), "{text}");
    assert_eq!(answer["users"][2]["roles"], json!(["user", "editor"]));
    assert!(answer["users"][0]["last_sign_in_at"].is_string() && answer["users"][2]["last_sign_in_at"].is_null());
    let (_, found) = page.send("GET", "?search=STAFF@town&limit=1", Value::Null).await;
    assert_eq!((&found["total"], &found["users"][0]["username"]), (&json!(1), &json!("staff")));
    let (_, beyond) = page.send("GET", "?offset=2&limit=5", Value::Null).await;
    assert_eq!(beyond["users"].as_array().map(Vec::len), Some(1));
    assert_eq!(page.send("GET", "?limit=many", Value::Null).await.0, 400);
    assert_eq!(page.send("GET", "?search=100%25_", Value::Null).await.1["total"], 0, "no pattern language");
    assert_eq!(page.send("GET", &format!("/{}", Uuid::new_v4()), Value::Null).await.0, 404);
    assert_eq!(page.send("GET", "/not-a-uuid", Value::Null).await.0, 404);
}

#[actix_web::test]
async fn somebody_is_invited_chooses_a_password_and_signs_in() {
    let page = Page::open().await;
    let wish =
        json!({"email": "new@town.example", "given_name": "Nina", "family_name": "New", "roles": ["user", "editor"]});
    let (status, answer) = page.send("POST", "", wish.clone()).await;
    assert_eq!(status, 201, "{answer}");
    // No mail is configured here: the administrator hands the link over.
    assert_eq!((&answer["sent"], &answer["user"]["has_password"]), (&json!(false), &json!(false)));
    assert!(answer["user"]["invited_until"].is_string());
    let link = answer["link"].as_str().expect("link").to_owned();
    let (status, taken) = page.send("POST", "", wish).await;
    assert_eq!((status, taken["code"].as_str()), (409, Some("23505")));

    let mut browser = Browser::default();
    let form = browser.get(&link).await;
    assert_eq!(form.status, 200, "{}", form.body);
    assert_eq!(form.header("referrer-policy"), "no-referrer");
    let address = page.provider.url("/login-actions/set-password");
    let chosen = "a password of my own";
    let short = [("form", form.form()), ("new_password", "short".into()), ("new_password_again", "short".into())];
    let fields = |values: &[(&'static str, String)]| -> Vec<(&'static str, String)> { values.to_vec() };
    let post = async |browser: &mut Browser, values: Vec<(&'static str, String)>| {
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.post(&address, &values).await
    };
    assert_eq!(post(&mut browser, fields(&short)).await.status, 400);
    let good = [("form", form.form()), ("new_password", chosen.to_owned()), ("new_password_again", chosen.to_owned())];
    assert_eq!(post(&mut Browser::default(), fields(&good)).await.status, 400, "another browser");
    let answer = post(&mut browser, fields(&good)).await;
    assert!(answer.status == 200 && answer.body.contains("Password set"), "{}", answer.body);
    // The link is used up, also for a page that is still open.
    assert_eq!(browser.get(&link).await.status, 400);
    assert_eq!(post(&mut browser, fields(&good)).await.status, 400);

    let page_in = browser.get(&page.provider.authorize(&[])).await;
    let signed_in = browser.send_form(&page.provider, &page_in, "NEW@town.example", chosen).await;
    assert_eq!(signed_in.status, 302, "{}", signed_in.body);
    let (_, tokens) = page.provider.exchange(&signed_in.parameter("code")).await;
    assert_eq!(claims(&tokens["access_token"])["realm_access"]["roles"], json!(["user", "editor"]));
    assert_eq!(claims(&tokens["access_token"])["name"], "Nina New");
}

#[actix_web::test]
async fn changes_take_effect_and_nobody_locks_everybody_out() {
    let page = Page::open().await;
    let (staff, boss) = (page.id_of("staff").await, page.id_of("boss").await);
    let (status, answer) = page
        .send("PATCH", &format!("/{staff}"), json!({"roles": ["user"], "given_name": "Stella", "phone_number": "1"}))
        .await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!((&answer["roles"], &answer["given_name"]), (&json!(["user"]), &json!("Stella")));
    assert_eq!(answer["family_name"], "Example", "what is not named stays");
    let tokens = page.provider.sign_in(&mut Browser::default(), "staff").await;
    assert_eq!(claims(&tokens["access_token"])["realm_access"]["roles"], json!(["user"]));

    let refresh = tokens["refresh_token"].as_str().expect("token");
    assert_eq!(page.send("POST", &format!("/{staff}/sign-out"), json!({})).await.0, 204);
    assert_eq!(page.provider.refresh(refresh).await.0, 400, "signed out from afar");
    let (status, answer) = page.send("PATCH", &format!("/{staff}"), json!({"enabled": false})).await;
    assert_eq!((status, &answer["enabled"]), (200, &json!(false)));
    let mut browser = Browser::default();
    let form = browser.get(&page.provider.authorize(&[])).await;
    assert_eq!(browser.send_form(&page.provider, &form, "staff", PASSWORD).await.status, 401);
    assert_eq!(page.send("POST", &format!("/{staff}/link"), json!({})).await.0, 409, "not for the disabled");
    assert_eq!(page.send("PATCH", &format!("/{staff}"), json!({"enabled": true})).await.0, 200);
    let (status, answer) = page.send("POST", &format!("/{staff}/link"), json!({})).await;
    assert!(status == 200 && answer["link"].as_str().is_some_and(|link| link.contains("token=")), "{answer}");

    for (id, wish, status) in [
        (&boss, json!({"enabled": false}), 409),
        (&boss, json!({"roles": ["user"]}), 409),
        (&staff, json!({"roles": ["king"]}), 400),
        (&staff, json!({"email": "no address"}), 400),
        (&staff, json!({"email": "resident@town.example"}), 409),
        (&staff, json!({"given_name": "a\u{0}b"}), 400),
        (&staff, json!({"username": "other"}), 400),
        (&staff, json!({"password_hash": "x"}), 400),
        (&staff, json!([]), 400),
    ] {
        let (got, answer) = page.send("PATCH", &format!("/{id}"), wish.clone()).await;
        assert_eq!(got, status, "{wish}: {answer}");
    }
    for wish in [json!({}), json!({"email": "x@y.z", "roles": ["king"]}), json!({"username": "x".repeat(300)})] {
        let (got, answer) = page.send("POST", "", wish.clone()).await;
        assert_eq!(got, 400, "{wish}: {answer}");
    }
    // The last administrator stays one, whoever asks.
    let directory = page.provider.provider.directory();
    let boss = directory.find("boss").await.expect("found");
    assert!(directory.set_enabled(boss.id, false).await.is_err());
    assert!(directory.set_roles(boss.id, &[]).await.is_err());
}
