//! Payments against the sandbox provider: the ledger equals the provider's whatever happens in between (WORKERS.md §10, checks 4, 7, 8).

mod crashes;
mod histories;
mod kills;
mod library;
mod localstripe;
mod sandbox;
mod service;
mod webhook;

use crate::support::TestDatabase;
use civic_os::config::Secret;
use civic_os::db::{Db, DbOptions, Lane};
use civic_os::payments::{
    Cashier, Ledger, PaymentsError, ReconcileOptions, Sandbox, Secrets, State, StripeClient, Try, Webhook,
    WebhookOptions,
};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tokio_postgres::Client;

const PAYER: &str = "00000000-0000-4000-8000-00000000000a";
const OFFICE: &str = "00000000-0000-4000-8000-00000000000c";

/// A database with records to pay for, and our side of payments on it.
struct Desk {
    admin: Client,
    cashier: Cashier,
    ledger: Ledger,
    webhook: Webhook,
    db: Db,
    /// What happened so far and how the last job failed, for whoever looks at a failure.
    told: Mutex<(String, String)>,
    _database: Option<TestDatabase>,
}

/// A desk and the sandbox as its provider.
struct Till {
    desk: Desk,
    sandbox: Sandbox,
    server: actix_web::dev::ServerHandle,
}

impl std::ops::Deref for Till {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Till {
    async fn open() -> Self {
        let sandbox = Sandbox::new(None);
        let (base, server) = sandbox.serve().expect("the sandbox's port");
        let database = TestDatabase::create().await;
        let mut desk = Desk::on(
            &database.owner_url(),
            &database.authenticator_url(),
            &base,
            sandbox.api_key(),
            sandbox.signing_secret(),
        )
        .await;
        desk._database = Some(database);
        Self { desk, sandbox, server }
    }
}

impl Desk {
    /// On a database with the core schema; `base`, `key` and `signing` are the provider's.
    async fn on(owner: &Secret, pool: &Secret, base: &str, key: Secret, signing: Secret) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let admin = connect(owner).await;
        admin
            .batch_execute(&format!(
                "set client_min_messages to error;
                 insert into metadata.civic_os_users (id, display_name) values ('{PAYER}', 'Payer'), ('{OFFICE}', 'Office');
                 create table permits (id int primary key, payment_id uuid references payments.transactions on delete set null)"
            ))
            .await
            .expect("people and records");
        let options = DbOptions { url: pool.clone(), pool_max: 4, ..DbOptions::default() };
        let db = Db::open(options).expect("a pool");
        let ledger = Ledger::new(db.clone(), Lane::System);
        let client = StripeClient::new(base, key).expect("a client");
        let cashier = Cashier::new(ledger.clone(), Arc::new(client), Some(false));
        let options = WebhookOptions { livemode: Some(false), ..WebhookOptions::default() };
        let webhook = Webhook::new(ledger.clone(), Secrets::new(&signing), options);
        Self { admin, cashier, ledger, webhook, db, told: Mutex::default(), _database: None }
    }

