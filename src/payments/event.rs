//! A webhook's event: read from the stored bytes, and what it changes in the ledger. Reading is tolerant (any API version, unknown
//! members and types); a type that is not known here is stored and acknowledged.

use super::ledger::State;
use super::provider::{Intent, Refund, id_of};
use serde_json::{Value, json};

/// An event of the provider.
#[derive(Clone, Debug)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// Such as `payment_intent.succeeded`.
    pub kind: String,
    /// Real money or test money; absent in hand-made events.
    pub livemode: Option<bool>,
    document: Value,
}

impl Event {
    /// Reads a body; `None` when it is no JSON object with an id and a type.
    pub fn parse(body: &[u8]) -> Option<Self> {
        Self::from_document(serde_json::from_slice(body).ok()?)
    }

    /// The same of JSON that was read before.
    pub fn from_document(document: Value) -> Option<Self> {
        let text = |member: &str| document.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (id, kind) = (text("id")?.to_owned(), text("type")?.to_owned());
        if id.contains('\0') || kind.contains('\0') {
            return None;
        }
        let livemode = document.get("livemode").and_then(Value::as_bool);
        Some(Self { id, kind, livemode, document })
    }

    /// The text for the inbox: the body as it came, but for the character that PostgreSQL's JSON cannot hold.
    pub fn stored<'a>(&self, body: &'a [u8]) -> std::borrow::Cow<'a, str> {
        match std::str::from_utf8(body) {
            Ok(text) if !text.contains("\\u0000") => text.into(),
            _ => without_nul(self.document.clone()).to_string().into(),
        }
    }

    /// What `payments.settle_event` gets.
    pub fn change(&self) -> Value {
        let object = self.document.pointer("/data/object").unwrap_or(&Value::Null);
        let created = self.document.get("created").and_then(Value::as_i64).unwrap_or_default();
        let change = match self.kind.split_once('.') {
            Some(("payment_intent", step)) => intent_change(step, object, created),
            Some(("refund", _)) => refund_change(object),
            Some(("charge", "refund.updated")) => refund_change(object),
            Some(("charge", "refunded")) => charge_change(object),
            Some(("charge", step)) if step.starts_with("dispute.") => dispute_change(step, object),
            _ => None,
        };
        change.unwrap_or_else(|| json!({ "subject": "none" }))
    }
}

/// The type decides where it names a state; otherwise the object's own status does.
fn intent_change(step: &str, object: &Value, created: i64) -> Option<Value> {
    let intent = Intent::from_object(object)?;
    let by_object = State::of(&intent.status, intent.decline.is_some());
    let state = match step {
        "succeeded" => State::Succeeded,
        "payment_failed" => State::Failed,
        "canceled" => State::Canceled,
        "created" | "processing" | "requires_action" | "amount_capturable_updated" | "partially_funded" => by_object,
        _ => return None,
    };
    let captured = (state == State::Succeeded)
        .then(|| object.get("amount_received").and_then(Value::as_i64))
        .flatten()
        .filter(|captured| *captured > 0);
    Some(json!({
        "subject": "intent",
        "intent_id": intent.id,
        "payment_id": intent.payment_id.filter(|id| uuid::Uuid::parse_str(id).is_ok()),
        "status": state.word(),
        "provider_status": object.get("status").and_then(Value::as_str),
        "captured_minor": captured,
        "error": intent.decline,
        "livemode": intent.livemode,
        "created": created,
        "expires": (state == State::Authorized).then_some(created + 7 * 86_400),
    }))
}

fn refund_change(object: &Value) -> Option<Value> {
    let refund = Refund::from_object(object)?;
    Some(json!({
        "subject": "refund",
        "provider_refund_id": refund.id,
        "refund_id": refund.refund_id.filter(|id| uuid::Uuid::parse_str(id).is_ok()),
        "intent_id": refund.intent_id?,
        "amount_minor": refund.amount,
        "provider_status": refund.status,
        "error": refund.failure,
        "reason": refund.reason,
    }))
}

fn charge_change(object: &Value) -> Option<Value> {
    Some(json!({
        "subject": "charge",
        "intent_id": id_of(object.get("payment_intent"))?,
        "refunded_minor": object.get("amount_refunded").and_then(Value::as_i64),
    }))
}

