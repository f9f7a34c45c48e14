//! A stand-in for Stripe inside the process, for the demo and for tests: the endpoints that [`super::StripeClient`] uses, a card form,
//! signed events that come twice or in another order. No network, no money, and the configuration refuses it beside any real key.
//!
//! `books` is its memory, `http` its interface on a port of loopback, `pages` what people see under `/sandbox/`.

mod books;
mod http;
mod pages;

use super::signature::Secrets;
use super::webhook::Webhook;
use crate::config::Secret;
use books::{Answer, Books};
use rand::RngExt as _;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the interface does with a request instead of answering it well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: answers well.
    #[default]
    None,
    /// Answers with this status and does nothing: 409, 429, 503.
    Refuse(u16),
    /// Does it, and the answer gets lost with the connection.
    LoseAnswer,
    /// Does nothing, answers 500, and remembers that answer for the key.
    Break,
    /// Answers after this many milliseconds.
    Delay(u64),
}

type FaultPlan = Box<dyn FnMut() -> Fault + Send>;

/// The sandbox; cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    inner: Arc<Inner>,
}

struct Inner {
    books: Mutex<Books>,
    faults: Mutex<Option<FaultPlan>>,
    /// Where the memory is kept; `None` = nowhere.
    file: Option<PathBuf>,
    key: String,
    signing: Secret,
}

impl Sandbox {
    /// A sandbox that remembers what an earlier one wrote into the file.
    pub fn new(file: Option<PathBuf>) -> Self {
        let books = file
            .as_ref()
            .and_then(|file| std::fs::read(file).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let inner = Inner {
            books: Mutex::new(books),
            faults: Mutex::new(None),
            file,
            key: format!("sk_sandbox_{:032x}", rand::random::<u128>()),
            signing: Secret::new(format!("whsec_{:032x}", rand::random::<u128>())),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The key that its interface takes.
    pub fn api_key(&self) -> Secret {
        Secret::new(self.inner.key.clone())
    }

    /// The secret that its events are signed with.
    pub fn signing_secret(&self) -> Secret {
        self.inner.signing.clone()
    }

    /// Decides about each request from now on.
    pub fn set_faults(&self, plan: Option<FaultPlan>) {
        *self.inner.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = plan;
    }

    fn next_fault(&self) -> Fault {
        let mut plan = self.inner.faults.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        plan.as_mut().map_or(Fault::None, |plan| plan())
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        let mut books = self.inner.books.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        books.now = i64::try_from(unix_now()).unwrap_or_default();
        books
    }

    /// Something that changes the books, which are then written down.
    fn change<T>(&self, change: impl FnOnce(&mut Books) -> T) -> T {
        let mut books = self.books();
        let result = change(&mut books);
        if let Some(file) = &self.inner.file {
            let written = serde_json::to_vec(&*books).map_err(std::io::Error::from).and_then(|bytes| {
                let beside = file.with_extension("new");
                std::fs::write(&beside, bytes)?;
                std::fs::rename(&beside, file)
            });
            if let Err(error) = written {
                tracing::warn!(error = &error as &dyn std::error::Error, "The sandbox's memory could not be written");
            }
        }
        result
    }

    /// What the payer's browser does: a card number for a client secret; status and body of the answer.
    pub fn confirm(&self, client_secret: &str, card: &str) -> (u16, Value) {
        self.change(|books| books.confirm(client_secret, card))
    }

    /// What the payer does on the bank's page.
    pub fn authenticate(&self, client_secret: &str, confirmed: bool) -> (u16, Value) {
        self.change(|books| books.authenticate(client_secret, confirmed))
    }

    /// What takes time is over: payments in process, refunds that wait or come back.
    pub fn settle(&self) {
        self.change(Books::settle);
    }

    /// What somebody does in the provider's dashboard: a refund that nobody here ordered. The status of the answer.
    pub fn refund_in_dashboard(&self, intent: &str, amount: i64) -> u16 {
        let form = [("payment_intent", intent.to_owned()), ("amount", amount.to_string())];
        let form = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.change(|books| books.post(None, "refunds", &form)).0.0
    }

    /// Forgets everything.
    pub fn forget(&self) {
        self.change(|books| *books = Books::default());
    }

    /// A GET of the interface without the network: how a test reads the provider's side.
    pub fn look(&self, path: &str, query: &[(&str, &str)]) -> (u16, Value) {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.books().get(path, &query)
    }

    /// The events that nobody got yet, as bodies; they count as delivered.
    pub fn take_events(&self) -> Vec<String> {
        self.change(|books| std::mem::take(&mut books.outbox)).iter().map(Value::to_string).collect()
    }

    /// The header for a body, signed now.
    pub fn sign(&self, body: &str) -> String {
        Secrets::new(&self.inner.signing).sign(body.as_bytes(), unix_now()).unwrap_or_default()
    }

    /// Delivers events to our own endpoint as the real one does: mostly in order, sometimes twice, again when refused. Ends with the process.
    pub async fn deliver(self, webhook: Webhook) {
        let mut settle_in = 0_u32;
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            settle_in += 1;
            if settle_in.is_multiple_of(17) {
                self.settle();
            }
            if self.books().outbox.is_empty() {
                continue;
            }
            let mut events = self.take_events();
            if events.len() > 1 && rand::rng().random_bool(0.25) {
                let last = events.len() - 1;
                events.swap(last - 1, last);
            }
            let mut refused = Vec::new();
            for event in events {
                let times = if rand::rng().random_bool(0.2) { 2 } else { 1 };
                for _ in 0..times {
                    let status = webhook.accept(None, Some(&self.sign(&event)), event.clone().into_bytes()).await;
                    if status >= 500 {
                        refused.push(event.clone());
                        break;
                    }
                }
            }
            let again: Vec<Value> = refused.iter().filter_map(|event| serde_json::from_str(event).ok()).collect();
            self.change(|books| books.outbox.splice(0..0, again).for_each(drop));
        }
    }
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// An error object of the interface as the card form's answer.
fn problem(answer: &Answer) -> Value {
    answer.1.get("error").cloned().unwrap_or(Value::Null)
}