    async fn text(&self, sql: &str) -> String {
        let rows = self.admin.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter()
            .find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                _ => None,
            })
            .unwrap_or_default()
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        let rows = self.admin.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
                _ => None,
            })
            .collect()
    }

    /// Whether money is reserved first from now on.
    async fn capture_later(&self, deferred: bool) {
        let sql = if deferred {
            "insert into metadata.entities (table_name, payment_capture_mode) values ('permits', 'deferred') on conflict (table_name) do update set payment_capture_mode = 'deferred'"
        } else {
            "delete from metadata.entities where table_name = 'permits'"
        };
        self.admin.batch_execute(sql).await.expect("the capture mode");
    }

    /// What an application's function does when somebody presses "Pay".
    async fn press_pay(&self, permit: u32, amount: &str) -> Option<String> {
        self.admin
            .execute(
                "insert into permits values ($1) on conflict do nothing",
                &[&i32::try_from(permit).expect("small")],
            )
            .await
            .expect("a permit");
        let sql = format!(
            "select case payments.check_existing_payment(p.payment_id)
               when 'create_new' then payments.create_and_link_payment('permits', 'id', p.id, 'payment_id', {amount}, 'Permit', '{PAYER}')
               when 'reuse' then p.payment_id
             end
             from permits p where p.id = {permit}"
        );
        // Refused when somebody else pays for it.
        self.admin.query_one(&sql, &[]).await.ok()?.get::<_, Option<uuid::Uuid>>(0).map(|id| id.to_string())
    }

    /// What the office does.
    async fn order_refund(&self, payment: &str, amount: &str) -> Option<String> {
        let claims = json!({"sub": OFFICE, "realm_access": {"roles": ["admin"]}}).to_string();
        let sql = format!(
            "begin; select set_config('request.jwt.claims', '{claims}', true); \
             select initiate_payment_refund('{payment}', {amount}, 'the permit was not needed'); commit"
        );
        match self.admin.simple_query(&sql).await {
            Ok(messages) => messages.iter().rev().find_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            }),
            Err(_) => {
                self.admin.batch_execute("rollback").await.expect("rolled back");
                None
            }
        }
    }

    /// Jobs that are not done: number, kind, arguments, runs so far.
    async fn jobs(&self) -> Vec<(i64, String, Value, i16)> {
        let sql = "select id, kind, args, attempt from metadata.river_job where finalized_at is null order by id";
        let rows = self.admin.query(sql, &[]).await.expect("jobs");
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
    }

    /// One run of a job, as the queue would do it; `crash` ends the process at that await. Whether the job is done.
    async fn work(&self, (id, kind, args, attempt): &(i64, String, Value, i16), crash: Option<usize>) -> bool {
        self.admin
            .execute("update metadata.river_job set attempt = attempt + 1, max_attempts = greatest(max_attempts, attempt + 2) where id = $1", &[id])
            .await
            .expect("claimed");
        let this = Try { job: *id, again: *attempt > 0 };
        let text = |name: &str| args[name].as_str().unwrap_or_default().to_owned();
        let (payment, refund) = (text("payment_id"), text("refund_id"));
        let run = async {
            match kind.as_str() {
                "create_payment_intent" => self.cashier.create_intent(&payment, this).await,
                "capture_payment_intent" => self.cashier.capture(&payment, args["amount"].as_str()).await,
                "cancel_payment_intent" => self.cashier.give_up(&payment, true).await,
                "sync_payment" => self.cashier.sync(&payment, None).await,
                "process_refund" => self.cashier.refund(&refund, this).await,
                "send_notification" => Ok(()),
                other => panic!("no such kind {other}"),
            }
        };
        let outcome = match crash {
            Some(polls) => crash_after(polls, run).await,
            None => Some(run.await),
        };
        match outcome {
            Some(Ok(())) => {
                self.admin.execute("delete from metadata.river_job where id = $1", &[id]).await.expect("done");
                true
            }
            Some(Err(error)) => {
                self.told.lock().expect("told").1 = format!("{kind}: {error:?}");
                false
            }
            None => false,
        }
    }

    /// Keeps what happened for a failure's message.
    fn tell(&self, story: &str) {
        *self.told.lock().expect("told") = (story.to_owned(), String::new());
    }

    /// One comparison of the ledger with the provider; whether nothing was left to do.
    async fn compare(&self) -> bool {
        let options = ReconcileOptions { patience: 0.0, days: 3 };
        let report = match self.cashier.reconcile(&options).await {
            Ok(report) => report,
            // A connection that was cut last; the next run of the job compares.
            Err(PaymentsError::Database { .. }) => return false,
            Err(error) => panic!("{error:?}"),
        };
        assert_eq!(report.problems, Vec::<String>::new());
        report.restarted_payments + report.restarted_refunds == 0
            && report.repaired == 0
            && report.cancelled_intents == 0
            && report.applied_events == 0
            && report.recorded_refunds == 0
    }

    /// The invariant of the issue, at rest.
    async fn assert_ledger(&self, intents: &[Value], refunds: &[Value], delivered: &[String], story: &str) {
        let rows = self
            .admin
            .query(
                "select id::text, status, provider_payment_id, (amount_captured * 100)::bigint, (amount * 100)::bigint,
                        entity_id, (amount_refunded * 100)::bigint from payments.transactions",
                &[],
            )
            .await
            .expect("the ledger");
        let mut charges = std::collections::BTreeMap::<String, usize>::new();
        for row in &rows {
            let (id, status, intent_id): (String, String, Option<String>) = (row.get(0), row.get(1), row.get(2));
            let of_payment: Vec<&Value> =
                intents.iter().filter(|intent| intent["metadata"]["payment_id"] == *id).collect();
            let open = of_payment.iter().filter(|intent| intent["status"] != "canceled").count();
            assert!(open <= 1, "payment {id} has {open} intents\n{story}");
            let Some(intent_id) = intent_id else {
                assert!(
                    matches!(status.as_str(), "failed" | "canceled"),
                    "{id} is {status} without an intent\n{story}"
                );
                assert_eq!(open, 0, "an intent that nobody waits for\n{story}");
                continue;
            };
            let intent = of_payment.iter().find(|intent| intent["id"] == *intent_id);
            let intent = intent.unwrap_or_else(|| panic!("{intent_id} is not at the provider\n{story}"));
            let expected = match (intent["status"].as_str(), intent["last_payment_error"].is_null()) {
                (Some("requires_payment_method"), false) => State::Failed,
                (Some("requires_payment_method" | "requires_confirmation" | "processing"), _) => State::Pending,
                (Some("requires_action"), _) => State::RequiresAction,
                (Some("requires_capture"), _) => State::Authorized,
                (Some("succeeded"), _) => State::Succeeded,
                (Some("canceled"), _) => State::Canceled,
                other => panic!("{other:?}"),
            };
            assert_eq!(status, expected.word(), "payment {id}, intent {intent_id}\n{story}");
            assert_eq!(intent["amount"].as_i64(), row.get::<_, Option<i64>>(4), "{id}\n{story}");
            if status == "succeeded" {
                assert_eq!(intent["amount_received"].as_i64(), row.get::<_, Option<i64>>(3), "{id}\n{story}");
                *charges.entry(row.get(5)).or_default() += 1;
            }
        }
        for (record, number) in charges {
            assert!(number <= 1, "record {record} is charged {number} times\n{story}");
        }
        // The same by the provider's word alone.
        let mut taken = std::collections::BTreeMap::<&str, usize>::new();
        for intent in intents.iter().filter(|intent| intent["status"] == "succeeded") {
            *taken.entry(intent["metadata"]["entity_id"].as_str().unwrap_or_default()).or_default() += 1;
        }
        assert!(taken.values().all(|number| *number <= 1), "charges by record: {taken:?}\n{story}");
        for intent in intents {
            let known = rows.iter().any(|row| row.get::<_, Option<String>>(2).as_deref() == intent["id"].as_str());
            assert!(known || intent["status"] == "canceled", "{intent} is in no ledger\n{story}");
        }
        self.assert_refunds(refunds, story).await;
        for event in delivered {
            let event: Value = serde_json::from_str(event).expect("an event");
            let sql = format!(
                "select count(*) || ' ' || bool_and(processed) from metadata.webhooks where provider_event_id = '{}'",
                event["id"].as_str().expect("id")
            );
            assert_eq!(self.text(&sql).await, "1 true", "{event}\n{story}");
        }
    }

    async fn assert_refunds(&self, theirs: &[Value], story: &str) {
        let sql = "select provider_refund_id, status, (f.amount * 100)::bigint from payments.refunds f";
        let rows = self.admin.query(sql, &[]).await.expect("refunds");
        for row in &rows {
            let (id, status): (Option<String>, String) = (row.get(0), row.get(1));
            let there = theirs.iter().find(|refund| refund["id"].as_str() == id.as_deref());
            match there {
                Some(refund) => {
                    assert_eq!(refund["status"], *status, "{refund}\n{story}");
                    assert_eq!(refund["amount"].as_i64(), Some(row.get(2)), "{refund}\n{story}");
                }
                None => assert_eq!(status, "failed", "a refund that the provider does not have\n{story}"),
            }
        }
        for refund in theirs {
            let known =
                rows.iter().filter(|row| row.get::<_, Option<String>>(0).as_deref() == refund["id"].as_str()).count();
            assert_eq!(known, 1, "{refund} is in the ledger {known} times\n{story}");
        }
        let wrong = "select count(*) from payments.transactions t where t.amount_refunded > coalesce(t.amount_captured, 0)
            or t.amount_refunded <> (select coalesce(sum(f.amount), 0) from payments.refunds f where f.transaction_id = t.id and f.status <> 'failed')";
        assert_eq!(self.text(wrong).await, "0", "{story}");
    }

    /// As it was at the beginning, on our side.
    async fn empty(&self) {
        self.admin
            .batch_execute("truncate payments.transactions, payments.refunds, metadata.webhooks, metadata.river_job, metadata.notifications, permits cascade")
            .await
            .expect("cleared");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.db.close();
    }
}

