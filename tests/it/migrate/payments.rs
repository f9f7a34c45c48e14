//! The ledger's rules in the database: edges, refunds within what was captured, events once, who may ask for what.

use super::caller::{ANNA, Door, Who, anna, bert, carla};
use crate::support::TestDatabase;
use civic_os::payments::{Currency, Minor, State, edges};
use std::collections::BTreeSet;

async fn payment(door: &Door, status: &str, amount: &str) -> String {
    // A payment cannot be born in every state; it walks there.
    let sql = format!(
        "insert into payments.transactions (user_id, amount, status, provider_payment_id, description)
         values ('{ANNA}', {amount}, '{status}', 'pi_' || gen_random_uuid(), 'Hall') returning id"
    );
    door.value(&Who::Owner, &sql).await
}

#[tokio::test]
async fn code_and_database_have_the_same_edges() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
    let sql = format!(
        "select f || ' ' || t from unnest('{{{words}}}'::text[]) f, unnest('{{{words}}}'::text[]) t where payments.may_become(f, t)",
        words = words.join(",")
    );
    let theirs: BTreeSet<String> = door.values(&Who::Owner, &sql).await.into_iter().collect();
    let ours: BTreeSet<String> = edges().map(|(from, to)| format!("{from} {to}")).collect();
    assert_eq!(theirs, ours);
    // guard_transaction refuses the others, whoever writes.
    door.run_as(&anna(), "select public.refresh_current_user()").await;
    for (from, to) in
        [("succeeded", "failed"), ("canceled", "succeeded"), ("authorized", "failed"), ("pending", "pending_intent")]
    {
        let id = payment(&door, from, "5").await;
        let refusal = door
            .refusal(&Who::Owner, &format!("update payments.transactions set status = '{to}' where id = '{id}'"))
            .await;
        assert_eq!(
            (refusal.code.as_str(), refusal.message),
            ("23514", format!("A payment that is {from} cannot become {to}"))
        );
    }
}

#[tokio::test]
async fn amounts_are_counted_alike_on_both_sides() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for code in ["USD", "EUR", "JPY", "ISK", "UGX", "KRW", "XOF", "HUF"] {
        let factor = door.value(&Who::Owner, &format!("select payments.minor_unit_factor('{code}')")).await;
        assert_eq!(factor, Currency::parse(code).unwrap().factor().to_string(), "{code}");
    }
    assert_eq!(door.value(&Who::Owner, "select payments.default_currency()").await, "USD");
    // Fees: for every amount the smallest total that leaves enough.
    door.run_as(
        &Who::Owner,
        "insert into payments.settings (currency, fee_percent, fee_fixed) values ('USD', 2.9, 0.30)",
    )
    .await;
    let wrong = "select a.amount from (select n / 100.0 as amount from generate_series(1, 20000) n) a,
         lateral (select payments.processing_fee(a.amount, 'USD') as fee) f,
         lateral (select a.amount + f.fee as total) t
         where t.total - round(t.total * 0.029, 2) - 0.30 < a.amount
            or (t.total - 0.01) - round((t.total - 0.01) * 0.029, 2) - 0.30 >= a.amount";
    assert_eq!(door.values(&Who::Owner, wrong).await, Vec::<String>::new());
    assert_eq!(door.value(&Who::Owner, "select payments.processing_fee(100, 'USD')").await, "3.30");
    assert_eq!(door.value(&Who::Owner, "select payments.processing_fee(100, 'EUR')").await, "0");
    door.run_as(&anna(), "select public.refresh_current_user()").await;
    let made = "insert into payments.transactions (user_id, amount) values ('00000000-0000-4000-8000-00000000000a', 100) returning amount || ' ' || processing_fee";
    assert_eq!(door.value(&Who::Owner, made).await, "103.30 3.30");
    door.run_as(&Who::Owner, "update payments.settings set currency = 'JPY', fee_percent = 3.6, fee_fixed = 0").await;
    assert_eq!(door.value(&Who::Owner, "select payments.processing_fee(1000, 'JPY')").await, "37");
    assert_eq!(door.value(&Who::Owner, "select payments.default_currency()").await, "JPY");
    let jpy = Currency::parse("JPY").unwrap();
    assert_eq!(jpy.minor("1037"), Ok(Minor(1037)));
}

