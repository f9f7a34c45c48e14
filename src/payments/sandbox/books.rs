//! The sandbox's own ledger: intents, refunds, idempotency keys, events. No clockwork and no network in here; whoever calls decides
//! when something that takes time is over. Shapes and words are Stripe's.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

/// So many payments are remembered; of more, the oldest that are over are forgotten, [`PORTION`] at a time.
const MOST: usize = 1_000;
const PORTION: usize = 100;
/// What has waited so long for a card, in seconds, is given up where there are too many.
const LONGEST_WAIT: i64 = 86_400;

/// An answer of the interface: status and body.
pub(super) type Answer = (u16, Value);

/// All that the sandbox remembers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Books {
    intents: BTreeMap<String, Value>,
    refunds: BTreeMap<String, Value>,
    /// Key → what was asked, and status and text of what was answered.
    answers: BTreeMap<String, (String, u16, Box<RawValue>)>,
    /// Not delivered yet.
    pub(super) outbox: Vec<Value>,
    number: u64,
    /// Seconds since 1970, set by the caller before each call.
    #[serde(skip)]
    pub(super) now: i64,
}

/// A form's fields.
pub(super) type Form = BTreeMap<String, String>;

fn error(status: u16, code: &str, message: &str) -> Answer {
    (status, json!({"error": {"type": "invalid_request_error", "code": code, "message": message}}))
}

fn missing(what: &str, id: &str) -> Answer {
    error(404, "resource_missing", &format!("No such {what}: '{id}'"))
}

fn unexpected(status: &str) -> Answer {
    error(
        400,
        "payment_intent_unexpected_state",
        &format!("This PaymentIntent's status is {status}, which does not allow that."),
    )
}

fn minor(form: &Form, name: &str) -> Option<i64> {
    form.get(name)?.parse().ok().filter(|amount| *amount > 0)
}

fn metadata(form: &Form) -> Value {
    let members = form.iter().filter_map(|(name, value)| {
        Some((name.strip_prefix("metadata[")?.strip_suffix(']')?.to_owned(), Value::from(value.as_str())))
    });
    Value::Object(members.collect())
}

impl Books {
    fn id(&mut self, prefix: &str) -> String {
        self.number += 1;
        format!("{prefix}_sandbox_{:012}_{:08x}", self.number, rand::random::<u32>())
    }

    fn tell(&mut self, kind: &str, object: Value) {
        let event = json!({
            "id": self.id("evt"), "object": "event", "api_version": "2025-01-27.acacia", "created": self.now, "type": kind,
            "livemode": false, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
            "data": {"object": object},
        });
        self.outbox.push(event);
    }

    /// A POST under a key: the same again brings the same answer, something else under the key is refused. The flag tells a replay.
    pub(super) fn post(&mut self, key: Option<&str>, path: &str, form: &Form) -> (Answer, bool) {
        let asked = format!("{path} {form:?}");
        if let Some((before, status, body)) = key.and_then(|key| self.answers.get(key)) {
            if *before != asked {
                let refusal = json!({"error": {"type": "idempotency_error",
                    "message": "Keys for idempotent requests can only be used with the same parameters they were first used with."}});
                return ((400, refusal), false);
            }
            return ((*status, serde_json::from_str(body.get()).unwrap_or_default()), true);
        }
        let answer = self.execute(path, form);
        if let Some(key) = key
            && let Ok(body) = to_raw_value(&answer.1)
        {
            self.answers.insert(key.to_owned(), (asked, answer.0, body));
        }
        (answer, false)
    }

    /// Keeps a failure under a key without doing anything, as the real one does when it breaks.
    pub(super) fn break_down(&mut self, key: Option<&str>, path: &str, form: &Form) -> Answer {
        let body = json!({"error": {"type": "api_error", "message": "An unexpected error occurred."}});
        if let Some(key) = key
            && let Ok(body) = to_raw_value(&body)
        {
            self.answers.entry(key.to_owned()).or_insert_with(|| (format!("{path} {form:?}"), 500, body));
        }
        (500, body)
    }