impl Till {
    /// Everything that waits gets done; what the provider says gets delivered; nothing is left that moves.
    async fn come_to_rest(&self, mut events: Vec<String>) -> Vec<String> {
        self.sandbox.set_faults(None);
        let mut delivered = Vec::new();
        for _ in 0..40 {
            self.sandbox.settle();
            events.extend(self.sandbox.take_events());
            let mut busy = !events.is_empty();
            for event in std::mem::take(&mut events) {
                let status =
                    self.webhook.accept(None, Some(&self.sandbox.sign(&event)), event.clone().into_bytes()).await;
                match status {
                    200 => delivered.push(event),
                    // Connections that were cut last; the provider delivers again.
                    500 => events.push(event),
                    _ => panic!("{status}: {event}"),
                }
            }
            for job in self.jobs().await {
                busy = true;
                self.work(&job, None).await;
            }
            if !busy && self.compare().await && self.jobs().await.is_empty() {
                // A cancellation of the comparison itself may have told something.
                events.extend(self.sandbox.take_events());
                if events.is_empty() {
                    return delivered;
                }
            }
        }
        let (story, problem) = self.told.lock().expect("told").clone();
        panic!("does not come to rest: {:?}\n{problem}\n{story}", self.jobs().await);
    }

    /// The provider's objects of a kind.
    fn at_provider(&self, path: &str) -> Vec<Value> {
        let (status, page) = self.sandbox.look(path, &[("limit", "100")]);
        assert_eq!((status, &page["has_more"]), (200, &json!(false)));
        page["data"].as_array().cloned().unwrap_or_default()
    }

    async fn assert_equal(&self, delivered: &[String], story: &str) {
        let (intents, refunds) = (self.at_provider("payment_intents"), self.at_provider("refunds"));
        self.assert_ledger(&intents, &refunds, delivered, story).await;
    }

    /// As it was at the beginning.
    async fn clear(&self) {
        self.sandbox.forget();
        self.empty().await;
    }
}

impl Drop for Till {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

async fn connect(url: &Secret) -> Client {
    let (client, connection) =
        tokio_postgres::connect(url.expose().expect("a URL"), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Runs a future until it waits for the n-th time, then drops it where it stands: the process died there.
async fn crash_after<F: Future>(mut waits: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if waits == 0 => Poll::Ready(None),
        Poll::Pending => {
            waits -= 1;
            Poll::Pending
        }
    })
    .await
}