#[tokio::test]
async fn refunds_never_exceed_what_was_captured_even_in_races() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&anna(), "select public.refresh_current_user()").await;
    let id = payment(&door, "succeeded", "100").await;
    // count_refund keeps the sum; refunds_within_captured decides. Twenty at once, each a quarter: four fit.
    let insert = format!(
        "insert into payments.refunds (transaction_id, amount, reason, initiated_by) values ('{id}', 25, 'ten characters', '{ANNA}')"
    );
    let mut racers = Vec::new();
    for _ in 0..20 {
        let (client, sql) = (database.connect().await, insert.clone());
        racers.push(tokio::spawn(async move {
            client
                .batch_execute(&sql)
                .await
                .map_err(|e| e.as_db_error().unwrap().constraint().unwrap_or_default().to_owned())
        }));
    }
    let mut fits = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(()) => fits += 1,
            Err(constraint) => assert_eq!(constraint, "refunds_within_captured"),
        }
    }
    assert_eq!(fits, 4);
    let sum = format!("select amount_refunded from payments.transactions where id = '{id}'");
    assert_eq!(door.value(&Who::Owner, &sum).await, "100.00");
    // A refund that failed makes room again, and one that came back too.
    door.run_as(&Who::Owner, &format!("update payments.refunds set status = 'failed' where id = (select id from payments.refunds where transaction_id = '{id}' limit 1)")).await;
    assert_eq!(door.value(&Who::Owner, &sum).await, "75.00");
    door.run_as(&Who::Owner, "delete from payments.refunds where status = 'failed'").await;
    assert_eq!(door.value(&Who::Owner, &sum).await, "75.00");
    let unpaid = payment(&door, "pending", "100").await;
    let early = insert.replace(&id, &unpaid);
    assert!(door.refusal(&Who::Owner, &early).await.message.contains("refunds_within_captured"));
    let other = payment(&door, "succeeded", "100").await;
    let moved = format!("update payments.refunds set transaction_id = '{other}'");
    assert_eq!(door.refused(&Who::Owner, &moved).await, "23514", "a refund stays with its payment");
}

#[tokio::test]
async fn a_record_has_one_attempt_that_is_open_or_paid() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&anna(), "select public.refresh_current_user()").await;
    door.run_as(&bert(), "select public.refresh_current_user()").await;
    door.run_as(
        &Who::Owner,
        "create table permits (id int primary key, fee_id uuid references payments.transactions, deposit_id uuid references payments.transactions);
         insert into permits values (1), (2)",
    )
    .await;
    let pay = |user: &str, column: &str, amount: &str| {
        format!("select payments.create_and_link_payment('permits', 'id', 1, '{column}', {amount}, 'x', '{user}')")
    };
    let bert_id = super::caller::BERT;
    let first = door.value(&Who::Owner, &pay(ANNA, "fee_id", "20")).await;
    assert_eq!(door.value(&Who::Owner, &pay(ANNA, "fee_id", "20")).await, first, "pressed twice");
    for other in [pay(ANNA, "fee_id", "21"), pay(bert_id, "fee_id", "20")] {
        let refusal = door.refusal(&Who::Owner, &other).await;
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("23505", "This record is paid already, or somebody is paying for it")
        );
    }
    let deposit = door.value(&Who::Owner, &pay(ANNA, "deposit_id", "5")).await;
    assert_ne!(deposit, first, "another column is another thing to pay");
    let jobs = "select count(*) from metadata.river_job where kind = 'create_payment_intent'";
    assert_eq!(door.value(&Who::Owner, jobs).await, "2");
    door.run_as(&Who::Owner, &format!("update payments.transactions set status = 'failed' where id = '{first}'")).await;
    let second = door.value(&Who::Owner, &pay(ANNA, "fee_id", "20")).await;
    assert_ne!(second, first, "a failed attempt is not used again");
    // relink: the first goes through after all, before the second had an intent.
    let record = |id: &str, status: &str| {
        format!(
            "select payments.record_intent('{id}', 'pi_{id}', null, '{status}', null, 20, null, false, now(), null, null)"
        )
    };
    assert_eq!(door.value(&Who::Owner, &record(&first, "succeeded")).await, "applied");
    assert_eq!(door.value(&Who::Owner, "select fee_id from permits where id = 1").await, first);
    assert_eq!(
        door.value(&Who::Owner, &format!("select status from payments.transactions where id = '{second}'")).await,
        "canceled"
    );
    assert_eq!(door.value(&Who::Owner, &record(&first, "succeeded")).await, "unchanged");
    assert_eq!(door.value(&Who::Owner, &record(&first, "failed")).await, "stale", "a late decline");
    assert_eq!(
        door.value(&Who::Owner, &record(&second, "succeeded")).await,
        "refused",
        "and it is kept with its reason"
    );
    assert_eq!(door.value(&Who::Owner, "select payments.record_intent(null, 'pi_nobodys', null, 'succeeded', null, null, null, null, now(), null, null)").await, "unmatched");
}

