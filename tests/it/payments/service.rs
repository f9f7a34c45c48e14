//! The whole way in one process: the town's dog licence, from the button to the receipt, through the real queue and the sandbox.

use crate::support::{TestApp, TestDatabase, binary};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

struct Person<'a> {
    app: &'a TestApp,
    token: String,
}

impl Person<'_> {
    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.app.request(reqwest::Method::POST, path).bearer_auth(&self.token);
        let answer = request.header("Prefer", "return=representation").json(body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn rows(&self, path: &str) -> Vec<Value> {
        let answer = self.app.get(&format!("/api/{path}")).bearer_auth(&self.token).send().await.expect("an answer");
        answer.json().await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Polls a payment until it is as wanted, as the web client does.
    async fn payment(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let rows = self.rows(&format!("payment_transactions?id=eq.{id}")).await;
            if let Some(row) = rows.first().filter(|row| wanted(row)) {
                return row.clone();
            }
            assert!(started.elapsed() < LIMIT, "{rows:?}\n{}", self.app.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_is_paid_and_refunded_through_the_queue() {
    let database = TestDatabase::with_example("town").await;
    let app =
        TestApp::spawn_roles(database, &["api", "worker", "payments"], |config| config.payments.sandbox = true).await;
    let person = |name: &str, roles: &[&str]| Person { app: &app, token: app.token_for(name, roles) };
    let (payer, other, admin) =
        (person("robin", &["user"]), person("other", &["user"]), person("alex", &["user", "editor", "admin"]));
    for one in [&payer, &other, &admin] {
        assert_eq!(one.post("/api/rpc/refresh_current_user", &json!({})).await.0, 200);
    }
    let script = app.get("/assets/config.js").send().await.expect("script").text().await.expect("text");
    assert!(script.contains("\"stripe\":{\"publishableKey\":\"\",\"sandbox\":\"/sandbox/\"}"), "{script}");

    let (status, made) = payer.post("/api/dog_licences", &json!({"display_name": "Rex"})).await;
    assert_eq!(status, 201, "{made}");
    let licence = made[0]["id"].clone();
    let pay = json!({"p_entity_id": licence.to_string()});
    let (status, refusal) = other.post("/api/rpc/pay_dog_licence", &pay).await;
    assert_eq!((status, &refusal["message"]), (400, &json!("Only the owner of a dog pays for its licence")));
    let (status, id) = payer.post("/api/rpc/pay_dog_licence", &pay).await;
    assert_eq!(status, 200, "{id}");
    let id = id.as_str().expect("a payment's id").to_owned();
    assert_eq!(payer.post("/api/rpc/pay_dog_licence", &pay).await.1, json!(id), "pressed twice");

    let ready = payer.payment(&id, |row| !row["provider_client_secret"].is_null()).await;
    assert_eq!((&ready["amount"], &ready["status"]), (&json!(19.99), &json!("pending")));
    assert!(other.rows(&format!("payment_transactions?id=eq.{id}")).await.is_empty());
    assert_eq!(admin.rows(&format!("payment_transactions?id=eq.{id}")).await[0]["provider_client_secret"], Value::Null);
    let secret = ready["provider_client_secret"].as_str().expect("secret").to_owned();

    // Declined, then the bank asks, then paid: one form, one secret.
    let confirm = async |card: &str| {
        let body = json!({"client_secret": secret, "card": card});
        let answer = app.request(reqwest::Method::POST, "/sandbox/confirm").json(&body).send().await.expect("confirm");
        (answer.status().as_u16(), answer.json::<Value>().await.expect("JSON"))
    };
    let (status, declined) = confirm("4000000000000002").await;
    assert_eq!((status, &declined["error"]["message"]), (402, &json!("Your card was declined.")));
    payer.payment(&id, |row| row["status"] == "failed").await;
    let (status, asks) = confirm("4000000000003220").await;
    assert_eq!((status, &asks["status"]), (200, &json!("requires_action")));
    let page = format!("{}&return_url=%2Fpayment-success", asks["next_action_url"].as_str().expect("a page"));
    let bank = app.get(&page).send().await.expect("page").text().await.expect("text");
    assert!(bank.contains("Sandbox") && bank.contains("19.99 USD"), "{bank}");
    let no_redirects =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let form = format!("client_secret={secret}&return_url=%2Fpayment-success&confirmed=yes");
    let back = no_redirects
        .post(format!("{}/sandbox/authenticate", app.base_url))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .expect("back");
    assert_eq!(back.status(), 303);
    let location = back.headers()["location"].to_str().expect("text");
    assert!(
        location.starts_with("/payment-success?payment_intent=pi_sandbox_")
            && location.ends_with("redirect_status=succeeded"),
        "{location}"
    );
    let paid = payer.payment(&id, |row| row["status"] == "succeeded").await;
    assert_eq!(
        (&paid["effective_status"], &paid["amount_captured"], &paid["error_message"]),
        (&json!("succeeded"), &json!(19.99), &Value::Null)
    );
    let (status, refusal) = payer.post("/api/rpc/pay_dog_licence", &pay).await;
    assert_eq!((status, &refusal["message"]), (400, &json!("This licence is paid already")));

    let refund = json!({"p_payment_id": id, "p_amount": 5.5, "p_reason": "r".repeat(600)});
    assert_eq!(payer.post("/api/rpc/initiate_payment_refund", &refund).await.0, 400);
    assert_eq!(admin.post("/api/rpc/initiate_payment_refund", &refund).await.0, 200, "a long reason is no obstacle");
    let part = payer.payment(&id, |row| row["effective_status"] == "partially_refunded").await;
    assert_eq!(part["total_refunded"], 5.5);
    let refunds = payer.rows(&format!("payment_refunds?transaction_id=eq.{id}&order=created_at.desc")).await;
    assert_eq!((&refunds[0]["status"], refunds[0]["reason"].as_str().map(str::len)), (&json!("succeeded"), Some(600)));
    let notices = app.database().connect().await;
    let names: String = notices
        .query_one("select string_agg(template_name, ' ' order by template_name) from metadata.notifications where template_name like 'payment%'", &[])
        .await
        .expect("notices")
        .get(0);
    assert_eq!(names, "payment_refunded payment_succeeded");
    let metrics =
        app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("metrics").text().await.expect("text");
    // Which outcome they have depends on who was first, the event or the job's own answer.
    assert!(metrics.contains("civic_os_webhook_events_total{outcome="), "{metrics}");
    // Alerts look at these from the start; payments are counted once a minute.
    for figure in [
        "civic_os_webhook_events_total{outcome=\"error\"} 0",
        "civic_os_webhook_refused_total{reason=\"signature\"} 0",
        "civic_os_payments{state=\"authorized\"} 0.0",
    ] {
        assert!(metrics.lines().any(|line| line == figure), "no {figure} in\n{metrics}");
    }
    let asked = metrics
        .lines()
        .find_map(|line| line.strip_prefix("civic_os_payments_provider_requests_total{outcome=\"ok\"} "));
    assert!(asked.and_then(|count| count.parse::<u64>().ok()).is_some_and(|count| count > 0), "{metrics}");
}

#[test]
fn the_sandbox_is_refused_beside_any_real_key() {
    for (key, value) in [
        ("CIVIC_OS_PAYMENTS__STRIPE_API_KEY", "sk_live_1"),
        ("CIVIC_OS_PAYMENTS__STRIPE_API_KEY", "sk_test_1"),
        ("CIVIC_OS_PAYMENTS__STRIPE_PUBLISHABLE_KEY", "pk_live_1"),
        ("CIVIC_OS_PAYMENTS__STRIPE_WEBHOOK_SECRET", "whsec_1"),
    ] {
        let output = binary()
            .args(["serve", "--role", "all"])
            .env("CIVIC_OS_DATABASE__URL", "postgres://nobody@127.0.0.1:1/none")
            .env("CIVIC_OS_DATABASE__OWNER_URL", "postgres://nobody@127.0.0.1:1/none")
            .env("CIVIC_OS_IDENTITY__ENABLED", "true")
            .env("CIVIC_OS_PAYMENTS__SANDBOX", "true")
            .env(key, value)
            .output()
            .expect("run");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("payments.sandbox") && !said.contains(value), "{said}");
    }
}