fn dispute_change(step: &str, object: &Value) -> Option<Value> {
    let status = object.get("status").and_then(Value::as_str);
    Some(json!({
        "subject": "dispute",
        "intent_id": id_of(object.get("payment_intent"))?,
        "dispute_status": status.unwrap_or_else(|| step.trim_start_matches("dispute.")),
    }))
}

fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "\u{fffd}")),
        Value::Array(elements) => elements.into_iter().map(without_nul).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name.replace('\0', "\u{fffd}"), without_nul(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, object: Value) -> Event {
        let document = json!({"id": "evt_1", "type": kind, "created": 1_700_000_000, "data": {"object": object}});
        Event::parse(document.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn types_name_states_and_objects_name_the_rest() {
        let of = |kind: &str, object: Value| event(kind, object).change()["status"].as_str().map(str::to_owned);
        let object = |status: &str| json!({"id": "pi_1", "status": status});
        assert_eq!(of("payment_intent.succeeded", json!({"id": "pi_1"})).as_deref(), Some("succeeded"));
        assert_eq!(of("payment_intent.payment_failed", object("requires_payment_method")).as_deref(), Some("failed"));
        assert_eq!(of("payment_intent.canceled", object("canceled")).as_deref(), Some("canceled"));
        assert_eq!(
            of("payment_intent.amount_capturable_updated", object("requires_capture")).as_deref(),
            Some("authorized")
        );
        assert_eq!(of("payment_intent.requires_action", object("requires_action")).as_deref(), Some("requires_action"));
        assert_eq!(of("payment_intent.processing", object("processing")).as_deref(), Some("pending"));
        for kind in ["payment_intent.of_the_future", "customer.created", "charge.succeeded", "x"] {
            assert_eq!(event(kind, object("succeeded")).change()["subject"], "none", "{kind}");
        }
    }

    #[test]
    fn ids_are_read_where_the_provider_writes_them() {
        let id = "0190c0de-0000-4000-8000-000000000001";
        let change = event(
            "refund.updated",
            json!({"id": "re_1", "payment_intent": {"id": "pi_1"}, "amount": 5, "status": "failed",
                   "failure_reason": "expired_or_canceled_card", "metadata": {"refund_id": id}}),
        )
        .change();
        assert_eq!((&change["intent_id"], &change["refund_id"]), (&json!("pi_1"), &json!(id)));
        let foreign =
            event("payment_intent.succeeded", json!({"id": "pi_1", "metadata": {"payment_id": "order-7"}})).change();
        assert_eq!(foreign["payment_id"], Value::Null, "somebody else's metadata is no payment of ours");
        let charge = event("charge.refunded", json!({"id": "ch_1", "payment_intent": "pi_1", "amount_refunded": 5}));
        assert_eq!(charge.change()["refunded_minor"], 5);
        assert_eq!(event("charge.refunded", json!({"id": "ch_1"})).change()["subject"], "none", "not by an intent");
        let dispute = event("charge.dispute.created", json!({"payment_intent": "pi_1", "status": "needs_response"}));
        assert_eq!(dispute.change()["dispute_status"], "needs_response");
    }

    #[test]
    fn what_is_no_event_is_none_and_what_json_cannot_hold_is_replaced() {
        for body in ["", "[]", "{}", r#"{"id":"evt_1"}"#, r#"{"id":1,"type":"x"}"#, r#"{"id":"","type":"x"}"#, "{\"id"]
        {
            assert!(Event::parse(body.as_bytes()).is_none(), "{body}");
        }
        let body = br#"{"id":"evt_1","type":"x","note":"a\u0000b"}"#;
        let event = Event::parse(body).unwrap();
        assert_eq!(event.stored(body), "{\"id\":\"evt_1\",\"type\":\"x\",\"note\":\"a\u{fffd}b\"}");
        let plain = br#"{"id":"evt_1",  "type":"x"}"#;
        assert_eq!(Event::parse(plain).unwrap().stored(plain).as_bytes(), plain, "as it came");
    }
}
