//! `POST /webhooks/sms`: answers to text messages, signed by the provider. STOP ends messages to that number, START allows them again; the words are the
//! carriers'.

use super::super::Inner;
use super::super::sms::Incoming;
use actix_web::{HttpRequest, HttpResponse, web};

const STOP: &[&str] = &["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"];
const START: &[&str] = &["START", "YES", "UNSTOP"];

pub(super) async fn receive(inner: web::Data<Inner>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let Some(sms) = &inner.sms else { return HttpResponse::NotFound().finish() };
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    // Twilio signs the address that it called: the public one, whatever stands before us.
    let url = format!("{}{}", inner.feedback.public_url.trim_end_matches('/'), request.uri());
    let Some(message) = sms.incoming(&Incoming { url: &url, header: &header, body: &body }) else {
        return HttpResponse::Forbidden()
            .content_type("text/plain; charset=utf-8")
            .body("the signature does not fit\n");
    };
    let word = message.text.trim().to_uppercase();
    let Some(number) = sms.number(&message.from) else { return answered() };
    let done = if STOP.contains(&word.as_str()) {
        inner.store.suppress("sms", &number, "opt_out", &word).await
    } else if START.contains(&word.as_str()) {
        inner.store.release("sms", &number).await
    } else {
        Ok(())
    };
    match done {
        Ok(()) => answered(),
        Err(error) => {
            tracing::warn!(%error, "An answer to a text message could not be recorded; the provider will send it again");
            HttpResponse::ServiceUnavailable().finish()
        }
    }
}

/// Twilio wants its own markup; nothing is answered, the carriers confirm STOP themselves.
fn answered() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>")
}
