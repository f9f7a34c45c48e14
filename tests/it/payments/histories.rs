//! Random histories: people who press again, processes that die at any await, events that come twice, late and in another order,
//! refunds, a provider that fails, connections that break. At rest the two ledgers are equal.
//!
//! A plain run plays some; `./dev test --with payments-histories` all (CIVIC_OS_TEST_HISTORIES). A failure names its seed, and
//! CIVIC_OS_TEST_SEED plays that one alone.

use super::{Till, crash_after};
use civic_os::payments::{Event, Fault, Inbox, ReconcileOptions};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::fmt::Write as _;

pub(super) const CARDS: [&str; 8] = [
    "4242424242424242",
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000000000003220",
    "4000000000000077",
    "4000000000007726",
    "4000000000005126",
];
pub(super) const AMOUNTS: [&str; 5] = ["0.58", "1.13", "19.99", "100", "0.10"];

pub(super) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

async fn play(till: &Till, seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut story = format!("seed {seed}\n");
    let mut fault_rng = SmallRng::seed_from_u64(seed ^ 0xfa17);
    till.sandbox.set_faults(Some(Box::new(move || match fault_rng.random_range(0..100) {
        0..8 => Fault::Refuse(*[409, 429, 500, 503].choose(&mut fault_rng).expect("one")),
        8..16 => Fault::LoseAnswer,
        16..20 => Fault::Break,
        20..23 => Fault::Delay(3),
        _ => Fault::None,
    })));
    let (mut events, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    till.capture_later(rng.random_bool(0.25)).await;
    for _ in 0..rng.random_range(8..30) {
        events.extend(till.sandbox.take_events());
        match rng.random_range(0..100) {
            0..18 => {
                let permit = rng.random_range(1..=2);
                let amount = AMOUNTS[permit as usize % AMOUNTS.len()];
                let pressed = till.press_pay(permit, amount).await;
                let _ = writeln!(story, "pay {permit}: {pressed:?}");
            }
            18..48 => {
                let jobs = till.jobs().await;
                let Some(job) = jobs.choose(&mut rng) else { continue };
                let crash = rng.random_bool(0.4).then(|| rng.random_range(0..14));
                let done = till.work(job, crash).await;
                let _ = writeln!(story, "job {} {} crash {crash:?} done {done}", job.1, job.2);
            }
            48..63 => {
                let sql = "select provider_client_secret from payments.transactions where provider_client_secret is not null order by id";
                let secrets = till.texts(sql).await;
                let Some(secret) = secrets.choose(&mut rng) else { continue };
                let outcome = if rng.random_bool(0.3) {
                    till.sandbox.authenticate(secret, rng.random_bool(0.7)).0
                } else {
                    till.sandbox.confirm(secret, CARDS.choose(&mut rng).expect("one")).0
                };
                let _ = writeln!(story, "browser {secret}: {outcome}");
            }
            63..82 => {
                if events.is_empty() {
                    continue;
                }
                // Any of them, not the oldest; often it comes again later.
                let at = rng.random_range(0..events.len());
                let event = if rng.random_bool(0.7) { events.swap_remove(at) } else { events[at].clone() };
                let parsed = Event::parse(event.as_bytes()).expect("an event");
                if rng.random_bool(0.2) {
                    // The process dies at any await of inbox or ledger, or between the two; the provider delivers again.
                    let (inbox, ledger) = (rng.random_range(0..6), rng.random_range(0..6));
                    let receive = till.ledger.receive(&parsed.id, &parsed.kind, &event, parsed.livemode);
                    let received = crash_after(inbox, receive).await;
                    if let Some(Ok(Inbox::New(row) | Inbox::Unsettled(row))) = &received {
                        let _ = crash_after(ledger, till.ledger.settle(row, &parsed.change())).await;
                    }
                    let _ = writeln!(story, "event {} {} {received:?}, died", parsed.kind, parsed.id);
                    events.push(event);
                } else {
                    let status =
                        till.webhook.accept(None, Some(&till.sandbox.sign(&event)), event.clone().into_bytes()).await;
                    let _ = writeln!(story, "event {} {}: {status}", parsed.kind, parsed.id);
                    if status == 200 { seen.push(event) } else { events.push(event) }
                }
            }
            82..90 => {
                let paid =
                    till.texts("select id from payments.transactions where status = 'succeeded' order by id").await;
                let Some(payment) = paid.choose(&mut rng) else { continue };
                let ordered =
                    till.order_refund(payment, ["0.10", "0.29", "5", "100"].choose(&mut rng).expect("one")).await;
                let _ = writeln!(story, "refund of {payment}: {ordered:?}");
            }
            90..94 => {
                let all = till.texts("select id from payments.transactions order by id").await;
                let Some(payment) = all.choose(&mut rng) else { continue };
                let (kind, args) = if rng.random_bool(0.5) {
                    ("cancel_payment_intent", serde_json::json!({ "payment_id": payment }))
                } else {
                    ("capture_payment_intent", serde_json::json!({ "payment_id": payment }))
                };
                let _ = till.ledger.enqueue(kind, &args, 8).await;
                let _ = writeln!(story, "{kind} {payment}");
            }
            94..96 => {
                till.sandbox.settle();
                let _ = writeln!(story, "time passes");
            }
            96..98 => {
                let waits = rng.random_range(0..40);
                let options = ReconcileOptions { patience: 0.0, days: 3 };
                let done = crash_after(waits, till.cashier.reconcile(&options)).await.is_some();
                let _ = writeln!(story, "reconciliation crash {waits} done {done}");
            }
            _ => {
                // All connections break, as at a restart of the database.
                till.admin
                    .batch_execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
                    .await
                    .expect("cut");
                let _ = writeln!(story, "connections break");
            }
        }
    }
    till.tell(&story);
    let mut delivered = till.come_to_rest(events).await;
    delivered.extend(seen);
    till.assert_equal(&delivered, &story).await;
    till.clear().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_rest_the_two_ledgers_are_equal_whatever_happened() {
    if let Some(seed) = number("CIVIC_OS_TEST_SEED") {
        return play(&Till::open().await, seed).await;
    }
    let histories = number("CIVIC_OS_TEST_HISTORIES").unwrap_or(120);
    let lanes: u64 = 3;
    let mut playing = Vec::new();
    for lane in 0..lanes {
        playing.push(tokio::spawn(async move {
            let till = Till::open().await;
            for seed in (lane..histories).step_by(lanes as usize) {
                play(&till, seed).await;
            }
        }));
    }
    for lane in playing {
        lane.await.expect("a history failed; its seed is above");
    }
    println!("{histories} histories");
}
