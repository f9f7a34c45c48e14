//! The endpoint over HTTP, row by row of its table, on both listeners (WORKERS.md §10, check 7).

use crate::support::{TestApp, TestDatabase, free_port};
use civic_os::config::Secret;
use civic_os::payments::Secrets;
use reqwest::Method;
use serde_json::{Value, json};

const SECRETS: &str = "whsec_new_one,whsec_old_one";

fn now() -> u64 {
    crate::support::tokens::now()
}

fn sign(secret: &str, body: &str, time: u64) -> String {
    Secrets::new(&Secret::new(secret)).sign(body.as_bytes(), time).expect("a secret")
}

fn event(id: &str, kind: &str, object: &Value) -> String {
    json!({"id": id, "object": "event", "api_version": "2019-02-11", "created": now(), "livemode": false, "type": kind,
           "data": {"object": object}, "new_member": {"of": ["the", "future"]}})
    .to_string()
}

async fn app(listen: &str) -> TestApp {
    let database = TestDatabase::create().await;
    let listen = listen.to_owned();
    TestApp::spawn_roles(database, &["api", "payments"], |config| {
        config.payments.listen = Some(listen);
        config.limits.failing_webhooks = 100;
        config.payments.stripe_api_key = Secret::new("sk_test_nobody");
        config.payments.stripe_webhook_secret = Secret::new(SECRETS);
        // Nobody listens there: a test talks to nobody else.
        config.payments.stripe_api_base = format!("http://127.0.0.1:{}", free_port());
    })
    .await
}

struct Caller {
    http: reqwest::Client,
    url: String,
}

impl Caller {
    /// From an address of its own, because failures are counted by address.
    fn new(url: String, last: u8) -> Self {
        let address = std::net::IpAddr::from([127, 0, 0, last]);
        let http = reqwest::Client::builder().no_proxy().local_address(address).build().expect("a client");
        Self { http, url }
    }

