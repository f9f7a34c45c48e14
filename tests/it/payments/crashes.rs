//! Each kind of job dies at each of its awaits in turn, and is finished by the next run.

use super::{Till, crash_after};
use civic_os::payments::{Event, Fault, Inbox};

/// A loop that dies nowhere proves nothing. How often a job really waits depends on the machine: answers may be there already.
const FEWEST: usize = 2;

/// The client secret as the payer's browser reads it.
async fn secret(till: &Till, payment: &str) -> String {
    till.text(&format!("select provider_client_secret from payments.transactions where id = '{payment}'")).await
}

/// Crashes the newest job at its n-th await; whether it came that far.
async fn crash_newest(till: &Till, waits: usize) -> bool {
    let job = till.jobs().await.into_iter().rfind(|job| job.1 != "send_notification").expect("a job");
    !till.work(&job, Some(waits)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_intent_is_made_once_wherever_the_process_dies() {
    let till = Till::open().await;
    let mut crashes = 0;
    for waits in 0.. {
        let payment = till.press_pay(1, "19.99").await.expect("a payment");
        let died = crash_newest(&till, waits).await;
        let delivered = till.come_to_rest(Vec::new()).await;
        till.assert_equal(&delivered, &format!("create_payment_intent died at await {waits}")).await;
        let intents = till.at_provider("payment_intents");
        assert_eq!(intents.len(), 1, "await {waits}");
        let metadata = serde_json::json!({"payment_id": payment, "entity_type": "permits", "entity_id": "1", "user_id": super::PAYER});
        assert_eq!((&intents[0]["metadata"], &intents[0]["amount"]), (&metadata, &serde_json::json!(1999)));
        assert!(secret(&till, &payment).await.contains("_secret_"));
        till.clear().await;
        if !died {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= FEWEST, "only {crashes} awaits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_is_made_once_wherever_the_process_dies() {
    let till = Till::open().await;
    let mut crashes = 0;
    for waits in 0.. {
        let payment = till.press_pay(1, "100").await.expect("a payment");
        till.come_to_rest(Vec::new()).await;
        assert_eq!(till.sandbox.confirm(&secret(&till, &payment).await, "4242424242424242").0, 200);
        till.come_to_rest(Vec::new()).await;
        till.order_refund(&payment, "25").await.expect("ordered");
        let died = crash_newest(&till, waits).await;
        let delivered = till.come_to_rest(Vec::new()).await;
        till.assert_equal(&delivered, &format!("process_refund died at await {waits}")).await;
        let refunds = till.at_provider("refunds");
        assert_eq!((refunds.len(), &refunds[0]["amount"]), (1, &serde_json::json!(2500)), "await {waits}");
        till.clear().await;
        if !died {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= FEWEST, "only {crashes} awaits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_waits_for_the_end_of_the_first() {
    let till = Till::open().await;
    let mut crashes = 0;
    for waits in 0.. {
        // Declined; the payer presses again, and a job cancels the first intent before it makes another.
        let first = till.press_pay(1, "20").await.expect("a payment");
        till.come_to_rest(Vec::new()).await;
        let first_secret = secret(&till, &first).await;
        assert_eq!(till.sandbox.confirm(&first_secret, "4000000000000002").0, 402);
        till.come_to_rest(Vec::new()).await;
        let second = till.press_pay(1, "20").await.expect("another");
        assert_ne!(first, second);
        let died = crash_newest(&till, waits).await;
        // In another window the first one is paid with a good card, if it still can be.
        let late = till.sandbox.confirm(&first_secret, "4242424242424242").0;
        let delivered = till.come_to_rest(Vec::new()).await;
        till.assert_equal(&delivered, &format!("the second attempt died at await {waits}; late payment {late}")).await;
        let state = till.text(&format!("select string_agg(status, ' ' order by created_at) from payments.transactions where id in ('{first}', '{second}')")).await;
        let linked = till.text("select payment_id from permits where id = 1").await;
        match late {
            200 => assert_eq!((state.as_str(), &linked), ("succeeded canceled", &first), "await {waits}"),
            _ => assert_eq!((state.as_str(), &linked), ("canceled pending", &second), "await {waits}"),
        }
        till.clear().await;
        if !died {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= FEWEST, "only {crashes} awaits");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_died_between_inbox_and_ledger_is_applied_by_the_next_delivery_or_the_reconciliation() {
    let till = Till::open().await;
    for by_delivery in [true, false] {
        let payment = till.press_pay(1, "5").await.expect("a payment");
        till.come_to_rest(Vec::new()).await;
        till.sandbox.confirm(&secret(&till, &payment).await, "4242424242424242");
        let events = till.sandbox.take_events();
        assert_eq!(events.len(), 1);
        let event = Event::parse(events[0].as_bytes()).expect("an event");
        let received = till.ledger.receive(&event.id, &event.kind, &events[0], event.livemode).await.expect("stored");
        assert!(matches!(received, Inbox::New(_)));
        // The process died here. The provider saw no answer.
        let again = till.ledger.receive(&event.id, &event.kind, &events[0], event.livemode).await.expect("stored");
        assert!(matches!(again, Inbox::Unsettled(_)), "{again:?}");
        let delivered = till.come_to_rest(if by_delivery { events.clone() } else { Vec::new() }).await;
        till.assert_equal(&delivered, "died after the inbox").await;
        let after = till.ledger.receive(&event.id, &event.kind, &events[0], event.livemode).await.expect("stored");
        assert_eq!(after, Inbox::Settled);
        till.clear().await;
    }
    // Wherever it dies, the event is stored at most once and never half applied.
    let payment = till.press_pay(1, "5").await.expect("a payment");
    till.come_to_rest(Vec::new()).await;
    till.sandbox.confirm(&secret(&till, &payment).await, "4242424242424242");
    let events = till.sandbox.take_events();
    let event = Event::parse(events[0].as_bytes()).expect("an event");
    for waits in 0..3 {
        let _ = crash_after(waits, till.ledger.receive(&event.id, &event.kind, &events[0], event.livemode)).await;
        if let Ok(Inbox::Unsettled(row)) = till.ledger.receive(&event.id, &event.kind, &events[0], event.livemode).await
        {
            let _ = crash_after(waits, till.ledger.settle(&row, &event.change())).await;
        }
    }
    let delivered = till.come_to_rest(events).await;
    till.assert_equal(&delivered, "died in the inbox and in the ledger").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_of_the_provider_are_told_apart() {
    let till = Till::open().await;
    let payment = till.press_pay(1, "5").await.expect("a payment");
    let status = format!(
        "select status || ' ' || coalesce(error_message, '-') from payments.transactions where id = '{payment}'"
    );
    for fault in [
        Fault::Refuse(503),
        Fault::Refuse(429),
        Fault::Refuse(409),
        Fault::Refuse(401),
        Fault::LoseAnswer,
        Fault::Break,
    ] {
        till.sandbox.set_faults(Some(Box::new(move || fault)));
        let job = till.jobs().await.remove(0);
        assert!(!till.work(&job, None).await, "{fault:?} is worth another try");
        assert_eq!(till.text(&status).await, "pending_intent -", "{fault:?}");
    }
    let delivered = till.come_to_rest(Vec::new()).await;
    till.assert_equal(&delivered, "after six failures").await;
    assert_eq!(till.text(&status).await, "pending -");

    // Too small: the provider refuses for good, and says why.
    let payment = till.press_pay(2, "0.10").await.expect("a payment");
    till.come_to_rest(Vec::new()).await;
    let said = till
        .text(&format!("select status || ' ' || error_message from payments.transactions where id = '{payment}'"))
        .await;
    assert_eq!(said, "failed stripe API error: Amount must be at least $0.50 usd");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_that_the_provider_keeps_for_a_key_are_left_behind_however_many() {
    let till = Till::open().await;
    let payment = till.press_pay(1, "100").await.expect("a payment");
    let mut refunding = false;
    loop {
        // Four keys in a row break at the provider, each at its first use.
        till.sandbox.set_faults(Some(Box::new(|| Fault::Break)));
        for _ in 0..4 {
            let job = till.jobs().await.into_iter().rfind(|job| job.1 != "send_notification").expect("a job");
            assert!(!till.work(&job, None).await);
            // GET, POST under each key that is broken already, GET, …, and the newest key breaks.
            let mut calls = 0;
            let broken = usize::try_from(job.3).expect("small");
            till.sandbox.set_faults(Some(Box::new(move || {
                calls += 1;
                if calls > 2 * (broken + 1) { Fault::Break } else { Fault::None }
            })));
        }
        till.sandbox.set_faults(None);
        let job = till.jobs().await.into_iter().rfind(|job| job.1 != "send_notification").expect("a job");
        assert!(till.work(&job, None).await, "{:?}", till.told.lock().expect("told"));
        let delivered = till.come_to_rest(Vec::new()).await;
        till.assert_equal(&delivered, "kept failures").await;
        if refunding {
            break;
        }
        refunding = true;
        till.sandbox.confirm(&secret(&till, &payment).await, "4242424242424242");
        till.come_to_rest(Vec::new()).await;
        till.order_refund(&payment, "25").await.expect("ordered");
    }
    assert_eq!((till.at_provider("payment_intents").len(), till.at_provider("refunds").len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_is_reserved_then_taken_in_part_or_released() {
    let till = Till::open().await;
    till.admin
        .batch_execute(
            "insert into metadata.entities (table_name, payment_capture_mode) values ('permits', 'deferred')",
        )
        .await
        .expect("deferred");
    for (permit, amount, expected) in [(1, Some("15.50"), "succeeded 15.50"), (2, None, "canceled -")] {
        let payment = till.press_pay(permit, "20").await.expect("a payment");
        till.come_to_rest(Vec::new()).await;
        till.sandbox.confirm(&secret(&till, &payment).await, "4242424242424242");
        till.come_to_rest(Vec::new()).await;
        let state = format!(
            "select status || ' ' || coalesce(amount_captured::text, '-') from payments.transactions where id = '{payment}'"
        );
        assert_eq!(till.text(&state).await, "authorized -");
        let expires = format!(
            "select authorization_expires_at > now() + interval '6 days' from payments.transactions where id = '{payment}'"
        );
        assert_eq!(till.text(&expires).await, "t");
        match amount {
            Some(amount) => {
                till.cashier.capture(&payment, Some(amount)).await.expect("captured");
                till.cashier.capture(&payment, Some(amount)).await.expect("captured already");
            }
            None => {
                till.cashier.give_up(&payment, false).await.expect("another attempt does not release it");
                assert_eq!(till.text(&state).await, "authorized -");
                till.cashier.give_up(&payment, true).await.expect("released");
            }
        }
        let delivered = till.come_to_rest(Vec::new()).await;
        till.assert_equal(&delivered, "deferred").await;
        assert_eq!(till.text(&state).await, expected);
        if amount.is_some() {
            assert!(till.order_refund(&payment, "15.51").await.is_none(), "more than was captured");
            till.order_refund(&payment, "15.50").await.expect("what was captured");
            let delivered = till.come_to_rest(Vec::new()).await;
            till.assert_equal(&delivered, "refunded").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reconciliation_mends_what_was_missed() {
    let till = Till::open().await;
    let options = civic_os::payments::ReconcileOptions { patience: 0.0, days: 3 };
    // No worker was there, and the job is gone.
    let payment = till.press_pay(1, "5").await.expect("a payment");
    till.admin.batch_execute("delete from metadata.river_job").await.expect("lost");
    let report = till.cashier.reconcile(&options).await.expect("reconciled");
    assert_eq!((report.restarted_payments, till.jobs().await.len()), (1, 1));
    let again = till.cashier.reconcile(&options).await.expect("reconciled");
    assert_eq!(again.restarted_payments, 0, "one job is enough");
    till.come_to_rest(Vec::new()).await;
    // All events get lost.
    till.sandbox.confirm(&secret(&till, &payment).await, "4242424242424242");
    till.sandbox.take_events();
    let report = till.cashier.reconcile(&options).await.expect("reconciled");
    assert_eq!((report.repaired, report.problems.len()), (1, 0));
    assert_eq!(
        till.text(&format!("select status from payments.transactions where id = '{payment}'")).await,
        "succeeded"
    );
    // A refund in the provider's dashboard, whose events got lost too.
    let intent =
        till.text(&format!("select provider_payment_id from payments.transactions where id = '{payment}'")).await;
    till.sandbox.refund_in_dashboard(&intent, 200);
    till.sandbox.take_events();
    let report = till.cashier.reconcile(&options).await.expect("reconciled");
    assert_eq!(report.recorded_refunds, 1);
    till.assert_equal(&[], "reconciled").await;
    let quiet = till.cashier.reconcile(&options).await.expect("reconciled");
    assert_eq!((quiet.repaired, quiet.recorded_refunds, quiet.restarted_payments), (0, 0, 0), "{quiet:?}");
    // A reservation that ends soon is named.
    till.admin.batch_execute(&format!(
        "insert into payments.transactions (id, user_id, amount, status, authorization_expires_at) values ('{}', '{}', 5, 'authorized', now() + interval '1 hour')",
        super::OFFICE, super::PAYER)).await.expect("reserved");
    assert_eq!(till.cashier.reconcile(&options).await.expect("reconciled").expiring, [super::OFFICE]);
}
