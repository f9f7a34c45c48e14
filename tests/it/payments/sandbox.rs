//! The sandbox's memory, through its interface: bounded, and nothing is forgotten that somebody still waits for.

use civic_os::payments::Sandbox;
use reqwest::Method;
use serde_json::Value;

const PAYS: &str = "4242424242424242";
const TAKES_TIME: &str = "4000000000000077";
const REFUND_TAKES_TIME: &str = "4000000000007726";

struct Provider {
    sandbox: Sandbox,
    base: String,
    http: reqwest::Client,
}

impl Provider {
    async fn ask(&self, method: Method, path: &str, key: Option<&str>, form: &[(&str, &str)]) -> (u16, bool, Value) {
        let key_of_the_api = self.sandbox.api_key();
        let mut request = self
            .http
            .request(method, format!("{}/v1/{path}", self.base))
            .bearer_auth(key_of_the_api.expose().expect("a key"))
            .body(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish());
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.expect("an answer");
        let (status, replayed) = (answer.status().as_u16(), answer.headers().contains_key("Idempotent-Replayed"));
        (status, replayed, answer.json().await.expect("JSON"))
    }

    /// A payment, and a card for it: its id and secret.
    async fn pay(&self, key: &str, card: Option<&str>) -> (String, String) {
        let form = [("amount", "1999"), ("currency", "usd"), ("capture_method", "automatic")];
        let (status, _, intent) = self.ask(Method::POST, "payment_intents", Some(key), &form).await;
        assert_eq!(status, 200, "{intent}");
        let text = |name: &str| intent[name].as_str().expect("text").to_owned();
        if let Some(card) = card {
            assert_eq!(self.sandbox.confirm(&text("client_secret"), card).0, 200);
        }
        (text("id"), text("client_secret"))
    }

    async fn status(&self, id: &str) -> Option<String> {
        let (status, _, intent) = self.ask(Method::GET, &format!("payment_intents/{id}"), None, &[]).await;
        (status == 200).then(|| intent["status"].as_str().expect("a status").to_owned())
    }
}

#[tokio::test]
async fn the_oldest_payments_that_are_over_are_forgotten_and_no_other() {
    let sandbox = Sandbox::new(None);
    let (base, server) = sandbox.serve().expect("the sandbox's port");
    let provider = Provider { sandbox, base, http: reqwest::Client::new() };
    let (waits, secret) = provider.pay("waits", None).await;
    let (in_process, _) = provider.pay("in process", Some(TAKES_TIME)).await;
    let (refunded, _) = provider.pay("refunded", Some(REFUND_TAKES_TIME)).await;
    let refund = [("payment_intent", refunded.as_str())];
    assert_eq!(provider.ask(Method::POST, "refunds", Some("refund"), &refund).await.0, 200);
    let mut paid = Vec::new();
    for number in 0..1_300 {
        paid.push(provider.pay(&format!("payment {number}"), Some(PAYS)).await.0);
        if number % 50 == 0 {
            provider.sandbox.take_events();
        }
    }

    for (id, status) in [(&waits, "requires_payment_method"), (&in_process, "processing"), (&refunded, "succeeded")] {
        assert_eq!(provider.status(id).await.as_deref(), Some(status), "somebody waits for it");
    }
    let mut known = Vec::new();
    for id in &paid {
        known.push(provider.status(id).await.is_some());
    }
    let forgotten = known.iter().take_while(|known| !**known).count();
    assert!(known[forgotten..].iter().all(|known| *known), "the oldest first");
    let remembered = known.len() - forgotten;
    assert!((900..1_100).contains(&remembered), "{remembered} of {} are remembered", known.len());

    // A key of what is remembered brings its answer again; what was forgotten can be neither paid back nor repeated.
    let form = [("amount", "1999"), ("currency", "usd"), ("capture_method", "automatic")];
    let (_, replayed, intent) = provider.ask(Method::POST, "payment_intents", Some("payment 1299"), &form).await;
    assert_eq!((replayed, intent["id"].as_str()), (true, paid.last().map(String::as_str)));
    let gone = [("payment_intent", paid[0].as_str())];
    assert_eq!(provider.ask(Method::POST, "refunds", Some("too late"), &gone).await.0, 404);
    // Whoever waited goes on.
    assert_eq!(provider.sandbox.confirm(&secret, PAYS).0, 200);
    provider.sandbox.settle();
    assert_eq!(provider.status(&in_process).await.as_deref(), Some("succeeded"));
    let (_, _, refunds) = provider.ask(Method::GET, "refunds", None, &[]).await;
    assert_eq!(refunds["data"][0]["status"], "succeeded", "{refunds}");
    drop(server.stop(false));
}