    async fn post(&self, signature: Option<&str>, body: impl Into<reqwest::Body>) -> (u16, String) {
        let mut request = self.http.post(&self.url).body(body);
        if let Some(signature) = signature {
            request = request.header("Stripe-Signature", signature);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    }

    async fn good(&self, body: &str) -> (u16, String) {
        self.post(Some(&sign("whsec_new_one", body, now())), body.to_owned()).await
    }
}

async fn stored(app: &TestApp) -> i64 {
    let client = app.database().connect().await;
    client.query_one("select count(*) from metadata.webhooks", &[]).await.expect("counted").get(0)
}

async fn row(app: &TestApp, id: &str) -> String {
    let client = app.database().connect().await;
    let sql = "select concat_ws('|', event_type, signature_verified, processed, outcome, attempts, error_message) from metadata.webhooks where provider_event_id = $1";
    client.query_one(sql, &[&id]).await.expect("the event").get(0)
}

const RECEIVED: (u16, &str) = (200, "{\"received\":true}\n");
const INVALID: (u16, &str) = (400, "Invalid signature\n");

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_the_contracts() {
    let listen = format!("127.0.0.1:{}", free_port());
    let app = app(&listen).await;
    let mut number: u8 = 0;
    for url in [format!("{}/webhooks/stripe", app.base_url), format!("http://{listen}/webhooks/stripe")] {
        number += 1;
        let caller = Caller::new(url.clone(), number);
        let is =
            |answer: (u16, String), expected: (u16, &str)| assert_eq!((answer.0, answer.1.as_str()), expected, "{url}");
        let id = format!("evt_{number}");
        let body = event(&id, "customer.created", &json!({"id": "cus_1"}));
        is(caller.good(&body).await, RECEIVED);
        is(caller.good(&body).await, RECEIVED);
        assert_eq!(row(&app, &id).await, "customer.created|t|t|ignored|1", "stored once, unknown types too");
        let old = format!("evt_old_{number}");
        let body = event(&old, "customer.created", &json!({}));
        is(caller.post(Some(&sign("whsec_old_one", &body, now() - 299)), body.clone()).await, RECEIVED);
        let exactly = event(&format!("evt_long_{number}"), "x", &json!({"note": ""}));
        let exactly = exactly.replace("\"note\":\"\"", &format!("\"note\":\"{}\"", "x".repeat(65_536 - exactly.len())));
        assert_eq!(exactly.len(), 65_536);
        is(caller.good(&exactly).await, RECEIVED);

        let before = stored(&app).await;
        is(caller.good(&exactly.replacen('x', "xx", 1)).await, (400, "Request body too large\n"));
        is(caller.post(None, body.clone()).await, (400, "Missing Stripe-Signature header\n"));
        is(caller.post(Some(&sign("whsec_forged", &body, now())), body.clone()).await, INVALID);
        is(caller.post(Some(&sign("whsec_new_one", &body, now() - 301 - 5)), body.clone()).await, INVALID);
        is(caller.post(Some(&sign("whsec_new_one", &body, now() + 301 + 5)), body.clone()).await, INVALID);
        let cut = &body[..body.len() / 2];
        is(caller.post(Some(&sign("whsec_new_one", &body, now())), cut.to_owned()).await, INVALID);
        for content in ["", "no json", "[]", "{}"] {
            if url.contains(&listen) {
                break;
            }
            is(caller.good(content).await, INVALID);
        }
        assert_eq!(stored(&app).await, before, "nothing is stored of what is not the provider's");
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let answer = app.http().request(method, &url).send().await.expect("an answer");
            assert_eq!(
                (answer.status().as_u16(), answer.text().await.expect("text").as_str()),
                (405, "Method not allowed\n")
            );
        }
        // The addresses are the same for both listeners, each has its own endpoint with the same counter.
    }
    for method in [Method::GET, Method::POST, Method::HEAD] {
        let health =
            app.http().request(method.clone(), format!("http://{listen}/health")).send().await.expect("health");
        assert_eq!(health.status(), 200, "{method}");
        if method == Method::GET {
            assert_eq!(health.text().await.expect("text"), "{\"status\":\"healthy\"}\n");
        }
    }
    assert_eq!(app.http().get(format!("http://{listen}/other")).send().await.expect("404").status(), 404);
    let metrics =
        app.http().get(format!("{}/metrics", app.admin_url)).send().await.expect("metrics").text().await.expect("text");
    assert!(metrics.contains("civic_os_webhook_refused_total{reason=\"size\"} 2"), "{metrics}");
    assert!(metrics.contains("civic_os_webhook_refused_total{reason=\"signature\"} 14"), "{metrics}");
    assert!(metrics.contains("civic_os_webhook_events_total{outcome=\"duplicate\"} 2"), "{metrics}");
    assert!(!app.log().contains("whsec_"), "no secret in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_find_their_payment_or_are_kept_with_the_reason() {
    let app = app(&format!("127.0.0.1:{}", free_port())).await;
    let caller = Caller::new(format!("{}/webhooks/stripe", app.base_url), 1);
    let client = app.database().connect().await;
    let id: String = client
        .query_one(
            "with p as (insert into metadata.civic_os_users (id, display_name) values (gen_random_uuid(), 'Payer') returning id)
             insert into payments.transactions (user_id, amount, status, provider_payment_id) select id, 19.99, 'pending', 'pi_1' from p returning id::text",
            &[],
        )
        .await
        .expect("a payment")
        .get(0);
    let status = async || -> String {
        client
            .query_one("select status from payments.transactions where id::text = $1", &[&id])
            .await
            .expect("status")
            .get(0)
    };
    let ok = |answer: (u16, String)| assert_eq!(answer.0, 200, "{}", answer.1);
    let intent = |status: &str| json!({"id": "pi_1", "status": status, "amount_received": 1999});
    // Of the other mode: kept, named, never applied, not by a replay either.
    let live = event("evt_live", "payment_intent.succeeded", &intent("succeeded"))
        .replace("\"livemode\":false", "\"livemode\":true");
    ok(caller.good(&live).await);
    assert_eq!(status().await, "pending");
    assert!(row(&app, "evt_live").await.starts_with("payment_intent.succeeded|t|f|livemode|1|an event of live mode"));
    // Late and early in any order.
    ok(caller.good(&event("evt_1", "payment_intent.succeeded", &intent("succeeded"))).await);
    assert_eq!(status().await, "succeeded");
    ok(caller.good(&event("evt_2", "payment_intent.payment_failed", &intent("requires_payment_method"))).await);
    ok(caller.good(&event("evt_3", "payment_intent.canceled", &intent("canceled"))).await);
    assert_eq!(status().await, "succeeded", "a late decline overwrites nothing");
    ok(caller.good(&event("evt_4", "payment_intent.succeeded", &json!({"id": "pi_nobodys"}))).await);
    assert_eq!(
        row(&app, "evt_4").await,
        "payment_intent.succeeded|t|f|unmatched|1|no payment with the intent pi_nobodys"
    );
    let by_metadata = json!({"id": "pi_2", "status": "succeeded", "amount_received": 500, "metadata": {"payment_id": uuid::Uuid::new_v4().to_string()}});
    ok(caller.good(&event("evt_5", "payment_intent.succeeded", &by_metadata)).await);
    assert!(row(&app, "evt_5").await.contains("unmatched"));

    // The same by the command line: what is left, and what a replay changes.
    client
        .batch_execute("update payments.transactions set provider_payment_id = 'pi_nobodys', status = status")
        .await
        .expect("found");
    let run = |args: &[&str]| {
        let mut command = crate::support::binary();
        command.args(args).env("CIVIC_OS_DATABASE__URL", app.database().authenticator_url().expose().expect("URL"));
        command.env("CIVIC_OS_PAYMENTS__STRIPE_API_KEY", "sk_test_nobody");
        let output = command.output().expect("run");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, text) = run(&["payments", "replay", "evt_4"]);
    assert_eq!((code, text.lines().next()), (Some(0), Some("evt_4  unchanged")), "{text}");
    let (code, text) = run(&["payments", "replay", "--failed", "--json"]);
    assert_eq!(code, Some(2), "{text}");
    // What is logged comes after it.
    let mut documents = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
    let results = documents.next().expect("a document").expect("JSON");
    assert_eq!(results.as_array().map(Vec::len), Some(2), "the other mode and the unknown payment: {results}");
    let (code, text) = run(&["payments", "replay", "evt_unknown"]);
    assert_eq!((code, text.contains("no event evt_unknown")), (Some(2), true), "{text}");
    let (code, text) = run(&["payments", "show", "pi_nobodys", "--json"]);
    assert_eq!(code, Some(0), "{text}");
    let shown: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&shown["payment"]["id"], shown["payment"].get("provider_client_secret")), (&json!(id), None));
    let (code, text) = run(&["payments"]);
    assert_eq!((code, text.contains("1  succeeded")), (Some(0), true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decline_that_arrives_after_our_cancellation_is_settled_and_the_provider_is_asked() {
    let app = app(&format!("127.0.0.1:{}", free_port())).await;
    let caller = Caller::new(format!("{}/webhooks/stripe", app.base_url), 1);
    let client = app.database().connect().await;
    client
        .batch_execute(
            "with p as (insert into metadata.civic_os_users (id, display_name) values (gen_random_uuid(), 'Payer') returning id)
             insert into payments.transactions (user_id, amount, status, provider_payment_id) select id, 19.99, 'canceled', 'pi_1' from p",
        )
        .await
        .expect("a payment");
    let declined = json!({"id": "pi_1", "status": "requires_payment_method"});
    assert_eq!(caller.good(&event("evt_1", "payment_intent.payment_failed", &declined)).await.0, 200);
    assert_eq!(row(&app, "evt_1").await, "payment_intent.payment_failed|t|t|stale|1");
    let asked = "select string_agg(kind, ' ') from metadata.river_job where kind = 'sync_payment'";
    let jobs: Option<String> = client.query_one(asked, &[]).await.expect("jobs").get(0);
    assert_eq!(jobs.as_deref(), Some("sync_payment"));
    // Money cannot come in after that; if the provider says so, the event is kept for a person to look at.
    let paid = json!({"id": "pi_1", "status": "succeeded", "amount_received": 1999});
    assert_eq!(caller.good(&event("evt_2", "payment_intent.succeeded", &paid)).await.0, 200);
    let kept = row(&app, "evt_2").await;
    assert!(kept.starts_with("payment_intent.succeeded|t|f|refused|1"), "{kept}");
    let status: String =
        client.query_one("select status from payments.transactions", &[]).await.expect("status").get(0);
    assert_eq!(status, "canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_failing_signatures_are_limited() {
    let app = app(&format!("127.0.0.1:{}", free_port())).await;
    let caller = Caller::new(format!("{}/webhooks/stripe", app.base_url), 1);
    let mut refused = 0;
    for _ in 0..40 {
        let (status, text) = caller.post(Some("t=1,v1=00"), "{}").await;
        match status {
            400 => assert_eq!(text, "Invalid signature\n"),
            429 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!((5..=30).contains(&refused), "{refused} of 40 after a burst of 10");
    for number in 0..40 {
        let (status, _) = caller.good(&event(&format!("evt_{number}"), "x", &json!({}))).await;
        assert_eq!(status, 200, "a valid one is never limited");
    }
    assert_eq!(stored(&app).await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_is_looked_through() {
    let database = TestDatabase::create().await;
    let own = format!("127.0.0.1:{}", free_port());
    let app = TestApp::spawn_roles(database, &["api", "payments"], |config| {
        config.payments.stripe_webhook_secret = Secret::new(SECRETS);
        config.payments.webhook_addresses = vec!["3.18.12.63".to_owned()];
        config.web.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
        config.payments.listen = Some(own.clone());
    })
    .await;
    // The main listener, and the one for webhooks alone, which the examples of proxies lead to.
    for origin in [app.base_url.clone(), format!("http://{own}")] {
        let url = format!("{origin}/webhooks/stripe");
        for (address, status) in [("3.18.12.63", 400), ("3.18.12.64", 403), ("3.18.12.63, 192.0.2.1", 403)] {
            let answer =
                app.http().post(&url).header("x-forwarded-for", address).body("{}").send().await.expect("an answer");
            let said = "400 is a missing signature of somebody who is let in";
            assert_eq!(answer.status().as_u16(), status, "{address} at {url}: {said}");
            assert!(answer.headers().contains_key("x-request-id"), "{url}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_allow_list_lets_only_its_addresses_in() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "# as the provider publishes it\n3.18.12.63\n127.0.0.0/8  # this machine\n")
        .expect("written");
    for (addresses, expected) in [
        (vec!["127.0.0.0/8".to_owned()], 200),
        (vec![format!("@{}", file.path().display())], 200),
        (vec!["3.18.12.63".to_owned()], 403),
        (vec!["@/no/such/file".to_owned()], 403),
    ] {
        let database = TestDatabase::create().await;
        let app = TestApp::spawn_roles(database, &["api", "payments"], |config| {
            config.payments.stripe_webhook_secret = Secret::new(SECRETS);
            config.payments.webhook_addresses = addresses.clone();
        })
        .await;
        let caller = Caller::new(format!("{}/webhooks/stripe", app.base_url), 1);
        assert_eq!(caller.good(&event("evt_1", "x", &json!({}))).await.0, expected, "{addresses:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn new_payments_follow_the_configuration() {
    let database = TestDatabase::create().await;
    let app = TestApp::spawn_roles(database, &["payments"], |config| {
        config.payments.stripe_api_key = Secret::new("sk_test_nobody");
        config.payments.stripe_api_base = format!("http://127.0.0.1:{}", free_port());
        config.payments.stripe_webhook_secret = Secret::new(SECRETS);
        config.payments.listen = Some(format!("127.0.0.1:{}", free_port()));
        config.payments.currency = "EUR".to_owned();
        config.payments.fee_percent = "2.9".to_owned();
        config.payments.fee_fixed = "0.30".to_owned();
    })
    .await;
    let client = app.database().connect().await;
    // Written as soon as the process reaches the database.
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(30);
    let configured = "select count(*) from payments.settings where currency = 'EUR'";
    while client.query_one(configured, &[]).await.expect("settings").get::<_, i64>(0) == 0 {
        assert!(std::time::Instant::now() < limit, "{}", app.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let made: String = client
        .query_one(
            "with p as (insert into metadata.civic_os_users (id, display_name) values (gen_random_uuid(), 'Payer') returning id)
             insert into payments.transactions (user_id, amount) select id, 100 from p returning concat_ws(' ', amount, processing_fee, currency)",
            &[],
        )
        .await
        .expect("a payment")
        .get(0);
    assert_eq!(made, "103.30 3.30 EUR");
}