#[tokio::test]
async fn events_are_applied_once_and_keep_their_reason() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    door.run_as(&anna(), "select public.refresh_current_user()").await;
    let id = payment(&door, "succeeded", "20").await;
    let intent = door
        .value(&Who::Owner, &format!("select provider_payment_id from payments.transactions where id = '{id}'"))
        .await;
    let event = async |name: &str, change: &str| {
        let insert = format!(
            "insert into metadata.webhooks (provider, provider_event_id, event_type, payload) values ('stripe', '{name}', 'x', '{{}}') on conflict do nothing"
        );
        door.run_as(&Who::Owner, &insert).await;
        // As the narrow role: "Payment jobs keep the ledger", "Payment jobs keep refunds", "Payment jobs keep the settings"
        let settle = format!(
            "set local role civic_os_payments; select payments.settle_event((select id from metadata.webhooks where provider_event_id = '{name}'), '{change}')"
        );
        door.value(&Who::Owner, &settle).await
    };
    let refund = format!(
        r#"{{"subject":"refund","provider_refund_id":"re_1","intent_id":"{intent}","amount_minor":500,"provider_status":"pending"}}"#
    );
    assert_eq!(event("evt_1", &refund).await, "applied", "made in the provider's dashboard");
    assert_eq!(event("evt_1", &refund).await, "duplicate");
    let asks = refund.replace("\"pending\"", "\"requires_action\"");
    assert_eq!(event("evt_1b", &asks).await, "applied", "the payer has to do something for the money");
    assert_eq!(
        door.value(&Who::Owner, "select status || ' ' || provider_status from payments.refunds").await,
        "pending requires_action"
    );
    assert_eq!(event("evt_1c", &refund).await, "applied");
    let rows = "select concat_ws('|', amount, status, provider_status, coalesce(initiated_by::text, 'nobody')) from payments.refunds";
    assert_eq!(door.value(&Who::Owner, rows).await, "5.00|pending|pending|nobody");
    let charge = format!(r#"{{"subject":"charge","intent_id":"{intent}","refunded_minor":500}}"#);
    assert_eq!(event("evt_2", &charge).await, "applied");
    assert_eq!(door.value(&Who::Owner, "select status from payments.refunds").await, "succeeded");
    // enqueue_sync: the event names the sum only, so the provider is asked too; once.
    assert_eq!(event("evt_3", &charge).await, "applied");
    assert_eq!(
        door.value(&Who::Owner, "select count(*) from metadata.river_job where kind = 'sync_payment'").await,
        "1"
    );
    let failed = refund.replace("pending", "failed");
    assert_eq!(event("evt_4", &failed).await, "applied", "the bank sent it back");
    assert_eq!(event("evt_5", &refund.replace("pending", "succeeded")).await, "stale");
    let too_much = r#"{"subject":"refund","provider_refund_id":"re_2","intent_id":"INTENT","amount_minor":5000,"provider_status":"succeeded"}"#.replace("INTENT", &intent);
    assert_eq!(event("evt_6", &too_much).await, "error");
    assert_eq!(
        event("evt_7", r#"{"subject":"intent","intent_id":"pi_nobodys","status":"succeeded","created":1}"#).await,
        "unmatched"
    );
    assert_eq!(event("evt_8", r#"{"subject":"none"}"#).await, "ignored");
    let dispute = format!(r#"{{"subject":"dispute","intent_id":"{intent}","dispute_status":"needs_response"}}"#);
    assert_eq!(event("evt_9", &dispute).await, "applied");
    assert_eq!(door.value(&carla(), "select dispute_status from payment_transactions").await, "needs_response");
    let left = "select string_agg(concat_ws(' ', provider_event_id, outcome, attempts, error_message), '; ' order by provider_event_id) from metadata.webhooks where not processed";
    let left = door.value(&Who::Owner, left).await;
    assert!(left.starts_with("evt_6 error 1 ") && left.contains("refunds_within_captured"), "{left}");
    assert!(left.ends_with("evt_7 unmatched 1 no payment with the intent pi_nobodys"), "{left}");
    // record_refund of an unknown intent is no refund.
    let unknown = "select payments.record_refund(null, 're_9', 'pi_nobodys', 5, 'succeeded', null, null)";
    assert_eq!(door.value(&Who::Owner, unknown).await, "unmatched");
    for role in ["civic_os_payments", "civic_os_worker"] {
        let settings = format!(
            "set local role {role}; insert into payments.settings (currency) values ('EUR') on conflict (only_row) do update set currency = excluded.currency returning currency"
        );
        match role {
            "civic_os_payments" => assert_eq!(door.value(&Who::Owner, &settings).await, "EUR"),
            _ => assert_eq!(door.refused(&Who::Owner, &settings).await, "42501"),
        }
    }
}

#[tokio::test]
async fn captures_and_cancellations_are_for_those_who_may() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for who in [anna(), bert(), carla()] {
        door.run_as(&who, "select public.refresh_current_user()").await;
    }
    // guard_transaction: deferred where the entity says so.
    door.run_as(&Who::Owner, "create table halls (id int); insert into metadata.entities (table_name, payment_capture_mode) values ('halls', 'deferred')").await;
    let sql = format!(
        "insert into payments.transactions (user_id, amount, entity_type) values ('{ANNA}', 20, 'halls') returning capture_method"
    );
    assert_eq!(door.value(&Who::Owner, &sql).await, "manual");

    let id = payment(&door, "authorized", "20").await;
    let capture = format!("select capture_payment('{id}')");
    assert_eq!(door.refused(&Who::Anonymous, &capture).await, "42501");
    assert_eq!(door.refused_with(&anna(), &capture).await, "Missing payment_transactions:update permission");
    assert_eq!(
        door.refused_with(&carla(), &format!("select capture_payment('{id}', 21)")).await,
        "Invalid capture amount: 21"
    );
    door.run_as(&carla(), &format!("select capture_payment('{id}', 15.50)")).await;
    let newest = "select kind || ' ' || args from metadata.river_job order by id desc limit 1";
    assert_eq!(
        door.value(&Who::Owner, newest).await,
        format!("capture_payment_intent {{\"amount\": \"15.50\", \"payment_id\": \"{id}\"}}")
    );

    let cancel = |id: &str| format!("select cancel_payment('{id}')");
    assert_eq!(door.refused(&Who::Anonymous, &cancel(&id)).await, "42501");
    assert_eq!(
        door.refused_with(&bert(), &cancel(&id)).await,
        format!("Payment not found: {id}"),
        "a stranger learns nothing"
    );
    assert_eq!(door.refused_with(&anna(), &cancel(&id)).await, "Missing payment_transactions:update permission");
    let open = payment(&door, "pending", "20").await;
    door.run_as(&anna(), &cancel(&open)).await;
    assert_eq!(door.value(&Who::Owner, newest).await, format!("cancel_payment_intent {{\"payment_id\": \"{open}\"}}"));
    let paid = payment(&door, "succeeded", "20").await;
    assert_eq!(door.refused_with(&carla(), &cancel(&paid)).await, "Cannot cancel a payment that is succeeded");
    assert_eq!(
        door.refused_with(&carla(), &format!("select capture_payment('{paid}')")).await,
        "Can only capture authorized payments (current status: succeeded)"
    );
}

#[tokio::test]
async fn client_secrets_are_the_payers_alone() {
    let database = TestDatabase::create().await;
    let door = Door::open(&database).await;
    for who in [anna(), bert(), carla()] {
        door.run_as(&who, "select public.refresh_current_user()").await;
    }
    let seen = "select coalesce(string_agg(coalesce(provider_client_secret, '-') || ' ' || exact_status, ','), 'nothing') from payment_transactions";
    let id = payment(&door, "pending", "20").await;
    let walk = async |status: &str| {
        door.run_as(&Who::Owner, &format!("update payments.transactions set status = '{status}', provider_client_secret = 'secret' where id = '{id}'")).await
    };
    for (status, payer) in
        [("pending", "secret"), ("requires_action", "secret"), ("failed", "-"), ("authorized", "-"), ("succeeded", "-")]
    {
        walk(status).await;
        assert_eq!(door.value(&anna(), seen).await, format!("{payer} {status}"));
        assert_eq!(door.value(&carla(), seen).await, format!("- {status}"), "who may read all payments");
        assert_eq!(door.value(&bert(), seen).await, "nothing", "a stranger");
        assert_eq!(door.value(&Who::Anonymous, seen).await, "nothing", "nobody");
    }
}
