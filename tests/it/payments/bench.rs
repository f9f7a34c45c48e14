//! Two hundred webhooks a second for a minute, half of them duplicates (`./dev bench payments`). PostgreSQL forces every commit to
//! disk, as in production and other than in the other tests.

use super::Desk;
use super::kills::Crashing;
use civic_os::config::Secret;
use civic_os::payments::Secrets;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "bench payments"]
async fn webhooks_are_answered_in_time() {
    let seconds: u64 = std::env::var("CIVIC_OS_BENCH_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let database = Crashing::start().await;
    let (owner, pool) = (database.cluster.owner_tcp_url(), database.cluster.authenticator_url());
    let secret = Secret::new("whsec_of_the_bench");
    // Nobody asks the provider.
    let desk = Desk::on(&owner, &pool, "http://127.0.0.1:1", Secret::new("sk_test_nobody"), secret.clone()).await;
    let payments = seconds * 100;
    desk.admin
        .batch_execute(&format!(
            "insert into payments.transactions (user_id, amount, status, provider_payment_id) \
             select '{}', 10 + n % 90, 'pending', 'pi_' || n from generate_series(0, {payments} - 1) n",
            super::PAYER
        ))
        .await
        .expect("payments");
    let webhook = desk.webhook.clone();
    let server = actix_web::HttpServer::new(move || {
        let webhook = webhook.clone();
        actix_web::App::new().configure(move |routes| webhook.configure(routes))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .expect("a port");
    let url = format!("http://{}/webhooks/stripe", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let started = Instant::now();
    let mut running = Vec::new();
    for number in 0..seconds * 200 {
        tokio::time::sleep_until(started + Duration::from_millis(number * 5)).await;
        // Each event goes out twice, the second time right after the first.
        let n = number / 2;
        let body = json!({"id": format!("evt_{n}"), "type": "payment_intent.succeeded", "created": 1_700_000_000, "livemode": false,
            "data": {"object": {"id": format!("pi_{n}"), "status": "succeeded", "amount_received": (10 + n % 90) * 100}}})
        .to_string();
        let header = Secrets::new(&secret).sign(body.as_bytes(), crate::support::tokens::now()).expect("signed");
        let request = http.post(&url).header("Stripe-Signature", header).body(body);
        running.push(tokio::spawn(async move {
            let began = Instant::now();
            let status = request.send().await.map_or(0, |answer| answer.status().as_u16());
            (status, began.elapsed())
        }));
    }
    let answers: Vec<_> = join_all(running).await.into_iter().map(|answer| answer.expect("an answer")).collect();
    let elapsed = started.elapsed();
    let mut times: Vec<Duration> = answers.iter().map(|(_, time)| *time).collect();
    times.sort();
    let at = |share: f64| times[((times.len() as f64 * share) as usize).min(times.len() - 1)];
    println!(
        "{} webhooks in {:.1} s ({:.0}/s): p50 {:.1} ms, p99 {:.1} ms, longest {:.1} ms",
        answers.len(),
        elapsed.as_secs_f64(),
        answers.len() as f64 / elapsed.as_secs_f64(),
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
        at(1.0).as_secs_f64() * 1e3
    );
    assert!(answers.iter().all(|(status, _)| *status == 200), "an answer other than 200");
    let exact = "select count(*) || ' ' || count(*) filter (where status = 'succeeded' and amount_captured = amount) from payments.transactions";
    assert_eq!(desk.text(exact).await, format!("{payments} {payments}"));
    let events = "select count(*) || ' ' || count(*) filter (where processed and attempts = 1) from metadata.webhooks";
    assert_eq!(desk.text(events).await, format!("{payments} {payments}"));
    assert!(elapsed < Duration::from_secs(seconds + 2), "the rate was not kept");
    assert!(at(0.99) < Duration::from_millis(50), "p99");
    drop(handle.stop(false));
}
