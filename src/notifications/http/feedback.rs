//! `POST /webhooks/mail`: bounces and complaints in Amazon SES' format, wrapped by Amazon SNS (checked by its signature) or sent with the configured
//! secret. A permanent bounce and a complaint end mail to that address.

use super::super::Inner;
use super::sns::{self, Envelope};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

pub(super) async fn receive(inner: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let settings = &inner.feedback;
    if settings.topic.is_none() && settings.secret.expose().is_none() {
        return HttpResponse::NotFound().finish();
    }
    let Ok(document) = serde_json::from_slice::<Value>(&body) else {
        return refused(400, "the body is no JSON");
    };
    let knows_secret = settings.secret.expose().is_some_and(|secret| {
        let header = request.headers().get("x-webhook-secret").map(|value| value.as_bytes().to_vec());
        let query = url::form_urlencoded::parse(request.query_string().as_bytes());
        let query = query.into_owned().find(|(name, _)| name == "secret").map(|(_, value)| value.into_bytes());
        header.or(query).is_some_and(|given| bool::from(given.as_slice().ct_eq(secret.as_bytes())))
    });
    let event = match Envelope::of(&document) {
        None if knows_secret => document,
        None => return refused(403, "neither a signed message of Amazon SNS nor the secret"),
        Some(envelope) => {
            if !knows_secret {
                if settings.topic.as_deref() != Some(envelope.topic.as_str()) {
                    return refused(403, "this topic may not report here");
                }
                if let Err(reason) = sns::verify(&settings.client, &envelope).await {
                    tracing::warn!(reason, "A message of Amazon SNS was refused");
                    return refused(403, "the signature cannot be verified");
                }
            }
            if envelope.kind == "SubscriptionConfirmation" {
                return match sns::confirm(&settings.client, &envelope).await {
                    Ok(()) => HttpResponse::Ok().finish(),
                    Err(reason) => refused(502, reason),
                };
            }
            serde_json::from_str(&envelope.message).unwrap_or_default()
        }
    };
    for (address, reason, detail) in findings(&event) {
        if let Err(error) = inner.store.suppress("email", &address, reason, &detail).await {
            tracing::warn!(%error, "A bounce could not be recorded; the provider will report it again");
            return HttpResponse::ServiceUnavailable().finish();
        }
        tracing::info!(reason, "An address gets no mail any more");
    }
    HttpResponse::Ok().finish()
}

fn refused(status: u16, reason: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status).content_type("text/plain; charset=utf-8").body(format!("{reason}\n"))
}

/// Addresses that get nothing any more, with reason and detail. Both of SES' formats: notifications and published events.
fn findings(event: &Value) -> Vec<(String, &'static str, String)> {
    let kind = event["notificationType"].as_str().or_else(|| event["eventType"].as_str()).unwrap_or_default();
    let (recipients, reason, detail) = match kind {
        "Bounce" if event["bounce"]["bounceType"] == "Permanent" => (
            &event["bounce"]["bouncedRecipients"],
            "bounce",
            event["bounce"]["bounceSubType"].as_str().unwrap_or("Permanent").to_owned(),
        ),
        "Complaint" => (
            &event["complaint"]["complainedRecipients"],
            "complaint",
            event["complaint"]["complaintFeedbackType"].as_str().unwrap_or_default().to_owned(),
        ),
        _ => return Vec::new(),
    };
    let recipients = recipients.as_array().into_iter().flatten();
    recipients
        .filter_map(|recipient| {
            let address = recipient["emailAddress"].as_str()?;
            let diagnosis = recipient["diagnosticCode"].as_str().unwrap_or_default();
            // `Name <address>` is possible here.
            let address = address.rsplit('<').next().unwrap_or(address).trim_end_matches('>').trim();
            let detail = format!("{detail} {diagnosis}").trim().chars().take(500).collect();
            (!address.is_empty()).then(|| (address.to_owned(), reason, detail))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn permanent_bounces_and_complaints_count() {
        let bounce = |kind: &str| {
            json!({"notificationType": "Bounce", "bounce": {"bounceType": kind, "bounceSubType": "General",
                "bouncedRecipients": [{"emailAddress": "A <a@example.org>", "diagnosticCode": "smtp; 550 5.1.1"}]}})
        };
        assert_eq!(
            findings(&bounce("Permanent")),
            [("a@example.org".to_owned(), "bounce", "General smtp; 550 5.1.1".to_owned())]
        );
        assert_eq!(findings(&bounce("Transient")), []);
        let complaint = json!({"eventType": "Complaint", "complaint": {"complaintFeedbackType": "abuse", "complainedRecipients": [{"emailAddress": "b@example.org"}]}});
        assert_eq!(findings(&complaint), [("b@example.org".to_owned(), "complaint", "abuse".to_owned())]);
        assert_eq!(findings(&json!({"notificationType": "Delivery"})), []);
    }
}