    fn execute(&mut self, path: &str, form: &Form) -> Answer {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["payment_intents"] => self.create_intent(form),
            ["payment_intents", id, "cancel"] => self.cancel(id),
            ["payment_intents", id, "capture"] => self.capture(id, form),
            ["refunds"] => self.create_refund(form),
            _ => error(404, "", &format!("Unrecognized request URL (POST: /v1/{path}).")),
        }
    }

    /// A GET.
    pub(super) fn get(&self, path: &str, query: &Form) -> Answer {
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["payment_intents"] => self.page(self.intents.values(), query),
            ["payment_intents", id] => {
                self.intents.get(*id).map_or_else(|| missing("payment_intent", id), |it| (200, it.clone()))
            }
            ["refunds"] => {
                let of = query.get("payment_intent");
                let wanted =
                    self.refunds.values().filter(|refund| of.is_none_or(|of| refund["payment_intent"] == **of));
                self.page(wanted, query)
            }
            ["refunds", id] => self.refunds.get(*id).map_or_else(|| missing("refund", id), |it| (200, it.clone())),
            ["healthcheck"] => (200, json!({"ok": true})),
            _ => error(404, "", &format!("Unrecognized request URL (GET: /v1/{path}).")),
        }
    }

    fn page<'a>(&self, objects: impl DoubleEndedIterator<Item = &'a Value>, query: &Form) -> Answer {
        let limit = query.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(10_usize).clamp(1, 100);
        let since = query.get("created[gte]").and_then(|since| since.parse().ok()).unwrap_or(i64::MIN);
        let mut rest: Vec<&Value> =
            objects.rev().filter(|object| object["created"].as_i64().unwrap_or_default() >= since).collect();
        if let Some(after) = query.get("starting_after") {
            let at = rest.iter().position(|object| object["id"] == **after).map_or(rest.len(), |at| at + 1);
            rest.drain(..at);
        }
        let more = rest.len() > limit;
        rest.truncate(limit);
        (200, json!({"object": "list", "has_more": more, "data": rest}))
    }

    fn create_intent(&mut self, form: &Form) -> Answer {
        let Some(amount) = minor(form, "amount") else {
            return error(400, "parameter_invalid_integer", "Invalid positive integer: amount");
        };
        if amount > 99_999_999 {
            return error(400, "amount_too_large", "Amount must be no more than $999,999.99");
        }
        if amount < 50 && form.get("currency").is_some_and(|currency| currency == "usd") {
            return error(400, "amount_too_small", "Amount must be at least $0.50 usd");
        }
        let id = self.id("pi");
        let secret = format!("{id}_secret_{:016x}", rand::random::<u64>());
        let intent = json!({
            "id": id, "object": "payment_intent", "amount": amount, "amount_capturable": 0, "amount_received": 0,
            "currency": form.get("currency"), "capture_method": form.get("capture_method"), "client_secret": secret,
            "created": self.now, "description": form.get("description"), "last_payment_error": null, "livemode": false,
            "metadata": metadata(form), "status": "requires_payment_method", "next_action": null, "card": null,
        });
        self.intents.insert(id, intent.clone());
        self.tell("payment_intent.created", public(&intent));
        self.forget_old();
        (200, intent)
    }

    /// Changes an intent and tells about it.
    fn change(&mut self, id: &str, kind: &str, change: impl FnOnce(&mut Value)) -> Answer {
        let Some(intent) = self.intents.get_mut(id) else { return missing("payment_intent", id) };
        change(intent);
        let intent = intent.clone();
        self.tell(kind, public(&intent));
        (200, intent)
    }

    fn status(&self, id: &str) -> Option<String> {
        self.intents.get(id)?.get("status")?.as_str().map(str::to_owned)
    }

    fn cancel(&mut self, id: &str) -> Answer {
        match self.status(id).as_deref() {
            None => missing("payment_intent", id),
            Some(status @ ("succeeded" | "canceled" | "processing")) => unexpected(status),
            Some(_) => self.change(id, "payment_intent.canceled", |intent| {
                intent["status"] = "canceled".into();
                intent["amount_capturable"] = 0.into();
                intent["canceled_at"] = intent["created"].clone();
            }),
        }
    }

    fn capture(&mut self, id: &str, form: &Form) -> Answer {
        match self.status(id).as_deref() {
            None => missing("payment_intent", id),
            Some("requires_capture") => {
                let amount = self.intents[id]["amount"].as_i64().unwrap_or_default();
                let taken = minor(form, "amount_to_capture").unwrap_or(amount);
                if taken > amount {
                    return error(
                        400,
                        "amount_too_large",
                        "The amount to capture is greater than the amount authorized.",
                    );
                }
                self.succeed(id, taken)
            }
            Some(status) => unexpected(status),
        }
    }

    fn succeed(&mut self, id: &str, taken: i64) -> Answer {
        self.change(id, "payment_intent.succeeded", |intent| {
            intent["status"] = "succeeded".into();
            intent["amount_received"] = taken.into();
            intent["amount_capturable"] = 0.into();
            intent["last_payment_error"] = Value::Null;
            intent["next_action"] = Value::Null;
        })
    }

    /// The means of payment is good: reserve or take.
    fn accept(&mut self, id: &str) -> Answer {
        let intent = &self.intents[id];
        let amount = intent["amount"].as_i64().unwrap_or_default();
        if intent["capture_method"] != "manual" {
            return self.succeed(id, amount);
        }
        self.change(id, "payment_intent.amount_capturable_updated", |intent| {
            intent["status"] = "requires_capture".into();
            intent["amount_capturable"] = amount.into();
            intent["last_payment_error"] = Value::Null;
            intent["next_action"] = Value::Null;
        })
    }

    fn decline(&mut self, id: &str, code: &str, decline: &str, message: &str) -> Answer {
        let problem = json!({"type": "card_error", "code": code, "decline_code": decline, "message": message});
        let answer = self.change(id, "payment_intent.payment_failed", |intent| {
            intent["status"] = "requires_payment_method".into();
            intent["last_payment_error"] = problem.clone();
            intent["next_action"] = Value::Null;
        });
        (402, json!({"error": problem, "payment_intent": answer.1}))
    }

    /// The intent of a client secret.
    pub(super) fn by_secret(&self, secret: &str) -> Option<&Value> {
        let (id, _) = secret.split_once("_secret_")?;
        self.intents.get(id).filter(|intent| intent["client_secret"] == secret)
    }

    /// What the browser does: a card for an intent.
    pub(super) fn confirm(&mut self, secret: &str, card: &str) -> Answer {
        let Some(id) = self.by_secret(secret).and_then(|intent| intent["id"].as_str().map(str::to_owned)) else {
            return missing("payment_intent", "(this secret)");
        };
        let status = self.status(&id).unwrap_or_default();
        if !matches!(status.as_str(), "requires_payment_method" | "requires_action" | "requires_confirmation") {
            return unexpected(&status);
        }
        let digits: String = card.chars().filter(char::is_ascii_digit).collect();
        if let Some(intent) = self.intents.get_mut(&id) {
            intent["card"] = digits.get(digits.len().saturating_sub(4)..).into();
        }
        match digits.as_str() {
            "4242424242424242" | "4000000000007726" | "4000000000005126" => self.accept(&id),
            "4000000000000002" => self.decline(&id, "card_declined", "generic_decline", "Your card was declined."),
            "4000000000009995" => {
                self.decline(&id, "card_declined", "insufficient_funds", "Your card has insufficient funds.")
            }
            "4000000000003220" => self.change(&id, "payment_intent.requires_action", |intent| {
                intent["status"] = "requires_action".into();
                intent["last_payment_error"] = Value::Null;
                intent["next_action"] = json!({"type": "redirect_to_url"});
            }),
            "4000000000000077" => self.change(&id, "payment_intent.processing", |intent| {
                intent["status"] = "processing".into();
                intent["last_payment_error"] = Value::Null;
                intent["next_action"] = Value::Null;
            }),
            _ => self.decline(&id, "incorrect_number", "incorrect_number", "Your card number is incorrect."),
        }
    }

    /// The bank's page: the payer confirms or refuses.
    pub(super) fn authenticate(&mut self, secret: &str, confirmed: bool) -> Answer {
        let Some(id) = self.by_secret(secret).and_then(|intent| intent["id"].as_str().map(str::to_owned)) else {
            return missing("payment_intent", "(this secret)");
        };
        match (self.status(&id).as_deref(), confirmed) {
            (Some("requires_action"), true) => self.accept(&id),
            (Some("requires_action"), false) => self.decline(
                &id,
                "payment_intent_authentication_failure",
                "authentication_required",
                "We could not confirm the payment with your bank.",
            ),
            (status, _) => unexpected(status.unwrap_or_default()),
        }
    }

    /// What takes time is over: payments in process succeed, refunds that wait are done or come back.
    pub(super) fn settle(&mut self) {
        let ids = |objects: &BTreeMap<String, Value>, status: &str| -> Vec<String> {
            objects.iter().filter(|(_, object)| object["status"] == status).map(|(id, _)| id.clone()).collect()
        };
        for id in ids(&self.intents, "processing") {
            self.accept(&id);
        }
        for id in ids(&self.refunds, "pending") {
            self.change_refund(&id, "succeeded", "refund.updated");
        }
        let returned: Vec<String> = self
            .refunds
            .values()
            .filter(|refund| refund["status"] == "succeeded" && refund["comes_back"] == true)
            .filter_map(|refund| refund["id"].as_str().map(str::to_owned))
            .collect();
        for id in returned {
            self.change_refund(&id, "failed", "refund.failed");
        }
    }

    fn change_refund(&mut self, id: &str, status: &str, kind: &str) {
        let Some(refund) = self.refunds.get_mut(id) else { return };
        refund["status"] = status.into();
        if status == "failed" {
            refund["failure_reason"] = "expired_or_canceled_card".into();
        }
        let refund = refund.clone();
        self.tell(kind, refund);
    }

    fn create_refund(&mut self, form: &Form) -> Answer {
        let id = form.get("payment_intent").map(String::as_str).unwrap_or_default();
        let Some(intent) = self.intents.get(id).cloned() else { return missing("payment_intent", id) };
        let received = intent["amount_received"].as_i64().unwrap_or_default();
        let before = self.refunded(id);
        let amount = minor(form, "amount").unwrap_or(received - before);
        if received == 0 {
            return error(
                400,
                "charge_not_captured",
                "This PaymentIntent does not have a successful charge to refund.",
            );
        }
        if before + amount > received || amount <= 0 {
            return error(
                400,
                "charge_already_refunded",
                "Refund amount is greater than the unrefunded amount on the charge.",
            );
        }
        let refund_id = self.id("re");
        let waits = intent["card"] == "7726";
        let refund = json!({
            "id": refund_id, "object": "refund", "amount": amount, "currency": intent["currency"], "created": self.now,
            "payment_intent": id, "reason": form.get("reason"), "metadata": metadata(form),
            "status": if waits { "pending" } else { "succeeded" }, "comes_back": intent["card"] == "5126",
        });
        self.refunds.insert(refund_id, refund.clone());
        self.tell("refund.created", refund.clone());
        let charge = json!({
            "id": format!("ch_{id}"), "object": "charge", "payment_intent": id, "amount": received,
            "amount_refunded": before + amount, "refunded": before + amount == received,
        });
        self.tell("charge.refunded", charge);
        (200, refund)
    }

    /// Forgets the oldest payments that are over, with their refunds and what was answered about them, where there are too many. What
    /// still waits for somebody or something stays, however old.
    fn forget_old(&mut self) {
        if self.intents.len() < MOST + PORTION {
            return;
        }
        let moving: HashSet<&str> = self
            .refunds
            .values()
            .filter(|refund| {
                refund["status"] == "pending" || refund["status"] == "succeeded" && refund["comes_back"] == true
            })
            .filter_map(|refund| refund["payment_intent"].as_str())
            .collect();
        let with_status = |wanted: &[&str]| {
            let mut found: Vec<(i64, String)> = self
                .intents
                .iter()
                .filter(|(_, intent)| intent["status"].as_str().is_some_and(|status| wanted.contains(&status)))
                .map(|(id, intent)| (intent["created"].as_i64().unwrap_or_default(), id.clone()))
                .collect();
            found.sort_unstable();
            found
        };
        let excess = self.intents.len() - MOST;
        let over = with_status(&["succeeded", "canceled"]).into_iter().map(|(_, id)| id);
        let forgotten: HashSet<String> = over.filter(|id| !moving.contains(id.as_str())).take(excess).collect();
        // Whoever waits for them is told; they are over from now on and go next time.
        let waiting = with_status(&["requires_payment_method", "requires_confirmation", "requires_action"]);
        let given_up: Vec<String> = waiting
            .into_iter()
            .take_while(|(created, _)| created + LONGEST_WAIT < self.now)
            .map(|(_, id)| id)
            .take(excess - forgotten.len())
            .collect();
        let is_kept = |intent: &Value| intent.as_str().is_none_or(|id| !forgotten.contains(id));
        self.intents.retain(|id, _| !forgotten.contains(id));
        self.refunds.retain(|_, refund| is_kept(&refund["payment_intent"]));
        self.answers.retain(|_, (_, _, body)| {
            let answer: Value = serde_json::from_str(body.get()).unwrap_or_default();
            is_kept(&answer["id"]) && is_kept(&answer["payment_intent"])
        });
        for id in given_up {
            self.cancel(&id);
        }
        // What was refused would be refused again.
        if self.answers.len() > 4 * (MOST + PORTION) {
            self.answers.retain(|_, (_, status, _)| *status == 200);
        }
    }

    /// Sent back or about to be, for an intent.
    fn refunded(&self, intent: &str) -> i64 {
        let counts = |refund: &&Value| refund["payment_intent"] == *intent && refund["status"] != "failed";
        self.refunds.values().filter(counts).filter_map(|refund| refund["amount"].as_i64()).sum()
    }
}

/// An intent as events carry it: without the secret, which nobody needs there.
fn public(intent: &Value) -> Value {
    let mut intent = intent.clone();
    if let Some(members) = intent.as_object_mut() {
        members.remove("client_secret");
    }
    intent
}
