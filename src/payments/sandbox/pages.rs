//! What people see under `/sandbox/`: the card form, the bank's page, and which cards there are. Plain HTML without script, so
//! that it works in a frame, in any browser and under the strictest policy.

use super::{Sandbox, problem};
use crate::payments::amount::{Currency, Minor};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

const STYLE: &str = include_str!("style.css");
const CARDS: [(&str, &str); 7] = [
    ("4242 4242 4242 4242", "pays"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0000 0000 3220", "asks the bank first"),
    ("4000 0000 0000 0077", "takes some seconds"),
    ("4000 0000 0000 7726", "pays; a refund takes some seconds"),
    ("4000 0000 0000 5126", "pays; a refund comes back later"),
];

#[derive(Deserialize)]
struct Where {
    client_secret: String,
    return_url: Option<String>,
}

#[derive(Deserialize)]
struct Confirmation {
    client_secret: String,
    card: String,
}

#[derive(Deserialize)]
struct FormFields {
    client_secret: String,
    return_url: Option<String>,
    card: Option<String>,
    confirmed: Option<String>,
}

impl Sandbox {
    /// Mounts the pages.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        routes.service(
            web::scope("/sandbox")
                .app_data(web::Data::new(self.clone()))
                .route("/", web::get().to(overview))
                .route("/style.css", web::get().to(async || HttpResponse::Ok().content_type("text/css").body(STYLE)))
                .route("/pay", web::get().to(form))
                .route("/pay", web::post().to(pay))
                .route("/authenticate", web::get().to(bank))
                .route("/authenticate", web::post().to(decide))
                .route("/confirm", web::post().to(confirm)),
        );
    }
}

async fn overview() -> HttpResponse {
    page(
        200,
        "Payment sandbox",
        &format!(
            "<p>This installation takes no real payments. Cards to play with, any date and number:</p>{}",
            cards()
        ),
    )
}

fn cards() -> String {
    let rows: String =
        CARDS.iter().map(|(card, does)| format!("<tr><td><code>{card}</code></td><td>{does}</td></tr>")).collect();
    format!("<table>{rows}</table>")
}

/// What `stripe.confirmPayment` does, for a form of the client's own.
async fn confirm(sandbox: web::Data<Sandbox>, body: web::Json<Confirmation>) -> HttpResponse {
    let answer = sandbox.confirm(&body.client_secret, &body.card);
    let intent = answer.1.get("payment_intent").unwrap_or(&answer.1);
    let status = intent.get("status").cloned().unwrap_or(Value::Null);
    let next = (status == "requires_action").then(|| {
        let query: String =
            form_urlencoded::Serializer::new(String::new()).append_pair("client_secret", &body.client_secret).finish();
        format!("/sandbox/authenticate?{query}")
    });
    let document = json!({"status": status, "error": problem(&answer), "next_action_url": next});
    HttpResponse::build(StatusCode::from_u16(answer.0).unwrap_or(StatusCode::BAD_REQUEST))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(document)
}

async fn form(sandbox: web::Data<Sandbox>, query: web::Query<Where>) -> HttpResponse {
    card_form(&sandbox, &query.client_secret, query.return_url.as_deref(), None)
}

fn card_form(sandbox: &Sandbox, secret: &str, return_url: Option<&str>, problem: Option<&str>) -> HttpResponse {
    let Some((amount, status)) = summary(sandbox, secret) else { return unknown() };
    if !matches!(status.as_str(), "requires_payment_method" | "requires_confirmation" | "requires_action") {
        return finished(sandbox, secret, return_url);
    }
    let problem =
        problem.map_or_else(String::new, |text| format!("<p class=\"problem\" role=\"alert\">{}</p>", escaped(text)));
    let body = format!(
        "{problem}<form method=\"post\" action=\"/sandbox/pay\">{}\
         <label>Card number<input name=\"card\" value=\"4242 4242 4242 4242\" inputmode=\"numeric\" autocomplete=\"off\" required></label>\
         <button>Pay {}</button></form><details><summary>Other cards</summary>{}</details>",
        hidden(secret, return_url),
        escaped(&amount),
        cards()
    );
    page(if problem.is_empty() { 200 } else { 402 }, "Pay by card", &body)
}

async fn pay(sandbox: web::Data<Sandbox>, fields: web::Form<FormFields>) -> HttpResponse {
    let (secret, return_url) = (fields.client_secret.as_str(), fields.return_url.as_deref());
    let answer = sandbox.confirm(secret, fields.card.as_deref().unwrap_or_default());
    match answer.0 {
        200 if answer.1["status"] == "requires_action" => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("client_secret", secret);
            if let Some(url) = return_url {
                query.append_pair("return_url", url);
            }
            see_other(&format!("/sandbox/authenticate?{}", query.finish()))
        }
        404 => unknown(),
        402 => card_form(&sandbox, secret, return_url, problem(&answer)["message"].as_str()),
        _ => finished(&sandbox, secret, return_url),
    }
}

async fn bank(sandbox: web::Data<Sandbox>, query: web::Query<Where>) -> HttpResponse {
    let (secret, return_url) = (query.client_secret.as_str(), query.return_url.as_deref());
    let Some((amount, status)) = summary(&sandbox, secret) else { return unknown() };
    if status != "requires_action" {
        return finished(&sandbox, secret, return_url);
    }
    let body = format!(
        "<p>Your bank asks: is this payment of {} yours?</p><form method=\"post\" action=\"/sandbox/authenticate\">{}\
         <button name=\"confirmed\" value=\"yes\">Yes, confirm</button> \
         <button name=\"confirmed\" value=\"no\" class=\"second\">No, refuse</button></form>",
        escaped(&amount),
        hidden(secret, return_url)
    );
    page(200, "Your bank", &body)
}

async fn decide(sandbox: web::Data<Sandbox>, fields: web::Form<FormFields>) -> HttpResponse {
    let answer = sandbox.authenticate(&fields.client_secret, fields.confirmed.as_deref() == Some("yes"));
    if answer.0 == 404 { unknown() } else { finished(&sandbox, &fields.client_secret, fields.return_url.as_deref()) }
}

/// Amount and status for people.
fn summary(sandbox: &Sandbox, secret: &str) -> Option<(String, String)> {
    let books = sandbox.books();
    let intent = books.by_secret(secret)?;
    let currency = intent["currency"].as_str().and_then(|code| Currency::parse(code).ok())?;
    let amount = currency.decimal(Minor(intent["amount"].as_i64().unwrap_or_default()));
    Some((format!("{amount} {currency}"), intent["status"].as_str().unwrap_or_default().to_owned()))
}

/// Back to where the payer came from, as Stripe does it.
fn finished(sandbox: &Sandbox, secret: &str, return_url: Option<&str>) -> HttpResponse {
    let Some((_, status)) = summary(sandbox, secret) else { return unknown() };
    let went_through = matches!(status.as_str(), "succeeded" | "processing" | "requires_capture");
    match return_url.filter(|url| is_own_path(url)) {
        Some(url) => {
            let id = secret.split("_secret_").next().unwrap_or_default();
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair("payment_intent", id)
                .append_pair("payment_intent_client_secret", secret)
                .append_pair("redirect_status", if went_through { "succeeded" } else { "failed" })
                .finish();
            see_other(&format!("{url}{}{query}", if url.contains('?') { '&' } else { '?' }))
        }
        None if went_through => page(200, "Paid", "<p>You can close this page.</p>"),
        None => page(200, "Not paid", "<p>Nothing was paid. You can close this page.</p>"),
    }
}

/// A path of this site and nothing that a browser could take for another one.
fn is_own_path(url: &str) -> bool {
    url.starts_with('/')
        && !url.starts_with("//")
        && !url.starts_with("/\\")
        && url.chars().all(|character| !character.is_control() && character != '#')
}

fn hidden(secret: &str, return_url: Option<&str>) -> String {
    let field =
        |name: &str, value: &str| format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value));
    field("client_secret", secret) + &return_url.map_or_else(String::new, |url| field("return_url", url))
}

fn unknown() -> HttpResponse {
    page(
        404,
        "No such payment",
        "<p>The sandbox does not know this payment. It may have been made before its memory was deleted.</p>",
    )
}

fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store")).finish()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn page(status: u16, title: &str, body: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} (sandbox)</title><link rel=\"stylesheet\" href=\"/sandbox/style.css\"></head><body>\
         <p class=\"banner\" role=\"note\"><strong>Sandbox</strong> No real card, no money.</p><main><h1>{title}</h1>{body}</main></body></html>"
    );
    HttpResponse::build(StatusCode::from_u16(status).unwrap_or(StatusCode::OK))
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(html)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_sent_to_paths_of_this_site_only() {
        for url in ["/payment-success", "/view/dogs/7?paid=1"] {
            assert!(is_own_path(url), "{url}");
        }
        for url in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "javascript:alert(1)",
            "/a\r\nX: y",
            "/a#b",
        ] {
            assert!(!is_own_path(url), "{url:?}");
        }
    }
}
